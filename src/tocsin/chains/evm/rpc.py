"""Reads one EVM network through JSON-RPC; everything returned has passed ``verify``."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tocsin.chains.base import Ask, RpcCaller
from tocsin.chains.block_bytes import ByteBudget, check_aside
from tocsin.chains.evm.canonical import canonical_parts
from tocsin.chains.evm.codec import decode_json, parse_quantity
from tocsin.chains.evm.decode import BLOCK_PART, RECEIPTS_PART
from tocsin.chains.evm.header import HASHED_AS_ETHEREUM
from tocsin.chains.evm.types import BlockWithTransactions, Header
from tocsin.chains.evm.verify import Commitment, Expectation, verify_bundle, verify_header
from tocsin.errors import (
    BlockNotFoundError,
    MalformedBlockError,
    RpcRefusedError,
    WrongChainError,
)
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.network import Network

RECEIPTS_PER_BATCH = 100  # what public nodes still answer in one batch

_NOTHING = b"null"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A block whose receipts are wanted, its transactions' hashes, and what it may still cost."""

    header: Header
    hashes: Sequence[str]
    budget: ByteBudget


_ReceiptSource = Callable[[_Wanted], Awaitable[bytes]]


class EvmClient:
    """The blocks of one EVM network; the contract is ``chains.base.ChainClient``."""

    def __init__(self, network: Network, caller: RpcCaller) -> None:
        self._network = network
        self._caller = caller
        self._receipt_sources: tuple[_ReceiptSource, ...] = (
            self._receipts_by_hash,
            self._receipts_by_number,
            self._receipts_one_by_one,
        )
        as_ethereum = network.chain_identity in map(str, HASHED_AS_ETHEREUM)
        self._anything = Expectation(commitment=Commitment.ALL if as_ethereum else Commitment.LOGS)
        caller.require_identity(chain_id, network.chain_identity)

    @property
    def can_fork(self) -> bool:
        """Return True: a block of an EVM chain can be orphaned until it is final."""
        return True

    async def check_identity(self) -> None:
        """Return if the network's nodes serve the chain id it is meant to have."""
        found = await chain_id(self._caller.call)
        if found != self._network.chain_identity:
            raise WrongChainError(
                f"{self._network.slug}: expected chain id {self._network.chain_identity}, "
                f"got {found}"
            )

    async def head(self) -> BlockRef:
        """Return the newest block a node knows."""
        raw = await self._caller.call("eth_getBlockByNumber", ["latest", False])
        if raw == _NOTHING:
            self._caller.distrust()  # every chain has a newest block
        return self._trusted(lambda: verify_header(_found(raw, "latest"), self._anything))

    async def ref_at(self, number: int) -> BlockRef:
        """Return the block that is canonical at a height now."""
        raw = await self._caller.call("eth_getBlockByNumber", [hex(number), False])
        expected = replace(self._anything, number=number)
        return self._trusted(lambda: verify_header(_found(raw, number), expected))

    async def bundle_at(self, number: int) -> Bundle:
        """Return the block at a height, complete and verified."""
        raw = await self._caller.call("eth_getBlockByNumber", [hex(number), True])
        if raw == _NOTHING:
            # heights asked for exist, so this node is behind the one that told us
            self._caller.distrust()
        return await self._bundle(_found(raw, number), replace(self._anything, number=number))

    async def bundle_of(self, block_hash: str, number: int) -> Bundle:
        """Return the block of that hash and height, complete and verified."""
        raw = await self._caller.call("eth_getBlockByHash", [block_hash, True])
        expected = replace(self._anything, number=number, hash=block_hash)
        return await self._bundle(_found(raw, block_hash), expected)

    def distrust(self) -> None:
        """Prefer other nodes for a while: what was last returned does not fit what is known."""
        self._caller.distrust()

    async def _bundle(self, block: bytes, expected: Expectation) -> Bundle:
        budget = ByteBudget(self._network)
        self._within(budget, [block])
        header = self._trusted(lambda: decode_json(block, Header, BLOCK_PART))
        transactions = self._trusted(lambda: decode_json(block, BlockWithTransactions, BLOCK_PART))
        hashes = [each.hash for each in transactions.transactions]
        wanted = _Wanted(header=header, hashes=hashes, budget=budget)
        receipts = await self._receipts(wanted) if hashes else b"[]"
        ref, (block, receipts) = await self._verified(block, receipts, expected)
        return Bundle(
            network_id=self._network.id,
            ref=ref,
            parts={BLOCK_PART: block, RECEIPTS_PART: receipts},
        )

    async def _verified(
        self, block: bytes, receipts: bytes, expected: Expectation
    ) -> tuple[BlockRef, tuple[bytes, bytes]]:
        """Return which block it is, and its parts as decoding expects them."""

        def check() -> tuple[BlockRef, tuple[bytes, bytes]]:
            return verify_bundle(block, receipts, expected), canonical_parts(block, receipts)

        try:
            return await check_aside(check, len(block) + len(receipts))
        except MalformedBlockError:
            self._caller.distrust()
            raise

    async def _receipts(self, wanted: _Wanted) -> bytes:
        """Return all receipts of a block from the first source that no node refuses.

        The one that worked is kept: asking in vain for each block would double the calls.
        """
        refused: RpcRefusedError | None = None
        for source in self._receipt_sources:
            try:
                receipts = await source(wanted)
            except RpcRefusedError as cause:
                refused = refused or cause
                continue
            others = (each for each in self._receipt_sources if each != source)
            self._receipt_sources = (source, *others)
            return receipts
        raise refused or BlockNotFoundError(f"no receipts of block {wanted.header.hash}")

    async def _receipts_by_hash(self, wanted: _Wanted) -> bytes:
        return await self._all_receipts(wanted, wanted.header.hash)

    async def _receipts_by_number(self, wanted: _Wanted) -> bytes:
        return await self._all_receipts(wanted, wanted.header.number)

    async def _all_receipts(self, wanted: _Wanted, name: str) -> bytes:
        raw = await self._caller.call("eth_getBlockReceipts", [name])
        self._within(wanted.budget, [raw])
        return _found(raw, f"{wanted.header.hash}'s receipts")

    async def _receipts_one_by_one(self, wanted: _Wanted) -> bytes:
        found: list[bytes] = []
        for start in range(0, len(wanted.hashes), RECEIPTS_PER_BATCH):
            batch = wanted.hashes[start : start + RECEIPTS_PER_BATCH]
            calls = [("eth_getTransactionReceipt", [each]) for each in batch]
            found += self._within(wanted.budget, await self._caller.call_batch(calls))
        return b"[" + b",".join(_found(raw, "a receipt") for raw in found) + b"]"

    def _within(self, budget: ByteBudget, answers: Sequence[bytes]) -> Sequence[bytes]:
        self._trusted(lambda: budget.take(*answers))
        return answers

    def _trusted(self, check: Callable[[], _T]) -> _T:
        """Return what a check gives; after a failure the next try goes to another node."""
        try:
            return check()
        except MalformedBlockError:
            self._caller.distrust()
            raise


async def chain_id(ask: Ask) -> str:
    """Return the decimal chain id of the node that answers.

    Raises:
        MalformedBlockError: the answer is no chain id.
    """
    raw = await ask("eth_chainId", [])
    try:
        return str(parse_quantity(decode_json(raw, str, "eth_chainId")))
    except ValueError as cause:
        raise MalformedBlockError(f"eth_chainId: {cause}") from cause


def _found(raw: bytes, what: object) -> bytes:
    if raw == _NOTHING:
        raise BlockNotFoundError(f"the node does not have block {what}")
    return raw
