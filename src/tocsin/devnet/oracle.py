"""Planted facts and predicates → exactly what a monitor ought to have matched, on every branch.

It judges the system, so it shares nothing with it: a fact is what the generator meant, a predicate
is plain Python.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from tocsin.devnet.network import BlockFacts, TransactionFacts
from tocsin.errors import InputError, NotFoundError

Predicate = Callable[[TransactionFacts], bool]


class Occurrence(NamedTuple):
    """One transaction in one block, as canonical text."""

    block_hash: str
    transaction_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What one expectation says of the chain as it is now.

    ``active`` are on the canonical chain and ``orphaned`` no longer; ``moved`` are those of the
    orphaned whose transaction is on the canonical chain again, in another block.
    """

    active: frozenset[Occurrence]
    orphaned: frozenset[Occurrence]
    moved: frozenset[Occurrence]


class Oracle:
    """Knows, for each named expectation, exactly which transactions meet it."""

    def __init__(self, blocks: Iterable[BlockFacts], expectations: Mapping[str, Predicate]) -> None:
        known = tuple(blocks)
        self._expected = {
            name: _expected(known, predicate) for name, predicate in expectations.items()
        }

    def expected(self, name: str) -> Expected:
        """Return what the expectation of that name says.

        Raises:
            NotFoundError: there is no such expectation.
        """
        if name not in self._expected:
            raise NotFoundError("expectation", name)
        return self._expected[name]


def _expected(blocks: Iterable[BlockFacts], predicate: Predicate) -> Expected:
    active: set[Occurrence] = set()
    orphaned: set[Occurrence] = set()
    for block in blocks:
        found = active if block.canonical else orphaned
        found.update(
            Occurrence(block.hash, transaction.hash)
            for transaction in block.transactions
            if predicate(transaction)
        )
    canonical = {occurrence.transaction_hash for occurrence in active}
    return Expected(
        active=frozenset(active),
        orphaned=frozenset(orphaned),
        moved=frozenset(each for each in orphaned if each.transaction_hash in canonical),
    )


def parse_facts(body: bytes) -> tuple[BlockFacts, ...]:
    """Return the blocks of an answer of ``GET /control/facts/{slug}``.

    Raises:
        InputError: it is not such an answer.
    """
    try:
        return msgspec.json.decode(body, type=tuple[BlockFacts, ...])
    except msgspec.DecodeError as cause:
        raise InputError(f"facts: {cause}") from cause
