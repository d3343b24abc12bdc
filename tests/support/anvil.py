"""A real EVM node, anvil, in a process of its own: it mines and forks only when told.

Its accounts are the node's own, unlocked, so it signs what is sent from them.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest

from tocsin.embedded.process import CHILD_ENVIRONMENT, dying_with_us

CHAIN_ID = 31337
ETHER = 10**18
MODULES = Path(__file__).parents[1] / "e2e" / "node_modules" / "@foundry-rs"
START_SECONDS = 20.0
GENESIS_TIME = 1_700_000_000


def anvil_program() -> Path:
    """Return the node's program, or skip the test that asks; in CI its absence is a failure."""
    found = sorted(MODULES.glob("anvil-*/bin/anvil"))
    if found:
        return found[0]
    reason = "anvil is not installed: `make test` installs it where npm is"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Anvil:
    """A node on a loopback port that it keeps when it starts over."""

    def __init__(self, program: Path, directory: Path) -> None:
        self.port = 0
        self.accounts: tuple[str, ...] = ()
        self._program = program
        self._log_path = directory / "anvil.log"
        self._home = directory
        self._process: asyncio.subprocess.Process | None = None
        self._http: aiohttp.ClientSession | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def __aenter__(self) -> Self:
        # A connection kept from before a restart would be dead.
        connector = aiohttp.TCPConnector(force_close=True)
        self._http = aiohttp.ClientSession(connector=connector)
        await self._start(GENESIS_TIME)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()
        assert self._http is not None
        await self._http.close()

    async def start_over(self) -> None:
        """Forget the whole chain and begin another under the same address and chain id."""
        await self._stop()
        await self._start(GENESIS_TIME + 1)

    async def _start(self, genesis_time: int) -> None:
        options = ("--no-mining", "--port", str(self.port), "--timestamp", str(genesis_time))
        with self._log_path.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._program,
                *options,
                env={**CHILD_ENVIRONMENT, "HOME": str(self._home)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=dying_with_us(signal.SIGKILL),
            )
        self.port = await self._announced_port()
        self.accounts = tuple(await self.ask("eth_accounts"))

    async def _announced_port(self) -> int:
        assert self._process is not None
        async with asyncio.timeout(START_SECONDS):
            while self._process.returncode is None:
                for line in self._log_path.read_text().splitlines():
                    if line.startswith("Listening on "):
                        return int(line.rpartition(":")[2])
                await asyncio.sleep(0.01)
        raise AssertionError(f"anvil ended: {self._log_path.read_text()[-2000:]}")

    async def _stop(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def ask_bytes(self, method: str, *params: object) -> bytes:
        """Return the whole JSON-RPC answer as it came."""
        assert self._http is not None
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self._http.post(self.url, json=call) as answer:
            return await answer.read()

    async def ask(self, method: str, *params: object) -> Any:
        """Return the result of a call; insist that it has one."""
        assert self._http is not None
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self._http.post(self.url, json=call) as answer:
            document = await answer.json()
        assert "result" in document, f"{method}: {document}"
        return document["result"]

    async def head_number(self) -> int:
        """Return the number of the newest block."""
        return int(await self.ask("eth_blockNumber"), 16)

    async def send(
        self,
        to: str | None,
        *,
        data: str = "0x",
        value: int = 0,
        gas: int | None = None,
        sender: int = 0,
    ) -> str:
        """Put a transaction of an account where the next block takes it; return its hash.

        With ``gas`` the node does not try it first, so it may fail inside the block.
        """
        fields: dict[str, object] = {
            "from": self.accounts[sender],
            "data": data,
            "value": hex(value),
        }
        if to is not None:
            fields["to"] = to
        if gas is not None:
            fields["gas"] = hex(gas)
        return str(await self.ask("eth_sendTransaction", fields))

    async def mine(self, count: int = 1) -> None:
        """Mine blocks; the first takes everything that was sent."""
        for _ in range(count):
            await self.ask("evm_mine")

    async def raw_transaction(self, transaction_hash: str) -> str:
        """Return a transaction as signed, to be put into another block."""
        return str(await self.ask("debug_getRawTransaction", transaction_hash))

    async def reorganise(
        self, depth: int, replacements: Sequence[tuple[str | dict[str, str], int]] = ()
    ) -> None:
        """Replace the newest blocks by as many others: empty, but for the given transactions.

        Each of those is signed bytes or fields to sign, and the place of its block from 0.
        """
        await self.ask("anvil_reorg", depth, list(replacements))


@asynccontextmanager
async def run_anvil(program: Path, directory: Path) -> AsyncIterator[Anvil]:
    """Have a node running for as long as the block lasts."""
    async with Anvil(program, directory) as node:
        yield node
