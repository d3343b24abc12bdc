"""Where conjuncts end up: sorted thresholds, intervals and patterns, each with monitors' slots.

A slot is a small number that stands for a monitor. What is found are pieces of arrays, so finding
thousands costs what finding one does.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Slots: TypeAlias = "array[int]"
Found = list[tuple[Sequence[int], int, int]]
"""Who is found: slots, and from which to before which of them. Good until something is filed."""

_FEW_NUMBERS = 16
_FEW_PATTERNS = 32
_LONGEST_ANCHOR = 64


def slots_in(found: Found) -> Iterator[int]:
    """Yield the slots of who is found, as often as found."""
    for slots, start, stop in found:
        yield from slots[start:stop]


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
    """Slots sorted by a number of at most 256 bits; those of equal numbers are sorted too.

    ``numbers`` and ``slots`` are parallel, and so are ``digests``, the numbers rounded to floats:
    they lie side by side in memory, where each number is an object somewhere. They only save
    looking at numbers, and are None while these are few. Beyond one page everything moves to
    ``pages``, which is None before, so that filing one never moves many.
    """

    __slots__ = ("digests", "numbers", "pages", "slots")

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.slots = no_slots()
        self.digests: array[float] | None = None
        self.pages: Pages | None = None

    def __bool__(self) -> bool:
        return bool(self.numbers) if self.pages is None else bool(self.pages)

    def put(self, number: int, slot: int) -> None:
        """File a slot under a number."""
        if self.pages is not None:
            self.pages.put(number, slot)
            return
        place = self._place(number, slot)
        self.numbers.insert(place, number)
        self.slots.insert(place, slot)
        if self.digests is not None:
            self.digests.insert(place, float(number))
        elif len(self.numbers) > _FEW_NUMBERS:
            self._digest()
        if len(self.numbers) > PAGE:
            self.pages = Pages(self)
            self.numbers, self.slots, self.digests = [], no_slots(), None

    def take(self, number: int, slot: int) -> bool:
        """Take a slot out, once; return whether it was there."""
        if self.pages is not None:
            return self.pages.take(number, slot)
        place = self._place(number, slot)
        if place == len(self.slots) or self.slots[place] != slot or self.numbers[place] != number:
            return False
        del self.numbers[place]
        del self.slots[place]
        if self.digests is not None:
            del self.digests[place]
        return True

    def up_to(self, number: int, found: Found) -> None:
        """Append the slots whose number is not greater."""
        if self.pages is not None:
            self.pages.up_to(number, found)
            return
        place = self.right(number)
        if place:
            found.append((self.slots, 0, place))

    def from_on(self, number: int, found: Found) -> None:
        """Append the slots whose number is not smaller."""
        if self.pages is not None:
            self.pages.from_on(number, found)
            return
        place = self.left(number)
        if place < len(self.slots):
            found.append((self.slots, place, len(self.slots)))

    def left(self, number: int) -> int:
        """Return how many numbers of this page are smaller."""
        digests = self.digests
        if digests is None:
            return bisect_left(self.numbers, number)
        digest = float(number)
        low = bisect_left(digests, digest)
        if low == len(digests) or digests[low] != digest:
            return low
        return bisect_left(self.numbers, number, low, bisect_right(digests, digest, low))

    def right(self, number: int) -> int:
        """Return how many numbers of this page are not greater."""
        digests = self.digests
        if digests is None:
            return bisect_right(self.numbers, number)
        digest = float(number)
        high = bisect_right(digests, digest)
        if not high or digests[high - 1] != digest:
            return high
        return bisect_right(self.numbers, number, bisect_left(digests, digest, 0, high), high)

    def _place(self, number: int, slot: int) -> int:
        """Return where a slot is, or belongs."""
        low = self.left(number)
        if low == len(self.numbers) or self.numbers[low] != number:
            return low
        return bisect_left(self.slots, slot, low, self.right(number))

    def first(self) -> tuple[int, int]:
        """Return the first number of this page, and its slot."""
        return self.numbers[0], self.slots[0]

    def split(self) -> "Thresholds":
        """Return the second half of this page as one of its own."""
        middle = len(self.numbers) // 2
        second = Thresholds()
        second.numbers, self.numbers = self.numbers[middle:], self.numbers[:middle]
        second.slots, self.slots = self.slots[middle:], self.slots[:middle]
        second._digest()
        self._digest()
        return second

    def _digest(self) -> None:
        self.digests = array("d", map(float, self.numbers))


PAGE = 2_048
"""Slots in one page of thresholds, at most."""


class Pages:
    """Thresholds in pages, none empty, each after the one before."""

    __slots__ = ("_firsts", "_pages")

    def __init__(self, full: Thresholds) -> None:
        first = Thresholds()
        first.numbers, first.slots = full.numbers, full.slots
        self._pages = [first]
        self._firsts = [first.first()]
        self._split(0)

    def __bool__(self) -> bool:
        return bool(self._pages)

    def put(self, number: int, slot: int) -> None:
        """File a slot under a number."""
        place = max(bisect_right(self._firsts, (number, slot)) - 1, 0)
        if not self._pages:
            self._pages.append(Thresholds())
            self._firsts.append((number, slot))
        page = self._pages[place]
        if len(page.numbers) == PAGE:
            self._split(place)
            place += (number, slot) >= self._firsts[place + 1]
            page = self._pages[place]
        page.put(number, slot)
        self._firsts[place] = page.first()

    def _split(self, place: int) -> None:
        second = self._pages[place].split()
        self._pages.insert(place + 1, second)
        self._firsts.insert(place + 1, second.first())

    def take(self, number: int, slot: int) -> bool:
        """Take a slot out, once; return whether it was there."""
        place = bisect_right(self._firsts, (number, slot)) - 1
        if place < 0 or not self._pages[place].take(number, slot):
            return False
        if self._pages[place]:
            self._firsts[place] = self._pages[place].first()
        else:
            del self._firsts[place], self._pages[place]
        return True

    def up_to(self, number: int, found: Found) -> None:
        """Append the slots whose number is not greater."""
        place = bisect_left(self._firsts, (number + 1,)) - 1
        if place >= 0:
            found += [(page.slots, 0, len(page.slots)) for page in self._pages[:place]]
            self._pages[place].up_to(number, found)

    def from_on(self, number: int, found: Found) -> None:
        """Append the slots whose number is not smaller."""
        place = max(bisect_left(self._firsts, (number,)) - 1, 0)
        if place < len(self._pages):
            self._pages[place].from_on(number, found)
            found += [(page.slots, 0, len(page.slots)) for page in self._pages[place + 1 :]]


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

    def around(self, number: int, found: Found) -> None:
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

    def inside(self, text: str, found: Found) -> None:
        """Append the slots of the patterns that a text contains."""
        if len(self._slots) <= _FEW_PATTERNS:
            found += [
                (each, 0, len(each)) for pattern, each in self._slots.items() if pattern in text
            ]
            return
        for width, anchors in self._anchors.items():
            grams = {text[place : place + width] for place in range(len(text) - width + 1)}
            for anchor in grams:
                # one search for each, wherever and how often the anchor stands: what a text
                # repeats must not multiply with how many begin alike
                same = anchors.get(anchor, ())
                inside = [self._slots[pattern] for pattern in same if pattern in text]
                found += [(slots, 0, len(slots)) for slots in inside]


def _anchor_width(pattern: str) -> int:
    width: int = 1 << (len(pattern).bit_length() - 1)
    return min(width, _LONGEST_ANCHOR)
