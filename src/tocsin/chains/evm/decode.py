"""A bundle → transactions with keyed calls and logs, whose fields decode when asked.

Matching asks for few of them, so only what it looks for is parsed at first, and nothing at all is
made for what nobody waits for. Damaged log or call data never stop a block: they count as
malformed and match nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import TypeVar, cast

import msgspec

from tocsin.chains.evm.access import access_to
from tocsin.chains.evm.activity import EvmActivity, call_activity, log_activity
from tocsin.chains.evm.codec import decode_json
from tocsin.chains.evm.finding import find_records
from tocsin.chains.evm.keys import selector_in
from tocsin.chains.evm.transaction import transaction_view
from tocsin.chains.evm.types import (
    BlockRecord,
    BlockWithTransactions,
    LogRecord,
    Receipt,
    ReceiptRecord,
    Transaction,
    TransactionRecord,
    quantity,
)
from tocsin.errors import MalformedBlockError
from tocsin.model.activity import (
    Access,
    Activity,
    Record,
    TransactionRef,
    TransactionStatus,
    Waiting,
)
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.interface import Argument, Layout

BLOCK_PART = "block"
RECEIPTS_PART = "receipts"

_Waiting = TypeVar("_Waiting")


class EvmTransaction:
    """One transaction with its receipt."""

    def __init__(self, index: int, block: "EvmBlock") -> None:
        self._index = index
        self._block = block
        self._record = block.records[index]
        self._logs = block.receipts[index].logs

    @cached_property
    def ref(self) -> TransactionRef:
        """Return where it is."""
        block = self._block
        return TransactionRef(
            network_id=block.network_id,
            block_hash=block.ref.hash,
            block_number=block.ref.number,
            block_time=block.ref.block_time,
            hash=self._record.hash,
            index=self._index,
        )

    @cached_property
    def status(self) -> TransactionStatus:
        """Return how it ended, from its receipt.

        Receipts before Byzantium do not say. What failed then had used up its gas and left no
        logs; where that cannot be told from a success the status is UNKNOWN.
        """
        transaction, receipt = self._block.whole(self._index)
        if receipt.status is not None:
            succeeded = quantity(receipt.status) == 1
            return TransactionStatus.SUCCESS if succeeded else TransactionStatus.FAILURE
        if receipt.logs or quantity(receipt.gas_used) < quantity(transaction.gas):
            return TransactionStatus.SUCCESS
        return TransactionStatus.UNKNOWN

    @cached_property
    def activities(self) -> Sequence[Activity]:
        """Return its call, if it makes one, then its logs that have a topic, in chain order."""
        return tuple(self._activities())

    @cached_property
    def addresses(self) -> Collection[str]:
        """Return the canonical addresses of sender, receiver and emitters of logs."""
        parties = (self._record.sender, self._record.to)
        emitters = (log.address for log in self._logs)
        return frozenset(each for each in (*parties, *emitters) if each is not None)

    def views(self) -> Sequence[Sequence[Argument]]:
        """Return the one field set a transaction condition is tried on."""
        return self._views

    def document(self) -> bytes:
        """Return the transaction and its receipt as the node gave them, as one JSON object.

        Shape: ``{"receipt": {…}, "transaction": {…}}``, keys sorted; without the receipt's
        bloom, which says nothing that its logs do not.
        """
        return self._block.document(self._index)

    def _activities(self) -> Iterator[Activity]:
        if self._record.to is not None and selector_in(self._record.input):
            yield self._block.activity(self._index, self._record)
        for log in self._logs:
            if log.topics:
                yield self._block.activity(self._index, log)

    @cached_property
    def _views(self) -> Sequence[Sequence[Argument]]:
        return (transaction_view(*self._block.whole(self._index), self._index),)


class EvmBlock:
    """A decoded bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._block = _part(bundle, BLOCK_PART)
        self._receipts = _part(bundle, RECEIPTS_PART)
        self.network_id = bundle.network_id
        self.ref: BlockRef = bundle.ref
        self.malformed_count = 0
        self.records = decode_json(self._block, BlockRecord, BLOCK_PART).transactions
        self.receipts = decode_json(self._receipts, list[ReceiptRecord], RECEIPTS_PART)
        if len(self.records) != len(self.receipts):
            raise MalformedBlockError(
                f"{len(self.records)} transactions but {len(self.receipts)} receipts"
            )
        self._activities: dict[int, EvmActivity] = {}

    @cached_property
    def transactions(self) -> Sequence[EvmTransaction]:
        """Return its transactions in chain order."""
        return tuple([EvmTransaction(place, self) for place in range(len(self.records))])

    def find_waiting(self, waiting: Waiting[_Waiting]) -> Sequence[tuple[int, Record, _Waiting]]:
        """Return each log or transaction somebody waits for, with its place and who waits."""
        return find_records(self.records, self.receipts, waiting)

    def access(self, layout: Layout) -> Access:
        """Return how logs, or calls, are looked at by a layout."""
        return access_to(layout)

    def activity(self, place: int, record: Record) -> Activity:
        """Return the event or call that a record of the transaction at a place is."""
        # records are as old as the block, so their identity is theirs alone
        known = self._activities.get(id(record))
        if known is None:
            known = self._activities[id(record)] = self._made(record)
        return known

    def _made(self, record: Record) -> EvmActivity:
        if isinstance(record, TransactionRecord):
            return call_activity(record, record.to or "", self.count_malformed)
        return log_activity(cast("LogRecord", record), self.count_malformed)

    def whole(self, index: int) -> tuple[Transaction, Receipt]:
        """Return the transaction at a place with its receipt, all fields of them."""
        transactions, receipts = self._whole
        return transactions[index], receipts[index]

    @cached_property
    def _whole(self) -> tuple[Sequence[Transaction], Sequence[Receipt]]:
        block = decode_json(self._block, BlockWithTransactions, BLOCK_PART)
        return block.transactions, decode_json(self._receipts, tuple[Receipt, ...], RECEIPTS_PART)

    def count_malformed(self) -> None:
        """Take note that an activity did not fit the layout its key promised."""
        self.malformed_count += 1

    def document(self, index: int) -> bytes:
        """Return the document of the transaction at a place in the block."""
        transactions, receipts = self._documents
        receipt = {key: each for key, each in receipts[index].items() if key != "logsBloom"}
        facts = {"transaction": transactions[index], "receipt": receipt}
        return msgspec.json.encode(facts, order="sorted")

    @cached_property
    def _documents(self) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        block = decode_json(self._block, _WholeTransactions, BLOCK_PART)
        receipts = decode_json(self._receipts, list[dict[str, object]], RECEIPTS_PART)
        return block.transactions, receipts


class _WholeTransactions(msgspec.Struct, frozen=True):
    transactions: list[dict[str, object]]


def decode(bundle: Bundle) -> EvmBlock:
    """Return the bundle with its activities keyed and their fields decoded when asked.

    Raises:
        MalformedBlockError: a part is missing or does not have the shape of a node's answer.
    """
    return EvmBlock(bundle)


def _part(bundle: Bundle, name: str) -> bytes:
    try:
        return bundle.parts[name]
    except KeyError as cause:
        raise MalformedBlockError(f"the bundle has no part {name!r}") from cause
