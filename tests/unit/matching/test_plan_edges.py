"""What of shapes, plan and engine only odd monitors and histories reach."""

from collections.abc import Iterator

import msgspec
import pytest

from tests.support.matching import (
    FIELDS,
    NETWORK,
    HandMadeTransaction,
    a_block,
    a_condition,
    a_keyed_monitor,
    a_layout,
    a_ref,
    an_event,
)
from tocsin.matching import plan as plan_module
from tocsin.matching.compiled import CompiledMonitor, compile_monitor
from tocsin.matching.engine import match_bundle
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.plan import MatchPlan
from tocsin.matching.shapes import Conjunct, conjuncts_of, with_few_shapes
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout, Value, ValueType
from tocsin.model.monitor import KeyedCondition, StatusFilter

A = "0x" + "a1" * 20
EVENT, TRANSACTION = ActivityKind.EVENT, ActivityKind.TRANSACTION
EVM = a_layout(
    ("n", ValueType.UINT),
    ("i", ValueType.INT),
    ("who", ValueType.ADDRESS),
    ("what", ValueType.TEXT),
    ("yes", ValueType.BOOL),
    ("many", ValueType.ARRAY),
)
STELLAR = a_layout(
    ("n", ValueType.NATIVE_INT),
    ("big", ValueType.BIG_INT),
    ("who", ValueType.ADDRESS),
    family="Stellar",
)
CANDIDATE = Conjunct(verify=True)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("nobody == 1", EVM),
        ("many contains '1'", EVM),
        ("many[0] == 1", EVM),
        ("n starts_with '1'", EVM),
        ("n == true", EVM),
        (f"n == {2**256}", EVM),
        (f"who != {A}", EVM),
        ("who == 5", EVM),
        (f"who == {A[:-1]}", EVM),
        ("what == 5", EVM),
        ("what contains ''", EVM),
        ("what ends_with 'a'", EVM),
        ("yes > true", EVM),
        ("yes == 1", EVM),
        ("big == 5", STELLAR),
        ("big != 5", STELLAR),
        ("who == GA", STELLAR),
        ("n > 5 OR n < 3 OR many contains '1'", EVM),
        ("n == 5 OR nobody == 1", EVM),
    ],
)
def test_what_no_lookup_decides_is_evaluated_for_every_record(text: str, layout: Layout) -> None:
    assert conjuncts_of(parse_expression(text), layout) == (CANDIDATE,)


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        ("i > -3", EVM, Conjunct(position=1, low=-2)),
        ("n < 7", STELLAR, Conjunct(position=0, high=6)),
        ("big >= 7", STELLAR, Conjunct(position=1, low=7)),
        (f"who == {'g' + 'a' * 55}", STELLAR, Conjunct(((2, "G" + "A" * 55),))),
        ("n > 5 AND n > 7 AND n < 9 AND n < 20", EVM, Conjunct(position=0, low=8, high=8)),
        ("n > 5 AND i > 1 AND i < 4", EVM, Conjunct(position=1, low=2, high=3, verify=True)),
        (
            "what contains 'a' AND what contains 'bcd'",
            EVM,
            Conjunct(position=3, pattern="bcd", verify=True),
        ),
        ("yes == true AND what contains 'a'", EVM, Conjunct(((4, True),), verify=True)),
        ("n > 5 AND what contains 'a'", EVM, Conjunct(position=0, low=6, verify=True)),
        ("n > 5 AND many contains '1'", EVM, Conjunct(position=0, low=6, verify=True)),
    ],
)
def test_the_lookup_that_finds_fewest_is_filed(
    text: str, layout: Layout, expected: Conjunct
) -> None:
    assert conjuncts_of(parse_expression(text), layout) == (expected,)


def test_of_too_many_shapes_only_those_of_several_fields_become_coarser() -> None:
    wide = [Conjunct(((place, 1), (place + 1, 2))) for place in range(9)]
    simple = Conjunct(position=3, low=5)
    assert with_few_shapes((*wide, simple)) == (
        *(Conjunct(((place, 1),), verify=True) for place in range(9)),
        simple,
    )


def compiled(number: int, *conditions: KeyedCondition) -> CompiledMonitor:
    return compile_monitor(a_ref(number), a_keyed_monitor(*conditions))


def found(plan: MatchPlan, *transactions: HandMadeTransaction) -> list[tuple[int, int]]:
    """Return number of monitor and place of transaction of each match."""
    return [
        (match.monitor.id.int, match.transaction.index)
        for match in match_bundle(a_block(*transactions), plan, NETWORK)
    ]


def happened(*values: int) -> HandMadeTransaction:
    return HandMadeTransaction(activities=[an_event("e:1", value) for value in values])


def test_what_was_made_ready_for_others_may_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "MAX_READY", 1)
    plan = MatchPlan(
        compiled(number, a_condition(EVENT, "e:1", f"v > {number}")) for number in range(1, 4)
    )
    first = plan.ready(0)
    assert plan.ready(0) is first
    assert found(plan, happened(9)) == [(1, 0), (2, 0), (3, 0)]
    assert plan.ready(0) is not first


