"""Types as SEP-48 JSON spells them → their names, and how expressions compare their values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tocsin.chains.stellar.kinds import value_type_of
from tocsin.errors import InterfaceError
from tocsin.model.interface import ValueType

_MAX_TYPE_DEPTH = 16

UserTypes = dict[str, ValueType]
"""How values of a contract's own types arrive, by the types' names."""

_PRIMITIVES = {
    "val": "Val",
    "bool": "Bool",
    "void": "Void",
    "error": "Error",
    "u32": "U32",
    "i32": "I32",
    "u64": "U64",
    "i64": "I64",
    "timepoint": "Timepoint",
    "duration": "Duration",
    "u128": "U128",
    "i128": "I128",
    "u256": "U256",
    "i256": "I256",
    "bytes": "Bytes",
    "string": "String",
    "symbol": "Symbol",
    "address": "Address",
    "muxed_address": "MuxedAddress",
}
_PRINTED_AS_VOID = frozenset({"Val", "Error", "MuxedAddress"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecType:
    """A declared type.

    ``kind`` is its full name, ``printed`` the name OpenZeppelin Monitor writes in signatures
    (``Void`` for options, results, ``val``, errors and muxed addresses).
    """

    kind: str
    printed: str
    type: ValueType


def parse_type(declared: object, user_types: UserTypes, path: str) -> SpecType:
    """Return a type as SEP-48 JSON spells it; ``path`` is its JSON path.

    Raises:
        InterfaceError: there is no such type.
    """
    return _type(user_types, declared, path, 0)


def _type(user_types: UserTypes, declared: object, path: str, depth: int) -> SpecType:
    if depth > _MAX_TYPE_DEPTH:
        raise InterfaceError("types are nested too deeply", field=path)
    if isinstance(declared, str) and declared in _PRIMITIVES:
        kind = _PRIMITIVES[declared]
        printed = "Void" if kind in _PRINTED_AS_VOID else kind
        return SpecType(kind=kind, printed=printed, type=value_type_of(kind))
    if isinstance(declared, dict) and len(declared) == 1:
        ((name, body),) = declared.items()
        build = _COMPOUNDS.get(name)
        if build is not None and isinstance(body, dict):
            parts = _Parts(user_types=user_types, body=body, path=f"{path}.{name}", depth=depth + 1)
            return build(parts)
    raise InterfaceError("not a type of SEP-48", field=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The members of a compound type, read one by one."""

    user_types: UserTypes
    body: Mapping[str, object]
    path: str
    depth: int

    def type(self, key: str) -> SpecType:
        return _type(self.user_types, self.body.get(key), f"{self.path}.{key}", self.depth)

    def types(self, key: str) -> list[SpecType]:
        members = self.body.get(key)
        if not isinstance(members, list):
            raise InterfaceError("a list of types", field=f"{self.path}.{key}")
        return [
            _type(self.user_types, member, f"{self.path}.{key}[{index}]", self.depth)
            for index, member in enumerate(members)
        ]


def _option(parts: _Parts) -> SpecType:
    value = parts.type("value_type")
    return SpecType(kind=f"Option<{value.kind}>", printed="Void", type=value.type)


def _result(parts: _Parts) -> SpecType:
    ok, error = parts.type("ok_type"), parts.type("error_type")
    return SpecType(kind=f"Result<{ok.kind},{error.kind}>", printed="Void", type=ValueType.OPAQUE)


def _vec(parts: _Parts) -> SpecType:
    element = parts.type("element_type")
    return _container("Vec", ValueType.ARRAY, element)


def _map(parts: _Parts) -> SpecType:
    return _container("Map", ValueType.MAP, parts.type("key_type"), parts.type("value_type"))


def _tuple(parts: _Parts) -> SpecType:
    return _container("Tuple", ValueType.ARRAY, *parts.types("value_types"))


def _container(name: str, value_type: ValueType, *elements: SpecType) -> SpecType:
    return SpecType(
        kind=f"{name}<{','.join(each.kind for each in elements)}>",
        printed=f"{name}<{','.join(each.printed for each in elements)}>",
        type=value_type,
    )


def _bytes_n(parts: _Parts) -> SpecType:
    size_bytes = parts.body.get("n")
    if type(size_bytes) is not int or size_bytes < 1:
        raise InterfaceError("a positive number of bytes", field=f"{parts.path}.n")
    kind = f"Bytes{size_bytes}"
    return SpecType(kind=kind, printed=kind, type=ValueType.TEXT)


def _user_type(parts: _Parts) -> SpecType:
    name = parts.body.get("name")
    if not isinstance(name, str) or not name:
        raise InterfaceError("the name of a type", field=f"{parts.path}.name")
    declared = parts.user_types.get(name, ValueType.OPAQUE)
    return SpecType(kind=name, printed=name, type=declared)


_COMPOUNDS: dict[str, Callable[[_Parts], SpecType]] = {
    "option": _option,
    "result": _result,
    "vec": _vec,
    "map": _map,
    "tuple": _tuple,
    "bytes_n": _bytes_n,
    "udt": _user_type,
}
