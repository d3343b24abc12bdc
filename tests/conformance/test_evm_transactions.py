"""How conditions of an EVM monitor combine, and what transactions they meet."""

import json
from typing import Any

import pytest

from tests.support.evm_blocks import SENDER, RawBlock, a_log
from tests.support.evm_matching import (
    CONTRACT,
    ERC20,
    OTHER,
    SEND,
    SEND_ABI,
    TRANSFER,
    Sent,
    a_monitor,
    found,
    input_of,
    item,
    match,
    match_all,
    match_block,
    mined,
    places,
    sent,
    shown,
    topic,
    transfer,
)
from tocsin.errors import InputError

ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20


def signatures(line: dict[str, Any], kind: str) -> list[str]:
    return [each["signature"] for each in line["matched_on"][kind]]


def call(value: int = 1_000, **members: Any) -> Sent:
    return sent(input=input_of(SEND, ALICE, value), **members)


def test_events_and_functions_are_alternatives() -> None:
    monitor = a_monitor(
        ERC20, SEND_ABI, events=[(TRANSFER, "value > 5")], functions=[(SEND, "amount > 5")]
    )
    lines = found(
        monitor,
        sent(transfer(9)),
        call(9),
        call(1),
        sent(transfer(9), input=input_of(SEND, BOB, 9)),
    )
    assert [line["transaction_index"] for line in lines] == [0, 1, 3]
    assert [
        (len(line["matched_on"]["events"]), len(line["matched_on"]["functions"])) for line in lines
    ] == [(1, 0), (0, 1), (1, 1)]


def test_a_transaction_condition_is_required_beside_them() -> None:
    monitor = a_monitor(ERC20, events=[TRANSFER], transactions=[("Any", "gas_used > 0")])
    used, unused = {"gasUsed": "0x5208"}, {"gasUsed": "0x0"}
    lines = found(
        monitor,
        sent(transfer(1), receipt=used),
        sent(transfer(1), receipt=unused),
        sent(receipt=used),
    )
    assert [line["transaction_index"] for line in lines] == [0]
    assert lines[0]["matched_on"]["transactions"] == [
        {"status": "Success", "expression": "gas_used > 0"}
    ]


def test_a_monitor_without_conditions_matches_what_its_address_takes_part_in() -> None:
    lines = found(
        a_monitor(),
        sent(),
        sent(to=OTHER),
        sent(to=OTHER, from_=CONTRACT),
        sent(a_log(address=CONTRACT, topics=[]), to=OTHER),
        sent(a_log(address=OTHER), to=None),
    )
    assert [line["transaction_index"] for line in lines] == [0, 2, 3]
    assert lines[0]["matched_on"] == {"functions": [], "events": [], "transactions": []}
    assert lines[0]["matched_on_args"] == {"functions": None, "events": None}


def test_an_address_is_recognised_in_any_case_with_blanks_and_without_its_0x() -> None:
    for spelling in (CONTRACT.upper().replace("0X", "0x"), CONTRACT[2:], f" 0x 0{CONTRACT[3:]} "):
        monitor = a_monitor(addresses=[{"address": spelling}])
        assert places(monitor, sent(), sent(to=OTHER)) == [0]


def test_a_contract_creation_is_found_by_its_sender_and_by_its_logs() -> None:
    by_sender = a_monitor(
        addresses=[{"address": SENDER}],
        transactions=[("Success", "to == '' AND input starts_with 0x6080")],
    )
    created = {"contractAddress": CONTRACT}
    creation = sent(transfer(5), to=None, input="0x6080" + "00" * 40, receipt=created)
    assert places(by_sender, creation, sent()) == [0]
    assert places(a_monitor(ERC20, events=[TRANSFER]), creation) == [0]
    made = a_monitor(addresses="any", transactions=[("Any", f"contract_address == {CONTRACT}")])
    assert places(made, creation, sent()) == [0]


@pytest.mark.parametrize(
    ("condition", "statuses", "expected"),
    [
        ("Success", ["0x1", "0x0"], [0]),
        ("Failure", ["0x1", "0x0"], [1]),
        ("Any", ["0x1", "0x0"], [0, 1]),
    ],
)
def test_the_status_is_that_of_the_receipt_also_in_a_block_with_logs(
    condition: str, statuses: list[str], expected: list[int]
) -> None:
    transactions = [sent(receipt={"status": status}) for status in statuses]
    lines = found(a_monitor(transactions=[condition]), *transactions, sent(a_log(), to=OTHER))
    assert [line["transaction_index"] for line in lines] == expected
    words = {"0x1": "Success", "0x0": "Failure"}
    assert [line["matched_on"]["transactions"][0]["status"] for line in lines] == [
        words[statuses[place]] for place in expected
    ]


FIELDS = [
    "value == 1000",
    "value == 0x3e8",
    f"from == {ALICE}",
    f"to == {CONTRACT.upper().replace('0X', '0x')}",
    "gas_price == 3",
    "max_fee_per_gas == 0",
    "max_priority_fee_per_gas < 1",
    "gas_limit == 90000",
    "nonce == 5",
    "input starts_with 0xA9059CBB",
    "input contains 'cbb0'",
    "gas_used == 21000",
    "transaction_index == 0",
    "hash starts_with '0x'",
    "hash != 0x00",
]


@pytest.mark.parametrize("expression", FIELDS)
def test_every_field_of_a_transaction_can_be_compared(expression: str) -> None:
    monitor = a_monitor(transactions=[("Any", expression)])
    transaction = sent(input=input_of(SEND, ALICE, 1), value="0x3e8", nonce="0x5", from_=ALICE)
    (line,) = found(monitor, transaction)
    assert line["matched_on"]["transactions"] == [{"status": "Success", "expression": expression}]


