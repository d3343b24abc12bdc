"""ABI types: their text → what a decoder is generated from (``generator``), and how they show.

Rendering is OpenZeppelin Monitor's: no blanks, no escaping, ``bytesN`` padded to 32 bytes.

Source: Solidity contract ABI specification, "Types" and "Formal Specification of the Encoding".
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from tocsin.chains.evm.codec import shown
from tocsin.model.interface import Value, ValueType

WORD = 32
MAX_DEPTH = 16  # Solidity's own stack limits keep real types far below
MAX_HEAD_SIZE = 1 << 26  # bytes; no block holds a value whose fixed part is larger
MAX_LEAVES = 256  # elementary types within one item, which a decoder spells out one by one

_ELEMENTARY = re.compile(r"(uint|int|bytes)([1-9][0-9]{0,2})")


class Form(Enum):
    """How a type is encoded; SIZED is a byte string of a fixed length."""

    UINT = "uint"
    INT = "int"
    BOOL = "bool"
    ADDRESS = "address"
    SIZED = "sized"
    BYTES = "bytes"
    STRING = "string"
    ARRAY = "array"
    TUPLE = "tuple"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AbiType:
    """How to read and show one type.

    ``canonical`` is its text in a signature; ``size`` the bytes of an elementary value in its
    word; ``head_size`` the bytes it takes where it is listed; ``fields`` are a tuple's, or the
    one element of an array of ``length`` (None: as many as the data say). ``render`` makes the
    text of a value, which is put in double quotes inside arrays and tuples if ``quoted``.
    """

    canonical: str
    type: ValueType
    form: Form
    render: Callable[[Value], str] = str
    size: int = WORD
    head_size: int = WORD
    fields: tuple["AbiType", ...] = ()
    length: int | None = None
    dynamic: bool = False
    quoted: bool = False
    depth: int = 0
    leaf_count: int = 1

    def render_nested(self, value: Value) -> str:
        """Return the text of a value inside an array or a tuple."""
        return f'"{self.render(value)}"' if self.quoted else self.render(value)


def elementary(kind: str) -> AbiType:
    """Return the type of an elementary name such as ``uint256``.

    Raises:
        ValueError: there is no such type, or only an alias of it was given.
    """
    sized = _ELEMENTARY.fullmatch(kind)
    if sized is not None:
        return _sized(kind, sized[1], int(sized[2]))
    known = _PLAIN.get(kind)
    if known is not None:
        return known
    if kind in ("uint", "int"):
        raise ValueError(f"{kind!r} is an alias, write '{kind}256'")
    raise ValueError(f"no such type: {shown(kind)}")


def array_of(element: AbiType, length: int | None) -> AbiType:
    """Return ``element[]``, or ``element[length]``.

    Raises:
        ValueError: a length of zero, nested too deeply, or larger than any data.
    """
    if length == 0:
        raise ValueError("an array of length 0 holds nothing")
    dynamic = length is None or element.dynamic

    def render(value: Value) -> str:
        items = value if isinstance(value, list) else []
        return f"[{','.join(map(element.render_nested, items))}]"

    return AbiType(
        canonical=f"{element.canonical}[{'' if length is None else length}]",
        type=ValueType.ARRAY,
        form=Form.ARRAY,
        render=render,
        head_size=_bounded(WORD if dynamic else (length or 0) * element.head_size),
        fields=(element,),
        length=_bounded(length) if length is not None else None,
        dynamic=dynamic,
        depth=_deeper(element),
        leaf_count=element.leaf_count,
    )


def tuple_of(fields: Sequence[AbiType]) -> AbiType:
    """Return ``(field,…)``.

    Raises:
        ValueError: no fields, nested too deeply, or larger than any data.
    """
    if not fields:
        raise ValueError("a tuple without components holds nothing")
    dynamic = any(field.dynamic for field in fields)

    def render(value: Value) -> str:
        items = value if isinstance(value, list) else []
        shown_items = (f.render_nested(v) for f, v in zip(fields, items, strict=True))
        return f"({','.join(shown_items)})"

    return AbiType(
        canonical=f"({','.join(field.canonical for field in fields)})",
        type=ValueType.TUPLE,
        form=Form.TUPLE,
        render=render,
        head_size=WORD if dynamic else _bounded(sum(field.head_size for field in fields)),
        fields=tuple(fields),
        dynamic=dynamic,
        depth=_deeper(*fields),
        leaf_count=_countable(sum(field.leaf_count for field in fields)),
    )


def _deeper(*inner: AbiType) -> int:
    depth = 1 + max(each.depth for each in inner)
    if depth > MAX_DEPTH:
        raise ValueError(f"types nest deeper than {MAX_DEPTH}")
    return depth


def _bounded(size: int) -> int:
    if size > MAX_HEAD_SIZE:
        raise ValueError("larger than any data")
    return size


def _countable(leaf_count: int) -> int:
    if leaf_count > MAX_LEAVES:
        raise ValueError(f"more than {MAX_LEAVES} components")
    return leaf_count


def _sized(kind: str, name: str, size: int) -> AbiType:
    if name == "bytes":
        if size > WORD:
            raise ValueError(f"no such type: {kind}")
        return _fixed_bytes(kind, size, padded_to=WORD)
    if size > 256 or size % 8:
        raise ValueError(f"no such type: {kind}")
    is_signed = name == "int"
    return AbiType(
        canonical=kind,
        type=ValueType.INT if is_signed else ValueType.UINT,
        form=Form.INT if is_signed else Form.UINT,
        size=size // 8,
    )


def _fixed_bytes(kind: str, size: int, *, padded_to: int) -> AbiType:
    def render(value: Value) -> str:
        return str(value).ljust(2 + 2 * padded_to, "0")

    return AbiType(
        canonical=kind, type=ValueType.TEXT, form=Form.SIZED, render=render, size=size, quoted=True
    )


def _render_bool(value: Value) -> str:
    return "true" if value else "false"


_PLAIN = {
    "address": AbiType(
        canonical="address", type=ValueType.ADDRESS, form=Form.ADDRESS, size=20, quoted=True
    ),
    "bool": AbiType(
        canonical="bool", type=ValueType.BOOL, form=Form.BOOL, size=1, render=_render_bool
    ),
    "string": AbiType(
        canonical="string", type=ValueType.TEXT, form=Form.STRING, dynamic=True, quoted=True
    ),
    "bytes": AbiType(
        canonical="bytes", type=ValueType.TEXT, form=Form.BYTES, dynamic=True, quoted=True
    ),
    "function": _fixed_bytes("function", 24, padded_to=24),
}

TOPIC_HASH = AbiType(canonical="bytes32", type=ValueType.TEXT, form=Form.SIZED)
"""What an indexed value of more than one word leaves in its topic: its keccak."""
