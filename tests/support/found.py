"""Matches and deliveries as the loops would store them, for those who only read them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import zstandard

from tocsin.storage.pool import Database, Session

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
BLOCK_HASH = "0x" + "ab" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was stored."""

    match_id: UUID
    delivery_id: UUID


async def store_found(
    loops: Database, tenant_slug: str, *, number: int = 1, document: bytes = b'{"value":"1"}'
) -> Found:
    """Store a match of the tenant's first monitor, with one delivery tried once."""
    found = Found(match_id=uuid4(), delivery_id=uuid4())
    async with loops.session() as session:
        names = await session.one(
            """SELECT m.tenant_id AS tenant, m.id AS monitor, t.id AS trigger, n.id AS network
               FROM tenants o
               JOIN tenant_monitors m ON m.tenant_id = o.id
               JOIN tenant_triggers t ON t.tenant_id = o.id
               JOIN monitor_networks u ON u.monitor_id = m.id
               JOIN networks n ON n.id = u.network_id
               WHERE o.slug = %(slug)s ORDER BY m.created_at LIMIT 1""",
            slug=tenant_slug,
        )
        values = {
            "at": NOON + timedelta(seconds=number),
            "hash": f"0x{number:064x}",
            **names,
            "match": found.match_id,
            "delivery": found.delivery_id,
            "block": BLOCK_HASH,
            "number": number,
            "document": zstandard.compress(document),
        }
        await _store(session, values)
    return found


async def _store(session: Session, values: dict[str, object]) -> None:
    await session.execute(
        """INSERT INTO matches (block_time, id, occurrence_id, tenant_id, monitor_id,
               monitor_version, network_id, shard_id, block_number, block_hash,
               transaction_hash, transaction_index, status, reasons, arguments_digest, seq,
               config_version, created_at)
           VALUES (%(at)s, %(match)s, %(match)s, %(tenant)s, %(monitor)s, 1, %(network)s, 0,
                   %(number)s, %(block)s, %(hash)s, 0, 'active',
                   '{"matched_on":{"events":[]},"matched_on_args":{"odd":"\\ud800"}}',
                   '', 1, 1, %(at)s)""",
        **values,
    )
    await session.execute(
        """INSERT INTO matched_transactions VALUES
           (%(at)s, %(network)s, %(block)s, %(hash)s, %(document)s) ON CONFLICT DO NOTHING""",
        **values,
    )
    await session.execute(
        """INSERT INTO deliveries (block_time, id, tenant_id, match_id, occurrence_id, trigger_id,
               network_id, shard_id, kind, generation, status, attempt_count, next_attempt_at,
               created_at)
           VALUES (%(at)s, %(delivery)s, %(tenant)s, %(match)s, %(match)s, %(trigger)s,
                   %(network)s, 0, 'alert', 0, 'ready', 1, %(at)s, %(at)s)""",
        **values,
    )
    await session.execute(
        """INSERT INTO delivery_attempts VALUES
           (%(at)s, %(delivery)s, 1, %(tenant)s, %(at)s, 0.25, 'later', 503,
            'channel.unavailable', 'busy')""",
        **values,
    )
