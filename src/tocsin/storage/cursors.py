"""Cursors: which row of a network's chain log each shard has to commit next."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tocsin.errors import LostOwnershipError
from tocsin.model.ids import NetworkId, ShardId, WorkerId
from tocsin.storage.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorMove:
    """One shard's cursor from the stored position to the next, under one ownership."""

    shard_id: ShardId
    epoch: int
    stored_seq: int
    next_seq: int


async def list_cursors_for_all_tenants(
    session: Session, network_id: NetworkId, shards: Collection[ShardId]
) -> dict[ShardId, int]:
    """Return the next row of each of the shards that has a cursor on the network."""
    rows = await session.all(
        """SELECT shard_id, next_seq FROM shard_cursors
           WHERE network_id = %(network)s AND shard_id = ANY(%(shards)s)""",
        network=network_id,
        shards=list(shards),
    )
    return {ShardId(row["shard_id"]): row["next_seq"] for row in rows}


async def list_networks_with_cursors_for_all_tenants(
    session: Session, shards: Collection[ShardId]
) -> set[NetworkId]:
    """Return the networks on which any of the shards has a cursor."""
    rows = await session.all(
        "SELECT DISTINCT network_id FROM shard_cursors WHERE shard_id = ANY(%(shards)s)",
        shards=list(shards),
    )
    return {NetworkId(row["network_id"]) for row in rows}


async def move_cursors(
    session: Session, network_id: NetworkId, worker_id: WorkerId, moves: Sequence[CursorMove]
) -> None:
    """Move cursors by compare-and-set, checking that the worker still owns each shard.

    Raises:
        LostOwnershipError: a cursor stood elsewhere or a shard is another's; the caller's
            whole transaction must roll back.
    """
    moved = await session.execute(
        """UPDATE shard_cursors c SET next_seq = m.next_seq
           FROM unnest(%(shards)s::int[], %(epochs)s::bigint[], %(stored)s::bigint[],
                       %(next)s::bigint[]) AS m (shard_id, epoch, stored_seq, next_seq)
           JOIN shard_owners o ON o.shard_id = m.shard_id
               AND o.worker_id = %(worker)s AND o.epoch = m.epoch
           WHERE c.network_id = %(network)s AND c.shard_id = m.shard_id
             AND c.next_seq = m.stored_seq""",
        network=network_id,
        worker=worker_id,
        shards=[move.shard_id for move in moves],
        epochs=[move.epoch for move in moves],
        stored=[move.stored_seq for move in moves],
        next=[move.next_seq for move in moves],
    )
    if moved != len(moves):
        raise LostOwnershipError(
            f"network {network_id}: {len(moves) - moved} of {len(moves)} shards are another's"
        )
