"""Real servers for integration tests: one PostgreSQL and one Valkey for each pytest process.

Each test that asks for ``database_urls`` gets a database of its own, cloned from a migrated
template; each that asks for ``valkey_url`` gets an empty Valkey.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql

from tocsin.embedded.directory import DataDirectory, claim_data_dir
from tocsin.embedded.postgres import EmbeddedPostgres, PostgresAddress
from tocsin.embedded.valkey import EmbeddedValkey
from tocsin.storage.migrate import (
    OWNER_ROLE,
    DatabaseUrls,
    embedded_urls,
    migrate,
    prepare_database,
)

_TEMPLATE = "tocsin_template"
_PASSWORDS = DatabaseUrls(owner="owner-password", api="api-password", loops="loops-password")
# Nothing here outlives the run, so nothing needs to reach the disk.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_numbers = count(1)
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 2**30  # two processes' servers took half of it


def _cheapest_place() -> Path | None:
    """Return a file system in memory with room for servers, or None for the usual place.

    A database is hundreds of files; some disks take 300 ms to make them, memory takes 20.
    """
    if not os.access(_MEMORY, os.W_OK):
        return None
    found = os.statvfs(_MEMORY)
    # Servers may have to be started from copies of their programs that lie beside their data.
    if found.f_flag & os.ST_NOEXEC or found.f_bavail * found.f_frsize < _MEMORY_BYTES:
        return None
    return _MEMORY


def _new_directory() -> Path:
    return Path(tempfile.mkdtemp(prefix="tocsin-test-", dir=_cheapest_place()))


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Give an empty directory that embedded servers can use, also when root runs the tests.

    Unlike ``tmp_path``, whose parents only their owner may enter.
    """
    path = _new_directory()
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def server_directory() -> Iterator[DataDirectory]:
    """Give the data directory that the run's servers share."""
    path = _new_directory()
    with claim_data_dir(path) as directory:
        yield directory
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def postgres_address(server_directory: DataDirectory) -> Iterator[PostgresAddress]:
    """Give the run's PostgreSQL server."""
    server = EmbeddedPostgres(server_directory, extra_settings=_FAST)
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def valkey_server(server_directory: DataDirectory) -> Iterator[str]:
    """Give the run's Valkey server, with whatever earlier tests left in it."""
    server = EmbeddedValkey(server_directory)
    yield server.start()
    server.stop()


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """Give the run's Valkey server, emptied."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return valkey_server


@pytest.fixture(scope="session")
def template_database(postgres_address: PostgresAddress) -> str:
    """Give the name of a migrated database that nobody is connected to."""
    superuser = postgres_address.url()
    prepare_database(superuser, _TEMPLATE, _PASSWORDS)
    migrate(embedded_urls(superuser, _TEMPLATE, _PASSWORDS))
    return _TEMPLATE


@pytest.fixture
def database_urls(
    postgres_address: PostgresAddress, template_database: str
) -> Iterator[DatabaseUrls]:
    """Give the three roles' URLs of a migrated, empty database that no other test sees."""
    name = f"tocsin_test_{next(_numbers)}"
    superuser = postgres_address.url()
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name),
                sql.Identifier(OWNER_ROLE),
                sql.Identifier(template_database),
            )
        )
    yield embedded_urls(superuser, name, _PASSWORDS)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
