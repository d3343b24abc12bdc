"""Parameters ↔ ABI types: model parameters with their types' text → values of an activity."""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

from tocsin.chains.evm.abi import MAX_DEPTH, TOPIC_HASH, AbiType, array_of, elementary, tuple_of
from tocsin.chains.evm.generator import Decode, generate_decoder
from tocsin.model.interface import Argument, Layout, Parameter, Value, ValueType
from tocsin.model.network import ChainFamily

MAX_TOPICS = 4
MAX_DECODERS = 8192  # kept ready

ANONYMOUS = "anonymous"
"""First of a layout's details: an event without topic 0. The others are topics that are not it."""
FALLBACK = "fallback"
"""First of a layout's details: a call of no function. The others are selectors of functions, and
nothing where there is another place for calls without input."""
RECEIVE = "receive"
"""First of a layout's details: a call without input."""
CALL = "call"
"""The one detail of a function's layout: its data are read as contracts read them."""

_ARRAY = re.compile(r"(.*)\[([0-9]{0,9})\]", re.DOTALL)


def abi_type(kind: str, components: Sequence[AbiType] = ()) -> AbiType:
    """Return the type of an ABI ``type`` text; ``components`` are a tuple's, however wrapped.

    Raises:
        ValueError: there is no such type.
    """
    if kind.count("[") > MAX_DEPTH:
        raise ValueError(f"types nest deeper than {MAX_DEPTH}")
    array = _ARRAY.fullmatch(kind)
    if array is not None:
        element = abi_type(array[1], components)
        return array_of(element, int(array[2]) if array[2] else None)
    if kind == "tuple":
        return tuple_of(components)
    if components:
        raise ValueError("only a tuple has components")
    return elementary(kind)


def to_parameter(
    name: str, kind: str, *, indexed: bool = False, components: Sequence[Parameter] = ()
) -> Parameter:
    """Return the model's parameter for an ABI input.

    The components of an array are its one element, those of a tuple its fields. An indexed
    value that does not fit one topic is text: the topic holds only its hash.

    Raises:
        ValueError: there is no such type.
    """
    fields = [type_of(each) for each in components]
    resolved = abi_type(kind, fields)
    array = _ARRAY.fullmatch(kind)
    inner = tuple(components)
    if array is not None:
        inner = (to_parameter("", array[1], components=components),)
    return Parameter(
        name=name,
        kind=kind,
        type=ValueType.TEXT if indexed and _is_hashed(resolved) else resolved.type,
        indexed=indexed,
        components=inner,
    )


def type_of(parameter: Parameter) -> AbiType:
    """Return the ABI type of a parameter made by ``to_parameter``."""
    array = _ARRAY.fullmatch(parameter.kind)
    if array is not None:
        length = int(array[2]) if array[2] else None
        return array_of(type_of(parameter.components[0]), length)
    if parameter.kind == "tuple":
        return tuple_of([type_of(each) for each in parameter.components])
    return elementary(parameter.kind)


def canonical_signature(name: str, parameters: Sequence[Parameter]) -> str:
    """Return ``name(type,…)`` with tuples expanded, the text whose keccak is the topic."""
    return f"{name}({','.join(type_of(each).canonical for each in parameters)})"


def topic_count(parameters: Sequence[Parameter]) -> int:
    """Return how many topics an event with these parameters has, topic 0 included."""
    return 1 + sum(each.indexed for each in parameters)


class Decoder:
    """A layout made ready: one function that reads all values, made when first asked for.

    ``first_topic`` is the place of the topic where values begin: 0 where an event is anonymous.
    ``is_choosy`` says that not everything with its key is meant for it.
    """

    def __init__(self, layout: Layout) -> None:
        self.parameters = layout.parameters
        self._rule = layout.details[0] if layout.details else ""
        self._others = frozenset(layout.details[1:])
        self.is_call = self._rule in (CALL, FALLBACK, RECEIVE)
        self.is_choosy = self._rule not in ("", CALL)
        self.first_topic = 0 if self._rule == ANONYMOUS else 1
        self.types = tuple(
            TOPIC_HASH if each.indexed and _is_hashed(type_of(each)) else type_of(each)
            for each in self.parameters
        )

    def is_meant_for(self, topics: Sequence[str]) -> bool:
        """Return whether what begins with a topic 0, or a selector, is for this layout at all."""
        if not self.is_choosy:
            return True
        opening = topics[0] if topics else ""
        if self._rule == RECEIVE:
            return not opening
        return opening not in self._others

    def read(self, topics: Sequence[str], data: str) -> Sequence[Value] | None:
        """Return the values, or None where topics (of a call: its selector) and data do not fit."""
        if not self.is_meant_for(topics):
            return None
        try:
            return self.values(topics[self.first_topic :], data)
        except ValueError:
            return None

    @cached_property
    def values(self) -> Decode:
        """Return the function from topics (without topic 0) and 0x data to the values.

        It raises ValueError where they do not fit.
        """
        pairs = list(zip(self.parameters, self.types, strict=True))
        return generate_decoder(
            [(place, each) for place, (known, each) in enumerate(pairs) if known.indexed],
            [each for known, each in pairs if not known.indexed],
            is_call=self.is_call,
        )

    def arguments(self, values: Sequence[Value]) -> tuple[Argument, ...]:
        """Return values in the layout's order as arguments, with the text a match shows."""
        return tuple(
            Argument(
                name=parameter.name,
                kind=parameter.kind,
                type=parameter.type,
                value=value,
                text=resolved.render(value),
                indexed=parameter.indexed,
            )
            for parameter, resolved, value in zip(self.parameters, self.types, values, strict=True)
        )


def decoder_of(layout: Layout) -> Decoder | None:
    """Return the decoder of a layout, or None for one that no EVM activity can have.

    Equal layouts have the same one.
    """
    known = _BY_IDENTITY.get(id(layout))
    if known is not None and known[0] is layout:
        return known[1]
    decoder = _decoder_of(layout)
    if len(_BY_IDENTITY) >= MAX_DECODERS:
        _BY_IDENTITY.clear()
    _BY_IDENTITY[id(layout)] = (layout, decoder)
    return decoder


_BY_IDENTITY: dict[int, tuple[Layout, Decoder | None]] = {}
"""Decoders of layouts seen lately, held with their layout: comparing layouts costs more."""


@lru_cache(maxsize=MAX_DECODERS)
def _decoder_of(layout: Layout) -> Decoder | None:
    return None if layout.family != ChainFamily.EVM else Decoder(layout)


def _is_hashed(resolved: AbiType) -> bool:
    return resolved.dynamic or resolved.depth > 0
