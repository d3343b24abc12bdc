"""Blocks a worker needs and the cache lost: asked for and served through one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.model.block import BlockRef
from tocsin.model.ids import NetworkId
from tocsin.storage.chain_log import APPENDED
from tocsin.storage.pool import Session

REQUESTED = "tocsin_bundle_requests"  # channel of the hint
ASK_AGAIN_AFTER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleAnswer:
    """What the watcher said: the payload as in the feed, or None: no endpoint has the block."""

    payload: bytes | None


async def request_bundles(
    session: Session, network_id: NetworkId, refs: Sequence[BlockRef], now: datetime
) -> None:
    """Ask the network's watcher for blocks; nothing more where somebody asked already."""
    asked = await session.execute(
        """INSERT INTO bundle_requests (network_id, hash, number, requested_at)
           SELECT %(network)s, b.hash, b.number, %(now)s
           FROM unnest(%(hashes)s::text[], %(numbers)s::bigint[]) AS b (hash, number)
           ON CONFLICT DO NOTHING""",
        network=network_id,
        hashes=[ref.hash for ref in refs],
        numbers=[ref.number for ref in refs],
        now=now,
    )
    if asked:
        await session.execute("SELECT pg_notify(%(channel)s, '')", channel=REQUESTED)


async def find_answer(
    session: Session, network_id: NetworkId, block_hash: str
) -> BundleAnswer | None:
    """Return what was answered, or None while nothing was."""
    row = await session.one_or_none(
        """SELECT payload FROM bundle_requests
           WHERE network_id = %(network)s AND hash = %(hash)s
             AND (payload IS NOT NULL OR unavailable_at IS NOT NULL)""",
        network=network_id,
        hash=block_hash,
    )
    if row is None:
        return None
    return BundleAnswer(payload=row["payload"])


async def ask_again(
    session: Session, network_id: NetworkId, block_hash: str, now: datetime
) -> None:
    """Ask once more for a block that no endpoint had, if that was not just now."""
    asked = await session.execute(
        """UPDATE bundle_requests SET unavailable_at = NULL, requested_at = %(now)s
           WHERE network_id = %(network)s AND hash = %(hash)s AND payload IS NULL
             AND unavailable_at < %(before)s""",
        network=network_id,
        hash=block_hash,
        now=now,
        before=now - ASK_AGAIN_AFTER,
    )
    if asked:
        await session.execute("SELECT pg_notify(%(channel)s, '')", channel=REQUESTED)


async def list_unserved(
    session: Session, network_id: NetworkId, limit: int
) -> list[tuple[str, int]]:
    """Return hash and number of blocks still asked for, oldest request first."""
    rows = await session.all(
        """SELECT hash, number FROM bundle_requests
           WHERE network_id = %(network)s AND payload IS NULL AND unavailable_at IS NULL
           ORDER BY requested_at, number LIMIT %(limit)s""",
        network=network_id,
        limit=limit,
    )
    return [(row["hash"], row["number"]) for row in rows]


async def serve_bundle(
    session: Session, network_id: NetworkId, block_hash: str, payload: bytes | None, now: datetime
) -> None:
    """Answer a request and wake who waits for it; None says that no endpoint has the block."""
    await session.execute(
        """UPDATE bundle_requests SET payload = %(payload)s,
               unavailable_at = CASE WHEN %(payload)s::bytea IS NULL THEN %(now)s END
           WHERE network_id = %(network)s AND hash = %(hash)s""",
        network=network_id,
        hash=block_hash,
        payload=payload,
        now=now,
    )
    # The workers wait for news of the log: a block they can evaluate now is as good as one.
    await session.execute(
        "SELECT pg_notify(%(channel)s, %(network)s)", channel=APPENDED, network=str(network_id)
    )


async def forget_old_requests(
    session: Session, network_id: NetworkId, now: datetime, age: timedelta
) -> None:
    """Delete requests older than that; a worker that still needs one asks again."""
    await session.execute(
        """DELETE FROM bundle_requests
           WHERE network_id = %(network)s AND requested_at < %(before)s""",
        network=network_id,
        before=now - age,
    )
