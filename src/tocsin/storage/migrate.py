"""Roles, database and schema: run by one process at a time, before anything else.

Three login roles besides the superuser: the owner runs migrations only, ``tocsin_api`` and
``tocsin_loops`` live under row-level security. None in use can step over it.
"""

from dataclasses import dataclass
from importlib.resources import as_file, files
from urllib.parse import quote

import psycopg
from psycopg import conninfo, sql

from tocsin.errors import SettingsError, StorageUnavailableError
from tocsin.storage.pool import one_line

OWNER_ROLE = "tocsin_owner"
API_ROLE = "tocsin_api"
LOOPS_ROLE = "tocsin_loops"
# Any fixed number will do; the same in every version, so that two never migrate together.
MIGRATION_LOCK = 0x746F6373696E


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrls:
    """Connection strings of the three roles; each carries a password."""

    owner: str
    api: str
    loops: str


def prepare_database(superuser_conninfo: str, database: str, passwords: DatabaseUrls) -> None:
    """Create the three roles and the database where they lack, as the embedded superuser.

    ``passwords`` holds each role's password, not a URL; they are set on every call, so that
    none needs to be kept.

    Raises:
        StorageUnavailableError: the server does not answer.
    """
    with _connect(superuser_conninfo) as connection:
        for role, password in (
            (OWNER_ROLE, passwords.owner),
            (API_ROLE, passwords.api),
            (LOOPS_ROLE, passwords.loops),
        ):
            _create_role(connection, role, password)
        exists = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", (database,)
        ).fetchone()
        if exists is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(database), sql.Identifier(OWNER_ROLE)
                )
            )


def embedded_urls(superuser_conninfo: str, database: str, passwords: DatabaseUrls) -> DatabaseUrls:
    """Return connection strings of the three roles to the superuser's server."""

    def url(role: str, password: str) -> str:
        return conninfo.make_conninfo(
            superuser_conninfo, user=role, password=password, dbname=database
        )

    return DatabaseUrls(
        owner=url(OWNER_ROLE, passwords.owner),
        api=url(API_ROLE, passwords.api),
        loops=url(LOOPS_ROLE, passwords.loops),
    )


def migrate(urls: DatabaseUrls) -> int:
    """Bring the schema up to date and return how many migrations were applied.

    Missing roles are created with the passwords of the URLs if the owner may do so.

    Raises:
        StorageUnavailableError: the server does not answer.
        SettingsError: a role is missing and the owner may not create it.
    """
    with _connect(urls.owner) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        _require_roles(connection, urls)
        applied = _apply_migrations(urls.owner)
        connection.execute(
            """SELECT ensure_partitions(now()), ensure_partitions(now() + interval '1 month')"""
        )
        return applied


def _connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as cause:
        raise StorageUnavailableError(f"the database does not answer: {one_line(cause)}") from cause


def _create_role(
    connection: psycopg.Connection[tuple[object, ...]], role: str, password: str
) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
    connection.execute(
        sql.SQL("{} {} LOGIN PASSWORD {}").format(verb, sql.Identifier(role), sql.Literal(password))
    )


def _require_roles(connection: psycopg.Connection[tuple[object, ...]], urls: DatabaseUrls) -> None:
    for role, url in ((API_ROLE, urls.api), (LOOPS_ROLE, urls.loops)):
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
            continue
        parts = conninfo.conninfo_to_dict(url)
        try:
            _create_role(connection, role, str(parts.get("password") or ""))
        except psycopg.errors.InsufficientPrivilege as cause:
            raise SettingsError(
                f"database role {role} is missing and the owner may not create it: "
                f"run CREATE ROLE {role} LOGIN PASSWORD '…' once"
            ) from cause


def _apply_migrations(owner_url: str) -> int:
    # Imported here: only the one process that migrates needs it.
    from yoyo import get_backend, read_migrations

    with as_file(files("tocsin.storage") / "migrations") as folder:
        migrations = read_migrations(str(folder))
        backend = get_backend(_yoyo_url(owner_url))
        try:
            wanted = backend.to_apply(migrations)
            backend.apply_migrations(wanted)
            return len(wanted)
        finally:
            backend.connection.close()


def _yoyo_url(owner_url: str) -> str:
    parts = {key: str(value) for key, value in conninfo.conninfo_to_dict(owner_url).items()}
    database, user = quote(parts.pop("dbname", "")), quote(parts.pop("user", ""), safe="")
    password = quote(parts.pop("password", ""), safe="")
    host, port = parts.pop("host", "localhost"), parts.pop("port", "5432")
    if host.startswith("/"):
        return (
            f"postgresql+psycopg://{user}:{password}@/{database}"
            f"?host={quote(host, safe='')}&port={port}"
        )
    return f"postgresql+psycopg://{user}:{password}@{host}:{port}/{database}"
