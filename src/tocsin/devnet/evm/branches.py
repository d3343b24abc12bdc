"""Every block ever made, the canonical branch among them, and what a node at some height sees."""

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.devnet.evm.blocks import Block
from tocsin.devnet.evm.transactions import Transaction
from tocsin.devnet.network import BlockFacts


class Branches:
    """The blocks of a chain. Orphaned ones stay, found by hash only."""

    def __init__(self, genesis: Block) -> None:
        self._canonical = [genesis]
        self._by_hash = {genesis.hash: genesis}
        self._history = [genesis]
        self._places: dict[str, tuple[Block, int]] = {}

    @property
    def head(self) -> Block:
        """Return the newest canonical block."""
        return self._canonical[-1]

    def append(self, block: Block) -> None:
        """Make a child of the head the new head."""
        self._canonical.append(block)
        self._by_hash[block.hash] = block
        self._history.append(block)
        for index, transaction in enumerate(block.transactions):
            self._places["0x" + transaction.hash.hex()] = (block, index)

    def orphan(self, depth: int) -> list[Transaction]:
        """Take the newest blocks off the canonical branch; return their transactions in order."""
        orphaned = self._canonical[-depth:]
        del self._canonical[-depth:]
        lost = [transaction for block in orphaned for transaction in block.transactions]
        for transaction in lost:
            del self._places["0x" + transaction.hash.hex()]
        return lost

    def at(self, number: int) -> Block | None:
        """Return the canonical block of that number, or None."""
        return self._canonical[number] if 0 <= number < len(self._canonical) else None

    def by_hash(self, block_hash: str) -> Block | None:
        """Return the block of that hash on any branch, or None."""
        return self._by_hash.get(block_hash)

    def place(self, transaction_hash: str) -> tuple[Block, int] | None:
        """Return the canonical block of a transaction and its index there, or None."""
        return self._places.get(transaction_hash)

    def facts(self, since_number: int) -> Sequence[BlockFacts]:
        """Return the facts of every block from that number on, in the order of production."""
        return [
            self._facts(block) for block in self._history if block.header.number >= since_number
        ]

    def _facts(self, block: Block) -> BlockFacts:
        return BlockFacts(
            number=block.header.number,
            hash=block.hash,
            parent_hash="0x" + block.header.parent_hash.hex(),
            canonical=self.at(block.header.number) is block,
            produced_at_ms=block.produced_at_ms,
            transactions=tuple(
                transaction.facts(index) for index, transaction in enumerate(block.transactions)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeView:
    """What a node knows that has seen no block above ``head_number``.

    ``safe_depth`` and ``finalized_depth`` say how many blocks those tags are behind its head.
    """

    branches: Branches
    chain_id: int
    head_number: int
    safe_depth: int
    finalized_depth: int

    def at(self, number: int) -> Block | None:
        """Return the canonical block of that number, or None."""
        return self.branches.at(number) if number <= self.head_number else None

    def by_hash(self, block_hash: str) -> Block | None:
        """Return the block of that hash on any branch, or None."""
        block = self.branches.by_hash(block_hash)
        return block if block and block.header.number <= self.head_number else None

    def place(self, transaction_hash: str) -> tuple[Block, int] | None:
        """Return the canonical block of a transaction and its index there, or None."""
        found = self.branches.place(transaction_hash)
        return found if found and found[0].header.number <= self.head_number else None
