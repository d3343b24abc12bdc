"""Bundles → transactions with keyed calls and events."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from stellar_sdk import scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import (
    TOKEN,
    Json,
    RawLedger,
    a_call,
    a_transaction,
    a_transfer,
    account,
    an_event,
)
from tocsin.chains.stellar.decode import StellarLedger, decode
from tocsin.chains.stellar.keying import key_monitor
from tocsin.chains.stellar.transaction import StellarTransaction
from tocsin.model.activity import Activity, ActivityKind
from tocsin.model.interface import Argument, Layout, ValueType
from tocsin.model.monitor import AddressDraft, ConditionDraft, MonitorDraft

EVENT, FUNCTION = ActivityKind.EVENT, ActivityKind.FUNCTION
symbol, u32 = scval.to_symbol, scval.to_uint32


def layout(kind: ActivityKind, signature: str, *spec: Any) -> Layout:
    """Return the layout that a monitor of the token has for a signature."""
    raw = msgspec.Raw(json.dumps(spec).encode()) if spec else None
    draft = MonitorDraft(
        name="m",
        networks=(),
        paused=False,
        addresses=(AddressDraft(address=TOKEN, contract_spec=raw),),
        conditions=(ConditionDraft(kind=kind, signature=signature),),
        triggers=(),
    )
    return key_monitor(draft).conditions[0].layout


def a_spec_function(*types: object) -> Json:
    inputs = [{"name": f"p{i}", "type_": each} for i, each in enumerate(types)]
    return {"function_v0": {"name": "f", "inputs": inputs}}


def a_spec_event(data_format: str, *params: tuple[str, object, str], prefix: str = "e") -> Json:
    listed = [{"name": n, "type_": t, "location": where} for n, t, where in params]
    return {
        "event_v0": {
            "name": "e",
            "prefix_topics": prefix.split(),
            "params": listed,
            "data_format": data_format,
        }
    }


def decoded(transaction: Json | None = None, *events: Json) -> StellarLedger:
    return decode(RawLedger([transaction or a_transaction()], list(events)).bundle())


def only_transaction(ledger: StellarLedger) -> StellarTransaction:
    (transaction,) = ledger.transactions
    return transaction


def only_activity(transaction: Json, *events: Json) -> Activity:
    (activity,) = only_transaction(decoded(transaction, *events)).activities
    return activity


def emitted(topics: Sequence[stellar_xdr.SCVal], data: stellar_xdr.SCVal | None = None) -> Activity:
    transaction = a_transaction()
    return only_activity(transaction, an_event(transaction, topics, data))


def facts(arguments: Sequence[Argument] | None) -> list[tuple[str, str, str]] | None:
    """Return names, kinds and texts."""
    return None if arguments is None else [(a.name, a.kind, a.text) for a in arguments]


def view(transaction: StellarTransaction, place: int = 0) -> dict[str, object]:
    return {each.name: each.value for each in transaction.views()[place]}


def test_a_call_is_keyed_by_contract_and_function() -> None:
    activity = only_activity(a_transaction(a_call("Do_It", u32(1))))
    assert (activity.kind, activity.key) == (FUNCTION, f"f:{TOKEN}:do_it")


def test_a_call_s_arguments_have_the_names_of_the_spec() -> None:
    activity = only_activity(a_transaction(a_call("f", u32(1), scval.to_int128(-7))))
    arguments = activity.arguments(layout(FUNCTION, "f(U32,I128)", a_spec_function("u32", "i128")))
    assert facts(arguments) == [("p0", "U32", "1"), ("p1", "I128", "-7")]


def test_wide_integers_are_exact() -> None:
    activity = only_activity(a_transaction(a_call("f", scval.to_int256(-(2**200)))))
    arguments = activity.arguments(layout(FUNCTION, "f(I256)"))
    assert arguments is not None
    assert (arguments[0].value, arguments[0].type) == (-(2**200), ValueType.BIG_INT)


def test_a_call_shows_containers_as_json() -> None:
    vec = scval.to_vec([scval.to_int128(1), symbol("a")])
    mapping = scval.to_map({symbol("b"): vec, symbol("a"): scval.to_bool(True)})
    activity = only_activity(a_transaction(a_call("f", vec, mapping, scval.to_void())))
    spec = a_spec_function(
        {"vec": {"element_type": "val"}},
        {"udt": {"name": "Request"}},
        {"option": {"value_type": "u32"}},
    )
    arguments = activity.arguments(layout(FUNCTION, "f(Vec<Void>,Request,Void)", spec))
    assert facts(arguments) == [
        ("p0", "Vec", '[{"type":"I128","value":"1"},"a"]'),
        ("p1", "Map", '{"a":true,"b":[{"type":"I128","value":"1"},"a"]}'),
        ("p2", "Void", ""),
    ]
    assert arguments is not None
    assert arguments[1].value == {"a": True, "b": [1, "a"]}


@pytest.mark.parametrize(
    "arguments", [(), (u32(1),), (u32(1), u32(2), u32(3)), (u32(1), symbol("a"))]
)
def test_a_call_with_other_types_does_not_fit(arguments: tuple[stellar_xdr.SCVal, ...]) -> None:
    ledger = decoded(a_transaction(a_call("f", *arguments)))
    activity = only_transaction(ledger).activities[0]
    assert activity.arguments(layout(FUNCTION, "f(U32,U32)")) is None
    assert ledger.malformed_count == 0


def test_a_failed_transaction_has_its_call() -> None:
    transaction = a_transaction(a_call("f"), status="FAILED")
    assert only_activity(transaction).key == f"f:{TOKEN}:f"


def test_an_event_without_a_spec_is_named_by_position() -> None:
    transaction = a_transaction()
    activity = only_activity(transaction, a_transfer(transaction))
    assert (activity.kind, activity.key) == (EVENT, f"e:{TOKEN}:transfer")
    arguments = activity.arguments(layout(EVENT, "transfer(Address,Address,I128)"))
    assert facts(arguments) == [
        ("0", "Address", account(1)),
        ("1", "Address", account(2)),
        ("2", "I128", "100"),
    ]
    assert arguments is not None
    assert [each.indexed for each in arguments] == [True, True, False]


@pytest.mark.parametrize(
    "signature",
    ["transfer(Address,Address,U128)", "transfer(Address,I128)", "transfer(Address,Address)"],
)
def test_an_event_with_other_types_does_not_fit(signature: str) -> None:
    transaction = a_transaction()
    activity = only_activity(transaction, a_transfer(transaction))
    assert activity.arguments(layout(EVENT, signature)) is None


def test_without_a_spec_the_elements_of_containers_count() -> None:
    activity = emitted([symbol("e")], scval.to_vec([symbol("a")]))
    assert activity.arguments(layout(EVENT, "e(Vec<U32>)")) is None
    assert activity.arguments(layout(EVENT, "e(Vec<Symbol>)")) is not None


def test_an_event_shows_containers_as_text() -> None:
    data = scval.to_map({symbol("name"): scval.to_string("Jo"), symbol("age"): u32(20)})
    activity = emitted([symbol("user"), symbol("new")], data)
    arguments = activity.arguments(layout(EVENT, "user(Symbol,Map<String,U32,String>)"))
    assert facts(arguments) == [
        ("0", "Symbol", "new"),
        ("1", "Map<String,U32,String>", "{age:20,name:Jo}"),
    ]
    assert arguments is not None
    assert arguments[1].value == {"age": 20, "name": "Jo"}


def test_an_event_s_name_ignores_case() -> None:
    activity = emitted([symbol("Transfer")], scval.to_int64(42))
    assert activity.key == f"e:{TOKEN}:transfer"
    assert facts(activity.arguments(layout(EVENT, "Transfer(I64)"))) == [("0", "I64", "42")]


def test_data_in_a_map_are_found_by_name() -> None:
    spec = a_spec_event(
        "map", ("b", "u64", "data"), ("a", "symbol", "topic_list"), ("c", "u32", "data")
    )
    data = scval.to_map({symbol("c"): u32(3), symbol("b"): scval.to_uint64(2), symbol("x"): u32(0)})
    arguments = emitted([symbol("e"), symbol("one")], data).arguments(
        layout(EVENT, "e(Symbol,U64,U32)", spec)
    )
    assert facts(arguments) == [("a", "Symbol", "one"), ("b", "U64", "2"), ("c", "U32", "3")]


def test_data_in_a_vec_are_found_by_place() -> None:
    spec = a_spec_event("vec", ("a", "u32", "data"), ("b", "symbol", "data"))
    arguments = emitted([symbol("e")], scval.to_vec([u32(1), symbol("x")])).arguments(
        layout(EVENT, "e(U32,Symbol)", spec)
    )
    assert facts(arguments) == [("a", "U32", "1"), ("b", "Symbol", "x")]


def test_a_single_value_that_is_a_vec_stays_one() -> None:
    spec = a_spec_event("single_value", ("all", {"vec": {"element_type": "u32"}}, "data"))
    arguments = emitted([symbol("e")], scval.to_vec([u32(1), u32(2)])).arguments(
        layout(EVENT, "e(Vec<U32>)", spec)
    )
    assert facts(arguments) == [("all", "Vec<U32>", "[1,2]")]


@pytest.mark.parametrize(
    "data",
    [scval.to_map({symbol("a"): u32(1)}), scval.to_vec([u32(1)]), scval.to_map({}), u32(1)],
)
def test_data_that_lack_a_parameter_do_not_fit(data: stellar_xdr.SCVal) -> None:
    spec = a_spec_event("map", ("a", "u32", "data"), ("b", "u32", "data"))
    assert emitted([symbol("e")], data).arguments(layout(EVENT, "e(U32,U32)", spec)) is None


@pytest.mark.parametrize("signature", ["e()", "e(Void)"])
def test_an_event_without_data_may_be_written_with_or_without_void(signature: str) -> None:
    activity = emitted([symbol("e")], scval.to_void())
    spec = a_spec_event("single_value")
    assert activity.arguments(layout(EVENT, signature, spec)) is not None


@pytest.mark.parametrize(("second", "fits"), [("two", True), ("other", False)])
def test_both_prefix_topics_count(second: str, *, fits: bool) -> None:
    spec = a_spec_event("single_value", ("a", "u32", "data"), prefix="one two")
    activity = emitted([symbol("one"), symbol(second)], u32(1))
    assert activity.key == f"e:{TOKEN}:one"
    assert (activity.arguments(layout(EVENT, "e(U32)", spec)) is not None) is fits


TRANSFER = a_spec_event(
    "single_value",
    ("from", "address", "topic_list"),
    ("to", "address", "topic_list"),
    ("amount", "i128", "data"),
    prefix="transfer",
)
TRANSFER["event_v0"]["name"] = "transfer"


@pytest.mark.parametrize("spec", [(), (TRANSFER,)], ids=["by position", "by name"])
@pytest.mark.parametrize(
    "data",
    [
        scval.to_int128(7),
        scval.to_map({symbol("amount"): scval.to_int128(7), symbol("to_muxed_id"): u32(5)}),
    ],
    ids=["protocol 22", "protocol 23"],
)
def test_a_transfer_to_a_muxed_account_is_one_of_its_amount(
    data: stellar_xdr.SCVal, spec: tuple[Json, ...]
) -> None:
    topics = [symbol("transfer"), scval.to_address(account(1)), scval.to_address(account(2))]
    activity = emitted(topics, data)
    arguments = activity.arguments(layout(EVENT, "transfer(Address,Address,I128)", *spec))
    assert arguments is not None
    assert (arguments[2].kind, arguments[2].value) == ("I128", 7)


def test_a_transfer_to_a_muxed_account_may_also_be_written_as_it_is() -> None:
    data = scval.to_map({symbol("amount"): scval.to_int128(7), symbol("to_muxed_id"): u32(5)})
    activity = emitted([symbol("transfer")], data)
    arguments = activity.arguments(layout(EVENT, "transfer(Map<String,I128,U32>)"))
    assert arguments is not None
    assert arguments[0].value == {"amount": 7, "to_muxed_id": 5}


def test_a_single_value_may_come_in_a_map_under_its_name() -> None:
    spec = a_spec_event("single_value", ("a", "u32", "data"))
    activity = emitted([symbol("e")], scval.to_map({symbol("a"): u32(1), symbol("b"): u32(2)}))
    assert facts(activity.arguments(layout(EVENT, "e(U32)", spec))) == [("a", "U32", "1")]


def test_a_map_without_the_value_is_another_event() -> None:
    activity = emitted([symbol("e")], scval.to_map({symbol("b"): u32(2)}))
    spec = a_spec_event("single_value", ("a", "u32", "data"))
    assert activity.arguments(layout(EVENT, "e(U32)", spec)) is None


@pytest.mark.parametrize("data_format", ["single_value", "map"])
def test_the_name_may_count_as_the_first_parameter_as_in_the_original(data_format: str) -> None:
    spec = a_spec_event(
        data_format, ("to", "symbol", "topic_list"), ("amount", "u32", "data"), prefix=""
    )
    data = u32(7) if data_format == "single_value" else scval.to_map({symbol("amount"): u32(7)})
    activity = emitted([symbol("e"), symbol("bob")], data)
    found = activity.arguments(layout(EVENT, "e(Symbol,Symbol,U32)", spec))
    assert facts(found) == [
        ("to", "Symbol", "e"),
        ("amount", "Symbol", "bob"),
        ("amount", "U32", "7"),
    ]


def test_topics_and_data_do_not_stand_in_for_each_other() -> None:
    spec = a_spec_event("vec", ("a", "u32", "topic_list"), ("b", "u32", "data"))
    activity = emitted([symbol("e"), u32(1), u32(2)], scval.to_vec([]))
    assert activity.arguments(layout(EVENT, "e(U32,U32)", spec)) is None


def test_calls_come_before_events() -> None:
    transaction = a_transaction(a_call("f"))
    events = [a_transfer(transaction), a_transfer(transaction, index=1)]
    kinds = [each.kind for each in only_transaction(decoded(transaction, *events)).activities]
    assert kinds == [FUNCTION, EVENT, EVENT]


def test_events_belong_to_their_transaction() -> None:
    first, second = a_transaction(order=1), a_transaction(order=2)
    ledger = decode(RawLedger([second, first], [a_transfer(second)]).bundle())
    assert [len(each.activities) for each in ledger.transactions] == [0, 1]
    assert [each.ref.index for each in ledger.transactions] == [0, 1]


@pytest.mark.parametrize("kind", ["system", "diagnostic"])
def test_only_contract_events_count(kind: str) -> None:
    transaction = a_transaction()
    event = a_transfer(transaction) | {"type": kind}
    assert only_transaction(decoded(transaction, event)).activities == ()


def test_a_struct_that_arrives_as_something_else_does_not_fit() -> None:
    struct = {"udt_struct_v0": {"name": "S", "fields": [{"name": "a", "type_": "u32"}]}}
    wanted = layout(FUNCTION, "f(S)", a_spec_function({"udt": {"name": "S"}}), struct)
    fitting = a_transaction(a_call("f", scval.to_map({symbol("a"): u32(1)})))
    other = a_transaction(a_call("f", scval.to_vec([u32(1)])))
    assert only_activity(fitting).arguments(wanted) is not None
    assert only_activity(other).arguments(wanted) is None


@pytest.mark.parametrize("kind", ["Void", "U32"])
def test_an_option_in_an_event_may_be_written_as_it_shows(kind: str) -> None:
    spec = a_spec_event("single_value", ("a", {"option": {"value_type": "u32"}}, "data"))
    data = {"Void": scval.to_void(), "U32": u32(7)}[kind]
    activity = emitted([symbol("e")], data)
    assert activity.arguments(layout(EVENT, f"e({kind})", spec)) is not None


def test_one_event_is_read_by_several_layouts() -> None:
    spec = a_spec_event("single_value", ("a", "u32", "data"))
    by_name, by_place = layout(EVENT, "e(U32)", spec), layout(EVENT, "e(U32)")
    activity = emitted([symbol("e")], u32(7))
    for _ in range(2):
        assert facts(activity.arguments(by_name)) == [("a", "U32", "7")]
        assert facts(activity.arguments(by_place)) == [("0", "U32", "7")]
