"""What of the EVM's code only odd input reaches."""

import json
from typing import Any

import msgspec
import pytest

from tests.support.evm_blocks import TOKEN
from tests.support.evm_matching import a_monitor, item, mined, places, sent
from tests.support.openzeppelin import a_monitor_file
from tocsin.chains.evm import layout
from tocsin.chains.evm.access import access_to
from tocsin.chains.evm.codec import topic_of
from tocsin.chains.evm.header import header_hash
from tocsin.chains.evm.interface import parse_interface
from tocsin.chains.evm.keying import key_monitor
from tocsin.chains.evm.keys import anonymous_key, log_key
from tocsin.chains.evm.transaction import transaction_view
from tocsin.chains.evm.types import Receipt, Transaction, quantity
from tocsin.errors import InterfaceError, MalformedBlockError
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout
from tocsin.openzeppelin.monitors import parse_monitor


def test_only_a_tuple_has_components() -> None:
    with pytest.raises(ValueError, match="only a tuple"):
        layout.abi_type("uint256", [layout.abi_type("bool")])


def test_a_log_without_topics_has_the_key_of_an_anonymous_event() -> None:
    assert log_key(TOKEN, []) == anonymous_key(TOKEN, 0)


def test_a_function_of_an_unknown_type_takes_no_call_from_the_fallback() -> None:
    spec = [item("function", "odd", "fixed128x18 x"), {"type": "fallback"}]
    interface = parse_interface(json.dumps(spec).encode(), "spec")
    (found,) = interface.find(ActivityKind.FUNCTION, "fallback()")
    assert found.layout.details == ("fallback",)


def test_an_event_with_other_topics_takes_no_log_from_an_anonymous_one() -> None:
    note = item("event", "Note", "uint256 indexed id", anonymous=True)
    spec = [note, item("event", "Plain"), item("event", "Two", "bool indexed a", "bool indexed b")]
    interface = parse_interface(json.dumps(spec).encode(), "spec")
    (found,) = interface.find(ActivityKind.EVENT, "Note(uint256)")
    assert found.layout.details == ("anonymous", topic_of("Plain()"))


def test_decoders_that_nobody_asked_for_lately_are_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "MAX_DECODERS", 1)
    kinds = [layout.to_parameter("x", kind) for kind in ("bool", "int8")]
    first, second = (Layout(family="EVM", parameters=(each,)) for each in kinds)
    decoders = [layout.decoder_of(each) for each in (first, second, first)]
    assert decoders[0] is decoders[2]
    assert decoders[0] is not decoders[1]


def test_a_layout_of_another_family_is_not_read() -> None:
    with pytest.raises(ValueError, match="a layout of Stellar"):
        access_to(Layout(family="Stellar", parameters=()))


def test_a_receipt_need_not_say_how_much_gas_was_used() -> None:
    transaction = sent(receipt={"gasUsed": None})
    assert places(a_monitor(transactions=[("Any", "gas_used == 0")]), transaction) == [0]


def test_bytes_that_are_no_json_are_no_abi() -> None:
    with pytest.raises(InterfaceError, match="not JSON"):
        parse_interface(b'[{"type":', "spec")


def test_a_quantity_that_is_none_is_malformed() -> None:
    with pytest.raises(MalformedBlockError, match="expected a 0x quantity"):
        quantity("5")


def test_a_later_field_that_is_no_quantity_is_absent() -> None:
    block = mined(sent())
    transaction = msgspec.convert(block.block["transactions"][0] | {"type": "odd"}, Transaction)
    receipt = msgspec.convert(block.receipts[0], Receipt)
    fields = {each.name: each for each in transaction_view(transaction, receipt, 0)}
    assert (fields["type"].value, fields["type"].text) == (None, "")
    assert places(a_monitor(transactions=[("Any", "type == 0")]), sent(type="odd")) == []


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in mined(sent()).block.items() if name != key}


@pytest.mark.parametrize(
    "fields",
    [
        without("stateRoot"),
        without("baseFeePerGas") | {"withdrawalsRoot": "0x" + "00" * 32},
        without("") | {"novelty": "0x1"},
        without("stateRoot") | {"stateRoot": "no hex"},
        without("gasUsed") | {"gasUsed": 5},
    ],
)
def test_a_header_of_another_rule_has_no_hash_that_we_know(fields: dict[str, Any]) -> None:
    raw = msgspec.json.decode(msgspec.json.encode(fields), type=dict[str, msgspec.Raw])
    assert header_hash(raw) is None


def test_a_signature_that_is_neither_in_the_abi_nor_one_at_all_is_unknown() -> None:
    spec = [item("event", "E", "uint256 x")]
    addresses = [{"address": "any", "contract_spec": spec}]
    monitor = a_monitor_file(**a_monitor(events=["E(("], addresses=addresses))
    draft = parse_monitor(json.dumps(monitor), source="m.json").draft
    with pytest.raises(InterfaceError, match="no event"):
        key_monitor(draft)


def test_a_signature_with_names_is_found_in_the_abi_of_any_contract() -> None:
    spec = [item("event", "E", "uint256 x")]
    addresses = [{"address": "any", "contract_spec": spec}]
    assert places(a_monitor(events=["E(uint256 x)"], addresses=addresses), sent()) == []
