"""Monitors as written → keys, signatures and layouts."""

import json
from typing import Any

import msgspec
import pytest

from tests.support.stellar_ledgers import account, contract
from tocsin.chains.stellar.keying import TRANSACTION_LAYOUT, key_monitor
from tocsin.chains.stellar.operations import TYPES
from tocsin.errors import InputError, InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import ValueType
from tocsin.model.monitor import (
    AddressDraft,
    ConditionDraft,
    KeyedCondition,
    MonitorDraft,
    StatusFilter,
)

EVENT, FUNCTION, TRANSACTION, OPERATION = ActivityKind
TOKEN, OTHER = contract(1), contract(2)


def a_param(name: str, declared: object, location: str = "data") -> dict[str, Any]:
    return {"doc": "", "name": name, "type_": declared, "location": location}


TRANSFER = {
    "function_v0": {
        "doc": "",
        "name": "transfer",
        "inputs": [a_param("from", "address"), a_param("to", "address"), a_param("amount", "i128")],
        "outputs": [],
    }
}
SET = {
    "function_v0": {
        "doc": "",
        "name": "set",
        "inputs": [
            a_param("key", {"option": {"value_type": "symbol"}}),
            a_param("raw", "bytes"),
        ],
        "outputs": [],
    }
}
PRICE_SET = {
    "event_v0": {
        "doc": "",
        "lib": "",
        "name": "PriceSet",
        "prefix_topics": ["oracle", "price_set"],
        "params": [
            a_param("raw", "bytes"),
            a_param("asset", "symbol", "topic_list"),
        ],
        "data_format": "vec",
    }
}


def an_address(*spec: Any, address: str = TOKEN) -> AddressDraft:
    raw = msgspec.Raw(json.dumps(spec).encode()) if spec else None
    return AddressDraft(address=address, contract_spec=raw)


def a_condition(kind: ActivityKind, signature: str = "", **changes: Any) -> ConditionDraft:
    return ConditionDraft(kind=kind, signature=signature, field="conditions[0]", **changes)


def a_draft(*conditions: ConditionDraft, addresses: tuple[AddressDraft, ...]) -> MonitorDraft:
    return MonitorDraft(
        name="m",
        networks=("stellar",),
        paused=False,
        addresses=addresses,
        conditions=conditions,
        triggers=(),
    )


def keyed(*conditions: ConditionDraft, addresses: tuple[AddressDraft, ...]) -> list[KeyedCondition]:
    return list(key_monitor(a_draft(*conditions, addresses=addresses)).conditions)


def keyed_one(kind: ActivityKind, signature: str, *spec: Any) -> KeyedCondition:
    (condition,) = keyed(a_condition(kind, signature), addresses=(an_address(*spec),))
    return condition


def names(condition: KeyedCondition) -> list[str]:
    return [each.name for each in condition.layout.parameters]


def test_a_function_takes_names_and_types_from_the_spec() -> None:
    condition = keyed_one(FUNCTION, " Transfer(address, ADDRESS,i128)", TRANSFER)
    assert condition.key == f"f:{TOKEN}:transfer"
    assert condition.signature == "transfer(Address,Address,I128)"
    assert [(each.name, each.type) for each in condition.layout.parameters] == [
        ("from", ValueType.ADDRESS),
        ("to", ValueType.ADDRESS),
        ("amount", ValueType.NATIVE_INT),
    ]


@pytest.mark.parametrize("signature", ["set(Void,Bytes)", "set(Option<Symbol>,Bytes)"])
def test_an_option_may_be_spelled_as_printed_or_in_full(signature: str) -> None:
    condition = keyed_one(FUNCTION, signature, SET)
    assert condition.signature == "set(Void,Bytes)"
    assert condition.layout.parameters[0].type is ValueType.TEXT


def test_a_function_without_a_spec_names_parameters_by_position() -> None:
    condition = keyed_one(FUNCTION, "swap(symbol,vec<u32>)")
    assert (condition.signature, names(condition)) == ("swap(Symbol,Vec<U32>)", ["0", "1"])


def test_an_event_is_filed_under_its_first_prefix_topic() -> None:
    condition = keyed_one(EVENT, "priceset(Symbol,Bytes)", PRICE_SET)
    assert condition.key == f"e:{TOKEN}:oracle"
    assert condition.signature == "PriceSet(Symbol,Bytes)"
    assert names(condition) == ["asset", "raw"]


