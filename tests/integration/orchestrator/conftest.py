"""A paused devnet, a receiver, and an installation allowed to reach both."""

from collections.abc import AsyncIterator

import pytest

from tests.support.installation import Installation, open_installation
from tests.support.receiver import Receiver
from tocsin.clock import SystemClock
from tocsin.devnet.config import DevnetConfig, StellarOptions
from tocsin.devnet.evm.chain import EvmOptions
from tocsin.devnet.server import Devnet, serve_devnet
from tocsin.storage.migrate import DatabaseUrls


@pytest.fixture
async def devnet() -> AsyncIterator[Devnet]:
    networks = (EvmOptions(), EvmOptions(slug="other", chain_id=4242), StellarOptions())
    devnet = await serve_devnet(DevnetConfig(port=0, paused=True, networks=networks), SystemClock())
    yield devnet
    await devnet.stop()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def it(
    database_urls: DatabaseUrls, valkey_url: str, devnet: Devnet, receiver: Receiver
) -> AsyncIterator[Installation]:
    allowed = (devnet.url.removeprefix("http://"), f"127.0.0.1:{receiver.port}")
    async with open_installation(database_urls, valkey_url, *allowed) as installation:
        yield installation
