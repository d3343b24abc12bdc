"""XDR of values → the kinds they show and where they start, without decoding them.

Accepts what ``scval`` accepts and refuses what it refuses; which of two values is asked for is
often told by their kinds alone, and most values are never asked for.
"""

from collections.abc import Callable, Iterable

from tocsin.chains.stellar.codec.scval import (
    INTEGERS,
    SYMBOL_LIMIT_BYTES,
    ScValue,
    joined_kinds,
    read_value,
    symbol_text,
)
from tocsin.chains.stellar.codec.xdr import MAX_DEPTH, XdrReader

Spot = tuple[str, bytes, int]
"""A value that was not decoded: the kind it shows, bytes it is in, and where it starts in them."""

Content = list[Spot] | dict[str, Spot] | Spot
"""A value: its elements where it is a Vec, its entries in the order of their keys where a Map."""

_WORD_BYTES = 4


def scan_value(data: bytes) -> Spot:
    """Return the one value that these bytes are.

    Raises:
        ValueError: not a value, or more than one.
    """
    ((kind, _, _),), end = scan_values(data, 0, 1)
    if end != len(data):
        raise ValueError("bytes follow the value")
    return kind, data, 0


def scan_content(data: bytes) -> Content:
    """Return the one value that these bytes are, opened where it holds others.

    Raises:
        ValueError: not a value, or more than one.
    """
    fixed = _FIXED.get(data[:_WORD_BYTES])
    if fixed is not None and fixed[1] == len(data):
        return fixed[0], data, 0
    opens = _OPENERS.get(data[:8])
    if opens is None:
        return scan_value(data)
    content, end = opens(data, 8, 1)
    if end != len(data):
        raise ValueError("bytes follow the value")
    return content


def kind_of(content: Content) -> str:
    """Return the kind that a value shows as a whole."""
    if isinstance(content, list):
        return f"Vec<{_element_kinds(content)}>"
    if isinstance(content, dict):
        return f"Map<String,{_element_kinds(content.values())}>"
    return content[0]


def value_at(spot: Spot) -> ScValue:
    """Return a value, decoded now."""
    _, data, position = spot
    return read_value(XdrReader(data, position))


def scan_array(data: bytes, position: int, depth: int = 0) -> tuple[list[Spot], int]:
    """Return the values of an array, after its length, and where it ends.

    Raises:
        ValueError: not an array of values, or too deep for ``depth`` levels around it.
    """
    start = position + _WORD_BYTES
    return scan_values(data, start, _count(data, position), depth)


def scan_values(data: bytes, position: int, count: int, depth: int = 0) -> tuple[list[Spot], int]:
    """Return that many values that follow one another, and where the last one ends.

    Raises:
        ValueError: as for ``scan_array``.
    """
    spots: list[Spot] = []
    size = len(data)
    for _ in range(count):
        tag = data[position : position + _WORD_BYTES]
        fixed = _FIXED.get(tag)
        if fixed is not None:
            kind, size_bytes = fixed
            end = position + size_bytes
        else:
            kind, end = _scan_other(tag, data, position, depth)
        if end > size:
            raise ValueError("XDR ends too early")
        spots.append((kind, data, position))
        position = end
    return spots, position


def _tag(number: int) -> bytes:
    return number.to_bytes(_WORD_BYTES, "big")


_FIXED = {_tag(number): (kind, 4 + size) for number, (kind, size, _) in INTEGERS.items()}
_FIXED[_tag(1)] = ("Void", 4)
_NO, _YES = _tag(0), _tag(1)
_BYTES, _STRING, _SYMBOL, _VEC, _MAP, _ADDRESS = map(_tag, (13, 14, 15, 16, 17, 18))

_ADDRESS_BYTES = {
    _tag(0): 4 + 4 + 4 + 32,
    _tag(1): 4 + 4 + 32,
    _tag(2): 4 + 4 + 8 + 32,
    _tag(3): 4 + 4 + 4 + 32,
    _tag(4): 4 + 4 + 32,
}
_VERSIONED = frozenset({_tag(0), _tag(3)})
"""Kinds of addresses, an account and a balance, that have another number, always zero."""


def _count(data: bytes, position: int) -> int:
    start = position + _WORD_BYTES
    count = int.from_bytes(data[position:start], "big")
    if count * _WORD_BYTES > len(data) - start:
        raise ValueError("XDR array is longer than its bytes")
    return count


def _size(data: bytes, position: int) -> int:
    """Return the size of what follows a tag and its length."""
    return int.from_bytes(data[position + 4 : position + 8], "big")


