"""Runs the parts of one process until it is told to stop."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
import uvloop

from tocsin.bootstrap import Connections, LoopName, System, build_api, open_system, run_loops
from tocsin.cli.http import listen, serve
from tocsin.cli.servers import EmbeddedServer
from tocsin.clock import SystemClock
from tocsin.settings import Settings
from tocsin.telemetry.logs import configure
from tocsin.telemetry.metrics import serve_metrics

log = structlog.get_logger()

WATCH_SERVERS_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The ports a process really has, also where the settings said any; None: no API."""

    api_port: int | None
    metrics_port: int


Announce = Callable[[System, Listening], Awaitable[None]]


def run_process(
    settings: Settings,
    connections: Connections,
    *,
    loops: frozenset[LoopName],
    embedded: Sequence[EmbeddedServer] = (),
    announce: Announce | None = None,
) -> None:
    """Run loops, and the API where the connections name its database, until SIGINT or SIGTERM.

    ``announce`` is called once everything listens.

    Raises:
        SettingsError: a port is taken, or a setting does not do.
        StorageUnavailableError, UnsafeRoleError: see ``open_system``.
    """
    configure(settings.telemetry.log_level, settings.telemetry.log_format)
    listener = listen(settings.api.host, settings.api.port) if connections.api_url else None
    telemetry = settings.telemetry
    with serve_metrics(telemetry.metrics_host, telemetry.metrics_port) as metrics:
        listening = Listening(
            api_port=listener.getsockname()[1] if listener else None, metrics_port=metrics.port
        )

        async def begin(system: System) -> None:
            if announce is not None:
                await announce(system, listening)

        uvloop.run(_run(settings, connections, loops, embedded, (listener, begin)))


async def _run(
    settings: Settings,
    connections: Connections,
    loops: frozenset[LoopName],
    embedded: Sequence[EmbeddedServer],
    edge: tuple[socket.socket | None, Callable[[System], Awaitable[None]]],
) -> None:
    listener, begin = edge
    stop = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        running.add_signal_handler(number, stop.set)
    async with open_system(settings, connections) as system:
        parts: list[Awaitable[None]] = [_watch_servers(embedded)]
        if loops:
            parts.append(run_loops(system, loops))
        if listener is not None:
            parts.append(serve(build_api(system), listener))
        tasks = [asyncio.ensure_future(part) for part in parts]
        await begin(system)
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, stopping):
            task.cancel()
        for task in (*tasks, stopping):
            with suppress(asyncio.CancelledError):
                await task
        log.info("process.stopped")


async def _watch_servers(embedded: Sequence[EmbeddedServer]) -> None:
    """Start a child server again that died; what was lost meanwhile is taken up by the loops."""
    clock = SystemClock()
    while True:
        await clock.sleep(WATCH_SERVERS_SECONDS)
        for server in embedded:
            if not server.is_running():
                log.error("server.died", server=server.name, error_code="embedded.server_died")
                # Blocks the event loop for the half second it takes: nothing works without it,
                # and the kernel ties the child to the thread that starts it.
                server.start_again()
