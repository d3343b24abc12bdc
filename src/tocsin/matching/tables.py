"""The tables of an index: one per shape, from constants to the slots that wait for them.

A table is a row, or where fields are to be equal to something one row for each constant, or pair.
"""

from collections.abc import Callable, Hashable
from typing import TypeAlias

from tocsin.matching.nodes import (
    Intervals,
    Patterns,
    Slots,
    Thresholds,
    no_slots,
    put_slot,
    take_slot,
)
from tocsin.matching.shapes import Conjunct, Kind, Shape

Row: TypeAlias = "Slots | Thresholds | Intervals | Patterns"
Table: TypeAlias = "Row | dict[Hashable, Row]"


def new_table(shape: Shape) -> Table:
    """Return an empty table."""
    return {} if shape.equal else _MAKERS[shape.kind]()


def put_conjunct(table: Table, conjunct: Conjunct, slot: int, kind: Kind) -> None:
    """File a slot under a conjunct of the table's shape."""
    if isinstance(table, dict):
        key = _key_of(conjunct)
        row = table.get(key)
        if row is None:
            row = table[key] = _MAKERS[kind]()
    else:
        row = table
    match row:
        case Thresholds():
            row.put(_bound(conjunct.low if kind is Kind.LOW else conjunct.high), slot)
        case Intervals():
            row.put(_bound(conjunct.low), _bound(conjunct.high), slot)
        case Patterns():
            row.put(conjunct.pattern or "", slot)
        case _:
            put_slot(row, slot)


def take_conjunct(table: Table, conjunct: Conjunct, slot: int, kind: Kind) -> bool:
    """Take a slot out, once; return whether it was there. A row left empty goes."""
    if not isinstance(table, dict):
        return _take(table, conjunct, slot, kind)
    key = _key_of(conjunct)
    row = table.get(key)
    if row is None or not _take(row, conjunct, slot, kind):
        return False
    if not row:
        del table[key]
    return True


def _take(row: Row, conjunct: Conjunct, slot: int, kind: Kind) -> bool:
    match row:
        case Thresholds():
            return row.take(_bound(conjunct.low if kind is Kind.LOW else conjunct.high), slot)
        case Intervals():
            return row.take(_bound(conjunct.low), _bound(conjunct.high), slot)
        case Patterns():
            return row.take(conjunct.pattern or "", slot)
        case _:
            return take_slot(row, slot)


def _key_of(conjunct: Conjunct) -> Hashable:
    equal = conjunct.equal
    return equal[0][1] if len(equal) == 1 else (equal[0][1], equal[1][1])


def _bound(bound: int | None) -> int:
    return 0 if bound is None else bound


_MAKERS: dict[Kind, Callable[[], Row]] = {
    Kind.PLAIN: no_slots,
    Kind.LOW: Thresholds,
    Kind.HIGH: Thresholds,
    Kind.INTERVAL: Intervals,
    Kind.PATTERN: Patterns,
}
