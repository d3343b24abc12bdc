"""The worker's one transaction: matches, retractions, deliveries and cursors, or nothing.

Everything here may run twice for the same row of the chain log: ids are derived, inserts ignore
what is there, updates name the state they leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.model.block import LogRow
from tocsin.model.delivery import DeliveryKind
from tocsin.model.ids import (
    MonitorId,
    NetworkId,
    ShardId,
    TenantId,
    TriggerId,
    delivery_id,
)
from tocsin.model.match import Match
from tocsin.storage.pool import Row, Session

DELIVERIES_READY = "tocsin_deliveries"  # channel of the hint


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMatch:
    """A match with all that storing it takes.

    ``reasons`` is the JSON text shown to people, ``document`` the zstd-compressed JSON of the
    transaction. ``confirmation_count`` blocks must follow before its alerts go out.
    """

    match: Match
    shard_id: ShardId
    config_version: int
    reasons: str
    arguments_digest: bytes
    document: bytes
    trigger_ids: tuple[TriggerId, ...]
    confirmation_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorEffect:
    """From which row on a monitor's version was used on a network."""

    tenant_id: TenantId
    monitor_id: MonitorId
    version: int
    effective_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorFailure:
    """A monitor that could not be evaluated on a row, and why in a few words."""

    tenant_id: TenantId
    monitor_id: MonitorId
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitResult:
    """What storing changed: matches that became active, deliveries that are ready at once."""

    stored_count: int
    ready_count: int


async def ensure_partitions(session: Session, block_time: datetime) -> None:
    """Make the partitions that matches of that time go to."""
    await session.execute("SELECT ensure_partitions(%(at)s)", at=block_time)


async def store_matches(
    session: Session, row: LogRow, matches: Sequence[NewMatch], now: datetime
) -> CommitResult:
    """Store a block's matches with their deliveries; those already active change nothing.

    A transaction that merely moved here from an orphaned block, with equal arguments, is
    recorded as moved: its retraction is called off and no second alert goes out.
    """
    if not matches:
        return CommitResult(stored_count=0, ready_count=0)
    by_id = {new.match.id: new for new in matches}
    fresh = await _insert_matches(session, row, matches, now)
    await _insert_documents(session, row, matches)
    moved = await _call_off_retractions(session, fresh, now)
    deliveries = [
        _delivery_row(row, by_id[stored["id"]], stored["generation"], trigger, moved, now)
        for stored in fresh
        for trigger in by_id[stored["id"]].trigger_ids
    ]
    ready = await _insert_deliveries(session, deliveries)
    return CommitResult(stored_count=len(fresh), ready_count=ready)


async def _insert_matches(
    session: Session, row: LogRow, matches: Sequence[NewMatch], now: datetime
) -> list[Row]:
    await session.copy_to_temporary(
        "matches",
        (
            "block_time", "id", "occurrence_id", "tenant_id", "monitor_id", "monitor_version",
            "network_id", "shard_id", "block_number", "block_hash", "transaction_hash",
            "transaction_index", "status", "generation", "reasons", "arguments_digest", "seq",
            "config_version", "created_at",
        ),
        (
            (
                row.ref.block_time, new.match.id, new.match.occurrence_id,
                new.match.monitor.tenant_id, new.match.monitor.id, new.match.monitor.version,
                row.network_id, new.shard_id, row.ref.number, row.ref.hash,
                new.match.transaction.hash, new.match.transaction.index, "active", 0,
                new.reasons, new.arguments_digest, row.seq, new.config_version, now,
            )
            for new in matches
        ),
    )  # fmt: skip
    return await session.all(
        """INSERT INTO matches AS m (
               block_time, id, occurrence_id, tenant_id, monitor_id, monitor_version,
               network_id, shard_id, block_number, block_hash, transaction_hash,
               transaction_index, status, generation, reasons, arguments_digest, seq,
               config_version, created_at)
           SELECT block_time, id, occurrence_id, tenant_id, monitor_id, monitor_version,
                  network_id, shard_id, block_number, block_hash, transaction_hash,
                  transaction_index, status, generation, reasons, arguments_digest, seq,
                  config_version, created_at
           FROM new_matches ORDER BY id
           ON CONFLICT (block_time, id) DO UPDATE
           SET status = 'active', generation = m.generation + 1, retracted_at = NULL,
               seq = excluded.seq, monitor_version = excluded.monitor_version,
               config_version = excluded.config_version, reasons = excluded.reasons,
               arguments_digest = excluded.arguments_digest
           WHERE m.status = 'retracted'
           RETURNING id, occurrence_id, generation, arguments_digest"""
    )


async def _insert_documents(session: Session, row: LogRow, matches: Sequence[NewMatch]) -> None:
    documents = {new.match.transaction.hash: new.document for new in matches}
    for transaction_hash, document in documents.items():
        await session.execute(
            """INSERT INTO matched_transactions
                   (block_time, network_id, block_hash, transaction_hash, document)
               VALUES (%(time)s, %(network)s, %(block)s, %(transaction)s, %(document)s)
               ON CONFLICT DO NOTHING""",
            time=row.ref.block_time,
            network=row.network_id,
            block=row.ref.hash,
            transaction=transaction_hash,
            document=document,
        )


async def _call_off_retractions(
    session: Session, fresh: Sequence[Row], now: datetime
) -> set[tuple[object, object]]:
    """Cancel retractions of the same occurrences; return (match, trigger) that moved.

    Only those that nobody can have heard: still held back, or never taken up to be sent.
    """
    if not fresh:
        return set()
    rows = await session.all(
        """UPDATE deliveries d SET status = 'cancelled', hold = NULL, next_attempt_at = NULL,
               finished_at = %(now)s
           FROM unnest(%(ids)s::uuid[], %(occurrences)s::uuid[], %(digests)s::bytea[])
                AS f (id, occurrence_id, arguments_digest)
           JOIN matches m ON m.occurrence_id = f.occurrence_id
               AND m.arguments_digest = f.arguments_digest
           WHERE d.match_id = m.id AND d.block_time = m.block_time
             AND d.kind = 'retraction'
             AND ((d.status = 'waiting' AND d.hold = 'finality')
                  OR (d.status = 'ready' AND d.attempt_count = 0 AND d.leased_until IS NULL))
           RETURNING f.id, d.trigger_id""",
        ids=[stored["id"] for stored in fresh],
        occurrences=[stored["occurrence_id"] for stored in fresh],
        digests=[stored["arguments_digest"] for stored in fresh],
        now=now,
    )
    return {(row["id"], row["trigger_id"]) for row in rows}


def _delivery_row(
    row: LogRow,
    new: NewMatch,
    generation: int,
    trigger_id: TriggerId,
    moved: set[tuple[object, object]],
    now: datetime,
) -> tuple[object, ...]:
    has_moved = (new.match.id, trigger_id) in moved
    kind = DeliveryKind.MOVED if has_moved else DeliveryKind.ALERT
    waits = not has_moved and new.confirmation_count > 0
    status = "suppressed" if has_moved else "waiting" if waits else "ready"
    return (
        row.ref.block_time,
        delivery_id(new.match.id, trigger_id, kind, generation),
        new.match.monitor.tenant_id,
        new.match.id,
        new.match.occurrence_id,
        trigger_id,
        row.network_id,
        new.shard_id,
        kind,
        generation,
        status,
        "finality" if waits else None,
        row.ref.number + new.confirmation_count if waits else None,
        now,
        now if has_moved else None,
    )


async def _insert_deliveries(session: Session, deliveries: Sequence[tuple[object, ...]]) -> int:
    if not deliveries:
        return 0
    await session.copy_to_temporary(
        "deliveries",
        (
            "block_time", "id", "tenant_id", "match_id", "occurrence_id", "trigger_id",
            "network_id", "shard_id", "kind", "generation", "status", "hold", "release_number",
            "created_at", "finished_at",
        ),
        deliveries,
    )  # fmt: skip
    rows = await session.all(
        """INSERT INTO deliveries (
               block_time, id, tenant_id, match_id, occurrence_id, trigger_id, network_id,
               shard_id, kind, generation, status, hold, release_number, created_at, finished_at)
           SELECT block_time, id, tenant_id, match_id, occurrence_id, trigger_id, network_id,
                  shard_id, kind, generation, status, hold, release_number, created_at, finished_at
           FROM new_deliveries ORDER BY id
           ON CONFLICT DO NOTHING RETURNING status"""
    )
    return sum(row["status"] == "ready" for row in rows)


