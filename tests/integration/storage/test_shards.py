"""Shards: one owner each, taken over when it falls silent."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.model.ids import SHARD_COUNT, ShardId, WorkerId
from tocsin.storage import leases
from tocsin.storage.migrate import DatabaseUrls
from tocsin.storage.pool import Database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEASE = timedelta(seconds=10)
A, B = WorkerId("a"), WorkerId("b")


@pytest.fixture
async def loops(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(database_urls.loops, most_connections=2, name="test")
    await database.open()
    yield database
    await database.close()


async def claim(loops: Database, worker: WorkerId, now: datetime = NOW) -> dict[ShardId, int]:
    async with loops.session() as session:
        await leases.renew_worker(session, worker, now, LEASE)
        return await leases.claim_shards(session, worker, now)


async def test_the_first_worker_gets_every_shard(loops: Database) -> None:
    assert len(await claim(loops, A)) == SHARD_COUNT


async def test_a_second_worker_gets_none_while_the_first_is_alive(loops: Database) -> None:
    await claim(loops, A)
    assert await claim(loops, B) == {}


async def test_shards_of_a_silent_worker_change_hands_with_a_new_epoch(loops: Database) -> None:
    before = await claim(loops, A)
    after = await claim(loops, B, NOW + LEASE)
    assert after == {shard: epoch + 1 for shard, epoch in before.items()}


async def test_a_restarted_worker_keeps_its_shards(loops: Database) -> None:
    before = await claim(loops, A)
    assert await claim(loops, A, NOW + timedelta(hours=1)) == before


async def test_a_worker_that_let_go_is_followed_at_once(loops: Database) -> None:
    await claim(loops, A)
    async with loops.session() as session:
        await leases.release_worker(session, A)
    assert len(await claim(loops, B)) == SHARD_COUNT
