"""Matches of a tenant: what was found, why, in which transaction, and what was sent of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Response

from tocsin.api.answers import Answer, RawObject, answer, shaped
from tocsin.api.deliveries import DeliveryAnswer, to_delivery_answer
from tocsin.api.deps import CallerAsked, parse_id
from tocsin.api.paging import ListAnswer, PageAsked, list_answer
from tocsin.control import matches as control
from tocsin.model.ids import MatchId, MonitorId
from tocsin.model.match import ListedMatch, MatchFilter, MatchStatus

router = APIRouter(prefix="/tenants/{slug}/matches", tags=["matches"])


class MatchAnswer(Answer):
    """One transaction that met one monitor; ``reasons`` holds matched_on and matched_on_args."""

    id: UUID
    occurrence_id: UUID
    monitor_id: UUID
    monitor: str
    monitor_version: int
    network_id: UUID
    network: str
    block_number: int
    block_hash: str
    block_time: datetime
    transaction_hash: str
    transaction_index: int
    status: MatchStatus
    generation: int
    created_at: datetime
    retracted_at: datetime | None
    reasons: RawObject


class MatchDetailAnswer(MatchAnswer):
    """A match with its transaction, null where no longer kept, and its newest deliveries."""

    transaction: RawObject | None
    deliveries: list[DeliveryAnswer]


def to_match_answer(listed: ListedMatch) -> MatchAnswer:
    """Return a match in the shape of its answer."""
    match = listed.match
    return MatchAnswer(
        id=match.id,
        occurrence_id=match.occurrence_id,
        monitor_id=match.monitor_id,
        monitor=listed.monitor_name,
        monitor_version=match.monitor_version,
        network_id=match.network_id,
        network=listed.network_slug,
        block_number=match.block_number,
        block_hash=match.block_hash,
        block_time=match.block_time,
        transaction_hash=match.transaction_hash,
        transaction_index=match.transaction_index,
        status=match.status,
        generation=match.generation,
        created_at=match.created_at,
        retracted_at=match.retracted_at,
        reasons=msgspec.Raw(match.reasons),
    )


@router.get(
    "",
    response_model=None,
    responses={200: shaped(ListAnswer[MatchAnswer], "Matches, newest first.")},
)
async def list_matches(
    slug: str,
    caller: CallerAsked,
    page: PageAsked,
    monitor: Annotated[UUID | None, Query(description="Id of a monitor.")] = None,
    network: Annotated[str | None, Query(pattern="^[a-z0-9_-]{1,63}$")] = None,
    status: MatchStatus | None = None,
) -> Response:
    """List matches. Owner, viewer."""
    only = MatchFilter(
        monitor_id=MonitorId(monitor) if monitor else None, network=network, status=status
    )
    async with caller.tenant_session(slug) as (session, _):
        matches = await control.list_matches(session, caller.actor, page, only)
    return answer(list_answer(matches, to_match_answer))


@router.get(
    "/{match_id}",
    response_model=None,
    responses={200: shaped(MatchDetailAnswer, "The match.")},
)
async def get_match(slug: str, match_id: str, caller: CallerAsked) -> Response:
    """Read a match with its transaction and deliveries. Owner, viewer."""
    async with caller.tenant_session(slug) as (session, _):
        wanted = MatchId(parse_id("match", match_id))
        detail = await control.get_match(session, caller.actor, wanted)
    shape = MatchDetailAnswer(
        **dict(to_match_answer(detail.listed)),
        transaction=msgspec.Raw(detail.document) if detail.document is not None else None,
        deliveries=[to_delivery_answer(each) for each in detail.deliveries],
    )
    return answer(shape)
