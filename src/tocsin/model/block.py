"""Blocks as every chain has them, the bundle that carries one, and the log of what happened."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.model.ids import NetworkId


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRef:
    """One block on one branch.

    ``number`` is the EVM block number or the Stellar ledger sequence; hashes are canonical
    text (EVM ``0x`` lower case, Stellar 64 hex digits lower case).
    """

    number: int
    hash: str
    parent_hash: str
    block_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A block with everything needed to match it, as the provider's own bytes.

    ``parts`` are named by the chain family that made them (EVM: ``block``, ``receipts``;
    Stellar: ``ledger``, ``transactions``, ``events``) and hold JSON results without envelope.
    """

    network_id: NetworkId
    ref: BlockRef
    parts: dict[str, bytes]


class LogAction(StrEnum):
    """What a row of the chain log says of its block."""

    APPLY = "apply"
    REVERT = "revert"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One row of a network's chain log; ``seq`` counts from 1 without holes."""

    network_id: NetworkId
    seq: int
    action: LogAction
    ref: BlockRef
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStep:
    """What a watcher wants to append next: a row without its place."""

    action: LogAction
    ref: BlockRef
    late: bool = False
    reason: str = ""
