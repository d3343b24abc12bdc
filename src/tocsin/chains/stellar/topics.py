"""Topics as a node writes them → what they show; most of them stand in many events."""

from collections.abc import Sequence
from functools import lru_cache

from tocsin.chains.stellar.codec.scan import Spot, scan_value, value_at
from tocsin.chains.stellar.codec.scval import leading_text
from tocsin.chains.stellar.codec.xdr import from_base64
from tocsin.chains.stellar.kinds import normalized

_SHORT = 128  # names, accounts, assets; more would let a contract choose how much we keep


def scan_topics(topics: Sequence[str]) -> list[Spot]:
    """Return topics, not decoded.

    Raises:
        ValueError: one is no value.
    """
    if max(map(len, topics), default=0) <= _SHORT:
        return [*map(_short_spot, topics)]
    return [scan_value(from_base64(each)) for each in topics]


def topic_kinds(topics: Sequence[str]) -> list[str]:
    """Return what topics show.

    Raises:
        ValueError: one is no value.
    """
    if max(map(len, topics), default=0) <= _SHORT:
        return [*map(_short_kind, topics)]
    return [kind for kind, _, _ in scan_topics(topics)]


def topic_name(topic: str) -> str | None:
    """Return a topic as a part of an event's name, normalized; None where it is no text.

    Raises:
        ValueError: not a value.
    """
    return _short_name(topic) if len(topic) <= _SHORT else _name(topic)


@lru_cache(maxsize=16_384)
def _short_spot(topic: str) -> Spot:
    return scan_value(from_base64(topic))


@lru_cache(maxsize=16_384)
def _short_kind(topic: str) -> str:
    return _short_spot(topic)[0]


@lru_cache(maxsize=16_384)
def _short_name(topic: str) -> str | None:
    return _name(topic)


def _name(topic: str) -> str | None:
    text = leading_text(value_at(scan_value(from_base64(topic))))
    return None if text is None else normalized(text)
