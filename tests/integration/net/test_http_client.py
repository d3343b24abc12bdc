"""The client against a real receiver on loopback, as the operator would open one."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.support.receiver import (
    Receiver,
    Reply,
    after,
    answering,
    busy,
    dropping,
    giant,
    gzipped,
    raw,
    redirecting,
    silent,
    stalling,
)
from tocsin.clock import SystemClock
from tocsin.errors import ChannelUnavailableError, PayloadTooLargeError
from tocsin.net.egress import EgressGuard, EgressPolicy
from tocsin.net.http import HttpAnswer, HttpClient

PATIENT = 30.0
HASTY = 0.15
LIMIT = 100_000


@asynccontextmanager
async def opened_to(*receivers: Receiver) -> AsyncIterator[HttpClient]:
    """Give a client that may reach exactly these receivers."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    allow = tuple(f"{receiver.address}:{receiver.port}" for receiver in receivers)
    http = HttpClient(EgressGuard(EgressPolicy(allow=allow), resolve), SystemClock())
    try:
        yield http
    finally:
        await http.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def http(receiver: Receiver) -> AsyncIterator[HttpClient]:
    async with opened_to(receiver) as http:
        yield http


async def post(
    http: HttpClient, url: str, body: bytes = b"{}", timeout_seconds: float = PATIENT
) -> HttpAnswer:
    return await http.post(
        url, body=body, headers={}, timeout_seconds=timeout_seconds, max_bytes=LIMIT
    )


async def submit(http: HttpClient, url: str, timeout_seconds: float = PATIENT) -> HttpAnswer:
    return await http.submit(url, body=b"{}", headers={}, timeout_seconds=timeout_seconds)


async def test_a_post_arrives_as_it_was_given(receiver: Receiver, http: HttpClient) -> None:
    await http.post(
        f"{receiver.url}/a%2Fb?c=d%20e",
        body=b'{"a":1}',
        headers={"x-key": "value"},
        timeout_seconds=PATIENT,
        max_bytes=LIMIT,
    )
    [request] = receiver.received
    assert (request.method, request.path, request.body) == (
        "POST",
        "/hook/a%2Fb?c=d%20e",
        b'{"a":1}',
    )
    assert request.headers["x-key"] == "value"


async def test_a_get_has_no_body(receiver: Receiver, http: HttpClient) -> None:
    await http.get(receiver.url, headers={}, timeout_seconds=PATIENT, max_bytes=LIMIT)
    [request] = receiver.received
    assert (request.method, request.body) == ("GET", b"")


async def test_the_answer_comes_back_whole(receiver: Receiver, http: HttpClient) -> None:
    receiver.answer_with(answering(418, b"short and stout", {"X-Pot": "tea"}))
    answer = await post(http, receiver.url)
    assert (answer.status, answer.headers["x-pot"], answer.body) == (418, "tea", b"short and stout")


async def test_a_large_request_arrives_whole(receiver: Receiver, http: HttpClient) -> None:
    body = bytes(range(256)) * 20_000
    await post(http, receiver.url, body)
    assert receiver.received[0].body == body


async def test_a_packed_answer_is_unpacked(receiver: Receiver, http: HttpClient) -> None:
    receiver.answer_with(gzipped(b"unpacked"))
    assert (await post(http, receiver.url)).body == b"unpacked"


async def test_a_wish_to_wait_is_understood(receiver: Receiver, http: HttpClient) -> None:
    receiver.answer_with(busy("120"))
    assert (await post(http, receiver.url)).retry_after_seconds == 120.0


async def test_one_connection_serves_many_requests(receiver: Receiver, http: HttpClient) -> None:
    for _ in range(3):
        await post(http, receiver.url)
        await submit(http, receiver.url)
    assert receiver.connection_count == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver, status: int) -> None:
    async with Receiver() as elsewhere, opened_to(receiver, elsewhere) as http:
        receiver.answer_with(redirecting(elsewhere.url, status))
        assert (await post(http, receiver.url)).status == status
        assert elsewhere.received == []


async def test_a_proxy_in_the_environment_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver() as proxy, opened_to(receiver, proxy) as http:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.address}:{proxy.port}")
        await post(http, receiver.url)
        assert proxy.received == []


async def test_a_cookie_is_not_kept(receiver: Receiver) -> None:
    # By a name: cookies of bare addresses are not kept anywhere.
    async with opened_to(receiver) as http:
        receiver.answer_with(answering(headers={"set-cookie": "a=b; Path=/"}))
        for _ in range(2):
            await post(http, f"http://hooks.example.com:{receiver.port}/")
    assert "cookie" not in receiver.received[1].headers


@pytest.mark.parametrize(
    "reply", [giant(1 << 28), gzipped(bytes(LIMIT + 1)), answering(body=bytes(LIMIT + 1))]
)
async def test_a_body_over_the_limit_is_refused(
    receiver: Receiver, http: HttpClient, reply: Reply
) -> None:
    receiver.answer_with(reply)
    with pytest.raises(PayloadTooLargeError):
        await post(http, receiver.url)


