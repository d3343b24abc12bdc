import msgspec
import pytest

from tests.support.devnet import NOW_MS, an_evm_chain
from tocsin.devnet.evm.erc20 import DUSD
from tocsin.devnet.network import BlockFacts, TransactionFacts
from tocsin.devnet.oracle import Expected, Occurrence, Oracle, parse_facts
from tocsin.errors import InputError, NotFoundError


def a_transaction(name: str, *, value: int = 10) -> TransactionFacts:
    return TransactionFacts(
        hash=name, index=0, succeeded=True, sender="a", receiver="b", value=value
    )


def a_block(name: str, *transactions: TransactionFacts, canonical: bool = True) -> BlockFacts:
    return BlockFacts(
        number=1,
        hash=name,
        parent_hash="genesis",
        canonical=canonical,
        produced_at_ms=0,
        transactions=transactions,
    )


def large(transaction: TransactionFacts) -> bool:
    return transaction.value >= 10


def expected(*blocks: BlockFacts) -> Expected:
    return Oracle(blocks, {"large": large}).expected("large")


def test_only_what_meets_the_predicate_is_expected() -> None:
    found = expected(a_block("A", a_transaction("t"), a_transaction("u", value=9)))
    assert found.active == {Occurrence("A", "t")}


def test_what_a_fork_orphaned_is_no_longer_active() -> None:
    found = expected(a_block("A", a_transaction("t"), canonical=False), a_block("B"))
    assert found.orphaned == {("A", "t")}
    assert not found.active | found.moved


def test_an_orphaned_transaction_on_the_canonical_chain_has_moved() -> None:
    old = a_block("A", a_transaction("t"), a_transaction("u"), canonical=False)
    found = expected(old, a_block("B", a_transaction("t")))
    assert found.active == {("B", "t")}
    assert found.orphaned == {("A", "t"), ("A", "u")}
    assert found.moved == {("A", "t")}


def test_a_transaction_orphaned_twice_is_two_occurrences() -> None:
    blocks = [a_block(name, a_transaction("t"), canonical=False) for name in ("A", "B")]
    assert expected(*blocks).orphaned == {("A", "t"), ("B", "t")}


def test_each_expectation_has_its_own_answer() -> None:
    oracle = Oracle([a_block("A", a_transaction("t"))], {"all": large, "none": lambda _: False})
    assert len(oracle.expected("all").active) == 1
    assert len(oracle.expected("none").active) == 0


def test_an_unknown_expectation_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        Oracle([], {}).expected("absent")


def test_facts_of_a_chain_survive_the_wire() -> None:
    chain = an_evm_chain(blocks=10)  # with amounts beyond 64 bits
    chain.fork(2, produced_at_ms=NOW_MS)
    assert parse_facts(msgspec.json.encode(chain.facts())) == tuple(chain.facts())


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"number":"1"}]', b"\xff"])
def test_what_is_no_facts_is_refused(body: bytes) -> None:
    with pytest.raises(InputError, match="facts"):
        parse_facts(body)


def test_the_oracle_follows_a_real_fork() -> None:
    chain = an_evm_chain(blocks=10)

    def moves_dusd(transaction: TransactionFacts) -> bool:
        return any(event.contract == DUSD.address for event in transaction.events)

    before = Oracle(chain.facts(), {"dusd": moves_dusd}).expected("dusd")
    chain.fork(4, produced_at_ms=NOW_MS)
    after = Oracle(chain.facts(), {"dusd": moves_dusd}).expected("dusd")
    assert after.orphaned == before.active - after.active
    assert set() < after.moved < after.orphaned
