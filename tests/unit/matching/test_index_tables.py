"""Leaves of a table: one monitor, a few, many; and what is asked there besides equality."""

from random import Random

import msgspec
import pytest

from tests.support.matching import a_layout
from tocsin.matching.index import Index
from tocsin.matching.nodes import Found, slots_in
from tocsin.matching.shapes import Conjunct
from tocsin.matching.tables import PLAIN, Table, Trunk, part_of, pick
from tocsin.model.activity import Access
from tocsin.model.interface import ValueType

A, B = "0x" + "a1" * 20, "0x" + "b2" * 20
ASKED = (
    Conjunct(((0, A),)),
    Conjunct(((0, A),), verify=True),
    Conjunct(((0, A),), 1, 5),
    Conjunct(((0, A),), 1, None, 9),
    Conjunct(((0, A),), 1, 5, 9),
    Conjunct(((0, A),), 2, pattern="abc"),
)


def met(table: Table, number: int | None, text: str | None) -> tuple[list[int], list[int]]:
    """Return who is found, and who is asked."""
    fields = [{1: number, 2: text}.get(part.position) for part in table.parts]
    found: Found = []
    asked: Found = []
    leaf = table.leaves.get(A)
    if leaf is not None:
        pick(leaf, table.parts, fields, found, asked)
    return sorted(slots_in(found)), sorted(slots_in(asked))


def holds(conjunct: Conjunct, number: int | None, text: str | None) -> bool:
    """Return whether what a conjunct asks besides equality is so."""
    if conjunct.position == 2:
        return text is not None and (conjunct.pattern or "") in text
    if conjunct.position == 1:
        low, high = conjunct.low, conjunct.high
        return number is not None and (low or 0) <= number <= (10 if high is None else high)
    return True


@pytest.mark.parametrize("count", [1, 2, 6, 30, 200])
def test_a_leaf_finds_the_same_however_many_wait_at_it(count: int) -> None:
    chance = Random(count)
    table = Table((0,))
    filed = [(chance.choice(ASKED), slot) for slot in range(count)]
    for conjunct, slot in filed:
        table.put(conjunct, part_of(conjunct), slot)
    while filed:
        for number, text in ((3, "xabcx"), (5, ""), (7, "abc"), (10, "ab"), (None, None)):
            expected: tuple[list[int], list[int]] = ([], [])
            for conjunct, slot in filed:
                if holds(conjunct, number, text):
                    expected[conjunct.verify].append(slot)
            assert met(table, number, text) == (sorted(expected[0]), sorted(expected[1]))
        conjunct, slot = filed.pop(chance.randrange(len(filed)))
        assert table.take(conjunct, part_of(conjunct), slot)
        assert not table.take(conjunct, part_of(conjunct), slot)
    assert not table


def test_constants_do_not_meet_one_another() -> None:
    table = Table((0,))
    assert not table.take(ASKED[0], PLAIN, 1)
    table.put(Conjunct(((0, B),)), PLAIN, 1)
    assert met(table, 1, "") == ([], [])
    assert not table.take(ASKED[0], PLAIN, 1)


def test_rows_of_a_trunk_go_with_the_last_who_asks() -> None:
    trunk = Trunk()
    asked = [msgspec.structs.replace(each, equal=()) for each in ASKED]
    filed = [(each, slot) for slot in range(3) for each in asked]
    for conjunct, slot in filed:
        trunk.put(conjunct, part_of(conjunct), slot)
    assert len(trunk.rows) == len(asked)
    Random(5).shuffle(filed)
    while filed:
        conjunct, slot = filed.pop()
        assert trunk.take(conjunct, part_of(conjunct), slot)
        assert not trunk.take(conjunct, part_of(conjunct), slot)
        assert {*trunk.parts} == {part_of(each) for each, _ in filed}
        assert len(trunk.rows) == len(trunk.parts)
    assert not trunk


def test_shapes_that_nobody_asks_any_more_do_not_count() -> None:
    index = Index("e:1", a_layout(*((f"f{place}", ValueType.UINT) for place in range(9))))
    index.insert((Conjunct(((0, 7),)),), 0)
    for _ in range(3):
        asked = [
            Conjunct(((0, 7),), position, low, high)
            for position in range(1, 9)
            for low, high in ((5, None), (None, 5), (5, 5))
        ]
        for slot, conjunct in enumerate(asked, 1):
            index.insert((conjunct,), slot)
        assert index.shapes == 1 + len(asked)
        probe = index.bind(
            Access(reader=lambda position: lambda _: 7 if position == 0 else 5, fits="True")
        )
        found = probe(object())
        assert isinstance(found, list)
        assert sorted(slots_in(found)) == list(range(len(asked) + 1))
        for slot, conjunct in enumerate(asked, 1):
            index.remove((conjunct,), slot)
        assert index.shapes == 1
    # another takes the place of one of them, and only those who ask it now are found by it
    index.insert((Conjunct(((0, 7),), 8, 9, verify=True),), 1)
    index.insert((Conjunct(((0, 7),), 8, 10, verify=True),), 2)
    assert index.shapes == 2
    reader = {0: 7, 8: 9}.get
    probe = index.bind(Access(reader=lambda position: lambda _: reader(position, 5), fits="True"))
    answer = probe(object())
    assert isinstance(answer, tuple)
    assert [[*slots_in(each)] for each in answer[:2]] == [[0], [1]]
