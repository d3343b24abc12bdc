"""Is a bundle the complete and true block it says it is? A node's answers → a verdict, purely.

Every failure is a MalformedBlockError that names the check, so that another node is asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import msgspec

from tocsin.chains.evm.codec import (
    BLOOM_BYTES,
    bloom_of,
    decode_json,
    is_address,
    is_hash,
    parse_data,
    parse_quantity,
    shown,
)
from tocsin.chains.evm.header import header_hash
from tocsin.chains.evm.types import BlockWithTransactions, Header, Log, Receipt, Transaction
from tocsin.chains.readable import require_readable
from tocsin.errors import MalformedBlockError
from tocsin.model.block import BlockRef

LATEST_CREDIBLE = datetime(2200, 1, 1, tzinfo=UTC)
"""A block's time beyond this is nonsense, and beyond what a database stores."""

_SATURATED = (1 << 8 * BLOOM_BYTES) - 1  # some chains fill the bloom instead of computing it


class Commitment(Enum):
    """How far a header is held to what it says of itself and its logs."""

    ALL = "all"  # as on Ethereum: it hashes to its hash, its bloom is that of the logs
    LOGS = "logs"  # other chains: no log that the bloom promises is missing
    NONE = "none"  # recorded files: only that the parts belong together


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What was asked for; ``number`` and ``hash`` are None where any will do.

    ``no_later_than`` bounds the block's time.
    """

    number: int | None = None
    hash: str | None = None
    commitment: Commitment = Commitment.ALL
    no_later_than: datetime = LATEST_CREDIBLE


def verify_header(raw: bytes, expected: Expectation) -> BlockRef:
    """Return which block a header, or a block, is.

    Raises:
        MalformedBlockError: it is no header, or not the one expected.
    """
    return _verified_ref(raw, _checked_header(raw), expected)


def verify_bundle(block: bytes, receipts: bytes, expected: Expectation) -> BlockRef:
    """Return which block two parts make together.

    Raises:
        MalformedBlockError: they do not make one complete, consistent block.
    """
    for raw, part in ((block, "block"), (receipts, "receipts")):
        require_readable(raw, part)
    header = _checked_header(block)
    ref = _verified_ref(block, header, expected)
    transactions = decode_json(block, BlockWithTransactions, "block").transactions
    all_receipts = decode_json(receipts, tuple[Receipt, ...], "receipts")
    try:
        _verify_transactions(transactions, ref)
        _verify_receipts(all_receipts, transactions, ref)
        logs = [log for receipt in all_receipts for log in receipt.logs]
        _verify_log_places(logs)
        if expected.commitment is not Commitment.NONE:
            _verify_bloom(header, logs, exact=expected.commitment is Commitment.ALL)
    except ValueError as cause:
        raise MalformedBlockError(f"block {ref.number}: {cause}") from cause
    return ref


def _checked_header(raw: bytes) -> Header:
    return decode_json(raw, Header, "header")


def _verified_ref(raw: bytes, header: Header, expected: Expectation) -> BlockRef:
    try:
        ref = _to_ref(header, expected.no_later_than)
    except ValueError as cause:
        raise MalformedBlockError(f"header: {cause}") from cause
    if expected.number is not None and ref.number != expected.number:
        raise MalformedBlockError(f"asked for block {expected.number}, got {ref.number}")
    if expected.hash is not None and ref.hash != expected.hash.lower():
        raise MalformedBlockError(f"asked for block {expected.hash}, got {ref.hash}")
    if expected.commitment is Commitment.ALL:
        computed = header_hash(decode_json(raw, dict[str, msgspec.Raw], "header"))
        if computed is not None and computed != ref.hash:
            raise MalformedBlockError(f"block {ref.number}: its fields hash to {computed}")
    return ref


def _to_ref(header: Header, no_later_than: datetime) -> BlockRef:
    for name, value in (("hash", header.hash), ("parentHash", header.parent_hash)):
        if not is_hash(value):
            raise ValueError(f"{name}: expected 32 bytes, got {shown(value)}")
    seconds = parse_quantity(header.timestamp)
    if seconds > no_later_than.timestamp():
        raise ValueError(f"timestamp: {seconds} is too far in the future")
    return BlockRef(
        number=_bounded(parse_quantity(header.number), "number"),
        hash=header.hash.lower(),
        parent_hash=header.parent_hash.lower(),
        block_time=datetime.fromtimestamp(seconds, UTC),
    )


def _bounded(number: int, name: str) -> int:
    if number >= 1 << 63:
        raise ValueError(f"{name}: {number} is beyond 63 bits")
    return number


def _verify_transactions(transactions: Sequence[Transaction], ref: BlockRef) -> None:
    """Require well-formed, unique transactions that belong to the block, in order."""
    seen: set[str] = set()
    for place, transaction in enumerate(transactions):
        where = f"transaction {place}"
        if not is_hash(transaction.hash) or transaction.hash.lower() in seen:
            raise ValueError(f"{where}: hash missing or repeated")
        seen.add(transaction.hash.lower())
        _require_place(transaction.block_hash, transaction.block_number, ref, where)
        _require_index(transaction.transaction_index, place, where)
        _require_parties(transaction, where)
        _require_amounts(transaction, where)


def _require_parties(transaction: Transaction, where: str) -> None:
    for address in (transaction.sender, transaction.to):
        if address is not None and not is_address(address):
            raise ValueError(f"{where}: no address: {shown(address)}")


def _require_amounts(transaction: Transaction, where: str) -> None:
    try:
        parse_data(transaction.input)
        for amount in (
            transaction.value,
            transaction.nonce,
            transaction.gas,
            transaction.gas_price,
            transaction.max_fee_per_gas,
            transaction.max_priority_fee_per_gas,
        ):
            if amount is not None:
                parse_quantity(amount)
    except ValueError as cause:
        raise ValueError(f"{where}: {cause}") from cause


def _verify_receipts(
    receipts: Sequence[Receipt], transactions: Sequence[Transaction], ref: BlockRef
) -> None:
    """Require one receipt per transaction, in order, of this block, with its own logs."""
    if len(receipts) != len(transactions):
        raise ValueError(f"{len(transactions)} transactions but {len(receipts)} receipts")
    for place, (receipt, transaction) in enumerate(zip(receipts, transactions, strict=True)):
        where = f"receipt {place}"
        if receipt.transaction_hash.lower() != transaction.hash.lower():
            raise ValueError(f"{where}: of another transaction")
        _require_place(receipt.block_hash, receipt.block_number, ref, where)
        _require_index(receipt.transaction_index, place, where)
        if receipt.status is not None and parse_quantity(receipt.status) > 1:
            raise ValueError(f"{where}: status {shown(receipt.status)}")
        if receipt.gas_used is not None:
            parse_quantity(receipt.gas_used)
        for log in receipt.logs:
            _verify_log(log, transaction, ref, where)


def _verify_log(log: Log, transaction: Transaction, ref: BlockRef, where: str) -> None:
    if log.removed:
        raise ValueError(f"{where}: a log is marked as removed")
    if log.transaction_hash is not None and (
        log.transaction_hash.lower() != transaction.hash.lower()
    ):
        raise ValueError(f"{where}: a log of another transaction")
    _require_place(log.block_hash, log.block_number, ref, f"a log of {where}")
    well_formed = is_address(log.address) and len(log.topics) <= 4 and all(map(is_hash, log.topics))
    if not well_formed:
        raise ValueError(f"{where}: a log's address or topics are malformed")
    parse_data(log.data)


def _require_place(block_hash: str | None, number: str | None, ref: BlockRef, where: str) -> None:
    if block_hash is not None and block_hash.lower() != ref.hash:
        raise ValueError(f"{where}: of another block")
    if number is not None and parse_quantity(number) != ref.number:
        raise ValueError(f"{where}: of another block number")


def _require_index(index: str | None, place: int, where: str) -> None:
    if index is not None and parse_quantity(index) != place:
        raise ValueError(f"{where}: out of order")


def _verify_log_places(logs: Sequence[Log]) -> None:
    """Require that logs count from 0 over the block without a hole: none is missing inside."""
    for place, log in enumerate(logs):
        if log.log_index is not None and parse_quantity(log.log_index) != place:
            raise ValueError(f"log {place}: has index {log.log_index}, one is missing or moved")


def _verify_bloom(header: Header, logs: Sequence[Log], *, exact: bool) -> None:
    if header.logs_bloom is None or header.logs_bloom == "0x":
        return
    bloom = parse_data(header.logs_bloom)
    if len(bloom) != BLOOM_BYTES:
        raise ValueError("logsBloom: expected 256 bytes")
    promised = int.from_bytes(bloom)
    if promised == _SATURATED:
        return
    found = bloom_of(_bloom_entries(logs))
    if promised & ~found:
        raise ValueError("logsBloom: logs are missing")
    if exact and found != promised:
        raise ValueError("logsBloom: there are logs that the header does not know")


def _bloom_entries(logs: Sequence[Log]) -> Iterator[bytes]:
    for log in logs:
        yield parse_data(log.address.lower())
        yield from (parse_data(topic) for topic in log.topics)
