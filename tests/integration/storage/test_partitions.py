"""Months get their own partitions near today, and share the default one further away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from tocsin.storage.migrate import DatabaseUrls

PARENTS = {"matches", "matched_transactions", "deliveries", "delivery_attempts"}


@pytest.fixture
def loops(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_urls.loops, autocommit=True) as connection:
        yield connection


@pytest.fixture
def edge_month(loops: psycopg.Connection) -> datetime:
    """Give the first moment of the month that is 400 days old by now."""
    edge = one(loops, "SELECT now() - interval '400 days'")
    assert isinstance(edge, datetime)
    return edge.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def one(connection: psycopg.Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]


def store_row(connection: psycopg.Connection, at: datetime) -> str:
    """Store a row of that time and return the table it went to."""
    where = one(
        connection,
        """INSERT INTO matched_transactions VALUES (%s, %s, '0x', '0x', '')
           RETURNING tableoid::regclass::text""",
        at,
        uuid4(),
    )
    return str(where)


def ensure(connection: psycopg.Connection, at: datetime) -> None:
    connection.execute("SELECT ensure_partitions(%s)", (at,))


def partitions_of(connection: psycopg.Connection, month: datetime) -> set[str]:
    """Return which tables have a partition for a month."""
    return {
        parent
        for parent in PARENTS
        if one(connection, "SELECT to_regclass(%s)::text", f"{parent}_{month:%Y%m}") is not None
    }


def test_a_month_at_the_edge_has_its_partition_from_its_first_row_on(
    loops: psycopg.Connection, edge_month: datetime
) -> None:
    last = edge_month + timedelta(days=27, hours=23)
    tables = []
    for at in (edge_month, last):
        ensure(loops, at)
        tables.append(store_row(loops, at))
    assert tables == [f"matched_transactions_{edge_month:%Y%m}"] * 2


def test_a_month_before_the_edge_shares_the_default_partition(
    loops: psycopg.Connection, edge_month: datetime
) -> None:
    before = edge_month - timedelta(seconds=1)
    ensure(loops, before)
    assert (store_row(loops, before), partitions_of(loops, before)) == (
        "matched_transactions_default",
        set(),
    )


def test_a_month_with_rows_in_the_default_partition_stays_there(
    loops: psycopg.Connection, edge_month: datetime
) -> None:
    at = edge_month + timedelta(days=40)
    tables = []
    for _ in range(2):
        tables.append(store_row(loops, at))
        ensure(loops, at)
    assert tables == ["matched_transactions_default"] * 2
    assert partitions_of(loops, at) == PARENTS - {"matched_transactions"}


def test_a_far_future_month_shares_the_default_partition(loops: psycopg.Connection) -> None:
    far = datetime(2199, 5, 5, tzinfo=UTC)
    ensure(loops, far)
    assert partitions_of(loops, far) == set()
