"""Ordered items to the root of their Merkle Patricia trie; logs to their bloom filter."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from tocsin.devnet.evm.encoding import keccak, rlp_bytes, rlp_integer, rlp_list

EMPTY_ROOT = keccak(rlp_bytes(b""))
BLOOM_BYTES = 256

_Entry = tuple[bytes, bytes]  # a key as one nibble a byte, a value


def ordered_root(values: Sequence[bytes]) -> bytes:
    """Return the root of the trie that maps ``rlp(index)`` to each value.

    Source: Ethereum yellow paper, section 4.3.2 and appendix D.
    """
    if not values:
        return EMPTY_ROOT
    entries = [(_nibbles(rlp_integer(index)), value) for index, value in enumerate(values)]
    entries.sort()
    return keccak(_node(entries, 0))


def _nibbles(key: bytes) -> bytes:
    return bytes(int(digit, 16) for digit in key.hex())


def _path(nibbles: bytes, *, leaf: bool) -> bytes:
    """Return a partial path in hex-prefix encoding (yellow paper, appendix C), as an RLP item."""
    flag = 2 if leaf else 0
    padded = bytes((flag + 1,)) + nibbles if len(nibbles) % 2 else bytes((flag, 0)) + nibbles
    return rlp_bytes(bytes(high << 4 | low for high, low in zip(*[iter(padded)] * 2, strict=True)))


def _node(entries: list[_Entry], depth: int) -> bytes:
    """Return the encoded node over sorted entries that agree in their first ``depth`` nibbles.

    No key is the beginning of another (RLP is prefix-free), so a branch never holds a value.
    """
    first, last = entries[0][0], entries[-1][0]
    if len(entries) == 1:
        return rlp_list(_path(first[depth:], leaf=True), rlp_bytes(entries[0][1]))
    shared = depth
    while first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return rlp_list(_path(first[depth:shared], leaf=False), _reference(entries, shared))
    children: list[list[_Entry]] = [[] for _ in range(16)]
    for entry in entries:
        children[entry[0][depth]].append(entry)
    empty = rlp_bytes(b"")
    items = [_reference(child, depth + 1) if child else empty for child in children]
    return rlp_list(*items, empty)


def _reference(entries: list[_Entry], depth: int) -> bytes:
    node = _node(entries, depth)
    return node if len(node) < 32 else rlp_bytes(keccak(node))


@lru_cache(maxsize=8192)
def _bloom_bits(value: bytes) -> int:
    digest = keccak(value)
    bits = 0
    for start in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[start : start + 2], "big") & 2047)
    return bits


def logs_bloom(values: Iterable[bytes]) -> bytes:
    """Return the 256-byte bloom filter of addresses and topics.

    Source: Ethereum yellow paper, section 4.3.1.
    """
    bits = 0
    for value in values:
        bits |= _bloom_bits(value)
    return bits.to_bytes(BLOOM_BYTES, "big")
