"""Type names of contract values: as text, in signatures, and whether a value fits one.

The names a value shows (``Bytes32``, ``Vec<U32>``) and the names a spec declares overlap; beside
them specs have ``Option<…>``, ``Result<…>``, ``Tuple<…>``, ``Val``, ``Error``, ``MuxedAddress``
and user types. Source: the names OpenZeppelin Monitor prints.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from tocsin.model.interface import ValueType

_TYPES = {
    "Bool": ValueType.BOOL,
    "U32": ValueType.NATIVE_INT,
    "I32": ValueType.NATIVE_INT,
    "U64": ValueType.NATIVE_INT,
    "I64": ValueType.NATIVE_INT,
    "Timepoint": ValueType.NATIVE_INT,
    "Duration": ValueType.NATIVE_INT,
    "U128": ValueType.NATIVE_INT,
    "I128": ValueType.NATIVE_INT,
    "U256": ValueType.BIG_INT,
    "I256": ValueType.BIG_INT,
    "Bytes": ValueType.TEXT,
    "String": ValueType.TEXT,
    "Symbol": ValueType.TEXT,
    "Address": ValueType.ADDRESS,
    "MuxedAddress": ValueType.ADDRESS,
    "Vec": ValueType.ARRAY,
    "Tuple": ValueType.ARRAY,
    "Map": ValueType.MAP,
    "Void": ValueType.OPAQUE,
    "Val": ValueType.OPAQUE,
    "Error": ValueType.OPAQUE,
    "Result": ValueType.OPAQUE,
    "Option": ValueType.OPAQUE,
}
SCALARS = frozenset(
    {
        *("Bool", "U32", "I32", "U64", "I64", "Timepoint", "Duration", "U128", "I128", "U256"),
        *("I256", "String", "Symbol", "Address"),
    }
)
"""Kinds whose values are all of the kind's own name, and of one Python type."""

_CANONICAL = {name.lower(): name for name in _TYPES}
_FIXED_BYTES = re.compile(r"bytes([1-9][0-9]*)", re.IGNORECASE)
_SIGNATURE = re.compile(r"([^()<>,]+)\((.*)\)")

# What a spec prints as Void is never Void on the wire, so anything may stand there.
_ANYTHING = frozenset({"Void", "Val", "Error", "Result"})
# Structs arrive as Map or Vec, unions as Vec, enums as U32.
_USER_TYPE_BASES = frozenset({"Map", "Vec", "U32"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A name and its type names, both in canonical spelling."""

    name: str
    kinds: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return ``name(Kind,Kind)``."""
        return f"{self.name}({','.join(self.kinds)})"


def normalized(text: str) -> str:
    """Return text as signatures and names are compared: lower case, no white space."""
    return "".join(text.split()).lower()


def parse_signature(text: str) -> Signature:
    """Return the signature written as ``name(Kind,Kind)``, white space anywhere.

    Raises:
        ValueError: not a signature.
    """
    found = _SIGNATURE.fullmatch("".join(text.split()))
    if found is None:
        raise ValueError("a signature is written name(Kind,Kind)")
    inner = found[2]
    kinds = tuple(canonical_kind(kind) for kind in _split(inner)) if inner else ()
    return Signature(name=found[1], kinds=kinds)


def canonical_kind(text: str) -> str:
    """Return a type name with known names in their usual case; user types stay as they are.

    Raises:
        ValueError: empty, or brackets do not pair.
    """
    pieces = re.split(r"([<>,])", text)
    _require_paired(text)
    return "".join(_canonical_word(piece) for piece in pieces)


def _canonical_word(word: str) -> str:
    fixed = _FIXED_BYTES.fullmatch(word)
    if fixed is not None:
        return f"Bytes{fixed[1]}"
    return _CANONICAL.get(word.lower(), word)


def _require_paired(text: str) -> None:
    depth = 0
    for character in text:
        depth += (character == "<") - (character == ">")
        if depth < 0:
            break
    if depth != 0 or not text or text[0] in "<>,":
        raise ValueError(f"{text or 'nothing'} is no type name")


def _split(text: str) -> list[str]:
    pieces = [""]
    depth = 0
    for character in text:
        depth += (character == "<") - (character == ">")
        if character == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return pieces


@lru_cache(maxsize=4096)  # the same few kinds stand in every layout
def base_of(kind: str) -> str:
    """Return the part of a type name before its parameters; ``Bytes`` for fixed-size bytes."""
    base = kind.partition("<")[0]
    return "Bytes" if _FIXED_BYTES.fullmatch(base) else base


def element_of(kind: str) -> str:
    """Return what stands between the outermost angle brackets, or nothing."""
    return kind.partition("<")[2][:-1]


def value_type_of(kind: str) -> ValueType:
    """Return how expressions compare values of a type name; user types are OPAQUE here."""
    base = base_of(kind)
    if base == "Option":
        return value_type_of(element_of(kind))
    return _TYPES.get(base, ValueType.OPAQUE)


def is_observed_as(kind: str, shown: str) -> bool:
    """Return whether what a value shows is this type name, written without white space."""
    return shown == kind or (len(shown) == len(kind) and shown.lower() == kind.lower())


def is_compatible(declared: str, written: str) -> bool:
    """Return whether values of a declared type can show this type name, as far as bases tell."""
    base = base_of(declared)
    if base == "Option":
        return written == "Void" or is_compatible(element_of(declared), written)
    if base in _ANYTHING:
        return True
    return base_of(written) in _wire_bases(base)


def is_fit(declared: str, shown: str) -> bool:
    """Return whether a value that shows this type name can be of a declared type.

    Containers fit by being the same kind of container: their elements may be user types, whose
    names a value does not show.
    """
    base = base_of(declared)
    if base == "Option":
        return shown == "Void" or is_fit(element_of(declared), shown)
    if base in _ANYTHING:
        return True
    if declared != base and base == "Bytes":
        return shown == declared
    return _shown_base(shown) in _wire_bases(base)


def is_typed(value_type: ValueType, shown: str) -> bool:
    """Return whether values that show this type name are compared as values of a type."""
    expected = _PYTHON_TYPES.get(value_type)
    return expected is None or _PYTHON_TYPES.get(_TYPES[_shown_base(shown)]) is expected


def _shown_base(shown: str) -> str:
    # not kept by the name, which whoever emits a value makes as long as he likes
    return "Bytes" if shown.startswith("Bytes") else shown.partition("<")[0]


def _wire_bases(base: str) -> frozenset[str]:
    if base not in _TYPES:
        return _USER_TYPE_BASES
    return frozenset({_WIRE_BASE.get(base, base)})


_WIRE_BASE = {"Tuple": "Vec", "MuxedAddress": "Address"}


_PYTHON_TYPES: dict[ValueType, type] = {
    ValueType.BOOL: bool,
    ValueType.NATIVE_INT: int,
    ValueType.BIG_INT: int,
    ValueType.TEXT: str,
    ValueType.ADDRESS: str,
    ValueType.ARRAY: tuple,
    ValueType.MAP: dict,
}
