from collections.abc import Callable
from typing import Any

import pytest

from tests.support.devnet import NOW_MS, an_evm_chain, ask, block_at
from tocsin.devnet.evm.chain import EvmChain, EvmOptions
from tocsin.devnet.evm.erc20 import DETH, DUSD
from tocsin.devnet.network import RpcCallError

HEIGHT = 20
UNKNOWN = "0x" + "ab" * 32
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"


@pytest.fixture(scope="module")
def chain() -> EvmChain:
    return an_evm_chain(blocks=HEIGHT)


def test_the_chain_says_who_it_is() -> None:
    chain = an_evm_chain(blocks=0, options=EvmOptions(chain_id=255))
    assert (ask(chain, "eth_chainId"), ask(chain, "net_version")) == ("0xff", "255")


def test_the_block_number_is_the_head(chain: EvmChain) -> None:
    assert chain.answer("eth_blockNumber", None) == hex(HEIGHT)


@pytest.mark.parametrize(
    ("tag", "number"),
    [("latest", 20), ("pending", 20), ("earliest", 0), ("safe", 12), ("finalized", 4)],
)
def test_a_tag_names_a_block(chain: EvmChain, tag: str, number: int) -> None:
    assert ask(chain, "eth_getBlockByNumber", tag, False)["number"] == hex(number)


def test_tags_of_a_young_chain_name_its_genesis() -> None:
    assert (
        ask(an_evm_chain(blocks=3), "eth_getBlockByNumber", "finalized", False)["number"] == "0x0"
    )


def test_a_block_without_full_transactions_lists_their_hashes(chain: EvmChain) -> None:
    full = ask(chain, "eth_getBlockByNumber", "0x3", True)
    brief = ask(chain, "eth_getBlockByNumber", "0x3", False)
    assert brief["transactions"] == [transaction["hash"] for transaction in full["transactions"]]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_getBlockByNumber", ["0x15", False]),
        ("eth_getBlockByHash", [UNKNOWN, False]),
        ("eth_getBlockReceipts", ["0x15"]),
        ("eth_getBlockReceipts", [UNKNOWN]),
        ("eth_getBlockReceipts", [{"blockHash": UNKNOWN}]),
        ("eth_getTransactionReceipt", [UNKNOWN]),
        ("eth_getTransactionByHash", [UNKNOWN]),
    ],
)
def test_what_is_not_there_is_null(chain: EvmChain, method: str, params: list[object]) -> None:
    assert chain.answer(method, params) is None


def test_receipts_are_the_same_by_number_tag_hash_and_object(chain: EvmChain) -> None:
    block_hash = block_at(chain, HEIGHT)["hash"]
    places = [hex(HEIGHT), "latest", block_hash, {"blockHash": block_hash}]
    places.append({"blockNumber": hex(HEIGHT)})
    answers = [ask(chain, "eth_getBlockReceipts", place) for place in places]
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]) > 0


def test_a_receipt_is_the_same_alone_as_in_its_block(chain: EvmChain) -> None:
    receipts = ask(chain, "eth_getBlockReceipts", "0x4")
    alone = [ask(chain, "eth_getTransactionReceipt", each["transactionHash"]) for each in receipts]
    assert alone == receipts


def test_an_orphaned_hash_is_refused_where_a_canonical_one_is_required() -> None:
    chain = an_evm_chain()
    old = block_at(chain, 6)["hash"]
    chain.fork(1, produced_at_ms=NOW_MS)
    with pytest.raises(RpcCallError, match="canonical"):
        ask(chain, "eth_getBlockReceipts", {"blockHash": old, "requireCanonical": True})


def test_logs_of_a_range_are_those_of_its_receipts(chain: EvmChain) -> None:
    logs = ask(chain, "eth_getLogs", {"fromBlock": "0x2", "toBlock": "0x4"})
    expected = [
        log
        for number in ("0x2", "0x3", "0x4")
        for receipt in ask(chain, "eth_getBlockReceipts", number)
        for log in receipt["logs"]
    ]
    assert logs == expected


def test_logs_default_to_the_newest_block(chain: EvmChain) -> None:
    assert ask(chain, "eth_getLogs", {}) == ask(
        chain, "eth_getLogs", {"fromBlock": "latest", "toBlock": "latest"}
    )


def test_a_range_beyond_the_head_ends_there(chain: EvmChain) -> None:
    logs = ask(chain, "eth_getLogs", {"fromBlock": "0x14", "toBlock": "0xffffffffff"})
    assert logs == ask(chain, "eth_getLogs", {"fromBlock": "0x14"})


