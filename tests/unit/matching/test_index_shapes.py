"""Expressions as conjuncts, and what an index does with too many shapes."""

import msgspec
import pytest

from tests.support.matching import a_condition, a_keyed_monitor, a_layout, a_ref
from tocsin.matching.compiled import compile_monitor
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.index import MAX_SHAPES, Index
from tocsin.matching.nodes import slots_in
from tocsin.matching.plan import MatchPlan, entries_of
from tocsin.matching.shapes import MAX_CONJUNCTS, Conjunct, conjuncts_of
from tocsin.model.activity import Access, ActivityKind
from tocsin.model.interface import Layout, ValueType

A = "0x" + "a1" * 20
LAYOUT = a_layout(
    ("n", ValueType.UINT),
    ("m", ValueType.UINT),
    ("who", ValueType.ADDRESS),
    ("what", ValueType.TEXT),
    ("yes", ValueType.BOOL),
)
WIDE = a_layout(*((f"f{place}", ValueType.UINT) for place in range(40)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n == 5", Conjunct(((0, 5),))),
        ("n > 5 AND n <= 9", Conjunct((), 0, 6, 9)),
        ("n < 5", Conjunct((), 0, None, 4)),
        (f"who == {A.upper().replace('0X', '0x')}", Conjunct(((2, A),))),
        (f"n >= 1 AND who == {A}", Conjunct(((2, A),), 0, 1)),
        ("n > 1 AND m > 1", Conjunct((), 0, 2, verify=True)),
        ("what contains 'AbC'", Conjunct((), 3, pattern="abc")),
        ("what starts_with 'a'", Conjunct(verify=True)),
        ("yes != true AND n == 1", Conjunct(((0, 1), (4, False)))),
        ("n == 1 AND m == 2 AND yes == true", Conjunct(((0, 1), (1, 2)), verify=True)),
        ("n == 7 AND n > 5", Conjunct(((0, 7),))),
    ],
)
def test_an_expression_becomes_one_lookup(text: str, expected: Conjunct) -> None:
    assert conjuncts_of(parse_expression(text), LAYOUT) == (expected,)


@pytest.mark.parametrize("text", ["n > 5 AND n < 5", "n == 1 AND n == 2", "n == 1 AND n > 1"])
def test_what_contradicts_itself_is_not_filed(text: str) -> None:
    assert conjuncts_of(parse_expression(text), LAYOUT) == ()


def test_too_many_alternatives_become_one_candidate() -> None:
    text = " AND ".join(["(n == 1 OR m == 2)"] * 7)
    assert MAX_CONJUNCTS < 2**7
    assert conjuncts_of(parse_expression(text), LAYOUT) == (Conjunct(verify=True),)


def test_an_alternative_needs_the_fields_of_the_others() -> None:
    found = conjuncts_of(parse_expression("n == 1 OR m == 2"), LAYOUT)
    assert found == (Conjunct(((0, 1),), needs=(1,)), Conjunct(((1, 2),), needs=(0,)))


def pairs(layout: Layout) -> list[tuple[Conjunct, ...]]:
    places = range(len(layout.parameters))
    return [
        (Conjunct(((first, 1), (second, 1))),) for first in places for second in places[first + 1 :]
    ]


def test_shapes_are_bounded_and_what_is_beyond_is_still_found() -> None:
    index = Index("e:1", WIDE)
    filed = pairs(WIDE)
    for slot, conjuncts in enumerate(filed):
        index.insert(conjuncts, slot)
    assert index.shapes <= MAX_SHAPES + len(WIDE.parameters)
    probe = index.bind(Access(reader=lambda position: lambda _: 1, fits="True"))
    answer = probe(object())
    assert isinstance(answer, tuple)
    found, asked, is_missing = answer
    assert {*slots_in(found), *slots_in(asked)} == set(range(len(filed)))
    assert not is_missing
    for slot, conjuncts in enumerate(filed):
        index.remove(conjuncts, slot)
    assert not index


def test_one_monitor_does_not_use_up_the_shapes_of_the_others() -> None:
    text = " OR ".join(f"(f{place} == 1 AND f{place + 1} == 1)" for place in range(30))
    entries = plan_entries(text)
    assert {len(each.equal) for each in entries} == {1}
    assert all(each.verify for each in entries)


def test_simple_shapes_are_made_however_many_there_are() -> None:
    index = Index("e:1", WIDE)
    for slot, conjuncts in enumerate(pairs(WIDE)):
        index.insert(conjuncts, slot)
    before = index.shapes
    index.insert((Conjunct(position=7, low=5),), 1_000)
    assert index.shapes == before + 1
    index.remove((Conjunct(position=7, low=5),), 1_000)
    assert index.shapes == before


def plan_entries(text: str) -> tuple[Conjunct, ...]:
    condition = a_condition(ActivityKind.EVENT, "e:1", text, layout=WIDE)
    (entry,) = entries_of(compile_monitor(a_ref(), a_keyed_monitor(condition)))
    return entry.conjuncts


def test_what_a_tenant_calls_the_parameters_does_not_multiply_the_lookups() -> None:
    plan = MatchPlan()
    for number in range(1, 20):
        named = a_layout((f"p{number}", ValueType.UINT))
        layout = msgspec.structs.replace(named, positional=True)
        condition = a_condition(ActivityKind.EVENT, "e:1", f"p{number} > 1", layout=layout)
        plan.add(compile_monitor(a_ref(number), a_keyed_monitor(condition)))
    (indexes,) = plan.waiting["e"]["1"].values()
    assert len(indexes) == 1
    for number in range(1, 20):
        plan.remove(a_ref(number).id)
    assert plan.waiting == {}
