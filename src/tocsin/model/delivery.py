"""Deliveries: one message about one match through one trigger, and the tries of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.model.ids import DeliveryId, MatchId, TenantId, TriggerId


class DeliveryKind(StrEnum):
    """What the message says of the match."""

    ALERT = "alert"
    RETRACTION = "retraction"
    MOVED = "moved"
    TEST = "test"


class DeliveryStatus(StrEnum):
    """Where a delivery stands. The last four are final."""

    WAITING = "waiting"
    READY = "ready"
    LEASED = "leased"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"
    SUPPRESSED = "suppressed"


class Hold(StrEnum):
    """Why a delivery waits."""

    FINALITY = "finality"
    FILTER = "filter"
    QUOTA = "quota"
    NOISE = "noise"


class AttemptOutcome(StrEnum):
    """How one try ended."""

    TAKEN = "taken"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a delivery; ``number`` counts from 1.

    ``status_code`` is the far side's HTTP status, None where there was none.
    """

    number: int
    started_at: datetime
    duration_seconds: float
    outcome: AttemptOutcome
    status_code: int | None
    error_code: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One match to be sent through one trigger.

    ``attempt_count`` counts finished attempts; zero means never tried. ``hold`` is None unless
    the status is WAITING.
    """

    id: DeliveryId
    tenant_id: TenantId
    match_id: MatchId
    trigger_id: TriggerId
    block_time: datetime
    kind: DeliveryKind
    generation: int
    status: DeliveryStatus
    hold: Hold | None
    attempt_count: int
    next_attempt_at: datetime | None
    created_at: datetime
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDelivery:
    """A delivery with the names people know its trigger by; ``finished_at`` once final."""

    delivery: Delivery
    trigger_slug: str
    destination: str
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries; None lets all pass."""

    match_id: MatchId | None = None
    status: DeliveryStatus | None = None
