"""How calls move between endpoints, and which answers are not believed."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.support.clock import FakeClock
from tocsin.chains.base import Ask
from tocsin.chains.jsonrpc import JsonRpc, RpcLimits
from tocsin.errors import (
    ChannelUnavailableError,
    EgressRefusedError,
    PayloadTooLargeError,
    RpcRefusedError,
    RpcUnavailableError,
    TocsinError,
    WrongChainError,
)
from tocsin.net.http import HttpAnswer

FIRST = "https://first.example/v3/s3cret?key=s3cret"
SECOND = "https://second.example/s3cret"

Behaviour = Callable[[Any], HttpAnswer]


def answered(result: object) -> Behaviour:
    """Return an endpoint that gives every call that result."""

    def behave(request: Any) -> HttpAnswer:
        answers = [envelope(each["id"], result) for each in _each(request)]
        return ok(answers if isinstance(request, list) else answers[0])

    return behave


def envelope(call_id: object, result: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": call_id, "result": result}


def ok(body: object) -> HttpAnswer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status=200, body=raw)


def status(code: int, **headers: str) -> Behaviour:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: HttpAnswer(status=code, headers=named, body=b"sorry")


def refused(code: int) -> Behaviour:
    def behave(request: Any) -> HttpAnswer:
        error = {"code": code, "message": "no", "data": {"your": "key s3cret"}}
        return ok({"jsonrpc": "2.0", "id": _each(request)[0]["id"], "error": error})

    return behave


def failing(error: TocsinError) -> Behaviour:
    def behave(_: Any) -> HttpAnswer:
        raise error

    return behave


def saying(shape: Callable[[int], object]) -> Behaviour:
    """Return an endpoint that answers one call with the body made of its id."""
    return lambda request: ok(shape(_each(request)[0]["id"]))


def _each(request: Any) -> list[Any]:
    return request if isinstance(request, list) else [request]


class FakeHttp:
    """Endpoints by URL that behave as told, and remember what they were asked."""

    def __init__(self, **endpoints: Behaviour) -> None:
        self.endpoints = {FIRST: endpoints["first"], SECOND: endpoints.get("second", status(500))}
        self.asked: list[str] = []

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        timeout_seconds: float,
        max_bytes: int,
    ) -> HttpAnswer:
        assert headers == {"content-type": "application/json"}
        assert timeout_seconds > 0
        assert max_bytes > 0
        self.asked.append("first" if url == FIRST else "second")
        await asyncio.sleep(0)
        return self.endpoints[url](json.loads(body))

    def times(self, name: str) -> int:
        return self.asked.count(name)


def a_caller(http: FakeHttp, clock: FakeClock | None = None) -> JsonRpc:
    limits = RpcLimits(leave_seconds=30, max_wait_seconds=600)
    return JsonRpc("ethereum", [FIRST, SECOND], http, clock or FakeClock(), limits)


BAD_ANSWERS: dict[str, Behaviour] = {
    "status 500": status(500),
    "status 401": status(401),
    "status 301": status(301),
    "no connection": failing(ChannelUnavailableError("first.example: no connection")),
    "egress refused": failing(EgressRefusedError("private address")),
    "too large": failing(PayloadTooLargeError("too large")),
    "no JSON": lambda _: ok(b"<html>"),
    "nothing": lambda _: ok(b""),
    "truncated": lambda _: ok(b'{"jsonrpc":"2.0","id":1,"result":{"number":"0x1'),
    "trailing garbage": saying(lambda i: json.dumps(envelope(i, 1)).encode() + b"}"),
    "not UTF-8": saying(lambda i: b'{"jsonrpc":"2.0","id":%d,"result":"\xff"}' % i),
    "nested without end": saying(lambda i: b'{"jsonrpc":"2.0","id":%d,"result":' % i + b"[" * 9999),
    "another id": saying(lambda i: envelope(i + 1, 1)),
    "id as text": saying(lambda i: envelope(str(i), 1)),
    "no id": saying(lambda i: {"jsonrpc": "2.0", "result": i}),
    "another version": saying(lambda i: {**envelope(i, 1), "jsonrpc": "1.0"}),
    "no version": saying(lambda i: {"id": i, "result": 1}),
    "neither": saying(lambda i: {"jsonrpc": "2.0", "id": i}),
    "both": saying(lambda i: {**envelope(i, 1), "error": {"code": 1, "message": "x"}}),
    "an error that is none": saying(lambda i: {"jsonrpc": "2.0", "id": i, "error": "x"}),
    "a list": saying(lambda i: [envelope(i, 1)]),
    "busy": refused(-32005),
    "a server error": refused(-32000),
    "no such method": refused(-32601),
}


@pytest.mark.parametrize("behaviour", BAD_ANSWERS.values(), ids=list(BAD_ANSWERS))
async def test_after_a_bad_answer_the_next_endpoint_is_asked(behaviour: Behaviour) -> None:
    http = FakeHttp(first=behaviour, second=answered("0x1"))
    assert await a_caller(http).call("eth_chainId", []) == b'"0x1"'
    assert http.asked == ["first", "second"]


@pytest.mark.parametrize("behaviour", BAD_ANSWERS.values(), ids=list(BAD_ANSWERS))
async def test_when_none_is_left_the_error_is_retryable_and_tells_no_secret(
    behaviour: Behaviour,
) -> None:
    caller = a_caller(FakeHttp(first=behaviour, second=behaviour))
    with pytest.raises(RpcUnavailableError, match="ethereum: none of 2 endpoints") as caught:
        await caller.call("eth_chainId", [])
    assert caught.value.retryable
    assert "s3cret" not in str(caught.value)
    assert "example" not in str(caught.value)


async def test_the_result_is_the_nodes_own_bytes() -> None:
    raw = b'{"b": 1.50,\n "a":\t[null]}'
    http = FakeHttp(first=saying(lambda i: b'{"result":%s,"jsonrpc":"2.0","id":%d}' % (raw, i)))
    assert await a_caller(http).call("x", []) == raw


async def test_a_null_result_is_an_answer() -> None:
    assert await a_caller(FakeHttp(first=answered(None))).call("x", []) == b"null"


async def test_what_is_asked_is_json_rpc() -> None:
    seen: list[Any] = []

    def behave(request: Any) -> HttpAnswer:
        seen.append(request)
        return answered(1)(request)

    await a_caller(FakeHttp(first=behave)).call("eth_getBlockByNumber", ["0x1", True])
    assert seen == [
        {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["0x1", True]}
    ]


async def test_a_failed_endpoint_is_left_for_a_while_and_then_preferred_again() -> None:
    clock = FakeClock()
    http = FakeHttp(first=status(500), second=answered(1))
    caller = a_caller(http, clock)
    await caller.call("x", [])
    http.endpoints[FIRST] = answered(1)
    clock.advance(29)
    await caller.call("x", [])
    clock.advance(2)
    await caller.call("x", [])
    assert http.asked == ["first", "second", "second", "first"]


async def test_a_left_endpoint_is_still_asked_when_all_others_fail() -> None:
    http = FakeHttp(first=status(500), second=answered(1))
    caller = a_caller(http)
    await caller.call("x", [])
    http.endpoints = {FIRST: answered(2), SECOND: status(500)}
    assert await caller.call("x", []) == b"2"


async def test_a_refused_method_is_no_reason_to_leave_an_endpoint() -> None:
    http = FakeHttp(first=refused(-32601), second=answered(1))
    caller = a_caller(http)
    await caller.call("x", [])
    await caller.call("x", [])
    assert http.asked == ["first", "second", "first", "second"]


async def test_a_refusal_everywhere_tells_the_code() -> None:
    caller = a_caller(FakeHttp(first=status(500), second=refused(-32601)))
    with pytest.raises(RpcRefusedError) as caught:
        await caller.call("x", [])
    assert caught.value.rpc_code == -32601


async def test_busy_is_not_a_refusal_of_the_request() -> None:
    caller = a_caller(FakeHttp(first=refused(-32005), second=refused(-32005)))
    with pytest.raises(RpcUnavailableError) as caught:
        await caller.call("x", [])
    assert not isinstance(caught.value, RpcRefusedError)


@pytest.mark.parametrize("header", ["120", "Thu, 01 Jan 2026 00:02:00 GMT"])
async def test_an_endpoint_that_asks_for_time_gets_it(header: str) -> None:
    clock = FakeClock()
    http = FakeHttp(first=status(429, retry_after=header), second=status(500))
    caller = a_caller(http, clock)
    for wait in (0, 119, 2):
        clock.advance(wait)
        with pytest.raises(RpcUnavailableError):
            await caller.call("x", [])
    assert http.times("first") == 2
    assert http.times("second") == 3


async def test_an_endpoint_cannot_ask_for_ever() -> None:
    clock = FakeClock()
    http = FakeHttp(first=status(429, retry_after="999999999"), second=answered(1))
    caller = a_caller(http, clock)
    await caller.call("x", [])
    clock.advance(601)
    http.endpoints[FIRST] = answered(2)
    assert await caller.call("x", []) == b"2"


async def test_distrust_moves_on_to_another_endpoint() -> None:
    http = FakeHttp(first=answered(1), second=answered(2))
    caller = a_caller(http)
    await caller.call("x", [])
    caller.distrust()
    assert await caller.call("x", []) == b"2"


def test_distrust_before_any_answer_is_harmless() -> None:
    a_caller(FakeHttp(first=answered(1))).distrust()


async def test_without_endpoints_nothing_answers() -> None:
    caller = JsonRpc("ethereum", [], FakeHttp(first=answered(1)), FakeClock())
    with pytest.raises(RpcUnavailableError, match="none of 0 endpoints"):
        await caller.call("x", [])


async def chain_probe(ask: Ask) -> str:
    return str(json.loads(await ask("chain", [])))


def on_chain(name: str) -> Behaviour:
    """Return an endpoint of that chain, which answers other calls with its name too."""
    return answered(name)


async def test_an_endpoint_of_another_chain_is_never_used() -> None:
    http = FakeHttp(first=on_chain("evil"), second=on_chain("good"))
    caller = a_caller(http)
    caller.require_identity(chain_probe, "good")
    assert await caller.call("x", []) == b'"good"'
    assert http.times("first") == 1


async def test_when_all_serve_another_chain_the_error_says_so() -> None:
    caller = a_caller(FakeHttp(first=on_chain("evil"), second=on_chain("evil")))
    caller.require_identity(chain_probe, "good")
    with pytest.raises(WrongChainError, match="'evil', not 'good'") as caught:
        await caller.call("x", [])
    assert "s3cret" not in str(caught.value)


async def test_one_endpoint_down_and_one_lying_is_not_yet_a_wrong_chain() -> None:
    caller = a_caller(FakeHttp(first=on_chain("evil"), second=status(500)))
    caller.require_identity(chain_probe, "good")
    with pytest.raises(RpcUnavailableError):
        await caller.call("x", [])


async def test_identity_is_asked_once_until_a_failure_and_then_again() -> None:
    asked: list[str] = []

    def behave(request: Any) -> HttpAnswer:
        asked.append(request["method"])
        return status(500)(request) if request["method"] == "fail" else answered("good")(request)

    http = FakeHttp(first=behave)
    caller = a_caller(http)
    caller.require_identity(chain_probe, "good")
    await caller.call("a", [])
    await caller.call("b", [])
    with pytest.raises(RpcUnavailableError):
        await caller.call("fail", [])
    await caller.call("c", [])
    assert asked == ["chain", "a", "b", "fail", "chain", "c"]


async def test_calls_at_the_same_time_share_one_probe() -> None:
    asked: list[str] = []

    def behave(request: Any) -> HttpAnswer:
        asked.append(request["method"])
        return answered("good")(request)

    caller = a_caller(FakeHttp(first=behave))
    caller.require_identity(chain_probe, "good")
    await asyncio.gather(*(caller.call("x", []) for _ in range(5)))
    assert asked.count("chain") == 1


async def test_a_batch_comes_back_in_the_order_of_its_calls() -> None:
    def backwards(request: Any) -> HttpAnswer:
        return ok([envelope(each["id"], each["params"]) for each in reversed(request)])

    found = await a_caller(FakeHttp(first=backwards)).call_batch([("a", [1]), ("b", [2])])
    assert list(found) == [b"[1]", b"[2]"]


async def test_an_empty_batch_asks_nobody() -> None:
    http = FakeHttp(first=answered(1))
    assert list(await a_caller(http).call_batch([])) == []
    assert http.asked == []


BAD_BATCHES: dict[str, Callable[[list[int]], object]] = {
    "one missing": lambda ids: [envelope(ids[0], 1)],
    "one twice": lambda ids: [envelope(ids[0], 1), envelope(ids[0], 1)],
    "one too many": lambda ids: [envelope(i, 1) for i in (*ids, 99)],
    "a stranger": lambda ids: [envelope(ids[0], 1), envelope(99, 1)],
    "one answer": lambda ids: envelope(ids[0], 1),
    "empty": lambda _: [],
    "one refused": lambda ids: [
        envelope(ids[0], 1),
        {"jsonrpc": "2.0", "id": ids[1], "error": {"code": -32000, "message": "x"}},
    ],
    "all refused": lambda _: {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32600, "message": "no batches"},
    },
}


@pytest.mark.parametrize("shape", BAD_BATCHES.values(), ids=list(BAD_BATCHES))
async def test_an_incomplete_batch_is_asked_of_the_next_endpoint(
    shape: Callable[[list[int]], object],
) -> None:
    http = FakeHttp(
        first=lambda request: ok(shape([each["id"] for each in request])), second=answered(1)
    )
    found = await a_caller(http).call_batch([("a", []), ("b", [])])
    assert list(found) == [b"1", b"1"]
