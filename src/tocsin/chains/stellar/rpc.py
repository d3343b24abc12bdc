"""Reads one Stellar network through its RPC nodes; everything returned has passed ``verify``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tocsin.chains.base import Ask, RpcCaller
from tocsin.chains.block_bytes import ByteBudget, check_aside
from tocsin.chains.stellar.parts import (
    EVENTS_PART,
    LEDGER_PART,
    TRANSACTIONS_PART,
    entry_list,
    ledger_of,
    ledger_part,
)
from tocsin.chains.stellar.types import (
    EventsPage,
    HealthResult,
    LatestLedgerResult,
    LedgersResult,
    NetworkResult,
    TransactionsPage,
    parse,
)
from tocsin.chains.stellar.verify import Expectation, verify_bundle, verify_ledger
from tocsin.errors import (
    BlockNotFoundError,
    MalformedBlockError,
    RpcRefusedError,
    WrongChainError,
)
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.network import Network

PAGE_ENTRIES = 200  # the most that getTransactions gives at once
MAX_PAGES = 200  # far beyond what a ledger can hold; a node that goes on repeats itself

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """A method that pages through entries; ``params`` are those of every page."""

    method: str
    shape: type[TransactionsPage] | type[EventsPage]
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """Which ledger is asked for, and what its answers may still cost."""

    number: int
    budget: ByteBudget


_TRANSACTIONS = _Listing(method="getTransactions", shape=TransactionsPage, params={})
_EVENTS = _Listing(method="getEvents", shape=EventsPage, params={"filters": [{"type": "contract"}]})


class StellarClient:
    """The ledgers of one Stellar network; the contract is ``chains.base.ChainClient``."""

    def __init__(self, network: Network, caller: RpcCaller) -> None:
        self._network = network
        self._caller = caller
        caller.require_identity(passphrase, network.chain_identity)

    @property
    def can_fork(self) -> bool:
        """Return False: consensus closes a ledger for good."""
        return False

    async def check_identity(self) -> None:
        """Return if the network's nodes serve the passphrase it is meant to have."""
        if await passphrase(self._caller.call) != self._network.chain_identity:
            raise WrongChainError(f"{self._network.slug}: nodes serve another passphrase")

    async def head(self) -> BlockRef:
        """Return the newest ledger a node knows."""
        raw = await self._caller.call("getLatestLedger", None)
        newest = self._trusted(lambda: parse(raw, LatestLedgerResult, "getLatestLedger"))
        ref = await self.ref_at(newest.sequence)
        if ref.hash != newest.id:
            self._caller.distrust()
            raise MalformedBlockError(f"two hashes were given for ledger {ref.number}")
        return ref

    async def ref_at(self, number: int) -> BlockRef:
        """Return the ledger of that sequence."""
        entry = await self._ledger(_Asking(number=number, budget=ByteBudget(self._network)))
        return self._trusted(lambda: verify_ledger(entry, number))

    async def bundle_at(self, number: int) -> Bundle:
        """Return the ledger of that sequence, complete and verified."""
        asking = _Asking(number=number, budget=ByteBudget(self._network))
        ledger = self._trusted_part(await self._ledger(asking))
        transactions = await self._entries(_TRANSACTIONS, asking)
        events = await self._entries(_EVENTS, asking) if transactions else []
        parts = {
            LEDGER_PART: ledger,
            TRANSACTIONS_PART: entry_list(transactions),
            EVENTS_PART: entry_list(events),
        }
        ref = await self._verified(parts, Expectation(number=number))
        return Bundle(network_id=self._network.id, ref=ref, parts=parts)

    async def bundle_of(self, block_hash: str, number: int) -> Bundle:
        """Return the ledger of that hash and sequence, complete and verified."""
        bundle = await self.bundle_at(number)
        if bundle.ref.hash != block_hash:
            raise BlockNotFoundError(f"ledger {number} does not have the hash {block_hash}")
        return bundle

    def distrust(self) -> None:
        """Prefer other nodes for a while: what was last returned does not fit what is known."""
        self._caller.distrust()

    async def _verified(self, parts: Mapping[str, bytes], expected: Expectation) -> BlockRef:
        size = sum(map(len, parts.values()))
        try:
            return await check_aside(lambda: verify_bundle(parts, expected), size)
        except MalformedBlockError:
            self._caller.distrust()
            raise

    async def _ledger(self, asking: _Asking) -> bytes:
        params = {"startLedger": asking.number, "pagination": {"limit": 1}}
        raw = await self._ask("getLedgers", params, asking)
        answer = self._trusted(lambda: parse(raw, LedgersResult, "getLedgers"))
        if not answer.ledgers:
            self._caller.distrust()
            raise BlockNotFoundError(f"the node does not have ledger {asking.number}")
        return bytes(answer.ledgers[0])

    async def _entries(self, listing: _Listing, asking: _Asking) -> list[bytes]:
        """Return the entries of one ledger from as many pages as it takes.

        Done at an entry of a later ledger, without a cursor, or at an empty page: a node adds a
        ledger as a whole, so one that knows the ledger has no more of it. The newest ledger's
        empty page does have a cursor, and following it would never end.
        """
        found: list[bytes] = []
        params: dict[str, object] = {"startLedger": asking.number, **listing.params}
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            pagination = {"limit": PAGE_ENTRIES} | ({"cursor": cursor} if cursor else {})
            entries, cursor = await self._page(listing, params | {"pagination": pagination}, asking)
            found += entries
            if cursor is None:
                return found
            params = dict(listing.params)
        self._caller.distrust()
        raise MalformedBlockError(f"{listing.method}: ledger {asking.number} does not end")

    async def _page(
        self, listing: _Listing, params: Mapping[str, object], asking: _Asking
    ) -> tuple[list[bytes], str | None]:
        """Return a page's entries of one ledger, and the cursor where more may follow."""
        number = asking.number
        raw = await self._ask(listing.method, params, asking)
        page = self._trusted(lambda: parse(raw, listing.shape, listing.method))
        if page.latest_ledger < number:
            # we have the ledger from another node, this one is behind
            self._caller.distrust()
            raise BlockNotFoundError(f"the node does not have ledger {number} yet")
        entries = self._trusted(lambda: _of_ledger(listing, page, number))
        is_last = not entries or len(entries) < len(page.entries)
        return entries, None if is_last else page.cursor or None

    async def _ask(self, method: str, params: object, asking: _Asking) -> bytes:
        try:
            raw = await self._caller.call(method, params)
        except RpcRefusedError as refusal:
            await self._require_remembered(asking.number, refusal)
            raise
        self._trusted(lambda: asking.budget.take(raw))
        return raw

    async def _require_remembered(self, number: int, refusal: RpcRefusedError) -> None:
        """Raise BlockNotFoundError where a refusal is because the node does not have a ledger."""
        raw = await self._caller.call("getHealth", None)
        health = self._trusted(lambda: parse(raw, HealthResult, "getHealth"))
        if number > health.latest_ledger:
            raise BlockNotFoundError(
                f"ledger {number} is beyond the newest, {health.latest_ledger}"
            ) from refusal
        if number < health.oldest_ledger:
            raise BlockNotFoundError(
                f"ledger {number} is older than the node's retention window, "
                f"which starts at {health.oldest_ledger}"
            ) from refusal

    def _trusted_part(self, entry: bytes) -> bytes:
        return self._trusted(lambda: ledger_part(entry))

    def _trusted(self, check: Callable[[], _T]) -> _T:
        """Return what a check gives; after a failure the next try goes to another node."""
        try:
            return check()
        except MalformedBlockError:
            self._caller.distrust()
            raise


async def passphrase(ask: Ask) -> str:
    """Return the passphrase of the network that a node serves.

    Raises:
        MalformedBlockError: the answer holds no passphrase.
    """
    return parse(await ask("getNetwork", None), NetworkResult, "getNetwork").passphrase


def _of_ledger(listing: _Listing, page: TransactionsPage | EventsPage, number: int) -> list[bytes]:
    """Return the entries of a page up to the first of a later ledger."""
    found: list[bytes] = []
    for entry in page.entries:
        ledger = ledger_of(entry, listing.method)
        if ledger < number:
            raise MalformedBlockError(f"{listing.method}: asked from ledger {number}, got {ledger}")
        if ledger > number:
            break
        found.append(bytes(entry))
    return found
