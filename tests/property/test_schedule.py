from datetime import UTC, datetime, timedelta
from math import nextafter
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typing_extensions import override

from tocsin.delivery.schedule import DELAYS, JITTER, LONGEST_RETRY_AFTER, next_attempt_at

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)

# Hypothesis wants bounds without a zone.
NAIVE = NOW.replace(tzinfo=None)

rngs = st.integers(0, 2**32).map(Random)
retries = st.integers(1, len(DELAYS))
asked = st.none() | st.floats()
moments = st.datetimes(
    min_value=NAIVE.replace(year=2000), max_value=NAIVE.replace(year=2200), timezones=st.just(UTC)
)


HIGHEST = nextafter(1.0, 0.0)


class Luck(Random):
    """Randomness that always draws the same, so that the extremes can be drawn too."""

    def __init__(self, drawn: float) -> None:
        super().__init__()
        self.drawn = drawn

    @override
    def random(self) -> float:
        return self.drawn


luck = st.floats(0.0, HIGHEST).map(Luck)


def wait(attempt_count: int, retry_after_seconds: float | None, rng: Random) -> timedelta:
    next_at = next_attempt_at(attempt_count, NOW, retry_after_seconds, rng)
    assert next_at is not None
    return next_at - NOW


@given(attempt_count=retries, now=moments, retry_after=asked, rng=rngs)
def test_the_next_attempt_is_never_before_now(
    attempt_count: int, now: datetime, retry_after: float | None, rng: Random
) -> None:
    next_at = next_attempt_at(attempt_count, now, retry_after, rng)
    assert next_at is not None
    assert next_at > now


@given(now=moments, retry_after=asked, rng=rngs)
def test_the_first_attempt_is_at_once(
    now: datetime, retry_after: float | None, rng: Random
) -> None:
    assert next_attempt_at(0, now, retry_after, rng) == now


@given(attempt_count=st.integers(len(DELAYS) + 1), retry_after=asked, rng=rngs)
def test_the_schedule_ends_whatever_the_far_side_asks(
    attempt_count: int, retry_after: float | None, rng: Random
) -> None:
    assert next_attempt_at(attempt_count, NOW, retry_after, rng) is None


@given(attempt_count=st.integers(1, len(DELAYS) - 1), first=luck, second=luck)
@example(attempt_count=len(DELAYS) - 1, first=Luck(HIGHEST), second=Luck(0.0))
def test_the_waits_never_shrink(attempt_count: int, first: Luck, second: Luck) -> None:
    assert wait(attempt_count, None, first) < wait(attempt_count + 1, None, second)


@given(attempt_count=retries, retry_after=asked, rng=rngs)
def test_asking_for_a_pause_never_shortens_the_wait(
    attempt_count: int, retry_after: float | None, rng: Random
) -> None:
    state = rng.getstate()
    plain = wait(attempt_count, None, rng)
    rng.setstate(state)
    assert wait(attempt_count, retry_after, rng) >= plain


@given(attempt_count=retries, retry_after=st.floats(0, 86_400), rng=rngs)
def test_a_pause_of_up_to_a_day_is_honoured(
    attempt_count: int, retry_after: float, rng: Random
) -> None:
    # Datetimes count microseconds, so a wait may be half of one shorter.
    allowed = timedelta(microseconds=1)
    assert wait(attempt_count, retry_after, rng) >= timedelta(seconds=retry_after) - allowed


@given(attempt_count=retries, retry_after=asked, rng=rngs)
def test_no_wait_is_much_longer_than_a_day(
    attempt_count: int, retry_after: float | None, rng: Random
) -> None:
    assert wait(attempt_count, retry_after, rng) <= LONGEST_RETRY_AFTER * (1 + JITTER)


@given(attempt_count=retries, rng=rngs)
def test_the_waits_stay_close_to_the_plan(attempt_count: int, rng: Random) -> None:
    planned = DELAYS[attempt_count - 1]
    assert abs(wait(attempt_count, None, rng) - planned) <= planned * JITTER


@given(attempt_count=retries, retry_after=asked, seed=st.integers())
def test_the_same_seed_gives_the_same_time(
    attempt_count: int, retry_after: float | None, seed: int
) -> None:
    first = wait(attempt_count, retry_after, Random(seed))
    assert wait(attempt_count, retry_after, Random(seed)) == first


def test_two_deliveries_that_failed_together_do_not_return_together() -> None:
    rng = Random(1)
    assert len({wait(3, 600.0, rng) for _ in range(100)}) == 100


def test_a_message_is_tried_for_about_three_days() -> None:
    assert timedelta(days=3) < sum(DELAYS, timedelta()) < timedelta(days=3, hours=12)


def test_a_negative_count_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="never made"):
        next_attempt_at(-1, NOW, None, Random(1))
