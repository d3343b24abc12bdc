"""One call, event or operation: where it is filed, and fields that are read when asked."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from typing_extensions import override

from tocsin.chains.stellar.arguments import (
    Opened,
    Shape,
    Spots,
    ValueFields,
    call_fields,
    event_fields,
    shape_of,
)
from tocsin.chains.stellar.codec.envelope import EncodedEnvelope
from tocsin.chains.stellar.codec.scan import kind_of, scan_array, scan_content
from tocsin.chains.stellar.codec.xdr import from_base64
from tocsin.chains.stellar.operations import Operation, OperationFields, operation_fields
from tocsin.chains.stellar.topics import scan_topics, topic_kinds, topic_name
from tocsin.chains.stellar.types import EventEntry
from tocsin.model.activity import Access, ActivityKind, Reader, Record
from tocsin.model.interface import Argument, Layout, Simple, Value, simple_value


class Fields(Protocol):
    """What an activity holds by one layout, all of which fits."""

    def simple(self, position: int) -> Value:
        """Return the value of a field as expressions compare it."""
        ...

    def arguments(self) -> tuple[Argument, ...]:
        """Return all of them, in the layout's order."""
        ...


Kinds = list[str] | None

OnMalformed = Callable[[], None]
"""Takes note that something did not fit what its place promised."""


class StellarActivity(ABC):
    """What is filed under a key.

    The key's parts are: of a call or event the contract and the name, of an operation its type.
    """

    __slots__ = ("_arguments", "_fields", "_on_malformed", "detail", "scope")

    kind: ActivityKind

    def __init__(self, scope: str, detail: str, on_malformed: OnMalformed) -> None:
        self.scope = scope
        self.detail = detail
        self._on_malformed = on_malformed
        self._fields: tuple[tuple[Shape, Fields | None], ...] = ()
        self._arguments: tuple[tuple[Fields, tuple[Argument, ...]], ...] = ()

    @abstractmethod
    def _read(self, shape: Shape) -> Fields | None:
        """Return the fields by a layout, None where they do not fit; garbage is a ValueError."""

    @property
    def key(self) -> str:
        """Return the text under which conditions on it are filed."""
        return f"{FORMS[self.kind]}:{self.scope}:{self.detail}"

    def arguments(self, layout: Layout) -> Sequence[Argument] | None:
        """Return the values in the layout's order, or None where the data do not fit it."""
        fields = self.fields(shape_of(layout))
        if fields is None:
            return None
        for known, arguments in self._arguments:
            if known is fields:
                return arguments
        made = fields.arguments()
        self._arguments += ((fields, made),)
        return made

    def fits(self, layout: Layout) -> bool:
        """Return whether the whole of the data fits the layout."""
        return self.fields(shape_of(layout)) is not None

    def fields(self, shape: Shape) -> Fields | None:
        """Return the fields by a layout, or None where the data do not fit it."""
        for known, fields in self._fields:
            if known is shape:
                return fields
        try:
            read = self._read(shape)
        except ValueError:
            # a contract may emit anything: counted, so that somebody can see it
            self._on_malformed()
            read = None
        self._fields += ((shape, read),)
        return read


class CallActivity(StellarActivity):
    """A call of a contract: its arguments are in the envelope, from a position."""

    __slots__ = ("_envelope", "_found", "_kinds", "_position")

    kind = ActivityKind.FUNCTION

    def __init__(
        self,
        scope: str,
        detail: str,
        on_malformed: OnMalformed,
        envelope: EncodedEnvelope,
        position: int,
    ) -> None:
        super().__init__(scope, detail, on_malformed)
        self._envelope = envelope
        self._position = position
        self._found: Spots | None = None
        self._kinds: Kinds = None

    def kinds(self) -> Kinds:
        """Return what its arguments show, None of garbage."""
        if self._kinds is None:
            try:
                self._kinds = [kind for kind, _, _ in self._spots()]
            except ValueError:
                return None
        return self._kinds

    def _spots(self) -> Spots:
        if self._found is None:
            try:
                self._found, _ = scan_array(self._envelope.opening, self._position)
            except ValueError:
                self._found, _ = scan_array(self._envelope.whole, self._position)
        return self._found

    @override
    def _read(self, shape: Shape) -> ValueFields | None:
        return call_fields(shape, self._spots())


class EventActivity(StellarActivity):
    """An event of a contract."""

    __slots__ = ("_data", "_event", "_kinds")

    kind = ActivityKind.EVENT

    def __init__(self, detail: str, on_malformed: OnMalformed, event: EventEntry) -> None:
        super().__init__(event.contract_id, detail, on_malformed)
        self._event = event
        self._data: Opened | None = None
        self._kinds: Kinds = None

    def kinds(self) -> Kinds:
        """Return its name and what its other topics and its data show, None of garbage."""
        if self._kinds is None:
            try:
                shown = [self.detail, *topic_kinds((self._event.topic or ())[1:])]
                data = self._opened()
            except ValueError:
                return None
            if data is not None:
                shown.append(data[0][0])
            self._kinds = shown
        return self._kinds

    def _opened(self) -> Opened | None:
        if self._data is None and self._event.value is not None:
            raw = from_base64(self._event.value)
            content = scan_content(raw)
            self._data = (kind_of(content), raw, 0), content
        return self._data

    @override
    def _read(self, shape: Shape) -> ValueFields | None:
        topics, prefix = self._event.topic or (), shape.prefix
        if not shape.is_event or [topic_name(each) for each in topics[: len(prefix)]] != prefix:
            return None
        indexed = topics if shape.is_named else topics[len(prefix) :]
        return event_fields(shape, scan_topics(indexed), self._opened())


class OperationActivity(StellarActivity):
    """An operation, or an upgrade by one."""

    __slots__ = ("_operation",)

    kind = ActivityKind.OPERATION

    def __init__(self, operation: Operation, on_malformed: OnMalformed) -> None:
        super().__init__(operation.type.name, "", on_malformed)
        self._operation = operation

    @override
    def _read(self, shape: Shape) -> OperationFields | None:
        return operation_fields(shape.layout, self._operation)


def access_to(layout: Layout) -> Access:
    """Return how activities are looked at by a layout."""
    shape = shape_of(layout)

    def reader(position: int) -> Reader:
        value_type = layout.parameters[position].type

        def read(record: Record) -> Simple:
            fields = cast("StellarActivity", record).fields(shape)
            return None if fields is None else simple_value(fields.simple(position), value_type)

        return read

    kinds = shape.call_kinds if shape.is_call else shape.event_kinds
    # values are told apart by their kinds in most cases, at a fraction of what the rest costs
    return Access(
        reader=reader,
        fits="record.fields(shape) is not None"
        if kinds is None
        else "record.kinds() == kinds or record.fields(shape) is not None",
        constants={"shape": shape, "kinds": kinds},
    )


FORMS = {ActivityKind.EVENT: "e", ActivityKind.FUNCTION: "f", ActivityKind.OPERATION: "o"}
"""What a key begins with, by kind."""
