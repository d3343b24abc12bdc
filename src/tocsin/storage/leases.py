"""Leases: which watcher speaks for a network, which worker holds a shard.

A lease runs out by itself; its epoch rises whenever it changes hands and is checked by every
write made under it. The same holder takes its own lease back at once, so a restart waits for
nobody. Times come from the caller's clock: a skewed clock can only move a lease early, never
let two write, because the epoch fences.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.ids import NetworkId, ShardId, WorkerId
from tocsin.storage.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkLease:
    """The right to append to one network's chain log, of the chain that the network is now."""

    network_id: NetworkId
    chain_identity: str
    holder: str
    epoch: int


async def acquire_network(
    session: Session, network_id: NetworkId, holder: str, now: datetime, duration: timedelta
) -> NetworkLease | None:
    """Take a network's lease if it is free, run out or our own.

    None if another holds it, or the network is deleted.
    """
    row = await session.one_or_none(
        """INSERT INTO network_leases AS l (network_id, holder, epoch, expires_at)
           SELECT n.id, %(holder)s, 1, %(until)s FROM networks n
           WHERE n.id = %(network)s AND n.deleted_at IS NULL
           ON CONFLICT (network_id) DO UPDATE
           SET holder = excluded.holder, epoch = l.epoch + 1, expires_at = excluded.expires_at
           WHERE l.expires_at <= %(now)s OR l.holder = excluded.holder
           RETURNING epoch, (SELECT n.chain_identity FROM networks n
                             WHERE n.id = l.network_id) AS chain_identity""",
        network=network_id,
        holder=holder,
        now=now,
        until=now + duration,
    )
    if row is None:
        return None
    return NetworkLease(
        network_id=network_id,
        chain_identity=row["chain_identity"],
        holder=holder,
        epoch=row["epoch"],
    )


async def renew_network(
    session: Session, lease: NetworkLease, now: datetime, duration: timedelta
) -> bool:
    """Extend a lease; False if it is another's by now."""
    touched = await session.execute(
        """UPDATE network_leases SET expires_at = %(until)s
           WHERE network_id = %(network)s AND holder = %(holder)s AND epoch = %(epoch)s""",
        network=lease.network_id,
        holder=lease.holder,
        epoch=lease.epoch,
        until=now + duration,
    )
    return touched == 1


async def release_network(session: Session, lease: NetworkLease, now: datetime) -> None:
    """Let a lease run out now, so that another watcher need not wait."""
    await session.execute(
        """UPDATE network_leases SET expires_at = %(now)s
           WHERE network_id = %(network)s AND holder = %(holder)s AND epoch = %(epoch)s""",
        network=lease.network_id,
        holder=lease.holder,
        epoch=lease.epoch,
        now=now,
    )


async def renew_worker(
    session: Session, worker_id: WorkerId, now: datetime, duration: timedelta
) -> None:
    """Say that a worker is alive."""
    await session.execute(
        """INSERT INTO worker_leases (worker_id, expires_at) VALUES (%(worker)s, %(until)s)
           ON CONFLICT (worker_id) DO UPDATE SET expires_at = excluded.expires_at""",
        worker=worker_id,
        until=now + duration,
    )


async def claim_shards(session: Session, worker_id: WorkerId, now: datetime) -> dict[ShardId, int]:
    """Take every shard whose owner is gone and return all we hold, with their epochs."""
    await session.execute(
        """UPDATE shard_owners o SET worker_id = %(worker)s, epoch = o.epoch + 1
           WHERE o.worker_id IS DISTINCT FROM %(worker)s AND NOT EXISTS (
               SELECT 1 FROM worker_leases l
               WHERE l.worker_id = o.worker_id AND l.expires_at > %(now)s)""",
        worker=worker_id,
        now=now,
    )
    rows = await session.all(
        "SELECT shard_id, epoch FROM shard_owners WHERE worker_id = %(worker)s",
        worker=worker_id,
    )
    return {ShardId(row["shard_id"]): row["epoch"] for row in rows}


async def release_worker(session: Session, worker_id: WorkerId) -> None:
    """Let go of everything a worker holds, so that another need not wait."""
    await session.execute(
        "DELETE FROM worker_leases WHERE worker_id = %(worker)s", worker=worker_id
    )
