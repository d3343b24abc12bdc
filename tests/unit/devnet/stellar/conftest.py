from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tocsin.devnet.stellar.chain import StellarChain

LEDGERS = 30


@cache
def produced(protocol: int) -> StellarChain:
    chain = StellarChain(seed=7, protocol=protocol, transactions_per_ledger=(0, 9))
    for number in range(LEDGERS):
        chain.produce(produced_at_ms=number)
    return chain


@pytest.fixture(params=[22, 23], ids=["protocol 22", "protocol 23"])
def chain(request: pytest.FixtureRequest) -> StellarChain:
    """A chain of 31 ledgers that no test may continue."""
    return produced(request.param)


@pytest.fixture
def ask(chain: StellarChain) -> Callable[..., Any]:
    """Return the result of a call to that chain, params by keyword."""

    def call(method: str, **params: object) -> Any:
        return chain.answer(method, params or None)

    return call
