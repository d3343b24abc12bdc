"""The demo's receiver on loopback: it believes only what is signed, and counts once."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import msgspec
import pytest

from tocsin.cli.receiver import ReceivedMessage, Receiver
from tocsin.clock import SystemClock
from tocsin.delivery.message import JSON, Message
from tocsin.delivery.signing import render_secret, signed_headers

KEY = bytes(range(32))
BODY: dict[str, object] = {
    "type": "match.alert",
    "data": {
        "match_id": "0b8f6c1a-33d5-7be1-94c2-2d5e8f7a9b10",
        "kind": "alert",
        "tenant": "acme",
        "monitor": {"id": "…", "name": "Large transfers"},
        "network": {"slug": "demo_evm", "family": "EVM"},
        "block": {"number": 7, "hash": "0xb7"},
        "transaction": {"hash": "0x71"},
        "matched_on": {"functions": [], "events": [], "transactions": []},
        "matched_on_args": {"functions": None, "events": None},
    },
}


class Caller:
    """Somebody who sends to a receiver that expects acme's messages."""

    def __init__(self, receiver: Receiver, session: aiohttp.ClientSession) -> None:
        self.receiver = receiver
        self.messages: list[ReceivedMessage] = []
        self._session = session

    async def send(
        self,
        body: bytes = msgspec.json.encode(BODY),
        *,
        tenant: str = "acme",
        key: bytes | None = KEY,
        age: timedelta = timedelta(0),
    ) -> int:
        sent_at = SystemClock().now() - age
        message = Message(id="delivery-1", timestamp=sent_at, body=body, content_type=JSON)
        async with self._session.post(
            self.receiver.url_for(tenant), data=body, headers=signed_headers(message, key)
        ) as answer:
            return answer.status


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    messages: list[ReceivedMessage] = []
    receiver = Receiver(SystemClock(), messages.append)
    receiver.expect("acme", render_secret(KEY))
    async with receiver, aiohttp.ClientSession() as session:
        caller = Caller(receiver, session)
        caller.messages = messages
        yield caller


async def test_a_signed_message_is_taken(caller: Caller) -> None:
    assert await caller.send() == 200
    assert [message.data.monitor.name for message in caller.messages] == ["Large transfers"]


async def test_a_repeat_is_answered_and_not_told_again(caller: Caller) -> None:
    assert [await caller.send(), await caller.send()] == [200, 200]
    assert len(caller.messages) == 1
    assert caller.receiver.repeated_count == 1


@pytest.mark.parametrize("key", [None, bytes(32)])
async def test_what_is_not_signed_with_the_secret_is_refused(
    caller: Caller, key: bytes | None
) -> None:
    assert await caller.send(key=key) == 401
    assert not caller.messages
    assert caller.receiver.refused_count == 1


async def test_an_old_message_is_refused(caller: Caller) -> None:
    assert await caller.send(age=timedelta(hours=1)) == 401


async def test_a_tenant_nobody_expects_is_unknown(caller: Caller) -> None:
    assert await caller.send(tenant="globex") == 404


async def test_another_tenants_message_is_refused(caller: Caller) -> None:
    caller.receiver.expect("globex", render_secret(KEY))
    assert await caller.send(tenant="globex") == 403
    assert not caller.messages


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"type": "match.alert"}', b"\xff"])
async def test_what_is_no_message_is_refused(caller: Caller, body: bytes) -> None:
    assert await caller.send(body) == 400
    assert not caller.messages
