"""The devnet's own HTTP interface, for its user and not for the chain's: only on loopback."""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from tocsin.clock import Clock
from tocsin.devnet.bodies import read_body
from tocsin.devnet.faults import Faults
from tocsin.devnet.node import SimulatedNode
from tocsin.errors import InputError, NotFoundError, PayloadTooLargeError, TocsinError

_NUMBER = re.compile(r"[0-9]{1,18}")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Shape = TypeVar("_Shape", bound=Struct)


class ProduceOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many blocks to append."""

    count: Annotated[int, Meta(ge=1, le=1000)] = 1


class ForkOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many blocks to replace."""

    depth: Annotated[int, Meta(ge=1, le=1000)]


class NetworkState(Struct, frozen=True, kw_only=True):
    """One network as it stands."""

    slug: str
    head_number: int
    paused: bool
    block_seconds: float


def control_application(nodes: Mapping[str, SimulatedNode], clock: Clock) -> web.Application:
    """Return the application that is mounted at ``/control``."""
    application = web.Application(middlewares=[_loopback_only, _errors_as_json])
    control = _Control(nodes, clock)
    application.add_routes(
        [
            web.get("/networks", control.networks),
            web.get("/facts/{slug}", control.facts),
            web.get("/requests/{slug}", control.requests),
            web.post("/{slug}/produce", control.produce),
            web.post("/{slug}/fork", control.fork),
            web.post("/{slug}/faults", control.faults),
            web.post("/{slug}/pause", control.pause),
            web.post("/{slug}/resume", control.resume),
        ]
    )
    return application


class _Control:
    def __init__(self, nodes: Mapping[str, SimulatedNode], clock: Clock) -> None:
        self._nodes = nodes
        self._clock = clock

    async def networks(self, _: web.Request) -> web.Response:
        return _json([_state(slug, node) for slug, node in self._nodes.items()])

    async def facts(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not _NUMBER.fullmatch(since):
            raise InputError("expected a block number", field="since")
        return _json(self._node(request).network.facts(since_number=int(since)))

    async def requests(self, request: web.Request) -> web.Response:
        return _json(self._node(request).counts())

    async def produce(self, request: web.Request) -> web.Response:
        node = self._node(request)
        order = await _order(request, ProduceOrder)
        for _ in range(order.count):
            node.produce()
            await self._clock.sleep(0)  # other requests want an answer in between
        return _json(_state(request.match_info["slug"], node))

    async def fork(self, request: web.Request) -> web.Response:
        node = self._node(request)
        node.fork((await _order(request, ForkOrder)).depth)
        return _json(_state(request.match_info["slug"], node))

    async def faults(self, request: web.Request) -> web.Response:
        node = self._node(request)
        faults = await _order(request, Faults)
        node.set_faults(faults)
        return _json(faults)

    async def pause(self, request: web.Request) -> web.Response:
        node = self._node(request)
        node.pause()
        return _json(_state(request.match_info["slug"], node))

    async def resume(self, request: web.Request) -> web.Response:
        node = self._node(request)
        node.resume()
        return _json(_state(request.match_info["slug"], node))

    def _node(self, request: web.Request) -> SimulatedNode:
        slug = request.match_info["slug"]
        if slug not in self._nodes:
            raise NotFoundError("network", slug[:64])
        return self._nodes[slug]


def _state(slug: str, node: SimulatedNode) -> NetworkState:
    return NetworkState(
        slug=slug,
        head_number=node.network.head_number,
        paused=node.paused,
        block_seconds=node.block_seconds,
    )


async def _order(request: web.Request, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(await read_body(request) or b"{}", type=shape)
    except (msgspec.DecodeError, RecursionError) as cause:
        raise InputError(f"the body is not what was expected: {cause}") from cause


def _json(value: object, status: int = HTTPStatus.OK) -> web.Response:
    body = msgspec.json.encode(value)
    return web.Response(body=body, status=status, content_type="application/json")


@web.middleware
async def _loopback_only(request: web.Request, handler: _Handler) -> web.StreamResponse:
    if not is_loopback(request.remote):
        return _json(
            {"code": "access.not_permitted", "message": "control is for loopback only"},
            HTTPStatus.FORBIDDEN,
        )
    return await handler(request)


@web.middleware
async def _errors_as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except NotFoundError as error:
        return _json(_problem(error), HTTPStatus.NOT_FOUND)
    except PayloadTooLargeError as error:
        return _json(_problem(error), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except InputError as error:
        return _json(_problem(error), HTTPStatus.BAD_REQUEST)


def _problem(error: TocsinError) -> dict[str, str]:
    return {"code": error.code, "message": str(error)}


def is_loopback(remote: str | None) -> bool:
    """Return whether a peer's address is this machine, also written as an IPv4-mapped IPv6 one."""
    try:
        address = ip_address(remote or "")
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback
