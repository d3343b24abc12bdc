"""One network's rows of the chain log, evaluated for the shards a worker holds.

What a row brings is committed in one transaction with the cursors of the shards it concerns.
Rows that bring nothing move the cursors in memory, which are written within a second; a crash
before that evaluates those rows again, which changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import structlog

from tocsin.cache.feed import BlockFeed
from tocsin.clock import Clock
from tocsin.errors import CacheUnavailableError, MalformedBlockError
from tocsin.model.block import Bundle, LogAction, LogRow
from tocsin.model.ids import MonitorId, NetworkId, ShardId
from tocsin.orchestrator.bundles import unpack_bundle
from tocsin.orchestrator.findings import Decode, Found, find_matches
from tocsin.orchestrator.lease import Ownership
from tocsin.orchestrator.plans import NetworkPlan, PlanKeeper
from tocsin.storage import bundle_requests, chain_log, commits
from tocsin.storage.cursors import CursorMove, list_cursors_for_all_tenants, move_cursors
from tocsin.storage.pool import Database, Session
from tocsin.telemetry import metrics

log = structlog.get_logger()

ROWS_AT_ONCE = 16
# How late a cursor that moved without any match may be written.
FLUSH_SECONDS = 1.0


class _Absence(Enum):
    """Why there is no bundle to evaluate."""

    NOT_YET = auto()
    # Nobody has the block any more and the log reverts it later: whatever it matched would be
    # retracted, so it needs no evaluation.
    FOR_GOOD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatorParts:
    """What every evaluator works with."""

    database: Database
    feed: BlockFeed
    clock: Clock
    decode: Decode
    ownership: Ownership
    plans: PlanKeeper


@dataclass(slots=True)
class _Position:
    """Where a shard stands: in the database, and in memory."""

    stored_seq: int
    next_seq: int


class Evaluator:
    """Evaluates one network."""

    def __init__(self, network_id: NetworkId, parts: EvaluatorParts) -> None:
        self._network_id = network_id
        self._parts = parts
        self._positions: dict[ShardId, _Position] = {}
        self._effects: dict[tuple[MonitorId, int], commits.MonitorEffect] = {}
        self._flushed_at = parts.clock.monotonic()
        self._months: set[tuple[int, int]] = set()
        self._may_hold_back = True

    async def load(self) -> None:
        """Take the cursors of the shards we hold from the database, new ones among them."""
        shards = self._parts.ownership.epochs
        async with self._parts.database.session() as session:
            stored = await list_cursors_for_all_tenants(session, self._network_id, shards.keys())
        known = self._positions
        self._positions = {
            shard: known[shard]
            if shard in known and known[shard].stored_seq == seq
            else _Position(seq, seq)
            for shard, seq in stored.items()
        }
        # A shard that was another's may have brought deliveries that wait.
        self._may_hold_back = True

    def forget(self) -> None:
        """Drop what is in memory only: it will be evaluated again from what is stored."""
        self._positions = {}

    async def step(self) -> bool:
        """Evaluate the next few rows for the shards that are furthest behind.

        While these wait for a lost bundle, the next group goes on. Returns whether anything
        was evaluated.

        Raises:
            LostOwnershipError: a shard is another worker's by now; ``forget`` and ``load``.
        """
        places = sorted({position.next_seq for position in self._positions.values()})
        for first, end in zip(places, [*places[1:], None], strict=True):
            last = first + ROWS_AT_ONCE
            if await self._advance(first, last if end is None else min(end, last)):
                await self._flush_if_due()
                return True
        await self._flush_if_due()
        return False

    async def _advance(self, first: int, end: int) -> bool:
        """Evaluate rows from ``first`` to before ``end`` for the shards that stand there."""
        group = [s for s, position in self._positions.items() if position.next_seq == first]
        async with self._parts.database.session() as session:
            rows = await chain_log.list_from(session, self._network_id, first, end)
        if not rows:
            return False
        payloads = await self._find_bundles(rows) if self._must_match(group) else {}
        for count, row in enumerate(rows):
            if not await self._evaluate(row, group, payloads):
                await self._ask_for_lost(rows[count + 1 :], payloads)
                return count > 0
        return True

    def _must_match(self, group: Sequence[ShardId]) -> bool:
        plan = self._parts.plans.plan_of(self._network_id)
        return plan is not None and plan.has_any_of(group)

    async def _find_bundles(self, rows: Sequence[LogRow]) -> dict[tuple[int, str], bytes]:
        try:
            return await self._parts.feed.find(self._network_id, rows[0].seq, rows[-1].seq)
        except CacheUnavailableError as error:
            log.warning("feed.unavailable", network_id=str(self._network_id), error_code=error.code)
            return {}

    async def _evaluate(
        self,
        row: LogRow,
        group: Sequence[ShardId],
        payloads: dict[tuple[int, str], bytes],
    ) -> bool:
        """Return whether the row is behind us."""
        plan = self._parts.plans.plan_of(self._network_id)
        found = Found()
        if row.action is LogAction.APPLY and plan is not None and plan.has_any_of(group):
            bundle = self._in_feed(row, payloads) or await self._ask_for(row, plan)
            if bundle is _Absence.NOT_YET:
                return False
            self._note_effects(plan, row, set(group))
            if isinstance(bundle, Bundle):
                found = find_matches(bundle, row, plan, self._parts, frozenset(group))
        await self._commit(row, group, found)
        metrics.LOG_ROWS_PROCESSED.labels(network=self._label(plan)).inc()
        return True

    def _in_feed(self, row: LogRow, payloads: dict[tuple[int, str], bytes]) -> Bundle | None:
        """Return the row's bundle if the feed has it; one that is spoilt counts as lost."""
        payload = payloads.get((row.seq, row.ref.hash))
        if payload is None:
            return None
        try:
            return unpack_bundle(payload, self._network_id)
        except MalformedBlockError as error:
            log.warning("feed.spoilt", network_id=str(self._network_id), error_code=error.code)
            return None

    async def _ask_for(self, row: LogRow, plan: NetworkPlan) -> Bundle | _Absence:
        """Return a bundle that is not in the feed, once the watcher has served it."""
        async with self._parts.database.session() as session:
            answer = await bundle_requests.find_answer(session, self._network_id, row.ref.hash)
            if answer is None:
                metrics.FEED_MISSES.labels(network=self._label(plan)).inc()
                now = self._parts.clock.now()
                await bundle_requests.request_bundles(session, self._network_id, [row.ref], now)
                return _Absence.NOT_YET
            if answer.payload is not None:
                return unpack_bundle(answer.payload, self._network_id)
            is_reverted = await chain_log.is_reverted_after(
                session, self._network_id, row.ref.hash, row.seq
            )
            if is_reverted:
                return _Absence.FOR_GOOD
            now = self._parts.clock.now()
            await bundle_requests.ask_again(session, self._network_id, row.ref.hash, now)
            return _Absence.NOT_YET

    async def _ask_for_lost(
        self, rows: Sequence[LogRow], payloads: dict[tuple[int, str], bytes]
    ) -> None:
        """Ask for what the next rows will need too, so that a lost feed costs one wait, not many.

        Only called when a row needed its bundle and had to wait for it.
        """
        refs = [
            row.ref
            for row in rows
            if row.action is LogAction.APPLY and (row.seq, row.ref.hash) not in payloads
        ]
        if refs:
            now = self._parts.clock.now()
            async with self._parts.database.session() as session:
                await bundle_requests.request_bundles(session, self._network_id, refs, now)

    def _note_effects(self, plan: NetworkPlan, row: LogRow, group: set[ShardId]) -> None:
        first_used = [held for held in plan.unrecorded.values() if held.shard_id in group]
        for held in first_used:
            del plan.unrecorded[held.monitor_id]
            self._effects[held.monitor_id, held.version] = commits.MonitorEffect(
                tenant_id=held.tenant_id,
                monitor_id=held.monitor_id,
                version=held.version,
                effective_seq=row.seq,
            )

    async def _commit(self, row: LogRow, group: Sequence[ShardId], found: Found) -> None:
        is_revert = row.action is LogAction.REVERT
        if found.matches or found.failures or is_revert or self._may_hold_back:
            await self._ensure_partitions(row, found.matches)
            moved = await self._store(row, group, found)
            for shard in moved:
                self._positions[shard].stored_seq = row.seq + 1
        for shard in group:
            self._positions[shard].next_seq = row.seq + 1

    async def _store(self, row: LogRow, group: Sequence[ShardId], found: Found) -> set[ShardId]:
        """Write what a row brings in one transaction; return whose cursors it moved."""
        is_revert = row.action is LogAction.REVERT
        now = self._parts.clock.now()
        retracted = released = 0
        async with self._parts.database.session() as session:
            result = await commits.store_matches(session, row, found.matches, now)
            await commits.record_failures(session, row, found.failures)
            if is_revert:
                retracted = await commits.retract_block(session, row, group, now)
            else:
                released = await commits.release_deliveries(session, row, group, now)
            if result.ready_count or released:
                await commits.announce_deliveries(session)
            await self._write_effects(session)
            # Whatever is written proves, by the cursors it moves, that the shards are ours.
            concerned = {new.shard_id for new in found.matches}
            moving = set(group) if is_revert or released or found.failures else concerned
            await self._move(session, moving, row.seq + 1)
            holds_back = await commits.is_holding(session, self._network_id)
        self._may_hold_back = holds_back
        self._effects.clear()
        label = self._label(self._parts.plans.plan_of(self._network_id))
        metrics.MATCHES_STORED.labels(network=label).inc(result.stored_count)
        metrics.RETRACTIONS_STORED.labels(network=label).inc(retracted)
        return moving

    async def _ensure_partitions(self, row: LogRow, matches: Sequence[object]) -> None:
        month = (row.ref.block_time.year, row.ref.block_time.month)
        if matches and month not in self._months:
            async with self._parts.database.session() as session:
                await commits.ensure_partitions(session, row.ref.block_time)
            self._months.add(month)

    async def _write_effects(self, session: Session) -> None:
        if self._effects:
            await commits.record_effects(
                session,
                self._network_id,
                list(self._effects.values()),
                self._parts.clock.now(),
            )

    async def _move(self, session: Session, shards: set[ShardId], next_seq: int) -> None:
        """Move the shards' cursors, last: a loss of ownership undoes what stands before it."""
        epochs = self._parts.ownership.epochs
        moves = [
            CursorMove(
                shard_id=shard,
                epoch=epochs.get(shard, -1),
                stored_seq=self._positions[shard].stored_seq,
                next_seq=next_seq,
            )
            for shard in sorted(shards)
        ]
        if moves:
            await move_cursors(session, self._network_id, self._parts.ownership.worker_id, moves)

    async def _flush_if_due(self) -> None:
        now = self._parts.clock.monotonic()
        if now - self._flushed_at >= FLUSH_SECONDS:
            await self.flush()
            self._flushed_at = now

    async def flush(self) -> None:
        """Write the cursors that moved without any match, and the effects on record."""
        behind: dict[int, set[ShardId]] = {}
        for shard, position in self._positions.items():
            if position.stored_seq != position.next_seq:
                behind.setdefault(position.next_seq, set()).add(shard)
        if not behind and not self._effects:
            return
        async with self._parts.database.session() as session:
            await self._write_effects(session)
            for next_seq, shards in behind.items():
                await self._move(session, shards, next_seq)
        self._effects.clear()
        for next_seq, shards in behind.items():
            for shard in shards:
                self._positions[shard].stored_seq = next_seq

    def _label(self, plan: NetworkPlan | None) -> str:
        if plan is None:
            return "private"
        return metrics.network_label(plan.network.slug, private=plan.network.tenant_id is not None)
