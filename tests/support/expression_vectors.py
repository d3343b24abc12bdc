"""The recorded behaviour of the original expression language, as layouts and arguments of ours."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tocsin.model.interface import Argument, Layout, Parameter, Value, ValueType

VECTORS = Path(__file__).parents[1] / "conformance" / "vectors" / "expressions.json"

Vector = Mapping[str, Any]

_STELLAR_TYPES = {
    "bool": ValueType.BOOL,
    "u256": ValueType.BIG_INT,
    "i256": ValueType.BIG_INT,
    "address": ValueType.ADDRESS,
    "vec": ValueType.ARRAY,
    "map": ValueType.MAP,
}
_STELLAR_NATIVE = {"u32", "u64", "i32", "i64", "u128", "i128", "timepoint", "duration"}


@cache
def vectors(section: str) -> Sequence[Vector]:
    """Return the vectors of one section."""
    rows: Sequence[Vector] = json.loads(VECTORS.read_text())[section]
    return rows


def value_type(family: str, kind: str) -> ValueType:
    """Return how each chain family's decoder types a kind."""
    return _stellar_type(kind) if family == "Stellar" else _evm_type(kind)


def _stellar_type(kind: str) -> ValueType:
    base = kind.split("<")[0].lower()
    if base in _STELLAR_NATIVE:
        return ValueType.NATIVE_INT
    if base in {"string", "symbol"} or re.fullmatch(r"bytes\d*", base):
        return ValueType.TEXT
    return _STELLAR_TYPES.get(base, ValueType.OPAQUE)


def _evm_type(kind: str) -> ValueType:
    if kind.endswith("]") or kind == "array":
        return ValueType.ARRAY
    if re.fullmatch(r"uint\d+|number", kind):
        return ValueType.UINT
    if re.fullmatch(r"int\d+", kind):
        return ValueType.INT
    if re.fullmatch(r"string|bytes\d*", kind):
        return ValueType.TEXT
    return ValueType(kind) if kind in {"address", "bool", "tuple"} else ValueType.OPAQUE


def to_layout(family: str, params: Sequence[Vector]) -> Layout:
    """Return the layout of a vector's parameters."""
    return Layout(
        family=family,
        parameters=tuple(
            Parameter(name=each["name"], kind=each["kind"], type=value_type(family, each["kind"]))
            for each in params
        ),
    )


def to_arguments(layout: Layout, params: Sequence[Vector]) -> tuple[Argument, ...]:
    """Return the values of a vector's parameters; a text that is no value of its type is None."""
    return tuple(
        Argument(
            name=parameter.name,
            kind=parameter.kind,
            type=parameter.type,
            value=_value(parameter.type, each["value"]),
            text=each["value"],
        )
        for parameter, each in zip(layout.parameters, params, strict=True)
    )


def _value(kind: ValueType, text: str) -> Value:
    match kind:
        case ValueType.TEXT | ValueType.ADDRESS:
            return text
        case ValueType.BOOL:
            return {"true": True, "false": False}.get(text)
        case ValueType.TUPLE:
            return _tuple_value(text)
        case ValueType.ARRAY | ValueType.MAP:
            value = _json_value(text)
            return value if isinstance(value, list | dict) else None
        case ValueType.OPAQUE:
            return None
        case _:
            return int(text, 0) if re.fullmatch(r"-?\d+|0[xX][0-9a-fA-F]+", text) else None


class _FractionError(ValueError):
    pass


def _refuse_fraction(text: str) -> None:
    raise _FractionError(text)


def _json_value(text: str) -> Value:
    """Return a JSON text as a decoder would give it, or None where a decoder gives no such."""
    try:
        value: Value = json.loads(text, parse_float=_refuse_fraction)
    except ValueError:
        return None
    return value


def _tuple_value(text: str) -> list[Value]:
    pieces = _split(text.strip()[1:-1])
    return [_piece_value(piece.strip()) for piece in pieces if piece.strip()]


def _piece_value(piece: str) -> Value:
    if piece.startswith("("):
        return _tuple_value(piece)
    value = _json_value(piece)
    return piece if value is None else value


def _split(text: str) -> list[str]:
    pieces, depth, quoted = [""], 0, False
    for character in text:
        quoted = quoted is not (character == '"')
        depth += 0 if quoted else (character in "([{") - (character in ")]}")
        if character == "," and depth == 0 and not quoted:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces
