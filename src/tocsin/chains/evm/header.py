"""A header's fields → the hash they make, where the chain hashes headers as Ethereum does.

Source: Ethereum yellow paper, section 4.3; EIP-1559, 4895, 4844, 4788 and 7685 for the fields
added since.
"""

from collections.abc import Mapping

import msgspec
from eth_hash.auto import keccak

from tocsin.chains.evm.codec import parse_data, parse_quantity, rlp_integer, rlp_list, to_hex

_HASHED = (
    ("parentHash", False),
    ("sha3Uncles", False),
    ("miner", False),
    ("stateRoot", False),
    ("transactionsRoot", False),
    ("receiptsRoot", False),
    ("logsBloom", False),
    ("difficulty", True),
    ("number", True),
    ("gasLimit", True),
    ("gasUsed", True),
    ("timestamp", True),
    ("extraData", False),
    ("mixHash", False),
    ("nonce", False),
)
"""The fields of every header in the order they are hashed, and whether each is an integer."""

_ADDED = (
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)
"""Fields that upgrades appended, in order: a header has the first few of them, without a hole."""

_NOT_HASHED = frozenset(
    {"hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals"}
)
_KNOWN = frozenset(name for name, _ in (*_HASHED, *_ADDED)) | _NOT_HASHED

HASHED_AS_ETHEREUM = frozenset({1, 10, 8453, 17000, 31337, 560048, 11155111})
"""Chain ids whose headers make their hash and bloom as Ethereum's: mainnet and its test
networks, OP Mainnet, Base, and the development nodes. Others seal, number or fill them in ways
of their own, which would look like lies."""


def header_hash(fields: Mapping[str, msgspec.Raw]) -> str | None:
    """Return the hash that the fields of a JSON header make, or None where it cannot be known.

    It cannot be known when a field is absent or one is present that we have not heard of: both
    mean another rule for the hash. A field that is no hex is none, too.
    """
    if not fields.keys() <= _KNOWN or any(name not in fields for name, _ in _HASHED):
        return None
    added = [entry for entry in _ADDED if entry[0] in fields]
    if added != list(_ADDED[: len(added)]):
        return None
    try:
        items = [_item(fields[name], is_integer=flag) for name, flag in (*_HASHED, *added)]
    except ValueError:
        return None
    return to_hex(keccak(rlp_list(items)))


def _item(raw: msgspec.Raw, *, is_integer: bool) -> bytes:
    value = msgspec.json.decode(raw)
    return rlp_integer(parse_quantity(value)) if is_integer else parse_data(value)
