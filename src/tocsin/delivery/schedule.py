"""How often a message was tried → when to try again, or never. Pure.

Source: the example schedule of the Standard Webhooks specification, "Deliverability and
reliability", with one more step at the start.
"""

import math
from datetime import datetime, timedelta
from random import Random

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""The wait after each finished attempt; the first attempt is immediate. About 3 days 4 hours."""

JITTER = 0.08
"""Share of a wait it may be shorter or longer by: what broke together need not return together.

Below 1/11, or a wait of 20 hours could come out longer than the one of 24 that follows it.
"""

LONGEST_RETRY_AFTER = timedelta(hours=24)
"""What a far side may ask for and get; beyond it, it could keep a message from ever ending."""


def next_attempt_at(
    attempt_count: int, now: datetime, retry_after_seconds: float | None, rng: Random
) -> datetime | None:
    """Return when to try again after ``attempt_count`` finished attempts, or None to give up.

    Never before ``now``; at once where nothing was tried. A ``Retry-After`` can only make the
    wait longer: it is honoured up to 24 hours, and never adds an attempt.

    Raises:
        ValueError: a negative count.
    """
    if attempt_count < 0:
        raise ValueError(f"{attempt_count} attempts were never made")
    if attempt_count == 0:
        return now
    if attempt_count > len(DELAYS):
        return None
    planned = DELAYS[attempt_count - 1] * rng.uniform(1 - JITTER, 1 + JITTER)
    asked = _bounded(retry_after_seconds) * rng.uniform(1, 1 + JITTER)
    return now + max(planned, asked)


def _bounded(retry_after_seconds: float | None) -> timedelta:
    if retry_after_seconds is None or math.isnan(retry_after_seconds):
        return timedelta()
    longest = LONGEST_RETRY_AFTER.total_seconds()
    return timedelta(seconds=min(max(retry_after_seconds, 0.0), longest))
