"""The API on a fresh database, for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.support.api import RunningApi, run_api
from tocsin.storage.migrate import DatabaseUrls


@pytest.fixture
async def api(database_urls: DatabaseUrls) -> AsyncIterator[RunningApi]:
    """Give the API with an operator's key and a platform network ``testnet``."""
    async with run_api(database_urls) as running:
        yield running
