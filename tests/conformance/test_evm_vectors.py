"""Recorded cases of OpenZeppelin Monitor's EVM filter, replayed through the offline path."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak

from tests.support.evm_blocks import a_log
from tests.support.evm_matching import CONTRACT, OTHER, Json, a_monitor, found, sent
from tocsin.chains.evm.abi import AbiType, array_of, elementary, tuple_of
from tocsin.chains.evm.interface import normalised
from tocsin.chains.evm.keying import canonical_address
from tocsin.errors import TocsinError
from tocsin.model.interface import Value

VECTORS: Mapping[str, Any] = json.loads(
    (Path(__file__).parent / "vectors" / "evm.json").read_text(encoding="utf-8")
)

# Refused when the monitor is saved: a name that does not exist, and a contract without an ABI
# (the original would take that of another monitor).
REFUSED = frozenset({"M-017", "M-049", "M-055"})
# What is said of a filter's inner result that no document shows.
INSIDE = frozenset({"M-001"})
# An array of two types: no ABI has one.
IMPOSSIBLE = frozenset({"R-012"})


def _named(section: str, without: frozenset[str] = frozenset()) -> pytest.MarkDecorator:
    rows = [row for row in VECTORS[section] if row["id"] not in without]
    return pytest.mark.parametrize("vector", rows, ids=[row["id"] for row in rows])


def _digest(text: str) -> str:
    """Return a topic; ``keccak(…)`` of a signature, or of a quoted text, stands for its hash."""
    hashed = re.fullmatch(r"keccak\('?(.*?)'?\)", text)
    return "0x" + keccak(hashed[1].encode()).hex() if hashed else text


def _logged(log: Json) -> Json:
    topics = [_digest(each) for each in log["topics"]]
    return a_log(address=log.get("address", CONTRACT), topics=topics, data=log["data"])


def transaction_lines(given: Json) -> list[Json]:
    """Return the matches of transaction conditions on one transaction, at its place."""
    conditions = [
        (each["status"], each.get("expression")) for each in given["transaction_conditions"]
    ]
    fields = dict(given["tx"])
    place = int(fields.pop("transaction_index", 0))
    receipt = {"status": "0x1" if given["status"] == "Success" else "0x0"}
    if "receipt.gas_used" in fields:
        receipt["gasUsed"] = hex(int(fields.pop("receipt.gas_used")))
    members = {key: v if v.startswith("0x") else hex(int(v)) for key, v in fields.items()}
    before = [sent(to=OTHER)] * place
    return found(a_monitor(transactions=conditions), *before, sent(receipt=receipt, **members))


def decoded_lines(given: Json) -> list[Json]:
    """Return the matches of every event of an ABI on one log."""
    events = [
        f"{each['name']}({','.join(one['type'] for one in each['inputs'])})"
        for each in given["abi"]
    ]
    return found(a_monitor(*given["abi"], events=events), sent(_logged(given["log"])))


def monitor_lines(given: Json) -> list[Json]:
    """Return the matches of a monitor on a transaction with logs, or of a call."""
    written = given["monitor"]
    conditions = {key: written.get(key, []) for key in ("functions", "events")}
    listed = {
        key: [(each["signature"], each.get("expression")) for each in entries]
        for key, entries in conditions.items()
    }
    members = {"to": OTHER, **given.get("tx", {})}
    logs = [_logged(log) for log in given.get("logs", ())]
    return found(a_monitor(**listed, addresses=written["addresses"]), sent(*logs, **members))


def lines(given: Json) -> list[Json]:
    """Return the matches of a vector."""
    if "transaction_conditions" in given:
        return transaction_lines(given)
    return decoded_lines(given) if "abi" in given else monitor_lines(given)


def agree(line: Json, expected: Json) -> None:
    """Assert what a vector says of an event's arguments."""
    (entry,) = line["matched_on_args"]["events"]
    assert entry["signature"] == expected["signature"]
    if "values" in expected:
        assert [each["value"] for each in entry["args"]] == expected["values"]
    if "hex_signature" in expected:
        assert entry["hex_signature"] == expected["hex_signature"]
    for shown, wanted in zip(entry["args"], expected.get("args", entry["args"]), strict=True):
        if not wanted["value"].startswith("0x<"):
            assert shown == wanted
        assert shown["kind"] == wanted["kind"]


@_named("matching", REFUSED | INSIDE)
def test_a_transaction_matches_as_in_the_original(vector: Json) -> None:
    expected = vector["expect"]
    result = lines(vector["given"])
    if "decoded" in expected:
        if not isinstance(expected["decoded"], dict):
            assert result == []
            return
        (line,) = result
        agree(line, expected["decoded"])
        return
    matched = {key.partition(".")[2]: value for key, value in expected.items() if "on." in key}
    assert len(result) == any(matched.values())
    for line in result:
        for kind, entries in matched.items():
            assert line["matched_on"][kind] == entries
        wanted = expected.get("matched_on_args.events", line["matched_on_args"]["events"])
        assert line["matched_on_args"]["events"] == wanted


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_monitor_that_could_never_work_is_refused(name: str) -> None:
    (vector,) = (row for row in VECTORS["matching"] if row["id"] == name)
    with pytest.raises(TocsinError):
        lines(vector["given"])


def typed(described: Json) -> tuple[AbiType, Value]:
    """Return the type and the value that a vector describes."""
    ((kind, value),) = described.items()
    match kind:
        case "tuple":
            parts = [typed(each) for each in value]
            return tuple_of([each for each, _ in parts]), [each for _, each in parts]
        case "array" | "fixed_array":
            parts = [typed(each) for each in value]
            element = parts[0][0] if parts else elementary("bool")
            return array_of(element, None), [each for _, each in parts]
        case "int256_raw":
            return elementary("int256"), -(2**255)
        case "int256" | "uint256":
            return elementary(kind), int(value)
        case "bytes" | "bytes4":
            return elementary(kind), f"0x{value}"
        case _:
            return elementary(kind), value


@_named("render", IMPOSSIBLE)
def test_a_value_is_shown_as_in_the_original(vector: Json) -> None:
    kind, value = typed(vector["input"])
    assert kind.render(value) == vector["expect"]["text"]
    nested = vector["expect"].get("nested", kind.render_nested(value))
    assert kind.render_nested(value) == nested


@_named("normalise")
def test_addresses_and_signatures_compare_as_in_the_original(vector: Json) -> None:
    given, expected = vector["input"], vector["expect"]
    match vector["rule"]:
        case "evm_address":
            assert canonical_address(given, "address") == f"0x{expected}"
        case "evm_signature":
            assert normalised(given) == expected
        case _:
            assert (normalised(given[0]) == normalised(given[1])) is expected
