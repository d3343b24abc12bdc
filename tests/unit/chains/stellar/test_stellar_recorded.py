"""Recorded ledgers, transactions and events of public networks."""

import json
from base64 import b64decode
from typing import Any

import msgspec
import pytest
from stellar_sdk import xdr as stellar_xdr

from tests.support.recorded import recorded_file
from tests.support.stellar_ledgers import NETWORK_ID, RawLedger, a_ledger, base64, call_arguments
from tocsin.chains.stellar.codec.envelope import Invocation, Payment, decode_envelope
from tocsin.chains.stellar.decode import decode
from tocsin.chains.stellar.family import StellarFamily
from tocsin.chains.stellar.transaction import StellarTransaction
from tocsin.chains.stellar.verify import Expectation, verify_bundle
from tocsin.model.activity import ActivityKind
from tocsin.model.monitor import AddressDraft, ConditionDraft, KeyedCondition, MonitorDraft

LEDGER_WITH_EVENTS = 317_598


def load(*path: str) -> Any:
    return json.loads(recorded_file("stellar", *path))


def ledgers() -> list[dict[str, Any]]:
    return [each["Stellar"] for each in load("blocks.json")]


def transactions() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = load("transactions.json")
    return listed


def of_ledger(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what getTransactions would list of a ledger, as far as its metadata tell."""
    close = stellar_xdr.LedgerCloseMeta.from_xdr(entry["metadataXdr"]).v1
    assert close is not None
    return [
        {
            "status": "SUCCESS",
            "txHash": each.result.transaction_hash.hash.hex(),
            "applicationOrder": order,
            "ledger": entry["sequence"],
            "resultXdr": base64(each.result.result),
        }
        for order, each in enumerate(close.tx_processing, start=1)
    ]


def keyed(kind: ActivityKind, signature: str, address: str, spec: Any = None) -> KeyedCondition:
    raw = None if spec is None else msgspec.Raw(json.dumps(spec).encode())
    draft = MonitorDraft(
        name="m",
        networks=(),
        paused=False,
        addresses=(AddressDraft(address=address, contract_spec=raw),),
        conditions=(ConditionDraft(kind=kind, signature=signature),),
        triggers=(),
    )
    return StellarFamily().key_monitor(draft).conditions[0]


def decoded(number: int, events: list[dict[str, Any]] | None = None) -> list[StellarTransaction]:
    listed = [each for each in transactions() if each["ledger"] == number]
    # Nobody recorded the ledger itself; what is decoded does not depend on it.
    raw = RawLedger(listed, events or [], ledger=a_ledger([], number=number))
    return list(decode(raw.bundle()).transactions)


def test_each_recorded_ledger_is_verified_against_its_own_header() -> None:
    for entry in ledgers():
        listed = of_ledger(entry)
        ref = verify_bundle(
            RawLedger(listed, ledger=entry).parts(), Expectation(number=entry["sequence"])
        )
        assert ref.hash == entry["hash"]
        assert listed


def test_recorded_ledgers_are_parent_and_child() -> None:
    first, second, _ = (
        StellarFamily().bundle_from_json(NETWORK_ID, RawLedger([], ledger=entry).parts()).ref
        for entry in ledgers()
    )
    assert second.parent_hash == first.hash


def test_some_of_a_ledger_s_transactions_make_a_recording() -> None:
    entry = ledgers()[2]
    listed = [each for each in transactions() if each["ledger"] == entry["sequence"]]
    bundle = StellarFamily().bundle_from_json(NETWORK_ID, RawLedger(listed, ledger=entry).parts())
    assert {each.ref.index + 1: each.ref.hash for each in decode(bundle).transactions} == {
        each["applicationOrder"]: each["txHash"] for each in listed
    }


def expected_operations(envelope: stellar_xdr.TransactionEnvelope) -> list[str]:
    assert envelope.v1 is not None
    looked_at = {
        stellar_xdr.OperationType.PAYMENT: "Payment",
        stellar_xdr.OperationType.INVOKE_HOST_FUNCTION: "Invocation",
    }
    types = [each.body.type for each in envelope.v1.tx.operations]
    return [looked_at[each] for each in types if each in looked_at]


def test_every_recorded_envelope_is_read_as_the_sdk_reads_it() -> None:
    for each in transactions():
        raw = b64decode(each["envelopeXdr"])
        ours = decode_envelope(raw).operations
        theirs = stellar_xdr.TransactionEnvelope.from_xdr(each["envelopeXdr"])
        assert [type(operation).__name__ for operation in ours] == expected_operations(theirs)
        for operation in ours:
            assert isinstance(operation, Payment) or call_arguments(raw, operation) is not None


def test_every_recorded_call_is_named() -> None:
    names = [
        operation.function
        for each in transactions()
        for operation in decode_envelope(b64decode(each["envelopeXdr"])).operations
        if isinstance(operation, Invocation)
    ]
    assert sorted(names) == [
        "call_contract",
        "get_value",
        "get_value",
        "increment",
        "set_price",
        "set_price",
        "stake_eth",
        "submit",
        "swap_exact_tokens_for_tokens",
        "transfer",
        "upsert_data",
    ]


def test_a_recorded_transfer_event_is_decoded() -> None:
    events = load("events.json")
    condition = keyed(
        ActivityKind.EVENT, "transfer(Address,Address,String,I128)", events[1]["contractId"]
    )
    found = [
        activity.arguments(condition.layout)
        for transaction in decoded(LEDGER_WITH_EVENTS, events)
        for activity in transaction.activities
        if activity.key == condition.key
    ]
    assert [[each.value for each in arguments or ()] for arguments in found] == [
        [
            "GDF32CQINROD3E2LMCGZUDVMWTXCJFR5SBYVRJ7WAAIAS3P7DCVWZEFY",
            "CC7YMFMYZM2HE6O3JT5CNTFBHVXCZTV7CEYT56IGBHR4XFNTGTN62CPT",
            "USDC:GBBD47IF6LWK7P7MDEVSCWR7DPUWV3NY3DTQEVFL4NAT4AQH3ZLLFLA5",
            2240,
        ]
    ]


@pytest.mark.parametrize(
    ("number", "signature", "expected"),
    [
        (317_598, "transfer(Address,Address,I128)", ["from", "to", "amount"]),
        (777_826, "upsert_data(Map<String,String>)", ["data"]),
        (808_663, "increment()", []),
    ],
)
def test_recorded_calls_fit_the_recorded_spec(
    number: int, signature: str, expected: list[str]
) -> None:
    spec = load("contract_specs", "contract_spec.json")
    name = signature.partition("(")[0]
    found = []
    for transaction in decoded(number):
        for activity in transaction.activities:
            _, address, called = activity.key.split(":")
            if called == name:
                layout = keyed(ActivityKind.FUNCTION, signature, address, spec).layout
                found.append([each.name for each in activity.arguments(layout) or ()])
    assert expected in found
