"""Conjuncts of every form in one index: it finds those that hold, and sorts them by certainty."""

from collections.abc import Iterator, Mapping
from itertools import product

import pytest

from tests.support.matching import a_layout
from tocsin.matching.index import Index
from tocsin.matching.nodes import slots_in
from tocsin.matching.shapes import Conjunct
from tocsin.model.activity import Access, Reader, Record
from tocsin.model.interface import Simple, ValueType

LAYOUT = a_layout(
    ("a", ValueType.UINT), ("b", ValueType.UINT), ("n", ValueType.UINT), ("what", ValueType.TEXT)
)
EQUALITIES: tuple[tuple[tuple[int, int], ...], ...] = ((), ((0, 1),), ((0, 1), (1, 2)))
ROWS: list[tuple[Simple, ...]] = list(
    product((1, 5, None), (2, 6), (None, 3, 7, 2**255), (None, "xAby", "q", "3"))
)


def forms() -> Iterator[Conjunct]:
    """Yield one conjunct for each combination of what is asked."""
    for equal, verify in product(EQUALITIES, (False, True)):
        yield Conjunct(equal, verify=verify)
        yield Conjunct(equal, 2, low=5, verify=verify)
        yield Conjunct(equal, 2, high=5, verify=verify)
        yield Conjunct(equal, 2, low=3, high=7, verify=verify)
        yield Conjunct(equal, 3, pattern="ab", verify=verify)


FORMS = list(forms())


def holds(conjunct: Conjunct, row: tuple[Simple, ...]) -> bool:
    if any(row[position] != constant for position, constant in conjunct.equal):
        return False
    if conjunct.position < 0:
        return True
    field = row[conjunct.position]
    if conjunct.pattern is not None:
        return isinstance(field, str) and conjunct.pattern in field.lower()
    if not isinstance(field, int):
        return False
    return (conjunct.low is None or conjunct.low <= field) and (
        conjunct.high is None or field <= conjunct.high
    )


def read(position: int) -> Reader:
    def field(record: Record) -> Simple:
        assert isinstance(record, tuple)
        value: Simple = record[position]
        return value

    return field


ACCESS = Access(reader=read, fits="True")


def check(index: Index, filed: Mapping[int, Conjunct]) -> None:
    probe = index.probe or index.bind(ACCESS)
    for row in ROWS:
        answer = probe(row)
        assert answer is not None
        found, asked, _ = answer if isinstance(answer, tuple) else (answer, [], False)
        met = {slot for slot, conjunct in filed.items() if holds(conjunct, row)}
        certain = {slot for slot in met if not filed[slot].verify}
        assert (sorted(slots_in(found)), sorted(slots_in(asked))) == (
            sorted(certain),
            sorted(met - certain),
        )


@pytest.mark.parametrize("copies", [1, 3, 12])
def test_each_form_is_found_where_it_holds(copies: int) -> None:
    index = Index("e:1", LAYOUT)
    filed = dict(enumerate(FORMS * copies))
    for slot, conjunct in filed.items():
        index.insert((conjunct,), slot)
    check(index, filed)
    while filed:
        for slot in list(filed)[::3]:
            index.remove((filed.pop(slot),), slot)
        check(index, filed)
    assert not index


@pytest.mark.parametrize("copies", [1, 3, 12])
def test_who_was_not_filed_takes_nobody_out(copies: int) -> None:
    index = Index("e:1", LAYOUT)
    for conjunct in FORMS:
        filed = dict.fromkeys(range(copies), conjunct)
        for slot in filed:
            index.insert((conjunct,), slot)
        for other in FORMS:
            index.remove((other,), 99)
        check(index, filed)
        for slot in filed:
            index.remove((conjunct,), slot)
        assert not index
