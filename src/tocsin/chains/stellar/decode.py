"""A bundle → transactions with keyed calls and events, whose fields decode when asked.

Envelopes are walked only as far as their operations, values only when a layout asks for them.
Garbage in one transaction or event never stops a ledger: it counts as malformed and matches
nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

import msgspec

from tocsin.chains.stellar.arguments import call_arguments, event_arguments
from tocsin.chains.stellar.codec.envelope import Envelope, Invocation, Payment, decode_envelope
from tocsin.chains.stellar.codec.scval import ScValue, decode_value, leading_text
from tocsin.chains.stellar.codec.xdr import from_base64
from tocsin.chains.stellar.keying import TRANSACTION_LAYOUT, event_key, function_key
from tocsin.chains.stellar.kinds import normalized
from tocsin.chains.stellar.parts import EVENTS_PART, LEDGER_PART, TRANSACTIONS_PART, part
from tocsin.chains.stellar.types import EventEntry, LedgerEntry, TransactionEntry, parse
from tocsin.model.activity import Activity, ActivityKind, TransactionRef, TransactionStatus
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.interface import Argument, Layout, Value

CONTRACT_EVENT = "contract"

_SHORT_TOPIC = 64  # every symbol; longer ones would let a contract choose how much we keep

_STATUSES = {
    "SUCCESS": TransactionStatus.SUCCESS,
    "FAILED": TransactionStatus.FAILURE,
    "NOT FOUND": TransactionStatus.FAILURE,
}

_Arguments = Sequence[Argument] | None
_Facts = dict[str, object]


class StellarActivity:
    """One call or event: a key, and arguments that ``read`` gives for a layout."""

    __slots__ = ("_decoded", "_on_malformed", "_read", "key", "kind")

    def __init__(
        self,
        kind: ActivityKind,
        key: str,
        *,
        read: Callable[[Layout], _Arguments],
        on_malformed: Callable[[], None],
    ) -> None:
        self.kind = kind
        self.key = key
        self._read = read
        self._on_malformed = on_malformed
        self._decoded: dict[Layout, _Arguments] = {}

    def arguments(self, layout: Layout) -> _Arguments:
        """Return the values in the layout's order, or None where the data do not fit it."""
        if layout not in self._decoded:
            self._decoded[layout] = self._decode(layout)
        return self._decoded[layout]

    def _decode(self, layout: Layout) -> _Arguments:
        try:
            return self._read(layout)
        except ValueError:
            # a contract may emit anything: counted, so that somebody can see it
            self._on_malformed()
            return None


class StellarTransaction:
    """One transaction with its events."""

    def __init__(
        self,
        ref: TransactionRef,
        entry: TransactionEntry,
        events: Sequence[EventEntry],
        ledger: "StellarLedger",
    ) -> None:
        self.ref = ref
        self._entry = entry
        self._events = events
        self._ledger = ledger

    @property
    def status(self) -> TransactionStatus:
        """Return how it ended, as the node reports it."""
        return _STATUSES.get(self._entry.status, TransactionStatus.UNKNOWN)

    @cached_property
    def activities(self) -> Sequence[Activity]:
        """Return its contract calls, also of a failed one, then its events, in chain order."""
        return (*self._calls(), *self._emitted())

    @cached_property
    def addresses(self) -> Collection[str]:
        """Return the canonical addresses of source, receivers, called contracts and emitters."""
        found = {event.contract_id for event in self._events}
        if self._envelope is not None:
            found.add(self._envelope.source)
            found.update(_receiver(each) for each in self._envelope.operations)
        return frozenset(found - {""})

    def views(self) -> Sequence[Sequence[Argument]]:
        """Return a field set per payment or host function, or one without parties."""
        return self._views

    def document(self) -> bytes:
        """Return the transaction, its events and its ledger as the node gave them.

        Shape: ``{"events": […], "ledger": {…}, "transaction": {…}}``, keys sorted; the ledger
        is without its metadata, which holds every other transaction too.
        """
        return self._ledger.document(self.ref)

    @cached_property
    def _envelope(self) -> Envelope | None:
        text = self._entry.envelope_xdr
        try:
            if text is not None:
                return decode_envelope(from_base64(text))
        except ValueError:
            self._ledger.count_malformed()
        return None

    def _calls(self) -> Iterator[StellarActivity]:
        for operation in self._envelope.operations if self._envelope is not None else ():
            if isinstance(operation, Invocation) and operation.contract:
                yield StellarActivity(
                    ActivityKind.FUNCTION,
                    function_key(operation.contract, normalized(operation.function)),
                    read=_read_call(operation),
                    on_malformed=self._ledger.count_malformed,
                )

    def _emitted(self) -> Iterator[StellarActivity]:
        for event in self._events:
            name = _event_name(event, self._ledger.count_malformed)
            if name:
                yield StellarActivity(
                    ActivityKind.EVENT,
                    event_key(event.contract_id, name),
                    read=_read_event(event),
                    on_malformed=self._ledger.count_malformed,
                )

    @cached_property
    def _views(self) -> Sequence[Sequence[Argument]]:
        if self._envelope is None or not self._envelope.operations:
            return (self._view(0, None, None),)
        source = self._envelope.source
        return tuple(
            self._view(
                each.amount if isinstance(each, Payment) else 0,
                source,
                _receiver(each),
            )
            for each in self._envelope.operations
        )

    def _view(self, value: int, sender: str | None, receiver: str | None) -> Sequence[Argument]:
        values: tuple[Value, ...] = (
            self.ref.hash,
            self.ref.block_number,
            value,
            sender,
            receiver,
        )
        pairs = zip(TRANSACTION_LAYOUT.parameters, values, strict=True)
        return tuple(
            Argument(
                name=p.name,
                kind=p.kind,
                type=p.type,
                value=each,
                text="" if each is None else str(each),
            )
            for p, each in pairs
        )


