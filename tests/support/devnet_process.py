"""`tocsin devnet` as a process of its own, steered through its control endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.commands import run_command
from tocsin.devnet.network import BlockFacts
from tocsin.devnet.oracle import parse_facts

NETWORKS = ("evm", "stellar")


class DevnetProcess:
    """A running devnet."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self.url = url

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    def rpc_url(self, slug: str) -> str:
        return f"{self.url}/{slug}"

    async def order(self, slug: str, verb: str, body: dict[str, Any] | None = None) -> None:
        """Give an order of docs/howto/devnet.md."""
        url = f"{self.url}/control/{slug}/{verb}"
        async with self._http.post(url, json=body or {}) as answer:
            assert answer.status == 200, await answer.text()

    async def heads(self) -> dict[str, int]:
        """Return the number of each network's newest block."""
        async with self._http.get(f"{self.url}/control/networks") as answer:
            return {each["slug"]: each["head_number"] for each in await answer.json()}

    async def facts(self, slug: str) -> tuple[BlockFacts, ...]:
        """Return what was planted in each block of a network."""
        async with self._http.get(f"{self.url}/control/facts/{slug}") as answer:
            return parse_facts(await answer.read())


@asynccontextmanager
async def run_devnet_process(
    http: aiohttp.ClientSession, log_path: Path, *, seed: int, block_seconds: float
) -> AsyncIterator[DevnetProcess]:
    """Have a paused devnet running for as long as the block lasts."""
    arguments = ("--port", "0", "--paused", "--seed", str(seed))
    paces = ("--block-time", str(block_seconds), "--close-time", "1")
    async with run_command("devnet", *arguments, *paces, log_path=log_path) as command:
        url = await command.find(r"^control +(http://\S+)/control/networks")
        try:
            yield DevnetProcess(http, url)
        finally:
            status = command.process.returncode
            assert status is None, (
                f"the devnet ended by itself, {status}: {command.errors()[-2000:]}"
            )
