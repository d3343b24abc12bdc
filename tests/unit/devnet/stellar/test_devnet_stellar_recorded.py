"""The shapes of protocol 22 against answers that a real server gave."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.devnet.stellar.chain import StellarChain

Ask = Callable[..., Any]
RECORDED = os.environ.get("RECORDED_CHAIN_DATA", "")

pytestmark = pytest.mark.skipif(not RECORDED, reason="RECORDED_CHAIN_DATA is not set")


def recorded(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(Path(RECORDED, "stellar", name).read_text())
    return rows


def shape(row: dict[str, Any]) -> dict[str, type]:
    return {key: type(value) for key, value in row.items()}


@pytest.fixture
def page() -> Callable[[str], Any]:
    chain = StellarChain(seed=1, protocol=22, transactions_per_ledger=(20, 20))
    chain.produce(produced_at_ms=0)

    def first(method: str) -> Any:
        return chain.answer(method, {"startLedger": 2})

    return first


def test_an_event_has_the_recorded_shape(page: Ask) -> None:
    real = shape(recorded("events.json")[0])
    assert all(shape(row) == real for row in page("getEvents")["events"])


def test_a_ledger_has_the_recorded_shape(page: Ask) -> None:
    real = shape(recorded("blocks.json")[0]["Stellar"])
    assert all(shape(row) == real for row in page("getLedgers")["ledgers"])


def test_a_transaction_has_a_recorded_shape(page: Ask) -> None:
    real = [shape(row) for row in recorded("transactions.json")]
    assert all(shape(row) in real for row in page("getTransactions")["transactions"])
