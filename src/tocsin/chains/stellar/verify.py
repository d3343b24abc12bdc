"""Is a bundle the complete and true ledger it says it is? A node's answers → a verdict, purely.

The header hashes to the ledger's hash, and it commits to the hash of every transaction with its
result, in order: none can be missing, added or moved. Events are not part of what the header
commits to; since protocol 23 transactions list them too, and none of those may be missing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from tocsin.chains.readable import require_readable
from tocsin.chains.stellar.codec.header import LedgerHeader, decode_header
from tocsin.chains.stellar.codec.xdr import XdrReader, from_base64
from tocsin.chains.stellar.decode import CONTRACT_EVENT
from tocsin.chains.stellar.parts import EVENTS_PART, LEDGER_PART, TRANSACTIONS_PART, part
from tocsin.chains.stellar.types import EventEntry, LedgerEntry, TransactionEntry, parse
from tocsin.errors import MalformedBlockError
from tocsin.model.block import BlockRef

LATEST_CREDIBLE = datetime(2200, 1, 1, tzinfo=UTC)
"""A ledger's time beyond this is nonsense, and beyond what a database stores."""

_HASH = re.compile(r"[0-9a-f]{64}")
_CONTRACT_EVENT_TYPE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What was asked for; ``number`` is None where any will do.

    ``complete`` is False for recorded files, which may hold some of a ledger's transactions.
    """

    number: int | None = None
    complete: bool = True


def verify_ledger(raw: bytes, number: int | None) -> BlockRef:
    """Return which block an entry of ``getLedgers`` is.

    Raises:
        MalformedBlockError: it is no ledger, or not the one expected.
    """
    return _checked(raw, number)[0]


def verify_bundle(parts: Mapping[str, bytes], expected: Expectation) -> BlockRef:
    """Return which block the parts of a bundle make together.

    Raises:
        MalformedBlockError: they do not make one complete, consistent ledger.
    """
    for name in (LEDGER_PART, TRANSACTIONS_PART, EVENTS_PART):
        require_readable(part(parts, name), name)
    ref, header = _checked(part(parts, LEDGER_PART), expected.number)
    transactions = parse(
        part(parts, TRANSACTIONS_PART), tuple[TransactionEntry, ...], TRANSACTIONS_PART
    )
    events = parse(part(parts, EVENTS_PART), tuple[EventEntry, ...], EVENTS_PART)
    try:
        _verify_transactions(transactions, ref)
        _verify_events(events, transactions, ref)
        if expected.complete:
            _verify_results(transactions, header)
            _verify_all_events(events, transactions)
    except ValueError as cause:
        raise MalformedBlockError(f"ledger {ref.number}: {cause}") from cause
    return ref


def _checked(raw: bytes, number: int | None) -> tuple[BlockRef, LedgerHeader]:
    entry = parse(raw, LedgerEntry, LEDGER_PART)
    try:
        header = decode_header(from_base64(entry.header_xdr))
        _verify_header(entry, header)
    except ValueError as cause:
        raise MalformedBlockError(f"ledger header: {cause}") from cause
    if number is not None and header.sequence != number:
        raise MalformedBlockError(f"asked for ledger {number}, got {header.sequence}")
    return _to_ref(header), header


def _verify_header(entry: LedgerEntry, header: LedgerHeader) -> None:
    if entry.sequence != header.sequence:
        raise ValueError("it has another sequence")
    if not header.own_hash == header.claimed_hash == _hash_bytes(entry.hash):
        raise ValueError("it does not hash to the ledger's hash")
    if str(entry.ledger_close_time) != str(header.closed_at_seconds):
        raise ValueError("it has another close time")
    if header.closed_at_seconds > LATEST_CREDIBLE.timestamp():
        raise ValueError("its close time is too far in the future")


def _to_ref(header: LedgerHeader) -> BlockRef:
    return BlockRef(
        number=header.sequence,
        hash=header.own_hash.hex(),
        parent_hash=header.parent_hash.hex(),
        block_time=datetime.fromtimestamp(header.closed_at_seconds, UTC),
    )


def _verify_transactions(transactions: Sequence[TransactionEntry], ref: BlockRef) -> None:
    """Require well-formed transactions of this ledger, each once."""
    hashes: set[str] = set()
    orders: set[int] = set()
    for each in transactions:
        _hash_bytes(each.tx_hash)
        hashes.add(each.tx_hash)
        orders.add(each.application_order)
        if each.ledger != ref.number:
            raise ValueError("a transaction of another ledger")
        if each.application_order < 1:
            raise ValueError("an application order is less than 1")
    if len(hashes) != len(transactions) or len(orders) != len(transactions):
        raise ValueError("a transaction's hash or application order is repeated")


def _verify_results(transactions: Sequence[TransactionEntry], header: LedgerHeader) -> None:
    """Require exactly the transactions and results that the header commits to.

    Source: Stellar-ledger.x, ``txSetResultHash``: SHA-256 of the ``TransactionResultSet``, the
    number of transactions and each one's hash and result in the order of application.
    """
    digest = sha256(len(transactions).to_bytes(4, "big"))
    in_order = sorted(transactions, key=lambda each: each.application_order)
    for place, each in enumerate(in_order, start=1):
        if each.application_order != place:
            raise ValueError(f"transaction {place} is missing")
        if each.result_xdr is None:
            raise ValueError(f"transaction {place} has no result")
        digest.update(_hash_bytes(each.tx_hash))
        digest.update(from_base64(each.result_xdr))
    if digest.digest() != header.results_hash:
        raise ValueError("its transactions are not those that the header commits to")


def _verify_events(
    events: Sequence[EventEntry], transactions: Sequence[TransactionEntry], ref: BlockRef
) -> None:
    """Require events of this ledger's transactions, each once."""
    hashes = {each.tx_hash for each in transactions}
    for each in events:
        if each.ledger != ref.number or each.tx_hash not in hashes:
            raise ValueError("an event of another ledger, or of a transaction it does not have")
    if len({each.id for each in events}) != len(events):
        raise ValueError("an event is repeated")


def _verify_all_events(
    events: Iterable[EventEntry], transactions: Iterable[TransactionEntry]
) -> None:
    """Require at least the contract events that the transactions themselves list."""
    found = Counter(each.tx_hash for each in events if each.type == CONTRACT_EVENT)
    for each in transactions:
        listed = (each.events and each.events.contract_events_xdr) or ()
        expected = sum(_is_contract_event(event) for group in listed for event in group or ())
        if found[each.tx_hash] < expected:
            raise ValueError(f"events of transaction {each.application_order} are missing")


def _is_contract_event(text: str) -> bool:
    """Return whether an encoded ``ContractEvent`` is a contract's; garbage is not."""
    try:
        reader = XdrReader(from_base64(text))
        reader.skip(4)  # extension
        has_contract = reader.flag()
        if has_contract:
            reader.skip(32)
        return has_contract and reader.signed() == _CONTRACT_EVENT_TYPE
    except ValueError:
        return False


def _hash_bytes(text: str) -> bytes:
    if _HASH.fullmatch(text) is None:
        raise ValueError("a hash is not 64 lower-case hex digits")
    return bytes.fromhex(text)
