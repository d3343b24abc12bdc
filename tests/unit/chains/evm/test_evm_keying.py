"""How a monitor's words become keys, and how each mistake in them is named."""

import json
from typing import Any

import msgspec
import pytest

from tocsin.chains.evm.codec import topic_of
from tocsin.chains.evm.keying import key_monitor
from tocsin.chains.evm.transaction import TRANSACTION_LAYOUT
from tocsin.errors import InputError, InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import ValueType
from tocsin.model.monitor import (
    AddressDraft,
    ConditionDraft,
    KeyedMonitor,
    MonitorDraft,
    StatusFilter,
)

TOKEN = "0x" + "aA" * 20
OTHER = "0x" + "bb" * 20
TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

Json = dict[str, Any]


def an_input(kind: str, name: str = "x", **more: Any) -> Json:
    return {"name": name, "type": kind, **more}


def an_event(*inputs: Json, name: str = "Transfer", **more: Any) -> Json:
    return {"type": "event", "name": name, "inputs": list(inputs), "anonymous": False, **more}


def a_function(*inputs: Json, name: str = "transfer") -> Json:
    return {"type": "function", "name": name, "inputs": list(inputs), "outputs": []}


def a_transfer_event(indexed_count: int = 2) -> Json:
    kinds = [("from", "address"), ("to", "address"), ("value", "uint256")]
    return an_event(
        *(
            an_input(kind, name, indexed=place < indexed_count)
            for place, (name, kind) in enumerate(kinds)
        )
    )


TRANSFER_FUNCTION = a_function(an_input("address", "to"), an_input("uint256", "value"))
ABI = [a_transfer_event(), TRANSFER_FUNCTION]


def an_address(address: str = TOKEN, spec: Any = ABI) -> AddressDraft:
    raw = None if spec is None else msgspec.Raw(json.dumps(spec).encode())
    return AddressDraft(address=address, contract_spec=raw)


def a_condition(
    signature: str = "Transfer(address,address,uint256)",
    kind: ActivityKind = ActivityKind.EVENT,
    **more: Any,
) -> ConditionDraft:
    return ConditionDraft(kind=kind, signature=signature, **more)


def keyed(*conditions: ConditionDraft, addresses: Any = None) -> KeyedMonitor:
    return key_monitor(
        MonitorDraft(
            name="m",
            networks=("n",),
            paused=False,
            addresses=(an_address(),) if addresses is None else tuple(addresses),
            conditions=conditions,
            triggers=(),
        )
    )


def refusal(*conditions: ConditionDraft, addresses: Any = None) -> InputError:
    with pytest.raises(InputError) as caught:
        keyed(*conditions, addresses=addresses)
    return caught.value


def test_an_event_is_keyed_by_contract_topic_and_number_of_topics() -> None:
    found = keyed(a_condition(expression="value > 1", field="match_conditions.events[0]"))
    (condition,) = found.conditions
    assert condition.key == f"e3:{TOKEN.lower()}:{TOPIC}"
    assert condition.signature == "Transfer(address,address,uint256)"
    assert condition.hex_signature == TOPIC
    assert condition.expression == "value > 1"
    assert [(p.name, p.type, p.indexed) for p in condition.layout.parameters] == [
        ("from", ValueType.ADDRESS, True),
        ("to", ValueType.ADDRESS, True),
        ("value", ValueType.UINT, False),
    ]


def test_a_function_is_keyed_by_contract_and_selector() -> None:
    (condition,) = keyed(a_condition("transfer(address,uint256)", ActivityKind.FUNCTION)).conditions
    assert condition.key == f"f:{TOKEN.lower()}:0xa9059cbb"
    assert condition.hex_signature == "0xa9059cbb"


def test_a_monitor_is_gated_by_its_canonical_addresses() -> None:
    found = keyed(addresses=[an_address(TOKEN, None), an_address("BB" * 20, None)])
    assert found.gated
    assert found.addresses == (TOKEN.lower(), OTHER)
    assert found.conditions == ()


