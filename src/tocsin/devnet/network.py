"""What the devnet's server asks of a simulated network, and the facts a network planted.

Facts are what the generator decided before it encoded anything; the oracle judges by them.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec


class EventFact(msgspec.Struct, frozen=True, kw_only=True):
    """One contract event: ``arguments`` by name, integers exact, addresses canonical text."""

    contract: str
    name: str
    arguments: dict[str, int | str]


class CallFact(msgspec.Struct, frozen=True, kw_only=True):
    """One top-level contract call, whether or not it succeeded."""

    contract: str
    name: str
    arguments: dict[str, int | str]


class TransactionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction. ``value`` is in the smallest unit (wei, stroop); ``receiver`` may be ''."""

    hash: str
    index: int
    succeeded: bool
    sender: str
    receiver: str
    value: int
    calls: tuple[CallFact, ...] = ()
    events: tuple[EventFact, ...] = ()


class BlockFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One block that was the head once. ``canonical`` is False once a fork orphaned it.

    ``produced_at_ms`` is the wall time at which nodes could first see it, in Unix milliseconds.
    """

    number: int
    hash: str
    parent_hash: str
    canonical: bool
    produced_at_ms: int
    transactions: tuple[TransactionFacts, ...]


class RpcCallError(Exception):
    """A JSON-RPC error answer: its numeric code and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class SimulatedNetwork(Protocol):
    """One chain in the making, without clock or socket."""

    @property
    def slug(self) -> str:
        """Return the path segment under which the server offers it."""
        ...

    @property
    def head_number(self) -> int:
        """Return the number of the newest block."""
        ...

    def produce(self, *, produced_at_ms: int) -> None:
        """Append one block to the canonical chain."""
        ...

    def fork(self, depth: int, *, produced_at_ms: int) -> None:
        """Replace the newest ``depth`` blocks by as many others plus one.

        About half of the orphaned transactions reappear, the others do not.

        Raises:
            ValueError: this kind of chain does not fork, or is not that long.
        """
        ...

    def answer(self, method: str, params: object) -> object:
        """Return the ``result`` of a JSON-RPC call, ready for JSON.

        Raises:
            RpcCallError: the call has no result.
        """
        ...

    def facts(self, *, since_number: int = 0) -> Sequence[BlockFacts]:
        """Return every block ever produced from that number on, orphaned ones too, in order."""
        ...


@runtime_checkable
class LaggingNetwork(Protocol):
    """A network that can also answer as a node would that is some blocks behind."""

    def answer_as_of(self, head_number: int, method: str, params: object) -> object:
        """Return the ``result`` a node gives that has seen no block above that number.

        Raises:
            RpcCallError: the call has no result.
        """
        ...
