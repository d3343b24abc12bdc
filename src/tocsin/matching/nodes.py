"""Where conjuncts end up: sorted thresholds, intervals and patterns, each with monitors' slots.

A slot is a small number that stands for a monitor. What is found comes as slices of arrays, so
finding thousands costs a copy of memory and no step per monitor.
"""

from array import array
from bisect import bisect_left, bisect_right
from operator import itemgetter
from typing import TypeAlias

Slots: TypeAlias = "array[int]"

_FEW_PATTERNS = 32
_LONGEST_ANCHOR = 64


def no_slots() -> Slots:
    """Return an empty array of slots."""
    return array("I")


def put_slot(slots: Slots, slot: int) -> None:
    """File a slot in an array that is sorted."""
    if not slots or slots[-1] <= slot:
        slots.append(slot)
    else:
        slots.insert(bisect_left(slots, slot), slot)


def take_slot(slots: Slots, slot: int) -> bool:
    """Take a slot out of a sorted array, once; return whether it was there."""
    place = bisect_left(slots, slot)
    if place == len(slots) or slots[place] != slot:
        return False
    del slots[place]
    return True


class Thresholds:
    """Slots sorted by a number; the slots of equal numbers are sorted too.

    ``numbers`` and ``slots`` are parallel. Beyond one page they move to ``pages``, which is None
    before, so that filing one never moves many.
    """

    __slots__ = ("numbers", "pages", "slots")

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.slots = no_slots()
        self.pages: Pages | None = None

    def __bool__(self) -> bool:
        return bool(self.numbers) if self.pages is None else bool(self.pages)

    def put(self, number: int, slot: int) -> None:
        """File a slot under a number."""
        if self.pages is not None:
            self.pages.put(number, slot)
            return
        place = _place_in(self.numbers, self.slots, number, slot)
        self.numbers.insert(place, number)
        self.slots.insert(place, slot)
        if len(self.numbers) > PAGE:
            self.pages = Pages(self.numbers, self.slots)
            self.numbers, self.slots = [], no_slots()

    def take(self, number: int, slot: int) -> bool:
        """Take a slot out, once; return whether it was there."""
        if self.pages is not None:
            return self.pages.take(number, slot)
        return _take_from(self.numbers, self.slots, number, slot)

    def up_to(self, number: int, found: list[Slots]) -> None:
        """Append the slots whose number is not greater."""
        if self.pages is not None:
            self.pages.up_to(number, found)
            return
        place = bisect_right(self.numbers, number)
        if place:
            found.append(self.slots[:place])

    def from_on(self, number: int, found: list[Slots]) -> None:
        """Append the slots whose number is not smaller."""
        if self.pages is not None:
            self.pages.from_on(number, found)
            return
        place = bisect_left(self.numbers, number)
        if place < len(self.slots):
            found.append(self.slots[place:])


PAGE = 512
"""Slots in one page of thresholds, at most."""


class Pages:
    """Thresholds in pages of numbers and slots, none empty, each after the one before.

    What is found of whole pages are the pages themselves: good until something is filed.
    """

    __slots__ = ("_firsts", "_numbers", "_slots")

    def __init__(self, numbers: list[int], slots: Slots) -> None:
        self._firsts = [(numbers[0], slots[0])]
        self._numbers = [numbers]
        self._slots = [slots]
        self._split(0)

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def put(self, number: int, slot: int) -> None:
        """File a slot under a number."""
        if not self._firsts:
            self._firsts.append((number, slot))
            self._numbers.append([])
            self._slots.append(no_slots())
        page = max(bisect_right(self._firsts, (number, slot)) - 1, 0)
        numbers, slots = self._numbers[page], self._slots[page]
        place = _place_in(numbers, slots, number, slot)
        numbers.insert(place, number)
        slots.insert(place, slot)
        if not place:
            self._firsts[page] = (number, slot)
        if len(numbers) > PAGE:
            self._split(page)

    def _split(self, page: int) -> None:
        numbers, slots = self._numbers[page], self._slots[page]
        middle = len(numbers) // 2
        self._firsts.insert(page + 1, (numbers[middle], slots[middle]))
        self._numbers[page : page + 1] = [numbers[:middle], numbers[middle:]]
        self._slots[page : page + 1] = [slots[:middle], slots[middle:]]

    def take(self, number: int, slot: int) -> bool:
        """Take a slot out, once; return whether it was there."""
        page = bisect_right(self._firsts, (number, slot)) - 1
        if page < 0:
            return False
        numbers, slots = self._numbers[page], self._slots[page]
        if not _take_from(numbers, slots, number, slot):
            return False
        if numbers:
            self._firsts[page] = (numbers[0], slots[0])
        else:
            del self._firsts[page], self._numbers[page], self._slots[page]
        return True

    def up_to(self, number: int, found: list[Slots]) -> None:
        """Append the slots whose number is not greater."""
        page = bisect_right(self._firsts, number, key=_number_of) - 1
        if page < 0:
            return
        found += self._slots[:page]
        found.append(self._slots[page][: bisect_right(self._numbers[page], number)])

    def from_on(self, number: int, found: list[Slots]) -> None:
        """Append the slots whose number is not smaller."""
        page = max(bisect_left(self._firsts, number, key=_number_of) - 1, 0)
        if page >= len(self._firsts):
            return
        place = bisect_left(self._numbers[page], number)
        if place < len(self._numbers[page]):
            found.append(self._slots[page][place:])
        found += self._slots[page + 1 :]


