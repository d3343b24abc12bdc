"""A bundle → transactions with keyed calls and logs, whose fields decode when asked.

Matching asks for few of them, so nothing but the keys is made in advance. Damaged log or call
data never stop a block: they count as malformed and match nothing.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property

import msgspec

from tocsin.chains.evm.codec import decode_json, parse_quantity
from tocsin.chains.evm.keying import TRANSACTION_LAYOUT, event_key, function_key
from tocsin.chains.evm.layout import decoder_of
from tocsin.chains.evm.types import BlockWithTransactions, Log, Receipt, Transaction
from tocsin.errors import MalformedBlockError
from tocsin.model.activity import Activity, ActivityKind, TransactionRef, TransactionStatus
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.interface import Argument, Layout, Value

BLOCK_PART = "block"
RECEIPTS_PART = "receipts"

_SELECTOR_DIGITS = len("0x") + 8


class EvmActivity:
    """One log, or the call a transaction makes: a key, topics and 0x data."""

    __slots__ = ("_data", "_decoded", "_on_malformed", "_topics", "key", "kind")

    def __init__(
        self,
        kind: ActivityKind,
        key: str,
        *,
        topics: Sequence[str],
        data: str,
        on_malformed: Callable[[], None],
    ) -> None:
        self.kind = kind
        self.key = key
        self._topics = topics
        self._data = data
        self._on_malformed = on_malformed
        self._decoded: dict[Layout, Sequence[Argument] | None] = {}

    def arguments(self, layout: Layout) -> Sequence[Argument] | None:
        """Return the values in the layout's order, or None where the data do not fit it."""
        if layout not in self._decoded:
            self._decoded[layout] = self._decode(layout)
        return self._decoded[layout]

    def _decode(self, layout: Layout) -> Sequence[Argument] | None:
        decoder = decoder_of(layout)
        try:
            if decoder is not None:
                return decoder.arguments(self._topics, self._data)
        except ValueError:
            # a contract may emit anything: counted, so that somebody can see it
            self._on_malformed()
        return None


class EvmTransaction:
    """One transaction with its receipt."""

    def __init__(
        self,
        ref: TransactionRef,
        transaction: Transaction,
        receipt: Receipt,
        block: "EvmBlock",
    ) -> None:
        self.ref = ref
        self._transaction = transaction
        self._receipt = receipt
        self._block = block

    @cached_property
    def status(self) -> TransactionStatus:
        """Return how it ended, from its receipt.

        Receipts before Byzantium do not say. What failed then had used up its gas and left no
        logs; where that cannot be told from a success the status is UNKNOWN.
        """
        receipt = self._receipt
        if receipt.status is not None:
            succeeded = _quantity(receipt.status) == 1
            return TransactionStatus.SUCCESS if succeeded else TransactionStatus.FAILURE
        if receipt.logs or _quantity(receipt.gas_used) < _quantity(self._transaction.gas):
            return TransactionStatus.SUCCESS
        return TransactionStatus.UNKNOWN

    @cached_property
    def activities(self) -> Sequence[Activity]:
        """Return its call, if it makes one, then its logs that have a topic, in chain order."""
        return tuple(self._activities())

    @cached_property
    def addresses(self) -> Collection[str]:
        """Return the canonical addresses of sender, receiver and emitters of logs."""
        parties = (self._transaction.sender, self._transaction.to)
        emitters = (log.address for log in self._receipt.logs)
        return frozenset(each.lower() for each in (*parties, *emitters) if each is not None)

    def views(self) -> Sequence[Sequence[Argument]]:
        """Return the one field set a transaction condition is tried on."""
        return self._views

    def document(self) -> bytes:
        """Return the transaction and its receipt as the node gave them, as one JSON object.

        Shape: ``{"receipt": {…}, "transaction": {…}}``, keys sorted; without the receipt's
        bloom, which says nothing that its logs do not.
        """
        return self._block.document(self.ref.index)

    def _activities(self) -> Iterator[EvmActivity]:
        target, data = self._transaction.to, self._transaction.input
        if target is not None and len(data) >= _SELECTOR_DIGITS:
            selector = data[:_SELECTOR_DIGITS].lower()
            yield EvmActivity(
                ActivityKind.FUNCTION,
                function_key(target.lower(), selector),
                topics=(),
                data="0x" + data[_SELECTOR_DIGITS:],
                on_malformed=self._block.count_malformed,
            )
        for log in self._receipt.logs:
            if log.topics:
                yield self._event(log)

    def _event(self, log: Log) -> EvmActivity:
        topics = log.topics
        return EvmActivity(
            ActivityKind.EVENT,
            event_key(log.address.lower(), topics[0].lower(), len(topics)),
            topics=topics[1:],
            data=log.data,
            on_malformed=self._block.count_malformed,
        )

    @cached_property
    def _views(self) -> Sequence[Sequence[Argument]]:
        transaction = self._transaction
        values: tuple[Value, ...] = (
            _quantity(transaction.value),
            (transaction.sender or "").lower(),
            (transaction.to or "").lower(),
            transaction.hash.lower(),
            _quantity(transaction.gas_price),
            _quantity(transaction.max_fee_per_gas),
            _quantity(transaction.max_priority_fee_per_gas),
            _quantity(transaction.gas),
            _quantity(transaction.nonce),
            transaction.input.lower(),
            _quantity(self._receipt.gas_used),
            self.ref.index,
        )
        pairs = zip(TRANSACTION_LAYOUT.parameters, values, strict=True)
        return (
            tuple(
                Argument(name=p.name, kind=p.kind, type=p.type, value=value, text=str(value))
                for p, value in pairs
            ),
        )


class EvmBlock:
    """A decoded bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._block = _part(bundle, BLOCK_PART)
        self._receipts = _part(bundle, RECEIPTS_PART)
        self.ref: BlockRef = bundle.ref
        self.malformed_count = 0
        transactions = decode_json(self._block, BlockWithTransactions, BLOCK_PART).transactions
        receipts = decode_json(self._receipts, tuple[Receipt, ...], RECEIPTS_PART)
        if len(transactions) != len(receipts):
            raise MalformedBlockError(
                f"{len(transactions)} transactions but {len(receipts)} receipts"
            )
        self.transactions: Sequence[EvmTransaction] = tuple(
            EvmTransaction(_place(bundle, index, transaction), transaction, receipt, self)
            for index, (transaction, receipt) in enumerate(zip(transactions, receipts, strict=True))
        )

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


def _place(bundle: Bundle, index: int, transaction: Transaction) -> TransactionRef:
    return TransactionRef(
        network_id=bundle.network_id,
        block_hash=bundle.ref.hash,
        block_number=bundle.ref.number,
        block_time=bundle.ref.block_time,
        hash=transaction.hash.lower(),
        index=index,
    )


def _quantity(text: str | None) -> int:
    """Return a quantity that ``verify`` has seen, or 0 where the chain has none."""
    try:
        return 0 if text is None else parse_quantity(text)
    except ValueError as cause:
        raise MalformedBlockError(f"transaction: {cause}") from cause
