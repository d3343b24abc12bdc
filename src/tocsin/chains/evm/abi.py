"""ABI types: their text → how to read them from words, strictly, and how a match shows them.

A hostile contract chooses its own bytes, so decoding never trusts a length or an offset: each
value is charged to a budget that grows with the data, and whatever does not fit is a ValueError.
Rendering is OpenZeppelin Monitor's: no blanks, no escaping, ``bytesN`` padded to 32 bytes.

Source: Solidity contract ABI specification, "Formal Specification of the Encoding".
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tocsin.chains.evm.codec import shown, to_hex
from tocsin.model.interface import Value, ValueType

WORD = 32
MAX_DEPTH = 16  # Solidity's own stack limits keep real types far below

_ELEMENTARY = re.compile(r"(uint|int|bytes)([1-9][0-9]{0,2})")


class Reader:
    """Encoded bytes, and how many values may still be read from them.

    Honest encodings hold each value once; a few shared ones are legal, thousands are an attack.
    """

    __slots__ = ("_budget", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._budget = 8 * (len(data) // WORD) + 64

    def spend(self, word_count: int) -> None:
        """Take that many words from the budget.

        Raises:
            ValueError: it is used up.
        """
        self._budget -= word_count
        if self._budget < 0:
            raise ValueError("more values than the data can hold")

    def word(self, at: int) -> bytes:
        """Return the 32 bytes at an offset.

        Raises:
            ValueError: they are not all there.
        """
        word = self.data[at : at + WORD]
        if len(word) != WORD:
            raise ValueError("the data end within a value")
        return word

    def uint(self, at: int) -> int:
        """Return the word at an offset as an unsigned integer."""
        return int.from_bytes(self.word(at))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AbiType:
    """How to read and show one type.

    ``canonical`` is its text in a signature; ``head_size`` the bytes it takes where it is
    listed; ``body`` reads it where it lies and raises ValueError; ``render`` makes the text of a
    value, which is put in double quotes inside arrays and tuples if ``quoted``.
    """

    canonical: str
    type: ValueType
    body: Callable[[Reader, int], Value]
    render: Callable[[Value], str] = str
    head_size: int = WORD
    dynamic: bool = False
    quoted: bool = False
    depth: int = 0

    def read(self, reader: Reader, frame: int, at: int) -> Value:
        """Return the value listed at an offset; a dynamic one lies elsewhere in its frame."""
        return self.body(reader, frame + reader.uint(at) if self.dynamic else at)

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
        ValueError: a length of zero, or nested too deeply.
    """
    if length == 0:
        raise ValueError("an array of length 0 holds nothing")
    dynamic = length is None or element.dynamic

    def body(reader: Reader, at: int) -> Value:
        count = length
        if count is None:
            count = reader.uint(at)
            at += WORD
        if count * element.head_size > len(reader.data) - at:
            raise ValueError("the data end within an array")
        reader.spend(count)
        step = element.head_size
        return [element.read(reader, at, at + i * step) for i in range(count)]

    def render(value: Value) -> str:
        items = value if isinstance(value, list) else []
        return f"[{','.join(map(element.render_nested, items))}]"

    return AbiType(
        canonical=f"{element.canonical}[{'' if length is None else length}]",
        type=ValueType.ARRAY,
        body=body,
        render=render,
        head_size=WORD if dynamic or length is None else length * element.head_size,
        dynamic=dynamic,
        depth=_deeper(element),
    )


def tuple_of(fields: Sequence[AbiType]) -> AbiType:
    """Return ``(field,…)``.

    Raises:
        ValueError: no fields, or nested too deeply.
    """
    if not fields:
        raise ValueError("a tuple without components holds nothing")
    dynamic = any(field.dynamic for field in fields)

    def body(reader: Reader, at: int) -> Value:
        return list(read_sequence(fields, reader, at))

    def render(value: Value) -> str:
        items = value if isinstance(value, list) else []
        shown_items = (f.render_nested(v) for f, v in zip(fields, items, strict=True))
        return f"({','.join(shown_items)})"

    return AbiType(
        canonical=f"({','.join(field.canonical for field in fields)})",
        type=ValueType.TUPLE,
        body=body,
        render=render,
        head_size=WORD if dynamic else sum(field.head_size for field in fields),
        dynamic=dynamic,
        depth=_deeper(*fields),
    )


