"""A method's name and params → its result, as stellar-rpc 22 or 23 would give it."""

import re
from base64 import b64decode
from collections.abc import Callable, Mapping

from stellar_sdk import xdr as stellar_xdr

from tocsin.devnet.network import RpcCallError
from tocsin.devnet.stellar.archive import Archive
from tocsin.devnet.stellar.entries import stored_entries
from tocsin.devnet.stellar.outcomes import UNIFIED_PROTOCOL
from tocsin.devnet.stellar.pages import get_events, get_ledgers, get_transactions
from tocsin.devnet.stellar.params import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    EntriesRequest,
    EventsRequest,
    RangeRequest,
    Request,
    TransactionRequest,
    parse_params,
)
from tocsin.devnet.stellar.rows import Row

_HASH = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_LARGEST_KEY_COUNT = 200
_LONGEST_KEY = 4096  # base64; bounds how deep a hostile key can nest
_NO_EXTENSION = "AAAAAA=="  # LedgerEntryExt of version 0
_GENESIS = 1
_LIVE_UNTIL = 2**31 - 1  # contracts of the devnet never expire


class Answerer:
    """Answers for one network from its archive. Results share rows and must not be changed."""

    def __init__(self, archive: Archive, *, passphrase: str, protocol: int) -> None:
        self._archive = archive
        self._passphrase = passphrase
        self._protocol = protocol
        self._entries = stored_entries()
        self._methods: Mapping[str, Callable[[object], Row]] = {
            "getHealth": self._get_health,
            "getNetwork": self._get_network,
            "getVersionInfo": self._get_version_info,
            "getLatestLedger": self._get_latest_ledger,
            "getLedgers": self._get_ledgers,
            "getTransactions": self._get_transactions,
            "getTransaction": self._get_transaction,
            "getEvents": self._get_events,
            "getLedgerEntries": self._get_ledger_entries,
        }

    def answer(self, method: str, params: object) -> Row:
        """Return the result of a call.

        Raises:
            RpcCallError: no such method, or params that it refuses.
        """
        if method not in self._methods:
            raise RpcCallError(METHOD_NOT_FOUND, "method not found")
        return self._methods[method](params)

    @property
    def _unified(self) -> bool:
        return self._protocol >= UNIFIED_PROTOCOL

    def _get_health(self, params: object) -> Row:
        parse_params(params, Request)
        return {
            "status": "healthy",
            "latestLedger": self._archive.newest.number,
            "oldestLedger": self._archive.oldest.number,
            "ledgerRetentionWindow": self._archive.retention,
        }

    def _get_network(self, params: object) -> Row:
        parse_params(params, Request)
        return {"passphrase": self._passphrase, "protocolVersion": self._protocol}

    def _get_version_info(self, params: object) -> Row:
        parse_params(params, Request)
        return {
            "version": f"{self._protocol}.0.0-devnet",
            "commitHash": "0" * 40,
            "buildTimestamp": "1970-01-01T00:00:00",
            "captiveCoreVersion": f"stellar-core {self._protocol}.0.0-devnet",
            "protocolVersion": self._protocol,
        }

    def _get_latest_ledger(self, params: object) -> Row:
        parse_params(params, Request)
        newest = self._archive.newest
        return {
            "id": newest.hash,
            "protocolVersion": self._protocol,
            "sequence": newest.number,
        }

    def _get_ledgers(self, params: object) -> Row:
        return get_ledgers(self._archive, parse_params(params, RangeRequest))

    def _get_transactions(self, params: object) -> Row:
        return get_transactions(self._archive, parse_params(params, RangeRequest))

    def _get_events(self, params: object) -> Row:
        request = parse_params(params, EventsRequest)
        return get_events(self._archive, request, unified=self._unified)

    def _get_transaction(self, params: object) -> Row:
        request = parse_params(params, TransactionRequest)
        if not _HASH.fullmatch(request.hash):
            raise RpcCallError(INVALID_PARAMS, "incorrect hash: expected 64 hex digits")
        found = self._archive.find_transaction(request.hash.lower())
        row: Row = found or {
            "status": "NOT_FOUND",
            "txHash": request.hash,
            "applicationOrder": 0,
            "feeBump": False,
            "ledger": 0,
            "createdAt": 0,
        }
        # Here the time is text; in getTransactions it is a number.
        return self._window() | row | {"createdAt": str(row["createdAt"])}

    def _window(self) -> Row:
        newest, oldest = self._archive.newest, self._archive.oldest
        return {
            "latestLedger": newest.number,
            "latestLedgerCloseTime": str(newest.close_time),
            "oldestLedger": oldest.number,
            "oldestLedgerCloseTime": str(oldest.close_time),
        }

    def _get_ledger_entries(self, params: object) -> Row:
        keys = parse_params(params, EntriesRequest).keys or ()
        if len(keys) > _LARGEST_KEY_COUNT:
            raise RpcCallError(
                INVALID_PARAMS,
                f"key count ({len(keys)}) exceeds maximum supported ({_LARGEST_KEY_COUNT})",
            )
        wanted = dict.fromkeys(_key_bytes(key, index) for index, key in enumerate(keys))
        found = [self._entries[key] for key in wanted if key in self._entries]
        rows = [
            {
                "key": entry.key,
                "xdr": entry.data,
                "lastModifiedLedgerSeq": _GENESIS,
                "liveUntilLedgerSeq": _LIVE_UNTIL,
            }
            for entry in found
        ]
        if self._unified:
            rows = [row | {"extXdr": _NO_EXTENSION} for row in rows]
        return {"entries": rows, "latestLedger": self._archive.newest.number}


def _key_bytes(key: str, index: int) -> bytes:
    """Return the XDR of a ledger key that a client sent as base64."""
    try:
        if len(key) > _LONGEST_KEY:
            raise ValueError("too long")
        raw = b64decode(key, validate=True)
        parsed = stellar_xdr.LedgerKey.from_xdr_bytes(raw)
    except (ValueError, EOFError) as cause:
        # EOFError: XDR that ends too soon.
        raise RpcCallError(
            INVALID_PARAMS, f"cannot unmarshal key value at index {index}"
        ) from cause
    if parsed.type == stellar_xdr.LedgerEntryType.TTL:
        raise RpcCallError(INVALID_PARAMS, "ledger ttl entries cannot be queried directly")
    return raw
