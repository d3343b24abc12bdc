"""Closed ledger → what stellar-rpc would answer of it, encoded once and kept.

Source of every shape: stellar-rpc 22 and 23, protocol types.
"""

from base64 import b64encode
from datetime import UTC, datetime

import msgspec
from stellar_sdk import xdr as stellar_xdr

from tocsin.devnet.stellar.cursors import EventPosition, operation_number
from tocsin.devnet.stellar.ledgers import Applied, ClosedLedger
from tocsin.devnet.stellar.outcomes import UNIFIED_PROTOCOL

Row = dict[str, object]
"""One JSON object of an answer. Rows are shared between answers and must not be changed."""


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """One event with what the filters of getEvents look at; ``topics`` are XDR bytes."""

    position: EventPosition
    contract: str
    topics: tuple[bytes, ...]
    row: Row


class LedgerRows(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the network answers of one ledger."""

    number: int
    close_time: int
    hash: str
    ledger: Row
    transactions: tuple[Row, ...]
    events: tuple[EventRow, ...]


def render_ledger(closed: ClosedLedger, *, protocol: int) -> LedgerRows:
    """Return the rows of a ledger in the shapes of a protocol's RPC server."""
    placed = tuple(enumerate(closed.applied, start=1))
    return LedgerRows(
        number=closed.number,
        close_time=closed.close_time,
        hash=closed.hash,
        ledger={
            "hash": closed.hash,
            "sequence": closed.number,
            "ledgerCloseTime": str(closed.close_time),
            "headerXdr": _base64(closed.header.to_xdr_bytes()),
            "metadataXdr": _base64(closed.meta.to_xdr_bytes()),
        },
        transactions=tuple(
            _transaction_row(closed, applied, order=order, protocol=protocol)
            for order, applied in placed
        ),
        events=tuple(
            _event_row(closed, applied, event, place=(order, index), protocol=protocol)
            for order, applied in placed
            for index, event in enumerate(applied.outcome.events)
        ),
    )


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


def _transaction_row(closed: ClosedLedger, applied: Applied, *, order: int, protocol: int) -> Row:
    outcome = applied.outcome
    row: Row = {
        "status": "SUCCESS" if applied.plan.succeeds else "FAILED",
        "txHash": applied.envelope.hash.hex(),
        "applicationOrder": order,
        "feeBump": applied.plan.fee_bump,
        "envelopeXdr": _base64(applied.envelope.envelope.to_xdr_bytes()),
        "resultXdr": _base64(outcome.result.result.to_xdr_bytes()),
        "resultMetaXdr": _base64(outcome.meta.to_xdr_bytes()),
    }
    if outcome.diagnostics:
        row["diagnosticEventsXdr"] = [_base64(e.to_xdr_bytes()) for e in outcome.diagnostics]
    if protocol >= UNIFIED_PROTOCOL:
        row["events"] = _operation_events(outcome.meta)
    return row | {"ledger": closed.number, "createdAt": closed.close_time}


def _operation_events(meta: stellar_xdr.TransactionMeta) -> Row:
    """Return the events by operation; nothing at all where no operation was applied."""
    operations = meta.v4.operations if meta.v4 else []
    if not operations:
        return {}
    return {
        "contractEventsXdr": [
            [_base64(event.to_xdr_bytes()) for event in operation.events]
            for operation in operations
        ]
    }


def _event_row(
    closed: ClosedLedger,
    applied: Applied,
    event: stellar_xdr.ContractEvent,
    *,
    place: tuple[int, int],
    protocol: int,
) -> EventRow:
    order, index = place
    position = EventPosition(operation_number(closed.number, order, 0), index)
    plan = applied.plan
    contract = plan.call.events[index].contract.address if plan.call else ""
    topics = tuple(topic.to_xdr_bytes() for topic in _body(event).topics)
    closed_at = datetime.fromtimestamp(closed.close_time, UTC)
    row: Row = {
        "type": "contract",
        "ledger": closed.number,
        "ledgerClosedAt": closed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "contractId": contract,
        "id": position.text,
    }
    if protocol >= UNIFIED_PROTOCOL:
        row |= {"operationIndex": 0, "transactionIndex": order}
    else:
        row["pagingToken"] = position.text
    row |= {
        "txHash": applied.envelope.hash.hex(),
        "inSuccessfulContractCall": True,
        "topic": [_base64(topic) for topic in topics],
        "value": _base64(_body(event).data.to_xdr_bytes()),
    }
    return EventRow(position=position, contract=contract, topics=topics, row=row)


def _body(event: stellar_xdr.ContractEvent) -> stellar_xdr.ContractEventV0:
    if event.body.v0 is None:
        raise ValueError("a contract event without a body")
    return event.body.v0