def test_a_transaction_condition_has_every_field_of_a_transaction() -> None:
    condition = ConditionDraft(kind=ActivityKind.TRANSACTION, status=StatusFilter.FAILURE)
    found = keyed(condition, addresses=[an_address(spec=None)])
    assert found.has_transaction_conditions
    assert found.conditions[0].layout is TRANSACTION_LAYOUT
    assert found.conditions[0].status is StatusFilter.FAILURE
    assert [(p.name, p.kind) for p in TRANSACTION_LAYOUT.parameters[:12]] == [
        ("value", "uint256"),
        ("from", "address"),
        ("to", "address"),
        ("hash", "string"),
        ("gas_price", "uint256"),
        ("max_fee_per_gas", "uint256"),
        ("max_priority_fee_per_gas", "uint256"),
        ("gas_limit", "uint256"),
        ("nonce", "uint256"),
        ("input", "string"),
        ("gas_used", "uint256"),
        ("transaction_index", "uint64"),
    ]


@pytest.mark.parametrize(
    "signature",
    [
        "Transfer(address, address, uint256)",
        "TRANSFER(address,address,uint256)",
        " transfer ( address,address ,\tuint256 ) ",
    ],
)
def test_blanks_and_case_of_a_signature_do_not_count(signature: str) -> None:
    assert keyed(a_condition(signature)).conditions[0].hex_signature == TOPIC


def test_two_events_with_one_topic_become_one_condition_each() -> None:
    spec = [a_transfer_event(2), a_transfer_event(3)]
    found = keyed(a_condition(), addresses=[an_address(spec=spec)])
    assert [each.key[:2] for each in found.conditions] == ["e3", "e4"]
    assert [each.ordinal for each in found.conditions] == [0, 0]


def test_a_condition_is_keyed_on_each_address_that_declares_it() -> None:
    found = keyed(
        a_condition(),
        a_condition("transfer(address,uint256)", ActivityKind.FUNCTION),
        addresses=[an_address(TOKEN, [a_transfer_event()]), an_address(OTHER)],
    )
    assert [each.key.rpartition(":")[0] for each in found.conditions] == [
        f"e3:{TOKEN.lower()}",
        f"e3:{OTHER}",
        f"f:{OTHER}",
    ]


def test_an_address_given_twice_is_watched_once() -> None:
    found = keyed(a_condition(), addresses=[an_address(TOKEN), an_address(TOKEN.lower())])
    assert found.addresses == (TOKEN.lower(),)
    assert len(found.conditions) == 1


def test_ordinals_count_conditions_of_their_own_kind() -> None:
    found = keyed(
        a_condition("transfer(address,uint256)", ActivityKind.FUNCTION),
        a_condition(),
        a_condition(expression="value > 1"),
        ConditionDraft(kind=ActivityKind.TRANSACTION),
    )
    assert [each.ordinal for each in found.conditions] == [0, 0, 1, 0]


def test_tuples_are_expanded_in_the_signature_and_kept_in_the_layout() -> None:
    fields = [an_input("uint8", "id"), an_input("bytes4[]", "tags")]
    spec = [a_function(an_input("tuple[2]", "orders", components=fields), name="f")]
    (condition,) = keyed(
        a_condition("f((uint8,bytes4[])[2])", ActivityKind.FUNCTION),
        addresses=[an_address(spec=spec)],
    ).conditions
    (orders,) = condition.layout.parameters
    assert condition.signature == "f((uint8,bytes4[])[2])"
    assert (orders.kind, orders.type) == ("tuple[2]", ValueType.ARRAY)
    assert [each.name for each in orders.components[0].components] == ["id", "tags"]


@pytest.mark.parametrize(
    "address", ["", "0x", "0x12", "0x" + "g" * 40, "0x" + "a" * 41, "vitalik.eth", "0x" + "a" * 39]
)
def test_what_is_no_address_is_refused_by_its_place(address: str) -> None:
    error = refusal(a_condition(), addresses=[an_address(), an_address(address)])
    assert error.field == "addresses[1].address"


def test_a_monitor_without_addresses_is_refused() -> None:
    assert refusal(a_condition(), addresses=[]).field == "addresses"


@pytest.mark.parametrize("spec", [None, msgspec.Raw(b"null")])
def test_a_missing_abi_is_refused_where_it_is_needed(spec: msgspec.Raw | None) -> None:
    error = refusal(a_condition(), addresses=[AddressDraft(address=TOKEN, contract_spec=spec)])
    assert isinstance(error, InterfaceError)
    assert error.field == "addresses[0].contract_spec"


