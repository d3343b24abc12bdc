"""XDR bytes → the primitives of RFC 4506, read one after another from a position."""

import binascii
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# The Soroban host refuses values nested deeper than 100; more is an attack on our stack.
MAX_DEPTH = 110


class XdrReader:
    """Reads primitives from bytes that may be garbage: every misfit is a ValueError."""

    # what is read for each value of each event is spelled out: a call costs more than its work
    __slots__ = ("_depth", "_end", "data", "position")

    def __init__(self, data: bytes, position: int = 0, depth: int = 0) -> None:
        self.data = data
        self.position = position
        self._end = len(data)
        self._depth = depth

    def fixed(self, size_bytes: int) -> bytes:
        """Return that many bytes; a size that is not a multiple of 4 is followed by padding."""
        start = self.position
        self.skip(size_bytes)
        return self.data[start : start + size_bytes]

    def skip(self, size_bytes: int) -> None:
        """Move past that many bytes and their padding to a multiple of 4."""
        end = self.position + (size_bytes + 3 & ~3)
        if end > self._end:
            raise ValueError("XDR ends too early")
        self.position = end

    def unsigned(self, size_bytes: int = 4) -> int:
        """Return a big-endian unsigned integer of 4, 8, 16 or 32 bytes."""
        start = self.position
        end = start + size_bytes
        if end > self._end:
            raise ValueError("XDR ends too early")
        self.position = end
        return int.from_bytes(self.data[start:end], "big")

    def signed(self, size_bytes: int = 4) -> int:
        """Return a big-endian two's complement integer of 4, 8, 16 or 32 bytes."""
        start = self.position
        end = start + size_bytes
        if end > self._end:
            raise ValueError("XDR ends too early")
        self.position = end
        return int.from_bytes(self.data[start:end], "big", signed=True)

    def flag(self) -> bool:
        """Return a boolean, or whether an optional value follows."""
        value = self.unsigned()
        if value > 1:
            raise ValueError(f"XDR boolean is {value}")
        return value == 1

    def opaque(self, limit_bytes: int | None = None) -> bytes:
        """Return bytes of variable length, or raise ValueError where they exceed the limit."""
        size_bytes = self.unsigned()
        if limit_bytes is not None and size_bytes > limit_bytes:
            raise ValueError(f"XDR opaque has {size_bytes} bytes, not at most {limit_bytes}")
        start = self.position
        end = start + (size_bytes + 3 & ~3)
        if end > self._end:
            raise ValueError("XDR ends too early")
        self.position = end
        return self.data[start : start + size_bytes]

    def count(self) -> int:
        """Return the length of an array whose elements take at least 4 bytes each."""
        count = self.unsigned()
        if count * 4 > len(self.data) - self.position:
            raise ValueError("XDR array is longer than its bytes")
        return count

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Count one level of nesting while inside, and refuse more than MAX_DEPTH of them."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Count one level of nesting, and refuse more than MAX_DEPTH of them."""
        if self._depth >= MAX_DEPTH:
            raise ValueError("XDR is nested too deeply")
        self._depth += 1

    def leave(self) -> None:
        """Count one level less; whoever gave up on the reader need not."""
        self._depth -= 1


Skip = Callable[[XdrReader], object]
"""Moves a reader past one value."""


def skip_fixed(size_bytes: int) -> Skip:
    """Return what moves past a value that always has that many bytes."""
    return lambda reader: reader.skip(size_bytes)


def skip_opaque(reader: XdrReader) -> None:
    """Move past bytes or a string of variable length."""
    reader.skip(reader.unsigned())


def skip_all(*parts: Skip) -> Skip:
    """Return what moves past a structure of these parts."""

    def skip(reader: XdrReader) -> None:
        for part in parts:
            part(reader)

    return skip


def skip_optional(part: Skip) -> Skip:
    """Return what moves past a value that may be absent."""
    return lambda reader: part(reader) if reader.flag() else None


def skip_array(part: Skip) -> Skip:
    """Return what moves past an array of variable length."""

    def skip(reader: XdrReader) -> None:
        for _ in range(reader.count()):
            part(reader)

    return skip


def skip_union(arms: dict[int, Skip]) -> Skip:
    """Return what moves past a union by its discriminant; an unknown one is a ValueError."""
    find = arms.get

    def skip(reader: XdrReader) -> None:
        tag = reader.signed()
        arm = find(tag)
        if arm is None:
            raise ValueError(f"XDR union has no arm {tag}")
        arm(reader)

    return skip


def from_base64(text: str) -> bytes:
    """Return the bytes of standard base64 text.

    Raises:
        ValueError: not base64.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as cause:
        raise ValueError("not base64") from cause
