"""One small world, looked at as a whole: the index finds what evaluating everybody finds."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import pytest

from tests.support.matching import (
    NETWORK,
    HandMadeActivity,
    HandMadeTransaction,
    a_block,
    a_condition,
    a_keyed_monitor,
    a_layout,
    a_ref,
    arguments_of,
)
from tocsin.matching.compiled import CompiledMonitor, compile_monitor
from tocsin.matching.engine import match_bundle
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.plan import MatchPlan
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Value, ValueType

A, B = "0x" + "a1" * 20, "0x" + "b2" * 20
LAYOUT = a_layout(
    ("n", ValueType.UINT),
    ("m", ValueType.INT),
    ("who", ValueType.ADDRESS),
    ("what", ValueType.TEXT),
    ("yes", ValueType.BOOL),
)
ALONE = (
    "n == 3", "n != 3", "n > 3", "n >= 3", "n < 3", "n <= 3", "n > 1 AND n < 4", "NOT n > 3",
    "n IN (1, 3)", "m == -2", "m < 0", f"who == {A}", f"who != {A}", "what == 'AB'",
    "what != 'ab'", "what contains 'b'", "what starts_with 'a'", "yes == true", "yes != true",
    "n == 1 AND n == 3",
)  # fmt: skip
TOGETHER = (
    "n > 1", "n < 4", "n > 1 AND n < 4", "n == 3", "n != 3", "what contains 'b'",
    "what starts_with 'a'", "what == 'ab'", "yes == true AND m == -2", "n > 1 AND m < 0",
    "what contains 'x' AND what contains 'b'", "(n == 1 OR m == -2)",
)  # fmt: skip
ALTERNATIVES = (
    "n == 3 OR m == -2", "n > 3 OR what contains 'b'", "n == 3 OR what starts_with 'a'",
    f"(n == 1 OR n == 3) AND who == {A}", f"who == {A} OR yes == true",
)  # fmt: skip
TEXTS = (*ALONE, *(f"who == {A} AND {text}" for text in TOGETHER), *ALTERNATIVES)
ROWS: tuple[tuple[Value, ...], ...] = (
    *product((1, 3, 4), (-2, 1), (A, B), ("ab", "xBx", ""), (True, False)),
    (None, -2, A, "ab", True),
    (3, None, A, "ab", True),
    (3, -2, None, "ab", True),
    (3, -2, A, None, True),
    (3, -2, A, "ab", None),
)


def met_by_evaluating() -> dict[str, set[int]]:
    """Return for each text the rows that it holds for."""
    predicates = {text: compile_expression(parse_expression(text), LAYOUT) for text in TEXTS}
    return {
        text: {row for row, values in enumerate(ROWS) if holds(arguments_of(LAYOUT, *values))}
        for text, holds in predicates.items()
    }


def monitors(copies: int) -> dict[int, str]:
    """Return the text of each monitor by its number; copies are not neighbours."""
    return dict(enumerate(TEXTS * copies, start=1))


def compiled(number: int, text: str) -> CompiledMonitor:
    condition = a_condition(ActivityKind.EVENT, "e:1", text, layout=LAYOUT)
    return compile_monitor(a_ref(number), a_keyed_monitor(condition))


def block() -> Iterator[HandMadeTransaction]:
    for row, values in enumerate(ROWS):
        happened = HandMadeActivity(
            kind=ActivityKind.EVENT, key="e:1", layout=LAYOUT, values=values
        )
        yield HandMadeTransaction(index=row, activities=[happened])


def met_by_plan(plan: MatchPlan, held: Mapping[int, str]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {number: set() for number in held}
    for match in match_bundle(a_block(*block()), plan, NETWORK):
        found[match.monitor.id.int].add(match.transaction.index)
    return found


def expected(held: Mapping[int, str], met: Mapping[str, set[int]]) -> dict[int, set[int]]:
    return {number: met[text] for number, text in held.items()}


@pytest.mark.parametrize("copies", [1, 2, 10])
def test_the_index_finds_what_evaluating_everybody_finds(copies: int) -> None:
    met, held = met_by_evaluating(), monitors(copies)
    plan = MatchPlan(compiled(number, text) for number, text in held.items())
    assert met_by_plan(plan, held) == expected(held, met)
    for leaving in (list(held)[::2], list(held)[1::4]):
        remove(plan, leaving)
        held = {number: text for number, text in held.items() if number not in leaving}
        assert met_by_plan(plan, held) == expected(held, met)
    remove(plan, list(held))
    assert (plan.monitors, plan.waiting) == (0, {})


def remove(plan: MatchPlan, numbers: Sequence[int]) -> None:
    for number in numbers:
        plan.remove(a_ref(number).id)


def test_every_text_holds_for_some_rows_and_not_for_others() -> None:
    met = met_by_evaluating()
    assert [text for text in TEXTS if not 0 < len(met[text]) < len(ROWS)] == ["n == 1 AND n == 3"]


def test_who_comes_back_is_found_again() -> None:
    met, held = met_by_evaluating(), monitors(1)
    plan = MatchPlan(compiled(number, text) for number, text in held.items())
    met_by_plan(plan, held)
    for number, text in held.items():
        plan.remove(a_ref(number).id)
        plan.add(compiled(number, text))
    assert met_by_plan(plan, held) == expected(held, met)
