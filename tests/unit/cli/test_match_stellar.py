"""The offline path on a Stellar ledger made here."""

import json
from typing import Any

import pytest
from stellar_sdk import scval

from tests.support.openzeppelin import a_monitor_file, a_network_file
from tests.support.stellar_ledgers import (
    PASSPHRASE,
    SENDER,
    TOKEN,
    RawLedger,
    a_call,
    a_transaction,
    a_transfer,
    account,
)
from tocsin.cli.offline import match_offline

SPEC = [
    {
        "function_v0": {
            "doc": "",
            "name": "pay",
            "inputs": [
                {"doc": "", "name": "amount", "type_": "i128"},
                {"doc": "", "name": "parts", "type_": {"vec": {"element_type": "u32"}}},
            ],
            "outputs": [],
        }
    }
]


def matches(functions: Any = (), events: Any = (), transactions: Any = ()) -> list[dict[str, Any]]:
    """Return what a monitor of the token finds in a ledger of a transfer, a call and a payment."""
    network = a_network_file(
        network_type="Stellar", slug="stellar_test", chain_id=..., network_passphrase=PASSPHRASE
    )
    monitor = a_monitor_file(
        networks=["stellar_test"],
        addresses=[{"address": TOKEN, "contract_spec": SPEC if functions else None}],
        match_conditions={
            "functions": list(functions),
            "events": list(events),
            "transactions": list(transactions),
        },
    )
    call = a_call("pay", scval.to_int128(2**100), scval.to_vec([scval.to_uint32(7)]))
    made = [a_transaction(order=1), a_transaction(call, order=2), a_transaction(order=3)]
    ledger = RawLedger(transactions=made, events=[a_transfer(made[0], 100, index=0)])
    result = match_offline(
        ("network.json", json.dumps(network).encode()),
        {"monitor.json": json.dumps(monitor).encode()},
        ledger.parts(),
    )
    return [json.loads(line) for line in result.lines]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (None, [0]),
        ("2 > 99", [0]),
        ("2 > 100", []),
        (f"0 == {account(1)} AND 1 != '{account(1).lower()}'", [0]),
    ],
)
def test_events_are_found_by_signature_and_expression(
    expression: str | None, expected: list[int]
) -> None:
    found = matches(
        events=[{"signature": "transfer(Address,Address,I128)", "expression": expression}]
    )
    assert [line["transaction_index"] for line in found] == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"amount == {2**100}", [1]),
        ("amount < 0", []),
        ("parts contains 7", [1]),
        ("parts[0] > 6", [1]),
        ("parts[1] > 6", []),
    ],
)
def test_calls_are_found_by_their_arguments(expression: str, expected: list[int]) -> None:
    found = matches(functions=[{"signature": "pay(I128,Vec<U32>)", "expression": expression}])
    assert [line["transaction_index"] for line in found] == expected


def test_transaction_conditions_see_every_payment_of_the_network() -> None:
    condition = {"status": "Success", "expression": f"value == 15000000 AND from == {SENDER}"}
    found = matches(transactions=[condition])
    assert [line["transaction_index"] for line in found] == [0, 2]
