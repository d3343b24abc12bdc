"""What the extended grammar adds: to texts that the original refuses, and to no other."""

import pytest

from tests.support.matching import arguments_of
from tocsin.errors import ExpressionSyntaxError, ExpressionTypeError
from tocsin.matching.expression.checker import check_expression
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.extended import MAX_PATTERNS, MAX_SIGNS
from tocsin.matching.expression.lists import bind_lists
from tocsin.matching.expression.parser import MAX_COMPARISONS, MAX_DEPTH, parse_expression
from tocsin.matching.expression.syntax import AllOf, Comparison, Negation, render_expression
from tocsin.model.interface import Layout, Parameter, Value, ValueType

ADDRESS = "0x" + "ab" * 20
LAYOUT = Layout(
    family="EVM",
    parameters=tuple(
        Parameter(name=name, kind=kind, type=value_type)
        for name, kind, value_type in (
            ("value", "uint256", ValueType.UINT),
            ("fee", "uint96", ValueType.UINT),
            ("delta", "int256", ValueType.INT),
            ("from", "address", ValueType.ADDRESS),
            ("to", "address", ValueType.ADDRESS),
            ("memo", "string", ValueType.TEXT),
            ("paid", "bool", ValueType.BOOL),
            ("sizes", "uint256[]", ValueType.ARRAY),
        )
    ),
)
VALUES: tuple[Value, ...] = (
    2**255,
    250,
    -100,
    ADDRESS,
    ADDRESS.upper().replace("X", "x"),
    "Invoice 7",
    True,
    [10, 250],
)
LISTS = {"known": {ADDRESS.upper().replace("X", "x")}, "nobody": frozenset[str]()}


def holds(text: str, *values: Value) -> bool:
    predicate = compile_expression(parse_expression(text), LAYOUT, lists=LISTS)
    return predicate(arguments_of(LAYOUT, *(values or VALUES)))


@pytest.mark.parametrize(
    "text",
    [
        "NOT paid == false",
        "not (fee > 1000 OR delta > 0)",
        "NOT NOT paid == true",
        "fee IN (1, 0xfa)",
        "fee NOT IN (1, 2)",
        "memo IN ('x', 'INVOICE 7')",
        f"to IN ({ADDRESS})",
        "to IN @known AND NOT to IN @nobody",
        "memo matches '^inv.*[0-9]$'",
        "NOT memo matches 'invoice \\d{2,}'",
        "from == $to",
        "sizes contains $fee",
        "value > $fee",
        "delta < $fee",
        f"value + fee > {2**255 + 249}",
        f"value + fee < {2**255 + 251}",
        "fee * 2 == 500",
        "fee / 3 > 83.333333333333333333333333333",
        "(fee + 50) * (delta + 101) == 300",
        "fee - 1 - 1 == 248",
        "2 * fee >= 5 * 100",
        "units(fee, 2) == 2.5",
        "units(value, 18) > 57896044618658097711785492504343953926634992332820282019728.7",
        "fee == 0xfa * 1",
        "fee > 5 * -1",
    ],
)
def test_what_the_extended_grammar_adds_is_met(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "NOT missing == 1",
        "fee IN (1, true)",
        "fee IN @missing",
        "fee IN @known",
        "memo matches '('",
        "memo matches '(?=x)'",
        "fee matches '1'",
        "memo + 1 > 5",
        "fee > units($memo, 2)",
        "fee == $memo",
        "memo contains $fee",
        "fee contains $fee",
        "paid > $paid",
        "sizes == $sizes",
        "fee / 0 > 1",
        "fee > $missing",
        "1 + 1 == 2",
    ],
)
def test_what_means_nothing_for_its_types_is_refused(text: str) -> None:
    with pytest.raises(ExpressionTypeError):
        check_expression(parse_expression(text), LAYOUT, lists=LISTS)


@pytest.mark.parametrize(
    "text",
    [
        "a-b > 5",
        "a > 5-1",
        "a == 1+1",
        "a == b + c",
        "a == (1)",
        "(a) == 1",
        "a IN ()",
        "a IN 1",
        "a IN @",
        "a IN (1",
        "a matches x",
        "a > units(1, 6)",
        "a > units($b, 78)",
        "a > units($b)",
        "a > (1 + 1",
        "a > $and",
        "a contains 1 + 1",
        "NOT",
        f"a > {'9' * 161} * 1",
    ],
)
def test_what_is_neither_grammar_is_refused(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError):
        parse_expression(text)


@pytest.mark.parametrize("name", ["NOT", "in", "matches", "units"])
def test_the_words_of_the_extended_grammar_stay_names_where_they_were(name: str) -> None:
    for text in (f"{name} == 1", f"{name} == 1 AND NOT other == 2"):
        tree = parse_expression(text)
        first = tree.terms[0] if isinstance(tree, AllOf) else tree
        assert isinstance(first, Comparison)
        assert first.name == name


