"""The two shapes of a match, and the explanation of why there is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.evm_blocks import SENDER, TOKEN, RawBlock, a_block, a_log, word
from tests.unit.cli.test_match_command import SIGNATURE, Files, a_watcher, lines

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "schema" / "match.v1.json").read_bytes())


@pytest.fixture
def block() -> RawBlock:
    return a_block([[a_log()], []])


@pytest.fixture
def files(tmp_path: Path, block: RawBlock) -> Files:
    block.block["transactions"][0] |= {"chainId": "0x1", "v": "0x01", "maxFeePerGas": None}
    block.receipts[0]["unknown"] = "dropped"
    return Files(tmp_path, block)


def check(value: Any, schema: dict[str, Any]) -> None:
    """Assert what of JSON schema our schemas use."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if "const" in schema:
        assert value == schema["const"]
    assert value in schema.get("enum", [value])
    types = schema.get("type", [])
    names = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}
    found = "null" if value is None else names[type(value)]
    assert not types or found in ([types] if isinstance(types, str) else types)
    if isinstance(value, dict):
        assert set(schema["required"]) <= set(value) <= set(schema["properties"])
        for key, member in value.items():
            check(member, schema["properties"][key])
    if isinstance(value, list):
        for item in value:
            check(item, schema["items"])


def test_a_line_of_ours_is_as_its_schema_says(files: Files) -> None:
    (line,) = lines(files.match())
    check(line, SCHEMA)


def test_the_other_format_has_one_key_that_names_the_chain(files: Files, block: RawBlock) -> None:
    result = files.match("--format", "oz")
    (line,) = lines(result)
    assert set(line) == {"EVM"}
    document = line["EVM"]
    assert set(document) == {
        "logs",
        "matched_on",
        "matched_on_args",
        "monitor",
        "network_slug",
        "receipt",
        "transaction",
    }
    assert document["network_slug"] == "ethereum_mainnet"
    assert document["matched_on"]["events"] == [{"expression": None, "signature": SIGNATURE}]
    assert document["matched_on_args"]["functions"] is None
    assert result.stdout == json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n"
    assert document["transaction"]["hash"] == block.block["transactions"][0]["hash"]


def test_a_transaction_keeps_unknown_keys_and_loses_nulls(files: Files) -> None:
    transaction = lines(files.match("--format", "oz"))[0]["EVM"]["transaction"]
    assert (transaction["chainId"], transaction["v"]) == ("0x1", "0x1")
    assert "maxFeePerGas" not in transaction
    assert transaction["from"] == SENDER
    assert (transaction["gasPrice"], transaction["value"]) == ("0x3", "0x0")


def test_receipt_and_logs_have_all_keys_and_no_others(files: Files) -> None:
    document = lines(files.match("--format", "oz"))[0]["EVM"]
    assert set(document["receipt"]) == {
        "blockHash",
        "blockNumber",
        "contractAddress",
        "cumulativeGasUsed",
        "effectiveGasPrice",
        "from",
        "gasUsed",
        "logs",
        "logsBloom",
        "root",
        "status",
        "to",
        "transactionHash",
        "transactionIndex",
    }
    (log,) = document["logs"]
    assert document["receipt"]["logs"] == [log]
    assert (log["address"], log["logIndex"], log["logType"]) == (TOKEN, "0x0", None)


def test_the_monitor_is_shown_as_configured_without_its_spec(files: Files) -> None:
    monitor = lines(files.match("--format", "oz"))[0]["EVM"]["monitor"]
    assert monitor["addresses"] == [{"address": TOKEN, "contract_spec": None}]
    assert monitor["match_conditions"]["events"] == [{"signature": SIGNATURE, "expression": None}]
    assert monitor["chain_configurations"] == []


def explained(files: Files, expression: str, place: int = 0) -> str:
    files.write("monitors/transfers.json", a_watcher(expression=expression))
    block = json.loads((files.root / "block.json").read_bytes())
    result = files.match("--explain", block["transactions"][place]["hash"].upper())
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_an_explanation_goes_clause_by_clause(files: Files) -> None:
    found = explained(files, f"value > 5 AND (to == 0x{word(3)[24:]} OR NOT value == 100)")
    assert "does not match" in found
    assert "no event or function condition is met" in found
    assert "value > 5: met (value = 100)" in found
    assert f"to == '0x{word(3)[24:]}': not met (to = 0x{word(2)[24:]})" in found
    assert "NOT (value == 100): not met" in found


def test_an_explanation_says_what_was_not_looked_at(files: Files) -> None:
    assert "value == 2: not looked at" in explained(files, "value == 1 AND value == 2")
    assert "matches 0x" in explained(files, "value == 100 OR value == 2")


def test_an_explanation_says_that_nothing_was_there_to_look_at(files: Files) -> None:
    assert "no such event in this transaction" in explained(files, "value > 1", place=1)


def test_an_explanation_says_that_data_do_not_fit(tmp_path: Path) -> None:
    files = Files(tmp_path, a_block([[a_log(data="0x01")]]))
    assert "its data do not fit the declaration" in explained(files, "value > 1")


def test_an_explanation_of_transaction_conditions_names_gate_and_status(files: Files) -> None:
    def found(address: str, status: str, expression: str | None = None) -> str:
        condition = {"status": status, "expression": expression}
        conditions = {"functions": [], "events": [], "transactions": [condition]}
        monitor = a_watcher(addresses=[{"address": address}], match_conditions=conditions)
        files.write("monitors/transfers.json", monitor)
        block = json.loads((files.root / "block.json").read_bytes())
        return files.match("--explain", block["transactions"][0]["hash"]).stdout

    assert "no watched address" in found("0x" + "99" * 20, "Any")
    assert "the transaction's status is Success" in found(TOKEN, "Failure")
    assert "nonce == 0: met (nonce = 0)" in found(TOKEN, "Success", "nonce == 0")


def test_an_explanation_can_be_json(files: Files) -> None:
    block = json.loads((files.root / "block.json").read_bytes())
    (found,) = lines(files.match("--json", "--explain", block["transactions"][0]["hash"]))
    assert (found["monitor"], found["matches"]) == ("Whales", True)
    assert found["conditions"][0]["trials"][0]["met"] is True


def test_a_transaction_that_is_not_there_cannot_be_explained(files: Files) -> None:
    result = files.match("--explain", "0x" + "00" * 32)
    assert "the block has no transaction" in str(result.exception)
