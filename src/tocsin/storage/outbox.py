"""Deliveries on their way out: claimed in batches under a lease, finished with their attempt.

A claim is a row lock for an instant and a lease for as long as sending may take. A dispatcher
that dies leaves leases, which run out, or which it takes back when it starts again.

What one trigger hears of one occurrence goes out in the order in which it was stored, whatever
any clock said then: each waits for those before it to be taken or given up. ``next_attempt_at``
NULL is "at once" by every clock; only a retry has a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.delivery import Attempt, DeliveryKind, DeliveryStatus
from tocsin.model.ids import DeliveryId, MatchId, MonitorId, OccurrenceId, TenantId, TriggerId
from tocsin.model.network import ChainFamily
from tocsin.storage.pool import Row, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery with all that writing its message takes.

    ``reasons`` is JSON text; ``document`` zstd-compressed JSON or None where the transaction's
    facts are no longer kept.
    """

    id: DeliveryId
    block_time: datetime
    tenant_id: TenantId
    tenant_slug: str
    match_id: MatchId
    occurrence_id: OccurrenceId
    kind: DeliveryKind
    generation: int
    attempt_count: int
    trigger_id: TriggerId
    monitor_id: MonitorId
    monitor_name: str
    monitor_version: int
    network_slug: str
    network_family: ChainFamily
    block_number: int
    block_hash: str
    transaction_hash: str
    transaction_index: int
    reasons: str
    document: bytes | None
    matched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedAttempt:
    """One try and what becomes of its delivery.

    ``status`` is DELIVERED, DEAD, CANCELLED, or READY with ``next_attempt_at``.
    """

    delivery: ClaimedDelivery
    attempt: Attempt
    status: DeliveryStatus
    next_attempt_at: datetime | None


async def reclaim_deliveries_for_all_tenants(
    session: Session, now: datetime, *, leased_by: str | None = None
) -> int:
    """Make deliveries ready again whose lease ran out, or that ``leased_by`` left behind.

    ``leased_until`` stays: it says that the message may have been sent although no attempt is
    on record, so that an alert which must be taken back is not merely cancelled.
    """
    return await session.execute(
        """UPDATE deliveries
           SET status = 'ready', leased_by = NULL, next_attempt_at = NULL
           WHERE status = 'leased'
             AND (leased_until <= %(now)s OR leased_by = %(holder)s::text)""",
        now=now,
        holder=leased_by,
    )


async def claim_deliveries_for_all_tenants(
    session: Session, dispatcher_id: str, now: datetime, lease: timedelta, limit: int
) -> list[ClaimedDelivery]:
    """Lease up to that many due deliveries of active tenants and return them.

    What was never tried goes before what is tried again: receivers that are down do not keep
    the news from those that are not.
    """
    # CASE keeps the two questions from becoming joins over all that is ready: they are asked row
    # by row in the order of the index, and the second only where the first says yes.
    rows = await session.all(
        """WITH due AS (
               SELECT d.block_time, d.id FROM deliveries d
               WHERE d.status = 'ready'
                 AND coalesce(d.next_attempt_at, '-infinity'::timestamptz) <= %(now)s
                 AND CASE
                     WHEN EXISTS (SELECT 1 FROM tenants t
                                  WHERE t.id = d.tenant_id AND t.status = 'active')
                     THEN NOT EXISTS (
                         SELECT 1 FROM deliveries e
                         WHERE e.occurrence_id = d.occurrence_id AND e.trigger_id = d.trigger_id
                           AND e.position < d.position
                           AND e.status IN ('waiting', 'ready', 'leased'))
                     ELSE false END
               ORDER BY coalesce(d.next_attempt_at, '-infinity'::timestamptz), d.position
               LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
           claimed AS (
               UPDATE deliveries d
               SET status = 'leased', leased_by = %(dispatcher)s, leased_until = %(until)s,
                   next_attempt_at = NULL
               FROM due WHERE d.block_time = due.block_time AND d.id = due.id
               RETURNING d.*)
           SELECT c.id, c.block_time, c.tenant_id, t.slug AS tenant_slug, c.match_id,
                  c.occurrence_id, c.kind, c.generation, c.attempt_count,
                  c.trigger_id, m.monitor_id, o.name AS monitor_name, m.monitor_version,
                  n.slug AS network_slug, n.family AS network_family, m.block_number,
                  m.block_hash, m.transaction_hash, m.transaction_index, m.reasons,
                  x.document, m.created_at AS matched_at
           FROM claimed c
           JOIN tenants t ON t.id = c.tenant_id
           JOIN matches m ON m.id = c.match_id AND m.block_time = c.block_time
           JOIN tenant_monitors o ON o.id = m.monitor_id
           JOIN networks n ON n.id = c.network_id
           LEFT JOIN matched_transactions x
             ON x.block_time = m.block_time AND x.network_id = m.network_id
            AND x.block_hash = m.block_hash AND x.transaction_hash = m.transaction_hash""",
        now=now,
        limit=limit,
        dispatcher=dispatcher_id,
        until=now + lease,
    )
    return [_to_claimed(row) for row in rows]


