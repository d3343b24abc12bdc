"""One call, event or operation: where it is filed, and fields that are read when asked."""

from collections.abc import Callable, Sequence
from typing import Protocol, cast

from tocsin.chains.stellar.arguments import Shape, shape_of
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


Read = Callable[[Shape], Fields | None]
"""Gives the fields by a layout, None where they do not fit it; garbage is a ValueError."""


class StellarActivity:
    """What ``read`` gives for a layout, under a key.

    The key's parts are: of a call or event the contract and the name, of an operation its type.
    """

    __slots__ = ("_arguments", "_fields", "_on_malformed", "_read", "detail", "kind", "scope")

    def __init__(
        self,
        kind: ActivityKind,
        scope: str,
        detail: str,
        read: Read,
        on_malformed: Callable[[], None],
    ) -> None:
        self.kind = kind
        self.scope = scope
        self.detail = detail
        self._read = read
        self._on_malformed = on_malformed
        self._fields: list[tuple[Shape, Fields | None]] = []
        self._arguments: list[tuple[Fields, tuple[Argument, ...]]] = []

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
        self._arguments.append((fields, made))
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
        self._fields.append((shape, read))
        return read


def access_to(layout: Layout) -> Access:
    """Return how activities are looked at by a layout."""
    shape = shape_of(layout)

    def reader(position: int) -> Reader:
        value_type = layout.parameters[position].type

        def read(record: Record) -> Simple:
            fields = cast("StellarActivity", record).fields(shape)
            return None if fields is None else simple_value(fields.simple(position), value_type)

        return read

    def fits(record: Record) -> bool:
        return cast("StellarActivity", record).fields(shape) is not None

    return Access(reader=reader, constants={"fits": fits})


FORMS = {ActivityKind.EVENT: "e", ActivityKind.FUNCTION: "f", ActivityKind.OPERATION: "o"}
"""What a key begins with, by kind."""
