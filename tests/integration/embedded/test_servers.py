"""Real embedded servers, started, stopped, killed and started again."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tocsin.embedded.directory import DataDirectory, claim_data_dir
from tocsin.embedded.leftover import marked_processes, read_pid
from tocsin.embedded.postgres import EmbeddedPostgres
from tocsin.embedded.process import wait_while
from tocsin.embedded.valkey import EmbeddedValkey
from tocsin.errors import SettingsError

OWNER = """
import sys, threading
from pathlib import Path
from tocsin.embedded.directory import claim_data_dir
from tocsin.embedded.postgres import EmbeddedPostgres
from tocsin.embedded.valkey import EmbeddedValkey
with claim_data_dir(Path(sys.argv[1])) as directory:
    print(EmbeddedPostgres(directory).start().url(), flush=True)
    print(EmbeddedValkey(directory).start(), flush=True)
    threading.Event().wait()
"""


class Owner:
    """Another process that owns the servers of a data directory, until it is killed."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(data_dir)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.postgres_url = self.process.stdout.readline().strip()
        self.valkey_url = self.process.stdout.readline().strip()

    @property
    def postmaster(self) -> int:
        pid = read_pid(self.data_dir / "postgres/data/postmaster.pid")
        assert pid is not None
        return pid

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def owner(data_dir: Path) -> Iterator[Owner]:
    owner = Owner(data_dir)
    yield owner
    owner.kill()
    wait_while(lambda: bool(postgres_processes(data_dir)), seconds=10)


@pytest.fixture
def directory(data_dir: Path) -> Iterator[DataDirectory]:
    with claim_data_dir(data_dir) as directory:
        yield directory


def postgres_processes(directory: Path) -> frozenset[int]:
    return marked_processes(EmbeddedPostgres.mark_of(directory))


def valkey_answers(url: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(url.removeprefix("unix://")) == 0


def write_row(url: str, value: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value int)")
        connection.execute("INSERT INTO kept VALUES (%s)", (value,))


def read_rows(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]


def test_rows_are_there_after_a_clean_stop(directory: DataDirectory) -> None:
    server = EmbeddedPostgres(directory)
    write_row(server.start().url(), 1)
    server.stop()
    rows = read_rows(server.start().url())
    server.stop()
    assert rows == [1]


def test_stopping_again_is_harmless(directory: DataDirectory) -> None:
    for server in (EmbeddedPostgres(directory), EmbeddedValkey(directory)):
        server.start()
        server.stop()
        server.stop()
        assert not server.is_running


def test_the_superuser_needs_its_password(directory: DataDirectory) -> None:
    server = EmbeddedPostgres(directory)
    address = server.start()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address.url(password="wrong"))
    server.stop()


def test_the_sockets_are_out_of_reach_of_other_accounts(directory: DataDirectory) -> None:
    assert stat.S_IMODE(directory.run_dir.stat().st_mode) == 0o700


def test_neither_server_listens_on_tcp(directory: DataDirectory) -> None:
    postgres, valkey = EmbeddedPostgres(directory), EmbeddedValkey(directory)
    with psycopg.connect(postgres.start().url()) as connection:
        listening = connection.execute("SHOW listen_addresses").fetchone()
    with redis.Redis.from_url(valkey.start(), decode_responses=True) as client:
        port = client.config_get("port")
    valkey.stop()
    postgres.stop()
    assert (listening, port) == (("",), {"port": "0"})


def test_valkey_writes_nothing_to_disk(directory: DataDirectory) -> None:
    server = EmbeddedValkey(directory)
    with redis.Redis.from_url(server.start()) as client:
        client.set("key", "value")
    server.stop()
    assert list(directory.room("valkey").iterdir()) == []


def test_a_server_that_cannot_start_says_why(directory: DataDirectory) -> None:
    server = EmbeddedPostgres(directory, extra_settings={"shared_buffers": "nonsense"})
    with pytest.raises(SettingsError, match=r"FATAL.*shared_buffers") as raised:
        server.start()
    assert "\n" not in str(raised.value)


def test_a_signal_from_the_terminal_does_not_reach_the_servers(owner: Owner) -> None:
    assert os.getsid(owner.postmaster) != os.getsid(owner.process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_no_server_outlives_a_killed_owner_by_five_seconds(owner: Owner) -> None:
    owner.kill()
    assert wait_while(
        lambda: bool(postgres_processes(owner.data_dir)) or valkey_answers(owner.valkey_url),
        seconds=5,
    )


def test_the_owner_has_servers_before_it_is_killed(owner: Owner) -> None:
    assert postgres_processes(owner.data_dir)
    assert valkey_answers(owner.valkey_url)


def test_a_killed_owner_leaves_its_rows_to_the_next(owner: Owner) -> None:
    write_row(owner.postgres_url, 7)
    owner.kill()  # the next starts at once, while the old server may still be stopping
    with claim_data_dir(owner.data_dir) as directory:
        server = EmbeddedPostgres(directory)
        rows = read_rows(server.start().url())
        server.stop()
    assert rows == [7]


def test_the_next_owner_recovers_when_the_postmaster_was_killed_too(owner: Owner) -> None:
    write_row(owner.postgres_url, 8)
    os.kill(owner.postmaster, signal.SIGKILL)
    owner.kill()
    with claim_data_dir(owner.data_dir) as directory:
        server = EmbeddedPostgres(directory)
        rows = read_rows(server.start().url())
        server.stop()
    assert rows == [8]


@pytest.mark.parametrize("name", ["postgres/data/postmaster.pid", "run/.s.PGSQL.5432.lock"])
def test_a_lock_file_whose_number_was_given_to_another_process_is_no_obstacle(
    directory: DataDirectory, name: str
) -> None:
    server = EmbeddedPostgres(directory)
    server.start()
    lock_file = directory.path / name
    text = lock_file.read_text()
    server.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        lock_file.write_text(text.replace(text.partition("\n")[0], str(bystander.pid), 1))
        if directory.server_user is not None:
            os.chown(lock_file, directory.server_user.uid, directory.server_user.gid)
        server.start()
        server.stop()
        assert bystander.poll() is None
        bystander.communicate(b"\n")


def test_a_directory_in_use_names_its_owner(owner: Owner) -> None:
    with pytest.raises(SettingsError, match=f"in use by process {owner.process.pid}"):
        claim_data_dir(owner.data_dir)


def test_a_path_too_long_for_a_socket_works(data_dir: Path) -> None:
    long_path = data_dir / ("long" * 30)
    with claim_data_dir(data_dir), claim_data_dir(long_path) as directory:
        server = EmbeddedValkey(directory)
        url = server.start()
        assert valkey_answers(url)
        server.stop()
        directory.run_dir.rmdir()