def test_only_the_first_transaction_condition_that_holds_is_reported() -> None:
    conditions = [
        ("Failure", None),
        ("Any", "value > 9"),
        ("Any", "value > 1"),
        ("Any", "value > 2"),
    ]
    (line,) = found(a_monitor(transactions=conditions), sent(value="0x5"))
    assert line["matched_on"]["transactions"] == [{"status": "Success", "expression": "value > 1"}]


ODD: dict[str, dict[str, Any]] = {
    "a deposit of an OP chain": {
        "type": "0x7e",
        "mint": "0x0",
        "sourceHash": topic(1),
        "isSystemTx": False,
        "depositReceiptVersion": "0x1",
        "gasPrice": "0x0",
    },
    "a type nobody has heard of": {"type": "0xff", "novelty": [1, {"a": None}]},
    "a retryable of Arbitrum": {"type": "0x69", "requestId": topic(2), "gasPrice": None},
    "one of zkSync": {"type": "0x71", "l1BatchNumber": None, "accessList": None},
    "one without what is optional": dict.fromkeys(
        ("gasPrice", "type", "nonce", "value", "gas"), ...
    ),
    "one with nulls": dict.fromkeys(("maxFeePerGas", "chainId", "from", "transactionIndex")),
    "a blob carrier": {"type": "0x3", "blobVersionedHashes": [topic(4)]},
    "a delegation": {"type": "0x4", "authorizationList": [{"chainId": "0x1", "address": ALICE}]},
    "a signature of leading zeros": {"v": "0x00", "r": "0x0001", "s": "0x", "yParity": "0x0"},
}


@pytest.mark.parametrize("name", ODD)
def test_a_transaction_of_an_odd_kind_is_matched_like_any_other(name: str) -> None:
    monitor = a_monitor(
        ERC20, events=[TRANSFER], transactions=[("Success", "max_fee_per_gas == 0")]
    )
    receipt = {
        "l1Fee": None,
        "l1GasUsed": "0x5",
        "type": ODD[name].get("type", "0x0"),
        "root": None,
    }
    transaction = sent(transfer(1), receipt=receipt)
    transaction.members = {**transaction.members, **ODD[name]}
    assert places(monitor, transaction) == [0]


def test_an_address_without_a_spec_is_for_the_gate_and_that_is_said() -> None:
    addresses = [{"address": CONTRACT, "contract_spec": [ERC20]}, {"address": OTHER}]
    monitor = a_monitor(events=[TRANSFER], addresses=addresses)
    result = match(monitor, sent(transfer(1)), sent(transfer(1, address=OTHER)))
    assert len(result.lines) == 1
    assert any("addresses[1]" in note and "no contract_spec" in note for note in result.notes)


def test_a_monitor_that_watches_nobody_is_warned_about_and_matches_nothing() -> None:
    result = match(a_monitor(addresses=[], transactions=["Any"]), sent())
    assert result.lines == ()
    assert any("no address" in note for note in result.notes)


def test_a_spec_of_nobody_is_refused() -> None:
    monitor = a_monitor(events=[TRANSFER], addresses=[{"address": CONTRACT}])
    with pytest.raises(InputError, match="need the contract's ABI"):
        match(monitor, sent(transfer(1)))


def test_an_address_given_twice_has_what_both_its_specs_declare() -> None:
    addresses = [
        {"address": CONTRACT, "contract_spec": [SEND_ABI]},
        {"address": CONTRACT, "contract_spec": [ERC20]},
    ]
    monitor = a_monitor(addresses=addresses, events=[TRANSFER], functions=[SEND])
    assert places(monitor, sent(transfer(1)), call()) == [0, 1]


def test_each_monitor_reads_a_contract_by_its_own_spec() -> None:
    other = item("event", "Transfer", "address indexed a", "address indexed b", "uint256 amount")
    theirs = a_monitor(other, events=[(TRANSFER, "amount == 9")], name="Theirs")
    ours = a_monitor(ERC20, events=[(TRANSFER, "value == 9")], name="Ours")
    lines = [json.loads(line) for line in match_all([ours, theirs], sent(transfer(9))).lines]
    assert {line["monitor"]: sorted(shown(line, "events")[0]) for line in lines} == {
        "Ours": ["from", "to", "value"],
        "Theirs": ["a", "amount", "b"],
    }


def shouted(value: Any) -> Any:
    """Return a part of a node's answer with all hex digits in upper case."""
    if isinstance(value, dict):
        return {key: shouted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shouted(each) for each in value]
    is_hex = isinstance(value, str) and value.startswith("0x")
    return f"0x{value[2:].upper()}" if is_hex else value


def test_the_letter_case_of_what_a_node_says_does_not_count() -> None:
    conditions = [("Success", f"from == {SENDER} AND input contains 'a9059cbb'")]
    monitor = a_monitor(
        ERC20,
        SEND_ABI,
        events=[(TRANSFER, "value == 171")],
        functions=[SEND],
        transactions=conditions,
    )
    address = "0x" + "cd" * 20
    monitor["addresses"][0]["address"] = address
    block = mined(sent(transfer(171, address=address), to=address, input=input_of(SEND, ALICE, 1)))
    expected = match_block([monitor], block)
    assert len(expected.lines) == 1
    loud = RawBlock(shouted(block.block), shouted(block.receipts))
    assert match_block([monitor], loud) == expected