def test_layouts_that_were_forgotten_are_filed_together_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan_module, "MAX_READY", 1)
    plan = MatchPlan()
    for number, name in enumerate(("a", "b", "a"), start=1):
        named = msgspec.structs.replace(a_layout((name, ValueType.UINT)), positional=True)
        plan.add(compiled(number, a_condition(EVENT, "e:1", f"{name} > 1", layout=named)))
    (indexes,) = plan.waiting["e"]["1"].values()
    assert len(indexes) == 1


def test_a_slot_that_nobody_holds_has_no_monitor() -> None:
    plan = MatchPlan([compiled(1, a_condition(EVENT, "e:1"))])
    plan.remove(a_ref(1).id)
    with pytest.raises(KeyError):
        plan.compiled(0)


@pytest.mark.parametrize("leaving", [1, 2, 3])
def test_whoever_of_several_layouts_leaves_the_others_stay(leaving: int) -> None:
    layouts = [a_layout((name, ValueType.UINT)) for name in ("a", "b", "c")]
    plan = MatchPlan(
        compiled(number, a_condition(EVENT, "e:1", layout=layout))
        for number, layout in enumerate(layouts, start=1)
    )
    plan.remove(a_ref(leaving).id)
    events = [an_event("e:1", layout=layout) for layout in layouts]
    stayed = [number for number in (1, 2, 3) if number != leaving]
    assert found(plan, HandMadeTransaction(activities=events)) == [(each, 0) for each in stayed]
    for number in stayed:
        plan.remove(a_ref(number).id)
    assert plan.waiting == {}


def test_who_waits_for_what_in_a_scope_leaves_the_other_scopes() -> None:
    plan = MatchPlan(
        compiled(number, a_condition(EVENT, key)) for number, key in enumerate(("e:1", "e:2"), 1)
    )
    plan.remove(a_ref(1).id)
    assert {scope: list(names) for scope, names in plan.waiting["e"].items()} == {"2": [""]}


def test_an_alternative_that_cannot_be_read_leaves_those_who_do_not_need_it() -> None:
    layout = a_layout(("n", ValueType.UINT), ("m", ValueType.UINT))
    plan = MatchPlan(
        compiled(number, a_condition(EVENT, "e:1", text, layout=layout))
        for number, text in enumerate(
            ("n == 1", "n == 1 OR m == 2", "m == 2 OR n == 1", "n > 5 OR m == 2"), start=1
        )
    )
    event = an_event("e:1", 1, None, layout=layout)
    # the second one is met before what it cannot read; the third one cannot be told
    assert found(plan, HandMadeTransaction(activities=[event])) == [(1, 0), (2, 0)]


@pytest.mark.parametrize(
    ("values", "met"), [((1, "a"), [1]), ((3, "b"), [1]), ((3, "a"), [1, 2]), ((0, "a"), [])]
)
def test_only_who_may_be_met_is_evaluated(values: tuple[Value, ...], met: list[int]) -> None:
    texts = ("n > 0", "n == 3 AND what starts_with 'a'")
    plan = MatchPlan(
        compiled(number, a_condition(EVENT, "e:1", text, layout=EVM))
        for number, text in enumerate(texts, start=1)
    )
    event = an_event("e:1", values[0], 0, A, values[1], True, [], layout=EVM)
    assert found(plan, HandMadeTransaction(activities=[event])) == [(each, 0) for each in met]


def test_who_was_evaluated_in_vain_leaves_no_match() -> None:
    evaluated = a_condition(EVENT, "e:1", "many contains '1'", layout=EVM)
    plan = MatchPlan([compiled(1, evaluated)])
    event = an_event("e:1", 1, 0, A, "a", True, [2], layout=EVM)
    assert found(plan, HandMadeTransaction(activities=[event])) == []


def on_transactions() -> Iterator[CompiledMonitor]:
    """Yield monitors of two layouts, of which one reads what the other cannot."""
    asked = {
        "value > 5": FIELDS,
        "value == true": a_layout(("value", ValueType.BOOL), ("from", ValueType.ADDRESS)),
    }
    number = 0
    for status in (StatusFilter.ANY, StatusFilter.SUCCESS, StatusFilter.FAILURE):
        for text, layout in asked.items():
            number += 1
            condition = a_condition(TRANSACTION, "", text, layout=layout, status=status)
            yield compiled(number, condition)


def test_conditions_on_transactions_of_several_statuses_and_layouts_are_all_tried() -> None:
    def transaction(place: int, *values: Value) -> HandMadeTransaction:
        fields = [(value, "0x") for value in values]
        return HandMadeTransaction(index=place, addresses=["0xa"], fields=fields)

    plan = MatchPlan(on_transactions())
    block = transaction(0, 5, False), transaction(1, 6), transaction(2, 0, True)
    assert found(plan, *block) == [(1, 1), (3, 1), (2, 2), (4, 2)]


def test_equal_expressions_of_one_monitor_are_made_ready_once() -> None:
    conditions = [a_condition(EVENT, key, "v > 1") for key in ("e:1", "e:2")]
    ready = MatchPlan([compiled(1, *conditions)]).ready(0)
    (first,), (second,) = (ready.waiting(EVENT, (key,)) for key in ("e:1", "e:2"))
    assert first.predicate is not None
    assert first.predicate is second.predicate