async def test_a_giant_body_is_not_read_to_its_end(receiver: Receiver, http: HttpClient) -> None:
    receiver.answer_with(giant(1 << 28))
    with pytest.raises(PayloadTooLargeError):
        await post(http, receiver.url)
    assert receiver.written_bytes < 1 << 26


@pytest.mark.parametrize("reply", [silent(), stalling()])
async def test_a_slow_answer_is_cut_off(receiver: Receiver, http: HttpClient, reply: Reply) -> None:
    receiver.answer_with(reply)
    with pytest.raises(ChannelUnavailableError, match=r"no complete answer within 0\.15 s"):
        await post(http, receiver.url, timeout_seconds=HASTY)


BROKEN = {
    "dropped": dropping(),
    "not http": raw(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "bad status": raw(b"HTTP/1.1 banana\r\n\r\n"),
    "bad length": raw(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
    "cut off": raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"),
    "bad chunk": raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
    "long header": raw(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 1_000_000 + b"\r\n\r\n"),
    "packed otherwise": answering(body=b"?", headers={"content-encoding": "br"}),
    "not gzip": answering(body=b"plain", headers={"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=list(BROKEN))
async def test_a_broken_answer_may_be_whole_next_time(
    receiver: Receiver, http: HttpClient, reply: Reply
) -> None:
    receiver.answer_with(reply)
    with pytest.raises(ChannelUnavailableError):
        await post(http, receiver.url)


@pytest.mark.parametrize("reply", BROKEN.values(), ids=list(BROKEN))
async def test_a_broken_answer_s_traceback_tells_no_secret(
    receiver: Receiver, http: HttpClient, reply: Reply
) -> None:
    receiver.answer_with(reply)
    with pytest.raises(ChannelUnavailableError) as error:
        await post(http, f"{receiver.url}/hunter2?token=hunter2")
    assert "hunter2" not in "".join(
        line for line in traceback.format_exception(error.value) if not line.startswith("  ")
    )


async def test_nobody_listening_may_listen_later(receiver: Receiver) -> None:
    async with Receiver() as gone:
        url = gone.url
    async with opened_to(gone) as http:
        with pytest.raises(ChannelUnavailableError, match=r"^127\.0\.0\.1: no connection$"):
            await post(http, url)


@pytest.mark.parametrize(
    "reply",
    [
        giant(1 << 28, status=202),
        raw(b"HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\nabc"),
        answering(202, b"plain", {"content-encoding": "gzip"}),
    ],
)
async def test_a_submission_is_answered_by_its_status_whatever_follows(
    receiver: Receiver, http: HttpClient, reply: Reply
) -> None:
    receiver.answer_with(reply)
    answer = await submit(http, receiver.url)
    assert (answer.status, answer.body) == (202, b"")


async def test_a_giant_body_after_a_submission_is_not_read_to_its_end(
    receiver: Receiver, http: HttpClient
) -> None:
    receiver.answer_with(giant(1 << 28))
    await submit(http, receiver.url)
    assert receiver.written_bytes < 1 << 26


async def test_a_submission_is_answered_even_where_the_body_never_ends(
    receiver: Receiver, http: HttpClient
) -> None:
    receiver.answer_with(stalling(202))
    assert (await submit(http, receiver.url, HASTY)).status == 202


async def test_waiting_for_requests_of_ours_does_not_count_against_the_far_side(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.net.http._CONNECTIONS_PER_HOST", 1)
    receiver.answer_otherwise(after(0.5))
    async with opened_to(receiver) as http:
        answers = await asyncio.gather(*(submit(http, receiver.url, 0.8) for _ in range(2)))
    assert [answer.status for answer in answers] == [200, 200]


async def test_no_more_requests_than_allowed_are_on_their_way_to_one_far_side(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.net.http._CONNECTIONS_PER_HOST", 2)
    receiver.answer_otherwise(silent())
    async with opened_to(receiver) as http:
        tasks = [asyncio.create_task(submit(http, receiver.url, HASTY)) for _ in range(9)]
        await asyncio.wait(tasks)
    failures = [str(task.exception()) for task in tasks]
    assert len([text for text in failures if "no complete answer" in text]) <= 4
    assert all("no complete" in text or "too many requests" in text for text in failures)


async def test_a_submission_without_an_answer_is_cut_off(
    receiver: Receiver, http: HttpClient
) -> None:
    receiver.answer_with(silent())
    with pytest.raises(ChannelUnavailableError):
        await submit(http, receiver.url, HASTY)


async def test_closing_twice_is_closing_once(receiver: Receiver, http: HttpClient) -> None:
    await post(http, receiver.url)
    await http.close()
    await http.close()
