"""What we read of a node's blocks, transactions, receipts and logs; everything else is ignored.

Field names are the wire's (``blockHash`` → ``block_hash``). Quantities stay text here: most are
never looked at, and ``codec.parse_quantity`` reads the others. What may be absent on some chain
or in some era has a default.

Source: Ethereum execution-apis, ``eth_getBlockByHash``, ``eth_getBlockReceipts``.
"""

from collections.abc import Sequence

import msgspec

from tocsin.chains.evm.codec import parse_quantity
from tocsin.errors import MalformedBlockError


class Header(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A block's header as far as it is needed to place the block and to weigh its logs."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str | None = None


class Transaction(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One transaction of a block asked for with full transactions.

    ``to`` is None for a contract creation; the fee fields depend on the transaction's type.
    """

    hash: str
    input: str
    sender: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    value: str | None = None
    nonce: str | None = None
    gas: str | None = None
    gas_price: str | None = None
    max_fee_per_gas: str | None = None
    max_priority_fee_per_gas: str | None = None
    transaction_index: str | None = None
    block_hash: str | None = None
    block_number: str | None = None
    type: str | None = None
    max_fee_per_blob_gas: str | None = None
    access_list: tuple[msgspec.Raw, ...] | None = None
    blob_versioned_hashes: tuple[msgspec.Raw, ...] | None = None
    authorization_list: tuple[msgspec.Raw, ...] | None = None


class Log(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One log of a receipt; ``topics`` has none to four entries."""

    address: str
    topics: tuple[str, ...]
    data: str
    log_index: str | None = None
    block_hash: str | None = None
    block_number: str | None = None
    transaction_hash: str | None = None
    transaction_index: str | None = None
    removed: bool | None = None


class Receipt(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One transaction's receipt; before Byzantium it has no ``status``."""

    transaction_hash: str
    block_hash: str
    block_number: str
    logs: tuple[Log, ...]
    transaction_index: str | None = None
    gas_used: str | None = None
    status: str | None = None
    contract_address: str | None = None
    effective_gas_price: str | None = None
    blob_gas_used: str | None = None


class BlockWithTransactions(msgspec.Struct, frozen=True, gc=False):
    """The transactions of a block asked for with full transactions."""

    transactions: tuple[Transaction, ...]


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """What matching looks at of a log."""

    address: str
    topics: Sequence[str]
    data: str


class ReceiptRecord(msgspec.Struct, frozen=True, gc=False):
    """What matching looks at of a receipt."""

    logs: Sequence[LogRecord]


class TransactionRecord(msgspec.Struct, frozen=True, gc=False):
    """What matching looks at of a transaction, unless there are conditions on its fields."""

    hash: str
    input: str
    sender: str | None = msgspec.field(name="from", default=None)
    to: str | None = None


class BlockRecord(msgspec.Struct, frozen=True, gc=False):
    """What matching looks at of a block."""

    transactions: Sequence[TransactionRecord]


def quantity(text: str | None) -> int:
    """Return a quantity that ``verify`` has seen, or 0 where the chain has none.

    Raises:
        MalformedBlockError: it is no quantity.
    """
    try:
        return 0 if text is None else parse_quantity(text)
    except ValueError as cause:
        raise MalformedBlockError(f"transaction: {cause}") from cause
