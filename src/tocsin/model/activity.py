"""What a decoded block offers to the matching engine: keys, and fields that decode when asked.

The engine knows no chain. A chain family implements these three protocols in its ``decode``
module; the conformance suite asks every family the same questions.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tocsin.model.block import BlockRef
from tocsin.model.ids import NetworkId
from tocsin.model.interface import Argument, Layout


class ActivityKind(StrEnum):
    """What part of a transaction a condition looks at."""

    EVENT = "event"
    FUNCTION = "function"
    TRANSACTION = "transaction"


class TransactionStatus(StrEnum):
    """How a transaction ended, by its receipt; UNKNOWN only where a chain does not say."""

    SUCCESS = "Success"
    FAILURE = "Failure"
    UNKNOWN = "Any"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionRef:
    """One transaction on one branch; ``index`` counts from 0 within the block."""

    network_id: NetworkId
    block_hash: str
    block_number: int
    block_time: datetime
    hash: str
    index: int


class Activity(Protocol):
    """One event or one call inside a transaction."""

    @property
    def kind(self) -> ActivityKind:
        """Return EVENT or FUNCTION."""
        ...

    @property
    def key(self) -> str:
        """Return the text under which conditions on this activity are filed.

        Opaque to the engine, equal to the ``key`` of a ``KeyedCondition`` made by the same
        family; an EVM event's names the contract, topic 0 and the number of topics.
        """
        ...

    def arguments(self, layout: Layout) -> Sequence[Argument] | None:
        """Return the values in the layout's order, or None where the data do not fit it.

        Decodes at most once per layout. Malformed data is never an error and never a match.
        """
        ...


class DecodedTransaction(Protocol):
    """One transaction with its activities in chain order."""

    @property
    def ref(self) -> TransactionRef:
        """Return where it is."""
        ...

    @property
    def status(self) -> TransactionStatus:
        """Return how it ended, from its receipt."""
        ...

    @property
    def activities(self) -> Sequence[Activity]:
        """Return its calls and events; calls first, each kind in chain order."""
        ...

    @property
    def addresses(self) -> Collection[str]:
        """Return the canonical addresses that take part: sender, receiver, emitters of logs."""
        ...

    def views(self) -> Sequence[Sequence[Argument]]:
        """Return the field sets a transaction condition is tried on, in order.

        EVM: exactly one. Stellar: one per operation with a sender and receiver, or one
        without them. Fields are those of the family's transaction layout, in its order.
        """
        ...

    def document(self) -> bytes:
        """Return the chain facts of the transaction as a JSON object, for people and scripts."""
        ...


class DecodedBundle(Protocol):
    """One block, ready to match."""

    @property
    def ref(self) -> BlockRef:
        """Return which block it is."""
        ...

    @property
    def transactions(self) -> Sequence[DecodedTransaction]:
        """Return its transactions in chain order."""
        ...

    @property
    def malformed_count(self) -> int:
        """Return how many activities did not fit the layout their key promised, so far."""
        ...
