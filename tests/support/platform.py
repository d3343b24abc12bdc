"""A whole platform as its operator has it: `tocsin up` as a process, driven through its API."""

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, LiteralString

import aiohttp
import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from typing_extensions import override

from tests.support.commands import Command, start_command
from tocsin.embedded.leftover import marked_processes, read_pid
from tocsin.embedded.postgres import EmbeddedPostgres

POLL_SECONDS = 0.02
DRAIN_SECONDS = 90.0
ANY_PORTS = {"TOCSIN_API__PORT": "0", "TOCSIN_TELEMETRY__METRICS_PORT": "0"}

# What is not yet done: rows of the log that a shard has not passed, deliveries on their way.
UNDONE: LiteralString = """
SELECT (SELECT count(*) FROM deliveries WHERE status IN ('waiting', 'ready', 'leased')) AS sending,
       (SELECT count(*) FROM shard_cursors c
        WHERE c.next_seq <= (SELECT max(l.seq) FROM chain_log l
                             WHERE l.network_id = c.network_id)) AS working"""

TIPS: LiteralString = """
SELECT DISTINCT ON (l.network_id) n.slug, l.number, l.action
FROM chain_log l JOIN networks n ON n.id = l.network_id ORDER BY l.network_id, l.seq DESC"""


class RestClient:
    """The REST API, asked with one key at a time."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.url = ""

    async def post(self, path: str, key: str, body: object) -> dict[str, Any]:
        """Create something; return the answer."""
        return await self._ask("POST", path, key, json=body)

    async def get(self, path: str, key: str) -> dict[str, Any]:
        """Read something."""
        return await self._ask("GET", path, key)

    async def list_all(self, path: str, key: str) -> list[dict[str, Any]]:
        """Return every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await self.get(
                f"{path}?limit=200" + (f"&cursor={cursor}" if cursor else ""), key
            )
            items += page["items"]
            cursor = page["next_cursor"]
        return items

    async def _ask(self, method: str, path: str, key: str, **request: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{self.url}/api/v1{path}"
        async with self._http.request(method, url, headers=headers, **request) as response:
            answer = await response.json(content_type=None)
            assert response.status < 300, f"{method} {path}: {response.status} {answer}"
            assert isinstance(answer, dict)
            return answer


class Installed(ABC):
    """Something that serves the API and does the work, whatever processes it is made of."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.operator = ""
        self.rest = RestClient(http)

    @abstractmethod
    def conninfo(self) -> str:
        """Return how to reach its database as superuser."""

    @abstractmethod
    def errors(self) -> str:
        """Return what its processes complained of."""

    async def greet(self, command: Command) -> None:
        """Learn from what a process with an API says where it is, and its first key."""
        self.rest.url = await command.find(r"^ *API +(http://\S+)")
        if not self.operator:
            self.operator = await command.find(r"operator key.*(tsn_\w+)")

    async def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        """Return rows as the superuser sees them."""
        connection = await psycopg.AsyncConnection.connect(self.conninfo(), row_factory=dict_row)
        async with connection:
            cursor = await connection.execute(query)
            return await cursor.fetchall()

    async def has_logged(self, heads: dict[str, int]) -> bool:
        """Return whether the chain logs end with those blocks."""
        tips = {row["slug"]: row["number"] for row in await self.rows(TIPS)}
        return all(tips.get(slug) == number for slug, number in heads.items())

    async def drain(self, heads: dict[str, int]) -> None:
        """Return once every block up to those heads is evaluated and everything is sent."""

        async def is_done() -> bool:
            if not await self.has_logged(heads):
                return False
            [undone] = await self.rows(UNDONE)
            return undone == {"sending": 0, "working": 0}

        try:
            await wait_until(is_done, seconds=DRAIN_SECONDS)
        except TimeoutError as cause:
            state = f"{await self.rows(TIPS)}, {await self.rows(UNDONE)}"
            raise AssertionError(f"not drained: {state}\n{self.errors()[-3000:]}") from cause


class Platform(Installed):
    """`tocsin up` on one data directory, started and killed as often as a test likes."""

    def __init__(
        self, data_dir: Path, log_path: Path, variables: dict[str, str], http: aiohttp.ClientSession
    ) -> None:
        super().__init__(http)
        self.data_dir = data_dir
        self._log_path = log_path
        self._variables = ANY_PORTS | {"TOCSIN_DATA_DIR": str(data_dir)} | variables
        self._command: Command | None = None

    @property
    def command(self) -> Command:
        assert self._command is not None
        return self._command

    async def start(self) -> None:
        """Start it, without waiting until it is ready."""
        self._command = await start_command(
            "up", log_path=self._log_path, variables=self._variables
        )

    async def ready(self) -> None:
        """Return once it runs."""
        await self.greet(self.command)

    async def kill(self, *, with_postmaster: bool = False) -> None:
        """Kill it, and its PostgreSQL if asked to; insist that no server outlives it by 5 s."""
        victims = [self.command.pid]
        postmaster = self.server_pid()
        if with_postmaster and postmaster is not None:
            victims.append(postmaster)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        await self.command.wait()
        await wait_for(lambda: not self.server_processes(), seconds=5)

    async def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        self.command.send(signal.SIGTERM)
        return await self.command.wait()

    async def close(self) -> None:
        """Make sure that nothing of it is left."""
        if self._command is not None:
            await self._command.close()
            await wait_for(lambda: not self.server_processes(), seconds=30)

    def server_processes(self) -> frozenset[int]:
        """Return the processes of this data directory's servers."""
        postgres = marked_processes(EmbeddedPostgres.mark_of(self.data_dir))
        return postgres | self.cache_processes()

    def cache_processes(self) -> frozenset[int]:
        """Return the process of this data directory's Valkey."""
        return marked_processes(str(self._valkey_socket))

    def server_pid(self) -> int | None:
        """Return the living PostgreSQL server's process, or None."""
        pid = read_pid(self.data_dir / "postgres/data/postmaster.pid")
        return pid if pid in self.server_processes() else None

    @property
    def valkey_url(self) -> str:
        return f"unix://{self._valkey_socket}"

    @property
    def _valkey_socket(self) -> Path:
        return self.data_dir / "run" / "valkey.sock"

    @override
    def conninfo(self) -> str:
        return make_conninfo(
            host=str(self.data_dir / "run"),
            user="postgres",
            password=(self.data_dir / "postgres.password").read_text(),
            dbname="tocsin",
        )

    @override
    def errors(self) -> str:
        return self.command.errors()


class SeparateRoles(Installed):
    """Every role as a process of its own, on servers that run already."""

    def __init__(
        self, superuser: str, log_dir: Path, variables: dict[str, str], http: aiohttp.ClientSession
    ) -> None:
        super().__init__(http)
        self.commands: dict[str, Command] = {}
        self._superuser = superuser
        self._log_dir = log_dir
        self._variables = ANY_PORTS | variables

    async def start(self) -> None:
        """Migrate, then start the others; return once they all run."""
        migrating = await self._start("migrate")
        assert await migrating.wait() == 0, migrating.errors()
        for role in ("api", "watch", "work", "dispatch"):
            self.commands[role] = await self._start(role)
        await self.greet(self.commands["api"])
        for command in self.commands.values():
            await command.find("(is running)")

    async def _start(self, role: str) -> Command:
        log_path = self._log_dir / f"{role}.log"
        return await start_command(role, log_path=log_path, variables=self._variables)

    async def stop(self) -> dict[str, int]:
        """Ask all to stop; return their exit statuses."""
        for command in self.commands.values():
            command.send(signal.SIGTERM)
        return {role: await command.wait() for role, command in self.commands.items()}

    async def close(self) -> None:
        """Make sure that none is left."""
        for command in self.commands.values():
            await command.close()

    @override
    def conninfo(self) -> str:
        return self._superuser

    @override
    def errors(self) -> str:
        return "\n".join(command.errors() for command in self.commands.values())


async def wait_for(condition: Callable[[], bool], *, seconds: float) -> None:
    """Return once something holds; fail when it does not in time."""

    async def ask() -> bool:
        return condition()

    await wait_until(ask, seconds=seconds)


async def wait_until(condition: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
    """Return once something that has to be asked for holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(POLL_SECONDS)
