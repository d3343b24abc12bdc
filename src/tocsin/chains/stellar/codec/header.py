"""LedgerHeaderHistoryEntry → the few facts that tie a ledger to its parent and its contents."""

from dataclasses import dataclass
from hashlib import sha256

from tocsin.chains.stellar.codec.xdr import XdrReader


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHeader:
    """A header; hashes are bytes, ``closed_at_seconds`` is Unix time.

    ``own_hash`` is computed from the header, ``claimed_hash`` is the one written beside it.
    ``results_hash`` is the SHA-256 of the ``TransactionResultSet``.
    """

    claimed_hash: bytes
    own_hash: bytes
    parent_hash: bytes
    closed_at_seconds: int
    results_hash: bytes
    sequence: int


def decode_header(data: bytes) -> LedgerHeader:
    """Return the facts of an encoded ``LedgerHeaderHistoryEntry``.

    Raises:
        ValueError: not one.

    Source: Stellar-ledger.x; the hash covers the header alone, without what surrounds it.
    """
    reader = XdrReader(data)
    claimed_hash = reader.fixed(32)
    reader.skip(4)  # ledger version
    parent_hash = reader.fixed(32)
    reader.skip(32)  # hash of the transaction set
    closed_at_seconds = reader.unsigned(8)
    _skip_close_value(reader)
    results_hash = reader.fixed(32)
    reader.skip(32)  # hash of the bucket list
    sequence = reader.unsigned()
    if len(data) < reader.position + 4 or data[-4:] != bytes(4):
        raise ValueError("the header's end is not where it should be")
    return LedgerHeader(
        claimed_hash=claimed_hash,
        own_hash=sha256(data[32:-4]).digest(),
        parent_hash=parent_hash,
        closed_at_seconds=closed_at_seconds,
        results_hash=results_hash,
        sequence=sequence,
    )


def _skip_close_value(reader: XdrReader) -> None:
    for _ in range(reader.count()):
        reader.opaque(128)  # upgrades
    match reader.signed():
        case 0:
            return
        case 1:
            reader.skip(36)  # node id
            reader.opaque(64)  # signature
        case tag:
            raise ValueError(f"no kind of close value has the number {tag}")
