"""Transactions as they happen on the chain, each matched exactly once.

A stablecoin moved through a router, a proxy, a multisig, a contract creation, an anonymous event,
and the same log twice.
"""

from typing import Any

import pytest

from tests.support.evm_blocks import a_log
from tests.support.evm_matching import (
    Json,
    Sent,
    a_monitor,
    event_of,
    found,
    input_of,
    item,
    sent,
    shown,
    topic,
)

USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
ROUTER, SAFE, VAULT, FRESH, POOL = ("0x" + digit * 40 for digit in "12345")
ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20
TRANSFER = "Transfer(address,address,uint256)"
ERC20 = item("event", "Transfer", "address indexed from", "address indexed to", "uint256 value")
SWAP = "exactInputSingle((address,address,uint24,address,uint256,uint256))"
EXECUTE = "execTransaction(address,uint256,bytes,uint8,bytes)"
HOUR = item(
    "event", "LogNote", "bytes4 indexed sig", "bytes32 indexed arg", "bytes data", anonymous=True
)


def as_topic(address: str) -> str:
    return "0x" + address[2:].rjust(64, "0")


def moved(source: str, target: str, value: int, token: str = USDC) -> Json:
    return event_of(TRANSFER, [value], [as_topic(source), as_topic(target)], token)


def swap() -> Sent:
    """Return a swap: the router is called, the token only logs."""
    order = (USDC, FRESH, 3000, ALICE, 250_000_000, 1)
    logs = [moved(ALICE, POOL, 250_000_000), moved(POOL, ALICE, 77, FRESH)]
    return sent(*logs, to=ROUTER, from_=ALICE, input=input_of(SWAP, order))


def upgrade() -> Sent:
    """Return a call of a proxy: at its address code of another contract runs."""
    log = event_of("Deposited(address,uint128)", [5], [as_topic(ALICE)], VAULT)
    return sent(log, to=VAULT, input=input_of("deposit(uint128)", 5))


def multisig() -> Sent:
    """Return what a multisig executes: the token is called inside it, unseen but for its log."""
    inner = bytes.fromhex(input_of("transfer(address,uint256)", BOB, 9_000)[2:])
    outer = input_of(EXECUTE, USDC, 0, inner, 0, b"\1" * 65)
    done = event_of("ExecutionSuccess(bytes32,uint256)", [b"\7" * 32, 0], address=SAFE)
    return sent(moved(SAFE, BOB, 9_000), done, to=SAFE, input=outer)


def creation() -> Sent:
    """Return a creation whose constructor mints."""
    minted = moved("0x" + "0" * 40, ALICE, 10**24, FRESH)
    receipt = {"contractAddress": FRESH, "to": None}
    return sent(minted, receipt=receipt, to=None, from_=ALICE, input="0x6080" + "40" * 40)


def note() -> Sent:
    """Return a log without a topic 0."""
    topics = ["0x" + "9f678cca".ljust(64, "0"), topic(7)]
    data = "0x" + topic(32)[2:] + topic(0)[2:]
    return sent(a_log(address=VAULT, topics=topics, data=data), to=VAULT, input="0x12")


def twice() -> Sent:
    """Return two logs that are the same in every byte."""
    return sent(moved(ALICE, BOB, 1), moved(ALICE, BOB, 1), to=USDC)


BLOCK = (swap, upgrade, multisig, creation, note, twice)


def watching(address: str, *abi: Json, **conditions: Any) -> Json:
    spec = {"address": address, "contract_spec": list(abi)}
    return a_monitor(addresses=[spec], **conditions)


def lines(monitor: Json) -> list[Json]:
    return found(monitor, *(make() for make in BLOCK))


def test_a_transfer_inside_a_call_of_a_router_is_found_at_the_token() -> None:
    monitor = watching(USDC, ERC20, events=[(TRANSFER, "value == 250000000")])
    (line,) = lines(monitor)
    assert line["transaction_index"] == BLOCK.index(swap)
    assert shown(line, "events") == [{"from": ALICE, "to": POOL, "value": "250000000"}]


def test_the_call_of_the_router_is_found_with_its_tuple() -> None:
    kinds = ("address", "address", "uint24", "address", "uint256", "uint256")
    names = ("tokenIn", "tokenOut", "fee", "recipient", "amountIn", "minimum")
    order: Json = {"type": "tuple", "name": "params"}
    order |= {"components": [{"type": k, "name": n} for k, n in zip(kinds, names, strict=True)]}
    monitor = watching(
        ROUTER,
        item("function", "exactInputSingle", order),
        functions=[(SWAP, f"params contains '{USDC}' AND params.fee == 3000")],
    )
    (line,) = lines(monitor)
    assert line["transaction_index"] == BLOCK.index(swap)
    text = f'("{USDC}","{FRESH}",3000,"{ALICE}",250000000,1)'
    assert shown(line, "functions") == [{"params": text}]


def test_a_proxy_is_watched_with_the_spec_of_what_runs_behind_it() -> None:
    monitor = watching(
        VAULT,
        item("function", "deposit", "uint128 amount"),
        item("event", "Deposited", "address indexed who", "uint128 amount"),
        functions=[("deposit(uint128)", "amount >= 5")],
        events=["Deposited(address,uint128)"],
    )
    (line,) = lines(monitor)
    assert line["transaction_index"] == BLOCK.index(upgrade)
    assert shown(line, "functions") == [{"amount": "5"}]
    assert shown(line, "events") == [{"who": ALICE, "amount": "5"}]


def test_a_multisig_is_found_by_its_call_its_event_and_the_tokens_event() -> None:
    kinds = ("address to", "uint256 value", "bytes data", "uint8 operation", "bytes signatures")
    call = watching(
        SAFE,
        item("function", "execTransaction", *kinds),
        functions=[(EXECUTE, f"to == {USDC} AND data starts_with 0xa9059cbb")],
    )
    done = watching(
        SAFE,
        item("event", "ExecutionSuccess", "bytes32 txHash", "uint256 payment"),
        events=["ExecutionSuccess(bytes32,uint256)"],
    )
    token = watching(USDC, ERC20, events=[(TRANSFER, f"from == {SAFE}")])
    for monitor in (call, done, token):
        assert [line["transaction_index"] for line in lines(monitor)] == [BLOCK.index(multisig)]


def test_a_creation_is_found_by_its_sender_by_the_new_contracts_log_and_by_its_address() -> None:
    place = BLOCK.index(creation)
    by_log = watching(FRESH, ERC20, events=[(TRANSFER, "value > 1000")])
    by_sender = watching(ALICE, transactions=[("Success", "to == ''")])
    by_address = a_monitor(addresses="any", transactions=[("Any", f"contract_address == {FRESH}")])
    for monitor in (by_log, by_sender, by_address):
        assert [line["transaction_index"] for line in lines(monitor)] == [place]


def test_an_anonymous_event_is_found_without_a_topic_of_its_own() -> None:
    monitor = watching(VAULT, HOUR, events=[("LogNote(bytes4,bytes32,bytes)", "sig == 0x9f678cca")])
    (line,) = lines(monitor)
    assert line["transaction_index"] == BLOCK.index(note)
    assert shown(line, "events")[0]["data"] == "0x"


def test_the_same_log_twice_is_one_match_with_two_entries() -> None:
    monitor = watching(USDC, ERC20, events=[(TRANSFER, f"to == {BOB} AND value == 1")])
    (line,) = lines(monitor)
    assert line["transaction_index"] == BLOCK.index(twice)
    assert len(shown(line, "events")) == len(line["matched_on"]["events"]) == 2


@pytest.mark.parametrize("spelling", [USDC, USDC.upper().replace("X", "x", 1), USDC[2:]])
def test_every_transfer_of_the_token_is_found_once(spelling: str) -> None:
    spelled = [
        {"address": spelling, "contract_spec": [ERC20]},
        {"address": USDC, "contract_spec": [ERC20]},
    ]
    monitor = a_monitor(addresses=spelled, events=[TRANSFER])
    assert [(line["transaction_index"], len(shown(line, "events"))) for line in lines(monitor)] == [
        (BLOCK.index(swap), 1),
        (BLOCK.index(multisig), 1),
        (BLOCK.index(twice), 2),
    ]
