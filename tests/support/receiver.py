"""A real webhook receiver on loopback that records what comes and answers as it is told.

It checks signatures by itself, with nothing of ours, so that it can judge them.
"""

import asyncio
import base64
import gzip
import hashlib
import hmac
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

GIANT_PIECE = b"x" * 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]

    def json(self) -> dict[str, object]:
        document = orjson.loads(self.body)
        assert isinstance(document, dict)
        return document

    def data(self) -> dict[str, Any]:
        """Return what the message says of its match."""
        data = self.json()["data"]
        assert isinstance(data, dict)
        return data

    def is_signed_with(self, secret: str) -> bool:
        """Check the signature as the Standard Webhooks specification says a receiver should."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = b".".join(
            (
                self.headers["webhook-id"].encode(),
                self.headers["webhook-timestamp"].encode(),
                self.body,
            )
        )
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{expected}" in self.headers["webhook-signature"].split(" ")


Reply = Callable[[web.Request, "Receiver"], Awaitable[web.StreamResponse]]


def answering(status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
    """Answer at once."""

    async def reply(_: web.Request, __: "Receiver") -> web.StreamResponse:
        return web.Response(status=status, body=body, headers=headers)

    return reply


def busy(retry_after: str) -> Reply:
    """Answer 429 and ask to wait."""
    return answering(429, headers={"retry-after": retry_after})


def redirecting(location: str, status: int = 302) -> Reply:
    """Send the caller elsewhere."""
    return answering(status, headers={"location": location})


def silent() -> Reply:
    """Take the request and say nothing until the receiver closes."""

    async def reply(_: web.Request, receiver: "Receiver") -> web.StreamResponse:
        await receiver.closing.wait()
        return web.Response()

    return reply


def after(seconds: float) -> Reply:
    """Answer 200 when so much time has passed."""

    async def reply(_: web.Request, __: "Receiver") -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return web.Response()

    return reply


def dropping() -> Reply:
    """Break the connection instead of answering."""
    return raw(b"")


def raw(answer: bytes) -> Reply:
    """Write these bytes as they are and break the connection."""

    async def reply(request: web.Request, _: "Receiver") -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(answer)
        request.transport.close()
        return web.Response()

    return reply


def giant(size_bytes: int, status: int = 200) -> Reply:
    """Answer with a body of that size, in pieces, without saying how long it is."""

    async def reply(request: web.Request, receiver: "Receiver") -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        try:
            for _ in range(size_bytes // len(GIANT_PIECE)):
                await response.write(GIANT_PIECE)
                receiver.written_bytes += len(GIANT_PIECE)
        except ConnectionError:
            return response
        await response.write_eof()
        return response

    return reply


def stalling(status: int = 200) -> Reply:
    """Answer the status and the first bytes of a body that never goes on."""

    async def reply(request: web.Request, receiver: "Receiver") -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        await response.write(b"one moment")
        await receiver.closing.wait()
        return response

    return reply


def gzipped(body: bytes) -> Reply:
    """Answer with a packed body."""
    return answering(200, gzip.compress(body), {"content-encoding": "gzip"})


class Receiver:
    """The server. Answers with the given replies in order, then 200 to everything.

    ``async with Receiver() as receiver:`` listens on a port of its own until the end.
    """

    def __init__(self, *, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.address = address
        self.port = 0
        self.received: list[Received] = []
        self.connection_count = 0
        self.written_bytes = 0
        self.closing = asyncio.Event()
        self._tls = tls
        self._replies: list[Reply] = []
        self._otherwise = answering()
        self._peers: set[object] = set()
        self._arrival = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://{self.address}:{self.port}/hook"

    def answer_with(self, *replies: Reply) -> None:
        """Answer the next requests with these, one each."""
        self._replies.extend(replies)

    def answer_otherwise(self, reply: Reply) -> None:
        """Answer with this whenever no other reply is left."""
        self._otherwise = reply

    def fail_times(self, count: int, status: int = 500) -> None:
        """Answer the next so many requests with an error."""
        self.answer_with(*(answering(status) for _ in range(count)))

    async def wait_for(self, count: int, timeout_seconds: float = 30.0) -> list[Received]:
        """Return what was received once there are at least that many requests."""
        async with asyncio.timeout(timeout_seconds), self._arrival:
            await self._arrival.wait_for(lambda: len(self.received) >= count)
        return list(self.received)

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=1 << 26)
        application.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.address, 0, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        if request.transport not in self._peers:
            self._peers.add(request.transport)
            self.connection_count += 1
        received = Received(
            method=request.method,
            path=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        async with self._arrival:
            self.received.append(received)
            self._arrival.notify_all()
        reply = self._replies.pop(0) if self._replies else self._otherwise
        return await reply(request, self)
