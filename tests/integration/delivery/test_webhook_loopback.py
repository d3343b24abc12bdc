"""A message through the real client to a real receiver."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.support.receiver import Receiver, Reply, answering, busy, dropping, giant, redirecting
from tocsin.clock import SystemClock
from tocsin.delivery.attempt import Tried, send_once
from tocsin.delivery.message import Message
from tocsin.delivery.registry import open_channel
from tocsin.model.delivery import AttemptOutcome
from tocsin.model.trigger import WebhookConfig
from tocsin.net.egress import EgressGuard, EgressPolicy
from tocsin.net.http import HttpClient

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = Message(
    id="00000000-0000-0000-0000-000000000001",
    timestamp=datetime(2026, 11, 23, tzinfo=UTC),
    body=b'{"type":"match.alert","data":{}}',
    content_type="application/json",
)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def http(receiver: Receiver) -> AsyncIterator[HttpClient]:
    policy = EgressPolicy(allow=(f"{receiver.address}:{receiver.port}",))
    http = HttpClient(EgressGuard(policy), SystemClock())
    yield http
    await http.close()


async def attempt(http: HttpClient, receiver: Receiver, number: int = 1) -> Tried:
    channel = open_channel(WebhookConfig(url=receiver.url, secret=SECRET), http)
    return await send_once(channel, MESSAGE, SystemClock(), number=number)


async def test_a_message_arrives_signed(http: HttpClient, receiver: Receiver) -> None:
    await attempt(http, receiver)
    [request] = receiver.received
    assert request.is_signed_with(SECRET)
    assert request.body == MESSAGE.body


async def test_a_message_is_sent_as_json(http: HttpClient, receiver: Receiver) -> None:
    await attempt(http, receiver)
    assert receiver.received[0].headers["content-type"] == "application/json"


async def test_two_failures_and_a_success_carry_one_id(
    http: HttpClient, receiver: Receiver
) -> None:
    receiver.fail_times(2)
    outcomes = [(await attempt(http, receiver, number)).attempt.outcome for number in (1, 2, 3)]
    assert outcomes == [AttemptOutcome.LATER, AttemptOutcome.LATER, AttemptOutcome.TAKEN]
    assert {request.webhook_id for request in receiver.received} == {MESSAGE.id}


@pytest.mark.parametrize(
    ("reply", "outcome", "status_code"),
    [
        (busy("7"), AttemptOutcome.LATER, 429),
        (dropping(), AttemptOutcome.LATER, None),
        (answering(503), AttemptOutcome.LATER, 503),
        (answering(410), AttemptOutcome.NEVER, 410),
        (redirecting("http://elsewhere.example/"), AttemptOutcome.NEVER, 302),
        (giant(1 << 24), AttemptOutcome.TAKEN, 200),
    ],
)
async def test_every_answer_is_a_finished_attempt(
    http: HttpClient,
    receiver: Receiver,
    reply: Reply,
    outcome: AttemptOutcome,
    status_code: int | None,
) -> None:
    receiver.answer_with(reply)
    tried = await attempt(http, receiver)
    assert (tried.attempt.outcome, tried.attempt.status_code) == (outcome, status_code)


async def test_a_far_side_that_asks_to_wait_is_heard(http: HttpClient, receiver: Receiver) -> None:
    receiver.answer_with(busy("7"))
    assert (await attempt(http, receiver)).retry_after_seconds == 7.0
