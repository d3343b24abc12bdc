"""Recorded mainnet blocks, through the whole offline path."""

import json
from typing import Any

import pytest

from tests.support.recorded import recorded_file
from tocsin.cli.offline import match_offline

USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
WETH = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
SIGNATURE = "Transfer(address,address,uint256)"


def transfers_of(address: str, block: int, expression: str | None = None) -> list[dict[str, Any]]:
    """Return the matches of a monitor of one token's transfers."""
    example = json.loads(recorded_file("examples", "monitors", "evm_transfer_usdc.json"))
    (contract,) = example["addresses"]
    monitor = example | {
        "addresses": [{**contract, "address": address}],
        "match_conditions": {
            "functions": [],
            "events": [{"signature": SIGNATURE, "expression": expression}],
            "transactions": [],
        },
        "trigger_conditions": [],
    }
    network = recorded_file("examples", "networks", "ethereum_mainnet.json")
    result = match_offline(
        ("network.json", network),
        {"monitor.json": json.dumps(monitor).encode()},
        {
            part: recorded_file("mainnet", f"ethereum_{block}_{part}.json.gz")
            for part in ("block", "receipts")
        },
    )
    return [json.loads(line) for line in result.lines]


@pytest.mark.parametrize(
    ("address", "block", "log_count", "transaction_count"),
    [
        (USDC, 11098450, 6, 5),
        (WETH, 11098450, 14, 14),
        (USDC, 16899757, 13, 9),
        (WETH, 16899757, 49, 36),
    ],
)
def test_every_transfer_of_a_mainnet_block_is_found(
    address: str, block: int, log_count: int, transaction_count: int
) -> None:
    found = transfers_of(address, block)
    assert len({line["transaction_hash"] for line in found}) == len(found) == transaction_count
    assert sum(len(line["matched_on_args"]["events"]) for line in found) == log_count


def test_an_expression_keeps_exactly_the_logs_that_meet_it() -> None:
    def values(expression: str | None) -> list[int]:
        return [
            int(argument["value"])
            for line in transfers_of(WETH, 16899757, expression)
            for event in line["matched_on_args"]["events"]
            for argument in event["args"]
            if argument["kind"] == "uint256"
        ]

    everything = values(None)
    limit = sorted(everything)[len(everything) // 2]
    assert values(f"value > {limit}") == [value for value in everything if value > limit]
