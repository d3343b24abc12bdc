"""Conditions on contracts whose spec nobody gave: with what was found of them, and without."""

import json
from typing import Any

import msgspec
import pytest

from tests.support.stellar_ledgers import account, contract
from tocsin.chains.stellar.family import StellarFamily
from tocsin.errors import InputError, InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.contract_spec import Specs
from tocsin.model.monitor import AddressDraft, ConditionDraft, KeyedMonitor, MonitorDraft

EVENT, FUNCTION, TRANSACTION = (
    ActivityKind.EVENT,
    ActivityKind.FUNCTION,
    ActivityKind.TRANSACTION,
)
TOKEN, OTHER = contract(1), contract(2)


def a_param(name: str, declared: object, location: str = "data") -> dict[str, Any]:
    return {"doc": "", "name": name, "type_": declared, "location": location}


def a_function(name: str, *params: dict[str, Any]) -> dict[str, Any]:
    return {"function_v0": {"doc": "", "name": name, "inputs": params, "outputs": []}}


def an_event(name: str, *params: dict[str, Any]) -> dict[str, Any]:
    body = {"doc": "", "lib": "", "name": name, "prefix_topics": [name], "params": params}
    return {"event_v0": body | {"data_format": "single_value"}}


PAY = a_function("pay", a_param("to", "muxed_address"), a_param("amount", "i128"))
PAID = an_event("paid", a_param("to", "address", "topic_list"), a_param("amount", "i128"))


def as_json(*entries: dict[str, Any]) -> bytes:
    return json.dumps(entries).encode()


def an_address(address: str = TOKEN, spec: bytes | None = None) -> AddressDraft:
    raw = None if spec is None else msgspec.Raw(spec)
    return AddressDraft(address=address, contract_spec=raw)


def a_draft(kind: ActivityKind, signature: str, *addresses: AddressDraft) -> MonitorDraft:
    return MonitorDraft(
        name="m",
        networks=("stellar",),
        paused=False,
        addresses=addresses or (an_address(),),
        conditions=(ConditionDraft(kind=kind, signature=signature, field="it"),),
        triggers=(),
    )


def keyed(draft: MonitorDraft, specs: Specs) -> KeyedMonitor:
    return StellarFamily().key_monitor(draft, specs)


def names(monitor: KeyedMonitor) -> list[list[str]]:
    return [[each.name for each in item.layout.parameters] for item in monitor.conditions]


@pytest.mark.parametrize(
    ("kind", "signature", "spec", "expected"),
    [
        (FUNCTION, "pay(Void,I128)", as_json(PAY), ["to", "amount"]),
        (FUNCTION, "pay(MuxedAddress,I128)", as_json(PAY), ["to", "amount"]),
        (FUNCTION, "pay(Address,I128)", as_json(PAY), ["to", "amount"]),
        (EVENT, "paid(Address,I128)", as_json(PAID), ["to", "amount"]),
        (EVENT, "paid(Address,I128)", as_json(PAY), ["0", "1"]),
    ],
)
def test_a_found_spec_gives_names(
    kind: ActivityKind, signature: str, spec: bytes, expected: list[str]
) -> None:
    monitor = keyed(a_draft(kind, signature), {TOKEN: spec})
    assert names(monitor) == [expected]
    assert monitor.notes == ()


@pytest.mark.parametrize(
    ("kind", "signature"),
    [
        (FUNCTION, "pai(Address,I128)"),
        (FUNCTION, "pay(U32,I128)"),
        (FUNCTION, "pay(Address)"),
        (EVENT, "payd(Address,I128)"),
    ],
)
def test_what_a_found_spec_lacks_is_known_by_position_and_noted(
    kind: ActivityKind, signature: str
) -> None:
    draft = a_draft(kind, signature)
    monitor = keyed(draft, {TOKEN: as_json(PAY, PAID)})
    assert names(monitor) == names(keyed(draft, {}))
    [note] = monitor.notes
    assert note.startswith(f"it.signature: the spec that was found of {TOKEN} has no such")
    assert "did you mean" in note


def test_a_signature_that_is_none_is_refused_whatever_was_found() -> None:
    with pytest.raises(InputError, match="is written"):
        keyed(a_draft(FUNCTION, "pay"), {TOKEN: as_json(PAY)})


def test_a_found_spec_never_takes_the_place_of_a_given_one() -> None:
    draft = a_draft(FUNCTION, "pay(Void,I128)", an_address(spec=as_json(PAY)))
    other = as_json(a_function("pay", a_param("x", "void"), a_param("y", "i128")))
    assert names(keyed(draft, {TOKEN: other})) == [["to", "amount"]]


def test_a_given_spec_still_has_to_declare_what_is_named() -> None:
    draft = a_draft(FUNCTION, "pai(I128)", an_address(spec=as_json(PAY)))
    with pytest.raises(InterfaceError):
        keyed(draft, {})


def test_each_contract_has_its_own() -> None:
    other = as_json(a_function("pay", a_param("x", "address"), a_param("y", "i128")))
    draft = a_draft(FUNCTION, "pay(Address,I128)", an_address(), an_address(OTHER))
    monitor = keyed(draft, {TOKEN: as_json(PAY), OTHER: other})
    assert names(monitor) == [["to", "amount"], ["x", "y"]]


def test_specs_of_contracts_that_are_not_watched_or_say_nothing_change_nothing() -> None:
    draft = a_draft(FUNCTION, "pay(Address,I128)")
    assert keyed(draft, {OTHER: as_json(PAY), TOKEN: b"[]"}) == keyed(draft, {})


def test_an_author_may_want_none() -> None:
    draft = a_draft(FUNCTION, "pay(Address,I128)", an_address(spec=b"[]"))
    assert names(keyed(draft, {})) == [["0", "1"]]


def test_transactions_need_no_spec() -> None:
    draft = a_draft(TRANSACTION, "")
    assert keyed(draft, {TOKEN: as_json(PAY)}) == keyed(draft, {})


@pytest.mark.parametrize(
    ("kind", "addresses", "expected"),
    [
        (FUNCTION, (an_address(), an_address(OTHER)), (TOKEN, OTHER)),
        (EVENT, (an_address(TOKEN.lower()), an_address()), (TOKEN,)),
        (FUNCTION, (an_address(spec=b"[]"), an_address(OTHER)), (OTHER,)),
        (FUNCTION, (an_address(), an_address(spec=as_json(PAY))), ()),
        (FUNCTION, (an_address(account(1)),), ()),
        (FUNCTION, (an_address("nonsense"), an_address()), ()),
        (TRANSACTION, (an_address(),), ()),
    ],
)
def test_specs_are_wanted_of_contracts_that_have_none(
    kind: ActivityKind, addresses: tuple[AddressDraft, ...], expected: tuple[str, ...]
) -> None:
    draft = a_draft(kind, "f()", *addresses)
    assert StellarFamily().addresses_without_spec(draft) == expected
