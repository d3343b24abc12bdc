"""What decodes a contract: parameters with their kinds, and how expressions may compare them."""

from enum import StrEnum

import msgspec


class ValueType(StrEnum):
    """How the expression language compares a value; each chain maps its own kinds to these.

    Source: the dispatch tables of OpenZeppelin Monitor's evaluators, per chain.
    """

    UINT = "uint"  # exact, up to 256 bits; literals decimal or hex
    INT = "int"  # exact, signed, up to 256 bits; literals decimal or hex
    NATIVE_INT = "native_int"  # exact; number literals only (Stellar u32 … i128)
    BIG_INT = "big_int"  # exact 256 bits on Stellar
    ADDRESS = "address"  # equality on canonical text
    TEXT = "text"  # case-insensitive text
    BOOL = "bool"
    ARRAY = "array"
    TUPLE = "tuple"
    MAP = "map"
    OPAQUE = "opaque"  # shown in a match, not comparable


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One named value of an event, call or transaction.

    ``kind`` is the chain's own type text (``uint256``, ``Vec<U32>``); ``components`` are the
    fields of a tuple, or one element of an array.
    """

    name: str
    kind: str
    type: ValueType
    indexed: bool = False
    components: tuple["Parameter", ...] = ()


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How to decode one event, call or transaction: its parameters in order.

    ``family`` tells which chain family's decoder reads it. Equal layouts are equal values, so
    an activity decodes once per layout however many monitors ask. ``details`` are what else that
    decoder has to know, in its own words; empty where the parameters say it all. ``positional``
    says that it does not look at names.
    """

    family: str
    parameters: tuple[Parameter, ...]
    details: tuple[str, ...] = ()
    positional: bool = False


Simple = int | bool | str | None
Value = int | bool | str | None | list["Value"] | dict[str, "Value"]


class Argument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One decoded value.

    ``value`` is what expressions compare: exact integers, booleans, canonical text, or lists
    (arrays, tuples) and dicts (maps) of the same; None where a chain has nothing. ``text`` is
    what a match shows, in OpenZeppelin Monitor's rendering.
    """

    name: str
    kind: str
    type: ValueType
    value: Value
    text: str
    indexed: bool = False


_PYTHON_TYPES: dict[ValueType, type] = {
    ValueType.UINT: int,
    ValueType.INT: int,
    ValueType.NATIVE_INT: int,
    ValueType.BIG_INT: int,
    ValueType.ADDRESS: str,
    ValueType.TEXT: str,
    ValueType.BOOL: bool,
}


def simple_value(value: Value, value_type: ValueType) -> Simple:
    """Return a value if it is of the Python type that its type promises, else None."""
    if isinstance(value, list | dict) or type(value) is not _PYTHON_TYPES.get(value_type):
        return None
    return value