def _scan_address(data: bytes, position: int, _: int) -> tuple[str, int]:
    kind = data[position + 4 : position + 8]
    size_bytes = _ADDRESS_BYTES.get(kind)
    if size_bytes is None or (kind in _VERSIONED and data[position + 8 : position + 12] != _NO):
        raise ValueError("no kind of address has this number")
    return "Address", position + size_bytes


def _scan_bool(data: bytes, position: int, _: int) -> tuple[str, int]:
    if data[position + 4 : position + 8] not in (_NO, _YES):
        raise ValueError("XDR boolean is neither 0 nor 1")
    return "Bool", position + 8


def _scan_bytes(data: bytes, position: int, _: int) -> tuple[str, int]:
    size_bytes = _size(data, position)
    end = position + 8 + (size_bytes + 3 & ~3)
    return f"Bytes{size_bytes}" if size_bytes else "Bytes", end


def _scan_string(data: bytes, position: int, _: int) -> tuple[str, int]:
    return "String", position + 8 + (_size(data, position) + 3 & ~3)


def _scan_symbol(data: bytes, position: int, _: int) -> tuple[str, int]:
    size_bytes = _size(data, position)
    if size_bytes > SYMBOL_LIMIT_BYTES:
        raise ValueError(f"a symbol has {size_bytes} bytes")
    return "Symbol", position + 8 + (size_bytes + 3 & ~3)


def _scan_container(data: bytes, position: int, depth: int) -> tuple[str, int]:
    if depth >= MAX_DEPTH:
        raise ValueError("XDR is nested too deeply")
    opens = _OPENERS.get(data[position : position + 8])
    if opens is not None:
        content, end = opens(data, position + 8, depth + 1)
        return kind_of(content), end
    if data[position + 4 : position + 8] != _NO:
        raise ValueError("XDR boolean is neither 0 nor 1")
    return "Void", position + 8


def _scan_entries(data: bytes, position: int, depth: int) -> tuple[dict[str, Spot], int]:
    items: dict[str, Spot] = {}
    count = _count(data, position)
    position += _WORD_BYTES
    for _ in range(count):
        key, position = _read_key(data, position, depth)
        tag = data[position : position + _WORD_BYTES]
        fixed = _FIXED.get(tag)
        if fixed is not None:
            kind, size_bytes = fixed
            end = position + size_bytes
        else:
            kind, end = _scan_other(tag, data, position, depth)
        if end > len(data):
            raise ValueError("XDR ends too early")
        items[key] = (kind, data, position)
        position = end
    order = sorted(items)
    if order != [*items]:
        items = {key: items[key] for key in order}
    return items, position


def _read_key(data: bytes, position: int, depth: int) -> tuple[str, int]:
    """Return a key's text and where it ends; nearly all of them are symbols."""
    start = position + 8
    if data[position : start - _WORD_BYTES] == _SYMBOL:
        size_bytes = int.from_bytes(data[start - _WORD_BYTES : start], "big")
        end = start + (size_bytes + 3 & ~3)
        if size_bytes <= SYMBOL_LIMIT_BYTES and end <= len(data):
            return symbol_text(data[start : start + size_bytes]), end
    reader = XdrReader(data, position, depth)
    return read_value(reader).text, reader.position


def _scan_other(tag: bytes, data: bytes, position: int, depth: int) -> tuple[str, int]:
    """Return what a value shows that is not of a fixed size, and where it ends."""
    scan = _SCANNERS.get(tag)
    if scan is None:
        raise ValueError("no kind of value has this number")
    return scan(data, position, depth)


def _scan_rare(data: bytes, position: int, depth: int) -> tuple[str, int]:
    reader = XdrReader(data, position, depth)
    return read_value(reader).kind, reader.position


def _element_kinds(spots: Iterable[Spot]) -> str:
    return joined_kinds([kind for kind, _, _ in spots])


_SCANNERS: dict[bytes, Callable[[bytes, int, int], tuple[str, int]]] = {
    _tag(0): _scan_bool,
    _BYTES: _scan_bytes,
    _STRING: _scan_string,
    _SYMBOL: _scan_symbol,
    _VEC: _scan_container,
    _MAP: _scan_container,
    _ADDRESS: _scan_address,
    **{_tag(number): _scan_rare for number in (2, 19, 20, 21, 22)},
}
_OPENERS: dict[bytes, Callable[[bytes, int, int], tuple[list[Spot] | dict[str, Spot], int]]] = {
    _VEC + _YES: scan_array,
    _MAP + _YES: _scan_entries,
}
