"""Tree and layout → whether decoded arguments meet it; never an exception."""

from typing import Any

import pytest

from tests.support.matching import a_layout, arguments_of
from tocsin.errors import ExpressionTypeError
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.expression.values import MAX_JSON
from tocsin.model.interface import Argument, Layout, Parameter, Value, ValueType

WHALE = 10**77


def holds(text: str, layout: Layout, *values: Value) -> bool:
    predicate = compile_expression(parse_expression(text), layout)
    return predicate(arguments_of(layout, *values))


@pytest.mark.parametrize(
    ("text", "expected"),
    [(f"v > {WHALE - 1}", True), (f"v >= {WHALE + 1}", False), (f"v == {WHALE}", True)],
)
def test_integers_are_exact_beyond_any_float(text: str, *, expected: bool) -> None:
    assert holds(text, a_layout(("v", ValueType.UINT)), WHALE) is expected


def test_an_absent_value_meets_nothing() -> None:
    layout = a_layout(("to", ValueType.ADDRESS))
    assert not holds("to != 0xab", layout, None)


@pytest.mark.parametrize("kind", list(ValueType))
@pytest.mark.parametrize("value", [None, True, 5, "text", [1], {"a": [None]}])
def test_a_value_of_another_type_than_promised_is_no_error(kind: ValueType, value: Value) -> None:
    promised = a_layout(("v", kind), family="Stellar")
    for text in ("v == 1", "v == 'x'", "v == true", "v[0] == 1", "v.a == 1", "v == '{}'"):
        try:
            predicate = compile_expression(parse_expression(text), promised)
        except ExpressionTypeError:
            continue
        assert predicate(arguments_of(promised, value)) in {True, False}


def test_an_error_that_is_looked_at_spoils_the_whole() -> None:
    layout = a_layout(("bad", ValueType.UINT), ("good", ValueType.UINT))
    assert not holds("bad == 1 OR good == 1", layout, None, 1)


def test_an_error_that_is_skipped_does_no_harm() -> None:
    layout = a_layout(("bad", ValueType.UINT), ("good", ValueType.UINT))
    assert holds("good == 1 OR bad == 1", layout, None, 1)


ORDER = Layout(
    family="EVM",
    parameters=(
        Parameter(
            name="order",
            kind="tuple",
            type=ValueType.TUPLE,
            components=(
                Parameter(name="maker", kind="address", type=ValueType.ADDRESS),
                Parameter(
                    name="deltas",
                    kind="int256[]",
                    type=ValueType.ARRAY,
                    components=(Parameter(name="", kind="int256", type=ValueType.INT),),
                ),
            ),
        ),
    ),
)
MAKER = "0x" + "aB" * 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order.maker == 0x" + "ab" * 20, True),
        ("order[0] == '" + "AB" * 20 + "'", True),
        ("order.deltas[0] > -6", True),
        ("order.deltas[1] > -6", True),
        ("order.deltas[2] > -6", False),
        ("order.deltas contains 7", True),
        ("order contains 7", True),
        ("order contains 8", False),
    ],
)
def test_a_path_leads_into_a_tuple_by_name_and_by_place(text: str, *, expected: bool) -> None:
    assert holds(text, ORDER, [MAKER, [-5, 7]]) is expected


def stellar(kind: str, value_type: ValueType, text: str, value: Value = None) -> Any:
    layout = Layout(family="Stellar", parameters=(Parameter(name="v", kind=kind, type=value_type),))
    argument = Argument(name="v", kind=kind, type=value_type, value=value, text=text)
    return lambda expression: compile_expression(parse_expression(expression), layout)([argument])


def test_a_stellar_map_that_is_shown_as_no_json_is_compared_as_decoded() -> None:
    met = stellar("Map", ValueType.MAP, "{amount:5}", {"amount": 5})
    assert met("v.amount > 4")
    assert met("v contains 5")
    assert met("v == '{\"amount\": 5}'")


def test_stellar_integers_of_256_bits_are_ordered() -> None:
    met = stellar("I256", ValueType.BIG_INT, str(-(2**200)), -(2**200))
    assert met(f"v < -{2**199}")
    assert not met("v > 0")


def test_hostile_json_inside_a_text_is_no_error() -> None:
    for text in ("[" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000, "1" * 10_000, '{"a": NaN}'):
        assert not holds("v.a == 1", a_layout(("v", ValueType.TEXT)), text)


def test_a_quote_inside_an_element_cannot_pretend_to_be_another_element() -> None:
    layout = a_layout(("names", ValueType.ARRAY))
    argument = Argument(
        name="names",
        kind="string[]",
        type=ValueType.ARRAY,
        value=['a","admin'],
        text='["a","admin"]',
    )
    predicate = compile_expression(parse_expression("names contains 'admin'"), layout)
    assert not predicate([argument])


def test_a_part_of_a_value_may_change_its_type_from_block_to_block() -> None:
    layout = a_layout(("v", ValueType.TEXT))
    predicate = compile_expression(parse_expression("v.a == 'x' OR v.b == 1"), layout)
    texts = ['{"a":"X"}', '{"a":"y","b":1}', '{"a":5}', '{"a":"x"}', '{"a":6}']
    outcomes = [predicate(arguments_of(layout, text)) for text in texts]
    assert outcomes == [True, True, False, True, False]


@pytest.mark.parametrize("number", [2**64, 2**127, 2**128, 2**255, -(2**63) - 1, -(2**200)])
def test_numbers_inside_a_stellar_value_are_exact_beyond_64_bits(number: int) -> None:
    met = stellar("Vec", ValueType.ARRAY, f"[{number}]", [number])
    assert met(f"v[0] > {number - 1}")
    assert not met(f"v[0] > {number}")


def test_a_value_that_nests_too_deep_is_not_looked_into() -> None:
    value: Value = 5
    for _ in range(200):
        value = [value]
    assert not holds("v contains 5", a_layout(("v", ValueType.ARRAY)), value)


def test_json_of_more_characters_than_any_transaction_needs_is_not_read() -> None:
    layout = a_layout(("v", ValueType.TEXT))
    assert holds("v[0] == 1", layout, "[1" + " " * (MAX_JSON - 3) + "]")
    assert not holds("v[0] == 1", layout, "[1" + " " * (MAX_JSON - 2) + "]")


def test_a_list_on_stellar_holds_strkeys_in_any_case() -> None:
    layout = Layout(
        family="Stellar",
        parameters=(Parameter(name="to", kind="Address", type=ValueType.ADDRESS),),
    )
    lists = {"desks": ["gabc", "GX YZ"]}
    predicate = compile_expression(parse_expression("to IN @desks"), layout, lists=lists)
    assert predicate(arguments_of(layout, "GABC"))
    assert predicate(arguments_of(layout, "GXYZ"))
    assert not predicate(arguments_of(layout, "GAB"))
