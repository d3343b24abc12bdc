"""Monitors of a tenant, in OpenZeppelin Monitor's JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response

from tocsin.api.answers import (
    Answer,
    RawList,
    RawObject,
    answer,
    answer_nothing,
    shaped,
)
from tocsin.api.bodies import read_body, read_shape
from tocsin.api.deps import Caller, CallerAsked, parse_id
from tocsin.api.documents import MONITOR, MONITOR_EXAMPLE, json_body, shape_body
from tocsin.api.paging import ListAnswer, PageAsked, list_answer
from tocsin.api.versions import ExpectedVersion
from tocsin.control import monitors as control
from tocsin.control.specs import NOTHING_FETCHED, FetchedSpecs, find_wanted, read_endpoints
from tocsin.model.contract_spec import PinnedSpec, SpecSource
from tocsin.model.ids import MonitorId
from tocsin.model.monitor import Monitor, MonitorSummary

router = APIRouter(prefix="/tenants/{slug}", tags=["monitors"])


class MonitorPause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a monitor rests."""

    paused: bool


class FetchedSpecAnswer(Answer):
    """A contract's spec that the definition does not give, as this version was checked with it.

    ``source`` is ``ledger`` (read from the contract's code, whose SHA-256 is ``code_hash``) or
    ``built_in``.
    """

    address: str
    network: str
    source: SpecSource
    code_hash: str
    fetched_at: datetime
    contract_spec: RawList


class MonitorAnswer(Answer):
    """A monitor; ``definition`` is the JSON its author sent."""

    id: UUID
    name: str
    paused: bool
    version: int
    definition: RawObject
    fetched_specs: list[FetchedSpecAnswer]
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
    fetched_specs: list[FetchedSpecAnswer]
    warnings: list[str]


def to_spec_answer(pinned: PinnedSpec) -> FetchedSpecAnswer:
    """Return a spec that nobody gave in the shape of its answer."""
    return FetchedSpecAnswer(
        address=pinned.found.address,
        network=pinned.network,
        source=pinned.found.source,
        code_hash=pinned.found.code_hash,
        fetched_at=pinned.fetched_at,
        contract_spec=msgspec.Raw(pinned.found.spec),
    )


def to_monitor_answer(monitor: Monitor, specs: Sequence[PinnedSpec]) -> MonitorAnswer:
    """Return a monitor in the shape of its answer."""
    return MonitorAnswer(
        id=monitor.id,
        name=monitor.name,
        paused=monitor.paused,
        version=monitor.version,
        definition=msgspec.Raw(monitor.definition),
        fetched_specs=[to_spec_answer(each) for each in specs],
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
        **dict(to_monitor_answer(stored.monitor, stored.specs)), warnings=list(stored.warnings)
    )
    return answer(shape, status=status, version=stored.monitor.version)


def _answer_read(read: control.ReadMonitor) -> Response:
    return answer(to_monitor_answer(read.monitor, read.specs), version=read.monitor.version)


async def _fetch_specs(caller: Caller, slug: str, raw: bytes) -> FetchedSpecs:
    """Return what networks say of contracts whose spec a definition leaves out."""
    async with caller.tenant_session(slug) as (session, _):
        wanted = await find_wanted(session, caller.actor, raw)
    if wanted is None:
        return NOTHING_FETCHED
    async with caller.endpoints_session() as session:
        endpoints = await read_endpoints(session, caller.workbench.secret_box, wanted)
    return await caller.workbench.spec_desk.fetch(wanted, endpoints)


def _change(monitor_id: str, expected: int | None) -> control.MonitorChange:
    return control.MonitorChange(
        monitor_id=MonitorId(parse_id("monitor", monitor_id)), expected_version=expected
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
    fetched = await _fetch_specs(caller, slug, raw)
    async with caller.tenant_session(slug) as (session, _):
        stored = await control.create_monitor(session, caller.actor, raw, fetched)
    return _answer_stored(stored, 201)


@router.post(
    "/monitors:validate",
    response_model=None,
    responses={200: shaped(ValidationAnswer, "It could be stored.")},
    openapi_extra=json_body(MONITOR, MONITOR_EXAMPLE),
)
async def validate_monitor(
    slug: str,
    request: Request,
    caller: CallerAsked,
    monitor: Annotated[UUID | None, Query(description="Id of the one it would replace.")] = None,
) -> Response:
    """Check a monitor as if it were stored, and store nothing. Owner."""
    raw = await read_body(request)
    fetched = await _fetch_specs(caller, slug, raw)
    async with caller.tenant_session(slug) as (session, _):
        checked = await control.validate_monitor(
            session,
            caller.actor,
            raw,
            fetched,
            instead_of=MonitorId(monitor) if monitor else None,
        )
    return answer(
        ValidationAnswer(
            valid=True,
            fetched_specs=[to_spec_answer(each) for each in checked.specs],
            warnings=list(checked.warnings),
        )
    )


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
        read = await control.get_monitor(session, caller.actor, wanted)
    return _answer_read(read)


@router.put(
    "/monitors/{monitor_id}",
    response_model=None,
    responses={200: shaped(StoredMonitorAnswer, "The monitor's next version.")},
    openapi_extra=json_body(MONITOR, MONITOR_EXAMPLE),
)
async def replace_monitor(
    slug: str, monitor_id: str, request: Request, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Store the next version of a monitor, under If-Match where sent. Owner."""
    raw = await read_body(request)
    change = _change(monitor_id, expected)
    fetched = await _fetch_specs(caller, slug, raw)
    async with caller.tenant_session(slug) as (session, _):
        stored = await control.replace_monitor(session, caller.actor, change, raw, fetched)
    return _answer_stored(stored, 200)


@router.patch(
    "/monitors/{monitor_id}",
    response_model=None,
    responses={200: shaped(MonitorAnswer, "The monitor as it is now.")},
    openapi_extra=shape_body(MonitorPause, {"paused": True}),
)
async def pause_monitor(
    slug: str, monitor_id: str, request: Request, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Pause or resume a monitor, under If-Match where sent. Owner."""
    body = await read_shape(request, MonitorPause)
    async with caller.tenant_session(slug) as (session, _):
        change = _change(monitor_id, expected)
        read = await control.set_paused(session, caller.actor, change, paused=body.paused)
    return _answer_read(read)


@router.delete("/monitors/{monitor_id}", status_code=204, response_model=None)
async def delete_monitor(
    slug: str, monitor_id: str, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Take a monitor out of use; its matches remain. Owner."""
    async with caller.tenant_session(slug) as (session, _):
        await control.delete_monitor(session, caller.actor, _change(monitor_id, expected))
    return answer_nothing()
