"""Matches: what was found, with the transaction and what was sent of it."""

from dataclasses import dataclass

from tocsin.control.access import Actor, Permission
from tocsin.model.delivery import DeliveryFilter, ListedDelivery
from tocsin.model.ids import MatchId
from tocsin.model.match import ListedMatch, MatchFilter
from tocsin.model.page import Page, PageRequest
from tocsin.storage.deliveries import Deliveries
from tocsin.storage.matches import Matches
from tocsin.storage.pool import Session

MOST_DELIVERIES_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDetail:
    """A match with the JSON of its transaction, None where not kept, and its deliveries."""

    listed: ListedMatch
    document: bytes | None
    deliveries: tuple[ListedDelivery, ...]


async def list_matches(
    session: Session, actor: Actor, request: PageRequest, only: MatchFilter
) -> Page[ListedMatch]:
    """Return a page of the caller's matches, newest first."""
    scope = actor.require_in_tenant(Permission.READ_MATCHES)
    return await Matches(session, scope).list(request, only)


async def get_match(session: Session, actor: Actor, match_id: MatchId) -> MatchDetail:
    """Return one of the caller's matches with everything known of it.

    Raises:
        NotFoundError: there is none.
    """
    scope = actor.require_in_tenant(Permission.READ_MATCHES)
    matches = Matches(session, scope)
    listed = await matches.get(match_id)
    deliveries = await Deliveries(session, scope).list(
        PageRequest(limit=MOST_DELIVERIES_SHOWN), DeliveryFilter(match_id=match_id)
    )
    return MatchDetail(
        listed=listed,
        document=await matches.find_document(match_id),
        deliveries=deliveries.items,
    )
