"""A role that could step over row-level security is refused at the start."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import conninfo

from tests.support.api import open_database
from tocsin.embedded.postgres import PostgresAddress
from tocsin.errors import UnsafeRoleError
from tocsin.storage.migrate import DatabaseUrls


@pytest.fixture
def superuser(postgres_address: PostgresAddress) -> Iterator[psycopg.Connection]:
    """Give a superuser's connection; roles belong to the server, so their changes are undone."""
    with psycopg.connect(postgres_address.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE some_dba SUPERUSER")
        connection.execute("CREATE ROLE some_peeker BYPASSRLS")
        connection.execute("CREATE ROLE some_team")
        connection.execute("CREATE ROLE some_login LOGIN PASSWORD 'some'")
        yield connection
        connection.execute("REVOKE tocsin_owner FROM tocsin_api")
        connection.execute("ALTER ROLE tocsin_api NOSUPERUSER NOBYPASSRLS")
        connection.execute("DROP ROLE some_login, some_team, some_dba, some_peeker")


async def check(url: str) -> None:
    async with open_database(url) as database:
        await database.check_role()


async def test_the_roles_that_migrating_makes_are_safe(database_urls: DatabaseUrls) -> None:
    for url in (database_urls.api, database_urls.loops):
        await check(url)


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["ALTER ROLE tocsin_api SUPERUSER"], "tocsin_api is superuser"),
        (["ALTER ROLE tocsin_api BYPASSRLS"], "tocsin_api has BYPASSRLS"),
        (["GRANT some_dba TO tocsin_api"], "some_dba, which is superuser"),
        (["GRANT some_peeker TO tocsin_api"], "some_peeker, which has BYPASSRLS"),
        (["GRANT tocsin_owner TO tocsin_api"], "tocsin_owner, which owns the tables"),
        (
            ["GRANT tocsin_owner TO tocsin_api WITH INHERIT FALSE, SET TRUE"],
            "tocsin_owner, which owns the tables",
        ),
        (
            ["GRANT some_dba TO some_team", "GRANT some_team TO tocsin_api"],
            "some_dba, which is superuser",
        ),
    ],
)
async def test_a_role_that_may_become_a_powerful_one_is_refused(
    superuser: psycopg.Connection, database_urls: DatabaseUrls, statements: list[str], reason: str
) -> None:
    for statement in statements:
        superuser.execute(statement.encode())
    with pytest.raises(UnsafeRoleError, match=reason):
        await check(database_urls.api)


async def test_a_membership_without_power_is_no_reason_to_refuse(
    superuser: psycopg.Connection, database_urls: DatabaseUrls
) -> None:
    superuser.execute("GRANT some_team TO tocsin_api")
    await check(database_urls.api)


async def test_a_powerful_login_that_set_a_role_is_refused(
    superuser: psycopg.Connection, database_urls: DatabaseUrls
) -> None:
    superuser.execute("GRANT tocsin_api, some_peeker TO some_login")
    url = conninfo.make_conninfo(
        database_urls.api, user="some_login", password="some", options="-c role=tocsin_api"
    )
    with pytest.raises(UnsafeRoleError, match="some_peeker, which has BYPASSRLS"):
        await check(url)
