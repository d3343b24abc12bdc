"""A webhook receiver on this machine: signed requests → messages, each once.

It does what docs/webhooks.md asks of every receiver: verify before believing, count once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import msgspec
from aiohttp import web

from tocsin.clock import Clock
from tocsin.delivery.signing import ID_HEADER, is_signed, parse_secret

MOST_BODY_BYTES = 4 << 20
HOST = "127.0.0.1"
_GRACE_SECONDS = 0.2


class Named(msgspec.Struct, frozen=True):
    """A monitor, by its name."""

    name: str


class NetworkPart(msgspec.Struct, frozen=True):
    """A network, by its slug."""

    slug: str
    family: str


class BlockPart(msgspec.Struct, frozen=True):
    """A block."""

    number: int
    hash: str


class TransactionPart(msgspec.Struct, frozen=True):
    """A transaction."""

    hash: str


class ArgumentPart(msgspec.Struct, frozen=True):
    """One argument of an event or call; every value is text."""

    name: str
    value: str
    kind: str


class ActivityPart(msgspec.Struct, frozen=True):
    """One event or call that matched."""

    signature: str
    args: tuple[ArgumentPart, ...] = ()


class ConditionPart(msgspec.Struct, frozen=True):
    """A condition that was met; ``status`` is a transaction's, and empty otherwise."""

    expression: str | None = None
    status: str = ""


class MatchedOn(msgspec.Struct, frozen=True):
    """Which conditions were met; ``MatchedArguments`` runs parallel."""

    functions: tuple[ConditionPart, ...] = ()
    events: tuple[ConditionPart, ...] = ()
    transactions: tuple[ConditionPart, ...] = ()


class MatchedArguments(msgspec.Struct, frozen=True):
    """The events and calls that matched; null where there are none."""

    functions: tuple[ActivityPart, ...] | None = None
    events: tuple[ActivityPart, ...] | None = None


class MessageData(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of a match, as far as we read it. Shape: docs/webhooks.md."""

    match_id: str
    kind: str
    tenant: str
    monitor: Named
    network: NetworkPart
    block: BlockPart
    transaction: TransactionPart
    matched_on: MatchedOn
    matched_on_args: MatchedArguments


class WebhookMessage(msgspec.Struct, frozen=True):
    """The body of a webhook."""

    type: str
    data: MessageData


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """A message that came for the first time, signed; ``received_at_ms`` is Unix time."""

    data: MessageData
    received_at_ms: int


class Receiver:
    """A server with a path and a signing secret per tenant; also an async context manager.

    ``on_message`` is called once for each delivery, however often it arrives. What is not signed
    with the tenant's secret, or speaks of another tenant, is refused and only counted.
    """

    def __init__(self, clock: Clock, on_message: Callable[[ReceivedMessage], None]) -> None:
        self.repeated_count = 0
        self.refused_count = 0
        self._clock = clock
        self._on_message = on_message
        self._keys: dict[str, bytes] = {}
        self._seen: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """Return ``host:port``, true once it has started."""
        return f"{HOST}:{self._port}"

    def url_for(self, tenant: str) -> str:
        """Return where a tenant's webhook sends to."""
        return f"http://{self.address}/{tenant}"

    def expect(self, tenant: str, secret: str) -> None:
        """Take a tenant's messages from now on, signed with this secret (``whsec_…``)."""
        self._keys[tenant] = parse_secret(secret)

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=MOST_BODY_BYTES)
        application.router.add_post("/{tenant}", self._take)
        runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=_GRACE_SECONDS
        )
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        self._runner = runner
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Take nothing more; once stopped, do nothing."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        tenant = request.match_info["tenant"]
        body = await request.read()
        now = self._clock.now()
        key = self._keys.get(tenant)
        if key is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        if not is_signed(key, request.headers, body, now=now):
            return self._refuse(HTTPStatus.UNAUTHORIZED)
        try:
            message = msgspec.json.decode(body, type=WebhookMessage)
        except msgspec.DecodeError:
            return self._refuse(HTTPStatus.BAD_REQUEST)
        if message.data.tenant != tenant:
            return self._refuse(HTTPStatus.FORBIDDEN)
        delivery_id = request.headers[ID_HEADER]
        if delivery_id in self._seen:
            self.repeated_count += 1
            return web.Response()
        self._seen.add(delivery_id)
        received_at_ms = int(now.timestamp() * 1000)
        self._on_message(ReceivedMessage(data=message.data, received_at_ms=received_at_ms))
        return web.Response()

    def _refuse(self, status: HTTPStatus) -> web.Response:
        self.refused_count += 1
        return web.Response(status=status)
