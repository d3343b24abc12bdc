"""What every integration test leans on: a database and a cache of its own."""

import psycopg
import pytest
import redis

from tocsin.storage.migrate import DatabaseUrls

TWICE = pytest.mark.parametrize("turn", [1, 2])


@TWICE
def test_each_test_has_a_database_of_its_own(database_urls: DatabaseUrls, turn: int) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        connection.execute("CREATE TABLE only_here (turn int)")
        connection.execute("INSERT INTO only_here VALUES (%s)", (turn,))


@TWICE
def test_each_test_has_an_empty_valkey(valkey_url: str, turn: int) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.set("turn", turn)


@pytest.mark.parametrize("role", ["api", "loops"])
def test_the_roles_in_use_can_connect(database_urls: DatabaseUrls, role: str) -> None:
    with psycopg.connect(getattr(database_urls, role)) as connection:
        row = connection.execute("SELECT current_user").fetchone()
    assert row == (f"tocsin_{role}",)
