"""A loop that lives on sessions can be stopped at any moment."""

import asyncio

import pytest

from tests.support.api import open_database
from tocsin.storage.migrate import DatabaseUrls
from tocsin.storage.pool import Database

STOP_SECONDS = 5
MOST_TURNS = 60


async def query_for_ever(database: Database) -> None:
    while True:
        async with database.session() as session:
            await session.one("SELECT 1 AS one")


@pytest.mark.parametrize("waiters", [1, 6])
async def test_no_cancellation_is_lost(database_urls: DatabaseUrls, waiters: int) -> None:
    async with open_database(database_urls.loops) as database:
        for turns in range(MOST_TURNS):
            tasks = {asyncio.create_task(query_for_ever(database)) for _ in range(waiters)}
            for _ in range(turns):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            _, running = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            for task in running:
                task.cancel()
            assert not running, f"after {turns} turns of the event loop"
