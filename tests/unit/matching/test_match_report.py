"""Reasons → JSON and digest."""

import json

import msgspec

from tests.support.matching import AMOUNT, arguments_of
from tocsin.matching.report import arguments_digest, reasons_document
from tocsin.model.activity import TransactionStatus
from tocsin.model.match import ActivityReason, Reasons, TransactionReason

EVENT = ActivityReason(
    signature="Transfer(uint256)",
    expression="v > 1",
    arguments=arguments_of(AMOUNT, 2**200),
    hex_signature="0xddf2",
)
TRANSACTION = TransactionReason(status=TransactionStatus.SUCCESS, expression=None)


def test_a_document_has_the_names_and_shapes_of_the_original() -> None:
    document = json.loads(reasons_document(Reasons(events=(EVENT,), transactions=(TRANSACTION,))))
    assert document == {
        "matched_on": {
            "functions": [],
            "events": [{"signature": "Transfer(uint256)", "expression": "v > 1"}],
            "transactions": [{"status": "Success", "expression": None}],
        },
        "matched_on_args": {
            "functions": None,
            "events": [
                {
                    "signature": "Transfer(uint256)",
                    "hex_signature": "0xddf2",
                    "args": [{"name": "v", "value": str(2**200), "kind": "uint", "indexed": False}],
                }
            ],
        },
    }


def test_a_chain_without_hex_signatures_shows_none() -> None:
    reason = msgspec.structs.replace(EVENT, hex_signature=None)
    document = json.loads(reasons_document(Reasons(functions=(reason,))))
    assert "hex_signature" not in document["matched_on_args"]["functions"][0]


def test_the_words_of_a_condition_do_not_change_the_digest() -> None:
    reworded = msgspec.structs.replace(EVENT, expression="v > 0")
    assert arguments_digest(Reasons(events=(EVENT,))) == arguments_digest(
        Reasons(events=(reworded,))
    )


def test_another_argument_changes_the_digest() -> None:
    other = msgspec.structs.replace(EVENT, arguments=arguments_of(AMOUNT, 2**200 + 1))
    assert arguments_digest(Reasons(events=(EVENT,))) != arguments_digest(Reasons(events=(other,)))


def test_another_outcome_changes_the_digest() -> None:
    failed = TransactionReason(status=TransactionStatus.FAILURE, expression=None)
    assert arguments_digest(Reasons(transactions=(TRANSACTION,))) != arguments_digest(
        Reasons(transactions=(failed,))
    )


def test_a_call_is_not_an_event_of_the_same_shape() -> None:
    assert arguments_digest(Reasons(events=(EVENT,))) != arguments_digest(
        Reasons(functions=(EVENT,))
    )


def test_operations_are_shown_only_where_some_matched_and_count_for_the_digest() -> None:
    plain = json.loads(reasons_document(Reasons(events=(EVENT,))))
    assert "operations" not in plain["matched_on"] | plain["matched_on_args"]
    both = Reasons(events=(EVENT,), operations=(EVENT,))
    document = json.loads(reasons_document(both))
    assert document["matched_on"]["operations"] == [
        {"type": EVENT.signature, "expression": EVENT.expression}
    ]
    assert [entry["type"] for entry in document["matched_on_args"]["operations"]] == [
        EVENT.signature
    ]
    assert arguments_digest(both) != arguments_digest(Reasons(events=(EVENT,)))
