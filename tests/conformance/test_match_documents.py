"""Documents of matches: ours by its schema, OpenZeppelin Monitor's key by key."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from stellar_sdk import scval

from tests.support.evm_matching import (
    CONTRACT,
    Json,
    a_monitor,
    event_of,
    input_of,
    item,
    match,
    sent,
    topic,
)
from tests.support.openzeppelin import a_monitor_file, a_network_file
from tests.support.recorded import recorded_file
from tests.support.stellar_ledgers import (
    PASSPHRASE,
    TOKEN,
    RawLedger,
    a_call,
    a_transaction,
    a_transfer,
)
from tests.unit.cli.test_match_formats import SCHEMA, check
from tocsin.cli import xdr_json
from tocsin.cli.offline import MatchFormat, OfflineResult, match_offline
from tocsin.cli.xdr_json import decoded_xdr

QUANTITY = r"0x(0|[1-9a-f][0-9a-f]*)"
DATA = r"0x([0-9a-f]{2})*"
ADDRESS, HASH = r"0x[0-9a-f]{40}", r"0x[0-9a-f]{64}"

# What stands in an EVM document: key by key, the texts it may have; "?" is null, "-" is absence.
TRANSACTION = {
    "hash": HASH,
    "nonce": QUANTITY,
    "value": QUANTITY,
    "gas": QUANTITY,
    "input": DATA,
    "blockHash": f"?{HASH}",
    "blockNumber": f"?{QUANTITY}",
    "transactionIndex": f"?{QUANTITY}",
    "to": f"?{ADDRESS}",
    "gasPrice": f"?{QUANTITY}",
    "from": f"-{ADDRESS}",
    **dict.fromkeys(("v", "r", "s", "yParity", "type", "mint"), f"-{QUANTITY}"),
    **dict.fromkeys(("maxFeePerGas", "maxPriorityFeePerGas"), f"-{QUANTITY}"),
}
RECEIPT = {
    "transactionHash": HASH,
    "transactionIndex": QUANTITY,
    "blockHash": f"?{HASH}",
    "blockNumber": f"?{QUANTITY}",
    "from": ADDRESS,
    "to": f"?{ADDRESS}",
    "cumulativeGasUsed": QUANTITY,
    "gasUsed": f"?{QUANTITY}",
    "contractAddress": f"?{ADDRESS}",
    "status": f"?{QUANTITY}",
    "root": f"?{HASH}",
    "logsBloom": DATA,
    "type": f"-{QUANTITY}",
    "effectiveGasPrice": f"?{QUANTITY}",
}
LOG = {
    "address": ADDRESS,
    "data": DATA,
    "blockHash": f"?{HASH}",
    "blockNumber": f"?{QUANTITY}",
    "transactionHash": f"?{HASH}",
    "transactionIndex": f"?{QUANTITY}",
    "logIndex": f"?{QUANTITY}",
    "transactionLogIndex": f"?{QUANTITY}",
    "logType": "?.*",
}
EVM_KEYS = {
    "monitor",
    "transaction",
    "receipt",
    "logs",
    "network_slug",
    "matched_on",
    "matched_on_args",
}
MONITOR_KEYS = {
    "name",
    "networks",
    "paused",
    "addresses",
    "match_conditions",
    "trigger_conditions",
    "triggers",
    "chain_configurations",
}


def agree(value: Json, shape: Mapping[str, str]) -> None:
    """Assert that an object has the members of a shape, whatever else it has."""
    for key, pattern in shape.items():
        if pattern[0] == "-" and key not in value:
            continue
        found = value[key]
        if pattern[0] == "?" and found is None:
            continue
        assert re.fullmatch(pattern.lstrip("?-"), found), (key, found)


def agree_with_reasons(document: Json, *, with_hex: bool) -> None:
    matched, arguments = document["matched_on"], document["matched_on_args"]
    assert set(matched) == {"functions", "events", "transactions"}
    assert set(arguments) == {"functions", "events"}
    for kind, entries in arguments.items():
        assert (entries is None) == (matched[kind] == [])
        for condition, entry in zip(matched[kind], entries or [], strict=True):
            assert set(condition) == {"signature", "expression"}
            names = {"signature", "args"} | ({"hex_signature"} if with_hex else set())
            assert set(entry) == names
            assert entry["signature"] == condition["signature"]
            for each in entry["args"]:
                assert set(each) == {"name", "value", "kind", "indexed"}
                assert isinstance(each["value"], str)
    for condition in matched["transactions"]:
        assert set(condition) == {"status", "expression"}


def agree_with_the_original(line: bytes) -> None:
    """Assert what section by section is known of the original's EVM document."""
    whole = json.loads(line)
    assert (
        line
        == json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )
    document = whole["EVM"]
    assert set(document) == EVM_KEYS
    assert set(document["monitor"]) == MONITOR_KEYS
    agree(document["transaction"], TRANSACTION)
    receipt, logs = document["receipt"], document["logs"]
    agree(receipt, RECEIPT)
    assert set(receipt) - {"type"} == {*RECEIPT, "logs"} - {"type"}
    assert receipt["logs"] == logs
    for log in logs:
        agree(log, LOG)
        assert set(log) == {*LOG, "topics", "removed"}
        assert all(re.fullmatch(HASH, each) for each in log["topics"])
    agree_with_reasons(document, with_hex=True)


