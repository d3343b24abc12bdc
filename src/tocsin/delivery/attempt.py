"""A channel and a message → what became of one try, as a value instead of an error."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.clock import Clock
from tocsin.delivery.channel import Channel
from tocsin.delivery.message import Message
from tocsin.delivery.outcome import outcome_of_error
from tocsin.errors import (
    ChannelError,
    ChannelRejectedError,
    ChannelUnavailableError,
    TocsinError,
)
from tocsin.model.delivery import Attempt, AttemptOutcome

_LONGEST_DETAIL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One finished try, and how long the far side asks us to wait, or None."""

    attempt: Attempt
    retry_after_seconds: float | None


async def send_once(channel: Channel, message: Message, clock: Clock, *, number: int) -> Tried:
    """Send a message once, stamped with the present, and return what became of it.

    ``number`` counts the delivery's attempts from 1. Only errors of the channel become values;
    anything else is a bug and goes up.
    """
    started_at = clock.now()
    begun = clock.monotonic()
    try:
        receipt = await channel.send(message.stamped(started_at))
    except ChannelError as error:
        return to_tried(
            error,
            number=number,
            started_at=started_at,
            duration_seconds=clock.monotonic() - begun,
        )
    return Tried(
        attempt=Attempt(
            number=number,
            started_at=started_at,
            duration_seconds=clock.monotonic() - begun,
            outcome=AttemptOutcome.TAKEN,
            status_code=receipt.status_code,
            error_code=None,
            detail="",
        ),
        retry_after_seconds=None,
    )


def to_tried(
    error: TocsinError, *, number: int, started_at: datetime, duration_seconds: float = 0.0
) -> Tried:
    """Return the finished try that ended with an error, also one before anything was sent."""
    return Tried(
        attempt=Attempt(
            number=number,
            started_at=started_at,
            duration_seconds=duration_seconds,
            outcome=outcome_of_error(error),
            status_code=_status_code(error),
            error_code=error.code,
            detail=str(error)[:_LONGEST_DETAIL],
        ),
        retry_after_seconds=(
            error.retry_after_seconds if isinstance(error, ChannelUnavailableError) else None
        ),
    )


def _status_code(error: TocsinError) -> int | None:
    if isinstance(error, ChannelUnavailableError | ChannelRejectedError):
        return error.status_code
    return None
