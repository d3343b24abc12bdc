"""Simulated networks behind one HTTP port: ``POST /{slug}`` is a chain, ``/control`` is the devnet.

Nothing survives a stop; started with the same configuration and asked the same, it makes the same
blocks again.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from random import Random
from typing import Self

from aiohttp import web

from tocsin.clock import Clock
from tocsin.devnet.bodies import read_body
from tocsin.devnet.config import DevnetConfig, block_seconds, build_network
from tocsin.devnet.control import control_application
from tocsin.devnet.jsonrpc import INVALID_REQUEST, render_error
from tocsin.devnet.network import RpcCallError
from tocsin.devnet.node import Reply, SimulatedNode
from tocsin.errors import InputError, NotFoundError, PayloadTooLargeError, SettingsError

MOST_BODY_BYTES = 1 << 20
_GRACE_SECONDS = 0.2  # hung answers are part of the play; nobody wants to wait for them at the end


class Devnet:
    """All networks of a configuration and the server before them; also an async context manager."""

    def __init__(self, config: DevnetConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._nodes = {
            options.slug: SimulatedNode(
                build_network(options, config.seed),
                clock=clock,
                random=Random(f"faults/{config.seed}/{options.slug}"),
                block_seconds=block_seconds(options),
                paused=config.paused,
            )
            for options in config.networks
        }
        self._runner: web.AppRunner | None = None
        self._address = (config.host, config.port)
        self._production: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Return where the server is, without a slash at the end; true once it has started."""
        host, port = self._address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def urls(self) -> dict[str, str]:
        """Return the JSON-RPC URL of each network by its slug."""
        return {slug: f"{self.url}/{slug}" for slug in self._nodes}

    def node(self, slug: str) -> SimulatedNode:
        """Return one network's node, to produce, fork, break and count from within the process.

        Raises:
            NotFoundError: there is no such network.
        """
        if slug not in self._nodes:
            raise NotFoundError("network", slug)
        return self._nodes[slug]

    async def start(self) -> None:
        """Serve, and make blocks on the networks that are not paused.

        Raises:
            SettingsError: the address cannot be had.
        """
        runner = web.AppRunner(
            self._application(),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=_GRACE_SECONDS,
            handler_cancellation=True,
        )
        await runner.setup()
        site = web.TCPSite(runner, self._config.host, self._config.port)
        try:
            await site.start()
        except (OSError, UnicodeError) as cause:
            await runner.cleanup()
            reason = cause.strerror if isinstance(cause, OSError) else "no host name"
            raise SettingsError(
                f"cannot listen on {self._config.host}:{self._config.port}: {reason}"
            ) from cause
        self._runner = runner
        self._address = (self._config.host, runner.addresses[0][1])
        self._production = [
            asyncio.create_task(node.keep_producing(), name=f"devnet {slug}")
            for slug, node in self._nodes.items()
        ]

    async def stop(self) -> None:
        """Make no more blocks and close the port; once stopped, do nothing."""
        for task in self._production:
            task.cancel()
        await asyncio.gather(*self._production, return_exceptions=True)
        self._production = []
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def wait(self) -> None:
        """Return never, unless a network's production broke: then raise what broke it."""
        await asyncio.gather(*self._production)

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=MOST_BODY_BYTES)
        application.add_subapp("/control", control_application(self._nodes, self._clock))
        application.router.add_post("/{slug}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        node = self._nodes.get(request.match_info["slug"])
        if node is None:
            return _refusal(HTTPStatus.NOT_FOUND, "no such network")
        try:
            body = await read_body(request)
        except PayloadTooLargeError as error:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
        except InputError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        return _response(await node.reply(body))


def _response(reply: Reply) -> web.Response:
    return web.Response(
        body=reply.body,
        status=reply.status,
        headers=reply.headers,
        content_type="application/json",
    )


def _refusal(status: HTTPStatus, message: str) -> web.Response:
    error = RpcCallError(INVALID_REQUEST, message)
    return _response(Reply(status=status, body=render_error(None, error)))


async def serve_devnet(config: DevnetConfig, clock: Clock) -> Devnet:
    """Return a devnet that has started; the caller stops it.

    Raises:
        SettingsError: the address cannot be had.
    """
    devnet = Devnet(config, clock)
    await devnet.start()
    return devnet


async def run_devnet(
    config: DevnetConfig, clock: Clock, *, announce: Callable[[Devnet], None] | None = None
) -> None:
    """Serve until cancelled; ``announce`` is called once the port is open.

    Raises:
        SettingsError: the address cannot be had.
    """
    async with Devnet(config, clock) as devnet:
        if announce is not None:
            announce(devnet)
        await devnet.wait()


def describe_urls(devnet: Devnet) -> str:
    """Return a started devnet's addresses for a person, one a line."""
    lines = [f"{slug:<12} {url}" for slug, url in devnet.urls().items()]
    return "\n".join([*lines, f"{'control':<12} {devnet.url}/control/networks"])