@pytest.mark.parametrize(
    ("signature", "suggestion"),
    [
        ("Transfer(address from,address to,uint256 value)", "Transfer(address,address,uint256)"),
        ("Transfer(address,address,uint)", "Transfer(address,address,uint256)"),
        ("Transfr(address,address,uint256)", "Transfer(address,address,uint256)"),
        ("Transfer", "Transfer(address,address,uint256)"),
    ],
)
def test_an_unknown_signature_is_refused_with_the_closest_one(
    signature: str, suggestion: str
) -> None:
    error = refusal(a_condition(signature, field="match_conditions.events[3]"))
    assert isinstance(error, InterfaceError)
    assert error.field == "match_conditions.events[3].signature"
    assert f"did you mean {suggestion}?" in str(error)


def test_names_in_a_signature_are_refused_with_a_hint() -> None:
    error = refusal(a_condition("Transfer(address indexed from, address to, uint256 value)"))
    assert "types only" in str(error)


@pytest.mark.parametrize("signature", ["", "Wholly(different)", "(((", "x" * 10_000])
def test_a_signature_like_no_other_is_refused_without_a_guess(signature: str) -> None:
    error = refusal(a_condition(signature))
    assert error.field == "match_conditions.events[0].signature"
    assert "did you mean" not in str(error)
    assert len(str(error)) < 300


def test_an_event_is_not_found_among_functions() -> None:
    refusal(a_condition("transfer(address,uint256)"))


def test_an_anonymous_event_is_filed_by_its_contract_and_number_of_topics() -> None:
    other = an_event(*(an_input("address", "x", indexed=True) for _ in range(1)), name="Other")
    spec = [{**a_transfer_event(), "anonymous": True}, other]
    (found,) = keyed(a_condition(), addresses=[an_address(spec=spec)]).conditions
    assert (found.key, found.hex_signature) == (f"a:{TOKEN.lower()}:2", None)
    assert found.layout.details == ("anonymous", topic_of("Other(address)"))


@pytest.mark.parametrize(
    ("signature", "keys"),
    [
        ("Transfer(address indexed from, address indexed to, uint256 value)", [f"e3::{TOPIC}"]),
        ("Transfer(address,address,uint256)", [f"e{count}::{TOPIC}" for count in (1, 2, 3, 4)]),
    ],
)
def test_any_contract_needs_no_abi_but_a_signature(signature: str, keys: list[str]) -> None:
    found = keyed(a_condition(signature), addresses=[an_address("any", spec=None)])
    assert [each.key for each in found.conditions] == keys
    assert {each.signature for each in found.conditions} == {"Transfer(address,address,uint256)"}
    assert (found.addresses, found.gated) == ((), False)


def test_parameters_without_names_are_named_by_their_place() -> None:
    found = keyed(a_condition("Sent(uint256,(bool,uint8)[] pairs)"), addresses=[ANYWHERE])
    names = [[each.name for each in one.layout.parameters] for one in found.conditions]
    assert names == [["0", "pairs"]] * 3


def test_a_call_of_any_contract_is_filed_by_its_selector() -> None:
    condition = a_condition("transfer(address to, uint256 value)", ActivityKind.FUNCTION)
    (found,) = keyed(condition, addresses=[ANYWHERE]).conditions
    assert found.key == "f::0xa9059cbb"


ANYWHERE = an_address("any", spec=None)
ANONYMOUS = an_address("any", spec=[{**a_transfer_event(), "anonymous": True}])


@pytest.mark.parametrize(
    ("addresses", "condition", "words"),
    [
        ([ANYWHERE, an_address()], a_condition(), "stands alone"),
        ([ANYWHERE], a_condition("Transfer(address"), "expected ','"),
        ([ANYWHERE], a_condition("Transfer(uint256[1 x)"), "unexpected character"),
        ([ANYWHERE], a_condition("(address)"), "expected a name"),
        ([ANYWHERE], a_condition("T(address) x"), "behind the signature"),
        ([ANYWHERE], a_condition("T((uint8 indexed) x)"), "own parameters are indexed"),
        ([ANYWHERE], a_condition("T(uint8(bool) x)"), "only a tuple has components"),
        ([ANYWHERE], a_condition("T" + "(" * 9000), "at most 4096"),
        ([ANYWHERE], a_condition("T" + "(" * 40), "nest deeper"),
        ([ANYWHERE], a_condition("T(addres)"), "no such type"),
        (
            [ANYWHERE],
            a_condition("f(uint8 indexed x)", ActivityKind.FUNCTION),
            "only an event's parameters",
        ),
        ([ANONYMOUS], a_condition(), "needs an address"),
    ],
)
def test_what_any_contract_cannot_mean_is_refused(
    addresses: Any, condition: ConditionDraft, words: str
) -> None:
    assert words in str(refusal(condition, addresses=addresses))


