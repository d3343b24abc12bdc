"""The chain log and its lease: who may append, and who may not any more."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import UUID, uuid4

import pytest

from tests.support.api import open_database
from tocsin.errors import LostOwnershipError
from tocsin.model.block import BlockRef, LogAction, LogStep
from tocsin.model.ids import NetworkId, SecretId
from tocsin.storage import chain_log, leases
from tocsin.storage.leases import NetworkLease
from tocsin.storage.migrate import DatabaseUrls
from tocsin.storage.pool import Database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEASE = timedelta(seconds=10)


@pytest.fixture
async def loops(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(database_urls.loops, most_connections=4, name="test")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def network_id(database_urls: DatabaseUrls) -> NetworkId:
    """Add a platform network as the operator would."""
    api = Database(database_urls.api, most_connections=1, name="test")
    await api.open()
    network, secret = NetworkId(uuid4()), SecretId(uuid4())
    async with api.session(operator=True) as session:
        await session.execute(
            """INSERT INTO tenant_secrets (id, purpose, key_id, nonce, ciphertext)
               VALUES (%(id)s, 'network.endpoints', 'k', %(nonce)s, '')""",
            id=secret,
            nonce=bytes(12),
        )
        await session.execute(
            """INSERT INTO networks (id, slug, name, family, chain_identity,
                   endpoints_secret_id, block_time_ms, confirmation_count)
               VALUES (%(id)s, 'evm', 'evm', 'EVM', '1', %(secret)s, 1000, 0)""",
            id=network,
            secret=secret,
        )
    await api.close()
    return network


def a_step(number: int) -> LogStep:
    ref = BlockRef(
        number=number, hash=f"0x{number:x}", parent_hash=f"0x{number - 1:x}", block_time=NOW
    )
    return LogStep(action=LogAction.APPLY, ref=ref)


async def acquire(
    loops: Database, network_id: NetworkId, holder: str, now: datetime = NOW
) -> NetworkLease | None:
    async with loops.session() as session:
        return await leases.acquire_network(session, network_id, holder, now, LEASE)


async def append(loops: Database, lease: NetworkLease, after_seq: int, *numbers: int) -> None:
    async with loops.session() as session:
        await chain_log.append(session, lease, after_seq, [a_step(n) for n in numbers], NOW)


async def test_rows_are_numbered_without_holes(loops: Database, network_id: NetworkId) -> None:
    lease = await acquire(loops, network_id, "a")
    assert lease is not None
    await append(loops, lease, 0, 7, 8)
    await append(loops, lease, 2, 9)
    async with loops.session() as session:
        rows = await chain_log.list_newest(session, network_id, 10)
    assert [(row.seq, row.ref.number) for row in rows] == [(1, 7), (2, 8), (3, 9)]


async def test_nobody_else_gets_a_lease_that_holds(loops: Database, network_id: NetworkId) -> None:
    assert await acquire(loops, network_id, "a")
    assert await acquire(loops, network_id, "b") is None


async def test_its_holder_takes_a_lease_back_at_once(
    loops: Database, network_id: NetworkId
) -> None:
    first = await acquire(loops, network_id, "a")
    again = await acquire(loops, network_id, "a")
    assert first is not None
    assert again is not None
    assert again.epoch == first.epoch + 1


async def test_a_watcher_that_was_replaced_appends_nothing(
    loops: Database, network_id: NetworkId
) -> None:
    stale = await acquire(loops, network_id, "a")
    assert stale is not None
    assert await acquire(loops, network_id, "b", NOW + LEASE) is not None
    with pytest.raises(LostOwnershipError):
        await append(loops, stale, 0, 7)
    async with loops.session() as session:
        assert await chain_log.list_newest(session, network_id, 10) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE networks SET deleted_at = now(), endpoints_secret_id = NULL",
        "UPDATE networks SET chain_identity = '2'",
    ],
)
async def test_of_a_network_that_is_gone_or_another_chain_nothing_is_appended(
    loops: Database, network_id: NetworkId, database_urls: DatabaseUrls, change: LiteralString
) -> None:
    lease = await acquire(loops, network_id, "a")
    assert lease is not None
    async with open_database(database_urls.api) as api, api.session(operator=True) as session:
        await session.execute(change)
    with pytest.raises(LostOwnershipError):
        await append(loops, lease, 0, 7)
    async with loops.session() as session:
        assert await chain_log.list_newest(session, network_id, 10) == []


async def test_a_deleted_network_has_no_lease(
    loops: Database, network_id: NetworkId, database_urls: DatabaseUrls
) -> None:
    async with open_database(database_urls.api) as api, api.session(operator=True) as session:
        await session.execute("UPDATE networks SET deleted_at = now(), endpoints_secret_id = NULL")
    assert await acquire(loops, network_id, "a") is None


async def test_a_log_longer_than_its_watcher_knows_takes_nothing(
    loops: Database, network_id: NetworkId
) -> None:
    lease = await acquire(loops, network_id, "a")
    assert lease is not None
    await append(loops, lease, 0, 7)
    with pytest.raises(LostOwnershipError):
        await append(loops, lease, 0, 8)


async def test_a_lease_that_was_taken_over_cannot_be_renewed(
    loops: Database, network_id: NetworkId
) -> None:
    stale = await acquire(loops, network_id, "a")
    assert stale is not None
    await acquire(loops, network_id, "b", NOW + LEASE)
    async with loops.session() as session:
        assert not await leases.renew_network(session, stale, NOW + LEASE, LEASE)


async def test_a_released_lease_is_free_for_others(loops: Database, network_id: NetworkId) -> None:
    lease = await acquire(loops, network_id, "a")
    assert lease is not None
    async with loops.session() as session:
        await leases.release_network(session, lease, NOW)
    assert await acquire(loops, network_id, "b") is not None


async def test_an_unknown_network_has_an_empty_log(loops: Database) -> None:
    async with loops.session() as session:
        assert await chain_log.list_newest(session, NetworkId(UUID(int=9)), 10) == []
