"""One transaction of a ledger: its calls, events and operations, read when asked.

Envelopes are walked only as far as their operations, values only when a layout asks for them.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

from tocsin.chains.stellar.activity import Read, StellarActivity
from tocsin.chains.stellar.arguments import Shape, ValueFields, call_fields, event_fields
from tocsin.chains.stellar.codec.envelope import (
    INVOKE_HOST_FUNCTION,
    Envelope,
    Invocation,
    Payment,
    decode_envelope,
    find_only_call,
)
from tocsin.chains.stellar.codec.scval import ScValue, decode_value, leading_text, read_values
from tocsin.chains.stellar.codec.xdr import XdrReader, from_base64
from tocsin.chains.stellar.keying import TRANSACTION_LAYOUT
from tocsin.chains.stellar.kinds import normalized
from tocsin.chains.stellar.operations import Operation, operation_at, operation_fields
from tocsin.chains.stellar.types import EventEntry, TransactionEntry
from tocsin.chains.stellar.upgrades import find_upgrades
from tocsin.model.activity import Activity, ActivityKind, TransactionRef, TransactionStatus
from tocsin.model.block import BlockRef
from tocsin.model.ids import NetworkId
from tocsin.model.interface import Argument, Value

_CALL = INVOKE_HOST_FUNCTION.to_bytes(4, "big")

_SHORT_TOPIC = 128  # names, accounts, assets; more would let a contract choose how much we keep

_STATUSES = {
    "SUCCESS": TransactionStatus.SUCCESS,
    "FAILED": TransactionStatus.FAILURE,
    "NOT FOUND": TransactionStatus.FAILURE,
}


class Ledger(Protocol):
    """What a transaction knows of the ledger it is in."""

    network_id: NetworkId
    ref: BlockRef

    def count_malformed(self) -> None:
        """Take note that something in the ledger did not fit what its place promised."""
        ...

    def document(self, ref: TransactionRef) -> bytes:
        """Return the document of one of its transactions."""
        ...


class StellarTransaction:
    """One transaction with its events."""

    def __init__(
        self,
        entry: TransactionEntry,
        events: Sequence[EventEntry],
        ledger: Ledger,
        system_events: Sequence[EventEntry] = (),
    ) -> None:
        self._entry = entry
        self._events = events
        self._ledger = ledger
        self._system_events = system_events
        self._raw: bytes | None = None
        self._found_calls: Sequence[StellarActivity] | None = None
        self._found_events: Sequence[StellarActivity] | None = None

    @cached_property
    def ref(self) -> TransactionRef:
        """Return where it is."""
        block = self._ledger.ref
        return TransactionRef(
            network_id=self._ledger.network_id,
            block_hash=block.hash,
            block_number=block.number,
            block_time=block.block_time,
            hash=self._entry.tx_hash,
            index=self._entry.application_order - 1,
        )

    @property
    def status(self) -> TransactionStatus:
        """Return how it ended, as the node reports it."""
        return _STATUSES.get(self._entry.status, TransactionStatus.UNKNOWN)

    @property
    def activities(self) -> Sequence[Activity]:
        """Return its contract calls, also of a failed one, then its events, in chain order."""
        return (*self.calls, *self.emitted)

    @property
    def calls(self) -> Sequence[StellarActivity]:
        """Return its contract calls, also of a failed one."""
        if self._found_calls is None:
            self._found_calls = tuple(self._calls())
        return self._found_calls

    @property
    def emitted(self) -> Sequence[StellarActivity]:
        """Return its contract events."""
        if self._found_events is None:
            self._found_events = tuple(self._emitted())
        return self._found_events

    @property
    def emitters(self) -> Sequence[str]:
        """Return the contracts that emitted events."""
        return [event.contract_id for event in self._events]

    @cached_property
    def operations(self) -> Sequence[tuple[StellarActivity, Operation]]:
        """Return its operations and upgrades, those of known types, also of a failed one."""
        return tuple(self._operations())

    @cached_property
    def addresses(self) -> Collection[str]:
        """Return the canonical addresses of source, receivers, called contracts and emitters."""
        found = set(self.emitters)
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
        if self._entry.envelope_xdr is None:
            return None
        try:
            return decode_envelope(self._encoded())
        except ValueError:
            self._ledger.count_malformed()
            return None

    def _encoded(self) -> bytes:
        """Return the envelope, or nothing where there is none to read."""
        if self._raw is None:
            try:
                self._raw = from_base64(self._entry.envelope_xdr or "")
            except ValueError:
                self._raw = b""
        return self._raw

    def _calls(self) -> Iterator[StellarActivity]:
        for operation in self._operations_that_may_call():
            if isinstance(operation, Invocation) and operation.contract:
                yield StellarActivity(
                    ActivityKind.FUNCTION,
                    operation.contract,
                    normalized(operation.function),
                    self._read_call(operation),
                    self._ledger.count_malformed,
                )

    def _operations_that_may_call(self) -> Sequence[Payment | Invocation]:
        """Return the operations; not all of them where it can be told that the others call none."""
        text = self._entry.envelope_xdr
        if text is None:
            return ()
        only = find_only_call(_opening(text))
        if only is not None:
            return (only,)
        if not _may_call(self._encoded()) or self._envelope is None:
            return ()
        return self._envelope.operations

    def _read_call(self, call: Invocation) -> Read:
        def read(shape: Shape) -> ValueFields | None:
            return call_fields(shape, read_values(XdrReader(self._encoded(), call.position)))

        return read

    def _emitted(self) -> Iterator[StellarActivity]:
        for event in self._events:
            name = _event_name(event, self._ledger.count_malformed)
            if name:
                yield StellarActivity(
                    ActivityKind.EVENT,
                    event.contract_id,
                    name,
                    _read_event(event),
                    self._ledger.count_malformed,
                )

    def _operations(self) -> Iterator[tuple[StellarActivity, Operation]]:
        envelope = self._envelope
        source = None
        if envelope is not None:
            source = envelope.source
            yield from self._operations_in(envelope)
        for upgrade in find_upgrades(self._entry, self._system_events, source):
            yield self._operation(upgrade)

    def _operations_in(self, envelope: Envelope) -> Iterator[tuple[StellarActivity, Operation]]:
        for slot in envelope.slots:
            try:
                yield self._operation(operation_at(envelope, slot))
            except ValueError:
                self._ledger.count_malformed()

    def _operation(self, operation: Operation) -> tuple[StellarActivity, Operation]:
        activity = StellarActivity(
            ActivityKind.OPERATION,
            operation.type.name,
            "",
            lambda shape: operation_fields(shape.layout, operation),
            self._ledger.count_malformed,
        )
        return activity, operation

    def parties(self, operation: Operation) -> Collection[str]:
        """Return the accounts and contracts that an operation names; none of a spoilt one."""
        try:
            return dict.fromkeys(operation.accounts())
        except ValueError:
            self._ledger.count_malformed()
            return ()

    @cached_property
    def _views(self) -> Sequence[Sequence[Argument]]:
        if self._envelope is None or not self._envelope.operations:
            source = None if self._envelope is None else self._envelope.source
            return (self._view(0, None, None, source),)
        sender = self._envelope.source
        return tuple(
            self._view(
                each.amount if isinstance(each, Payment) else 0,
                sender,
                _receiver(each),
                own or sender,
            )
            for each, own in zip(self._envelope.operations, self._envelope.sources, strict=True)
        )

    def _view(
        self, value: int, sender: str | None, receiver: str | None, source: str | None
    ) -> Sequence[Argument]:
        values: tuple[Value, ...] = (
            self.ref.hash,
            self.ref.block_number,
            value,
            sender,
            receiver,
            source,
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


def _opening(envelope: str) -> bytes:
    """Return the first bytes of an envelope, enough for where a call usually is."""
    try:
        return from_base64(envelope[:_OPENING_CHARACTERS])
    except ValueError:
        return b""


_OPENING_CHARACTERS = 420  # a multiple of 4; the longest opening has 304 bytes


def _may_call(envelope: bytes) -> bool:
    """Return whether the number that stands for a call is anywhere it could be."""
    place = envelope.find(_CALL)
    while place % 4 and place >= 0:
        place = envelope.find(_CALL, place + 1)
    return place >= 0


def _receiver(operation: Payment | Invocation) -> str:
    return operation.destination if isinstance(operation, Payment) else operation.contract


def _read_event(event: EventEntry) -> Read:
    def read(shape: Shape) -> ValueFields | None:
        topics = [_topic(topic) for topic in event.topic or ()]
        data = None if event.value is None else _value(event.value)
        return event_fields(shape, topics, data)

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


def _topic(text: str) -> ScValue:
    return _value(text) if len(text) > _SHORT_TOPIC else _short_topic(text)


@lru_cache(maxsize=16_384)  # the same names and accounts stand in most events of a network
def _short_topic(text: str) -> ScValue:
    return _value(text)


def _topic_name(topic: str) -> str:
    if len(topic) > _SHORT_TOPIC:
        return _read_topic_name(topic)
    return _short_topic_name(topic)


@lru_cache(maxsize=16_384)
def _short_topic_name(topic: str) -> str:
    return _read_topic_name(topic)


def _read_topic_name(topic: str) -> str:
    text = leading_text(_topic(topic))
    return "" if text is None else normalized(text)
