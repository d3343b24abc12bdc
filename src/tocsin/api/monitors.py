"""Monitors of a tenant, in OpenZeppelin Monitor's JSON."""

from datetime import datetime
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response

from tocsin.api.answers import (
    Answer,
    RawObject,
    answer,
    answer_nothing,
    expected_version,
    shaped,
)
from tocsin.api.bodies import read_body, read_shape
from tocsin.api.deps import CallerAsked, parse_id
from tocsin.api.documents import MONITOR, MONITOR_EXAMPLE, json_body, shape_body
from tocsin.api.paging import ListAnswer, PageAsked, list_answer
from tocsin.control import monitors as control
from tocsin.model.ids import MonitorId
from tocsin.model.monitor import Monitor, MonitorSummary

router = APIRouter(prefix="/tenants/{slug}", tags=["monitors"])


class MonitorPause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a monitor rests."""

    paused: bool


class MonitorAnswer(Answer):
    """A monitor; ``definition`` is the JSON its author sent."""

    id: UUID
    name: str
    paused: bool
    version: int
    definition: RawObject
    created_at: datetime
    updated_at: datetime


class StoredMonitorAnswer(MonitorAnswer):
    """A monitor as stored now, and what its author should know."""

    warnings: list[str]


class MonitorSummaryAnswer(Answer):
    """A monitor's entry in a list, without its definition."""

    id: UUID
    name: str
    paused: bool
    version: int
    networks: list[str]
    triggers: list[str]
    created_at: datetime
    updated_at: datetime


class ValidationAnswer(Answer):
    """A definition that could be stored as it is."""

    valid: bool
    warnings: list[str]


def to_monitor_answer(monitor: Monitor) -> MonitorAnswer:
    """Return a monitor in the shape of its answer."""
    return MonitorAnswer(
        id=monitor.id,
        name=monitor.name,
        paused=monitor.paused,
        version=monitor.version,
        definition=msgspec.Raw(monitor.definition),
        created_at=monitor.created_at,
        updated_at=monitor.updated_at,
    )


def to_summary_answer(summary: MonitorSummary) -> MonitorSummaryAnswer:
    """Return a monitor in the shape of its entry in a list."""
    return MonitorSummaryAnswer(
        id=summary.id,
        name=summary.name,
        paused=summary.paused,
        version=summary.version,
        networks=list(summary.networks),
        triggers=list(summary.triggers),
        created_at=summary.created_at,
        updated_at=summary.updated_at,
    )


def _answer_stored(stored: control.StoredMonitor, status: int) -> Response:
    shape = StoredMonitorAnswer(
        **dict(to_monitor_answer(stored.monitor)), warnings=list(stored.warnings)
    )
    return answer(shape, status=status, version=stored.monitor.version)


def _change(monitor_id: str, request: Request) -> control.MonitorChange:
    return control.MonitorChange(
        monitor_id=MonitorId(parse_id("monitor", monitor_id)),
        expected_version=expected_version(request),
    )


@router.post(
    "/monitors",
    status_code=201,
    response_model=None,
    responses={201: shaped(StoredMonitorAnswer, "The monitor.")},
    openapi_extra=json_body(MONITOR, MONITOR_EXAMPLE),
)
async def create_monitor(slug: str, request: Request, caller: CallerAsked) -> Response:
    """Check a monitor and store it. Owner."""
    raw = await read_body(request)
    async with caller.tenant_session(slug) as (session, _):
        stored = await control.create_monitor(session, caller.actor, raw)
    return _answer_stored(stored, 201)


@router.post(
    "/monitors:validate",
    response_model=None,
    responses={200: shaped(ValidationAnswer, "It could be stored.")},
    openapi_extra=json_body(MONITOR, MONITOR_EXAMPLE),
)
async def validate_monitor(slug: str, request: Request, caller: CallerAsked) -> Response:
    """Check a monitor as if it were stored, and store nothing. Owner."""
    raw = await read_body(request)
    async with caller.tenant_session(slug) as (session, _):
        warnings = await control.validate_monitor(session, caller.actor, raw)
    return answer(ValidationAnswer(valid=True, warnings=list(warnings)))


@router.get(
    "/monitors",
    response_model=None,
    responses={200: shaped(ListAnswer[MonitorSummaryAnswer], "Monitors, oldest first.")},
)
async def list_monitors(slug: str, caller: CallerAsked, page: PageAsked) -> Response:
    """List monitors. Owner, viewer."""
    async with caller.tenant_session(slug) as (session, _):
        monitors = await control.list_monitors(session, caller.actor, page)
    return answer(list_answer(monitors, to_summary_answer))


@router.get(
    "/monitors/{monitor_id}",
    response_model=None,
    responses={200: shaped(MonitorAnswer, "The monitor.")},
)
async def get_monitor(slug: str, monitor_id: str, caller: CallerAsked) -> Response:
    """Read a monitor. Owner, viewer."""
    async with caller.tenant_session(slug) as (session, _):
        wanted = MonitorId(parse_id("monitor", monitor_id))
        monitor = await control.get_monitor(session, caller.actor, wanted)
    return answer(to_monitor_answer(monitor), version=monitor.version)


@router.put(
    "/monitors/{monitor_id}",
    response_model=None,
    responses={200: shaped(StoredMonitorAnswer, "The monitor's next version.")},
    openapi_extra=json_body(MONITOR, MONITOR_EXAMPLE),
)
async def replace_monitor(
    slug: str, monitor_id: str, request: Request, caller: CallerAsked
) -> Response:
    """Store the next version of a monitor, under If-Match where sent. Owner."""
    raw = await read_body(request)
    async with caller.tenant_session(slug) as (session, _):
        change = _change(monitor_id, request)
        stored = await control.replace_monitor(session, caller.actor, change, raw)
    return _answer_stored(stored, 200)


@router.patch(
    "/monitors/{monitor_id}",
    response_model=None,
    responses={200: shaped(MonitorAnswer, "The monitor as it is now.")},
    openapi_extra=shape_body(MonitorPause, {"paused": True}),
)
async def pause_monitor(
    slug: str, monitor_id: str, request: Request, caller: CallerAsked
) -> Response:
    """Pause or resume a monitor, under If-Match where sent. Owner."""
    body = await read_shape(request, MonitorPause)
    async with caller.tenant_session(slug) as (session, _):
        change = _change(monitor_id, request)
        monitor = await control.set_paused(session, caller.actor, change, paused=body.paused)
    return answer(to_monitor_answer(monitor), version=monitor.version)


@router.delete("/monitors/{monitor_id}", status_code=204, response_model=None)
async def delete_monitor(
    slug: str, monitor_id: str, request: Request, caller: CallerAsked
) -> Response:
    """Take a monitor out of use; its matches remain. Owner."""
    async with caller.tenant_session(slug) as (session, _):
        await control.delete_monitor(session, caller.actor, _change(monitor_id, request))
    return answer_nothing()
