"""The texts that conditions and what happens on a chain share: who waits for what.

A key has a form, a scope and a detail, with colons between them. The scope is a contract, or
empty for any. Addresses, topics and selectors in keys are lower-case.
"""

from collections.abc import Sequence
from typing import Final

SELECTOR_END: Final = len("0x") + 8

EVENT: Final = tuple([f"e{count}" for count in range(5)])
"""Forms of events by their number of topics; the detail is topic 0."""
ANONYMOUS: Final = "a"
"""Form of events that have no topic 0; the detail is the number of topics."""
FUNCTION: Final = "f"
"""Form of calls; the detail is the selector."""
PLAIN_CALL: Final = "r"
"""Form of calls whatever their input, for receive and fallback; there is no detail."""
ANY: Final = ""
"""The scope of conditions on any contract."""


def event_key(address: str | None, topic: str, topic_count: int) -> str:
    """Return the key of a log, of any contract without an address.

    The number of topics tells ERC-20 and ERC-721 Transfer apart.
    """
    return f"{EVENT[topic_count]}:{address or ANY}:{topic}"


def anonymous_key(address: str, topic_count: int) -> str:
    """Return the key of a log that may be of an anonymous event."""
    return f"{ANONYMOUS}:{address}:{topic_count}"


def function_key(address: str | None, selector: str) -> str:
    """Return the key of a call, of any contract without an address."""
    return f"{FUNCTION}:{address or ANY}:{selector}"


def plain_call_key(address: str) -> str:
    """Return the key of a call whatever its input."""
    return f"{PLAIN_CALL}:{address}:"


def log_key(address: str, topics: Sequence[str]) -> str:
    """Return the most telling key of a log."""
    if not topics:
        return anonymous_key(address, 0)
    return event_key(address, topics[0], len(topics))


def call_key(target: str, data: str) -> str:
    """Return the most telling key of a call with 0x input."""
    selector = selector_in(data)
    return function_key(target, selector) if selector else plain_call_key(target)


def selector_in(data: str) -> str:
    """Return the selector that 0x input begins with, or nothing where it is too short."""
    return data[:SELECTOR_END] if len(data) >= SELECTOR_END else ""
