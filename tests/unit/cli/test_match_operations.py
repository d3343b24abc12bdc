"""The offline path with conditions on a Stellar ledger's operations."""

import json
from typing import Any

import pytest
import stellar_sdk as ops
from stellar_sdk import Asset

from tests.support.evm_blocks import a_block
from tests.support.offline import sound
from tests.support.openzeppelin import a_monitor_file, a_network_file
from tests.support.stellar_ledgers import (
    PASSPHRASE,
    SENDER,
    TOKEN,
    RawLedger,
    a_call,
    a_payment,
    a_transaction,
    a_transfer,
    account,
    an_envelope,
)
from tocsin.cli.offline import MatchFormat, explain_offline, match_offline
from tocsin.errors import InputError

ISSUER = account(3)
USDC = Asset("USDC", ISSUER)


def a_ledger() -> RawLedger:
    """Return a payment of USDC and lumens, a failed clawback, and a call that emits a transfer."""
    payments = an_envelope(ops.Payment(account(2), USDC, "250"), a_payment("1"))
    clawback = an_envelope(ops.Clawback(USDC, account(2), "9"))
    made = [
        a_transaction(payments, order=1),
        a_transaction(clawback, order=2, status="FAILED"),
        a_transaction(a_call("pay"), order=3),
    ]
    return RawLedger(made, [a_transfer(made[2])])


def files(*operations: Any, addresses: Any = (), **conditions: Any) -> tuple[Any, Any, Any]:
    """Return a network, a monitor of these operations, and the ledger."""
    network = a_network_file(
        network_type="Stellar", slug="stellar_test", chain_id=..., network_passphrase=PASSPHRASE
    )
    monitor = a_monitor_file(
        networks=["stellar_test"],
        addresses=addresses if isinstance(addresses, str) else [{"address": a} for a in addresses],
        match_conditions={
            "functions": [],
            "events": [],
            "transactions": [],
            "operations": list(operations),
            **conditions,
        },
    )
    return (
        ("network.json", json.dumps(network).encode()),
        {"monitor.json": json.dumps(monitor).encode()},
        a_ledger().parts(),
    )


def matches(*operations: Any, **others: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in sound(match_offline(*files(*operations, **others))).lines]


def payment(expression: str | None = None) -> dict[str, Any]:
    return {"type": "payment", "expression": expression}


def test_a_large_payment_of_an_asset_is_found_with_its_fields() -> None:
    condition = payment(f"amount > 1000000000 AND asset == 'USDC:{ISSUER}'")
    (match,) = matches(condition)
    assert match["transaction_index"] == 0
    assert match["matched_on"] == {
        "functions": [],
        "events": [],
        "transactions": [],
        "operations": [condition],
    }
    (entry,) = match["matched_on_args"]["operations"]
    assert entry["type"] == "payment"
    assert [(each["name"], each["kind"], each["value"]) for each in entry["args"]] == [
        ("source", "Address", SENDER),
        ("destination", "Address", account(2)),
        ("asset", "String", f"USDC:{ISSUER}"),
        ("amount", "I64", "2500000000"),
    ]


def test_every_operation_that_holds_is_reported_once_for_the_first_condition() -> None:
    (match,) = matches(payment("amount < 20000000"), payment())
    assert [each["expression"] for each in match["matched_on"]["operations"]] == [
        None,
        "amount < 20000000",
    ]


@pytest.mark.parametrize(
    ("addresses", "found"),
    [
        ((), [0]),
        ("any", [0]),
        ((SENDER,), [0]),
        ((account(2),), [0]),
        ((ISSUER,), [0]),
        ((SENDER, account(2), ISSUER), [0]),
        ((account(8),), []),
    ],
)
def test_addresses_are_those_of_any_party(addresses: Any, found: list[int]) -> None:
    lines = matches(payment(), addresses=addresses)
    assert [line["transaction_index"] for line in lines] == found
    if found and addresses != (ISSUER,):
        assert len(lines[0]["matched_on"]["operations"]) == 2


