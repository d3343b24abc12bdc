from dataclasses import replace

import pytest

from tocsin.devnet.network import LaggingNetwork, SimulatedNetwork
from tocsin.devnet.stellar.chain import StellarChain


def a_chain(options: StellarChain | None = None, *, ledgers: int = 3) -> StellarChain:
    chain = options or StellarChain(seed=1)
    for _ in range(ledgers):
        chain.produce(produced_at_ms=1_800_000_000_000)
    return chain


def hashes(chain: StellarChain) -> list[str]:
    return [block.hash for block in chain.facts()]


def test_a_chain_is_a_simulated_network_that_can_lag() -> None:
    network: SimulatedNetwork = StellarChain(seed=1)
    assert isinstance(network, LaggingNetwork)


def test_equal_arguments_give_equal_answers() -> None:
    params = {"startLedger": 1}
    pages = [a_chain().answer("getLedgers", params) for _ in range(2)]
    assert pages[0] == pages[1]


def test_the_first_hash_of_seed_one_never_changes() -> None:
    # Others compare recorded hashes; whoever changes the generator must know that they break.
    assert hashes(a_chain(ledgers=1))[1].startswith("3f144e780fb802f8")


@pytest.mark.parametrize(
    "other",
    [
        StellarChain(seed=2),
        StellarChain(seed=1, passphrase="another"),
        StellarChain(seed=1, protocol=22),
        StellarChain(seed=1, genesis_time=5),
    ],
    ids=["seed", "passphrase", "protocol", "genesis time"],
)
def test_another_chain_shares_no_ledger_with_transactions(other: StellarChain) -> None:
    assert not set(hashes(a_chain())[1:]) & set(hashes(a_chain(other))[1:])


def test_a_chain_starts_with_one_empty_ledger() -> None:
    (genesis,) = StellarChain(seed=1).facts()
    assert (genesis.number, genesis.transactions) == (1, ())


def test_every_ledger_names_its_parent() -> None:
    facts = a_chain().facts()
    assert [block.parent_hash for block in facts[1:]] == [block.hash for block in facts[:-1]]


def test_facts_start_at_the_number_asked_for() -> None:
    assert [block.number for block in a_chain().facts(since_number=3)] == [3, 4]


def test_facts_outlive_retention() -> None:
    chain = a_chain(StellarChain(seed=1, retention=2), ledgers=5)
    assert [block.number for block in chain.facts()] == [1, 2, 3, 4, 5, 6]


def test_a_ledger_closes_on_schedule_whatever_the_wall_clock_says() -> None:
    chain = a_chain(StellarChain(seed=1, genesis_time=1000, close_seconds=7), ledgers=2)
    answer = chain.answer("getLedgers", {"startLedger": 3})
    assert isinstance(answer, dict)
    assert answer["ledgers"][0]["ledgerCloseTime"] == "1014"


def test_a_fork_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fork"):
        a_chain().fork(1, produced_at_ms=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": 21},
        {"retention": 0},
        {"close_seconds": 0},
        {"genesis_time": -1},
        {"transactions_per_ledger": (3, 2)},
        {"transactions_per_ledger": (-1, 2)},
    ],
    ids=str,
)
def test_a_network_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"expected|above 0"):
        replace(StellarChain(seed=1), **wrong)  # type: ignore[arg-type]


def test_a_lagging_node_does_not_know_the_newest_ledgers() -> None:
    answer = a_chain(ledgers=4).answer_as_of(3, "getLatestLedger", None)
    assert isinstance(answer, dict)
    assert answer["sequence"] == 3


def test_a_lagging_node_does_not_know_the_newest_transactions() -> None:
    chain = a_chain()
    transaction = chain.facts()[-1].transactions[0]
    answer = chain.answer_as_of(3, "getTransaction", {"hash": transaction.hash})
    assert isinstance(answer, dict)
    assert answer["status"] == "NOT_FOUND"


def test_a_node_that_lags_below_retention_still_knows_one_ledger() -> None:
    chain = a_chain(StellarChain(seed=1, retention=2), ledgers=5)
    answer = chain.answer_as_of(1, "getLatestLedger", None)
    assert isinstance(answer, dict)
    assert answer["sequence"] == 5
