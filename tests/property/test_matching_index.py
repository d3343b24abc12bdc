"""The law of the index: it finds what evaluating every monitor finds, set by set."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.matching import (
    FIELDS,
    NETWORK,
    HandMadeActivity,
    HandMadeTransaction,
    a_block,
    a_condition,
    a_keyed_monitor,
    a_layout,
    a_ref,
)
from tocsin.matching.compiled import CompiledMonitor, compile_monitor
from tocsin.matching.engine import match_bundle
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.plan import MatchPlan
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout, Value, ValueType
from tocsin.model.monitor import StatusFilter

A = "0x" + "a1" * 20
B = "0x" + "b2" * 20
EVM = a_layout(
    ("n", ValueType.UINT),
    ("m", ValueType.INT),
    ("who", ValueType.ADDRESS),
    ("what", ValueType.TEXT),
    ("yes", ValueType.BOOL),
    ("many", ValueType.ARRAY),
)
STELLAR = a_layout(
    ("n", ValueType.NATIVE_INT),
    ("m", ValueType.BIG_INT),
    ("who", ValueType.ADDRESS),
    ("what", ValueType.TEXT),
    ("yes", ValueType.BOOL),
    ("many", ValueType.ARRAY),
    family="Stellar",
)
STRKEYS = ("G" + "A" * 55, "C" + "B" * 55)
ORDERINGS = ("==", "!=", ">", ">=", "<", "<=")
WORDS = ("Ab", "abc", "b", "BCA", "cab", "")

small = st.integers(0, 6)
texts = st.lists(st.sampled_from("abC"), max_size=6).map("".join)


def comparisons(layout: Layout) -> st.SearchStrategy[str]:
    addresses = (A, A.upper().replace("0X", "0x"), B) if layout is EVM else STRKEYS
    signed = st.integers(-4, 4) if layout is EVM else small
    return st.one_of(
        st.builds("n {} {}".format, st.sampled_from(ORDERINGS), small),
        st.builds("n IN ({}, {})".format, small, small),
        st.builds("NOT n > {}".format, small),
        st.builds("m {} {}".format, st.sampled_from(ORDERINGS), signed),
        st.builds("who {} {}".format, st.sampled_from(("==", "!=")), st.sampled_from(addresses)),
        st.builds(
            "what {} '{}'".format,
            st.sampled_from(("==", "!=", "contains", "starts_with", "ends_with")),
            st.sampled_from(WORDS),
        ),
        st.builds("yes {} {}".format, st.sampled_from(("==", "!=")), st.sampled_from(("true",))),
        st.builds("many contains '{}'".format, small),
        st.builds("many[{}] > {}".format, st.integers(0, 2), small),
    )


def on_transactions() -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("value {} {}".format, st.sampled_from(ORDERINGS), small),
        st.builds("from {} {}".format, st.sampled_from(("==", "!=")), st.sampled_from((A, B))),
    )


def combined(terms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        terms,
        lambda inner: st.builds(
            "({})".format,
            st.one_of(
                st.lists(inner, min_size=2, max_size=3).map(" AND ".join),
                st.lists(inner, min_size=2, max_size=3).map(" OR ".join),
            ),
        ),
        max_leaves=7,
    )


def rows(layout: Layout) -> st.SearchStrategy[tuple[Value, ...]]:
    """Rows of values, some of which are not what the layout promises."""
    addresses = (A, B) if layout is EVM else STRKEYS
    signed = st.integers(-5, 5) if layout is EVM else small
    nothing: st.SearchStrategy[Value] = st.none()
    odd: st.SearchStrategy[Value] = st.sampled_from([None, True, "1", 1])
    return st.tuples(
        st.one_of(small, small, small, odd),
        st.one_of(signed, signed, odd),
        st.one_of(st.sampled_from(addresses), nothing),
        st.one_of(texts, texts, nothing),
        st.one_of(st.booleans(), st.booleans(), odd),
        st.lists(small, max_size=3).map(lambda each: list[Value](each)),
    )


def worlds(layout: Layout) -> st.SearchStrategy[tuple[list[list[str]], list[tuple[Value, ...]]]]:
    wanted = st.lists(
        st.lists(combined(comparisons(layout)), min_size=1, max_size=2), min_size=1, max_size=8
    )
    return st.tuples(wanted, st.lists(rows(layout), min_size=1, max_size=5))


def an_activity(layout: Layout, values: tuple[Value, ...]) -> HandMadeActivity:
    return HandMadeActivity(kind=ActivityKind.EVENT, key="e:1", layout=layout, values=values)


def monitor(number: int, texts_of_one: Sequence[str], layout: Layout) -> CompiledMonitor:
    conditions = [
        a_condition(ActivityKind.EVENT, "e:1", text, ordinal=ordinal, layout=layout)
        for ordinal, text in enumerate(texts_of_one)
    ]
    return compile_monitor(a_ref(number), a_keyed_monitor(*conditions))


def naive(wanted: list[list[str]], block: list[tuple[Value, ...]], layout: Layout) -> object:
    """Return, per row and monitor, the first expression that holds."""
    found = set()
    for place, values in enumerate(block):
        arguments = an_activity(layout, values).arguments(layout)
        assert arguments is not None
        for number, texts_of_one in enumerate(wanted, start=1):
            for text in texts_of_one:
                if compile_expression(parse_expression(text), layout)(arguments):
                    found.add((place, number, text))
                    break
    return found


def indexed(plan: MatchPlan, block: list[tuple[Value, ...]], layout: Layout) -> object:
    bundle = a_block(
        *(
            HandMadeTransaction(index=place, activities=[an_activity(layout, values)])
            for place, values in enumerate(block)
        )
    )
    return {
        (match.transaction.index, match.monitor.id.int, match.reasons.events[0].expression)
        for match in match_bundle(bundle, plan, NETWORK)
    }


def check(layout: Layout, world: tuple[list[list[str]], list[tuple[Value, ...]]]) -> None:
    wanted, block = world
    plan = MatchPlan(monitor(number, each, layout) for number, each in enumerate(wanted, start=1))
    assert indexed(plan, block, layout) == naive(wanted, block, layout)
    for number in range(1, len(wanted) + 1, 2):
        plan.remove(a_ref(number).id)
    kept = [[] if place % 2 == 0 else each for place, each in enumerate(wanted)]
    assert indexed(plan, block, layout) == naive(kept, block, layout)
    for number in range(1, len(wanted) + 1):
        plan.remove(a_ref(number).id)
    assert (plan.monitors, plan.waiting) == (0, {})


@given(worlds(EVM))
@settings(max_examples=300, deadline=None)
def test_the_index_finds_what_the_evaluator_finds(
    world: tuple[list[list[str]], list[tuple[Value, ...]]],
) -> None:
    check(EVM, world)


@given(worlds(STELLAR))
@settings(max_examples=150, deadline=None)
def test_the_index_finds_what_the_evaluator_finds_on_stellar(
    world: tuple[list[list[str]], list[tuple[Value, ...]]],
) -> None:
    check(STELLAR, world)


@pytest.mark.deep
@given(worlds(EVM) | worlds(EVM))
@settings(max_examples=10_000, deadline=None)
def test_the_index_finds_what_the_evaluator_finds_in_ten_thousand_worlds(
    world: tuple[list[list[str]], list[tuple[Value, ...]]],
) -> None:
    check(EVM, world)


@given(
    st.lists(combined(on_transactions()), min_size=1, max_size=6),
    st.lists(st.tuples(small, st.sampled_from((A, B))), min_size=1, max_size=4),
    st.sampled_from(StatusFilter),
)
@settings(max_examples=100, deadline=None)
def test_conditions_on_transactions_are_found_as_the_evaluator_finds_them(
    wanted: list[str], fields: list[tuple[Value, Value]], status: StatusFilter
) -> None:
    conditions = [a_condition(ActivityKind.TRANSACTION, "", text, status=status) for text in wanted]
    plan = MatchPlan(
        compile_monitor(a_ref(number), a_keyed_monitor(each))
        for number, each in enumerate(conditions, start=1)
    )
    transaction = HandMadeTransaction(addresses=["0xa"], fields=fields)
    matches = match_bundle(a_block(transaction), plan, NETWORK)
    expected = {
        number
        for number, text in enumerate(wanted, start=1)
        if status is not StatusFilter.FAILURE
        and any(
            compile_expression(parse_expression(text), FIELDS)(view) for view in transaction.views()
        )
    }
    assert {match.monitor.id.int for match in matches} == expected