def test_a_failed_transaction_s_operations_count_unless_its_status_is_asked_for() -> None:
    clawback = {"type": "clawback"}
    assert [line["transaction_index"] for line in matches(clawback)] == [1]
    assert matches(clawback, transactions=[{"status": "Success"}]) == []
    (match,) = matches(clawback, transactions=[{"status": "Failure"}])
    assert match["matched_on"]["transactions"] == [{"status": "Failure", "expression": None}]


def test_operations_are_alternatives_to_events_and_functions() -> None:
    event = {"signature": "transfer(Address,Address,I128)"}
    lines = matches(payment(), addresses=[SENDER, TOKEN], events=[event])
    assert [line["transaction_index"] for line in lines] == [0, 2]
    assert "operations" not in lines[1]["matched_on"]
    assert "operations" not in lines[1]["matched_on_args"]


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        ({"type": "paymet"}, "match_conditions.operations[0].type"),
        (payment("amonut > 1"), "match_conditions.operations[0].expression"),
        (payment("amount > 'x'"), "match_conditions.operations[0].expression"),
        ({"expression": "amount > 1"}, "match_conditions.operations[0].type"),
        ({"type": "payment", "status": "Any"}, "match_conditions.operations[0].status"),
    ],
)
def test_what_means_nothing_is_refused_at_its_place(condition: Any, field: str) -> None:
    with pytest.raises(InputError) as refusal:
        matches(condition)
    assert field in f"{refusal.value.field} {refusal.value}"


def test_a_wrong_field_is_refused_with_the_closest() -> None:
    with pytest.raises(InputError, match="did you mean amount"):
        matches(payment("amonut > 1"))


def test_the_original_s_document_has_operations_only_where_they_matter() -> None:
    def document(*operations: Any, **others: Any) -> dict[str, Any]:
        given = files(*operations, **others)
        (line,) = match_offline(*given, match_format=MatchFormat.OPENZEPPELIN).lines
        found: dict[str, Any] = json.loads(line)["Stellar"]
        return found

    ours = document(payment("amount > 20000000"))
    assert ours["matched_on"]["operations"] == [payment("amount > 20000000")]
    assert ours["matched_on_args"]["operations"][0]["type"] == "payment"
    assert ours["monitor"]["match_conditions"]["operations"] == [payment("amount > 20000000")]
    plain = document(transactions=[{"status": "Failure"}])
    assert "operations" not in plain["matched_on"]
    assert "operations" not in plain["matched_on_args"]
    assert "operations" not in plain["monitor"]["match_conditions"]


def test_an_explanation_covers_operations() -> None:
    def explained(order: int, condition: Any) -> Any:
        given = files(condition)
        transaction_hash = a_ledger().transactions[order]["txHash"]
        (found,) = explain_offline(*given, transaction_hash=transaction_hash).found.values()
        return found

    met = explained(0, payment("amount > 20000000"))
    assert met.matches
    assert [trial.met for trial in met.conditions[0].trials] == [True, False]
    assert met.conditions[0].signature == "payment"
    unmet = explained(1, payment("amount > 20000000"))
    assert not unmet.matches
    assert "operation" in unmet.summary
    assert "no such operation" in unmet.conditions[0].note


def test_an_evm_network_has_no_operations() -> None:
    network = a_network_file()
    monitor = a_monitor_file(
        networks=[network["slug"]],
        match_conditions={
            "functions": [],
            "events": [],
            "transactions": [],
            "operations": [payment()],
        },
    )
    given = (
        ("network.json", json.dumps(network).encode()),
        {"monitor.json": json.dumps(monitor).encode()},
        dict(zip(("block", "receipts"), a_block([]).parts(), strict=True)),
    )
    (reason,) = match_offline(*given).refused
    assert "operations[0]" in reason
