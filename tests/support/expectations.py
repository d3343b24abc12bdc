"""Monitors of the devnet's contracts, each beside the predicate that says what it must match.

The predicates look at the facts the generator planted, never at what our code decoded.
"""

from collections.abc import Callable
from typing import Any

from tests.support.installation import a_monitor
from tocsin.devnet.evm.erc20 import TOKENS, erc20_abi
from tocsin.devnet.network import TransactionFacts
from tocsin.devnet.stellar.contracts import POOL
from tocsin.devnet.stellar.contracts import TOKEN as STELLAR_TOKEN

Predicate = Callable[[TransactionFacts], bool]
TOKEN = TOKENS[0]


def big_transfers(name: str, network: str, above: int) -> tuple[dict[str, Any], Predicate]:
    """Return a monitor of one token's transfers above an amount, and its predicate."""
    monitor = a_monitor(
        name,
        network,
        addresses=[{"address": TOKEN.address, "contract_spec": erc20_abi()}],
        match_conditions={
            "functions": [],
            "events": [
                {
                    "signature": "Transfer(address,address,uint256)",
                    "expression": f"value > {above}",
                }
            ],
            "transactions": [],
        },
        triggers=["hook"],
    )

    def matches(facts: TransactionFacts) -> bool:
        return any(
            event.contract == TOKEN.address
            and event.name == "Transfer"
            and int(event.arguments["value"]) > above
            for event in facts.events
        )

    return monitor, matches


def failed_transfers(name: str, network: str) -> tuple[dict[str, Any], Predicate]:
    """Return a monitor of one token's transfer calls that failed, and its predicate."""
    monitor = a_monitor(
        name,
        network,
        addresses=[{"address": TOKEN.address, "contract_spec": erc20_abi()}],
        match_conditions={
            "functions": [{"signature": "transfer(address,uint256)", "expression": None}],
            "events": [],
            "transactions": [{"status": "Failure", "expression": None}],
        },
        triggers=["hook"],
    )

    def matches(facts: TransactionFacts) -> bool:
        return not facts.succeeded and any(
            call.contract == TOKEN.address and call.name == "transfer" for call in facts.calls
        )

    return monitor, matches


def swaps(name: str, network: str) -> tuple[dict[str, Any], Predicate]:
    """Return a monitor of the Stellar pool's swap calls that succeeded, and its predicate."""
    monitor = a_monitor(
        name,
        network,
        addresses=[{"address": POOL.address, "contract_spec": POOL.spec()}],
        match_conditions={
            "functions": [{"signature": "swap(Address,Symbol,U32,Vec<Symbol>,I128)"}],
            "events": [],
            "transactions": [{"status": "Success", "expression": None}],
        },
        triggers=["hook"],
    )

    def matches(facts: TransactionFacts) -> bool:
        return facts.succeeded and any(
            call.contract == POOL.address and call.name == "swap" for call in facts.calls
        )

    return monitor, matches


def transfers_by_event(name: str, network: str) -> tuple[dict[str, Any], Predicate]:
    """Return a monitor of the Stellar token's larger transfer events, and its predicate."""
    least = 10**9
    monitor = a_monitor(
        name,
        network,
        addresses=[{"address": STELLAR_TOKEN.address, "contract_spec": STELLAR_TOKEN.spec()}],
        match_conditions={
            "functions": [],
            "events": [
                {
                    "signature": "transfer(Address,Address,I128)",
                    "expression": f"amount >= {least}",
                }
            ],
            "transactions": [],
        },
        triggers=["hook"],
    )

    def matches(facts: TransactionFacts) -> bool:
        return any(
            event.contract == STELLAR_TOKEN.address
            and event.name == "transfer"
            and int(event.arguments["amount"]) >= least
            for event in facts.events
        )

    return monitor, matches