def test_calls_that_no_function_takes_are_filed_by_their_contract() -> None:
    spec = [TRANSFER_FUNCTION, {"type": "fallback"}, {"type": "receive"}]
    found = keyed(
        a_condition("receive()", ActivityKind.FUNCTION),
        a_condition("fallback()", ActivityKind.FUNCTION),
        addresses=[an_address(spec=spec)],
    ).conditions
    assert {each.key for each in found} == {f"r:{TOKEN.lower()}:"}
    assert [each.layout.details for each in found] == [
        ("receive",),
        ("fallback", "", "0xa9059cbb"),
    ]


def test_an_event_with_four_indexed_inputs_is_refused() -> None:
    inputs = [an_input("uint256", indexed=True) for _ in range(4)]
    signature = "E(uint256,uint256,uint256,uint256)"
    refusal(a_condition(signature), addresses=[an_address(spec=[an_event(*inputs, name="E")])])


def test_an_exotic_type_is_refused_only_where_it_is_named() -> None:
    exotic = an_event(an_input("fixed128x18"), name="Odd")
    spec = [exotic, a_transfer_event()]
    assert keyed(a_condition(), addresses=[an_address(spec=spec)]).conditions
    error = refusal(a_condition("Odd(fixed128x18)"), addresses=[an_address(spec=spec)])
    assert error.field == "addresses[0].contract_spec[0].inputs[0].type"


def a_deep_tuple(depth: int) -> Json:
    entry = an_input("uint256")
    for _ in range(depth):
        entry = an_input("tuple", components=[entry])
    return entry


BROKEN_ABIS: dict[str, tuple[Any, str]] = {
    "no list": ({"abi": []}, ""),
    "text": ("[]", ""),
    "an item that is no object": ([1], "[0]"),
    "an item without type": ([{"name": "x"}], "[0]"),
    "an unknown type of item": ([{"type": "modifier"}], "[0].type"),
    "a function without name": ([{"type": "function", "inputs": []}], "[0].name"),
    "an event without inputs": ([{"type": "event", "name": "E"}], "[0].inputs"),
    "a name that is none": ([an_event(name="a b")], "[0].name"),
    "an input without type": ([an_event({"name": "x"})], "[0].inputs[0]"),
    "an input whose type is none": ([an_event(an_input("uint 256"))], "[0].inputs[0].type"),
    "an indexed function input": (
        [a_function(an_input("uint256", indexed=True))],
        "[0].inputs[0].indexed",
    ),
    "an indexed component": (
        [an_event(an_input("tuple", components=[an_input("bool", indexed=True)]))],
        "[0].inputs[0].components[0].indexed",
    ),
    "components of no tuple": (
        [an_event(an_input("uint256", components=[an_input("bool")]))],
        "[0].inputs[0].type",
    ),
    "two constructors": ([{"type": "constructor"}, {"type": "constructor"}], ""),
}


@pytest.mark.parametrize(("spec", "place"), BROKEN_ABIS.values(), ids=list(BROKEN_ABIS))
def test_a_broken_abi_is_refused_at_its_place(spec: Any, place: str) -> None:
    error = refusal(a_condition(), addresses=[an_address(spec=spec)])
    assert isinstance(error, InterfaceError)
    assert error.field == "addresses[0].contract_spec" + place


@pytest.mark.parametrize("depth", [20, 400])
def test_components_without_end_are_refused(depth: int) -> None:
    refusal(a_condition(), addresses=[an_address(spec=[an_event(a_deep_tuple(depth))])])


def test_json_without_end_is_refused() -> None:
    hostile = AddressDraft(address=TOKEN, contract_spec=msgspec.Raw(b"[" * 100_000))
    refusal(a_condition(), addresses=[hostile])


def test_the_deepest_type_allowed_still_works() -> None:
    signature = "E(" + "(" * 15 + "uint256" + ")" * 15 + ")"
    spec = [an_event(a_deep_tuple(15), name="E")]
    assert keyed(a_condition(signature), addresses=[an_address(spec=spec)]).conditions
