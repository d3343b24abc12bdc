"""Keyed monitor → compiled monitor → bytes and back."""

import msgspec
import pytest

from tests.support.matching import a_condition, a_keyed_monitor, a_layout, a_ref
from tocsin.errors import ExpressionSyntaxError, ExpressionTypeError, InputError
from tocsin.matching.compiled import (
    COMPILER_VERSION,
    compile_monitor,
    decode_compiled,
    encode_compiled,
)
from tocsin.matching.shapes import conjuncts_of
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import ValueType
from tocsin.model.monitor import StatusFilter

EVENT, CALL, TRANSACTION = ActivityKind.EVENT, ActivityKind.FUNCTION, ActivityKind.TRANSACTION


def a_monitor_of_everything() -> bytes:
    keyed = a_keyed_monitor(
        a_condition(EVENT, "e:a", "v > 5 AND (v < 9 OR v == 0xff)"),
        a_condition(CALL, "f:a", ordinal=1),
        a_condition(TRANSACTION, "", "value >= 1", status=StatusFilter.SUCCESS),
    )
    return encode_compiled(compile_monitor(a_ref(), keyed))


def test_a_compiled_monitor_comes_back_from_its_bytes() -> None:
    stored = a_monitor_of_everything()
    compiled = decode_compiled(stored)
    assert compiled is not None
    assert encode_compiled(compiled) == stored
    assert compiled.ref == a_ref()


@pytest.mark.parametrize(
    "text",
    [
        f"n == {2**256 - 1}",
        f"i == {-(2**255)} OR i > {2**255 - 2}",
        f"n > {2**62} AND n < {2**63} AND yes == true",
        "i == -1 AND t == 'Ab' OR t contains 'c'",
    ],
)
def test_what_is_looked_up_comes_back_exactly(text: str) -> None:
    layout = a_layout(
        ("n", ValueType.UINT), ("i", ValueType.INT), ("t", ValueType.TEXT), ("yes", ValueType.BOOL)
    )
    compiled = compile_monitor(
        a_ref(), a_keyed_monitor(a_condition(EVENT, "e:a", text, layout=layout))
    )
    again = decode_compiled(encode_compiled(compiled))
    assert again is not None
    assert again.lookups == compiled.lookups
    assert again.lookups[0].conjuncts == conjuncts_of(compiled.trees[0], layout)


def test_equal_texts_and_layouts_are_stored_once() -> None:
    keyed = a_keyed_monitor(*(a_condition(EVENT, f"e:{name}", "v > 5") for name in "abc"))
    compiled = compile_monitor(a_ref(), keyed)
    assert (len(compiled.layouts), len(compiled.trees), len(compiled.conditions)) == (1, 1, 3)


def test_what_another_version_stored_has_to_be_compiled_again() -> None:
    version, *rest = msgspec.msgpack.decode(a_monitor_of_everything())
    assert version == COMPILER_VERSION
    assert decode_compiled(msgspec.msgpack.encode([version + 1, *rest])) is None


def test_a_flipped_bit_anywhere_has_it_compiled_again() -> None:
    stored = a_monitor_of_everything()
    for place in range(len(stored)):
        spoilt = bytes([*stored[:place], stored[place] ^ 4, *stored[place + 1 :]])
        assert decode_compiled(spoilt) is None


@pytest.mark.parametrize("cut", [0, 1, 10, -1])
def test_damaged_bytes_have_to_be_compiled_again(cut: int) -> None:
    assert decode_compiled(a_monitor_of_everything()[:cut]) is None


def test_what_would_take_minutes_to_check_is_refused() -> None:
    text = " OR ".join(f"v == {number}" for number in range(200))
    layouts = [
        a_layout(("v", ValueType.UINT), (f"w{number}", ValueType.UINT)) for number in range(400)
    ]
    conditions = [a_condition(EVENT, "e:a", text, layout=each) for each in layouts]
    assert compile_monitor(a_ref(), a_keyed_monitor(*conditions[:100])).lookups
    with pytest.raises(InputError, match="fewer items of one signature") as caught:
        compile_monitor(a_ref(), a_keyed_monitor(*conditions))
    assert caught.value.field == "match_conditions.events[0].expression"


def test_a_syntax_error_names_the_field_of_its_expression() -> None:
    keyed = a_keyed_monitor(a_condition(CALL, "f:a", "v >", ordinal=2))
    with pytest.raises(ExpressionSyntaxError) as caught:
        compile_monitor(a_ref(), keyed)
    assert caught.value.field == "match_conditions.functions[2].expression"


def test_a_type_error_names_the_field_of_its_expression() -> None:
    keyed = a_keyed_monitor(a_condition(TRANSACTION, "", "amount > 1"))
    with pytest.raises(ExpressionTypeError) as caught:
        compile_monitor(a_ref(), keyed)
    assert caught.value.field == "match_conditions.transactions[0].expression"


def test_one_text_is_checked_against_each_layout_it_is_used_with() -> None:
    text = a_layout(("v", ValueType.TEXT))
    keyed = a_keyed_monitor(
        a_condition(EVENT, "e:a", "v > 1"), a_condition(EVENT, "e:b", "v > 1", layout=text)
    )
    with pytest.raises(ExpressionTypeError):
        compile_monitor(a_ref(), keyed)
