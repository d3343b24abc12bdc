"""Events and calls that have no contract, no topic or no selector to be filed under."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.evm_blocks import TOKEN, TRANSFER_TOPIC, RawBlock, a_block, a_log, word
from tests.support.openzeppelin import a_monitor_file, a_network_file
from tocsin.chains.evm.codec import topic_of
from tocsin.cli.offline import match_offline

SIGNATURE = "Transfer(address indexed from, address indexed to, uint256 value)"
OTHER = "0x" + "bb" * 20


def found(
    block: RawBlock, *, events: Sequence[Any] = (), functions: Sequence[Any] = (), **changes: Any
) -> list[dict[str, Any]]:
    conditions = {"functions": list(functions), "events": list(events), "transactions": []}
    monitor = a_monitor_file(**{"addresses": "any", "match_conditions": conditions} | changes)
    parts = dict(zip(("block", "receipts"), block.parts(), strict=True))
    result = match_offline(
        ("network.json", json.dumps(a_network_file()).encode()),
        {"monitor.json": json.dumps(monitor).encode()},
        parts,
    )
    return [json.loads(line) for line in result.lines]


def arguments(line: dict[str, Any], kind: str = "events") -> list[dict[str, str]]:
    entries = line["matched_on_args"][kind]
    return [{each["name"]: each["value"] for each in entry["args"]} for entry in entries]


def test_any_contract_matches_every_log_of_the_event() -> None:
    block = a_block([[a_log()], [a_log(address=OTHER)], [a_log(topics=["0x" + word(7)])]])
    lines = found(block, events=[{"signature": SIGNATURE, "expression": "value == 100"}])
    assert [line["transaction_index"] for line in lines] == [0, 1]
    assert arguments(lines[0])[0]["value"] == "100"


def test_the_expression_of_any_contract_decides() -> None:
    block = a_block([[a_log()]])
    assert not found(block, events=[{"signature": SIGNATURE, "expression": "value > 100"}])


def test_any_contract_matches_calls_by_their_selector() -> None:
    lines = found(
        a_block([[], []]),
        functions=[
            {"signature": "transfer(address to, uint256 value)", "expression": "value == 100"}
        ],
    )
    assert len(lines) == 2
    assert lines[0]["matched_on"]["functions"][0]["signature"] == "transfer(address,uint256)"


def test_any_contract_with_transaction_conditions_alone_sees_every_transaction() -> None:
    conditions = {"functions": [], "events": [], "transactions": [{"status": "Success"}]}
    assert len(found(a_block([[], [], []]), match_conditions=conditions)) == 3


NOTE: dict[str, Any] = {
    "type": "event",
    "name": "Note",
    "anonymous": True,
    "inputs": [
        {"name": "id", "type": "uint256", "indexed": True},
        {"name": "amount", "type": "uint256", "indexed": False},
    ],
}
SENT: dict[str, Any] = {
    "type": "event",
    "name": "Sent",
    "anonymous": False,
    "inputs": [{"name": "amount", "type": "uint256", "indexed": False}],
}


@pytest.mark.parametrize(("expression", "count"), [(None, 1), ("id == 9", 1), ("id == 8", 0)])
def test_an_anonymous_event_is_a_log_that_is_no_other_event(
    expression: str | None, count: int
) -> None:
    block = a_block([[a_log(topics=["0x" + word(9)])], [a_log()], [a_log(topics=[])]])
    lines = found(
        block,
        events=[{"signature": "Note(uint256,uint256)", "expression": expression}],
        addresses=[{"address": TOKEN, "contract_spec": [NOTE, SENT]}],
    )
    assert len(lines) == count
    for line in lines:
        assert arguments(line) == [{"id": "9", "amount": "100"}]
        assert "hex_signature" not in line["matched_on_args"]["events"][0]


def test_a_log_of_a_known_event_is_no_anonymous_one() -> None:
    transfers = {**SENT, "name": "Transfer", "inputs": [NOTE["inputs"][1]]}
    known = a_block([[a_log(topics=[topic_of("Transfer(uint256)")])]])
    spec = [NOTE, transfers]
    lines = found(
        known,
        events=[{"signature": "Note(uint256,uint256)"}],
        addresses=[{"address": TOKEN, "contract_spec": spec}],
    )
    assert lines == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0x", ["receive()"]),
        ("0x12", ["fallback()"]),
        ("0x12345678", ["fallback()"]),
        ("0xa9059cbb" + word(2) + word(100), []),
    ],
)
def test_a_call_of_no_function_is_received_or_falls_back(data: str, expected: list[str]) -> None:
    block = a_block([[]])
    block.block["transactions"][0]["input"] = data
    inputs = [{"name": "to", "type": "address"}, {"name": "value", "type": "uint256"}]
    spec = [
        {"type": "function", "name": "transfer", "inputs": inputs, "outputs": []},
        {"type": "receive", "stateMutability": "payable"},
        {"type": "fallback", "stateMutability": "payable"},
    ]
    lines = found(
        block,
        functions=[{"signature": "fallback()"}, {"signature": "receive()"}],
        addresses=[{"address": TOKEN, "contract_spec": spec}],
    )
    signatures = [each["signature"] for line in lines for each in line["matched_on"]["functions"]]
    assert signatures == expected


def test_a_log_under_two_keys_is_reported_once_for_the_first_condition() -> None:
    spec = [NOTE, {**SENT, "name": "Transfer", "anonymous": False, "inputs": _TRANSFER_INPUTS}]
    anonymous = {**NOTE, "name": "Raw", "inputs": _THREE_INDEXED}
    lines = found(
        a_block([[a_log()]]),
        events=[{"signature": "Raw(bytes32,bytes32,bytes32)"}, {"signature": _PLAIN}],
        addresses=[
            {"address": TOKEN, "contract_spec": spec},
            {"address": TOKEN, "contract_spec": [anonymous]},
        ],
    )
    (line,) = lines
    assert [each["signature"] for each in line["matched_on"]["events"]] == [
        "Raw(bytes32,bytes32,bytes32)"
    ]
    assert arguments(line)[0]["signature"] == TRANSFER_TOPIC


_PLAIN = "Transfer(address,address,uint256)"
_TRANSFER_INPUTS = [
    {"name": name, "type": kind, "indexed": name != "value"}
    for name, kind in (("from", "address"), ("to", "address"), ("value", "uint256"))
]
_THREE_INDEXED = [
    {"name": name, "type": "bytes32", "indexed": True} for name in ("signature", "a", "b")
]


def test_fields_of_later_upgrades_can_be_compared() -> None:
    block = a_block([[], []])
    block.block["transactions"][0] |= {
        "type": "0x3",
        "maxFeePerBlobGas": "0x7",
        "blobVersionedHashes": ["0x01", "0x02"],
        "accessList": [],
    }
    block.block["transactions"][1] |= {
        "type": "0x4",
        "authorizationList": [{"chainId": "0x1"}],
        "l1Fee": {"an": "extra"},
    }
    block.receipts[1] |= {"effectiveGasPrice": "0x5", "contractAddress": OTHER}

    def places(expression: str) -> list[int]:
        condition = {"status": "Any", "expression": expression}
        conditions = {"functions": [], "events": [], "transactions": [condition]}
        return [line["transaction_index"] for line in found(block, match_conditions=conditions)]

    assert places("type == 3 AND blob_count == 2 AND max_fee_per_blob_gas == 7") == [0]
    assert places("authorization_count > 0 AND effective_gas_price == 5") == [1]
    assert places(f"contract_address == {OTHER}") == [1]
    assert places("access_list_count == 0 AND log_count == 0") == [0, 1]
