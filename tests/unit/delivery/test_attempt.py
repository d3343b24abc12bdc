from datetime import UTC, datetime, timedelta

import pytest

from tests.support.clock import FakeClock
from tocsin.delivery.attempt import send_once, to_tried
from tocsin.delivery.channel import Receipt
from tocsin.delivery.message import Message
from tocsin.errors import (
    ChannelError,
    ChannelRejectedError,
    ChannelUnavailableError,
    EgressRefusedError,
    InputError,
)
from tocsin.model.delivery import Attempt, AttemptOutcome

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
MESSAGE = Message(
    id="m1", timestamp=NOW - timedelta(days=1), body=b"{}", content_type="application/json"
)


class SlowChannel:
    """Takes 1.5 s and then a message, or raises."""

    def __init__(self, clock: FakeClock, error: Exception | None = None) -> None:
        self.clock = clock
        self.error = error
        self.sent: list[Message] = []

    async def send(self, message: Message) -> Receipt:
        self.sent.append(message)
        await self.clock.sleep(1.5)
        if self.error is not None:
            raise self.error
        return Receipt(status_code=202)


async def test_a_taken_message_is_a_finished_attempt() -> None:
    clock = FakeClock(NOW)
    tried = await send_once(SlowChannel(clock), MESSAGE, clock, number=3)
    assert tried.attempt == Attempt(
        number=3,
        started_at=NOW,
        duration_seconds=1.5,
        outcome=AttemptOutcome.TAKEN,
        status_code=202,
        error_code=None,
        detail="",
    )


async def test_every_attempt_is_stamped_with_its_own_time() -> None:
    clock = FakeClock(NOW)
    channel = SlowChannel(clock)
    await send_once(channel, MESSAGE, clock, number=1)
    await send_once(channel, MESSAGE, clock, number=2)
    assert [message.timestamp for message in channel.sent] == [
        NOW,
        NOW + timedelta(seconds=1.5),
    ]


@pytest.mark.parametrize(
    ("error", "outcome", "status_code"),
    [
        (
            ChannelUnavailableError("h: answered 503", status_code=503),
            AttemptOutcome.LATER,
            503,
        ),
        (ChannelUnavailableError("h: no connection"), AttemptOutcome.LATER, None),
        (ChannelRejectedError("h: answered 410", status_code=410), AttemptOutcome.NEVER, 410),
        (EgressRefusedError("h: not a public address"), AttemptOutcome.NEVER, None),
    ],
)
async def test_an_error_of_the_channel_is_a_finished_attempt(
    error: ChannelError, outcome: AttemptOutcome, status_code: int | None
) -> None:
    clock = FakeClock(NOW)
    tried = await send_once(SlowChannel(clock, error), MESSAGE, clock, number=1)
    assert tried.attempt == Attempt(
        number=1,
        started_at=NOW,
        duration_seconds=1.5,
        outcome=outcome,
        status_code=status_code,
        error_code=error.code,
        detail=str(error),
    )


async def test_what_the_far_side_asks_for_is_passed_on() -> None:
    clock = FakeClock(NOW)
    error = ChannelUnavailableError("busy", status_code=429, retry_after_seconds=60.0)
    tried = await send_once(SlowChannel(clock, error), MESSAGE, clock, number=1)
    assert tried.retry_after_seconds == 60.0


async def test_a_bug_is_not_an_attempt() -> None:
    clock = FakeClock(NOW)
    with pytest.raises(ZeroDivisionError):
        await send_once(SlowChannel(clock, ZeroDivisionError()), MESSAGE, clock, number=1)


def test_a_config_that_cannot_work_is_a_final_attempt() -> None:
    tried = to_tried(InputError("too short", field="secret"), number=1, started_at=NOW)
    assert tried.attempt.outcome is AttemptOutcome.NEVER


def test_a_long_detail_is_cut() -> None:
    tried = to_tried(ChannelRejectedError("x" * 10_000), number=1, started_at=NOW)
    assert len(tried.attempt.detail) == 300
