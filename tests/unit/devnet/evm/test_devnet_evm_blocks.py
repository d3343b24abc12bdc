"""The devnet's hashes and roots, recomputed from its JSON by other libraries' code."""

from typing import Any

import pytest
import rlp
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

from tests.support.devnet import NOW_MS, an_evm_chain, ask, block_at
from tocsin.devnet.evm.chain import EvmChain, EvmOptions

HEADER_DATA = ("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot")
BIG = EvmOptions(transactions_per_block=(130, 150))  # keys of one and of two bytes in the tries


@pytest.fixture(scope="module", params=[EvmOptions(), BIG], ids=["usual blocks", "big blocks"])
def chain(request: pytest.FixtureRequest) -> EvmChain:
    return an_evm_chain(blocks=3, options=request.param)


def data(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def number(text: str) -> bytes:
    value = int(text, 16)
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def header_fields(block: dict[str, Any]) -> list[bytes]:
    return [
        *(data(block[name]) for name in HEADER_DATA),
        data(block["logsBloom"]),
        *(number(block[name]) for name in ("difficulty", "number", "gasLimit", "gasUsed")),
        number(block["timestamp"]),
        *(data(block[name]) for name in ("extraData", "mixHash", "nonce")),
        number(block["baseFeePerGas"]),
        data(block["withdrawalsRoot"]),
        *(number(block[name]) for name in ("blobGasUsed", "excessBlobGas")),
        *(data(block[name]) for name in ("parentBeaconBlockRoot", "requestsHash")),
    ]


def encoded_transaction(transaction: dict[str, Any]) -> bytes:
    common = [
        number(transaction["gas"]),
        data(transaction["to"]) if transaction["to"] else b"",
        number(transaction["value"]),
        data(transaction["input"]),
    ]
    signature = [number(transaction[name]) for name in ("v", "r", "s")]
    nonce = number(transaction["nonce"])
    if transaction["type"] == "0x0":
        legacy = [nonce, number(transaction["gasPrice"]), *common, *signature]
        return bytes(rlp.encode(legacy))
    fees = [number(transaction[name]) for name in ("maxPriorityFeePerGas", "maxFeePerGas")]
    fields = [number(transaction["chainId"]), nonce, *fees, *common, [], *signature]
    return b"\x02" + bytes(rlp.encode(fields))


def encoded_receipt(receipt: dict[str, Any]) -> bytes:
    logs = [
        [data(log["address"]), [data(topic) for topic in log["topics"]], data(log["data"])]
        for log in receipt["logs"]
    ]
    fields = [number(receipt["status"]), number(receipt["cumulativeGasUsed"])]
    payload = bytes(rlp.encode([*fields, data(receipt["logsBloom"]), logs]))
    return payload if receipt["type"] == "0x0" else b"\x02" + payload


def trie_root(values: list[bytes]) -> bytes:
    trie = HexaryTrie({})
    for index, value in enumerate(values):
        trie[rlp.encode(number(hex(index)))] = value
    return bytes(trie.root_hash)


def bloom_of(logs: list[dict[str, Any]]) -> bytes:
    bloom = bytearray(256)
    for log in logs:
        for value in (log["address"], *log["topics"]):
            digest = keccak(data(value))
            for pair in (0, 2, 4):
                bit = (digest[pair] << 8 | digest[pair + 1]) % 2048
                bloom[255 - bit // 8] |= 1 << bit % 8
    return bytes(bloom)


@pytest.mark.parametrize("height", [0, 1, 3])
def test_the_hash_of_a_block_is_that_of_its_header(chain: EvmChain, height: int) -> None:
    block = block_at(chain, height)
    assert data(block["hash"]) == keccak(rlp.encode(header_fields(block)))


def test_the_hash_of_a_transaction_is_that_of_its_typed_encoding(chain: EvmChain) -> None:
    transactions = block_at(chain, 2)["transactions"]
    hashes = [data(transaction["hash"]) for transaction in transactions]
    assert hashes == [keccak(encoded_transaction(transaction)) for transaction in transactions]


@pytest.mark.parametrize("height", [0, 2])
def test_the_transactions_root_holds_the_transactions(chain: EvmChain, height: int) -> None:
    block = block_at(chain, height)
    encoded = [encoded_transaction(transaction) for transaction in block["transactions"]]
    assert data(block["transactionsRoot"]) == trie_root(encoded)


@pytest.mark.parametrize("height", [0, 2])
def test_the_receipts_root_holds_the_receipts(chain: EvmChain, height: int) -> None:
    receipts = ask(chain, "eth_getBlockReceipts", hex(height))
    encoded = [encoded_receipt(receipt) for receipt in receipts]
    assert data(block_at(chain, height)["receiptsRoot"]) == trie_root(encoded)


def test_the_bloom_of_a_block_holds_all_its_logs(chain: EvmChain) -> None:
    logs = ask(chain, "eth_getLogs", {"fromBlock": "0x2", "toBlock": "0x2"})
    assert data(block_at(chain, 2)["logsBloom"]) == bloom_of(logs)


def test_the_bloom_of_a_receipt_holds_its_own_logs(chain: EvmChain) -> None:
    receipts = ask(chain, "eth_getBlockReceipts", "0x2")
    blooms = [data(receipt["logsBloom"]) for receipt in receipts]
    assert blooms == [bloom_of(receipt["logs"]) for receipt in receipts]


def test_gas_adds_up_to_what_the_block_says(chain: EvmChain) -> None:
    block, receipts = block_at(chain, 2), ask(chain, "eth_getBlockReceipts", "0x2")
    total = 0
    for receipt in receipts:
        total += int(receipt["gasUsed"], 16)
        assert int(receipt["cumulativeGasUsed"], 16) == total
    assert int(block["gasUsed"], 16) == total <= int(block["gasLimit"], 16)


def test_the_size_of_a_block_is_that_of_its_encoding(chain: EvmChain) -> None:
    block = block_at(chain, 2)
    body = [
        rlp.decode(encoded) if encoded[0] >= 0xC0 else encoded
        for encoded in map(encoded_transaction, block["transactions"])
    ]
    assert int(block["size"], 16) == len(rlp.encode([header_fields(block), body, [], []]))


def test_logs_are_numbered_through_the_block(chain: EvmChain) -> None:
    logs = ask(chain, "eth_getLogs", {"blockHash": block_at(chain, 2)["hash"]})
    assert [int(log["logIndex"], 16) for log in logs] == list(range(len(logs)))


def test_blocks_are_linked_and_their_times_follow_the_block_time() -> None:
    options = EvmOptions(genesis_time=1_000, block_seconds=0.5)
    chain = an_evm_chain(blocks=5, options=options)
    blocks = [block_at(chain, height) for height in range(6)]
    assert [block["parentHash"] for block in blocks[1:]] == [block["hash"] for block in blocks[:-1]]
    assert [int(block["timestamp"], 16) for block in blocks] == [1000, 1000, 1001, 1001, 1002, 1002]


def test_the_base_fee_follows_the_gas_of_the_parent() -> None:
    chain = an_evm_chain(blocks=1, options=EvmOptions(transactions_per_block=(0, 0)))
    chain.produce(produced_at_ms=NOW_MS)
    fees = [int(block_at(chain, height)["baseFeePerGas"], 16) for height in range(3)]
    assert fees == [10**9, 875_000_000, 765_625_000]  # an empty parent lowers it by an eighth
