"""Records of a block → those that somebody waits for: the one loop that meets every log."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from tocsin.chains.evm.keys import ANONYMOUS, ANY, EVENT, FUNCTION, PLAIN_CALL, selector_in
from tocsin.chains.evm.types import LogRecord, ReceiptRecord, TransactionRecord
from tocsin.model.activity import Record, Waiting

_Waiting = TypeVar("_Waiting")
_Found = list[tuple[int, Record, _Waiting]]
_Details = Mapping[str, _Waiting]


def find_records(
    transactions: Sequence[TransactionRecord],
    receipts: Sequence[ReceiptRecord],
    waiting: Waiting[_Waiting],
) -> _Found[_Waiting]:
    """Return each record somebody waits for: its transaction's place, it, and who waits.

    In chain order; the call of a transaction comes before its logs, and who waits for a contract
    before who waits for any.
    """
    found: _Found[_Waiting] = []
    calls = FUNCTION in waiting or PLAIN_CALL in waiting
    events = [waiting.get(form, {}) for form in EVENT]
    is_plain = ANONYMOUS not in waiting and not any(ANY in scopes for scopes in events)
    for place, (transaction, receipt) in enumerate(zip(transactions, receipts, strict=True)):
        if calls and transaction.to is not None:
            found += [(place, transaction, each) for each in _callers(transaction, waiting)]
        if not receipt.logs:
            continue
        if is_plain:
            _add_plain(found, place, receipt.logs, events)
        else:
            _add_all(found, place, receipt.logs, (events, waiting.get(ANONYMOUS, {})))
    return found


def _add_plain(
    found: _Found[_Waiting],
    place: int,
    logs: Sequence[LogRecord],
    events: Sequence[Mapping[str, _Details[_Waiting]]],
) -> None:
    """Add what is waited for by contract and topic, which is all there is on most networks."""
    for log in logs:
        topics = log.topics
        details = events[len(topics)].get(log.address)
        if details is not None and topics:
            each = details.get(topics[0])
            if each is not None:
                found.append((place, log, each))


def _add_all(
    found: _Found[_Waiting],
    place: int,
    logs: Sequence[LogRecord],
    waiting: tuple[Sequence[Mapping[str, _Details[_Waiting]]], Mapping[str, _Details[_Waiting]]],
) -> None:
    """Add whatever is waited for: of events by their number of topics, and of anonymous ones."""
    events, anonymous = waiting
    nothing: _Details[_Waiting] = {}
    for log in logs:
        topics = log.topics
        scopes = events[len(topics)]
        if topics and scopes:
            first = scopes.get(log.address, nothing).get(topics[0])
            others = (first, scopes.get(ANY, nothing).get(topics[0]))
            found += [(place, log, each) for each in others if each is not None]
        nameless = anonymous.get(log.address, nothing).get(str(len(topics)))
        if nameless is not None:
            found.append((place, log, nameless))


def _callers(transaction: TransactionRecord, waiting: Waiting[_Waiting]) -> Iterator[_Waiting]:
    target = transaction.to or ""
    selector = selector_in(transaction.input)
    if selector:
        yield from _at(waiting, FUNCTION, target, selector)
        yield from _at(waiting, FUNCTION, ANY, selector)
    yield from _at(waiting, PLAIN_CALL, target, "")


def _at(waiting: Waiting[_Waiting], form: str, scope: str, detail: str) -> Iterator[_Waiting]:
    each = waiting.get(form, {}).get(scope, {}).get(detail)
    if each is not None:
        yield each
