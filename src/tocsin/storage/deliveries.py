"""Deliveries, read side: what was sent where, and how every try of it went."""

from collections.abc import Sequence
from dataclasses import replace
from typing import LiteralString

from tocsin.errors import NotFoundError
from tocsin.model.delivery import (
    Attempt,
    AttemptOutcome,
    Delivery,
    DeliveryFilter,
    DeliveryKind,
    DeliveryStatus,
    Hold,
    ListedDelivery,
)
from tocsin.model.ids import DeliveryId, MatchId, TenantId, TriggerId
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.storage.paging import after_at, after_id, to_page
from tocsin.storage.pool import Row, Session

LIST: LiteralString = """
SELECT d.id, d.tenant_id, d.match_id, d.trigger_id, d.block_time, d.kind, d.generation,
       d.status, d.hold, d.attempt_count, d.next_attempt_at, d.created_at, d.finished_at,
       t.slug AS trigger_slug, t.destination,
       d.created_at AS position_at, d.id AS position_id
FROM deliveries d
JOIN tenant_triggers t ON t.tenant_id = d.tenant_id AND t.id = d.trigger_id
WHERE d.tenant_id = %(tenant)s
  AND (%(match)s::uuid IS NULL OR d.match_id = %(match)s)
  AND (%(status)s::text IS NULL OR d.status = %(status)s)
  AND (%(at)s::timestamptz IS NULL OR (d.created_at, d.id) < (%(at)s, %(id)s::uuid))
ORDER BY d.created_at DESC, d.id DESC
LIMIT %(rows)s"""

GET: LiteralString = """
SELECT d.id, d.tenant_id, d.match_id, d.trigger_id, d.block_time, d.kind, d.generation,
       d.status, d.hold, d.attempt_count, d.next_attempt_at, d.created_at, d.finished_at,
       t.slug AS trigger_slug, t.destination
FROM deliveries d
JOIN tenant_triggers t ON t.tenant_id = d.tenant_id AND t.id = d.trigger_id
WHERE d.tenant_id = %(tenant)s AND d.id = %(id)s"""

LIST_ATTEMPTS: LiteralString = """
SELECT delivery_id, number, started_at, duration_seconds, outcome, status_code, error_code,
       detail
FROM delivery_attempts
WHERE tenant_id = %(tenant)s AND delivery_id = ANY(%(ids)s)
ORDER BY delivery_id, number"""


class Deliveries:
    """The deliveries of one tenant. Another tenant's rows cannot be asked for."""

    def __init__(self, session: Session, scope: TenantScope) -> None:
        self._session = session
        self._tenant_id = scope.tenant_id

    async def list(self, request: PageRequest, only: DeliveryFilter) -> Page[ListedDelivery]:
        """Return a page of deliveries with their attempts, newest first."""
        rows = await self._session.all(
            LIST,
            tenant=self._tenant_id,
            match=only.match_id,
            status=only.status,
            at=after_at(request),
            id=after_id(request),
            rows=request.limit + 1,
        )
        page = to_page(rows, request, to_listed_delivery)
        return replace(page, items=await self._with_attempts(page.items))

    async def get(self, delivery_id: DeliveryId) -> ListedDelivery:
        """Return one delivery with its attempts or raise NotFoundError."""
        row = await self._session.one_or_none(GET, tenant=self._tenant_id, id=delivery_id)
        if row is None:
            raise NotFoundError("delivery", delivery_id)
        (listed,) = await self._with_attempts((to_listed_delivery(row),))
        return listed

    async def _with_attempts(
        self, deliveries: Sequence[ListedDelivery]
    ) -> tuple[ListedDelivery, ...]:
        rows = await self._session.all(
            LIST_ATTEMPTS,
            tenant=self._tenant_id,
            ids=[each.delivery.id for each in deliveries],
        )
        attempts: dict[DeliveryId, list[Attempt]] = {}
        for row in rows:
            attempts.setdefault(DeliveryId(row["delivery_id"]), []).append(to_attempt(row))
        return tuple(
            replace(
                each,
                delivery=replace(each.delivery, attempts=tuple(attempts.get(each.delivery.id, ()))),
            )
            for each in deliveries
        )


def to_listed_delivery(row: Row) -> ListedDelivery:
    """Build a delivery, yet without its attempts, from its row."""
    return ListedDelivery(
        delivery=Delivery(
            id=DeliveryId(row["id"]),
            tenant_id=TenantId(row["tenant_id"]),
            match_id=MatchId(row["match_id"]),
            trigger_id=TriggerId(row["trigger_id"]),
            block_time=row["block_time"],
            kind=DeliveryKind(row["kind"]),
            generation=row["generation"],
            status=DeliveryStatus(row["status"]),
            hold=Hold(row["hold"]) if row["hold"] else None,
            attempt_count=row["attempt_count"],
            next_attempt_at=row["next_attempt_at"],
            created_at=row["created_at"],
        ),
        trigger_slug=row["trigger_slug"],
        destination=row["destination"],
        finished_at=row["finished_at"],
    )


def to_attempt(row: Row) -> Attempt:
    """Build one try from its row."""
    return Attempt(
        number=row["number"],
        started_at=row["started_at"],
        duration_seconds=row["duration_seconds"],
        outcome=AttemptOutcome(row["outcome"]),
        status_code=row["status_code"],
        error_code=row["error_code"],
        detail=row["detail"],
    )
