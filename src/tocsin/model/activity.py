"""What a decoded block offers to the matching engine: keys, and fields that decode when asked.

The engine knows no chain. A chain family implements these three protocols in its ``decode``
module; the conformance suite asks every family the same questions.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from tocsin.model.block import BlockRef
from tocsin.model.ids import NetworkId
from tocsin.model.interface import Argument, Layout, Simple

_Waiting = TypeVar("_Waiting")


class ActivityKind(StrEnum):
    """What part of a transaction a condition looks at."""

    EVENT = "event"
    FUNCTION = "function"
    TRANSACTION = "transaction"
    OPERATION = "operation"


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
    """One event, call or operation inside a transaction."""

    @property
    def kind(self) -> ActivityKind:
        """Return EVENT, FUNCTION or OPERATION."""
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

    def fits(self, layout: Layout) -> bool:
        """Return whether the whole of the data fits the layout: whether there are arguments."""
        ...


Record = object
"""What a family has of an activity before it makes one, since most matter to nobody."""

Reader = Callable[[Record], Simple]
"""Read one field: of the type that its ``ValueType`` promises, or None where it cannot be read.

Never raises, whatever the other fields of the record are.
"""


class Comparing(NamedTuple):
    """How a field is compared with a constant where its value is not needed.

    ``source`` is spelled like ``Access.sources``; in records that fit it equals what ``write``
    makes of a constant where the field equals the constant. No two constants become the same.
    """

    source: str
    write: Callable[[Simple], Simple]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How records are looked at by one layout while it is not known whether anybody cares.

    ``reader`` gives what reads the field at a position. Where a call per field is too much, a
    family spells it: ``sources`` are Python expressions by position that are never None and never
    raise, ``opening`` the statements before them, which may ``return None`` for a record that
    cannot fit, and ``fits`` an expression that is true if the whole of a record fits, evaluated
    only where something was found. ``comparing`` has fields that are compared without being read.
    They may use ``record`` and the names of ``constants``, and are made of nothing that a user
    wrote.
    """

    reader: Callable[[int], Reader]
    sources: Mapping[int, str] = field(default_factory=dict)
    opening: tuple[str, ...] = ()
    fits: str = "fits(record)"
    constants: Mapping[str, object] = field(default_factory=dict)
    comparing: Mapping[int, Comparing] = field(default_factory=dict)


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
        """Return its calls and events; calls first, each kind in chain order.

        Operations are found by ``DecodedBundle.find_waiting`` alone.
        """
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


Waiting = Mapping[str, Mapping[str, Mapping[str, _Waiting]]]
"""Who waits for what, filed by the three parts of its key: form, scope and detail."""


def key_parts(key: str) -> tuple[str, str, str]:
    """Return form, scope and detail of a key: its text up to the first and second colon."""
    form, _, rest = key.partition(":")
    scope, _, detail = rest.partition(":")
    return form, scope, detail


def file_by_key(keyed: Mapping[str, _Waiting]) -> Waiting[_Waiting]:
    """Return who waits, filed by the parts of the keys."""
    filed: dict[str, dict[str, dict[str, _Waiting]]] = {}
    for key, each in keyed.items():
        form, scope, detail = key_parts(key)
        filed.setdefault(form, {}).setdefault(scope, {})[detail] = each
    return filed


class DecodedBundle(Protocol):
    """One block, ready to match.

    What somebody waits for is found as records, of which activities are made where they matter.
    """

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

    def find_waiting(self, waiting: Waiting[_Waiting]) -> Iterable[tuple[int, Record, _Waiting]]:
        """Yield each record somebody waits for: the transaction's place, it, and who waits.

        Transactions come in chain order, and so do the records of one; a record comes once for
        each of its keys: a family may have keys that stand for any contract.
        """
        ...

    def access(self, layout: Layout) -> Access:
        """Return how this family's records are looked at by a layout."""
        ...

    def activity(self, place: int, record: Record) -> Activity:
        """Return the activity of a record found in the transaction at a place.

        It is the same one whenever it is asked for.
        """
        ...