class StellarLedger:
    """A decoded bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._parts = bundle.parts
        parse(part(bundle.parts, LEDGER_PART), LedgerEntry, LEDGER_PART)
        self.ref: BlockRef = bundle.ref
        self.malformed_count = 0
        entries = parse(
            part(bundle.parts, TRANSACTIONS_PART), tuple[TransactionEntry, ...], TRANSACTIONS_PART
        )
        events = _by_transaction(bundle.parts)
        self.transactions: Sequence[StellarTransaction] = tuple(
            StellarTransaction(_place(bundle, each), each, events.get(each.tx_hash, ()), self)
            for each in sorted(entries, key=lambda each: each.application_order)
        )

    def count_malformed(self) -> None:
        """Take note that an activity did not fit what its place promised."""
        self.malformed_count += 1

    def document(self, ref: TransactionRef) -> bytes:
        """Return the document of one of its transactions."""
        transactions, events = self._documents
        facts = {
            "transaction": transactions.get(ref.hash, {}),
            "events": events.get(ref.hash, []),
            "ledger": self._ledger_facts,
        }
        return msgspec.json.encode(facts, order="sorted")

    @cached_property
    def _documents(self) -> tuple[dict[str, _Facts], dict[str, list[_Facts]]]:
        transactions = parse(part(self._parts, TRANSACTIONS_PART), list[_Facts], TRANSACTIONS_PART)
        events: dict[str, list[_Facts]] = {}
        for event in parse(part(self._parts, EVENTS_PART), list[_Facts], EVENTS_PART):
            events.setdefault(str(event.get("txHash")), []).append(event)
        return {str(each.get("txHash")): each for each in transactions}, events

    @cached_property
    def _ledger_facts(self) -> _Facts:
        return parse(part(self._parts, LEDGER_PART), _Facts, LEDGER_PART)


def decode(bundle: Bundle) -> StellarLedger:
    """Return the bundle with its activities keyed and their fields decoded when asked.

    Raises:
        MalformedBlockError: a part is missing or does not have the shape of a node's answer.
    """
    return StellarLedger(bundle)


def _by_transaction(parts: Mapping[str, bytes]) -> dict[str, list[EventEntry]]:
    found: dict[str, list[EventEntry]] = {}
    for event in parse(part(parts, EVENTS_PART), tuple[EventEntry, ...], EVENTS_PART):
        if event.type == CONTRACT_EVENT:
            found.setdefault(event.tx_hash, []).append(event)
    return found


def _place(bundle: Bundle, entry: TransactionEntry) -> TransactionRef:
    return TransactionRef(
        network_id=bundle.network_id,
        block_hash=bundle.ref.hash,
        block_number=bundle.ref.number,
        block_time=bundle.ref.block_time,
        hash=entry.tx_hash,
        index=entry.application_order - 1,
    )


def _receiver(operation: Payment | Invocation) -> str:
    return operation.destination if isinstance(operation, Payment) else operation.contract


def _read_call(invocation: Invocation) -> Callable[[Layout], _Arguments]:
    return lambda layout: call_arguments(layout, invocation.arguments())


def _read_event(event: EventEntry) -> Callable[[Layout], _Arguments]:
    def read(layout: Layout) -> _Arguments:
        topics = [_value(topic) for topic in event.topic or ()]
        data = None if event.value is None else _value(event.value)
        return event_arguments(layout, topics, data)

    return read


def _value(text: str) -> ScValue:
    return decode_value(from_base64(text))


def _event_name(event: EventEntry, on_malformed: Callable[[], None]) -> str:
    """Return the name an event is filed under, empty where its first topic is no text."""
    try:
        return _topic_name(event.topic[0]) if event.topic else ""
    except ValueError:
        on_malformed()
        return ""


def _topic_name(topic: str) -> str:
    if len(topic) > _SHORT_TOPIC:
        return _read_topic_name(topic)
    return _short_topic_name(topic)


@lru_cache(maxsize=16_384)  # the same few names lead most events of a network
def _short_topic_name(topic: str) -> str:
    return _read_topic_name(topic)


def _read_topic_name(topic: str) -> str:
    text = leading_text(_value(topic))
    return "" if text is None else normalized(text)
