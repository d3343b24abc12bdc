"""Triggers of a tenant, in OpenZeppelin Monitor's JSON. URL, secret and headers never come back."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from tocsin.api.answers import Answer, answer, answer_nothing, shaped
from tocsin.api.bodies import read_body
from tocsin.api.deps import CallerAsked, parse_id
from tocsin.api.documents import TRIGGER, TRIGGER_EXAMPLE, json_body
from tocsin.api.paging import ListAnswer, PageAsked, list_answer
from tocsin.api.versions import ExpectedVersion
from tocsin.control import triggers as control
from tocsin.model.ids import TriggerId
from tocsin.model.trigger import ChannelKind, Trigger

router = APIRouter(prefix="/tenants/{slug}/triggers", tags=["triggers"])


class TriggerAnswer(Answer):
    """A trigger; ``destination`` is the host it speaks to."""

    id: UUID
    slug: str
    name: str
    trigger_type: ChannelKind
    destination: str
    version: int
    created_at: datetime
    updated_at: datetime


class StoredTriggerAnswer(TriggerAnswer):
    """A trigger as stored now, and what its author should know."""

    signing_secret: str | None = Field(
        description="Made because none was given; shown here and never again."
    )
    warnings: list[str]


def to_trigger_answer(trigger: Trigger) -> TriggerAnswer:
    """Return a trigger in the shape of its answer."""
    return TriggerAnswer(
        id=trigger.id,
        slug=trigger.slug,
        name=trigger.name,
        trigger_type=trigger.kind,
        destination=trigger.destination,
        version=trigger.version,
        created_at=trigger.created_at,
        updated_at=trigger.updated_at,
    )


def _answer_stored(stored: control.StoredTrigger, status: int) -> Response:
    shape = StoredTriggerAnswer(
        **dict(to_trigger_answer(stored.trigger)),
        signing_secret=stored.new_secret,
        warnings=list(stored.warnings),
    )
    return answer(shape, status=status, version=stored.trigger.version)


@router.post(
    "",
    status_code=201,
    response_model=None,
    responses={201: shaped(StoredTriggerAnswer, "The trigger.")},
    openapi_extra=json_body(TRIGGER, TRIGGER_EXAMPLE),
)
async def create_trigger(slug: str, request: Request, caller: CallerAsked) -> Response:
    """Store a trigger; without a secret one is made and shown once. Owner."""
    raw = await read_body(request)
    async with caller.tenant_session(slug) as (session, _):
        stored = await control.create_trigger(session, caller.actor, caller.workbench, raw)
    return _answer_stored(stored, 201)


@router.get(
    "",
    response_model=None,
    responses={200: shaped(ListAnswer[TriggerAnswer], "Triggers, oldest first.")},
)
async def list_triggers(slug: str, caller: CallerAsked, page: PageAsked) -> Response:
    """List triggers. Owner, viewer."""
    async with caller.tenant_session(slug) as (session, _):
        triggers = await control.list_triggers(session, caller.actor, page)
    return answer(list_answer(triggers, to_trigger_answer))


@router.get(
    "/{trigger_id}",
    response_model=None,
    responses={200: shaped(TriggerAnswer, "The trigger.")},
)
async def get_trigger(slug: str, trigger_id: str, caller: CallerAsked) -> Response:
    """Read a trigger. Owner, viewer."""
    async with caller.tenant_session(slug) as (session, _):
        wanted = TriggerId(parse_id("trigger", trigger_id))
        trigger = await control.get_trigger(session, caller.actor, wanted)
    return answer(to_trigger_answer(trigger), version=trigger.version)


@router.put(
    "/{trigger_id}",
    response_model=None,
    responses={200: shaped(StoredTriggerAnswer, "The trigger's next version.")},
    openapi_extra=json_body(TRIGGER, TRIGGER_EXAMPLE),
)
async def replace_trigger(
    slug: str, trigger_id: str, request: Request, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Store the next version of a trigger; a secret or headers not given stay as they are. Owner.

    The slug of a trigger in use stays: monitors name it.
    """
    raw = await read_body(request)
    async with caller.tenant_session(slug) as (session, _):
        change = control.TriggerChange(
            trigger_id=TriggerId(parse_id("trigger", trigger_id)),
            raw=raw,
            expected_version=expected,
        )
        stored = await control.replace_trigger(session, caller.actor, caller.workbench, change)
    return _answer_stored(stored, 200)


@router.delete("/{trigger_id}", status_code=204, response_model=None)
async def delete_trigger(
    slug: str, trigger_id: str, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Take a trigger out of use that no monitor sends through. Owner."""
    async with caller.tenant_session(slug) as (session, _):
        wanted = TriggerId(parse_id("trigger", trigger_id))
        await control.delete_trigger(session, caller.actor, wanted, expected)
    return answer_nothing()
