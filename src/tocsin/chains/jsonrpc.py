"""JSON-RPC 2.0 over several endpoints of one network: a call → raw result bytes.

Endpoints are in order of preference. One that fails in any way is left for a while and the next
is asked within the same call; one that asks for time (``Retry-After``) gets it. After a failure,
and before its first use, an endpoint must show that it serves the right chain.

Nothing here survives a crash, and nothing needs to: a new process starts with the preferred one.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import structlog

from tocsin.chains.base import IdentityProbe
from tocsin.chains.envelope import (
    BadAnswerError,
    RefusalError,
    parse_answer,
    parse_batch,
    render_batch,
    render_call,
)
from tocsin.clock import Clock
from tocsin.errors import (
    ChainError,
    ChannelError,
    EgressRefusedError,
    PayloadTooLargeError,
    RpcRefusedError,
    RpcUnavailableError,
    WrongChainError,
)
from tocsin.net.http import HttpAnswer
from tocsin.net.retry_after import parse_retry_after

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

_BUSY_CODES = frozenset({429, -32005, -32029})  # how providers say "too many requests" in JSON
_REQUEST_CODES = frozenset({-32700, -32600, -32601, -32602})  # the request's fault, not the node's


class HttpPoster(Protocol):
    """What we need of ``tocsin.net.http.HttpClient``."""

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        timeout_seconds: float,
        max_bytes: int,
    ) -> HttpAnswer:
        """Return the answer to a POST, or raise ChannelError or PayloadTooLargeError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcLimits:
    """How long and how much to wait and read.

    ``leave_seconds`` is for how long a failed endpoint is asked last; a ``Retry-After`` counts
    up to ``max_wait_seconds``.
    """

    timeout_seconds: float = 20.0
    max_bytes: int = 64 << 20
    leave_seconds: float = 30.0
    max_wait_seconds: float = 600.0


@dataclass(slots=True, kw_only=True)
class _Endpoint:
    """One URL and what we know of it; times are the clock's monotonic seconds."""

    place: int
    url: str = field(repr=False)
    left_until: float = 0.0
    silent_until: float = 0.0
    verified: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class _FailedError(Exception):
    """One endpoint did not give what was asked; its text is the short reason."""

    def __init__(
        self,
        reason: str,
        *,
        wait_seconds: float = 0.0,
        rpc_code: int | None = None,
        wrong_chain: bool = False,
    ) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds
        self.rpc_code = rpc_code
        self.wrong_chain = wrong_chain

    @property
    def is_the_nodes_fault(self) -> bool:
        """Return whether another request would fail as well."""
        return self.rpc_code not in _REQUEST_CODES


