"""How long matching takes, in units of parsing the block; limits are the loosest we accept."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tocsin.cli.bench import bench_command

pytestmark = pytest.mark.benchmark


@pytest.fixture(scope="module")
def recorded() -> list[str]:
    root = os.environ.get("RECORDED_CHAIN_DATA")
    if not root:
        pytest.skip("RECORDED_CHAIN_DATA is not set")
    folder = Path(root, "mainnet")
    block, receipts = (folder / f"reference_M_{name}.json.gz" for name in ("block", "receipts"))
    return ["--block", str(block), "--receipts", str(receipts), "--json"]


def measure(recorded: list[str], population: str, count: int = 100_000) -> dict[str, Any]:
    arguments = ["match", "--monitors", str(count), "--population", population, *recorded]
    result = CliRunner().invoke(bench_command, arguments, catch_exceptions=False)
    print(population, result.stdout.strip())
    figures: dict[str, Any] = json.loads(result.stdout)
    return figures


@pytest.mark.parametrize(
    ("population", "ratio", "matches"),
    [("uniform", 0.6, 1_400), ("zipf", 1.0, 284_000), ("hot", 0.25, 20_000)],
)
def test_matching_costs_what_it_finds(
    recorded: list[str], population: str, ratio: float, matches: int
) -> None:
    figures = measure(recorded, population)
    assert figures["matches"] == pytest.approx(matches, rel=0.1)
    assert figures["match_ratio"] <= ratio
    if matches > 10_000:  # a few share the cost of their transaction's own table among them
        assert figures["group_ns_per_match"] <= 200
    assert max(figures["insert_us"], figures["remove_us"]) <= 20
    assert figures["bytes_per_monitor"] <= 1_000
    assert figures["build_seconds"] <= 5


def test_intervals_are_looked_up(recorded: list[str]) -> None:
    assert measure(recorded, "intervals")["match_ratio"] <= 0.5