@pytest.mark.parametrize("text", ["NOT fee == 1", "fee IN (1)", "fee + 1 > 1", "fee / $value > 1"])
def test_an_absent_value_meets_nothing_not_even_its_opposite(text: str) -> None:
    nothing = [None] * len(VALUES)
    assert not holds(text, *nothing)
    assert not holds(f"NOT ({text})", *nothing)


def test_a_division_by_a_zero_on_the_chain_is_not_met() -> None:
    assert not holds("value / fee >= 0", 1, 0, *VALUES[2:])


def test_a_negation_is_printed_with_its_group() -> None:
    tree = parse_expression("NOT a IN (1, 'x') AND NOT (b == 1 OR c == 2)")
    assert render_expression(tree) == "NOT (a IN (1, 'x')) AND NOT (b == 1 OR c == 2)"


def test_the_items_of_a_list_count_as_comparisons() -> None:
    def listing(count: int) -> str:
        return f"a IN ({', '.join(['1'] * count)})"

    parse_expression(listing(MAX_COMPARISONS))
    with pytest.raises(ExpressionSyntaxError, match="comparisons"):
        parse_expression(listing(MAX_COMPARISONS + 1))


def test_arithmetic_has_a_bound() -> None:
    parse_expression("a > 1" + " + 1" * MAX_SIGNS)
    with pytest.raises(ExpressionSyntaxError, match="signs"):
        parse_expression("a > 1" + " + 1" * (MAX_SIGNS + 1))


@pytest.mark.parametrize(
    "text", ["NOT " * (MAX_DEPTH + 1) + "a == 1", "a > " + "(" * 70 + "1 + 1" + ")" * 70]
)
def test_nesting_has_a_bound(text: str) -> None:
    with pytest.raises(ExpressionSyntaxError, match="parentheses"):
        parse_expression(text)


def test_a_double_negation_keeps_its_tree() -> None:
    assert isinstance(parse_expression("NOT NOT a == 1"), Negation)


def test_a_wrong_pattern_is_refused_at_its_column() -> None:
    with pytest.raises(ExpressionTypeError, match="character 3") as caught:
        check_expression(parse_expression("paid == true AND memo matches 'a('"), LAYOUT)
    assert caught.value.column == 31


def test_a_bound_list_needs_no_lists_any_more() -> None:
    tree = bind_lists(parse_expression("NOT to IN @nobody AND (to IN @known OR fee == 1)"), LISTS)
    check_expression(tree, LAYOUT)
    assert compile_expression(tree, LAYOUT)(arguments_of(LAYOUT, *VALUES))
    assert render_expression(tree).count("@") == 2


def test_a_list_that_is_not_there_is_refused_with_the_closest() -> None:
    tree = bind_lists(parse_expression("paid == true AND to IN @knwon"), LISTS)
    with pytest.raises(ExpressionTypeError, match="did you mean @known") as caught:
        check_expression(tree, LAYOUT, lists=LISTS)
    assert caught.value.column == 24


def test_patterns_have_a_bound() -> None:
    parse_expression(" OR ".join(["memo matches 'x'"] * MAX_PATTERNS))
    with pytest.raises(ExpressionSyntaxError, match="regular"):
        parse_expression(" OR ".join(["memo matches 'x'"] * (MAX_PATTERNS + 1)))


JSON = Layout(
    family="EVM",
    parameters=tuple(
        Parameter(name=name, kind="string", type=ValueType.TEXT) for name in ("a", "b")
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.n == $b.n", True),
        ("a.t == $b.n", False),
        ("a.n == $b.list", False),
        ("a.list contains $b.list", False),
        ("a.list contains $b.n", True),
        ("a.list == $b.n", False),
        ("a.t == $b.t", True),
        ("a.n + 1 > 5", True),
        ("a.t + 1 > 5", False),
        ("a.n matches '5'", False),
        ("a.t IN @t", True),
        ("a.n IN @t", False),
        ("a.n contains $b.n", False),
    ],
)
def test_what_stands_inside_text_is_compared_as_what_it_turns_out_to_be(
    text: str, *, expected: bool
) -> None:
    raw = '{"n": 5, "t": true, "list": [5]}' if "t ==" in text else '{"n":5,"t":"x","list":[5]}'
    predicate = compile_expression(parse_expression(text), JSON, lists={"t": ["X"]})
    assert predicate(arguments_of(JSON, raw, raw)) is expected


def test_an_absent_text_is_neither_in_a_list_nor_found() -> None:
    for text in ("memo IN @known", "memo matches ''", "memo == $memo", "sizes contains $memo"):
        assert not holds(text, *[None] * len(VALUES))
