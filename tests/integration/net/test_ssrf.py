"""What a tenant may try in order to reach the operator's own network, against a real server."""

from collections.abc import AsyncIterator, Sequence
from ipaddress import IPv4Address

import pytest

from tests.support.receiver import Receiver, answering, redirecting
from tocsin.clock import SystemClock
from tocsin.errors import ChannelUnavailableError, EgressRefusedError
from tocsin.net.egress import EgressGuard, EgressPolicy, Resolver, resolve_by_system
from tocsin.net.http import HttpAnswer, HttpClient


@pytest.fixture
async def inside() -> AsyncIterator[Receiver]:
    """A server of the operator's that no tenant may reach."""
    async with Receiver() as receiver:
        yield receiver


class Answers:
    """A name server under a tenant's control: a new answer each time, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.question_count = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.question_count += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def ask(
    *urls: str, allow: tuple[str, ...] = (), resolver: Resolver = resolve_by_system
) -> list[HttpAnswer]:
    """Post to each URL in turn with one client."""
    http = HttpClient(EgressGuard(EgressPolicy(allow=allow), resolver), SystemClock())
    try:
        return [
            await http.post(url, body=b"{}", headers={}, timeout_seconds=30.0, max_bytes=1000)
            for url in urls
        ]
    finally:
        await http.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "0",
        str(IPv4Address(0)),
        "localhost",
        "LOCALHOST",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[::]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
        "\uff11\uff12\uff17.0.0.1",  # full-width digits
        "hooks.example.com@127.0.0.1",
    ],
)
async def test_loopback_in_any_spelling_is_not_reached(inside: Receiver, host: str) -> None:
    with pytest.raises(EgressRefusedError):
        await ask(f"http://{host}:{inside.port}/")
    assert inside.received == []


async def test_the_cloud_s_metadata_is_not_reached() -> None:
    with pytest.raises(EgressRefusedError):
        await ask("http://169.254.169.254/latest/meta-data/")


async def test_a_name_that_leads_inside_is_not_reached(inside: Receiver) -> None:
    with pytest.raises(EgressRefusedError):
        await ask(f"http://rebind.example:{inside.port}/", resolver=Answers(["127.0.0.1"]))
    assert inside.received == []


async def test_an_inner_address_behind_a_public_one_is_not_reached(inside: Receiver) -> None:
    resolver = Answers(["8.8.8.8", "127.0.0.1"])
    with pytest.raises(EgressRefusedError):
        await ask(f"http://rebind.example:{inside.port}/", resolver=resolver)
    assert inside.received == []


async def test_a_connection_goes_to_the_vetted_address_and_no_name_is_asked_twice() -> None:
    # No name server knows the name: only our resolver's answer can have led there.
    async with Receiver() as vetted:
        resolver = Answers(["127.0.0.1"], ["127.0.0.66"])
        [answer] = await ask(
            f"http://rebind.example:{vetted.port}/",
            allow=(f"127.0.0.1:{vetted.port}",),
            resolver=resolver,
        )
        assert (answer.status, resolver.question_count) == (200, 1)


async def test_a_second_answer_is_vetted_like_the_first() -> None:
    async with Receiver() as vetted:
        vetted.answer_with(answering(headers={"connection": "close"}))
        url = f"http://rebind.example:{vetted.port}/"
        resolver = Answers(["127.0.0.1"], ["127.0.0.66"])
        with pytest.raises(EgressRefusedError):
            await ask(url, url, allow=(f"127.0.0.1:{vetted.port}",), resolver=resolver)
        assert (len(vetted.received), resolver.question_count) == (1, 2)


async def test_an_open_connection_is_not_moved_by_a_new_answer() -> None:
    async with Receiver() as vetted:
        url = f"http://rebind.example:{vetted.port}/"
        resolver = Answers(["127.0.0.1"], ["127.0.0.66"])
        await ask(url, url, allow=(f"127.0.0.1:{vetted.port}",), resolver=resolver)
        assert (len(vetted.received), vetted.connection_count) == (2, 1)


async def test_a_redirect_inside_is_not_followed(inside: Receiver) -> None:
    async with Receiver() as outside:
        outside.answer_with(redirecting(inside.url))
        [answer] = await ask(outside.url, allow=(f"127.0.0.1:{outside.port}",))
    assert answer.status == 302
    assert inside.received == []


async def test_a_name_that_does_not_exist_is_no_refusal() -> None:
    with pytest.raises(ChannelUnavailableError, match="the name does not resolve"):
        await ask("http://nothing.invalid/")
