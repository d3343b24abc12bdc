"""Matches: one transaction that met one monitor."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from tocsin.model.activity import TransactionRef, TransactionStatus
from tocsin.model.ids import MatchId, MonitorId, NetworkId, OccurrenceId, TenantId
from tocsin.model.interface import Argument
from tocsin.model.monitor import MonitorRef


class ActivityReason(msgspec.Struct, frozen=True, kw_only=True):
    """One event, call or operation that met a condition.

    Of an operation ``signature`` is its type.
    """

    signature: str
    expression: str | None
    arguments: tuple[Argument, ...]
    hex_signature: str | None


class TransactionReason(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction condition that was met; ``status`` is the transaction's own."""

    status: TransactionStatus
    expression: str | None


class Reasons(msgspec.Struct, frozen=True, kw_only=True):
    """Why a monitor matched a transaction: all that did, in chain order."""

    functions: tuple[ActivityReason, ...] = ()
    events: tuple[ActivityReason, ...] = ()
    transactions: tuple[TransactionReason, ...] = ()
    operations: tuple[ActivityReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One transaction met one monitor; found, not yet stored."""

    id: MatchId
    occurrence_id: OccurrenceId
    monitor: MonitorRef
    transaction: TransactionRef
    reasons: Reasons


class MatchStatus(StrEnum):
    """Whether the match's block is still on the chain."""

    ACTIVE = "active"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMatch:
    """A match as stored. ``reasons`` is a JSON object ``{matched_on, matched_on_args}``."""

    id: MatchId
    occurrence_id: OccurrenceId
    tenant_id: TenantId
    monitor_id: MonitorId
    monitor_version: int
    network_id: NetworkId
    block_number: int
    block_hash: str
    block_time: datetime
    transaction_hash: str
    transaction_index: int
    status: MatchStatus
    generation: int
    reasons: bytes
    created_at: datetime
    retracted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMatch:
    """A stored match with the names people know its monitor and network by."""

    match: StoredMatch
    monitor_name: str
    network_slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFilter:
    """Which matches; None lets all pass. ``network`` is a slug."""

    monitor_id: MonitorId | None = None
    network: str | None = None
    status: MatchStatus | None = None