@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [
        ({"address": DUSD.address}, lambda log: log["address"] == DUSD.address),
        (
            {"address": DUSD.address.upper().replace("X", "x")},
            lambda log: log["address"] == DUSD.address,
        ),
        (
            {"address": [DUSD.address, DETH.address]},
            lambda log: log["address"] in (DUSD.address, DETH.address),
        ),
        ({"topics": [TRANSFER]}, lambda log: log["topics"][0] == TRANSFER),
        ({"topics": [[TRANSFER, APPROVAL]]}, lambda _: True),
        ({"topics": [None, None, None]}, lambda _: True),
        ({"topics": [None, None, None, None]}, lambda _: False),
        ({"topics": [], "address": []}, lambda _: True),
        ({"topics": [UNKNOWN]}, lambda _: False),
    ],
)
def test_a_filter_admits_by_address_and_topic(
    chain: EvmChain, wanted: dict[str, object], admitted: Callable[[dict[str, Any]], bool]
) -> None:
    everything = ask(chain, "eth_getLogs", {"fromBlock": "0x0"})
    logs = ask(chain, "eth_getLogs", {"fromBlock": "0x0", **wanted})
    assert logs == [log for log in everything if admitted(log)]


def test_a_filter_admits_by_an_indexed_argument(chain: EvmChain) -> None:
    everything = ask(chain, "eth_getLogs", {"fromBlock": "0x0"})
    receiver = everything[0]["topics"][2]
    logs = ask(chain, "eth_getLogs", {"fromBlock": "0x0", "topics": [None, None, [receiver]]})
    assert logs == [log for log in everything if log["topics"][2] == receiver]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("eth_sendRawTransaction", ["0x"], -32601),
        ("", [], -32601),
        ("eth_getBlockByNumber", [], -32602),
        ("eth_getBlockByNumber", ["latest"], -32602),
        ("eth_getBlockByNumber", ["latest", "yes"], -32602),
        ("eth_getBlockByNumber", ["latest", True, 1], -32602),
        ("eth_getBlockByNumber", [5, True], -32602),
        ("eth_getBlockByNumber", ["0x", True], -32602),
        ("eth_getBlockByNumber", ["0x05", True], -32602),
        ("eth_getBlockByNumber", ["0x" + "f" * 17, True], -32602),
        ("eth_getBlockByNumber", ["newest", True], -32602),
        ("eth_getBlockByNumber", {"number": "0x1"}, -32602),
        ("eth_getBlockByNumber", "latest", -32602),
        ("eth_getBlockByHash", ["0x1", True], -32602),
        ("eth_getBlockByHash", [None, True], -32602),
        ("eth_getBlockReceipts", [None], -32602),
        ("eth_getBlockReceipts", [{}], -32602),
        ("eth_getBlockReceipts", [{"blockHash": UNKNOWN, "blockNumber": "0x1"}], -32602),
        ("eth_getTransactionReceipt", ["0xzz"], -32602),
        ("eth_getTransactionByHash", [[]], -32602),
        ("eth_getLogs", [[]], -32602),
        ("eth_getLogs", [{"address": "0x1"}], -32602),
        ("eth_getLogs", [{"address": [5]}], -32602),
        ("eth_getLogs", [{"address": [DUSD.address] * 1001}], -32602),
        ("eth_getLogs", [{"topics": {}}], -32602),
        ("eth_getLogs", [{"topics": "0x1"}], -32602),
        ("eth_getLogs", [{"fromBlock": 0}], -32602),
        ("eth_getLogs", [{"topics": [[None]]}], -32602),
        ("eth_getLogs", [{"topics": [None] * 5}], -32602),
        ("eth_getLogs", [{"fromBlock": "0x5", "toBlock": "0x4"}], -32602),
        ("eth_getLogs", [{"fromBlock": "0x5", "blockHash": UNKNOWN}], -32602),
        ("eth_getLogs", [{"blockHash": UNKNOWN}], -32000),
        ("eth_chainId", [1], -32602),
    ],
)
def test_a_wrong_call_is_an_error_with_a_code(
    chain: EvmChain, method: str, params: object, code: int
) -> None:
    with pytest.raises(RpcCallError) as caught:
        chain.answer(method, params)
    assert caught.value.code == code


def test_a_node_that_lags_knows_nothing_newer(chain: EvmChain) -> None:
    newest = block_at(chain, HEIGHT)
    transaction = newest["transactions"][0]["hash"]

    def lagging(method: str, *params: object) -> object:
        return chain.answer_as_of(HEIGHT - 1, method, list(params))

    assert lagging("eth_blockNumber") == hex(HEIGHT - 1)
    assert lagging("eth_getBlockByNumber", "latest", True) == block_at(chain, HEIGHT - 1)
    assert lagging("eth_getBlockByNumber", hex(HEIGHT), True) is None
    assert lagging("eth_getBlockByHash", newest["hash"], True) is None
    assert lagging("eth_getTransactionReceipt", transaction) is None


def test_a_node_cannot_lag_behind_genesis(chain: EvmChain) -> None:
    assert chain.answer_as_of(-5, "eth_blockNumber", []) == "0x0"
