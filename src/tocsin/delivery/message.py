"""What is known of a match → the message that says it. Pure and deterministic."""

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from tocsin.errors import InputError
from tocsin.model.delivery import DeliveryKind
from tocsin.model.ids import DeliveryId, MatchId, MonitorId, OccurrenceId
from tocsin.model.network import ChainFamily

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """Everything a message may say.

    ``tenant`` and ``network`` are slugs. ``reasons`` is a JSON object with ``matched_on`` and
    ``matched_on_args``; ``document`` is the transaction's JSON object, or None where the message
    goes without.
    """

    delivery_id: DeliveryId
    match_id: MatchId
    occurrence_id: OccurrenceId
    kind: DeliveryKind
    generation: int
    tenant: str
    monitor_id: MonitorId
    monitor_name: str
    network: str
    family: ChainFamily
    block_number: int
    block_hash: str
    block_time: datetime
    transaction_hash: str
    transaction_index: int
    reasons: bytes
    document: bytes | None
    matched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is said, ready to be sent.

    ``id`` is the same on every attempt, so receivers can drop repeats. ``timestamp`` is when
    this attempt is made; a signature covers it.
    """

    id: str
    timestamp: datetime
    body: bytes
    content_type: str

    def stamped(self, now: datetime) -> "Message":
        """Return the same message as of another attempt."""
        return replace(self, timestamp=now)


class _Reasons(msgspec.Struct, frozen=True):
    matched_on: msgspec.Raw
    matched_on_args: msgspec.Raw


class _Monitor(msgspec.Struct, frozen=True):
    id: MonitorId
    name: str


class _Network(msgspec.Struct, frozen=True):
    slug: str
    family: ChainFamily


class _Block(msgspec.Struct, frozen=True):
    number: int
    hash: str
    time: datetime


class _Transaction(msgspec.Struct, frozen=True):
    hash: str
    index: int
    document: msgspec.Raw


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    delivery_id: DeliveryId
    match_id: MatchId
    occurrence_id: OccurrenceId
    kind: DeliveryKind
    generation: int
    tenant: str
    monitor: _Monitor
    network: _Network
    block: _Block
    transaction: _Transaction
    matched_on: msgspec.Raw
    matched_on_args: msgspec.Raw
    matched_at: datetime


class _Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: datetime
    data: _Data


def render_message(facts: MessageFacts, now: datetime) -> Message:
    """Return the message for one attempt of one delivery.

    Shape: docs/webhooks.md. Compact JSON in a fixed order, so equal facts give equal bytes on
    every attempt; only the message's ``timestamp`` is new. Integers inside ``reasons`` and
    ``document`` pass through digit by digit.

    Raises:
        InputError: ``reasons`` or ``document`` is not the JSON it should be.
    """
    reasons = _parse_reasons(facts.reasons)
    body = _Body(
        type=f"match.{facts.kind}",
        timestamp=facts.matched_at,
        data=_Data(
            delivery_id=facts.delivery_id,
            match_id=facts.match_id,
            occurrence_id=facts.occurrence_id,
            kind=facts.kind,
            generation=facts.generation,
            tenant=facts.tenant,
            monitor=_Monitor(facts.monitor_id, facts.monitor_name),
            network=_Network(facts.network, facts.family),
            block=_Block(facts.block_number, facts.block_hash, facts.block_time),
            transaction=_Transaction(
                facts.transaction_hash,
                facts.transaction_index,
                _parse_document(facts.document),
            ),
            matched_on=reasons.matched_on,
            matched_on_args=reasons.matched_on_args,
            matched_at=facts.matched_at,
        ),
    )
    return Message(
        id=str(facts.delivery_id),
        timestamp=now,
        body=msgspec.json.encode(body),
        content_type=JSON,
    )


def _parse_reasons(raw: bytes) -> _Reasons:
    try:
        return msgspec.json.decode(_to_compact(raw), type=_Reasons)
    except (msgspec.MsgspecError, RecursionError) as cause:
        raise InputError(f"not a match's reasons: {cause}", field="reasons") from cause


def _parse_document(raw: bytes | None) -> msgspec.Raw:
    if raw is None:
        return msgspec.Raw(b"null")
    try:
        compact = _to_compact(raw)
        # Not built, only walked: a document must be an object to be quoted inside another.
        msgspec.json.decode(compact, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError) as cause:
        raise InputError(f"not a JSON object: {cause}", field="document") from cause
    return msgspec.Raw(compact)


def _to_compact(raw: bytes) -> bytes:
    return msgspec.json.format(raw, indent=-1)