TRANSFERS = a_monitor_file(
    addresses="any",
    match_conditions={
        "functions": [{"signature": "transfer(address to, uint256 value)"}],
        "events": [{"signature": "Transfer(address from, address to, uint256 value)"}],
        "transactions": [{"status": "Any", "expression": None}],
    },
)
EVERYTHING = a_monitor_file(
    addresses="any",
    match_conditions={"functions": [], "events": [], "transactions": [{"status": "Any"}]},
)
BLOCKS = ("ethereum_11098450", "ethereum_16899757", "reference_M")


def recorded(name: str, monitor: Json, match_format: MatchFormat) -> OfflineResult:
    return match_offline(
        ("network.json", json.dumps(a_network_file()).encode()),
        {"monitor.json": json.dumps(monitor).encode()},
        {
            part: recorded_file("mainnet", f"{name}_{part}.json.gz")
            for part in ("block", "receipts")
        },
        match_format=match_format,
    )


@pytest.mark.parametrize("name", BLOCKS)
def test_every_document_of_a_recorded_block_is_as_the_schema_says(name: str) -> None:
    for monitor in (TRANSFERS, EVERYTHING):
        result = recorded(name, monitor, MatchFormat.TOCSIN)
        assert result.lines
        for line in result.lines:
            check(json.loads(line), SCHEMA)


@pytest.mark.parametrize("name", BLOCKS)
def test_every_document_of_a_recorded_block_is_the_originals(name: str) -> None:
    for monitor in (TRANSFERS, EVERYTHING):
        result = recorded(name, monitor, MatchFormat.OPENZEPPELIN)
        assert result.lines
        for line in result.lines:
            agree_with_the_original(line)


def test_an_evm_document_is_the_originals_byte_by_byte() -> None:
    transfer = "Transfer(address,address,uint256)"
    monitor = a_monitor(
        item("event", "Transfer", "address indexed from", "address indexed to", "uint256 value"),
        item("function", "transfer", "address to", "uint256 value"),
        events=[(transfer, "value > 5")],
        functions=["transfer(address,uint256)"],
        transactions=["Success"],
        chain_configurations=[{"evm": {}}],
        name="Größe 🦀",
    )
    log = event_of(transfer, [100], [topic(1), topic(2)])
    listed = [{"address": "0x" + "AB" * 20, "storageKeys": ["0x" + "CD" * 32]}]
    transaction = sent(
        log,
        receipt={"cumulativeGasUsed": "0x05208", "effectiveGasPrice": "0x3", "l1Fee": "0x1"},
        input=input_of("transfer(address,uint256)", CONTRACT, 100),
        accessList=listed,
        maxFeePerGas=None,
        v="0x00",
        novelty={"Kept": "0x00AA"},
    )
    (line,) = match(monitor, transaction, match_format=MatchFormat.OPENZEPPELIN).lines
    agree_with_the_original(line)
    document = json.loads(line)["EVM"]
    shown = document["transaction"]
    assert shown["accessList"] == [{"address": "0x" + "ab" * 20, "storageKeys": ["0x" + "cd" * 32]}]
    assert (shown["v"], shown["novelty"]) == ("0x0", {"Kept": "0x00AA"})
    assert "maxFeePerGas" not in shown
    assert document["receipt"]["cumulativeGasUsed"] == "0x5208"
    assert "l1Fee" not in document["receipt"]
    assert document["monitor"] == {
        "name": "Größe 🦀",
        "networks": ["ethereum_mainnet"],
        "paused": False,
        "addresses": [{"address": CONTRACT, "contract_spec": None}],
        "match_conditions": {
            "functions": [{"signature": "transfer(address,uint256)", "expression": None}],
            "events": [{"signature": transfer, "expression": "value > 5"}],
            "transactions": [{"status": "Success", "expression": None}],
        },
        "trigger_conditions": [],
        "triggers": ["ops"],
        "chain_configurations": [{"evm": {}}],
    }
    assert document["matched_on"] == {
        "functions": [{"signature": "transfer(address,uint256)", "expression": None}],
        "events": [{"signature": transfer, "expression": "value > 5"}],
        "transactions": [{"status": "Success", "expression": None}],
    }
    (entry,) = document["matched_on_args"]["functions"]
    assert entry == {
        "signature": "transfer(address,uint256)",
        "hex_signature": "0xa9059cbb",
        "args": [
            {"name": "to", "value": CONTRACT, "kind": "address", "indexed": False},
            {"name": "value", "value": "100", "kind": "uint256", "indexed": False},
        ],
    }
    assert "Größe 🦀".encode() in line


