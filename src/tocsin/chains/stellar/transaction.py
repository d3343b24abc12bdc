"""One transaction of a ledger: its calls, events and operations, read when asked.

Envelopes are walked only as far as their operations, values only when a layout asks for them.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

from tocsin.chains.stellar.activity import (
    CallActivity,
    EventActivity,
    OnMalformed,
    OperationActivity,
)
from tocsin.chains.stellar.codec.envelope import (
    EncodedEnvelope,
    Envelope,
    Invocation,
    Payment,
    decode_envelope,
    find_only_call,
    may_call,
)
from tocsin.chains.stellar.keying import TRANSACTION_LAYOUT
from tocsin.chains.stellar.kinds import normalized
from tocsin.chains.stellar.operations import Operation, operation_at
from tocsin.chains.stellar.topics import topic_name
from tocsin.chains.stellar.types import EventEntry, TransactionEntry
from tocsin.chains.stellar.upgrades import find_upgrades
from tocsin.model.activity import Activity, TransactionRef, TransactionStatus
from tocsin.model.block import BlockRef
from tocsin.model.ids import NetworkId
from tocsin.model.interface import Argument, Value

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

    # most transactions need no dictionary of what was asked for once
    __slots__ = (
        "__dict__",
        "_emitted",
        "_encoded",
        "_entry",
        "_found_calls",
        "_ledger",
        "_system_events",
        "events",
    )

    def __init__(
        self,
        entry: TransactionEntry,
        events: Sequence[EventEntry],
        ledger: Ledger,
        system_events: Sequence[EventEntry] = (),
    ) -> None:
        self._entry = entry
        self.events = events
        self._ledger = ledger
        self._system_events = system_events
        # not cached properties: their locks cost more than most transactions do
        self._encoded = EncodedEnvelope(entry.envelope_xdr or "")
        self._found_calls: Sequence[CallActivity] | None = None
        self._emitted: dict[int, EventActivity | None] = {}

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
    def calls(self) -> Sequence[CallActivity]:
        """Return its contract calls, also of a failed one."""
        return self.find_calls() if may_call(self._entry.envelope_xdr or "") else ()

    @property
    def emitted(self) -> Sequence[EventActivity]:
        """Return its contract events."""
        found = map(self.emitted_at, range(len(self.events)))
        return tuple(each for each in found if each is not None)

    def emitted_at(self, place: int) -> EventActivity | None:
        """Return the event at a place, the same one every time; None of one without a name."""
        if place not in self._emitted:
            event, on_malformed = self.events[place], self._ledger.count_malformed
            name = _event_name(event, on_malformed)
            self._emitted[place] = EventActivity(name, on_malformed, event) if name else None
        return self._emitted[place]

    @property
    def emitters(self) -> Sequence[str]:
        """Return the contracts that emitted events."""
        return [event.contract_id for event in self.events]

    @cached_property
    def operations(self) -> Sequence[tuple[OperationActivity, Operation]]:
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
            return decode_envelope(self._encoded.whole)
        except ValueError:
            self._ledger.count_malformed()
            return None

    def find_calls(self) -> Sequence[CallActivity]:
        """Return its contract calls, the same objects every time; asked of one that may call."""
        if self._found_calls is None:
            self._found_calls = self._read_calls()
        return self._found_calls

    def _read_calls(self) -> Sequence[CallActivity]:
        only = find_only_call(self._encoded.opening)
        if only is not None:
            return (self._call(only),)
        if self._envelope is None:
            return ()
        calls = [each for each in self._envelope.operations if isinstance(each, Invocation)]
        return [self._call(each) for each in calls if each.contract]

    def _call(self, call: Invocation) -> CallActivity:
        contract, function, position = call
        on_malformed = self._ledger.count_malformed
        return CallActivity(contract, _key_name(function), on_malformed, self._encoded, position)

    def _operations(self) -> Iterator[tuple[OperationActivity, Operation]]:
        envelope = self._envelope
        source = None
        if envelope is not None:
            source = envelope.source
            yield from self._operations_in(envelope)
        for upgrade in find_upgrades(self._entry, self._system_events, source):
            yield self._operation(upgrade)

    def _operations_in(self, envelope: Envelope) -> Iterator[tuple[OperationActivity, Operation]]:
        for slot in envelope.slots:
            try:
                yield self._operation(operation_at(envelope, slot))
            except ValueError:
                self._ledger.count_malformed()

    def _operation(self, operation: Operation) -> tuple[OperationActivity, Operation]:
        return OperationActivity(operation, self._ledger.count_malformed), operation

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


@lru_cache(maxsize=16_384)
def _key_name(function: str) -> str:
    return normalized(function)


def _receiver(operation: Payment | Invocation) -> str:
    return operation.destination if isinstance(operation, Payment) else operation.contract


def _event_name(event: EventEntry, on_malformed: OnMalformed) -> str | None:
    """Return the name an event is filed under, None where its first topic is no text."""
    try:
        return topic_name(event.topic[0]) if event.topic else None
    except ValueError:
        on_malformed()
        return None
