"""Stellar RPC's results, with the fields we need; unknown ones are ignored.

Source: Stellar RPC's methods of the same names.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from tocsin.errors import MalformedBlockError

T = TypeVar("T")


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One entry of ``getLedgers``; ``ledger_close_time`` is Unix seconds as text."""

    hash: str
    sequence: int
    ledger_close_time: str | int
    header_xdr: str


class TransactionEvents(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A transaction's own events, since protocol 23: one list per operation."""

    contract_events_xdr: tuple[tuple[str, ...] | None, ...] | None = None


class TransactionEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """One entry of ``getTransactions``; ``application_order`` counts from 1."""

    status: str
    tx_hash: str
    application_order: int
    ledger: int
    envelope_xdr: str | None = None
    result_xdr: str | None = None
    events: TransactionEvents | None = None
    diagnostic_events_xdr: tuple[str, ...] | None = None


class EventEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """One entry of ``getEvents``; ``topic`` and ``value`` are base64 of values."""

    type: str
    ledger: int
    contract_id: str
    id: str
    tx_hash: str
    topic: tuple[str, ...] | None = None
    value: str | None = None


class NetworkResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ``getNetwork``."""

    passphrase: str


class LatestLedgerResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ``getLatestLedger``; ``id`` is the ledger's hash."""

    id: str
    sequence: int


class HealthResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of ``getHealth``: from where to where the node remembers ledgers."""

    latest_ledger: int
    oldest_ledger: int


class LedgersResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer of ``getLedgers``, its entries as the node wrote them."""

    ledgers: tuple[msgspec.Raw, ...]
    latest_ledger: int = 0


class StoredEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of ``getLedgerEntries``: key and data, base64 of XDR."""

    key: str
    xdr: str


class EntriesResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ``getLedgerEntries``, with those of the entries that there are."""

    entries: tuple[StoredEntry, ...] | None = None


class TransactionsPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One answer of ``getTransactions``, its entries as the node wrote them."""

    transactions: tuple[msgspec.Raw, ...]
    latest_ledger: int
    cursor: str | None = None

    @property
    def entries(self) -> Sequence[msgspec.Raw]:
        """Return the page's entries."""
        return self.transactions


class EventsPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One answer of ``getEvents``, its entries as the node wrote them."""

    events: tuple[msgspec.Raw, ...]
    latest_ledger: int
    cursor: str | None = None

    @property
    def entries(self) -> Sequence[msgspec.Raw]:
        """Return the page's entries."""
        return self.events


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The field that both transactions and events have: whose ledger they are."""

    ledger: int


Facts = dict[str, msgspec.Raw]
"""A JSON object whose members stay as they were written."""


def parse(raw: bytes, shape: type[T], what: str) -> T:
    """Return JSON as one of these shapes.

    Raises:
        MalformedBlockError: it does not have that shape.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise MalformedBlockError(f"{what}: {cause}") from cause