def test_an_event_may_be_written_with_the_kinds_that_its_values_show() -> None:
    condition = keyed_one(EVENT, "PriceSet(Symbol,Bytes5)", PRICE_SET)
    assert condition.signature == "PriceSet(Symbol,Bytes5)"
    assert names(condition) == ["asset", "raw"]


@pytest.mark.parametrize("spec", [(), (TRANSFER,)], ids=["no spec", "a spec without events"])
def test_an_event_nobody_declares_names_parameters_by_position(spec: tuple[Any, ...]) -> None:
    condition = keyed_one(EVENT, "Transfer(Address,Address,I128)", *spec)
    assert condition.key == f"e:{TOKEN}:transfer"
    assert names(condition) == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("kind", "signature", "closest"),
    [
        (FUNCTION, "transfer(Address,Address,U128)", "transfer(Address,Address,I128)"),
        (FUNCTION, "transfr(Address,Address,I128)", "transfer(Address,Address,I128)"),
        (FUNCTION, "transfer(address from)", "transfer(Address,Address,I128)"),
        (EVENT, "price_set(Symbol,Bytes)", "PriceSet(Symbol,Bytes)"),
        (EVENT, "PriceSet(Symbol)", "PriceSet(Symbol,Bytes)"),
        (EVENT, "PriceSet(Symbol,U32)", "PriceSet(Symbol,Bytes)"),
        (EVENT, "PriceSet(", "PriceSet(Symbol,Bytes)"),
    ],
)
def test_what_a_spec_lacks_is_refused_with_the_closest(
    kind: ActivityKind, signature: str, closest: str
) -> None:
    with pytest.raises(InterfaceError, match="did you mean") as refusal:
        keyed_one(kind, signature, TRANSFER, PRICE_SET)
    assert closest in str(refusal.value)
    assert refusal.value.field == "conditions[0].signature"


def test_one_contract_with_the_function_is_enough() -> None:
    conditions = keyed(
        a_condition(FUNCTION, "transfer(Address,Address,I128)"),
        addresses=(an_address(TRANSFER), an_address(SET, address=OTHER)),
    )
    assert [each.key for each in conditions] == [f"f:{TOKEN}:transfer"]


def test_a_contract_without_a_spec_takes_its_neighbour_s_names() -> None:
    conditions = keyed(
        a_condition(FUNCTION, "transfer(Address,Address,I128)"),
        addresses=(an_address(address=OTHER), an_address(TRANSFER)),
    )
    assert [each.key for each in conditions] == [f"f:{OTHER}:transfer", f"f:{TOKEN}:transfer"]
    assert names(conditions[0]) == ["from", "to", "amount"]


def test_the_same_address_twice_is_one() -> None:
    draft = a_draft(
        a_condition(FUNCTION, "transfer(Address,Address,I128)"),
        addresses=(an_address(TRANSFER), an_address(TRANSFER, address=f" {TOKEN.lower()} ")),
    )
    monitor = key_monitor(draft)
    assert monitor.addresses == (TOKEN,)
    assert len(monitor.conditions) == 1


def test_ordinals_count_each_kind_by_itself() -> None:
    conditions = keyed(
        a_condition(FUNCTION, "a()"),
        a_condition(EVENT, "b(U32)"),
        a_condition(FUNCTION, "c()"),
        a_condition(TRANSACTION, status=StatusFilter.FAILURE),
        addresses=(an_address(),),
    )
    assert [(each.kind, each.ordinal) for each in conditions] == [
        (FUNCTION, 0),
        (EVENT, 0),
        (FUNCTION, 1),
        (TRANSACTION, 0),
    ]


def test_a_transaction_condition_needs_no_address() -> None:
    monitor = key_monitor(a_draft(a_condition(TRANSACTION, expression="value > 1"), addresses=()))
    (condition,) = monitor.conditions
    assert (condition.key, condition.layout) == ("", TRANSACTION_LAYOUT)
    assert not monitor.gated


@pytest.mark.parametrize("kind", [EVENT, FUNCTION])
def test_an_activity_without_a_contract_is_refused(kind: ActivityKind) -> None:
    with pytest.raises(InputError) as refusal:
        keyed(a_condition(kind, "a()"), addresses=())
    assert refusal.value.field == "addresses"


