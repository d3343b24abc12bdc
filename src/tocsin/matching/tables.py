"""The tables of an index: one per set of fields that are to be equal to something.

A table leads from constants to leaves: who waits for them, and what else they ask of the record.
Most constants have one monitor and most records none, so that a miss is one lookup for all that
is asked besides, and a leaf is kept small until many wait at it.
"""

from collections.abc import Callable, Hashable, Sequence
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
from tocsin.model.interface import Simple

Row: TypeAlias = "Slots | Thresholds | Intervals | Patterns"
Branch = dict[int, Row]
"""Rows by the place of their part: the leaf where many wait."""

_Bound = int | str | None
_Item = int | tuple[int, int, _Bound, _Bound]
"""One conjunct: a slot that asks for nothing else, or slot, place of its part, and its bounds."""

Leaf = _Item | list[_Item] | Branch

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


class Table:
    """Leaves by the constants of one set of equal fields.

    ``parts`` are what is asked at its leaves; their places do not change while anybody asks.
    ``leaves`` is always the same object. Without equal fields there is one leaf, ``trunk``.
    """

    __slots__ = ("_counts", "leaves", "parts", "trunk")

    def __init__(self, equal: Sequence[int]) -> None:
        self.parts: tuple[Part, ...] = ()
        self.leaves: dict[Hashable, Leaf] = {}
        self.trunk: Branch | None = None if equal else {}
        self._counts: list[int] = []

    def __bool__(self) -> bool:
        return bool(self.leaves or self.trunk)

    @property
    def asked(self) -> int:
        """Return how many of the parts anybody asks now."""
        return sum(map(bool, self._counts))

    def has(self, part: Part) -> bool:
        """Return whether anybody asks this now."""
        return part in self.parts and bool(self._counts[self.parts.index(part)])

    def put(self, conjunct: Conjunct, part: Part, slot: int) -> bool:
        """File a slot; return whether that changes what a lookup has to do."""
        is_new = part not in self.parts
        if is_new:
            self.parts = _shared((*self.parts, part))
            self._counts.append(0)
        place = self.parts.index(part)
        self._counts[place] += 1
        if self.trunk is not None:
            is_new = place not in self.trunk
            _put_in(self.trunk, self.parts, _item(conjunct, part, place, slot))
            return is_new
        key = _key_of(conjunct)
        item = _item(conjunct, part, place, slot)
        leaf = self.leaves.get(key)
        if leaf is None:
            self.leaves[key] = item
        elif isinstance(leaf, dict):
            _put_in(leaf, self.parts, item)
        else:
            self.leaves[key] = self._grown(leaf, item)
        return is_new

    def _grown(self, leaf: _Item | list[_Item], item: _Item) -> Leaf:
        if not isinstance(leaf, list):
            return [leaf, item]
        leaf.append(item)
        if len(leaf) <= _FEW:
            return leaf
        branch: Branch = {}
        for each in leaf:
            _put_in(branch, self.parts, each)
        return branch

    def take(self, conjunct: Conjunct, part: Part, slot: int) -> tuple[bool, bool]:
        """Take a slot out, once; return whether it was there, and what ``put`` returns.

        A row or leaf that is left empty goes.
        """
        if part not in self.parts:
            return False, False
        place = self.parts.index(part)
        item = _item(conjunct, part, place, slot)
        if self.trunk is not None:
            was_there = _take_from(self.trunk, self.parts, item)
            is_changed = place not in self.trunk
        else:
            was_there = self._take_leaf(_key_of(conjunct), item)
            is_changed = False
        self._counts[place] -= was_there
        while self._counts and not self._counts[-1]:
            del self._counts[-1]
            self.parts = _shared(self.parts[:-1])
        return was_there, is_changed

    def _take_leaf(self, key: Hashable, item: _Item) -> bool:
        leaf = self.leaves.get(key)
        if isinstance(leaf, dict):
            was_there = _take_from(leaf, self.parts, item)
        elif isinstance(leaf, list):
            was_there = item in leaf
            if was_there:
                leaf.remove(item)
        elif leaf != item:
            return False
        else:
            del self.leaves[key]
            return True
        if not leaf:
            del self.leaves[key]
        return was_there


def pick(
    leaf: Leaf, parts: Sequence[Part], fields: Sequence[Simple], found: Found, asked: Found
) -> None:
    """Append who is met at a leaf, given the field of each part; None where it cannot be read."""
    if isinstance(leaf, int):
        found.append(((leaf,), 0, 1))
    elif isinstance(leaf, dict):
        for place, row in leaf.items():
            _look(row, parts[place], fields[place], asked if parts[place].verify else found)
    else:
        for item in leaf if isinstance(leaf, list) else (leaf,):
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
            case Patterns():
                row.inside(cast("str", field), target)
            case _:
                raise TypeError(row)


def _item(conjunct: Conjunct, part: Part, place: int, slot: int) -> _Item:
    if part is PLAIN:
        return slot
    low = conjunct.low if conjunct.pattern is None else conjunct.pattern
    return slot, place, low, conjunct.high


def _put_in(branch: Branch, parts: Sequence[Part], item: _Item) -> None:
    slot, place, low, high = (
        (item, parts.index(PLAIN), None, None) if isinstance(item, int) else item
    )
    row = branch.get(place)
    if row is None:
        row = branch[place] = _MAKERS[parts[place].kind]()
    match row:
        case Thresholds():
            row.put(cast("int", high if low is None else low), slot)
        case Intervals():
            row.put(cast("int", low), cast("int", high), slot)
        case Patterns():
            row.put(cast("str", low), slot)
        case _:
            put_slot(row, slot)


def _take_from(branch: Branch, parts: Sequence[Part], item: _Item) -> bool:
    slot, place, low, high = (
        (item, parts.index(PLAIN), None, None) if isinstance(item, int) else item
    )
    row = branch.get(place)
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
        del branch[place]
    return was_there


def _key_of(conjunct: Conjunct) -> Hashable:
    equal = conjunct.equal
    return equal[0][1] if len(equal) == 1 else (equal[0][1], equal[1][1])


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
