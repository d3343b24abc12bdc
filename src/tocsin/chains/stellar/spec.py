"""A contract's spec as SEP-48 JSON → its functions and events with named, typed parameters.

Source: SEP-48, in the JSON form that the Stellar tools write for ``SCSpecEntry``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from tocsin.chains.stellar.spectype import SpecType, UserTypes, parse_type
from tocsin.errors import InterfaceError
from tocsin.model.interface import ValueType

_MAX_PREFIX_TOPICS = 2

DATA_FORMATS = frozenset({"single_value", "vec", "map"})
LOCATIONS = frozenset({"data", "topic_list"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecParameter:
    """One parameter; ``indexed`` ones of an event are topics, the others its data."""

    name: str
    type: SpecType
    indexed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFunction:
    """One function of a contract."""

    name: str
    parameters: tuple[SpecParameter, ...]

    @property
    def signature(self) -> str:
        """Return ``name(Kind,Kind)`` as conditions name it."""
        return _signature(self.name, self.parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecEvent:
    """One event of a contract; its parameters are in the order of the spec."""

    name: str
    prefix_topics: tuple[str, ...]
    data_format: str
    parameters: tuple[SpecParameter, ...]

    @property
    def topics(self) -> tuple[SpecParameter, ...]:
        """Return the parameters that are topics, in order."""
        return tuple(each for each in self.parameters if each.indexed)

    @property
    def data(self) -> tuple[SpecParameter, ...]:
        """Return the parameters inside the data, in order."""
        return tuple(each for each in self.parameters if not each.indexed)

    @property
    def signature(self) -> str:
        """Return ``name(Kind,Kind)``, topics first, as conditions name it."""
        return _signature(self.name, self.topics + self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSpec:
    """What a contract declares; of things with the same name the first counts."""

    functions: tuple[SpecFunction, ...]
    events: tuple[SpecEvent, ...]


def parse_spec(raw: bytes, field: str) -> ContractSpec | None:
    """Return a spec, or None for JSON ``null`` and ``[]``; ``field`` is its JSON path.

    Raises:
        InterfaceError: not a spec; names the offending entry.
    """
    try:
        entries = msgspec.json.decode(raw, type=list[dict[str, msgspec.Raw]] | None)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise InterfaceError(
            f"not a SEP-48 spec, a list of objects with one key each: {cause}", field=field
        ) from cause
    if not entries:
        return None
    named = [_entry(entry, f"{field}[{index}]") for index, entry in enumerate(entries)]
    user_types = _user_types(named)
    functions: dict[str, SpecFunction] = {}
    events: dict[str, SpecEvent] = {}
    for _, body, path in named:
        match body:
            case _Function():
                function = _function(user_types, body, path)
                functions.setdefault(function.name, function)
            case _Event():
                event = _event(user_types, body, path)
                events.setdefault(event.signature, event)
            case _:
                continue  # user types are known already
    return ContractSpec(functions=tuple(functions.values()), events=tuple(events.values()))


class _Param(msgspec.Struct, frozen=True):
    name: str
    type_: object
    location: str = "data"


class _Function(msgspec.Struct, frozen=True):
    name: str
    inputs: tuple[_Param, ...]


class _Event(msgspec.Struct, frozen=True):
    name: str
    params: tuple[_Param, ...]
    prefix_topics: tuple[str, ...] = ()
    data_format: str = "single_value"


class _UserType(msgspec.Struct, frozen=True):
    name: str
    fields: tuple[_Param, ...] = ()


_ENTRIES: dict[str, type[msgspec.Struct]] = {
    "function_v0": _Function,
    "event_v0": _Event,
    "udt_struct_v0": _UserType,
    "udt_union_v0": _UserType,
    "udt_enum_v0": _UserType,
    "udt_error_enum_v0": _UserType,
}

_Named = tuple[str, msgspec.Struct, str]


def _entry(entry: dict[str, msgspec.Raw], path: str) -> _Named:
    if len(entry) != 1:
        raise InterfaceError(f"an entry has one key, this has {len(entry)}", field=path)
    ((kind, raw),) = entry.items()
    shape = _ENTRIES.get(kind)
    if shape is None:
        raise InterfaceError(f"an entry is one of {', '.join(_ENTRIES)}", field=path)
    try:
        return kind, msgspec.json.decode(raw, type=shape), f"{path}.{kind}"
    except (msgspec.DecodeError, RecursionError) as cause:
        raise InterfaceError(str(cause), field=f"{path}.{kind}") from cause


def _user_types(named: list[_Named]) -> UserTypes:
    found: dict[str, ValueType] = {}
    for kind, body, _ in named:
        if isinstance(body, _UserType):
            found.setdefault(body.name, _USER_TYPES[kind](body))
    return found


def _struct_type(body: _UserType) -> ValueType:
    is_tuple = all(each.name == str(index) for index, each in enumerate(body.fields))
    return ValueType.ARRAY if body.fields and is_tuple else ValueType.MAP


# How the host passes them: structs as maps (tuple structs as vectors), unions as vectors that
# start with the variant's name, enums as U32.
_USER_TYPES: dict[str, Callable[[_UserType], ValueType]] = {
    "udt_struct_v0": _struct_type,
    "udt_union_v0": lambda _: ValueType.ARRAY,
    "udt_enum_v0": lambda _: ValueType.NATIVE_INT,
    "udt_error_enum_v0": lambda _: ValueType.OPAQUE,
}


def _function(user_types: UserTypes, body: _Function, path: str) -> SpecFunction:
    parameters = _parameters(user_types, body.inputs, f"{path}.inputs")
    return SpecFunction(name=body.name, parameters=parameters)


def _event(user_types: UserTypes, body: _Event, path: str) -> SpecEvent:
    if len(body.prefix_topics) > _MAX_PREFIX_TOPICS:
        raise InterfaceError("an event has at most 2 of them", field=f"{path}.prefix_topics")
    if body.data_format not in DATA_FORMATS:
        raise InterfaceError(f"one of {sorted(DATA_FORMATS)}", field=f"{path}.data_format")
    return SpecEvent(
        name=body.name,
        prefix_topics=body.prefix_topics,
        data_format=body.data_format,
        parameters=_parameters(user_types, body.params, f"{path}.params"),
    )


def _parameters(
    user_types: UserTypes, params: tuple[_Param, ...], path: str
) -> tuple[SpecParameter, ...]:
    found: list[SpecParameter] = []
    for index, param in enumerate(params):
        if param.location not in LOCATIONS:
            raise InterfaceError(f"one of {sorted(LOCATIONS)}", field=f"{path}[{index}].location")
        found.append(
            SpecParameter(
                name=param.name,
                type=parse_type(param.type_, user_types, f"{path}[{index}].type_"),
                indexed=param.location == "topic_list",
            )
        )
    return tuple(found)


def _signature(name: str, parameters: tuple[SpecParameter, ...]) -> str:
    return f"{name}({','.join(each.type.printed for each in parameters)})"
