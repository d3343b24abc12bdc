from datetime import UTC, datetime

import pytest

from tocsin.net.retry_after import parse_retry_after

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("999999999", 999999999.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_seconds_and_dates_are_understood(value: str, seconds: float) -> None:
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "soon", "-1", "1.5", "1e9", "٣", "9" * 5000, "Mon, 99 Nov 2026 12:00:00 GMT", ", , ,"],
)
def test_anything_else_asks_for_nothing(value: str) -> None:
    assert parse_retry_after(value, NOW) is None
