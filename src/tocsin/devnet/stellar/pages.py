"""The three methods that page: getLedgers, getTransactions, getEvents, each in its own way.

Quirks are kept, because clients of real servers meet them at the newest ledger: getLedgers
refuses its own cursor, getTransactions gives an empty page whose cursor leads back to the
start of that ledger, and getEvents gives empty pages with a cursor at its end for ever.
"""

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from tocsin.devnet.network import RpcCallError
from tocsin.devnet.stellar.archive import Archive
from tocsin.devnet.stellar.cursors import (
    EventPosition,
    end_of_ledger,
    operation_number,
    parse_number,
    parse_position,
    transaction_place,
)
from tocsin.devnet.stellar.filters import EventFilter, compile_filters
from tocsin.devnet.stellar.params import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    EventsRequest,
    RangeRequest,
    page_limit,
)
from tocsin.devnet.stellar.rows import EventRow, Row

_LARGEST_PAGE = 200
_DEFAULT_PAGE = 50
_LARGEST_EVENT_PAGE = 10_000
_DEFAULT_EVENT_PAGE = 100
_LEDGERS_SCANNED = 10_000


def get_ledgers(archive: Archive, request: RangeRequest) -> Row:
    """Return a page of ledgers and the cursor, which is the number of the last.

    Raises:
        RpcCallError: -32600 outside the retention window; -32602 for a bad cursor.
    """
    limit = _checked_limit(archive, request)
    start = request.start_ledger or 0
    if cursor := _cursor(request):
        start = _number(cursor) + 1
        if not archive.holds(start):
            raise RpcCallError(INVALID_PARAMS, f"cursor {_window(archive)}")
    rows = [ledger.ledger for ledger in islice(archive.since(start), limit)]
    return {
        "ledgers": rows,
        "latestLedger": archive.newest.number,
        "latestLedgerCloseTime": archive.newest.close_time,
        "oldestLedger": archive.oldest.number,
        "oldestLedgerCloseTime": archive.oldest.close_time,
        "cursor": str(start + len(rows) - 1),
    }


def get_transactions(archive: Archive, request: RangeRequest) -> Row:
    """Return a page of transactions and the cursor, which is an operation id of the last.

    Raises:
        RpcCallError: -32600 outside the retention window; -32602 for a bad cursor.
    """
    limit = _checked_limit(archive, request)
    place = (request.start_ledger or 0, 0)
    if cursor := _cursor(request):
        place = transaction_place(_number(cursor))
        if place[0] < archive.oldest.number:
            raise RpcCallError(
                INVALID_PARAMS, f"database does not contain metadata for ledger: {place[0]}"
            )
    rows, last = _collect_transactions(archive, place, limit)
    return {
        "transactions": rows,
        "latestLedger": archive.newest.number,
        "latestLedgerCloseTimestamp": archive.newest.close_time,
        "oldestLedger": archive.oldest.number,
        "oldestLedgerCloseTimestamp": archive.oldest.close_time,
        "cursor": str(last),
    }


def get_events(archive: Archive, request: EventsRequest, *, unified: bool) -> Row:
    """Return a page of events and the cursor: the last event's id, or the end of what was read.

    ``unified`` tells whether to answer as servers do from protocol 23 on.

    Raises:
        RpcCallError: -32600 outside the retention window; -32602 for all else.
    """
    filters = compile_filters(request.filters or ())
    limit = page_limit(
        request.pagination,
        default=_DEFAULT_EVENT_PAGE,
        maximum=_LARGEST_EVENT_PAGE,
        error_code=INVALID_PARAMS,
    )
    after = _event_start(archive, request)
    first = after.ledger if _cursor(request) else request.start_ledger or 0
    end = min(first + _LEDGERS_SCANNED, archive.newest.number + 1)
    end = min(request.end_ledger or end, end)
    found = list(
        islice(_admitted_events(archive, filters, first=first, end=end, after=after), limit)
    )
    last = found[-1].position if len(found) == limit else end_of_ledger(end - 1)
    answer: Row = {
        "events": [event.row for event in found],
        "latestLedger": archive.newest.number,
        "cursor": last.text,
    }
    if unified:
        answer |= {
            "oldestLedger": archive.oldest.number,
            "latestLedgerCloseTime": str(archive.newest.close_time),
            "oldestLedgerCloseTime": str(archive.oldest.close_time),
        }
    return answer


def _checked_limit(archive: Archive, request: RangeRequest) -> int:
    """Return the size of the page after the checks that getLedgers and getTransactions share."""
    start = request.start_ledger or 0
    if _cursor(request):
        if start:
            raise RpcCallError(INVALID_REQUEST, "startLedger and cursor cannot both be set")
    elif not archive.holds(start):
        raise RpcCallError(INVALID_REQUEST, f"start ledger {_window(archive)}")
    return page_limit(
        request.pagination,
        default=_DEFAULT_PAGE,
        maximum=_LARGEST_PAGE,
        error_code=INVALID_REQUEST,
    )


def _window(archive: Archive) -> str:
    return (
        f"must be between the oldest ledger: {archive.oldest.number} and the latest ledger: "
        f"{archive.newest.number} for this rpc instance"
    )


def _cursor(request: RangeRequest | EventsRequest) -> str:
    return (request.pagination.cursor or "") if request.pagination else ""


def _number(cursor: str) -> int:
    try:
        return parse_number(cursor)
    except ValueError as cause:
        raise RpcCallError(INVALID_PARAMS, f"cursor invalid: {cause}") from cause


def _collect_transactions(
    archive: Archive, place: tuple[int, int], limit: int
) -> tuple[list[Row], int]:
    """Return the rows after a place (ledger, order) and the cursor that follows them."""
    rows: list[Row] = []
    cursor = 0
    for ledger in archive.since(place[0]):
        order = place[1] if ledger.number == place[0] else 0
        page = ledger.transactions[order : order + limit - len(rows)]
        rows += page
        cursor = operation_number(ledger.number, order + len(page) if page else 0, 1)
        if len(rows) == limit:
            break
    return rows, cursor


def _event_start(archive: Archive, request: EventsRequest) -> EventPosition:
    """Return the position after which to read."""
    start = request.start_ledger or 0
    if cursor := _cursor(request):
        if start or request.end_ledger:
            raise RpcCallError(INVALID_PARAMS, "ledger ranges and cursor cannot both be set")
        try:
            after = parse_position(cursor)
        except ValueError as cause:
            raise RpcCallError(INVALID_PARAMS, f"invalid event id: {cause}") from cause
        start = after.ledger
    elif start:
        after = end_of_ledger(start - 1)
    else:
        raise RpcCallError(INVALID_PARAMS, "startLedger must be positive")
    if not archive.holds(start):
        raise RpcCallError(
            INVALID_REQUEST,
            "startLedger must be within the ledger range: "
            f"{archive.oldest.number} - {archive.newest.number}",
        )
    return after


def _admitted_events(
    archive: Archive,
    filters: Sequence[EventFilter],
    *,
    first: int,
    end: int,
    after: EventPosition,
) -> Iterator[EventRow]:
    for ledger in takewhile(lambda ledger: ledger.number < end, archive.since(first)):
        for event in ledger.events:
            if event.position <= after:
                continue
            if not filters or any(each.admits(event) for each in filters):
                yield event
