"""What an index is made of: a trunk, and one table per set of fields that are to equal something.

A table leads from constants to leaves: who waits for them, and what else they ask of the record.
Most constants have one monitor and most records none, so that a miss is one lookup for all that
is asked besides, and a leaf is kept small until many wait at it. The trunk is where those wait who
ask for no equality.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias, cast

from tocsin.matching.nodes import (
    Found,
    Intervals,
    Patterns,
    Slots,
    Thresholds,
    no_slots,
    put_slot,
    take_slot,
)
from tocsin.matching.shapes import Conjunct, Kind, kind_of
from tocsin.model.activity import Comparing
from tocsin.model.interface import Simple

Row: TypeAlias = "Slots | Thresholds | Intervals | Patterns"

_Bound = int | str | None
_Item = int | tuple[int, int, _Bound, _Bound]
"""One conjunct: a slot that asks for nothing else, or slot, place of its part, and its bounds."""

_Write = Callable[[Simple], Simple]

_FEW = 8


class Part(NamedTuple):
    """What is asked besides equality: of the field at ``position`` (-1: nothing), and how.

    ``verify`` says that whoever is found has to be evaluated.
    """

    position: int
    kind: Kind
    verify: bool


PLAIN = Part(-1, Kind.PLAIN, verify=False)


def part_of(conjunct: Conjunct) -> Part:
    """Return what a conjunct asks besides equality."""
    if conjunct.position < 0 and not conjunct.verify:
        return PLAIN
    return Part(conjunct.position, kind_of(conjunct), conjunct.verify)


class Branch(list["Row | None"]):
    """A leaf where many wait: rows by the place of their part, None where nobody asks it."""

    __slots__ = ()

    def put(self, parts: Sequence[Part], item: _Item) -> None:
        """File one conjunct."""
        slot, place, low, high = _spread(item, parts)
        while len(self) <= place:
            self.append(None)
        row = self[place]
        if row is None:
            row = self[place] = _MAKERS[parts[place].kind]()
        match row:
            case Thresholds():
                row.put(cast("int", high if low is None else low), slot)
            case Intervals():
                row.put(cast("int", low), cast("int", high), slot)
            case Patterns():
                row.put(cast("str", low), slot)
            case _:
                put_slot(row, slot)

    def take(self, parts: Sequence[Part], item: _Item) -> bool:
        """Take one conjunct out; return whether it was there. A row left empty goes."""
        slot, place, low, high = _spread(item, parts)
        row = self[place] if place < len(self) else None
        match row:
            case None:
                return False
            case Thresholds():
                was_there = row.take(cast("int", high if low is None else low), slot)
            case Intervals():
                was_there = row.take(cast("int", low), cast("int", high), slot)
            case Patterns():
                was_there = row.take(cast("str", low), slot)
            case _:
                was_there = take_slot(row, slot)
        if not row:
            self[place] = None
            while self and self[-1] is None:
                del self[-1]
        return was_there


class Few(list[_Item]):
    """A leaf where a few wait: looked at one by one."""

    __slots__ = ()


Leaf = _Item | Few | Branch


class Trunk:
    """Who waits without an equality; ``parts`` are what is asked, each with its row."""

    __slots__ = ("parts", "rows")

    def __init__(self) -> None:
        self.parts: tuple[Part, ...] = ()
        self.rows = Branch()

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def shapes(self) -> int:
        """Return how many parts there are."""
        return len(self.parts)

    def asks(self, part: Part) -> bool:
        """Return whether anybody asks this."""
        return part in self.parts

    def put(self, conjunct: Conjunct, part: Part, slot: int) -> None:
        """File a slot."""
        if part not in self.parts:
            self.parts = _shared((*self.parts, part))
        self.rows.put(self.parts, _item(conjunct, part, self.parts, slot))

    def take(self, conjunct: Conjunct, part: Part, slot: int) -> bool:
        """Take a slot out, once; return whether it was there."""
        if part not in self.parts:
            return False
        was_there = self.rows.take(self.parts, _item(conjunct, part, self.parts, slot))
        kept = [each for each, row in zip(self.parts, self.rows, strict=False) if row is not None]
        if len(kept) < len(self.parts):
            self.parts = _shared(tuple(kept))
            self.rows[:] = [row for row in self.rows if row is not None]
        return was_there


class Table:
    """Who waits for constants in the fields at ``equal``.

    ``parts`` are what is asked at the leaves, and was; a place is given away once nobody asks.
    ``leaves`` is always the same object; its keys are constants, or what ``write_keys`` was given
    makes of them.
    """

    __slots__ = ("_counts", "_writers", "equal", "leaves", "parts")

    def __init__(self, equal: tuple[int, ...]) -> None:
        self.equal = equal
        self.parts: tuple[Part, ...] = ()
        self.leaves: dict[Hashable, Leaf] = {}
        self._counts: list[int] = []
        self._writers: tuple[_Write | None, ...] | None = None

    def __bool__(self) -> bool:
        return bool(self.leaves)

    def write_keys(self, comparing: Mapping[int, Comparing]) -> None:
        """Have keys as those fields are compared; the same ones each time."""
        if self._writers is not None:
            return
        self._writers = tuple(
            [comparing[each].write if each in comparing else None for each in self.equal]
        )
        if any(self._writers):
            written = {self._written(key): leaf for key, leaf in self.leaves.items()}
            self.leaves.clear()
            self.leaves.update(written)

    def _key(self, conjunct: Conjunct) -> Hashable:
        equal = conjunct.equal
        key = equal[0][1] if len(equal) == 1 else (equal[0][1], equal[1][1])
        return key if self._writers is None else self._written(key)

    def _written(self, key: Hashable) -> Hashable:
        writers = self._writers or ()
        if len(writers) == 1:
            return _write(writers[0], cast("Simple", key))
        pair = cast("tuple[Simple, Simple]", key)
        return tuple([_write(each, constant) for each, constant in zip(writers, pair, strict=True)])

    @property
    def shapes(self) -> int:
        """Return how many of the parts anybody asks."""
        return sum(map(bool, self._counts))

    def asks(self, part: Part) -> bool:
        """Return whether anybody asks this."""
        return part in self.parts and self._counts[self.parts.index(part)] > 0

    def put(self, conjunct: Conjunct, part: Part, slot: int) -> None:
        """File a slot."""
        self._counts[self._place_of(part)] += 1
        item = _item(conjunct, part, self.parts, slot)
        key = self._key(conjunct)
        leaf = self.leaves.get(key)
        if leaf is None:
            self.leaves[key] = item
        elif isinstance(leaf, Branch):
            leaf.put(self.parts, item)
        elif isinstance(leaf, Few):
            leaf.append(item)
            if len(leaf) > _FEW:
                branch = self.leaves[key] = Branch()
                for each in leaf:
                    branch.put(self.parts, each)
        else:
            self.leaves[key] = Few((leaf, item))

    def _place_of(self, part: Part) -> int:
        parts = self.parts
        if part in parts:
            return parts.index(part)
        if 0 in self._counts:
            place = self._counts.index(0)
            self.parts = _shared((*parts[:place], part, *parts[place + 1 :]))
            return place
        self.parts = _shared((*parts, part))
        self._counts.append(0)
        return len(parts)

    def take(self, conjunct: Conjunct, part: Part, slot: int) -> bool:
        """Take a slot out, once; return whether it was there. A leaf left empty goes."""
        if part not in self.parts:
            return False
        item = _item(conjunct, part, self.parts, slot)
        key = self._key(conjunct)
        leaf = self.leaves.get(key)
        if isinstance(leaf, Branch):
            was_there = leaf.take(self.parts, item)
        elif isinstance(leaf, Few):
            was_there = item in leaf
            if was_there:
                leaf.remove(item)
        else:
            was_there, leaf = leaf == item, None
        if was_there and not leaf:
            del self.leaves[key]
        self._counts[self.parts.index(part)] -= was_there
        return was_there


def pick(
    leaf: Leaf, parts: Sequence[Part], fields: Sequence[Simple], found: Found, asked: Found
) -> None:
    """Append who is met at a leaf, given the field of each part; None where it cannot be read."""
    if isinstance(leaf, int):
        found.append(((leaf,), 0, 1))
    elif isinstance(leaf, Branch):
        for part, field, row in zip(parts, fields, leaf, strict=False):
            if row is not None:
                _look(row, part, field, asked if part.verify else found)
    else:
        for item in leaf if isinstance(leaf, Few) else (leaf,):
            if isinstance(item, int):
                found.append(((item,), 0, 1))
                continue
            slot, place, low, high = item
            part = parts[place]
            if _is_met(part, fields[place], low, high):
                (asked if part.verify else found).append(((slot,), 0, 1))


def _is_met(part: Part, field: Simple, low: _Bound, high: _Bound) -> bool:
    if part.position < 0:
        return True
    if isinstance(field, int):
        return (not isinstance(low, int) or low <= field) and (
            not isinstance(high, int) or field <= high
        )
    return isinstance(field, str) and isinstance(low, str) and low in field


def _look(row: Row, part: Part, field: Simple, target: Found) -> None:
    if part.position < 0:
        slots = cast("Slots", row)
        target.append((slots, 0, len(slots)))
    elif field is not None:
        match row:
            case Thresholds() if part.kind is Kind.LOW:
                row.up_to(cast("int", field), target)
            case Thresholds():
                row.from_on(cast("int", field), target)
            case Intervals():
                row.around(cast("int", field), target)
            case _:
                cast("Patterns", row).inside(cast("str", field), target)


def _item(conjunct: Conjunct, part: Part, parts: Sequence[Part], slot: int) -> _Item:
    if part is PLAIN:
        return slot
    low = conjunct.low if conjunct.pattern is None else conjunct.pattern
    return slot, parts.index(part), low, conjunct.high


def _spread(item: _Item, parts: Sequence[Part]) -> tuple[int, int, _Bound, _Bound]:
    return (item, parts.index(PLAIN), None, None) if isinstance(item, int) else item


def _write(write: _Write | None, constant: Simple) -> Simple:
    return constant if write is None else write(constant)


_MAKERS: dict[Kind, Callable[[], Row]] = {
    Kind.PLAIN: no_slots,
    Kind.LOW: Thresholds,
    Kind.HIGH: Thresholds,
    Kind.INTERVAL: Intervals,
    Kind.PATTERN: Patterns,
}


@lru_cache(maxsize=4_096)
def _shared(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the same object for equal parts: thousands of tables ask the same."""
    return parts
