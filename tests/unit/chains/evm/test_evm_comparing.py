"""Indexed parameters are compared as topics: constants of every kind meet exactly their own."""

from typing import Any

import pytest
from eth_abi.abi import encode

from tests.support.evm_matching import a_monitor, event_of, item, places, sent

TOP = 2**256 - 1
WHO = "0x" + "a1" * 20
VALUES: dict[str, list[Any]] = {
    "address": [WHO, "0x" + "00" * 20, "0x" + "0" * 39 + "1"],
    "uint8": [0, 1, 255],
    "uint256": [0, 255, TOP],
    "int8": [-128, -1, 0, 127],
    "int256": [-(2**255), -1, 0, 1, 2**255 - 1],
    "bool": [True, False],
}


def written(value: Any) -> str:
    """Return a value as an expression has it."""
    return str(value).lower()


def a_waiting(kind: str, expression: str) -> Any:
    """Return who waits for an event with one indexed parameter."""
    event = item("event", "E", f"{kind} indexed x")
    return a_monitor(event, events=[(f"E({kind})", expression)])


@pytest.mark.parametrize("kind", VALUES)
def test_a_topic_equals_its_own_constant_alone(kind: str) -> None:
    values = VALUES[kind]
    logs = [event_of(f"E({kind})", (), ["0x" + encode([kind], [each]).hex()]) for each in values]
    transactions = [sent(log) for log in logs]
    for place, value in enumerate(values):
        assert places(a_waiting(kind, f"x == {written(value)}"), *transactions) == [place]
        either = f"x == {written(value)} OR x == {written(values[0])}"
        assert places(a_waiting(kind, either), *transactions) == sorted({0, place})


@pytest.mark.parametrize(("kind", "number"), [("int8", 255), ("uint8", 256)])
def test_a_number_beyond_its_kind_meets_no_topic_that_is_spelled_like_it(
    kind: str, number: int
) -> None:
    log = event_of(f"E({kind})", (), [f"0x{number:064x}"])
    monitor = a_waiting(kind, f"x == {number} OR x == 1")
    assert places(monitor, sent(log)) == []
