"""An answer or an error → taken, later or never. Pure."""

from typing import assert_never

from tocsin.delivery.channel import Receipt
from tocsin.errors import ChannelRejectedError, ChannelUnavailableError, TocsinError
from tocsin.model.delivery import AttemptOutcome
from tocsin.net.http import HttpAnswer

# Request timeout, too early, too many requests: the same request may be taken later.
_LATER_STATUSES = frozenset({408, 425, 429})


def outcome_of_status(status: int) -> AttemptOutcome:
    """Return what an HTTP status says of a message.

    2xx took it. 3xx (we follow no redirects) and 4xx refuse for good, but for 408, 425 and 429.
    5xx, and what is no final status at all, may pass.

    Source: RFC 9110 15; Standard Webhooks specification, "Deliverability and reliability".
    """
    if 200 <= status <= 299:
        return AttemptOutcome.TAKEN
    if 300 <= status <= 499 and status not in _LATER_STATUSES:
        return AttemptOutcome.NEVER
    return AttemptOutcome.LATER


def outcome_of_error(error: TocsinError) -> AttemptOutcome:
    """Return what an error says of a message; the error itself knows whether it may pass."""
    return AttemptOutcome.LATER if error.retryable else AttemptOutcome.NEVER


def require_taken(destination: str, answer: HttpAnswer) -> Receipt:
    """Return the receipt of an answer that took the message.

    Raises:
        ChannelUnavailableError: it may be taken later; carries what ``Retry-After`` asks for.
        ChannelRejectedError: it is refused for good.
    """
    outcome = outcome_of_status(answer.status)
    text = f"{destination}: answered {answer.status}"
    match outcome:
        case AttemptOutcome.TAKEN:
            return Receipt(status_code=answer.status)
        case AttemptOutcome.LATER:
            raise ChannelUnavailableError(
                text,
                status_code=answer.status,
                retry_after_seconds=answer.retry_after_seconds,
            )
        case AttemptOutcome.NEVER:
            raise ChannelRejectedError(text, status_code=answer.status)
        case _:
            assert_never(outcome)