@pytest.mark.parametrize("address", ["", "0xabc", TOKEN[:-1] + "A", "S" + account(1)[1:]])
def test_what_is_no_address_is_refused_at_its_place(address: str) -> None:
    with pytest.raises(InputError) as refusal:
        keyed(a_condition(TRANSACTION), addresses=(an_address(), an_address(address=address)))
    assert refusal.value.field == "addresses[1].address"


@pytest.mark.parametrize("signature", ["", "transfer", "f(U32", "f(Vec<U32)"])
def test_what_is_no_signature_is_refused_at_its_place(signature: str) -> None:
    with pytest.raises(InputError) as refusal:
        keyed_one(FUNCTION, signature)
    assert refusal.value.field == "conditions[0].signature"


def test_a_spec_of_another_chain_is_refused_at_its_place() -> None:
    abi = {"type": "function", "name": "f", "inputs": [], "outputs": []}
    with pytest.raises(InterfaceError) as refusal:
        keyed_one(FUNCTION, "f()", abi)
    assert refusal.value.field == "addresses[0].contract_spec[0]"


def test_operations_are_filed_under_every_address() -> None:
    conditions = keyed(
        a_condition(OPERATION, " Payment ", expression="amount > 1"),
        addresses=(an_address(), an_address(address=account(7))),
    )
    assert [each.key for each in conditions] == [f"o:payment:{TOKEN}", f"o:payment:{account(7)}"]
    assert {each.signature for each in conditions} == {"payment"}
    assert {each.layout for each in conditions} == {TYPES["payment"].layout}


@pytest.mark.parametrize("addresses", [(), (AddressDraft(address=" Any "),)])
def test_operations_without_an_address_are_those_of_any_account(
    addresses: tuple[AddressDraft, ...],
) -> None:
    monitor = key_monitor(a_draft(a_condition(OPERATION, "clawback"), addresses=addresses))
    assert [each.key for each in monitor.conditions] == ["o:clawback:"]
    assert monitor.addresses == ()
    assert monitor.has_operation_conditions


@pytest.mark.parametrize(
    ("written", "message"),
    [("paymet", "did you mean payment"), ("xyzzyxyzzy", "no type of operation")],
)
def test_an_unknown_type_of_operation_is_refused(written: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        keyed(a_condition(OPERATION, written), addresses=())
    assert refusal.value.field == "conditions[0].type"
    assert "xyzzyxyzzy; " not in str(refusal.value)


def test_any_contract_may_be_watched() -> None:
    conditions = keyed(
        a_condition(EVENT, "transfer(Address,Address,I128)"),
        a_condition(FUNCTION, "transfer(Address,Address,I128)"),
        addresses=(an_address(TRANSFER, address="any"),),
    )
    assert [each.key for each in conditions] == ["e::transfer", "f::transfer"]
    assert [names(each) for each in conditions] == [["0", "1", "2"], ["from", "to", "amount"]]


def test_any_stands_alone() -> None:
    with pytest.raises(InputError, match="stands alone") as refusal:
        keyed(
            a_condition(OPERATION, "payment"), addresses=(an_address(), an_address(address="any"))
        )
    assert refusal.value.field == "addresses"


def test_an_account_beside_a_contract_does_not_stand_for_one_without_a_spec() -> None:
    addresses = (an_address(TRANSFER), an_address(address=account(1)))
    (condition,) = keyed(
        a_condition(FUNCTION, "transfer(Address,Address,I128)"), addresses=addresses
    )
    assert condition.key == f"f:{TOKEN}:transfer"
    with pytest.raises(InterfaceError, match="did you mean"):
        keyed(a_condition(FUNCTION, "transfr(Address,Address,I128)"), addresses=addresses)


@pytest.mark.parametrize(
    "signature",
    ["PriceGone(Symbol,U32)", "PriceGone(U32,Symbol,Bytes)", "PriceGone(Symbol,Bytes,Symbol)"],
)
def test_only_the_name_itself_may_come_before_the_parameters(signature: str) -> None:
    event = {"event_v0": {**PRICE_SET["event_v0"], "name": "PriceGone", "prefix_topics": []}}
    with pytest.raises(InterfaceError):
        keyed_one(EVENT, signature, event)
    assert keyed_one(EVENT, "PriceGone(Symbol,Symbol,Bytes5)", event).key == f"e:{TOKEN}:pricegone"
