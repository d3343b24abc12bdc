"""Deliveries of a tenant: what was sent where, with every try."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from tocsin.api.answers import Answer, answer, shaped
from tocsin.api.deps import CallerAsked, parse_id
from tocsin.api.paging import ListAnswer, PageAsked, list_answer
from tocsin.control import deliveries as control
from tocsin.model.delivery import (
    Attempt,
    AttemptOutcome,
    DeliveryFilter,
    DeliveryKind,
    DeliveryStatus,
    Hold,
    ListedDelivery,
)
from tocsin.model.ids import DeliveryId, MatchId

router = APIRouter(prefix="/tenants/{slug}/deliveries", tags=["deliveries"])


class AttemptAnswer(Answer):
    """One try of a delivery; ``status_code`` is the far side's."""

    number: int
    started_at: datetime
    duration_seconds: float
    outcome: AttemptOutcome
    status_code: int | None
    error_code: str | None
    detail: str


class DeliveryAnswer(Answer):
    """One match sent, or to be sent, through one trigger."""

    id: UUID
    match_id: UUID
    trigger_id: UUID
    trigger: str
    destination: str
    kind: DeliveryKind
    generation: int
    status: DeliveryStatus
    hold: Hold | None
    attempt_count: int
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None
    attempts: list[AttemptAnswer]


def to_attempt_answer(attempt: Attempt) -> AttemptAnswer:
    """Return one try in the shape of its answer."""
    return AttemptAnswer(
        number=attempt.number,
        started_at=attempt.started_at,
        duration_seconds=attempt.duration_seconds,
        outcome=attempt.outcome,
        status_code=attempt.status_code,
        error_code=attempt.error_code,
        detail=attempt.detail,
    )


def to_delivery_answer(listed: ListedDelivery) -> DeliveryAnswer:
    """Return a delivery in the shape of its answer."""
    delivery = listed.delivery
    return DeliveryAnswer(
        id=delivery.id,
        match_id=delivery.match_id,
        trigger_id=delivery.trigger_id,
        trigger=listed.trigger_slug,
        destination=listed.destination,
        kind=delivery.kind,
        generation=delivery.generation,
        status=delivery.status,
        hold=delivery.hold,
        attempt_count=delivery.attempt_count,
        next_attempt_at=delivery.next_attempt_at,
        created_at=delivery.created_at,
        finished_at=listed.finished_at,
        attempts=[to_attempt_answer(each) for each in delivery.attempts],
    )


@router.get(
    "",
    response_model=None,
    responses={200: shaped(ListAnswer[DeliveryAnswer], "Deliveries, newest first.")},
)
async def list_deliveries(
    slug: str,
    caller: CallerAsked,
    page: PageAsked,
    match: Annotated[UUID | None, Query(description="Id of a match.")] = None,
    status: DeliveryStatus | None = None,
) -> Response:
    """List deliveries. Owner, viewer."""
    only = DeliveryFilter(match_id=MatchId(match) if match else None, status=status)
    async with caller.tenant_session(slug) as (session, _):
        deliveries = await control.list_deliveries(session, caller.actor, page, only)
    return answer(list_answer(deliveries, to_delivery_answer))


@router.get(
    "/{delivery_id}",
    response_model=None,
    responses={200: shaped(DeliveryAnswer, "The delivery.")},
)
async def get_delivery(slug: str, delivery_id: str, caller: CallerAsked) -> Response:
    """Read a delivery with its tries. Owner, viewer."""
    async with caller.tenant_session(slug) as (session, _):
        wanted = DeliveryId(parse_id("delivery", delivery_id))
        listed = await control.get_delivery(session, caller.actor, wanted)
    return answer(to_delivery_answer(listed))
