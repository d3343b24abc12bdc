"""Values and a layout → the fields of a call or event, or None where they do not fit it.

Values are told apart by the kinds they show; they decode when somebody asks for them.
Source: names, unpacking and texts as restated from OpenZeppelin Monitor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from tocsin.chains.stellar.codec.scan import Content, Spot, value_at
from tocsin.chains.stellar.codec.scval import ScValue
from tocsin.chains.stellar.declaration import DECLARED, NAMED, OBSERVED, ONE_VALUE
from tocsin.chains.stellar.kinds import base_of, is_fit, is_observed_as, is_typed, value_type_of
from tocsin.model.interface import Argument, Layout, Parameter, Value
from tocsin.model.network import ChainFamily

_CONTAINERS = frozenset({"Vec", "Map"})
_EVENT_MODES = (DECLARED, OBSERVED, NAMED)
_SEVERAL = ("vec", "map")

Spots = Sequence[Spot]


class Shape:
    """A layout, taken apart once for everything that is looked at by it."""

    __slots__ = (
        "_is_plain",
        "_kinds",
        "_mode",
        "data",
        "data_format",
        "is_call",
        "is_event",
        "is_named",
        "layout",
        "prefix",
    )

    def __init__(self, layout: Layout) -> None:
        self._mode, self.data_format, *prefix = layout.details or (DECLARED, ONE_VALUE)
        is_ours = layout.family == ChainFamily.STELLAR
        self.layout = layout
        self.is_call = is_ours and not layout.details
        self.is_event = is_ours and self._mode in _EVENT_MODES and not self.is_call
        self.is_named = self._mode == NAMED
        self.prefix = prefix
        self.data = [each for each in layout.parameters if not each.indexed]
        self._kinds = [each.kind for each in layout.parameters]
        # a user type may have the name of a kind, and not be compared as its values are
        self._is_plain = all(value_type_of(each.kind) is each.type for each in layout.parameters)

    @property
    def size(self) -> int:
        """Return how many parameters there are."""
        return len(self._kinds)

    @property
    def event_kinds(self) -> list[str] | None:
        """Return what fitting events show, their name first; None where that alone cannot tell."""
        is_simple = self.is_event and not self.is_named and len(self.prefix) == 1
        is_one_value = self.data_format not in _SEVERAL and len(self.data) == 1
        if not (is_simple and is_one_value and self._is_plain):
            return None
        return [*self.prefix, *self._kinds]

    @property
    def call_kinds(self) -> list[str] | None:
        """Return what the arguments of fitting calls show; None where that alone cannot tell."""
        return self._kinds if self.is_call and self._is_plain else None

    def suits(self, spots: Spots) -> bool:
        """Return whether as many values as there are parameters are of their kinds and types."""
        kinds = [kind for kind, _, _ in spots]
        if kinds == self._kinds and self._is_plain:
            return True
        if len(kinds) != len(self._kinds):
            return False
        pairs = zip(self.layout.parameters, kinds, strict=True)
        return all(self._is_one(*each) for each in pairs)

    def suits_alone(self, shown: str) -> bool:
        """Return whether a value of this kind is what the last parameter declares."""
        return self._is_kind(self._kinds[-1], shown)

    def _is_one(self, parameter: Parameter, shown: str) -> bool:
        if not self._is_kind(parameter.kind, shown):
            return False
        is_absent = shown == "Void" and base_of(parameter.kind) == "Option"
        return is_absent or is_typed(parameter.type, shown)

    def _is_kind(self, kind: str, shown: str) -> bool:
        fits = is_fit if self._mode == DECLARED else is_observed_as
        return fits(kind, shown)


@lru_cache(maxsize=16_384)
def shape_of(layout: Layout) -> Shape:
    """Return a layout taken apart, the same object for equal layouts."""
    return Shape(layout)


@dataclass(slots=True)
class ValueFields:
    """Values that fit a layout, in its order; they decode when asked.

    Containers of calls are shown as compact JSON under the kinds ``Vec`` and ``Map``, nothing as
    empty text; values of events as what they are.
    """

    shape: Shape
    spots: Spots
    indexed_count: int

    def simple(self, position: int) -> Value:
        """Return the value of a field as expressions compare it."""
        return value_at(self.spots[position]).comparable

    def arguments(self) -> tuple[Argument, ...]:
        """Return all of them, in the layout's order."""
        is_call = self.shape.is_call
        pairs = zip(self.shape.layout.parameters, map(value_at, self.spots), strict=True)
        return tuple(
            Argument(
                name=parameter.name,
                kind=_call_kind(value) if is_call else value.kind,
                type=parameter.type,
                value=value.comparable,
                text=_call_text(value) if is_call else value.text,
                indexed=place < self.indexed_count,
            )
            for place, (parameter, value) in enumerate(pairs)
        )


def call_fields(shape: Shape, spots: Spots) -> ValueFields | None:
    """Return a call's fields."""
    if not shape.is_call or not shape.suits(spots):
        return None
    return ValueFields(shape, spots, 0)


Opened = tuple[Spot, Content]
"""The data of an event as one value, and what is in them."""


def event_fields(shape: Shape, indexed: Spots, data: Opened | None) -> ValueFields | None:
    """Return an event's fields: of an event's layout, and topics but for those that name it.

    ``data`` is None where there are none.
    """
    if shape.data_format != ONE_VALUE and len(indexed) + len(shape.data) != shape.size:
        return None
    spots = [*indexed, *(() if data is None else _unpack(shape, data))]
    return ValueFields(shape, spots, len(indexed)) if shape.suits(spots) else None


def _unpack(shape: Shape, data: Opened) -> Spots:
    """Return the values of the parameters in the data, in order; fewer where some are missing."""
    whole, content = data
    data_format, expected = shape.data_format, shape.data
    if data_format != ONE_VALUE and not expected and _is_nothing(data):
        return ()
    if data_format in _SEVERAL and isinstance(content, list):
        return content
    if data_format in _SEVERAL and isinstance(content, dict):
        return [content[each.name] for each in expected if each.name in content]
    if isinstance(content, dict) and len(expected) == 1 and not shape.suits_alone(whole[0]):
        return [_inner(content, expected[0].name) or whole]
    return [whole]


def _is_nothing(data: Opened) -> bool:
    (kind, _, _), content = data
    return not content or kind == "Void"


def _inner(items: Mapping[str, Spot], name: str) -> Spot | None:
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