def read_sequence(types: Sequence[AbiType], reader: Reader, frame: int) -> Sequence[Value]:
    """Return the values of types listed one after the other from an offset.

    Bytes behind the last value are ignored.

    Raises:
        ValueError: the data do not fit the types.
    """
    values: list[Value] = []
    at = frame
    reader.spend(len(types))
    for each in types:
        values.append(each.read(reader, frame, at))
        at += each.head_size
    return values


def _deeper(*inner: AbiType) -> int:
    depth = 1 + max(each.depth for each in inner)
    if depth > MAX_DEPTH:
        raise ValueError(f"types nest deeper than {MAX_DEPTH}")
    return depth


def _sized(kind: str, name: str, size: int) -> AbiType:
    if name == "bytes":
        if size > WORD:
            raise ValueError(f"no such type: {kind}")
        return _fixed_bytes(kind, size, padded_to=WORD)
    if size > 256 or size % 8:
        raise ValueError(f"no such type: {kind}")
    return _integer(kind, size, signed=name == "int")


def _integer(kind: str, bits: int, *, signed: bool) -> AbiType:
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)

    def body(reader: Reader, at: int) -> Value:
        value = int.from_bytes(reader.word(at), signed=signed)
        if not low <= value < high:
            raise ValueError(f"out of range for {kind}")
        return value

    return AbiType(canonical=kind, type=ValueType.INT if signed else ValueType.UINT, body=body)


def _fixed_bytes(kind: str, size: int, *, padded_to: int) -> AbiType:
    def body(reader: Reader, at: int) -> Value:
        word = reader.word(at)
        if any(word[size:]):
            raise ValueError(f"dirty bytes behind {kind}")
        return to_hex(word[:size])

    def render(value: Value) -> str:
        return str(value).ljust(2 + 2 * padded_to, "0")

    return AbiType(canonical=kind, type=ValueType.TEXT, body=body, render=render, quoted=True)


def _address(reader: Reader, at: int) -> Value:
    word = reader.word(at)
    if any(word[:12]):
        raise ValueError("dirty bytes before an address")
    return to_hex(word[12:])


def _bool(reader: Reader, at: int) -> Value:
    value = reader.uint(at)
    if value > 1:
        raise ValueError("a bool is 0 or 1")
    return value == 1


def _blob(reader: Reader, at: int) -> bytes:
    length = reader.uint(at)
    start = at + WORD
    # the padding behind the last byte is not asked for: some compilers leave it out
    if length > len(reader.data) - start:
        raise ValueError("the data end within bytes")
    reader.spend(length // WORD)
    return reader.data[start : start + length]


def _bytes(reader: Reader, at: int) -> Value:
    return to_hex(_blob(reader, at))


def _string(reader: Reader, at: int) -> Value:
    # chains do not check UTF-8: a match must not be lost to a broken name
    return _blob(reader, at).decode("utf-8", "replace")


def _hash(reader: Reader, at: int) -> Value:
    return to_hex(reader.word(at))


def _render_bool(value: Value) -> str:
    return "true" if value else "false"


_PLAIN = {
    "address": AbiType(canonical="address", type=ValueType.ADDRESS, body=_address, quoted=True),
    "bool": AbiType(canonical="bool", type=ValueType.BOOL, body=_bool, render=_render_bool),
    "string": AbiType(
        canonical="string", type=ValueType.TEXT, body=_string, dynamic=True, quoted=True
    ),
    "bytes": AbiType(
        canonical="bytes", type=ValueType.TEXT, body=_bytes, dynamic=True, quoted=True
    ),
    "function": _fixed_bytes("function", 24, padded_to=24),
}

TOPIC_HASH = AbiType(canonical="bytes32", type=ValueType.TEXT, body=_hash)
"""What an indexed value of more than one word leaves in its topic: its keccak."""
