"""Where a page ends: the numbers and texts by which stellar-rpc continues.

Source: SEP-35 (operation ids); stellar-rpc, ``protocol/cursor.go``.
"""

import re
from typing import NamedTuple

_TRANSACTION_BITS = 20
_OPERATION_BITS = 12
_LEDGER_SHIFT = _TRANSACTION_BITS + _OPERATION_BITS
_TRANSACTION_MASK = (1 << _TRANSACTION_BITS) - 1
_LARGEST_EVENT = 2**32 - 1
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)


def operation_number(ledger: int, transaction: int, operation: int) -> int:
    """Return the id of an operation; the transaction counts from 1, the operation from 0."""
    return ledger << _LEDGER_SHIFT | transaction << _OPERATION_BITS | operation


def transaction_place(number: int) -> tuple[int, int]:
    """Return ledger and transaction order of an operation's id."""
    return number >> _LEDGER_SHIFT, number >> _OPERATION_BITS & _TRANSACTION_MASK


class EventPosition(NamedTuple):
    """Where an event stands: the id of its operation, and its order within it."""

    operation: int
    order: int

    @property
    def text(self) -> str:
        """Return the event's id, which is also the cursor that continues after it."""
        return f"{self.operation:019d}-{self.order:010d}"

    @property
    def ledger(self) -> int:
        """Return the sequence of the ledger."""
        return self.operation >> _LEDGER_SHIFT


def end_of_ledger(ledger: int) -> EventPosition:
    """Return a position after every event of that ledger and before any of the next."""
    return EventPosition(operation_number(ledger + 1, 0, 0) - 1, _LARGEST_EVENT)


def parse_number(text: str) -> int:
    """Return the number of a decimal cursor, at most 63 bits wide.

    Raises:
        ValueError: not such a number.
    """
    if not _NUMBER.fullmatch(text) or int(text) >= 2**63:
        raise ValueError("invalid syntax")
    return int(text)


def parse_position(text: str) -> EventPosition:
    """Return the position that an event's id names.

    Raises:
        ValueError: not the id of an event.
    """
    operation, separator, order = text.partition("-")
    if not separator:
        raise ValueError("no dash")
    position = EventPosition(parse_number(operation), parse_number(order))
    if position.order > _LARGEST_EVENT:
        raise ValueError("the order is too large")
    return position
