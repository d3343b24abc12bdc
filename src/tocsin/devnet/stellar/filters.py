"""The filters of getEvents: checked once, then asked of every event."""

from base64 import b64decode
from collections.abc import Sequence

import msgspec
from stellar_sdk import StrKey
from stellar_sdk import xdr as stellar_xdr

from tocsin.devnet.network import RpcCallError
from tocsin.devnet.stellar.params import INVALID_PARAMS, FilterRequest
from tocsin.devnet.stellar.rows import EventRow

_LARGEST_COUNT = 5  # of filters, of contracts in one, and of topic filters in one
_LARGEST_TOPIC_COUNT = 4
_LONGEST_SEGMENT = 4096  # base64; bounds how deep a hostile value can nest
_TYPES = {"system", "contract"}
_ANY_ONE = "*"
_ANY_REST = "**"


class TopicFilter(msgspec.Struct, frozen=True):
    """What topics must be, by place; None is any. ``open_ended`` allows more after them."""

    values: tuple[bytes | None, ...]
    open_ended: bool

    def admits(self, topics: Sequence[bytes]) -> bool:
        """Return whether these topics, as XDR bytes, are such."""
        if len(topics) < len(self.values):
            return False
        if len(topics) > len(self.values) and not self.open_ended:
            return False
        return all(
            value is None or value == topic
            for value, topic in zip(self.values, topics, strict=False)
        )


class EventFilter(msgspec.Struct, frozen=True):
    """What an event must be; an empty part admits all."""

    types: frozenset[str]
    contracts: frozenset[str]
    topics: tuple[TopicFilter, ...]

    def admits(self, event: EventRow) -> bool:
        """Return whether the event is such; every event here is of type ``contract``."""
        return (
            (not self.types or "contract" in self.types)
            and (not self.contracts or event.contract in self.contracts)
            and (not self.topics or any(topic.admits(event.topics) for topic in self.topics))
        )


def compile_filters(requests: Sequence[FilterRequest]) -> tuple[EventFilter, ...]:
    """Return the filters of a request.

    Raises:
        RpcCallError: -32602; too many, or one of them is none.
    """
    try:
        _require_few(requests, "filters per request")
        return tuple(_compile_filter(request) for request in requests)
    except (ValueError, EOFError) as cause:
        # EOFError: XDR that ends too soon.
        raise RpcCallError(INVALID_PARAMS, f"filter invalid: {cause}") from cause


def _compile_filter(request: FilterRequest) -> EventFilter:
    types = frozenset(request.type.split(",")) if request.type else frozenset()
    if not types <= _TYPES:
        raise ValueError("if set, type must be either 'system' or 'contract'")
    contracts, topics = request.contract_ids or (), request.topics or ()
    _require_few(contracts, "contract IDs per filter")
    _require_few(topics, "topics per filter")
    for order, contract in enumerate(contracts, start=1):
        if not StrKey.is_valid_contract(contract):
            raise ValueError(f"contract ID {order} invalid")
    return EventFilter(
        types, frozenset(contracts), tuple(_compile_topics(segments) for segments in topics)
    )


def _compile_topics(segments: Sequence[str]) -> TopicFilter:
    if not segments:
        raise ValueError("topic must have at least 1 segment")
    open_ended = segments[-1] == _ANY_REST
    fixed = segments[:-1] if open_ended else segments
    if _ANY_REST in fixed:
        raise ValueError("wildcard '**' is only allowed as the last segment")
    if len(fixed) > _LARGEST_TOPIC_COUNT:
        raise ValueError(f"topic cannot have more than {_LARGEST_TOPIC_COUNT} segments")
    return TopicFilter(tuple(_compile_segment(segment) for segment in fixed), open_ended)


def _compile_segment(segment: str) -> bytes | None:
    """Return the XDR of the one value that fits, or None where any does."""
    if segment == _ANY_ONE:
        return None
    if len(segment) > _LONGEST_SEGMENT:
        raise ValueError(f"segment longer than {_LONGEST_SEGMENT} characters")
    raw = b64decode(segment, validate=True)
    stellar_xdr.SCVal.from_xdr_bytes(raw)
    return raw


def _require_few(items: Sequence[object], what: str) -> None:
    if len(items) > _LARGEST_COUNT:
        raise ValueError(f"maximum {_LARGEST_COUNT} {what}")
