"""A ``Retry-After`` header → seconds. Pure."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,9}")


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Return how many seconds from now the far side asks us to wait, or None where unreadable.

    Shape: a count of seconds, or an HTTP date; one in the past is zero. Not bounded above: the
    far side may lie, so whoever waits sets the limit.

    Source: RFC 9110 10.2.3.
    """
    text = value.strip()
    if _SECONDS.fullmatch(text) is not None:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
