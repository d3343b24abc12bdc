"""``tocsin bench match`` on a small block: the figures are there, and the same every time."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support.evm_blocks import TOKEN, a_block, a_log
from tests.support.openzeppelin import a_monitor_file
from tocsin.cli.bench import bench_command
from tocsin.cli.bench_populations import POPULATIONS, TRANSFER, USDC
from tocsin.errors import InputError

FIGURES = {
    "p_ms",
    "parse_ratio",
    "match_ratio",
    "total_ratio",
    "matches",
    "digest",
    "group_ns_per_match",
    "compile_us",
    "insert_us",
    "remove_us",
    "build_seconds",
    "bytes_per_monitor",
    "naive_ratio",
}


@pytest.fixture
def recorded(tmp_path: Path) -> list[str]:
    large = "0x" + f"{10**17:064x}"
    logs = [a_log(), a_log(address=USDC, data=large), a_log(address=USDC)]
    block, receipts = a_block([logs, []]).parts()
    (tmp_path / "block.json").write_bytes(block)
    (tmp_path / "receipts.json").write_bytes(receipts)
    files = ("block", "receipts")
    return [part for name in files for part in (f"--{name}", str(tmp_path / f"{name}.json"))]


def run(recorded: list[str], *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(
        bench_command, ["match", *arguments, *recorded, "--json"], catch_exceptions=False
    )
    figures: dict[str, Any] = json.loads(result.stdout)
    return figures


@pytest.mark.parametrize("population", POPULATIONS)
def test_every_population_is_measured(population: str, recorded: list[str]) -> None:
    figures = run(recorded, "--monitors", "40", "--population", population)
    assert figures.keys() >= FIGURES
    assert figures["monitors"] == 40


def test_the_same_monitors_are_made_every_time(recorded: list[str]) -> None:
    first, second = (run(recorded, "--monitors", "60", "--population", "hot") for _ in range(2))
    assert first["matches"] > 0
    assert (first["matches"], first["digest"]) == (second["matches"], second["digest"])


def test_monitors_may_come_from_a_file(recorded: list[str], tmp_path: Path) -> None:
    abi = json.loads(bytes(TRANSFER.abi))
    monitors = [
        a_monitor_file(
            name=name,
            paused=paused,
            addresses=[{"address": TOKEN, "contract_spec": abi}],
            match_conditions={
                "functions": [],
                "events": [{"signature": TRANSFER.signature, "expression": "value >= 100"}],
                "transactions": [],
            },
        )
        for name, paused in (("one", False), ("two", False), ("paused", True))
    ]
    file = tmp_path / "monitors.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in monitors) + "\n")
    figures = run(recorded, "--monitors", str(file))
    assert (figures["monitors"], figures["matches"]) == (2, 2)


def test_a_file_without_monitors_is_refused(recorded: list[str], tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("\n")
    with pytest.raises(InputError, match="no monitor"):
        run(recorded, "--monitors", str(tmp_path / "none.jsonl"))
