"""Everything that is wrong with an expression, and what one without faults looks at."""

import json

import pytest

from tocsin.errors import ExpressionTypeError
from tocsin.matching.expression.advice import suggest_comparison, suggest_name
from tocsin.matching.expression.checker import check_expression
from tocsin.matching.expression.parser import MAX_COMPARISONS, parse_expression
from tocsin.matching.expression.review import find_faults, list_parameters
from tocsin.matching.expression.tree import encode_folded, render_tree
from tocsin.model.interface import Layout, Parameter, ValueType

LAYOUT = Layout(
    family="EVM",
    parameters=(
        Parameter(name="value", kind="uint256", type=ValueType.UINT),
        Parameter(name="fee", kind="uint96", type=ValueType.UINT),
        Parameter(name="to", kind="address", type=ValueType.ADDRESS),
        Parameter(name="memo", kind="string", type=ValueType.TEXT),
        Parameter(
            name="leg",
            kind="tuple",
            type=ValueType.TUPLE,
            components=(Parameter(name="price", kind="uint64", type=ValueType.UINT),),
        ),
    ),
)


def faults(text: str) -> list[tuple[int, str]]:
    return [
        (fault.column, fault.suggestion) for fault in find_faults(parse_expression(text), LAYOUT)
    ]


def test_each_comparison_has_its_own_fault_wherever_it_stands() -> None:
    text = "x == 1 AND (fee > 1 OR NOT y == 1) AND z IN (1, 2, 3)"
    assert [column for column, _ in faults(text)] == [1, 28, 40]


def test_a_sound_expression_has_none() -> None:
    assert faults("value > $fee AND NOT to == 0xab OR memo matches 'x'") == []


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("valeu > 1", "did you mean value?"),
        ("xyzzy > 1", "there are value, fee, to, memo, leg"),
        ("value > 'abc'", "as in value > 5"),
        ("to > 0xab", "compare it by == or != with an address, as in to == '…'"),
        ("to == $value", "compare it by == or != with an address, as in to == '…'"),
        ("leg.price == $to", "as in leg.price > 5"),
        ("leg.prize == 1", "did you mean price?"),
        ("leg > '(1)'", "compare a part of it: leg.price"),
        ("to[0] == 1", "compare it by == or != with an address"),
        ("value matches 'x'", "as in value > 5"),
        ("memo * 2 > 1", "of numbers there are value, fee"),
    ],
)
def test_a_fault_says_what_may_have_been_meant(text: str, suggestion: str) -> None:
    ((_, found),) = faults(text)
    assert suggestion in found


@pytest.mark.parametrize(
    ("value_type", "suggestion"),
    [
        (ValueType.BOOL, "as in v == true"),
        (ValueType.ARRAY, "compare one, as in v[0]"),
        (ValueType.MAP, "by its key: v.key"),
        (ValueType.NATIVE_INT, "without quotes"),
        (ValueType.OPAQUE, "leave it out"),
        (ValueType.TUPLE, "leave it out"),
    ],
)
def test_every_type_has_its_advice(value_type: ValueType, suggestion: str) -> None:
    parameter = Parameter(name="v", kind="k", type=value_type)
    assert suggestion in suggest_comparison("v", parameter)


def test_a_part_without_a_name_is_suggested_by_its_place() -> None:
    part = Parameter(name="", kind="uint8", type=ValueType.UINT)
    whole = Parameter(name="v", kind="tuple", type=ValueType.TUPLE, components=(part,))
    assert suggest_comparison("v", whole).endswith("v[0]")


@pytest.mark.parametrize(
    ("name", "known", "suggestion"),
    [
        ("a", [], "there are none with a name"),
        ("a", ["", "x" * 65], "there are none with a name"),
        ("abc", ["xyz"], "there is xyz"),
        ("abcd" * 17, ["abcd" * 16], "there is " + "abcd" * 16),
    ],
)
def test_names_are_suggested_within_bounds(name: str, known: list[str], suggestion: str) -> None:
    assert suggest_name(name, known) == suggestion


def test_a_suggestion_is_part_of_the_errors_text() -> None:
    with pytest.raises(ExpressionTypeError) as caught:
        check_expression(parse_expression("valeu > 1"), LAYOUT, field="here")
    told = "here: there is no parameter valeu; did you mean value? (column 1)"
    assert str(caught.value) == told


def test_a_fault_in_a_later_line_counts_its_column_from_there() -> None:
    text = "memo == 'a\nb' AND valeu > 1"
    for field, prefix in (("", ""), ("here", "here: ")):
        with pytest.raises(ExpressionTypeError) as caught:
            check_expression(parse_expression(text), LAYOUT, field=field)
        assert (caught.value.line, caught.value.column) == (1, 19)
        caught.value.locate(text)
        assert (caught.value.line, caught.value.column) == (2, 8)
        assert str(caught.value).startswith(f"{prefix}there is no parameter valeu")
        assert str(caught.value).endswith("(line 2, column 8)")


def test_the_parameters_are_listed_once_with_their_paths_and_kinds() -> None:
    text = "value > 1 OR leg.price < $fee OR NOT value == 2 OR to IN (0xab) OR memo.key == 1"
    assert list_parameters(parse_expression(text), LAYOUT) == {
        "value": "uint256",
        "leg.price": "uint64",
        "fee": "uint96",
        "to": "address",
        "memo.key": None,
    }


def test_a_tree_has_as_many_sides_as_are_joined_and_folded_two() -> None:
    node = parse_expression("a == 1 AND b == 2 AND NOT (c == 3 OR d == 4 OR e == 5)")
    a, b, c, d, e = (["==", {"var": v}, {"num": f"{n}"}] for n, v in enumerate("abcde", 1))
    assert render_tree(node) == ["AND", a, b, ["NOT", ["OR", c, d, e]]]
    assert json.loads(encode_folded(node)) == [
        "AND",
        ["AND", a, b],
        ["NOT", ["OR", ["OR", c, d], e]],
    ]


def test_the_largest_expression_has_a_tree_of_either_kind() -> None:
    node = parse_expression(" AND ".join(["a == 1"] * MAX_COMPARISONS))
    assert len(render_tree(node)) == MAX_COMPARISONS + 1
    assert encode_folded(node).count(b"AND") == MAX_COMPARISONS - 1
