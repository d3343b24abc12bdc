"""A seeded EVM chain: the same seed and the same calls give the same blocks, byte for byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from random import Random

from tocsin.devnet.evm.blocks import Header, first_header, next_base_fee, seal
from tocsin.devnet.evm.branches import Branches, NodeView
from tocsin.devnet.evm.erc20 import TOKENS, Token
from tocsin.devnet.evm.intents import ACCOUNTS, Crowd
from tocsin.devnet.evm.rpc import answer
from tocsin.devnet.evm.transactions import Transaction, sign_intent
from tocsin.devnet.network import BlockFacts
from tocsin.errors import SettingsError

DEFAULT_GENESIS_TIME = 1_767_225_600  # 2026-01-01T00:00:00Z
_MOST_TRANSACTIONS = 1000
_GAS_A_TRANSACTION = 80_000  # more than any of ours uses


@dataclass(frozen=True, slots=True, kw_only=True)
class EvmOptions:
    """What sort of EVM chain it is.

    Units: ``block_seconds`` between two timestamps, ``genesis_time`` Unix seconds.
    ``transactions_per_block`` are the least and the most. ``safe_depth`` and ``finalized_depth``
    say how many blocks those tags are behind the head; a fork may go deeper all the same.

    Raises:
        SettingsError: no such chain can be.
    """

    slug: str = "evm"
    chain_id: int = 31337
    block_seconds: float = 2.0
    genesis_time: int = DEFAULT_GENESIS_TIME
    transactions_per_block: tuple[int, int] = (8, 20)
    planted_tokens: tuple[Token, ...] = TOKENS
    safe_depth: int = 8
    finalized_depth: int = 16

    def __post_init__(self) -> None:
        least, most = self.transactions_per_block
        checks = {
            "chain_id": self.chain_id >= 1,
            "block_seconds": 0 < self.block_seconds < inf,
            "genesis_time": self.genesis_time >= 0,
            "transactions_per_block": 0 <= least <= most <= _MOST_TRANSACTIONS,
            "planted_tokens": bool(self.planted_tokens),
            "safe_depth": 0 <= self.safe_depth <= self.finalized_depth,
        }
        for field, sensible in checks.items():
            if not sensible:
                raise SettingsError(f"no chain can have {getattr(self, field)!r}", field=field)


class EvmChain:
    """A simulated EVM network that starts with an empty genesis block."""

    def __init__(self, *, seed: int, options: EvmOptions | None = None) -> None:
        self._seed = seed
        self._options = options or EvmOptions()
        self._branch = 0
        self._nonces = dict.fromkeys(ACCOUNTS, 0)
        header = first_header(
            self._random(0),
            timestamp=self._options.genesis_time,
            gas_limit=max(self._options.transactions_per_block[1], 1) * _GAS_A_TRANSACTION,
        )
        genesis = seal(header, (), produced_at_ms=self._options.genesis_time * 1000)
        self._branches = Branches(genesis)

    @property
    def slug(self) -> str:
        """Return the path segment under which the server offers it."""
        return self._options.slug

    @property
    def head_number(self) -> int:
        """Return the number of the newest block."""
        return self._branches.head.header.number

    def produce(self, *, produced_at_ms: int) -> None:
        """Append one block to the canonical chain."""
        self._append((), ACCOUNTS, produced_at_ms)

    def fork(self, depth: int, *, produced_at_ms: int) -> None:
        """Replace the newest ``depth`` blocks by as many others plus one.

        What half of the orphaned senders sent reappears under the same hashes, in the same order,
        spread over the new blocks; the rest never happened. Orphaned blocks are known by hash.

        Raises:
            ValueError: the depth is below one, or would take the genesis block.
        """
        if not 1 <= depth <= self.head_number:
            raise ValueError(f"a chain of height {self.head_number} cannot fork {depth} deep")
        lost = self._branches.orphan(depth)
        self._branch += 1
        surviving = self._surviving_senders(lost)
        moved = [each for each in lost if each.intent.sender in surviving]
        self._roll_back_nonces([each for each in lost if each.intent.sender not in surviving])
        # A surviving sender sends nothing new before all its old is in, or its nonces go astray.
        others = [account for account in ACCOUNTS if account not in surviving]
        share = -(-len(moved) // (depth + 1))
        for start in range(depth + 1):
            part = moved[start * share : (start + 1) * share]
            self._append(part, others, produced_at_ms)

    def answer(self, method: str, params: object) -> object:
        """Return the ``result`` of a JSON-RPC call, ready for JSON.

        Raises:
            RpcCallError: the call has no result.
        """
        return self.answer_as_of(self.head_number, method, params)

    def answer_as_of(self, head_number: int, method: str, params: object) -> object:
        """Return the ``result`` a node gives that has seen no block above that number.

        Raises:
            RpcCallError: the call has no result.
        """
        view = NodeView(
            branches=self._branches,
            chain_id=self._options.chain_id,
            head_number=min(max(head_number, 0), self.head_number),
            safe_depth=self._options.safe_depth,
            finalized_depth=self._options.finalized_depth,
        )
        return answer(view, method, params)

    def facts(self, *, since_number: int = 0) -> Sequence[BlockFacts]:
        """Return every block ever produced from that number on, orphaned ones too, in order."""
        return self._branches.facts(since_number)

    def _random(self, number: int) -> Random:
        # By slug and branch, so that neither twin networks nor twin branches share a block.
        options = self._options
        return Random(f"{options.slug}/{options.chain_id}/{self._seed}/{self._branch}/{number}")

    def _append(
        self, moved: Sequence[Transaction], senders: Sequence[str], produced_at_ms: int
    ) -> None:
        parent = self._branches.head
        number = parent.header.number + 1
        random = self._random(number)
        options = self._options
        header = Header(
            number=number,
            parent_hash=bytes.fromhex(parent.hash[2:]),
            timestamp=options.genesis_time + int(number * options.block_seconds),
            gas_limit=parent.header.gas_limit,
            base_fee=next_base_fee(parent.header),
            state_root=random.randbytes(32),
            mix_hash=random.randbytes(32),
        )
        fresh_count = max(random.randint(*options.transactions_per_block) - len(moved), 0)
        crowd = Crowd(random, options.planted_tokens, senders)
        fresh = [self._sign(crowd, random, header.base_fee) for _ in range(fresh_count)]
        block = seal(header, [*moved, *fresh], produced_at_ms=produced_at_ms)
        self._branches.append(block)

    def _sign(self, crowd: Crowd, random: Random, base_fee: int) -> Transaction:
        intent = crowd.next_intent()
        nonce = self._nonces[intent.sender]
        self._nonces[intent.sender] = nonce + 1
        return sign_intent(
            intent, random, chain_id=self._options.chain_id, nonce=nonce, base_fee=base_fee
        )

    def _surviving_senders(self, lost: Sequence[Transaction]) -> set[str]:
        senders = sorted({transaction.intent.sender for transaction in lost})
        return set(self._random(self.head_number).sample(senders, len(senders) // 2))

    def _roll_back_nonces(self, vanished: Sequence[Transaction]) -> None:
        for transaction in reversed(vanished):
            self._nonces[transaction.intent.sender] = transaction.nonce
