"""Outbound HTTP: a guarded, bounded request → an answer, or one of our errors.

No redirects, no proxies from the environment, no cookies, TLS always verified. Connections are
pooled by host and port; each one goes to addresses that the guard vetted when it was opened.
"""

import io
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from tocsin.clock import Clock
from tocsin.errors import ChannelUnavailableError
from tocsin.net.body import read_body
from tocsin.net.egress import Destination, EgressGuard
from tocsin.net.retry_after import parse_retry_after
from tocsin.net.turns import Turns

_CONNECTIONS = 512
# One far side that is slow must not hold every connection we have.
_CONNECTIONS_PER_HOST = 32
# Shorter than common servers' own, so that we seldom write into a connection just closed.
_IDLE_SECONDS = 15.0
# A larger body goes out in pieces, so that the loop is not held by one write.
_WHOLE_BODY_BYTES = 1 << 20
# What we read away of an answer nobody wants, to use its connection again.
_DRAINED_BYTES = 1 << 16
_USER_AGENT = "tocsin"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What the far side answered; header names are lower case, repeated ones joined by a comma.

    ``retry_after_seconds`` is its ``Retry-After`` in seconds from the answer, as it says, or
    None.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    accept_encoding: str
    timeout_seconds: float
    body: bytes | None = None


class HttpClient:
    """Sends requests through an egress guard. Belongs to one event loop; close it after use.

    Every method raises:
        EgressRefusedError: the guard does not let the request out.
        ChannelUnavailableError: no connection, no valid certificate, no complete answer in time.

    ``timeout_seconds`` is how long a request may take, and how long it may before that wait for
    others of ours to the same far side.

    No error's text holds more of the URL than its host.
    """

    def __init__(self, guard: EgressGuard, clock: Clock) -> None:
        self._guard = guard
        self._clock = clock
        self._turns = Turns(most=_CONNECTIONS, most_per_host=_CONNECTIONS_PER_HOST)
        self._session: aiohttp.ClientSession | None = None

    async def get(
        self, url: str, *, headers: Mapping[str, str], timeout_seconds: float, max_bytes: int
    ) -> HttpAnswer:
        """Return the answer to a GET, its body unpacked and at most ``max_bytes`` long.

        Raises:
            PayloadTooLargeError: the body is longer.
        """
        request = _Request(
            method="GET",
            url=url,
            headers=headers,
            accept_encoding="gzip",
            timeout_seconds=timeout_seconds,
        )
        return await self._ask(request, max_bytes)

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        timeout_seconds: float,
        max_bytes: int,
    ) -> HttpAnswer:
        """Return the answer to a POST, its body unpacked and at most ``max_bytes`` long.

        Raises:
            PayloadTooLargeError: the body is longer.
        """
        request = _Request(
            method="POST",
            url=url,
            headers=headers,
            accept_encoding="gzip",
            timeout_seconds=timeout_seconds,
            body=body,
        )
        return await self._ask(request, max_bytes)

    async def submit(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> HttpAnswer:
        """Return the status and headers that answer a POST, never a body.

        For messages: whatever follows the status, however large, packed or broken, neither
        changes what became of the message nor may it reach whoever chose the URL.
        """
        request = _Request(
            method="POST",
            url=url,
            headers=headers,
            accept_encoding="identity",
            timeout_seconds=timeout_seconds,
            body=body,
        )
        async with self._answering(request) as response:
            await _drain(response)
            return self._to_answer(response, b"")

    async def close(self) -> None:
        """Close every connection. The client is of no use afterwards."""
        if self._session is not None:
            await self._session.close()

    async def _ask(self, request: _Request, max_bytes: int) -> HttpAnswer:
        async with self._answering(request) as response:
            return self._to_answer(response, await read_body(response, max_bytes))

    @asynccontextmanager
    async def _answering(self, request: _Request) -> AsyncIterator[aiohttp.ClientResponse]:
        destination = self._guard.require_url(request.url)
        host, port = destination.host, destination.port
        # Before the clock starts: the far side is not to blame for our other requests.
        async with (
            self._turns.take(host, port, request.timeout_seconds),
            self._sent(request, destination) as response,
        ):
            yield response

    @asynccontextmanager
    async def _sent(
        self, request: _Request, destination: Destination
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        host = destination.host
        try:
            async with self._opened().request(
                request.method,
                destination.url,
                data=_to_payload(request.body),
                headers={"accept-encoding": request.accept_encoding, **request.headers},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=request.timeout_seconds),
            ) as response:
                yield response
        except TimeoutError as cause:
            raise ChannelUnavailableError(
                f"{host}: no complete answer within {request.timeout_seconds:g} s"
            ) from cause
        except (aiohttp.ClientResponseError, aiohttp.InvalidURL):
            # Without its cause, whose text is the whole URL.
            raise ChannelUnavailableError(f"{host}: the answer is not HTTP") from None
        except aiohttp.ClientSSLError as cause:
            raise ChannelUnavailableError(f"{host}: no valid TLS certificate") from cause
        except aiohttp.ClientConnectorError as cause:
            raise ChannelUnavailableError(f"{host}: no connection") from cause
        except (aiohttp.ClientError, OSError) as cause:
            raise ChannelUnavailableError(f"{host}: the connection broke") from cause

    def _opened(self) -> aiohttp.ClientSession:
        # Not in the constructor: a session belongs to the loop that runs when it is made.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_VettedResolver(self._guard),
                    use_dns_cache=False,
                    ssl=ssl.create_default_context(),
                    limit=0,  # whoever has a turn connects at once
                    keepalive_timeout=_IDLE_SECONDS,
                ),
                headers={"user-agent": _USER_AGENT},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _to_answer(self, response: aiohttp.ClientResponse, body: bytes) -> HttpAnswer:
        headers: dict[str, str] = {}
        for name, value in response.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        asked = headers.get("retry-after")
        return HttpAnswer(
            status=response.status,
            headers=headers,
            body=body,
            retry_after_seconds=(
                None if asked is None else parse_retry_after(asked, self._clock.now())
            ),
        )


class _VettedResolver(AbstractResolver):
    """Gives aiohttp vetted addresses only; it connects to exactly these, asking nobody else."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard

    @override
    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._guard.resolve(host, port)
        ]

    @override
    async def close(self) -> None:
        """Hold nothing."""


def _to_payload(body: bytes | None) -> bytes | io.BytesIO | None:
    if body is None or len(body) <= _WHOLE_BODY_BYTES:
        return body
    return io.BytesIO(body)


async def _drain(response: aiohttp.ClientResponse) -> None:
    read = 0
    with suppress(aiohttp.ClientError, OSError):
        async for piece in response.content.iter_any():
            read += len(piece)
            if read > _DRAINED_BYTES:
                break
        else:
            return
    response.close()
