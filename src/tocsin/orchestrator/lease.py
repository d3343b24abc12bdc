"""Which shards this worker holds: it says it is alive and takes what nobody holds."""

from datetime import timedelta

from tocsin.clock import Clock
from tocsin.model.ids import ShardId, WorkerId
from tocsin.storage import leases
from tocsin.storage.pool import Database


class Ownership:
    """The shards a worker holds, with the epoch of each."""

    def __init__(
        self, database: Database, worker_id: WorkerId, clock: Clock, lease: timedelta
    ) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self._renew_seconds = lease.total_seconds() / 4
        self._renewed_at: float | None = None
        self.worker_id = worker_id
        self.epochs: dict[ShardId, int] = {}

    async def refresh(self, *, at_once: bool = False) -> bool:
        """Renew the lease if it is time, or at once; return whether what we hold changed."""
        now = self._clock.monotonic()
        is_due = self._renewed_at is None or now - self._renewed_at >= self._renew_seconds
        if not is_due and not at_once:
            return False
        async with self._database.session() as session:
            wall = self._clock.now()
            await leases.renew_worker(session, self.worker_id, wall, self._lease)
            epochs = await leases.claim_shards(session, self.worker_id, wall)
        self._renewed_at = now
        changed = epochs != self.epochs
        self.epochs = epochs
        return changed

    async def release(self) -> None:
        """Let another worker take over at once."""
        self.epochs = {}
        async with self._database.session() as session:
            await leases.release_worker(session, self.worker_id)
