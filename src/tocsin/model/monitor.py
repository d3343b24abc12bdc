"""Monitors: what a tenant waits for, as written, as keyed by a chain, as compiled."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from tocsin.model.activity import ActivityKind
from tocsin.model.ids import MonitorId, NetworkId, ShardId, TenantId
from tocsin.model.interface import Layout


class StatusFilter(StrEnum):
    """Which outcome a transaction condition wants."""

    ANY = "Any"
    SUCCESS = "Success"
    FAILURE = "Failure"


class AddressDraft(msgspec.Struct, frozen=True, kw_only=True):
    """One watched contract; ``contract_spec`` is its ABI or spec as JSON values, or None."""

    address: str
    contract_spec: msgspec.Raw | None = None


class ConditionDraft(msgspec.Struct, frozen=True, kw_only=True):
    """One condition as written.

    ``signature`` is empty for transactions and the type of an operation; ``status`` is ANY but
    for transactions; ``expression`` is None where every occurrence counts. ``field`` is its JSON
    path, for errors.
    """

    kind: ActivityKind
    signature: str = ""
    status: StatusFilter = StatusFilter.ANY
    expression: str | None = None
    field: str = ""


class MonitorDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor as somebody describes it: names, not ids."""

    name: str
    networks: tuple[str, ...]
    paused: bool
    addresses: tuple[AddressDraft, ...]
    conditions: tuple[ConditionDraft, ...]
    triggers: tuple[str, ...]


class KeyedCondition(msgspec.Struct, frozen=True, kw_only=True):
    """One condition on one contract, resolved by a chain family against the contract's spec.

    ``ordinal`` is the condition's place among those of its kind: the first that holds is the
    one reported. ``key`` is empty for transactions. ``signature`` is canonical.
    ``hex_signature`` is the topic or selector in hex, or None where the chain has none.
    """

    kind: ActivityKind
    ordinal: int
    key: str
    signature: str
    layout: Layout
    hex_signature: str | None = None
    status: StatusFilter = StatusFilter.ANY
    expression: str | None = None
    field: str = ""


class KeyedMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """What a chain family makes of a draft.

    ``addresses`` are canonical. ``gated``: transaction conditions count only where one of the
    addresses takes part (EVM); without it they count on the whole network (Stellar).
    ``notes`` are what the author should know.
    """

    addresses: tuple[str, ...]
    gated: bool
    has_event_conditions: bool
    has_function_conditions: bool
    has_transaction_conditions: bool
    conditions: tuple[KeyedCondition, ...]
    has_operation_conditions: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorRef:
    """Which monitor, whose, in which version."""

    id: MonitorId
    tenant_id: TenantId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A monitor as stored. ``definition`` is the JSON its author sent."""

    id: MonitorId
    tenant_id: TenantId
    name: str
    paused: bool
    shard_id: ShardId
    version: int
    definition: bytes
    network_ids: tuple[NetworkId, ...]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSummary:
    """A monitor's entry in a list: without its definition, with slugs for ids."""

    id: MonitorId
    name: str
    paused: bool
    version: int
    networks: tuple[str, ...]
    triggers: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


def unpack_compiled(stored: bytes) -> dict[str, bytes]:
    """Return a monitor's compiled forms by chain family; nothing where the bytes are no such.

    Shape: msgpack of the family's name to the bytes of ``encode_compiled``.
    """
    try:
        return msgspec.msgpack.decode(stored, type=dict[str, bytes])
    except msgspec.MsgspecError:
        return {}
