"""JSON-RPC parameters → block places and log filters, or error -32602 that says what is wrong."""

import re
from dataclasses import dataclass

from tocsin.devnet.evm.blocks import Block
from tocsin.devnet.evm.branches import NodeView
from tocsin.devnet.evm.encoding import bytes_of
from tocsin.devnet.evm.erc20 import EvmLog
from tocsin.devnet.network import RpcCallError

INVALID_PARAMS = -32602
SERVER_ERROR = -32000
_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]{0,15})")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MOST_ALTERNATIVES = 1000


def invalid(message: str) -> RpcCallError:
    """Return the error of a parameter that cannot be used."""
    return RpcCallError(INVALID_PARAMS, message)


def parse_hash(value: object, name: str = "hash") -> str:
    """Return a 32-byte hash as lower-case text, or raise RpcCallError."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise invalid(f"invalid {name}: expected 0x and 64 hex digits")
    return value.lower()


def parse_flag(value: object) -> bool:
    """Return a boolean, or raise RpcCallError."""
    if not isinstance(value, bool):
        raise invalid("invalid argument 1: expected a boolean")
    return value


def parse_number(view: NodeView, value: object) -> int:
    """Return the block number that a quantity or tag means to this node.

    Tags: ``latest`` and ``pending`` (its head), ``earliest``, ``safe``, ``finalized``.

    Raises:
        RpcCallError: neither.
    """
    tags = {
        "latest": view.head_number,
        "pending": view.head_number,
        "earliest": 0,
        "safe": max(0, view.head_number - view.safe_depth),
        "finalized": max(0, view.head_number - view.finalized_depth),
    }
    if not isinstance(value, str):
        raise invalid("invalid block number: expected a quantity or a tag")
    if value in tags:
        return tags[value]
    if not _QUANTITY.fullmatch(value):
        raise invalid("invalid block number: expected a quantity or a tag")
    return int(value, 16)


def find_block(view: NodeView, place: object) -> Block | None:
    """Return the block at a number, tag, hash, or object of one of them (EIP-1898), or None."""
    if isinstance(place, dict):
        return _find_block_of_object(view, place)
    if isinstance(place, str) and len(place) == 66:
        return view.by_hash(parse_hash(place))
    return view.at(parse_number(view, place))


def _find_block_of_object(view: NodeView, place: dict[object, object]) -> Block | None:
    has_hash, has_number = "blockHash" in place, "blockNumber" in place
    if has_hash == has_number:
        raise invalid("invalid block: expected either blockHash or blockNumber")
    if has_number:
        return view.at(parse_number(view, place["blockNumber"]))
    block = view.by_hash(parse_hash(place["blockHash"], "blockHash"))
    if block and place.get("requireCanonical") is True and view.at(block.header.number) != block:
        raise RpcCallError(SERVER_ERROR, "hash is not currently canonical")
    return block


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which logs to give. Empty ``addresses`` means any; None in ``topics`` means any there."""

    addresses: frozenset[bytes]
    topics: tuple[frozenset[bytes] | None, ...]

    def admits(self, log: EvmLog) -> bool:
        """Return whether a log passes. Source: execution-apis, ``Filter``."""
        if self.addresses and log.address not in self.addresses:
            return False
        return len(self.topics) <= len(log.topics) and all(
            wanted is None or topic in wanted
            for wanted, topic in zip(self.topics, log.topics, strict=False)
        )


def parse_filter(value: dict[object, object]) -> LogFilter:
    """Return the address and topic part of an ``eth_getLogs`` filter, or raise RpcCallError."""
    topics = [] if value.get("topics") is None else value["topics"]
    if not isinstance(topics, list) or len(topics) > 4:
        raise invalid("invalid topics: expected a list of at most four")
    return LogFilter(
        addresses=_alternatives(value.get("address"), _ADDRESS, "address") or frozenset(),
        topics=tuple(_alternatives(topic, _HASH, "topics") for topic in topics),
    )


def _alternatives(value: object, shape: re.Pattern[str], name: str) -> frozenset[bytes] | None:
    if value is None or value == []:
        return None
    texts = value if isinstance(value, list) else [value]
    if len(texts) > _MOST_ALTERNATIVES:
        raise invalid(f"invalid {name}: more than {_MOST_ALTERNATIVES} values")
    return frozenset(_parse_bytes(text, shape, name) for text in texts)


def _parse_bytes(value: object, shape: re.Pattern[str], name: str) -> bytes:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise invalid(f"invalid {name}: expected 0x and hex digits of the right length")
    return bytes_of(value)
