"""The chain log: what happened to each network's chain, in the order it became known.

Only the holder of the network's lease appends; the epoch it names is checked in the same
transaction, so a watcher that was replaced while it slept writes nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from tocsin.errors import LostOwnershipError
from tocsin.model.block import BlockRef, LogAction, LogRow, LogStep
from tocsin.model.ids import NetworkId
from tocsin.storage.leases import NetworkLease
from tocsin.storage.pool import Row, Session

APPENDED = "tocsin_chain_log"  # channel of the hint


def to_log_row(row: Row) -> LogRow:
    """Return a row of the table as a noun."""
    return LogRow(
        network_id=NetworkId(row["network_id"]),
        seq=row["seq"],
        action=LogAction(row["action"]),
        ref=BlockRef(
            number=row["number"],
            hash=row["hash"],
            parent_hash=row["parent_hash"],
            block_time=row["block_time"],
        ),
        late=row["late"],
    )


async def list_newest(session: Session, network_id: NetworkId, limit: int) -> list[LogRow]:
    """Return up to that many of the newest rows, oldest first."""
    rows = await session.all(
        """SELECT * FROM chain_log WHERE network_id = %(network)s
           ORDER BY seq DESC LIMIT %(limit)s""",
        network=network_id,
        limit=limit,
    )
    return [to_log_row(row) for row in reversed(rows)]


async def list_from(
    session: Session, network_id: NetworkId, first_seq: int, end_seq: int
) -> list[LogRow]:
    """Return the rows with ``first_seq <= seq < end_seq``, in order."""
    rows = await session.all(
        """SELECT * FROM chain_log WHERE network_id = %(network)s
           AND seq >= %(first)s AND seq < %(end)s ORDER BY seq""",
        network=network_id,
        first=first_seq,
        end=end_seq,
    )
    return [to_log_row(row) for row in rows]


async def is_reverted_after(
    session: Session, network_id: NetworkId, block_hash: str, seq: int
) -> bool:
    """Return whether a later row than ``seq`` reverts that block."""
    row = await session.one_or_none(
        """SELECT 1 FROM chain_log WHERE network_id = %(network)s AND seq > %(seq)s
           AND hash = %(hash)s AND action = 'revert' LIMIT 1""",
        network=network_id,
        seq=seq,
        hash=block_hash,
    )
    return row is not None


async def append(
    session: Session, lease: NetworkLease, after_seq: int, steps: Sequence[LogStep], now: datetime
) -> list[LogRow]:
    """Append steps behind row ``after_seq`` and return them as rows.

    Raises:
        LostOwnershipError: the lease is another's, the log is longer than the caller knew, or the
            network is deleted or another chain by now.
    """
    held = await session.one_or_none(
        """SELECT 1 FROM network_leases WHERE network_id = %(network)s
           AND holder = %(holder)s AND epoch = %(epoch)s FOR SHARE""",
        network=lease.network_id,
        holder=lease.holder,
        epoch=lease.epoch,
    )
    newest = await session.one(
        "SELECT coalesce(max(seq), 0) AS seq FROM chain_log WHERE network_id = %(network)s",
        network=lease.network_id,
    )
    if held is None or newest["seq"] != after_seq:
        raise LostOwnershipError(f"network {lease.network_id}: epoch {lease.epoch} is over")
    rows = []
    for seq, step in enumerate(steps, start=after_seq + 1):
        await session.execute(
            """INSERT INTO chain_log (network_id, seq, action, number, hash, parent_hash,
                                      block_time, late, reason, appended_at)
               VALUES (%(network)s, %(seq)s, %(action)s, %(number)s, %(hash)s, %(parent)s,
                       %(time)s, %(late)s, %(reason)s, %(now)s)""",
            network=lease.network_id,
            seq=seq,
            action=step.action,
            number=step.ref.number,
            hash=step.ref.hash,
            parent=step.ref.parent_hash,
            time=step.ref.block_time,
            late=step.late,
            reason=step.reason,
            now=now,
        )
        rows.append(
            LogRow(
                network_id=lease.network_id,
                seq=seq,
                action=step.action,
                ref=step.ref,
                late=step.late,
            )
        )
    # Last: whoever changes the network waits for us from our first row on, or was before us.
    said = await session.one_or_none(
        """SELECT pg_notify(%(channel)s, %(network)s::text) FROM networks
           WHERE id = %(network)s AND deleted_at IS NULL AND chain_identity = %(identity)s""",
        channel=APPENDED,
        network=lease.network_id,
        identity=lease.chain_identity,
    )
    if said is None:
        raise LostOwnershipError(f"network {lease.network_id} is gone, or another chain")
    return rows