def stellar_documents(match_format: MatchFormat) -> list[Json]:
    """Return the documents of a ledger with a call, a payment and a contract's event."""
    network = a_network_file(
        network_type="Stellar", slug="stellar_test", chain_id=..., network_passphrase=PASSPHRASE
    )
    monitor = a_monitor_file(
        networks=["stellar_test"],
        addresses=[{"address": TOKEN}],
        match_conditions={
            "functions": [],
            "events": [{"signature": "transfer(Address,Address,I128)"}],
            "transactions": [{"status": "Any", "expression": "value >= 0"}],
        },
    )
    plain = a_monitor_file(
        **monitor
        | {
            "name": "Plain",
            "match_conditions": {
                "functions": [],
                "events": [],
                "transactions": [{"status": "Any"}],
            },
        }
    )
    made = [
        a_transaction(order=1),
        a_transaction(a_call("pay", scval.to_int128(2**100)), order=2),
    ]
    ledger = RawLedger(transactions=made, events=[a_transfer(made[0], 100, index=0)])
    result = match_offline(
        ("network.json", json.dumps(network).encode()),
        {"a.json": json.dumps(monitor).encode(), "b.json": json.dumps(plain).encode()},
        ledger.parts(),
        match_format=match_format,
    )
    return [json.loads(line) for line in result.lines]


def test_a_stellar_document_of_ours_is_as_the_schema_says() -> None:
    lines = stellar_documents(MatchFormat.TOCSIN)
    assert len(lines) == 3
    for line in lines:
        check(line, SCHEMA)


def test_a_stellar_document_has_the_keys_of_the_original() -> None:
    for whole in stellar_documents(MatchFormat.OPENZEPPELIN):
        (document,) = whole.values()
        assert set(document) == (EVM_KEYS - {"receipt", "logs"}) | {"ledger"}
        transaction, ledger = document["transaction"], document["ledger"]
        always = {"status", "txHash", "applicationOrder", "feeBump", "ledger", "createdAt"}
        # these were recorded without their meta
        assert set(transaction) - always == {"envelopeXdr", "resultXdr", "decoded"}
        assert isinstance(transaction["applicationOrder"], int)
        assert isinstance(transaction["createdAt"], int)
        assert {"hash", "sequence", "ledgerCloseTime"} <= set(ledger)
        assert isinstance(ledger["ledgerCloseTime"], str)
        agree_with_reasons(document, with_hex=False)


def test_a_stellar_document_has_the_decoded_xdr() -> None:
    decoded = [
        whole["Stellar"]["transaction"]["decoded"]
        for whole in stellar_documents(MatchFormat.OPENZEPPELIN)
    ]
    assert all(set(each) == {"envelope", "result", "meta"} for each in decoded)
    operation = decoded[0]["envelope"]["tx"]["tx"]["operations"][0]
    assert set(operation) == {"source_account", "body"}


def test_the_xdr_of_every_recorded_transaction_has_a_json_form() -> None:
    for transaction in json.loads(recorded_file("stellar", "transactions.json")):
        found: dict[str, Any] = decoded_xdr(transaction)
        missing = {"resultMetaXdr": "meta", "envelopeXdr": "envelope", "resultXdr": "result"}
        for key, part in missing.items():
            assert (found[part] is None) == (not transaction.get(key))


def test_without_the_library_nothing_is_decoded_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xdr_json, "find_spec", lambda name: None)
    for whole in stellar_documents(MatchFormat.OPENZEPPELIN):
        decoded = whole["Stellar"]["transaction"]["decoded"]
        assert decoded == {"envelope": None, "result": None, "meta": None}


@pytest.mark.parametrize("text", [None, 5, "", "AAAA", "no base64!", "AAAAAg=="])
def test_xdr_that_is_damaged_has_none(text: object) -> None:
    assert decoded_xdr({"envelopeXdr": text})["envelope"] is None