async def retract_block(
    session: Session, row: LogRow, shards: Sequence[ShardId], now: datetime
) -> int:
    """Retract a reverted block's matches and return how many.

    An alert that nobody can have seen is cancelled. One that may have been seen gets a
    retraction, which waits until the new branch has reached the orphaned height, in case the
    transaction is there again.
    """
    retracted = await session.all(
        """UPDATE matches SET status = 'retracted', retracted_at = %(now)s
           WHERE network_id = %(network)s AND block_hash = %(block)s AND status = 'active'
             AND block_time = %(time)s AND shard_id = ANY(%(shards)s)
           RETURNING id, generation""",
        now=now,
        network=row.network_id,
        block=row.ref.hash,
        time=row.ref.block_time,
        shards=list(shards),
    )
    if not retracted:
        return 0
    ids = [match["id"] for match in retracted]
    await session.execute(
        """UPDATE deliveries SET status = 'cancelled', hold = NULL, next_attempt_at = NULL,
               finished_at = %(now)s
           WHERE match_id = ANY(%(ids)s) AND block_time = %(time)s AND kind = 'alert'
             AND (status = 'waiting'
                  OR (status = 'ready' AND attempt_count = 0 AND leased_until IS NULL))""",
        now=now,
        ids=ids,
        time=row.ref.block_time,
    )
    seen = await session.all(
        """SELECT d.tenant_id, d.match_id, d.occurrence_id, d.trigger_id, d.network_id,
                  d.shard_id, m.generation
           FROM deliveries d
           JOIN matches m ON m.id = d.match_id AND m.block_time = d.block_time
           WHERE d.match_id = ANY(%(ids)s) AND d.block_time = %(time)s
             AND d.generation = m.generation AND d.kind IN ('alert', 'moved')
             AND d.status <> 'cancelled'""",
        ids=ids,
        time=row.ref.block_time,
    )
    await _insert_deliveries(session, [_retraction_row(row, alert, now) for alert in seen])
    return len(retracted)


def _retraction_row(row: LogRow, alert: Row, now: datetime) -> tuple[object, ...]:
    kind = DeliveryKind.RETRACTION
    return (
        row.ref.block_time,
        delivery_id(alert["match_id"], alert["trigger_id"], kind, alert["generation"]),
        alert["tenant_id"],
        alert["match_id"],
        alert["occurrence_id"],
        alert["trigger_id"],
        alert["network_id"],
        alert["shard_id"],
        kind,
        alert["generation"],
        "waiting",
        "finality",
        row.ref.number,
        now,
        None,
    )


async def release_deliveries(
    session: Session, row: LogRow, shards: Sequence[ShardId], now: datetime
) -> int:
    """Release what waited for the chain to reach this height; return how many.

    Called by the shard's worker when its cursor passes the row, not when the row is appended:
    only then is every earlier revert of the log surely taken into account.
    """
    return await session.execute(
        """UPDATE deliveries SET status = 'ready', hold = NULL, next_attempt_at = NULL
           WHERE status = 'waiting' AND hold = 'finality' AND network_id = %(network)s
             AND release_number <= %(number)s AND shard_id = ANY(%(shards)s)""",
        now=now,
        network=row.network_id,
        number=row.ref.number,
        shards=list(shards),
    )


async def record_failures(
    session: Session, row: LogRow, failures: Sequence[MonitorFailure]
) -> None:
    """Record that monitors could not be evaluated on one row of the log."""
    for failure in failures:
        await session.execute(
            """INSERT INTO coverage_exceptions
                   (tenant_id, monitor_id, network_id, from_seq, to_seq, reason, detail)
               VALUES (%(tenant)s, %(monitor)s, %(network)s, %(seq)s, %(seq)s, 'quarantine',
                       %(detail)s)
               ON CONFLICT DO NOTHING""",
            tenant=failure.tenant_id,
            monitor=failure.monitor_id,
            network=row.network_id,
            seq=row.seq,
            detail=failure.detail,
        )


async def is_holding(session: Session, network_id: NetworkId) -> bool:
    """Return whether any delivery about the network waits for its chain to grow."""
    row = await session.one_or_none(
        """SELECT 1 FROM deliveries WHERE status = 'waiting' AND hold = 'finality'
           AND network_id = %(network)s LIMIT 1""",
        network=network_id,
    )
    return row is not None


async def announce_deliveries(session: Session) -> None:
    """Wake the dispatchers when this transaction commits."""
    await session.execute("SELECT pg_notify(%(channel)s, '')", channel=DELIVERIES_READY)


async def record_effects(
    session: Session, network_id: NetworkId, effects: Sequence[MonitorEffect], now: datetime
) -> None:
    """Record from which row monitors' versions were used; the first record stays."""
    await session.execute(
        """INSERT INTO monitor_effects
               (tenant_id, monitor_id, version, network_id, effective_seq, recorded_at)
           SELECT t, m, v, %(network)s, s, %(now)s
           FROM unnest(%(tenants)s::uuid[], %(monitors)s::uuid[], %(versions)s::bigint[],
                       %(seqs)s::bigint[]) AS e (t, m, v, s)
           ON CONFLICT DO NOTHING""",
        network=network_id,
        now=now,
        tenants=[effect.tenant_id for effect in effects],
        monitors=[effect.monitor_id for effect in effects],
        versions=[effect.version for effect in effects],
        seqs=[effect.effective_seq for effect in effects],
    )
