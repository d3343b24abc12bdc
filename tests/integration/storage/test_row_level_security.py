"""What each database role can see and do, asked in plain SQL, past all of our own code."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import errors, sql

from tests.support.api import a_network, open_database, run_api
from tests.support.found import store_found
from tocsin.storage.migrate import DatabaseUrls

TENANT_TABLES = """
SELECT c.relname::text, c.relrowsecurity AND c.relforcerowsecurity
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND a.attname = 'tenant_id' AND NOT a.attisdropped
ORDER BY 1"""

# Pairs of tables that both say whose their rows are, and the columns that tie them.
FOREIGN_KEYS = """
SELECT k.conrelid::regclass::text, k.confrelid::regclass::text,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey))
FROM pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0
  AND EXISTS (SELECT 1 FROM pg_attribute a
              WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id')
  AND EXISTS (SELECT 1 FROM pg_attribute a
              WHERE a.attrelid = k.confrelid AND a.attname = 'tenant_id')
ORDER BY 1, 2"""

# Not filled by setting tenants up.
EMPTY = {"contract_specs", "coverage_exceptions", "monitor_effects", "monitor_specs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A database in which two tenants are set up alike."""

    urls: DatabaseUrls
    mine: str
    theirs: str

    def ask(
        self, role_url: str, query: sql.SQL | sql.Composed, *, tenant: str = ""
    ) -> list[tuple[object, ...]]:
        """Return the rows that a role sees, speaking for a tenant or for nobody."""
        with psycopg.connect(role_url) as connection:
            connection.execute("SELECT set_config('app.tenant_id', %s, true)", (tenant,))
            rows: list[tuple[object, ...]] = connection.execute(query).fetchall()
            return rows

    def owners(self, role_url: str, table: str, *, tenant: str = "") -> set[object]:
        """Return whose rows of a table a role sees."""
        column = sql.Identifier("id" if table == "tenants" else "tenant_id")
        query = sql.SQL("SELECT DISTINCT {}::text FROM {}").format(column, sql.Identifier(table))
        return {row[0] for row in self.ask(role_url, query, tenant=tenant)}

    def tables(self) -> list[str]:
        """Return every table whose rows belong to a tenant and that has some."""
        with psycopg.connect(self.urls.owner) as connection:
            rows = connection.execute(TENANT_TABLES).fetchall()
        # Partitions have no policy of their own: they are reached through their parents.
        names = {str(name) for name, _ in rows if not str(name)[-1].isdigit()}
        names = {name for name in names if not name.endswith("_default")}
        return sorted(names - EMPTY)


@pytest.fixture
async def setup(database_urls: DatabaseUrls) -> AsyncIterator[Setup]:
    """Give two tenants with the same names and addresses."""
    ids = []
    async with run_api(database_urls) as api, open_database(database_urls.loops) as loops:
        for slug in ("mine", "theirs"):
            key = await api.create_tenant(slug)
            await api.configure(slug, key)
            body = a_network(slug="private")
            await api.expect(201, "POST", f"/tenants/{slug}/networks", key=key, body=body)
            await store_found(loops, slug)
            tenant = await api.expect(200, "GET", f"/tenants/{slug}", key=key)
            ids.append(tenant.json()["id"])
        yield Setup(urls=database_urls, mine=ids[0], theirs=ids[1])


async def test_the_api_sees_the_rows_of_the_one_tenant_it_speaks_for(setup: Setup) -> None:
    seen = {
        table: setup.owners(setup.urls.api, table, tenant=setup.mine) for table in setup.tables()
    }
    platform = seen.pop("networks")
    assert platform == {None, setup.mine}
    assert seen == {table: {setup.mine} for table in seen}


async def test_the_api_sees_nothing_while_it_speaks_for_nobody(setup: Setup) -> None:
    tables = [*setup.tables(), "tenants"]
    assert {table: setup.owners(setup.urls.api, table) for table in tables} == {
        table: set() for table in tables
    }


async def test_the_loops_see_one_tenant_where_they_say_for_whom_they_read(setup: Setup) -> None:
    tables = [table for table in setup.tables() if table not in ("api_keys", "networks")]
    seen = {table: setup.owners(setup.urls.loops, table, tenant=setup.mine) for table in tables}
    assert seen == {table: {setup.mine} for table in tables}


async def test_chain_facts_are_seen_by_those_with_a_match(setup: Setup) -> None:
    count = sql.SQL("SELECT count(*) FROM matched_transactions")
    stranger = "00000000-0000-4000-8000-000000000000"
    seen = [
        setup.ask(setup.urls.api, count, tenant=tenant)[0][0]
        for tenant in (setup.mine, setup.theirs, stranger, "")
    ]
    assert seen == [1, 1, 0, 0]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM api_keys",
        "UPDATE tenant_monitors SET paused = true",
        "DELETE FROM tenant_secrets",
        "UPDATE tenants SET status = 'active'",
        "INSERT INTO tenant_networks VALUES (gen_random_uuid(), gen_random_uuid())",
    ],
)
async def test_the_loops_may_not(database_urls: DatabaseUrls, statement: str) -> None:
    with (
        psycopg.connect(database_urls.loops) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO matches (id) VALUES (gen_random_uuid())",
        "UPDATE deliveries SET status = 'delivered'",
        "DELETE FROM monitor_versions",
        "UPDATE shard_owners SET epoch = 0",
        "INSERT INTO chain_log (seq) VALUES (1)",
    ],
)
async def test_the_api_may_not(database_urls: DatabaseUrls, statement: str) -> None:
    with (
        psycopg.connect(database_urls.api) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


async def test_a_row_cannot_be_written_in_another_tenants_name(setup: Setup) -> None:
    with psycopg.connect(setup.urls.api) as connection:
        connection.execute("SELECT set_config('app.tenant_id', %s, true)", (setup.mine,))
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("UPDATE tenant_monitors SET tenant_id = %s", (setup.theirs,))


async def test_every_table_with_a_tenant_is_under_forced_row_level_security(
    database_urls: DatabaseUrls,
) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        rows = connection.execute(TENANT_TABLES).fetchall()
    unguarded = [name for name, forced in rows if not forced]
    assert (unguarded, len(rows) >= 15) == ([], True)


async def test_every_tie_between_tenants_rows_contains_the_tenant(
    database_urls: DatabaseUrls,
) -> None:
    with psycopg.connect(database_urls.owner) as connection:
        rows = connection.execute(FOREIGN_KEYS).fetchall()
    loose = {
        (child, parent)
        for child, parent, columns in rows
        if not {"tenant_id", "owner_id"} & set(columns)
    }
    assert (loose, len(rows) > 8) == (set(), True)
