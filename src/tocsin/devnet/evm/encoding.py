"""Values to bytes and text, as Ethereum writes them: RLP, quantities, hex data, keccak-256.

The RLP functions take and give *encoded* items, so that a list is a plain concatenation. They are
ours because a general library is some ten times slower and every block needs a hundred of them.
"""

from eth_hash.auto import keccak

__all__ = ["bytes_of", "hex_data", "keccak", "quantity", "rlp_bytes", "rlp_integer", "rlp_list"]

_SHORT = 55  # the longest payload whose length fits the first byte


def _prefixed(payload: bytes, offset: int) -> bytes:
    if len(payload) <= _SHORT:
        return bytes((offset + len(payload),)) + payload
    size = len(payload).to_bytes((len(payload).bit_length() + 7) // 8, "big")
    return bytes((offset + _SHORT + len(size),)) + size + payload


def rlp_bytes(value: bytes) -> bytes:
    """Return a byte string as an RLP item. Source: Ethereum yellow paper, appendix B."""
    if len(value) == 1 and value[0] < 0x80:
        return value
    return _prefixed(value, 0x80)


def rlp_integer(value: int) -> bytes:
    """Return a non-negative integer as an RLP item: big-endian, no leading zero bytes."""
    return rlp_bytes(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rlp_list(*items: bytes) -> bytes:
    """Return already encoded items as one RLP list."""
    return _prefixed(b"".join(items), 0xC0)


def quantity(value: int) -> str:
    """Return an integer as a JSON-RPC quantity: ``0x`` and hex digits without leading zeros."""
    return hex(value)


def hex_data(value: bytes) -> str:
    """Return bytes as JSON-RPC data: ``0x`` and two lower-case hex digits each."""
    return "0x" + value.hex()


def bytes_of(text: str) -> bytes:
    """Return the bytes of ``0x`` text made by :func:`hex_data`."""
    return bytes.fromhex(text[2:])