def _to_claimed(row: Row) -> ClaimedDelivery:
    kind = DeliveryKind(row["kind"])
    family = ChainFamily(row["network_family"])
    return ClaimedDelivery(**(row | {"kind": kind, "network_family": family}))


async def finish_attempts_for_all_tenants(
    session: Session, dispatcher_id: str, finished: Sequence[FinishedAttempt], now: datetime
) -> int:
    """Store attempts with what becomes of their deliveries; return how many were still ours.

    An attempt whose lease another dispatcher took over meanwhile is dropped: the other one
    records its own.
    """
    count = 0
    for done in finished:
        is_final = done.status is not DeliveryStatus.READY
        owned = await session.execute(
            """UPDATE deliveries
               SET status = %(status)s, attempt_count = %(number)s, leased_by = NULL,
                   leased_until = NULL, next_attempt_at = %(next)s, finished_at = %(finished)s
               WHERE block_time = %(time)s AND id = %(id)s AND status = 'leased'
                 AND leased_by = %(dispatcher)s AND attempt_count = %(number)s - 1""",
            status=done.status,
            number=done.attempt.number,
            next=done.next_attempt_at,
            finished=now if is_final else None,
            time=done.delivery.block_time,
            id=done.delivery.id,
            dispatcher=dispatcher_id,
        )
        if owned:
            count += 1
            await _insert_attempt(session, done.delivery, done.attempt)
    return count


async def _insert_attempt(session: Session, delivery: ClaimedDelivery, attempt: Attempt) -> None:
    await session.execute(
        """INSERT INTO delivery_attempts
               (block_time, delivery_id, number, tenant_id, started_at, duration_seconds,
                outcome, status_code, error_code, detail)
           VALUES (%(time)s, %(id)s, %(number)s, %(tenant)s, %(started)s, %(duration)s,
                   %(outcome)s, %(status)s, %(error)s, %(detail)s)""",
        time=delivery.block_time,
        id=delivery.id,
        number=attempt.number,
        tenant=delivery.tenant_id,
        started=attempt.started_at,
        duration=attempt.duration_seconds,
        outcome=attempt.outcome,
        status=attempt.status_code,
        error=attempt.error_code,
        detail=attempt.detail,
    )


async def next_due_at_for_all_tenants(session: Session) -> datetime | None:
    """Return when the next ready delivery is due, or None while none waits.

    The epoch where one is due at once. One that could not be claimed, because its tenant is
    suspended or another is to be sent first, does not count: it is overdue all the time.
    """
    row = await session.one_or_none(
        """SELECT coalesce(d.next_attempt_at, 'epoch'::timestamptz) AS at FROM deliveries d
           WHERE d.status = 'ready'
             AND CASE
                 WHEN EXISTS (SELECT 1 FROM tenants t
                              WHERE t.id = d.tenant_id AND t.status = 'active')
                 THEN NOT EXISTS (
                     SELECT 1 FROM deliveries e
                     WHERE e.occurrence_id = d.occurrence_id AND e.trigger_id = d.trigger_id
                       AND e.position < d.position
                       AND e.status IN ('waiting', 'ready', 'leased'))
                 ELSE false END
           ORDER BY coalesce(d.next_attempt_at, '-infinity'::timestamptz), d.position LIMIT 1"""
    )
    return None if row is None else row["at"]
