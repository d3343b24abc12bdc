"""A Wasm module → the contents of its custom sections.

Source: WebAssembly core specification, "Binary Format", sections "Modules" and "Integers".
"""

from collections.abc import Iterator

MOST_MODULE_BYTES = 512 << 10
"""Several times what a network stores of one contract."""

MOST_SECTIONS = 4096

_HEADER = b"\0asm\x01\0\0\0"
_CUSTOM = 0
_LONGEST_U32 = 5  # bytes of LEB128


def custom_sections(module: bytes, name: bytes) -> bytes:
    """Return the contents of all custom sections of that name, one after the other.

    Only the frame is read: what other sections hold may be anything.

    Raises:
        ValueError: not a module, or sizes in it lead beyond its end.
    """
    if len(module) > MOST_MODULE_BYTES:
        raise ValueError(f"a Wasm module has at most {MOST_MODULE_BYTES} bytes")
    if not module.startswith(_HEADER):
        raise ValueError("not a Wasm module of version 1")
    return b"".join(content for section, content in _custom_sections(module) if section == name)


def _custom_sections(module: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(_HEADER)
    for _ in range(MOST_SECTIONS):
        if position == len(module):
            return
        kind = module[position]
        start, end = _sized(module, position + 1, len(module))
        if kind == _CUSTOM:
            named, content = _sized(module, start, end)
            yield module[named:content], module[content:end]
        position = end
    raise ValueError(f"a Wasm module has fewer than {MOST_SECTIONS} sections")


def _sized(module: bytes, position: int, limit: int) -> tuple[int, int]:
    """Return where something begins and ends that has its size before it."""
    size_bytes, start = _unsigned(module, position, limit)
    if start + size_bytes > limit:
        raise ValueError("Wasm: a size leads beyond the end")
    return start, start + size_bytes


def _unsigned(module: bytes, position: int, limit: int) -> tuple[int, int]:
    """Return an unsigned LEB128 of 32 bits and the position behind it."""
    value = 0
    for place, byte in enumerate(module[position : min(position + _LONGEST_U32, limit)]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if value >= 1 << 32:
                break
            return value, position + place + 1
    raise ValueError("Wasm: not an integer of 32 bits")
