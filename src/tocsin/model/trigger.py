"""Triggers: where matches go."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tocsin.model.ids import TenantId, TriggerId


class ChannelKind(StrEnum):
    """The ways to reach people."""

    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig:
    """A webhook's destination; ``url`` and ``secret`` are secrets.

    ``secret`` is ``whsec_`` and base64 of 24 to 64 bytes, or None for unsigned messages.
    ``headers`` are sent as they are, after ours.
    """

    # Not in the repr: a traceback or a log of the config must not tell them.
    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


ChannelConfig = WebhookConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerDraft:
    """A trigger as somebody describes it. ``slug`` is what monitors refer to."""

    slug: str
    name: str
    config: ChannelConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger as stored, without its secrets; ``destination`` is the host it speaks to."""

    id: TriggerId
    tenant_id: TenantId
    slug: str
    name: str
    kind: ChannelKind
    destination: str
    version: int
    created_at: datetime
    updated_at: datetime
