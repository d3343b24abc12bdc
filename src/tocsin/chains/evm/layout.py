"""Parameters ↔ ABI types: model parameters with their types' text → values of an activity."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tocsin.chains.evm.abi import (
    MAX_DEPTH,
    TOPIC_HASH,
    AbiType,
    Reader,
    array_of,
    elementary,
    read_sequence,
    tuple_of,
)
from tocsin.chains.evm.codec import parse_data
from tocsin.model.interface import Argument, Layout, Parameter, Value, ValueType
from tocsin.model.network import ChainFamily

MAX_TOPICS = 4

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoder:
    """A layout made ready: types of the topics and of the data, in the layout's order."""

    parameters: tuple[Parameter, ...]
    types: tuple[AbiType, ...]
    indexed: tuple[AbiType, ...]
    body: tuple[AbiType, ...]

    def arguments(self, topics: Sequence[str], data: str) -> tuple[Argument, ...]:
        """Return the values of topics (without topic 0) and 0x data.

        Raises:
            ValueError: they do not fit.
        """
        if len(topics) != len(self.indexed):
            raise ValueError("another number of topics")
        from_topics = iter(
            [
                each.body(Reader(parse_data(topic)), 0)
                for each, topic in zip(self.indexed, topics, strict=True)
            ]
        )
        from_data = iter(read_sequence(self.body, Reader(parse_data(data)), 0))
        return tuple(
            _to_argument(parameter, each, next(from_topics if parameter.indexed else from_data))
            for parameter, each in zip(self.parameters, self.types, strict=True)
        )


@lru_cache(maxsize=8192)
def decoder_of(layout: Layout) -> Decoder | None:
    """Return the decoder of a layout, or None for one that no EVM activity can have."""
    if layout.family != ChainFamily.EVM:
        return None
    types = tuple(
        TOPIC_HASH if each.indexed and _is_hashed(type_of(each)) else type_of(each)
        for each in layout.parameters
    )
    pairs = tuple(zip(layout.parameters, types, strict=True))
    return Decoder(
        parameters=layout.parameters,
        types=types,
        indexed=tuple(each for parameter, each in pairs if parameter.indexed),
        body=tuple(each for parameter, each in pairs if not parameter.indexed),
    )


def _is_hashed(resolved: AbiType) -> bool:
    return resolved.dynamic or resolved.depth > 0


def _to_argument(parameter: Parameter, resolved: AbiType, value: Value) -> Argument:
    return Argument(
        name=parameter.name,
        kind=parameter.kind,
        type=parameter.type,
        value=value,
        text=resolved.render(value),
        indexed=parameter.indexed,
    )
