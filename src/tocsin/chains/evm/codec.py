"""Bytes and hex of the EVM's JSON-RPC ↔ values: quantities, data, keccak, RLP, blooms."""

import re
from binascii import unhexlify
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from eth_hash.auto import keccak

from tocsin.errors import MalformedBlockError

_QUANTITY = re.compile(r"0x(?:0|[1-9a-f][0-9a-f]{0,63})", re.IGNORECASE)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.IGNORECASE)
_HASH = re.compile(r"0x[0-9a-f]{64}", re.IGNORECASE)

BLOOM_BYTES = 256

_T = TypeVar("_T")


def parse_quantity(value: object) -> int:
    """Return the integer of a JSON-RPC quantity.

    Shape: ``"0x"`` and at most 64 hex digits without leading zeros; ``"0x0"`` is zero.
    Units: none; the caller knows whether it is wei, gas or an index.

    Raises:
        ValueError: not a quantity.

    Source: Ethereum execution-apis, "hex value encoding".
    """
    if not isinstance(value, str) or _QUANTITY.fullmatch(value) is None:
        raise ValueError(f"expected a 0x quantity, got {shown(value)}")
    return int(value, 16)


def parse_data(value: object) -> bytes:
    """Return the bytes of ``"0x"`` and an even number of hex digits.

    Raises:
        ValueError: not such text.
    """
    if not isinstance(value, str) or value[:2] != "0x" or not value.isascii():
        raise ValueError(f"expected 0x data, got {shown(value)}")
    try:
        return unhexlify(value[2:])
    except ValueError as cause:
        raise ValueError(f"expected 0x data, got {shown(value)}") from cause


def is_address(value: object) -> bool:
    """Return whether a value is text of ``0x`` and 40 hex digits, in any case."""
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None


def is_hash(value: object) -> bool:
    """Return whether a value is text of ``0x`` and 64 hex digits, in any case."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def to_hex(data: bytes) -> str:
    """Return canonical text: ``0x`` and lower-case hex digits."""
    return "0x" + data.hex()


def topic_of(signature: str) -> str:
    """Return topic 0 of an event's canonical signature, ``Name(type,…)``, as hex text."""
    return to_hex(keccak(signature.encode()))


def selector_of(signature: str) -> str:
    """Return the four-byte selector of a function's canonical signature as hex text."""
    return to_hex(keccak(signature.encode())[:4])


def shown(value: object) -> str:
    """Return a value short enough for a message, quoted."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def rlp_list(items: Iterable[bytes]) -> bytes:
    """Return the RLP encoding of a list of byte strings.

    Source: Ethereum yellow paper, appendix B.
    """
    body = b"".join(_rlp_string(item) for item in items)
    return _rlp_prefix(len(body), 0xC0) + body


def rlp_integer(value: int) -> bytes:
    """Return an integer as RLP wants it: big-endian without leading zeros, zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8)


def _rlp_string(item: bytes) -> bytes:
    if len(item) == 1 and item[0] < 0x80:
        return item
    return _rlp_prefix(len(item), 0x80) + item


def _rlp_prefix(length: int, offset: int) -> bytes:
    if length <= 55:
        return bytes([offset + length])
    size = rlp_integer(length)
    return bytes([offset + 55 + len(size)]) + size


def bloom_of(entries: Iterable[bytes]) -> int:
    """Return the 2048-bit log bloom of addresses and topics, as a big-endian integer.

    Source: Ethereum yellow paper, section 4.3.1 (M3:2048).
    """
    bloom = 0
    for entry in set(entries):
        digest = keccak(entry)
        for at in (0, 2, 4):
            bloom |= 1 << (int.from_bytes(digest[at : at + 2]) & 2047)
    return bloom


def decode_json(raw: bytes, shape: type[_T], part: str) -> _T:
    """Return a part's JSON in a shape, or raise MalformedBlockError.

    Nesting beyond what the interpreter can follow is refused like any other malformation.
    """
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        # the decoder names a path and types, never more than a few characters of the input
        raise MalformedBlockError(f"{part}: {str(cause)[:200]}") from cause
