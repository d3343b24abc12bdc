"""A real node, a receiver, and an installation allowed to reach both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.anvil import Anvil, anvil_program, run_anvil
from tests.support.anvil_stage import Stage, set_stage
from tests.support.installation import Installation, open_installation
from tests.support.receiver import Receiver
from tests.support.relay import Relay
from tocsin.storage.migrate import DatabaseUrls


@pytest.fixture(scope="session", autouse=True)
def program() -> Path:
    """Give the node's program, before any other server is started in vain."""
    return anvil_program()


@pytest.fixture
async def node(program: Path, tmp_path: Path) -> AsyncIterator[Anvil]:
    async with run_anvil(program, tmp_path) as node:
        yield node


@pytest.fixture
async def relay(node: Anvil) -> AsyncIterator[Relay]:
    async with Relay(node.url) as relay:
        yield relay


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def it(
    node: Anvil, relay: Relay, receiver: Receiver, database_urls: DatabaseUrls, valkey_url: str
) -> AsyncIterator[Installation]:
    allowed = (node.address, relay.address, f"127.0.0.1:{receiver.port}")
    async with open_installation(database_urls, valkey_url, *allowed) as installation:
        yield installation


@pytest.fixture
async def stage(node: Anvil, it: Installation, receiver: Receiver) -> Stage:
    return await set_stage(node, it, receiver, node.url)
