"""The dispatcher: deliveries to attempts, one dispatcher at a time for each delivery.

At a crash whatever was being sent stays leased, and is sent again under the same id when the
lease runs out, or when this dispatcher starts again: at least once, never silently not at all.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import assert_never

import msgspec
import structlog

from tocsin.clock import Clock
from tocsin.delivery.attempt import Tried, send_once, to_tried
from tocsin.delivery.channel import Channel
from tocsin.delivery.message import Message, MessageFacts, render_message
from tocsin.delivery.schedule import next_attempt_at
from tocsin.errors import (
    ChainError,
    ChannelError,
    InputError,
    NotFoundError,
    StorageError,
    TocsinError,
)
from tocsin.model.delivery import AttemptOutcome, DeliveryStatus
from tocsin.model.ids import TriggerId
from tocsin.model.trigger import ChannelConfig, WebhookConfig
from tocsin.orchestrator.bundles import unpack_document
from tocsin.orchestrator.supervisor import stop_tasks
from tocsin.storage import outbox
from tocsin.storage.hints import Hint
from tocsin.storage.outbox import ClaimedDelivery, FinishedAttempt
from tocsin.storage.pool import Database
from tocsin.storage.secrets import SecretBox, read_trigger_config
from tocsin.telemetry import metrics

log = structlog.get_logger()

RECLAIM_SECONDS = 5.0
LOOK_SECONDS = 1.0
# As long as an attempt may take; its outcome is written in no time or, without database, never.
FINISH_SECONDS = 16.0

OpenChannel = Callable[[ChannelConfig], Channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherParts:
    """What a dispatcher works with.

    ``concurrency`` bounds the messages on their way at once. ``lease`` is longer than an
    attempt may take, so that nobody sends what is still being sent.
    """

    database: Database
    clock: Clock
    rng: Random
    secret_box: SecretBox
    open_channel: OpenChannel
    dispatcher_id: str
    concurrency: int
    lease: timedelta


class Dispatcher:
    """Claims due deliveries and sends them."""

    def __init__(self, parts: DispatcherParts, hint: Hint) -> None:
        self._parts = parts
        self._hint = hint
        self._sending: set[asyncio.Task[None]] = set()
        self._reclaimed_at: float | None = None

    async def run(self) -> None:
        """Dispatch until cancelled; then finish what is on its way."""
        self._reclaimed_at = None
        try:
            while True:
                if not await self.step():
                    await self._rest()
        finally:
            await self._finish_sending()

    async def step(self) -> int:
        """Claim what is due and begin to send it; return how many were claimed."""
        await self._reclaim_if_due()
        room = self._parts.concurrency - len(self._sending)
        if room <= 0:
            await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
            return 1
        async with self._parts.database.session() as session:
            claimed = await outbox.claim_deliveries_for_all_tenants(
                session, self._parts.dispatcher_id, self._parts.clock.now(), self._parts.lease, room
            )
        for delivery in claimed:
            task = asyncio.create_task(self._deliver(delivery))
            self._sending.add(task)
            task.add_done_callback(self._note_end)
        return len(claimed)

    async def drain(self) -> None:
        """Return when nothing is on its way any more."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _finish_sending(self) -> None:
        """Return when nothing is on its way; what takes too long is left to be sent again."""
        if not self._sending:
            return
        _, hanging = await asyncio.wait(self._sending, timeout=FINISH_SECONDS)
        await stop_tasks(hanging)

    async def _rest(self) -> None:
        async with self._parts.database.session() as session:
            due_at = await outbox.next_due_at_for_all_tenants(session)
        seconds = LOOK_SECONDS
        if due_at is not None:
            until_due = (due_at - self._parts.clock.now()).total_seconds()
            seconds = min(max(until_due, 0.05), LOOK_SECONDS)
        await self._hint.wait(seconds)

    async def _reclaim_if_due(self) -> None:
        now = self._parts.clock.monotonic()
        if self._reclaimed_at is not None and now - self._reclaimed_at < RECLAIM_SECONDS:
            return
        # Only at the start, when nothing is on its way, are our own leases left-overs.
        mine = self._parts.dispatcher_id if self._reclaimed_at is None else None
        async with self._parts.database.session() as session:
            await outbox.reclaim_deliveries_for_all_tenants(
                session, self._parts.clock.now(), leased_by=mine
            )
        self._reclaimed_at = now

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease runs out and the delivery is tried again.
            code = error.code if isinstance(error, TocsinError) else "bug"
            log.error("delivery.broken", error_code=code, exc_info=error)

    async def _deliver(self, delivery: ClaimedDelivery) -> None:
        tried = await self._try(delivery)
        now = self._parts.clock.now()
        finished = self._finish(delivery, tried, now)
        async with self._parts.database.session() as session:
            await outbox.finish_attempts_for_all_tenants(
                session, self._parts.dispatcher_id, [finished], now
            )
        metrics.DELIVERY_ATTEMPTS.labels(outcome=tried.attempt.outcome).inc()
        if tried.attempt.outcome is AttemptOutcome.TAKEN:
            seconds = (now - delivery.block_time).total_seconds()
            metrics.DELIVERY_LATENCY.observe(max(seconds, 0.0))

    async def _try(self, delivery: ClaimedDelivery) -> Tried:
        number = delivery.attempt_count + 1
        started_at = self._parts.clock.now()
        try:
            config = await self._read_config(delivery.trigger_id)
            channel = self._parts.open_channel(config)
            message = _to_message(delivery, started_at)
        except (ChannelError, InputError, NotFoundError) as error:
            return to_tried(error, number=number, started_at=started_at)
        except (StorageError, ChainError) as error:
            # Our own trouble, which the operator may mend while the schedule lasts.
            log.error(
                "delivery.unreadable",
                delivery_id=str(delivery.id),
                error_code=error.code,
                detail=str(error),
            )
            tried = to_tried(error, number=number, started_at=started_at)
            return replace(tried, attempt=replace(tried.attempt, outcome=AttemptOutcome.LATER))
        return await send_once(channel, message, self._parts.clock, number=number)

    async def _read_config(self, trigger_id: TriggerId) -> ChannelConfig:
        async with self._parts.database.session() as session:
            clear = await read_trigger_config(session, self._parts.secret_box, trigger_id)
        try:
            return msgspec.json.decode(clear, type=WebhookConfig)
        except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
            # Without the cause's words: they may repeat what is secret.
            raise StorageError(f"the config of trigger {trigger_id} is not readable") from cause

    def _finish(self, delivery: ClaimedDelivery, tried: Tried, now: datetime) -> FinishedAttempt:
        again_at: datetime | None = None
        outcome = tried.attempt.outcome
        match outcome:
            case AttemptOutcome.TAKEN:
                status = DeliveryStatus.DELIVERED
            case AttemptOutcome.NEVER:
                # Its trigger was deleted meanwhile: nobody wants it any more.
                is_unwanted = tried.attempt.error_code == NotFoundError.code
                status = DeliveryStatus.CANCELLED if is_unwanted else DeliveryStatus.DEAD
            case AttemptOutcome.LATER:
                again_at = next_attempt_at(
                    tried.attempt.number, now, tried.retry_after_seconds, self._parts.rng
                )
                status = DeliveryStatus.DEAD if again_at is None else DeliveryStatus.READY
            case _:
                assert_never(outcome)
        return FinishedAttempt(
            delivery=delivery, attempt=tried.attempt, status=status, next_attempt_at=again_at
        )


def _to_message(delivery: ClaimedDelivery, now: datetime) -> Message:
    facts = MessageFacts(
        delivery_id=delivery.id,
        match_id=delivery.match_id,
        occurrence_id=delivery.occurrence_id,
        kind=delivery.kind,
        generation=delivery.generation,
        tenant=delivery.tenant_slug,
        monitor_id=delivery.monitor_id,
        monitor_name=delivery.monitor_name,
        network=delivery.network_slug,
        family=delivery.network_family,
        block_number=delivery.block_number,
        block_hash=delivery.block_hash,
        block_time=delivery.block_time,
        transaction_hash=delivery.transaction_hash,
        transaction_index=delivery.transaction_index,
        reasons=delivery.reasons.encode(),
        document=None if delivery.document is None else unpack_document(delivery.document),
        matched_at=delivery.matched_at,
    )
    return render_message(facts, now)
