"""Decoded values and a layout → the fields of a call or event, or None where they do not fit.

Source: names, unpacking and texts as restated from OpenZeppelin Monitor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from tocsin.chains.stellar.codec.scval import ScValue, leading_text
from tocsin.chains.stellar.declaration import DECLARED, NAMED, OBSERVED, ONE_VALUE
from tocsin.chains.stellar.kinds import (
    SCALARS,
    base_of,
    is_fit,
    is_observed_as,
    normalized,
    python_type,
)
from tocsin.model.interface import Argument, Layout, Value
from tocsin.model.network import ChainFamily

_CONTAINERS = frozenset({"Vec", "Map"})
_NOTHING: tuple[object, ...] = (None, (), {})


@dataclass(frozen=True, slots=True)
class ValueFields:
    """Values that fit a layout, in its order.

    ``is_call`` decides how containers are shown: those of calls as compact JSON under the kinds
    ``Vec`` and ``Map``, nothing as empty text; those of events as what they are.
    """

    layout: Layout
    values: Sequence[ScValue]
    indexed_count: int
    is_call: bool

    def simple(self, position: int) -> Value:
        """Return the value of a field as expressions compare it."""
        return self.values[position].comparable

    def arguments(self) -> tuple[Argument, ...]:
        """Return all of them, in the layout's order."""
        return tuple(
            Argument(
                name=parameter.name,
                kind=_call_kind(value) if self.is_call else value.kind,
                type=parameter.type,
                value=value.comparable,
                text=_call_text(value) if self.is_call else value.text,
                indexed=place < self.indexed_count,
            )
            for place, (parameter, value) in enumerate(
                zip(self.layout.parameters, self.values, strict=True)
            )
        )


_EVENT_MODES = (DECLARED, OBSERVED, NAMED)


class Shape:
    """A layout, taken apart once for everything that is decoded by it."""

    __slots__ = (
        "_checks",
        "data",
        "data_format",
        "is_call",
        "is_event",
        "is_named",
        "layout",
        "prefix",
    )

    def __init__(self, layout: Layout) -> None:
        mode, self.data_format, *prefix = layout.details or (DECLARED, ONE_VALUE)
        is_ours = layout.family == ChainFamily.STELLAR
        self.layout = layout
        self.is_call = is_ours and not layout.details
        self.is_event = is_ours and mode in _EVENT_MODES and not self.is_call
        self.is_named = mode == NAMED
        self.prefix = prefix
        self.data = [each for each in layout.parameters if not each.indexed]
        fits = is_fit if mode == DECLARED else is_observed_as
        self._checks = [
            (
                each.kind if each.kind in SCALARS else None,
                each.kind,
                fits,
                python_type(each.type),
                base_of(each.kind) == "Option",
            )
            for each in layout.parameters
        ]

    @property
    def size(self) -> int:
        """Return how many parameters there are."""
        return len(self._checks)

    def fits_data(self, data: ScValue) -> bool:
        """Return whether data are what the last parameter alone declares."""
        _, kind, fits, _, _ = self._checks[-1]
        return fits(kind, data)

    def suit(self, values: Sequence[ScValue]) -> bool:
        """Return whether as many values as there are parameters are of their kinds and types."""
        if len(values) != len(self._checks):
            return False
        for value, check in zip(values, self._checks, strict=True):
            scalar, kind, fits, expected, optional = check
            if value.base == scalar:
                continue
            if not fits(kind, value):
                return False
            content = value.content
            is_typed = expected is None or type(content) is expected
            if not is_typed and not (optional and content is None):
                return False
        return True


@lru_cache(maxsize=16_384)
def shape_of(layout: Layout) -> Shape:
    """Return a layout taken apart, the same object for equal layouts."""
    return Shape(layout)


def call_fields(shape: Shape, values: Sequence[ScValue]) -> ValueFields | None:
    """Return a call's fields."""
    if not shape.is_call or not shape.suit(values):
        return None
    return ValueFields(shape.layout, values, 0, is_call=True)


def event_fields(
    shape: Shape, topics: Sequence[ScValue], data: ScValue | None
) -> ValueFields | None:
    """Return an event's fields, topics first; ``data`` is None where there are none."""
    if not shape.is_event:
        return None
    prefix = shape.prefix
    if len(topics) < len(prefix) or not all(map(_is_named, topics, prefix)):
        return None
    indexed = topics if shape.is_named else topics[len(prefix) :]
    if shape.data_format != ONE_VALUE and len(indexed) + len(shape.data) != shape.size:
        return None
    values = [*indexed, *_unpack(shape, data)]
    if not shape.suit(values):
        return None
    return ValueFields(shape.layout, values, len(indexed), is_call=False)


def _is_named(topic: ScValue, name: str) -> bool:
    text = leading_text(topic)
    return text is not None and (text == name or normalized(text) == name)


def _unpack(shape: Shape, data: ScValue | None) -> list[ScValue]:
    """Return the values of the parameters in the data, in order; fewer where some are missing."""
    if data is None:
        return []
    content, data_format, expected = data.content, shape.data_format, shape.data
    if data_format != ONE_VALUE and not expected and content in _NOTHING:
        return []
    if data_format in _SEVERAL and isinstance(content, tuple):
        return list(content)
    if isinstance(content, dict):
        if data_format in _SEVERAL:
            return [content[each.name] for each in expected if each.name in content]
        if len(expected) == 1 and not shape.fits_data(data):
            return [_inner(content, expected[0].name) or data]
    return [data]


_SEVERAL = ("vec", "map")


def _inner(items: Mapping[str, ScValue], name: str) -> ScValue | None:
    """Return the one value expected where a map holds it.

    It may be under its name, or ``amount`` beside ``to_muxed_id``: so tokens tell of a muxed
    receiver since protocol 23. Source: CAP-67.
    """
    return items.get(name) or (items["amount"] if items.keys() == _MUXED_AMOUNT else None)


_MUXED_AMOUNT = {"amount", "to_muxed_id"}


def _call_kind(value: ScValue) -> str:
    return value.base if value.base in _CONTAINERS else value.kind


def _call_text(value: ScValue) -> str:
    if value.content is None:
        return ""
    if value.base in _CONTAINERS:
        return msgspec.json.encode(value.json).decode()
    return value.text
