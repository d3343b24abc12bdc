"""Decoded values and a layout → the arguments of a call or event, or None where they do not fit.

Source: names, unpacking and texts as restated from OpenZeppelin Monitor.
"""

from collections.abc import Sequence

import msgspec

from tocsin.chains.stellar.codec.scval import ScValue, leading_text
from tocsin.chains.stellar.declaration import DECLARED, ONE_VALUE
from tocsin.chains.stellar.kinds import (
    base_of,
    has_type,
    is_fit,
    is_observed_as,
    normalized,
)
from tocsin.model.interface import Argument, Layout, Parameter
from tocsin.model.network import ChainFamily

_CONTAINERS = frozenset({"Vec", "Map"})
_NOTHING: tuple[object, ...] = (None, (), {})


def call_arguments(layout: Layout, values: Sequence[ScValue]) -> tuple[Argument, ...] | None:
    """Return a call's arguments.

    Containers are shown as compact JSON under the kinds ``Vec`` and ``Map``, nothing as empty
    text, everything else as what it is.
    """
    if layout.family != ChainFamily.STELLAR or layout.details:
        return None
    if len(values) != len(layout.parameters):
        return None
    return _arguments(
        [
            _argument(parameter, value, kind=_call_kind(value), text=_call_text(value))
            for parameter, value in zip(layout.parameters, values, strict=True)
            if is_fit(parameter.kind, value)
        ],
        layout,
    )


def event_arguments(
    layout: Layout, topics: Sequence[ScValue], data: ScValue | None
) -> tuple[Argument, ...] | None:
    """Return an event's arguments, topics first; ``data`` is None where there are none."""
    if layout.family != ChainFamily.STELLAR or not layout.details:
        return None
    mode, data_format, *prefix = layout.details
    if [_topic_name(each) for each in topics[: len(prefix)]] != prefix:
        return None
    indexed = topics[len(prefix) :]
    expected = [each.name for each in layout.parameters if not each.indexed]
    if data_format != ONE_VALUE and len(indexed) + len(expected) != len(layout.parameters):
        return None
    values = [*indexed, *_unpack(data_format, data, expected)]
    if len(values) != len(layout.parameters):
        return None
    fits = is_fit if mode == DECLARED else is_observed_as
    return _arguments(
        [
            _argument(
                parameter, value, kind=value.kind, text=value.text, indexed=place < len(indexed)
            )
            for place, (parameter, value) in enumerate(zip(layout.parameters, values, strict=True))
            if fits(parameter.kind, value)
        ],
        layout,
    )


def _topic_name(topic: ScValue) -> str | None:
    text = leading_text(topic)
    return None if text is None else normalized(text)


def _unpack(data_format: str, data: ScValue | None, names: Sequence[str]) -> list[ScValue]:
    """Return the values of the parameters in the data, in order; fewer where some are missing."""
    if data is None:
        return []
    if data_format != ONE_VALUE and not names and data.content in _NOTHING:
        return []
    if data_format in ("vec", "map"):
        if isinstance(data.content, dict):
            return [data.content[name] for name in names if name in data.content]
        if isinstance(data.content, tuple):
            return list(data.content)
    return [data]


def _arguments(found: Sequence[Argument | None], layout: Layout) -> tuple[Argument, ...] | None:
    fitting = tuple(each for each in found if each is not None)
    return fitting if len(fitting) == len(layout.parameters) else None


def _argument(
    parameter: Parameter, value: ScValue, *, kind: str, text: str, indexed: bool = False
) -> Argument | None:
    comparable = value.comparable
    is_absent = comparable is None and base_of(parameter.kind) == "Option"
    if not is_absent and not has_type(comparable, parameter.type):
        return None
    return Argument(
        name=parameter.name,
        kind=kind,
        type=parameter.type,
        value=comparable,
        text=text,
        indexed=indexed,
    )


def _call_kind(value: ScValue) -> str:
    return value.base if value.base in _CONTAINERS else value.kind


def _call_text(value: ScValue) -> str:
    if value.content is None:
        return ""
    if value.base in _CONTAINERS:
        return msgspec.json.encode(value.json).decode()
    return value.text
