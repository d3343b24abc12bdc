from typing import Any

import pytest

from tests.support.devnet import NOW_MS, an_evm_chain, ask, block_at
from tocsin.devnet.evm.chain import EvmChain, EvmOptions
from tocsin.devnet.network import BlockFacts, LaggingNetwork, SimulatedNetwork
from tocsin.errors import SettingsError


def hashes(chain: EvmChain) -> list[str]:
    return [block.hash for block in chain.facts()]


def forked(depth: int = 2, *, blocks: int = 6, seed: int = 1) -> EvmChain:
    chain = an_evm_chain(blocks=blocks, seed=seed)
    chain.fork(depth, produced_at_ms=NOW_MS)
    return chain


def transactions_of(blocks: list[BlockFacts]) -> set[str]:
    return {transaction.hash for block in blocks for transaction in block.transactions}


def test_a_chain_is_a_simulated_network_that_can_lag() -> None:
    network: SimulatedNetwork = EvmChain(seed=1)
    assert isinstance(network, LaggingNetwork)


def test_the_same_seed_gives_the_same_hashes() -> None:
    assert hashes(forked()) == hashes(forked())


def test_the_first_hashes_of_seed_one_never_change() -> None:
    # Others compare recorded hashes; whoever changes the generator must know that they break.
    assert [text[:10] for text in hashes(forked(depth=1, blocks=2))] == [
        "0xe60cd308",
        "0xb6e4e20a",
        "0x3d065fe0",
        "0xfd7e9313",
        "0x24046159",
    ]


@pytest.mark.parametrize(
    ("seed", "options"),
    [
        (2, EvmOptions()),
        (1, EvmOptions(slug="other")),
        (1, EvmOptions(chain_id=1)),
        (1, EvmOptions(genesis_time=5)),
    ],
    ids=["seed", "slug", "chain id", "genesis time"],
)
def test_another_chain_shares_no_block(seed: int, options: EvmOptions) -> None:
    other = an_evm_chain(seed=seed, options=options)
    assert not set(hashes(an_evm_chain())) & set(hashes(other))


def test_a_fork_makes_the_chain_longer_by_one() -> None:
    assert forked(depth=2, blocks=6).head_number == 7


def test_a_fork_keeps_every_block_linked_to_its_parent() -> None:
    chain = forked(depth=3)
    blocks = [block_at(chain, height) for height in range(8)]
    assert [block["parentHash"] for block in blocks[1:]] == [block["hash"] for block in blocks[:-1]]


def test_a_fork_leaves_what_is_below_it() -> None:
    assert [block.number for block in forked(depth=2).facts() if not block.canonical] == [5, 6]


def test_an_orphaned_block_is_known_by_hash_only() -> None:
    chain = an_evm_chain()
    old = block_at(chain, 6)
    chain.fork(1, produced_at_ms=NOW_MS)
    assert ask(chain, "eth_getBlockByHash", old["hash"], True) == old
    assert block_at(chain, 6)["hash"] != old["hash"]


def test_receipts_of_an_orphaned_block_are_given_by_hash() -> None:
    chain = an_evm_chain()
    old = block_at(chain, 6)
    receipts = ask(chain, "eth_getBlockReceipts", old["hash"])
    chain.fork(1, produced_at_ms=NOW_MS)
    assert ask(chain, "eth_getBlockReceipts", {"blockHash": old["hash"]}) == receipts


@pytest.mark.parametrize("seed", range(8))
def test_about_half_of_the_orphaned_transactions_reappear(seed: int) -> None:
    chain = forked(depth=4, seed=seed, blocks=8)
    lost = transactions_of([block for block in chain.facts() if not block.canonical])
    kept = transactions_of([block for block in chain.facts() if block.canonical])
    assert 0.2 < len(lost & kept) / len(lost) < 0.8


def test_a_fork_brings_transactions_that_never_were() -> None:
    chain = forked(depth=2)
    before = transactions_of(list(an_evm_chain().facts()))
    after = transactions_of([block for block in chain.facts() if block.canonical])
    assert after - before


def test_a_vanished_transaction_has_no_receipt() -> None:
    chain = forked(depth=2)
    lost = transactions_of([block for block in chain.facts() if not block.canonical])
    vanished = lost - transactions_of([block for block in chain.facts() if block.canonical])
    assert {ask(chain, "eth_getTransactionReceipt", each) for each in vanished} == {None}


def test_a_moved_transaction_is_found_in_its_new_block() -> None:
    chain = forked(depth=2)
    canonical = [block for block in chain.facts() if block.canonical]
    lost = transactions_of([block for block in chain.facts() if not block.canonical])
    moved = lost & transactions_of(canonical)
    places = {ask(chain, "eth_getTransactionReceipt", each)["blockHash"] for each in moved}
    assert places <= {block.hash for block in canonical}


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_nonces_of_a_sender_count_without_holes_across_forks(depth: int) -> None:
    chain = forked(depth=depth, blocks=12)
    chain.fork(depth, produced_at_ms=NOW_MS)
    chain.produce(produced_at_ms=NOW_MS)
    nonces: dict[str, list[int]] = {}
    for height in range(chain.head_number + 1):
        for transaction in block_at(chain, height)["transactions"]:
            nonces.setdefault(transaction["from"], []).append(int(transaction["nonce"], 16))
    assert all(counted == list(range(len(counted))) for counted in nonces.values())


@pytest.mark.parametrize("depth", [0, -1, 7])
def test_a_fork_needs_that_many_blocks_above_genesis(depth: int) -> None:
    with pytest.raises(ValueError, match="fork"):
        forked(depth=depth, blocks=6)


def test_a_chain_of_empty_blocks_forks_too() -> None:
    chain = an_evm_chain(options=EvmOptions(transactions_per_block=(0, 0)))
    chain.fork(2, produced_at_ms=NOW_MS)
    assert len(set(hashes(chain))) == 10


@pytest.mark.parametrize(
    "wrong",
    [
        {"transactions_per_block": (5, 2)},
        {"transactions_per_block": (-1, 2)},
        {"planted_tokens": ()},
        {"chain_id": 0},
        {"block_seconds": 0},
        {"block_seconds": float("nan")},
        {"genesis_time": -1},
        {"safe_depth": 17},
    ],
)
def test_impossible_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        EvmOptions(**wrong)