class JsonRpc:
    """Calls the nodes of one network; the contract is ``chains.base.RpcCaller``."""

    def __init__(
        self,
        network_slug: str,
        endpoints: Sequence[str],
        http: HttpPoster,
        clock: Clock,
        limits: RpcLimits | None = None,
    ) -> None:
        self._network_slug = network_slug
        self._endpoints = tuple(
            _Endpoint(place=place, url=url) for place, url in enumerate(endpoints, start=1)
        )
        self._http = http
        self._clock = clock
        self._limits = limits or RpcLimits()
        self._probe: IdentityProbe | None = None
        self._expected = ""
        self._last_id = 0
        self._used: _Endpoint | None = None

    def require_identity(self, probe: IdentityProbe, expected: str) -> None:
        """From now on use an endpoint only after its probe gave ``expected``."""
        self._probe = probe
        self._expected = expected
        for endpoint in self._endpoints:
            endpoint.verified = False

    def distrust(self) -> None:
        """Prefer other endpoints for a while: the last answers did not make a whole block."""
        if self._used is not None:
            self._leave(self._used, _FailedError("it did not give a whole block"))

    async def call(self, method: str, params: object) -> bytes:
        """Return the bytes of ``result`` from the first endpoint that gives one."""
        call_id = self._take_ids(1)
        body = render_call(call_id, method, params)
        return await self._ask_in_turn(method, body, lambda raw: parse_answer(raw, call_id))

    async def call_batch(self, calls: Sequence[tuple[str, object]]) -> Sequence[bytes]:
        """Return one ``result`` per call, in the order of the calls, all from one endpoint."""
        if not calls:
            return ()  # an empty batch is not allowed on the wire
        first_id = self._take_ids(len(calls))
        body = render_batch(first_id, calls)
        return await self._ask_in_turn(
            calls[0][0], body, lambda raw: parse_batch(raw, first_id, len(calls))
        )

    def _take_ids(self, count: int) -> int:
        first = self._last_id + 1
        self._last_id += count
        return first

    async def _ask_in_turn(self, method: str, body: bytes, parse: Callable[[bytes], _T]) -> _T:
        failures: list[tuple[_Endpoint, _FailedError]] = []
        for endpoint in self._in_turn():
            try:
                self._require_silence_kept(endpoint)
                await self._require_right_chain(endpoint)
                answer = await self._post(endpoint, body, parse)
            except _FailedError as failure:
                failures.append((endpoint, failure))
                if failure.is_the_nodes_fault:
                    self._leave(endpoint, failure)
                continue
            self._used = endpoint
            return answer
        raise self._nothing_left(method, failures)

    def _in_turn(self) -> Sequence[_Endpoint]:
        """Return all endpoints: the good ones by preference, then those that failed lately."""
        now = self._clock.monotonic()
        return sorted(self._endpoints, key=lambda each: (each.left_until > now, each.place))

    def _require_silence_kept(self, endpoint: _Endpoint) -> None:
        left = endpoint.silent_until - self._clock.monotonic()
        if left > 0:
            raise _FailedError(f"asked us to wait {left:.0f} s more", wait_seconds=left)

    async def _require_right_chain(self, endpoint: _Endpoint) -> None:
        async with endpoint.lock:  # several calls may wait for the same first probe
            if self._probe is not None and not endpoint.verified:
                await self._identify(endpoint, self._probe)

    async def _identify(self, endpoint: _Endpoint, probe: IdentityProbe) -> None:
        async def ask(method: str, params: object) -> bytes:
            call_id = self._take_ids(1)
            body = render_call(call_id, method, params)
            return await self._post(endpoint, body, lambda raw: parse_answer(raw, call_id))

        try:
            found = await probe(ask)
        except ChainError as cause:
            raise _FailedError("does not say which chain it serves") from cause
        if found != self._expected:
            raise _FailedError(
                f"serves chain {found[:80]!r}, not {self._expected!r}", wrong_chain=True
            )
        endpoint.verified = True

    async def _post(self, endpoint: _Endpoint, body: bytes, parse: Callable[[bytes], _T]) -> _T:
        try:
            answer = await self._http.post(
                endpoint.url,
                body=body,
                headers={"content-type": "application/json"},
                timeout_seconds=self._limits.timeout_seconds,
                max_bytes=self._limits.max_bytes,
            )
        except EgressRefusedError as cause:
            raise _FailedError("its address is refused by the egress rules") from cause
        except ChannelError as cause:
            raise _FailedError("no answer") from cause
        except PayloadTooLargeError as cause:
            raise _FailedError("an answer too large") from cause
        if answer.status != 200:
            raise _FailedError(
                f"HTTP status {answer.status}", wait_seconds=self._wait_asked_for(answer)
            )
        try:
            return parse(answer.body)
        except BadAnswerError as cause:
            raise _FailedError(str(cause)) from cause
        except RefusalError as cause:
            # busy says nothing about the request, so it must not look like a refusal of it
            busy = cause.rpc_code in _BUSY_CODES
            raise _FailedError(str(cause), rpc_code=None if busy else cause.rpc_code) from cause

    def _wait_asked_for(self, answer: HttpAnswer) -> float:
        asked = parse_retry_after(answer.headers.get("retry-after", ""), self._clock.now())
        return min(asked or 0.0, self._limits.max_wait_seconds)

    def _leave(self, endpoint: _Endpoint, failure: _FailedError) -> None:
        now = self._clock.monotonic()
        if endpoint.left_until <= now:
            _log.warning(
                "rpc.endpoint_left",
                network=self._network_slug,
                endpoint=endpoint.place,
                reason=str(failure),
            )
        endpoint.verified = False
        endpoint.left_until = now + self._limits.leave_seconds
        endpoint.silent_until = max(endpoint.silent_until, now + failure.wait_seconds)

    def _nothing_left(
        self, method: str, failures: Sequence[tuple[_Endpoint, _FailedError]]
    ) -> ChainError:
        reasons = "; ".join(f"endpoint {each.place}: {failure}" for each, failure in failures)
        message = (
            f"{self._network_slug}: none of {len(self._endpoints)} endpoints answered {method}"
            f" ({reasons or 'there are none'})"
        )
        if failures and all(failure.wrong_chain for _, failure in failures):
            return WrongChainError(message)
        for _, failure in failures:
            if failure.rpc_code is not None:
                return RpcRefusedError(message, rpc_code=failure.rpc_code)
        return RpcUnavailableError(message)
