"""A structured value and a path → the part it leads to, as a value of its own."""

from tocsin.matching.expression.structures import structure_of
from tocsin.matching.expression.values import (
    Dialect,
    Fault,
    IncomparableError,
    JsonNumber,
    JsonValue,
    integer_of,
    native_range,
    read_json,
    render_json,
    text_type,
)
from tocsin.model.interface import Argument, Value, ValueType


def part_at(
    argument: Argument, path: tuple[int | str, ...], dialect: Dialect, *, signed: bool = False
) -> Argument:
    """Return what a path leads to; an empty path to the value itself.

    ``signed`` says that an EVM integer there is of a signed type, whatever its own sign.

    Raises:
        IncomparableError: the path leads nowhere, or to nothing that can be compared.
    """
    part = _whole(argument, dialect)
    for step in path:
        part = step_into(part, step)
    return to_argument(part, dialect, signed=signed)


def is_json(argument: Argument) -> bool:
    """Return whether the text of a value is JSON, as that of a tuple seldom is."""
    try:
        read_json(argument.text)
    except IncomparableError:
        return False
    return True


def _whole(argument: Argument, dialect: Dialect) -> JsonValue:
    given = argument.type is ValueType.TUPLE and not isinstance(argument.value, list)
    if given and is_json(argument):
        return read_json(argument.text)
    return structure_of(argument, dialect)


def step_into(outer: JsonValue, step: int | str) -> JsonValue:
    """Return a part of a structured value.

    Raises:
        IncomparableError: there is no such part.
    """
    if isinstance(step, int):
        if not isinstance(outer, list):
            raise IncomparableError(f"no array at [{step}]", Fault.TYPE)
        if step >= len(outer):
            raise IncomparableError(f"no element [{step}]", Fault.INDEX)
        return outer[step]
    if not isinstance(outer, dict):
        raise IncomparableError(f"no object at .{step}", Fault.TYPE)
    if step not in outer:
        raise IncomparableError(f"no key .{step}", Fault.FIELD)
    return outer[step]


def to_argument(part: JsonValue, dialect: Dialect, *, signed: bool = False) -> Argument:
    """Return a part of a structured value as a value of its own, typed by what it is.

    ``signed`` says that an EVM integer is of a signed type, whatever its own sign.

    Raises:
        IncomparableError: null, an EVM object, or a number that is no integer.
    """
    match part:
        case bool():
            return _argument("bool", ValueType.BOOL, part, "true" if part else "false")
        case str():
            return _argument("string", text_type(part, dialect), part, part)
        case JsonNumber():
            return _integer_argument(part, dialect, signed=signed)
        case list():
            return _argument("array", ValueType.ARRAY, None, render_json(part))
        case dict() if dialect is Dialect.STELLAR:
            return _argument("map", ValueType.MAP, None, render_json(part))
        case _:
            raise IncomparableError("nothing that can be compared", Fault.TYPE)


def _integer_argument(number: JsonNumber, dialect: Dialect, *, signed: bool) -> Argument:
    if dialect is Dialect.STELLAR and not number.text.removeprefix("-").isdecimal():
        raise IncomparableError("a fraction cannot be compared", Fault.TYPE)
    value = integer_of(number)
    if dialect is Dialect.EVM:
        negative = number.text.startswith("-")
        value_type = ValueType.INT if signed or negative else ValueType.UINT
        return _argument(value_type.value, value_type, value, number.text)
    kinds = ("I64", "I128") if number.text.startswith("-") else ("U64", "U128")
    for kind in kinds:
        low, high = native_range(kind)
        if low <= value <= high:
            return _argument(kind, ValueType.NATIVE_INT, value, number.text)
    return _argument("I256", ValueType.BIG_INT, value, number.text)


def _argument(kind: str, value_type: ValueType, value: Value, text: str) -> Argument:
    return Argument(name="", kind=kind, type=value_type, value=value, text=text)
