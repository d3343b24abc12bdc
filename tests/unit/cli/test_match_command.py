"""``tocsin match`` on files made here: what it prints, and how it fails."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.support.evm_blocks import SENDER, TOKEN, RawBlock, a_block, a_log
from tests.support.openzeppelin import a_monitor_file, a_network_file
from tocsin.cli.match import gunzip, match_command
from tocsin.errors import TocsinError

ABI = [
    {
        "type": "event",
        "name": "Transfer",
        "anonymous": False,
        "inputs": [
            {"name": "from", "type": "address", "indexed": True},
            {"name": "to", "type": "address", "indexed": True},
            {"name": "value", "type": "uint256", "indexed": False},
        ],
    }
]
SIGNATURE = "Transfer(address,address,uint256)"


def a_watcher(*, expression: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a monitor of the token's transfers."""
    return a_monitor_file(
        **{
            "addresses": [{"address": TOKEN, "contract_spec": ABI}],
            "match_conditions": {
                "functions": [],
                "events": [{"signature": SIGNATURE, "expression": expression}],
                "transactions": [],
            },
        }
        | changes
    )


class Files:
    """A directory with what the command reads, valid unless a test overwrites it."""

    def __init__(self, root: Path, block: RawBlock) -> None:
        self.root = root
        (root / "monitors").mkdir()
        parts = block.parts()
        self.write("network.json", a_network_file())
        self.write("monitors/transfers.json", a_watcher())
        self.write("block.json", parts[0])
        self.write("receipts.json", parts[1])

    def write(self, name: str, content: object) -> None:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        (self.root / name).write_bytes(raw)

    def match(self, *more: str, without: str = "") -> Result:
        options = {
            "--network": "network.json",
            "--monitors": "monitors",
            "--block": "block.json",
            "--receipts": "receipts.json",
        }
        options.pop(without, None)
        given = [part for name, file in options.items() for part in (name, str(self.root / file))]
        return CliRunner().invoke(match_command, [*given, *more])


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, a_block([[a_log(), a_log()], [], [a_log()]]))


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_matching_transaction_gives_one_line_with_every_log(files: Files) -> None:
    found = lines(files.match())
    assert [line["transaction_index"] for line in found] == [0, 2]
    assert [len(line["matched_on_args"]["events"]) for line in found] == [2, 1]


def test_a_line_says_which_monitor_network_block_and_arguments(files: Files) -> None:
    line = lines(files.match())[0]
    assert (line["monitor"], line["network"], line["block_number"]) == (
        "Whales",
        "ethereum_mainnet",
        5,
    )
    assert line["matched_on"]["events"][0] == {"signature": SIGNATURE, "expression": None}
    values = {arg["name"]: arg["value"] for arg in line["matched_on_args"]["events"][0]["args"]}
    assert values == {"from": "0x" + "1".zfill(40), "to": "0x" + "2".zfill(40), "value": "100"}


def test_one_file_may_hold_all_parts_of_a_block(files: Files) -> None:
    names = ("block", "receipts")
    whole = {name: json.loads((files.root / f"{name}.json").read_bytes()) for name in names}
    expected = lines(files.match())
    files.write("block.json", whole)
    assert lines(files.match(without="--receipts")) == expected != []


@pytest.mark.parametrize("content", [b"[]", b"{", {"block": {}}])
def test_a_block_that_has_not_all_parts_needs_the_others(files: Files, content: object) -> None:
    files.write("block.json", content)
    result = files.match(without="--receipts")
    assert isinstance(result.exception, TocsinError)
    assert "needs --receipts" in str(result.exception)


def test_an_expression_decides(files: Files) -> None:
    files.write("monitors/transfers.json", a_watcher(expression="value > 100"))
    assert lines(files.match()) == []


def test_an_expression_may_name_a_list_of_a_file(files: Files) -> None:
    files.write("monitors/transfers.json", a_watcher(expression="to IN @desks"))
    files.write("lists.json", {"desks": ["0x" + "2".zfill(40)]})
    files.write("empty.json", {"desks": []})
    assert len(lines(files.match("--lists", str(files.root / "lists.json")))) == 2
    assert lines(files.match("--lists", str(files.root / "empty.json"))) == []
    failed = files.match()
    assert failed.exit_code == 1
    assert "@desks" in failed.stderr


def test_files_may_be_compressed_and_in_an_envelope(files: Files) -> None:
    for name in ("block.json", "receipts.json"):
        bare = json.loads((files.root / name).read_bytes())
        envelope = {"jsonrpc": "2.0", "id": 1, "result": bare}
        files.write(name, gzip.compress(json.dumps(envelope).encode()))
    assert len(lines(files.match())) == 2


def test_a_transaction_only_monitor_matches_by_its_sender(files: Files) -> None:
    nothing: list[object] = []
    conditions = {"functions": nothing, "events": nothing, "transactions": [{"status": "Success"}]}
    sender = a_watcher(name="Sender", addresses=[{"address": SENDER}], match_conditions=conditions)
    files.write("monitors/transfers.json", sender)
    assert len(lines(files.match())) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"paused": True}, "paused"), ({"networks": ["other"]}, "does not watch ethereum_mainnet")],
)
def test_a_monitor_left_out_is_noted(files: Files, changes: dict[str, Any], reason: str) -> None:
    files.write("monitors/transfers.json", a_watcher(**changes))
    result = files.match()
    assert lines(result) == []
    assert reason in result.stderr


def test_a_monitor_of_another_network_may_be_of_a_kind_we_cannot_read(files: Files) -> None:
    files.write("monitors/solana.json", {"networks": ["solana_mainnet"], "addresses": "other"})
    result = files.match()
    assert len(lines(result)) == 2
    assert "solana.json is left out" in result.stderr


def test_scripts_are_not_run_and_that_is_said(files: Files) -> None:
    script = {"script_path": "x.py", "language": "Python", "timeout_ms": 1000, "arguments": None}
    files.write("monitors/transfers.json", a_watcher(trigger_conditions=[script]))
    result = files.match()
    assert len(lines(result)) == 2
    assert "scripts are not run" in result.stderr


def refusal(result: Result) -> str:
    """Return the one line that the command line prints, after checking that it is one."""
    assert result.stdout == ""
    assert isinstance(result.exception, TocsinError)
    (line,) = str(result.exception).splitlines()
    return line


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("network.json", b"{", "network.json"),
        ("network.json", a_network_file(chain_id=...), "chain_id"),
        ("monitors/transfers.json", b"[]", "transfers.json"),
        ("monitors/second.json", a_watcher(name=" WHALES "), "two monitors of this name"),
        ("block.json", b"{}", "number"),
        ("block.json", b"\x1f\x8b broken", "block.json"),
        ("receipts.json", b"[]", "receipts"),
    ],
)
def test_a_bad_file_gives_one_clear_line(
    files: Files, name: str, content: object, words: str
) -> None:
    files.write(name, content)
    assert words in refusal(files.match())


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"expression": "value >"}, "expression.syntax", "(column 8)"),
        ({"expression": "valeu > 1"}, "expression.type", "did you mean value? (column 1)"),
        ({"addresses": [{"address": "0x1"}]}, "input.invalid", "addresses[0].address"),
        ({"addresses": [{"address": TOKEN}]}, "input.interface", "addresses[0].contract_spec"),
    ],
)
def test_a_monitor_that_could_never_match_is_told_of_once_and_the_others_go_on(
    files: Files, changes: dict[str, Any], code: str, words: str
) -> None:
    files.write("monitors/broken.json", a_watcher(name="Broken", **changes))
    result = files.match()
    assert result.exit_code == 1
    assert [json.loads(line)["monitor"] for line in result.stdout.splitlines()] == ["Whales"] * 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: Broken (broken.json) is left out: {code}: ")
    assert words in line


def test_an_explanation_goes_on_without_a_monitor_that_could_never_match(files: Files) -> None:
    files.write("monitors/broken.json", a_watcher(name="Broken", expression="value >"))
    wanted = json.loads((files.root / "block.json").read_bytes())["transactions"][0]["hash"]
    result = files.match("--explain", wanted, "--json")
    assert result.exit_code == 1
    assert [json.loads(line)["monitor"] for line in result.stdout.splitlines()] == ["Whales"]
    assert "Broken (broken.json) is left out" in result.stderr


def test_the_name_of_a_monitor_that_is_left_out_is_taken_all_the_same(files: Files) -> None:
    files.write("monitors/broken.json", a_watcher(name="whales", expression="value >"))
    assert "two monitors of this name" in refusal(files.match())


def test_a_missing_part_is_named(files: Files) -> None:
    assert "--receipts" in refusal(files.match(without="--receipts"))


def test_a_part_of_another_family_is_refused(files: Files) -> None:
    assert "--ledger" in refusal(files.match("--ledger", str(files.root / "block.json")))


def test_a_file_that_is_not_there_is_named(files: Files) -> None:
    (files.root / "receipts.json").unlink()
    assert "receipts.json" in refusal(files.match())


def test_a_directory_without_monitors_is_refused(files: Files) -> None:
    (files.root / "monitors" / "transfers.json").unlink()
    assert "no .json files" in refusal(files.match())


def test_a_compressed_file_is_never_unpacked_beyond_its_bound() -> None:
    assert len(gunzip(gzip.compress(bytes(10_000_000)), at_most=1000)) == 1000


def test_members_of_one_compressed_file_are_joined() -> None:
    assert gunzip(gzip.compress(b"a") + gzip.compress(b"b"), at_most=10) == b"ab"
