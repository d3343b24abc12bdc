"""Text → tree: what is refused, where, and how large it may be."""

import pytest

from tocsin.errors import ExpressionSyntaxError
from tocsin.matching.expression.parser import (
    MAX_COMPARISONS,
    MAX_DEPTH,
    MAX_LENGTH,
    parse_expression,
)
from tocsin.matching.expression.syntax import AllOf, AnyOf, Comparison


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("   ", 4),
        ("a", 2),
        ("a = 1", 3),
        ("a == ", 6),
        ("a == 1 AND", 11),
        ("a == 1 b", 8),
        ("(a == 1", 8),
        ("a == 'open", 6),
        ("a == 0x", 6),
        ("a == TRUE", 6),
        ("and == 1", 1),
        ("a[18446744073709551616] == 1", 2),
        ("ä == 1", 1),
        ("a\u00a0== 1", 2),
        ("a == b\n", 7),
    ],
)
def test_an_error_names_the_column_where_it_stands(text: str, column: int) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(text)
    assert caught.value.column == column


def test_an_error_names_the_field_it_was_given() -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression("(", field="match_conditions.events[0].expression")
    assert caught.value.field == "match_conditions.events[0].expression"


def test_a_comparison_knows_its_columns() -> None:
    tree = parse_expression("a == 1 AND  bb.c  >=  'x'")
    assert isinstance(tree, AllOf)
    first, second = tree.terms
    assert isinstance(first, Comparison)
    assert isinstance(second, Comparison)
    assert (first.column, first.literal_column) == (1, 6)
    assert (second.column, second.literal_column) == (13, 23)


def test_keywords_of_other_alphabets_are_no_keywords() -> None:
    with pytest.raises(ExpressionSyntaxError):
        parse_expression("a conta\u0131ns 'x'")


def test_a_text_of_the_greatest_length_parses() -> None:
    text = f"a == '{'x' * (MAX_LENGTH - 7)}'"
    assert isinstance(parse_expression(text), Comparison)


def test_a_longer_text_is_refused() -> None:
    with pytest.raises(ExpressionSyntaxError, match="characters"):
        parse_expression(f"a == '{'x' * (MAX_LENGTH - 6)}'")


def test_as_many_comparisons_as_allowed_parse() -> None:
    text = "OR".join(["a>1 "] * MAX_COMPARISONS)
    tree = parse_expression(text)
    assert isinstance(tree, AnyOf)
    assert len(tree.terms) == MAX_COMPARISONS


def test_more_comparisons_are_refused() -> None:
    with pytest.raises(ExpressionSyntaxError, match="comparisons"):
        parse_expression("OR".join(["a>1 "] * (MAX_COMPARISONS + 1)))


def test_as_many_parentheses_as_allowed_parse() -> None:
    text = "(" * MAX_DEPTH + "a == 1" + ")" * MAX_DEPTH
    assert isinstance(parse_expression(text), Comparison)


@pytest.mark.parametrize("text", ["(" * MAX_LENGTH, "(" * (MAX_DEPTH + 1) + "a == 1" + ")" * 65])
def test_deeper_parentheses_are_refused(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match="parentheses"):
        parse_expression(text)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("a = 1", "did you mean ==?"),
        ("a == 1 && b == 2", "did you mean AND?"),
        ("a == b || b == 2", "did you mean OR?"),
        ("! a == 1", "did you mean NOT?"),
        ("a == 1 \n AND b == 2", "write it in one line: only spaces and tabs separate"),
        ("== 1", ""),
        ("!= 1", ""),
        ("a >", ""),
    ],
)
def test_what_other_languages_write_is_suggested_in_ours(text: str, suggestion: str) -> None:
    with pytest.raises(ExpressionSyntaxError) as caught:
        parse_expression(text)
    assert caught.value.suggestion == suggestion
