import pytest

from tocsin.delivery.outcome import outcome_of_error, outcome_of_status, require_taken
from tocsin.errors import (
    ChannelRejectedError,
    ChannelUnavailableError,
    EgressRefusedError,
    InputError,
)
from tocsin.model.delivery import AttemptOutcome
from tocsin.net.http import HttpAnswer


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_takes_the_message(status: int) -> None:
    assert outcome_of_status(status) is AttemptOutcome.TAKEN


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_later(status: int) -> None:
    assert outcome_of_status(status) is AttemptOutcome.LATER


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 400, 401, 403, 404, 410, 413, 499])
def test_a_refusal_or_a_redirect_is_never_tried_again(status: int) -> None:
    assert outcome_of_status(status) is AttemptOutcome.NEVER


@pytest.mark.parametrize("status", [0, 101, 600, 999])
def test_what_is_no_final_status_is_tried_later(status: int) -> None:
    assert outcome_of_status(status) is AttemptOutcome.LATER


def test_an_unavailable_channel_is_tried_later() -> None:
    assert outcome_of_error(ChannelUnavailableError("down")) is AttemptOutcome.LATER


@pytest.mark.parametrize(
    "error", [ChannelRejectedError("no"), EgressRefusedError("no"), InputError("no")]
)
def test_what_cannot_work_is_never_tried_again(
    error: ChannelRejectedError | EgressRefusedError | InputError,
) -> None:
    assert outcome_of_error(error) is AttemptOutcome.NEVER


def test_a_busy_answer_carries_how_long_to_wait() -> None:
    answer = HttpAnswer(status=429, retry_after_seconds=30.0)
    with pytest.raises(ChannelUnavailableError) as error:
        require_taken("hooks.example.com", answer)
    assert (error.value.status_code, error.value.retry_after_seconds) == (429, 30.0)


def test_a_refusal_carries_its_status() -> None:
    with pytest.raises(ChannelRejectedError) as error:
        require_taken("hooks.example.com", HttpAnswer(status=404))
    assert error.value.status_code == 404