_number_of = itemgetter(0)


def _place_in(numbers: list[int], slots: Slots, number: int, slot: int) -> int:
    low = bisect_left(numbers, number)
    high = bisect_right(numbers, number, low)
    return bisect_left(slots, slot, low, high)


def _take_from(numbers: list[int], slots: Slots, number: int, slot: int) -> bool:
    high = bisect_right(numbers, number)
    place = _place_in(numbers, slots, number, slot)
    if place == high or slots[place] != slot:
        return False
    del numbers[place]
    del slots[place]
    return True


class _Fork:
    """The intervals that hold one number and no rounder one."""

    __slots__ = ("highs", "lows")

    def __init__(self) -> None:
        self.lows = Thresholds()
        self.highs = Thresholds()


class Intervals:
    """Closed intervals of integers, of which those around a number are found.

    An interval is filed under the roundest number in it, the one with most trailing zero bits.
    All such numbers for the intervals around a value are known from the value alone, one for
    each count of trailing zeros, so nothing is ever rebuilt.

    Source: Kriegel, Pötke, Seidl, "Managing intervals efficiently in object-relational
    databases" (the relational interval tree).
    """

    __slots__ = ("_forks", "_levels")

    _OFFSET = 2**257  # no bound of 256 bits is negative or zero after it

    def __init__(self) -> None:
        self._forks: dict[int, _Fork] = {}
        self._levels: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._forks)

    def put(self, low: int, high: int, slot: int) -> None:
        """File a slot under an interval that is not empty."""
        level, place = self._place(low, high)
        fork = self._forks.get(place)
        if fork is None:
            fork = self._forks[place] = _Fork()
            self._levels[level] = self._levels.get(level, 0) + 1
        fork.lows.put(low, slot)
        fork.highs.put(high, slot)

    def take(self, low: int, high: int, slot: int) -> bool:
        """Take a slot out, once; return whether it was there."""
        level, place = self._place(low, high)
        fork = self._forks.get(place)
        if fork is None or not fork.lows.take(low, slot):
            return False
        fork.highs.take(high, slot)
        if not fork.lows:
            del self._forks[place]
            self._levels[level] -= 1
            if not self._levels[level]:
                del self._levels[level]
        return True

    def around(self, number: int, found: list[Slots]) -> None:
        """Append the slots of the intervals that hold a number."""
        moved = number + self._OFFSET
        forks = self._forks
        for level in self._levels:
            place = (moved >> level | 1) << level
            fork = forks.get(place)
            if fork is None:
                continue
            if moved < place:
                fork.lows.up_to(number, found)
            else:
                fork.highs.from_on(number, found)

    def _place(self, low: int, high: int) -> tuple[int, int]:
        first, last = low + self._OFFSET, high + self._OFFSET
        level = ((first - 1) ^ last).bit_length() - 1
        return level, last >> level << level


class Patterns:
    """Texts, of which those inside a longer text are found.

    A pattern is filed under its first 1, 2, 4, … 64 characters: what stands at each place of a
    text is looked up in a handful of tables, however many patterns there are. Those that begin
    like something in the text are searched for one by one.
    """

    __slots__ = ("_anchors", "_slots")

    def __init__(self) -> None:
        self._slots: dict[str, Slots] = {}
        self._anchors: dict[int, dict[str, dict[str, None]]] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def put(self, pattern: str, slot: int) -> None:
        """File a slot under a pattern that is not empty."""
        slots = self._slots.get(pattern)
        if slots is None:
            slots = self._slots[pattern] = no_slots()
            width = _anchor_width(pattern)
            self._anchors.setdefault(width, {}).setdefault(pattern[:width], {})[pattern] = None
        put_slot(slots, slot)

    def take(self, pattern: str, slot: int) -> bool:
        """Take a slot out, once; return whether it was there."""
        slots = self._slots.get(pattern)
        if slots is None or not take_slot(slots, slot):
            return False
        if not slots:
            del self._slots[pattern]
            self._forget(pattern)
        return True

    def _forget(self, pattern: str) -> None:
        width = _anchor_width(pattern)
        anchors = self._anchors[width]
        same = anchors[pattern[:width]]
        del same[pattern]
        if not same:
            del anchors[pattern[:width]]
        if not anchors:
            del self._anchors[width]

    def inside(self, text: str, found: list[Slots]) -> None:
        """Append the slots of the patterns that a text contains."""
        if len(self._slots) <= _FEW_PATTERNS:
            found += [slots for pattern, slots in self._slots.items() if pattern in text]
            return
        for width, anchors in self._anchors.items():
            grams = {text[place : place + width] for place in range(len(text) - width + 1)}
            for anchor in grams:
                # one search for each, wherever and how often the anchor stands: what a text
                # repeats must not multiply with how many begin alike
                same = anchors.get(anchor, ())
                found += [self._slots[pattern] for pattern in same if pattern in text]


def _anchor_width(pattern: str) -> int:
    width: int = 1 << (len(pattern).bit_length() - 1)
    return min(width, _LONGEST_ANCHOR)
