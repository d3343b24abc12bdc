"""What an index is made of, against the plainest way to find the same."""

from random import Random

import pytest
from typing_extensions import override

from tocsin.matching.nodes import (
    PAGE,
    Found,
    Intervals,
    Patterns,
    Thresholds,
    put_slot,
    slots_in,
    take_slot,
)
from tocsin.matching.nodes import no_slots as none

HUGE = 2**256


def slots_of(found: Found) -> list[int]:
    return sorted(slots_in(found))


def test_slots_stay_sorted() -> None:
    slots = none()
    for slot in (5, 1, 3, 9, 3):
        put_slot(slots, slot)
    assert slots.tolist() == [1, 3, 3, 5, 9]
    assert [take_slot(slots, 3), take_slot(slots, 4)] == [True, False]
    assert slots.tolist() == [1, 3, 5, 9]


def up_to(thresholds: Thresholds, number: int) -> list[int]:
    found: Found = []
    thresholds.up_to(number, found)
    return [*slots_in(found)]


def from_on(thresholds: Thresholds, number: int) -> list[int]:
    found: Found = []
    thresholds.from_on(number, found)
    return [*slots_in(found)]


def test_thresholds_give_slices() -> None:
    thresholds = Thresholds()
    for slot, number in enumerate((5, -2, 5, HUGE)):
        thresholds.put(number, slot)
    assert up_to(thresholds, 5) == [1, 0, 2]
    assert from_on(thresholds, 5) == [0, 2, 3]
    assert thresholds.take(5, 2)
    assert not thresholds.take(5, 2)
    assert up_to(thresholds, HUGE) == [1, 0, 3]
    assert up_to(thresholds, -3) == []
    assert from_on(thresholds, HUGE + 1) == []


@pytest.mark.parametrize("spread", [1, 40, HUGE])
def test_thresholds_on_many_pages_give_the_same(spread: int) -> None:
    chance = Random(spread)
    thresholds = Thresholds()
    filed = [(chance.randrange(-spread, spread), slot) for slot in range(5 * PAGE)]
    for number, slot in filed:
        thresholds.put(number, slot)
    assert thresholds.pages is not None
    for number, slot in filed[::3]:
        assert thresholds.take(number, slot)
        assert not thresholds.take(number, slot)
    kept = sorted(each for place, each in enumerate(filed) if place % 3)
    bounds = [-spread - 1, spread, kept[0][0], kept[-1][0], *chance.sample(range(-40, 40), 20)]
    for bound in bounds:
        assert up_to(thresholds, bound) == [slot for number, slot in kept if number <= bound]
        assert from_on(thresholds, bound) == [slot for number, slot in kept if number >= bound]
    for number, slot in kept:
        assert thresholds.take(number, slot)
    assert not thresholds
    assert (up_to(thresholds, spread), from_on(thresholds, -spread)) == ([], [])
    assert not thresholds.take(0, 0)
    thresholds.put(7, 1)
    assert up_to(thresholds, 7) == [1]


@pytest.mark.parametrize("spread", [4, 60, HUGE])
def test_intervals_around_a_number_are_found(spread: int) -> None:
    chance = Random(spread)
    intervals = Intervals()
    filed: list[tuple[int, int, int]] = []
    for slot in range(200):
        low, high = sorted(chance.randrange(-spread, spread) for _ in range(2))
        intervals.put(low, high, slot)
        filed.append((low, high, slot))
    for low, high, slot in filed[::3]:
        assert intervals.take(low, high, slot)
        assert not intervals.take(low, high, slot)
    kept = [each for place, each in enumerate(filed) if place % 3]
    numbers = [chance.randrange(-spread, spread) for _ in range(50)]
    for number in [*numbers, *(low for low, _, _ in kept), *(high for _, high, _ in kept)]:
        found: Found = []
        intervals.around(number, found)
        assert slots_of(found) == [slot for low, high, slot in kept if low <= number <= high]
    for each in kept:
        intervals.take(*each)
    assert len(intervals) == 0


@pytest.mark.parametrize("count", [5, 300])
def test_patterns_inside_a_text_are_found(count: int) -> None:
    chance = Random(count)

    def word(length: int) -> str:
        return "".join(chance.choice("ab") for _ in range(length))

    patterns = Patterns()
    filed = [(word(chance.choice((1, 2, 3, 5, 9, 70))), slot) for slot in range(count)]
    for each in filed:
        patterns.put(*each)
    for each in filed[::4]:
        assert patterns.take(*each)
    kept = [each for place, each in enumerate(filed) if place % 4]
    for text in ["", *(word(chance.randrange(90)) for _ in range(20)), kept[0][0] * 2]:
        found: Found = []
        patterns.inside(text, found)
        assert slots_of(found) == [slot for pattern, slot in kept if pattern in text]
    for each in kept:
        patterns.take(*each)
    assert len(patterns) == 0
    assert not patterns.take("a", 1)


def test_a_text_that_repeats_itself_is_searched_once_for_each_pattern() -> None:
    patterns = Patterns()
    for slot in range(100):
        patterns.put("0" * (64 + slot), slot)
    patterns.put("0" * 80 + "1", 100)
    text = CountedText("0" * 20_000)
    found: Found = []
    patterns.inside(text, found)
    assert slots_of(found) == list(range(100))
    assert text.searches <= 101


class CountedText(str):
    """A text that counts how often it is searched."""

    searches = 0

    @override
    def __contains__(self, piece: object) -> bool:
        self.searches += 1
        return isinstance(piece, str) and self.find(piece) >= 0
