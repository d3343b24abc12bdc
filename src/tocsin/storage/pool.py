"""Sessions: one transaction each, opened and committed at the edge, in one tenant's name.

Row-level security reads the tenant from a setting that lives as long as the transaction, so a
pooled connection never carries one caller's tenant into the next.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import LiteralString

import psycopg
from psycopg import AsyncConnection, errors, sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tocsin.errors import NotFoundError, StorageUnavailableError, UnsafeRoleError
from tocsin.model.tenant import TenantScope

Row = DictRow


class Session:
    """One open transaction. The one who opened it commits it, by leaving the block."""

    def __init__(self, connection: AsyncConnection[Row]) -> None:
        self._connection = connection

    async def execute(self, query: LiteralString, **values: object) -> int:
        """Run a statement and return how many rows it touched."""
        cursor = await self._connection.execute(query, values)
        return cursor.rowcount

    async def all(self, query: LiteralString, **values: object) -> list[Row]:
        """Return every row of a query, as dictionaries by column."""
        cursor = await self._connection.execute(query, values)
        return await cursor.fetchall()

    async def one_or_none(self, query: LiteralString, **values: object) -> Row | None:
        """Return the first row of a query, or None."""
        cursor = await self._connection.execute(query, values)
        return await cursor.fetchone()

    async def one(self, query: LiteralString, **values: object) -> Row:
        """Return the first row of a query that always has one.

        Raises:
            NotFoundError: it had none.
        """
        row = await self.one_or_none(query, **values)
        if row is None:
            raise NotFoundError("row", "for this query")
        return row

    async def copy_to_temporary(
        self,
        table: LiteralString,
        columns: Sequence[LiteralString],
        rows: Iterable[Sequence[object]],
    ) -> None:
        """Fill temporary table ``new_<table>`` with the named columns, emptied at commit.

        COPY straight into a table under row-level security is refused by PostgreSQL; what
        reads this table applies the policies with its INSERT.
        """
        name = sql.Identifier(f"new_{table}")
        names = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
        await self._connection.execute(
            sql.SQL(
                """CREATE TEMPORARY TABLE IF NOT EXISTS {} ON COMMIT DELETE ROWS
                   AS SELECT {} FROM {} WITH NO DATA"""
            ).format(name, names, sql.Identifier(table))
        )
        async with self._connection.cursor() as cursor:
            copy = sql.SQL("COPY {} ({}) FROM STDIN").format(name, names)
            async with cursor.copy(copy) as stream:
                for row in rows:
                    await stream.write_row(row)


class Database:
    """A pool of connections of one database role."""

    def __init__(self, url: str, *, most_connections: int, name: str) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection[Row]] = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=most_connections,
            open=False,
            timeout=10,
            kwargs={"row_factory": dict_row, "application_name": name, "connect_timeout": 5},
            check=AsyncConnectionPool.check_connection,
            name=name,
        )
        self._url = url

    async def open(self) -> None:
        """Connect.

        Raises:
            StorageUnavailableError: PostgreSQL does not answer.
        """
        try:
            # By itself first: the pool would try for ten seconds and then not say why.
            async with await AsyncConnection.connect(self._url, connect_timeout=5):
                pass
            await self._pool.open(wait=True, timeout=10)
        except (psycopg.OperationalError, PoolTimeout) as cause:
            await self._pool.close()
            raise StorageUnavailableError(
                f"the database does not answer: {one_line(cause)}"
            ) from cause

    async def close(self) -> None:
        """Give every connection back."""
        await self._pool.close()

    @asynccontextmanager
    async def session(
        self, scope: TenantScope | None = None, *, operator: bool = False, key_id: str = ""
    ) -> AsyncIterator[Session]:
        """Open a transaction that speaks for a tenant, for the operator, or for nobody.

        Commits when the block ends well and rolls back when it raises. A cancellation that
        comes while a connection is waited for is never lost.

        Raises:
            StorageUnavailableError: PostgreSQL does not answer or broke off.
        """
        cancelled_before = _cancellations()
        try:
            async with self._pool.connection() as connection:
                _keep_cancellation(cancelled_before)
                session = Session(connection)
                await session.execute(
                    """SELECT set_config('app.tenant_id', %(tenant)s, true),
                              set_config('app.operator', %(operator)s, true),
                              set_config('app.key_id', %(key)s, true)""",
                    tenant=str(scope.tenant_id) if scope else "",
                    operator="on" if operator else "off",
                    key=key_id,
                )
                yield session
        except (
            psycopg.OperationalError,
            psycopg.InterfaceError,
            errors.AdminShutdown,
            PoolTimeout,
        ) as cause:
            _keep_cancellation(cancelled_before)
            raise StorageUnavailableError(f"the database broke off: {one_line(cause)}") from cause

    async def ping(self) -> None:
        """Return if PostgreSQL answers.

        Raises:
            StorageUnavailableError: it does not.
        """
        async with self.session() as session:
            await session.one("SELECT 1 AS one")

    async def check_role(self) -> None:
        """Make sure that the role cannot step over row-level security, by SET ROLE neither.

        Raises:
            UnsafeRoleError: it is, or may become, a role that is superuser, has BYPASSRLS or
                owns the tables.
        """
        async with self.session() as session:
            # The session's user too: RESET ROLE leads back to it. Memberships count whether or
            # not they inherit, because attributes never do: they take effect by SET ROLE.
            powerful = await session.one_or_none(
                """SELECT current_user AS name, r.rolname AS role, r.rolsuper, r.rolbypassrls,
                          o.owns
                   FROM pg_roles r, LATERAL (SELECT EXISTS (
                       SELECT 1 FROM pg_class c
                       WHERE c.relname = 'tenants' AND c.relowner = r.oid) AS owns) o
                   WHERE (r.rolsuper OR r.rolbypassrls OR o.owns)
                     AND (pg_has_role(current_user, r.oid, 'MEMBER')
                          OR pg_has_role(session_user, r.oid, 'MEMBER'))
                   ORDER BY r.rolname <> current_user, r.rolname
                   LIMIT 1"""
            )
        if powerful is not None:
            raise UnsafeRoleError(_describe_power(powerful))


def one_line(error: Exception) -> str:
    """Return what a driver's error says, which may take several lines, on one."""
    return " ".join(str(error).split())


def _cancellations() -> int:
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _keep_cancellation(cancelled_before: int) -> None:
    """Raise the cancellation that came since, if the pool or the driver swallowed it.

    Both do when what they wait for comes at the same moment; a loop would then never stop.
    """
    if _cancellations() > cancelled_before:
        raise asyncio.CancelledError


def _describe_power(row: Row) -> str:
    """Say how a role could read past row-level security: by itself or as another role."""
    reasons = [
        text
        for text, so in (
            ("is superuser", row["rolsuper"]),
            ("has BYPASSRLS", row["rolbypassrls"]),
            ("owns the tables", row["owns"]),
        )
        if so
    ]
    becomes = "" if row["role"] == row["name"] else f" may become {row['role']}, which"
    return f"database role {row['name']}{becomes} {' and '.join(reasons)}"
