"""What every channel promises, asked of each. A new channel joins by one line in CHANNELS."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from tocsin.delivery.message import Message
from tocsin.delivery.registry import open_channel
from tocsin.errors import ChannelRejectedError, ChannelUnavailableError, EgressRefusedError
from tocsin.model.trigger import ChannelConfig, WebhookConfig
from tocsin.net.http import HttpAnswer

CHANNELS: dict[str, ChannelConfig] = {
    "webhook": WebhookConfig(
        url="https://hooks.example.com/hunter2?token=hunter2",
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        headers=(("authorization", "Bearer hunter2"),),
    ),
}

A_MESSAGE = Message(
    id="00000000-0000-0000-0000-000000000001",
    timestamp=datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC),
    body=b'{"type":"match.alert"}',
    content_type="application/json",
)


class HttpAnswering:
    """A far side that always answers the same, and counts how often it was asked."""

    def __init__(self, answer: int | Exception, retry_after_seconds: float | None = None) -> None:
        self.answer = answer
        self.retry_after_seconds = retry_after_seconds
        self.request_count = 0

    async def submit(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> HttpAnswer:
        assert url
        assert body
        assert timeout_seconds > 0
        assert all(name == name.lower() for name in headers)
        self.request_count += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return HttpAnswer(status=self.answer, retry_after_seconds=self.retry_after_seconds)


@pytest.fixture(params=CHANNELS.values(), ids=list(CHANNELS))
def config(request: pytest.FixtureRequest) -> ChannelConfig:
    chosen = request.param
    assert isinstance(chosen, ChannelConfig)
    return chosen


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_a_taken_message_gives_a_receipt(config: ChannelConfig, status: int) -> None:
    receipt = await open_channel(config, HttpAnswering(status)).send(A_MESSAGE)
    assert receipt.status_code == status


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_busy_far_side_is_worth_another_try(config: ChannelConfig, status: int) -> None:
    with pytest.raises(ChannelUnavailableError):
        await open_channel(config, HttpAnswering(status)).send(A_MESSAGE)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 422])
async def test_a_refusal_is_final(config: ChannelConfig, status: int) -> None:
    with pytest.raises(ChannelRejectedError):
        await open_channel(config, HttpAnswering(status)).send(A_MESSAGE)


async def test_a_busy_far_side_may_say_when_to_come_back(config: ChannelConfig) -> None:
    with pytest.raises(ChannelUnavailableError) as error:
        await open_channel(config, HttpAnswering(429, 42.0)).send(A_MESSAGE)
    assert error.value.retry_after_seconds == 42.0


@pytest.mark.parametrize(
    "error", [ChannelUnavailableError("no connection"), EgressRefusedError("not public")]
)
async def test_an_error_of_the_network_goes_up_as_it_is(
    config: ChannelConfig, error: ChannelUnavailableError | EgressRefusedError
) -> None:
    with pytest.raises(type(error)) as raised:
        await open_channel(config, HttpAnswering(error)).send(A_MESSAGE)
    assert raised.value is error


@pytest.mark.parametrize("status", [302, 404, 429, 500])
async def test_one_send_is_one_request(config: ChannelConfig, status: int) -> None:
    http = HttpAnswering(status)
    with pytest.raises((ChannelUnavailableError, ChannelRejectedError)):
        await open_channel(config, http).send(A_MESSAGE)
    assert http.request_count == 1


@pytest.mark.parametrize("status", [404, 500])
async def test_no_error_tells_a_secret(config: ChannelConfig, status: int) -> None:
    with pytest.raises((ChannelUnavailableError, ChannelRejectedError)) as error:
        await open_channel(config, HttpAnswering(status)).send(A_MESSAGE)
    assert "hunter2" not in str(error.value)
    assert "whsec" not in str(error.value)
