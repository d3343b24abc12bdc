"""Random texts and random values: the language against a slow reading of its description.

Every case follows from its number alone, and a failure names it.
"""

import json
import re
from collections.abc import Iterator
from time import monotonic

import pytest

from tests.support.expression_cases import Cases
from tests.support.expression_reference import evaluate
from tests.support.reference_grammar import parse
from tocsin.errors import ExpressionSyntaxError
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.expression.samples import Sample, evaluate_samples
from tocsin.matching.expression.syntax import Node, render_expression
from tocsin.matching.expression.tree import encode_folded, render_tree
from tocsin.matching.expression.values import Dialect

TEXTS = 4_000
TRIALS = 3_000
DEEP_SECONDS = 150  # for the texts and as long for the trials: five minutes together

# A number inside JSON beyond 64 bits is exact here; to the original some are errors.
PATH = re.compile(r"[vw][.\[]")
WIDE_NUMBER = re.compile("[0-9]{19}")


def tree_of(text: str) -> Node | None:
    try:
        return parse_expression(text)
    except ExpressionSyntaxError as error:
        column = error.column
    assert column is not None
    assert 1 <= column <= len(text) + 1
    return None


def check_text(number: int) -> None:
    """What the original parses has its tree; whatever parses is printed and parsed again."""
    text = Cases(number).syntax()
    expected, node = parse(text), tree_of(text)
    if expected is not None:
        assert node is not None, (number, text)
        assert json.loads(encode_folded(node)) == expected, (number, text)
    if node is not None:
        again = parse_expression(render_expression(node))
        assert render_tree(again) == render_tree(node), (number, text)


def outcome(dialect: Dialect, params: list[tuple[str, str, str]], text: str) -> bool | str:
    node = tree_of(text)
    if node is None:
        return "ParseError"
    result = evaluate_samples(node, dialect, [Sample(*each) for each in params])
    return result if isinstance(result, bool) else result.fault.value


def check_trial(number: int) -> None:
    """What the original decides is decided alike, and what it refuses by the same class."""
    dialect = Dialect.EVM if number % 2 else Dialect.STELLAR
    params, text = Cases(number).case(dialect)
    expected, result = evaluate(dialect, params, text), outcome(dialect, params, text)
    if result != expected or type(result) is not type(expected):
        assert has_a_meaning(params, text, expected), (number, params, text, expected, result)


def has_a_meaning(params: list[tuple[str, str, str]], text: str, expected: bool | str) -> bool:
    """Return whether an error of the original is one of those that mean something here."""
    if isinstance(expected, bool):
        return False
    kinds = " ".join(kind.lower() for _, kind, _ in params)
    values = " ".join(value for _, _, value in params)
    extended = parse(text) is None
    ordered = expected == "UnsupportedOperator" and "256" in kinds
    wide = WIDE_NUMBER.search(values) is not None
    part = expected == "ParseError" and PATH.search(text) and ("tuple" in kinds or wide)
    return extended or ordered or bool(part)


def check_meant_kind(number: int) -> None:
    """A kind that the original cannot compare is decided, or refused; nothing is raised."""
    dialect = Dialect.EVM if number % 2 else Dialect.STELLAR
    params, text = Cases(number).case(dialect, meant=True)
    outcome(dialect, params, text)


def numbers(start: int) -> Iterator[int]:
    until = monotonic() + DEEP_SECONDS
    while monotonic() < until:
        yield start
        start += 1


@pytest.mark.parametrize("start", range(0, TEXTS, 500))
def test_a_text_parses_as_its_description_says(start: int) -> None:
    for number in range(start, start + 500):
        check_text(number)


@pytest.mark.parametrize("start", range(0, TRIALS, 500))
def test_an_expression_comes_out_as_its_description_says(start: int) -> None:
    for number in range(start, start + 500):
        check_trial(number)
        check_meant_kind(number)


@pytest.mark.deep
def test_texts_for_long() -> None:
    for number in numbers(1_000_000):
        check_text(number)


@pytest.mark.deep
def test_trials_for_long() -> None:
    for number in numbers(2_000_000):
        check_trial(number)
        check_meant_kind(number)
