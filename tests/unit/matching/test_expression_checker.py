"""Tree and layout → what is refused when a monitor is saved."""

import pytest

from tests.support.matching import a_layout
from tocsin.errors import ExpressionTypeError
from tocsin.matching.expression.checker import check_expression
from tocsin.matching.expression.parser import parse_expression
from tocsin.model.interface import Layout, Parameter, ValueType

EVM = Layout(
    family="EVM",
    parameters=(
        Parameter(name="amount", kind="uint96", type=ValueType.UINT),
        Parameter(name="delta", kind="int24", type=ValueType.INT),
        Parameter(name="to", kind="address", type=ValueType.ADDRESS),
        Parameter(name="memo", kind="string", type=ValueType.TEXT),
        Parameter(name="flag", kind="bool", type=ValueType.BOOL),
        Parameter(
            name="amounts",
            kind="uint256[]",
            type=ValueType.ARRAY,
            components=(Parameter(name="", kind="uint256", type=ValueType.UINT),),
        ),
        Parameter(
            name="order",
            kind="tuple",
            type=ValueType.TUPLE,
            components=(
                Parameter(name="maker", kind="address", type=ValueType.ADDRESS),
                Parameter(name="price", kind="uint256", type=ValueType.UINT),
            ),
        ),
        Parameter(name="raw", kind="function", type=ValueType.OPAQUE),
    ),
)
STELLAR = Layout(
    family="Stellar",
    parameters=(
        Parameter(name="amount", kind="I128", type=ValueType.NATIVE_INT),
        Parameter(name="count", kind="U32", type=ValueType.NATIVE_INT),
        Parameter(name="big", kind="U256", type=ValueType.BIG_INT),
        Parameter(name="to", kind="Address", type=ValueType.ADDRESS),
        Parameter(name="list", kind="Vec<I128>", type=ValueType.ARRAY),
        Parameter(name="table", kind="Map<Symbol,U32>", type=ValueType.MAP),
    ),
)


def check(text: str, layout: Layout) -> None:
    check_expression(parse_expression(text), layout)


@pytest.mark.parametrize(
    "text",
    [
        "amount > 1",
        "amount == 0xff",
        "amount == 1_000",
        "delta > -1",
        "to == 0xab",
        "to != 'anything'",
        "memo contains 'x' AND memo starts_with y",
        "flag == true",
        "amounts contains 5",
        "amounts == '[1, 2]'",
        "amounts[0] > 1",
        "order == '(1)'",
        "order.price > 1",
        "order[1] > 1",
        "memo.key == 1",
        "raw.key == 'x'",
    ],
)
def test_a_defined_comparison_of_an_evm_value_passes(text: str) -> None:
    check(text, EVM)


@pytest.mark.parametrize(
    "text",
    [
        "amount > -1",
        "amount > 1.5",
        "amount == abc",
        "amount == true",
        "amount contains 1",
        f"amount < {2**256}",
        f"delta < {2**255}",
        "to == 5",
        "to > 0xab",
        "to contains 0xab",
        "memo > 'x'",
        "memo == 5",
        "flag == 'true'",
        "flag > true",
        "amounts == 5",
        "amounts == 'no array'",
        "amounts > '[1]'",
        "amounts contains true",
        "amounts.key == 1",
        "amounts[0] == true",
        "amounts[0][1] == 1",
        "order > '(1)'",
        "order == 5",
        "order.size == 1",
        "order[2] == 1",
        "order.price == true",
        "amount.key == 1",
        "flag[0] == 1",
        "raw == 'x'",
    ],
)
def test_an_undefined_comparison_of_an_evm_value_is_refused(text: str) -> None:
    with pytest.raises(ExpressionTypeError):
        check(text, EVM)


@pytest.mark.parametrize(
    "text",
    [
        "amount > -5",
        f"amount < {2**127 - 1}",
        "count == +5",
        "big > 5",
        "big == '007'",
        "to starts_with 'G'",
        "list == 5",
        "list[0].value == '5'",
        "table.key.deeper == 1",
        "table contains 1",
        "table == '{}'",
    ],
)
def test_a_defined_comparison_of_a_stellar_value_passes(text: str) -> None:
    check(text, STELLAR)


@pytest.mark.parametrize(
    "text",
    [
        "amount > '5'",
        "amount > 0x5",
        f"amount < {2**127}",
        "count > -1",
        "count < 4294967296",
        "big > abc",
        "big == true",
        "to == 5",
        "list > 'x'",
        "list.key == 1",
        "table == '[]'",
        "table == 5",
        "table[0] == 1",
    ],
)
def test_an_undefined_comparison_of_a_stellar_value_is_refused(text: str) -> None:
    with pytest.raises(ExpressionTypeError):
        check(text, STELLAR)


def test_a_map_is_compared_on_stellar_only_and_a_tuple_on_evm_only() -> None:
    for family, kind in (("EVM", ValueType.MAP), ("Stellar", ValueType.TUPLE)):
        with pytest.raises(ExpressionTypeError, match="not compared"):
            check("v contains 1", a_layout(("v", kind), family=family))


def test_an_unknown_parameter_is_refused_with_the_closest_name() -> None:
    with pytest.raises(ExpressionTypeError, match="amuont; did you mean amount") as caught:
        check("flag == true AND amuont > 1", EVM)
    assert caught.value.column == 18


def test_a_wrong_literal_is_refused_at_its_own_column() -> None:
    with pytest.raises(ExpressionTypeError) as caught:
        check("flag == true AND amount > -1", EVM)
    assert caught.value.column == 27


def test_a_term_that_would_be_skipped_is_checked_too() -> None:
    with pytest.raises(ExpressionTypeError):
        check("amount == 1 OR missing == 1", EVM)


def test_a_very_long_unknown_name_is_not_repeated_whole() -> None:
    with pytest.raises(ExpressionTypeError) as caught:
        check(f"{'x' * 4000} == 1", EVM)
    assert len(str(caught.value)) < 400


def test_the_first_of_two_parameters_of_one_name_counts() -> None:
    check("x > 1", a_layout(("x", ValueType.UINT), ("x", ValueType.TEXT)))
