"""Runs the parts of one process until it is told to stop."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
import uvloop

from tocsin.bootstrap import Connections, LoopName, System, build_api, open_system, run_loops
from tocsin.cli.http import listen, serve
from tocsin.cli.servers import EmbeddedServer
from tocsin.clock import SystemClock
from tocsin.orchestrator.memory import expect_large_blocks
from tocsin.settings import Settings
from tocsin.telemetry.logs import configure
from tocsin.telemetry.metrics import serve_metrics

log = structlog.get_logger()

WATCH_SERVERS_SECONDS = 0.5
# More than finishing what is being sent may take, less than who stops us usually waits.
STOP_SECONDS = 20.0


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
    expect_large_blocks()
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
    stop = _stop_on_signals()
    async with open_system(settings, connections) as system:
        tasks = {asyncio.create_task(_watch_servers(embedded), name="servers")}
        try:
            if loops:
                tasks.add(asyncio.create_task(run_loops(system, loops), name="loops"))
            if listener is not None:
                tasks.add(asyncio.create_task(serve(build_api(system), listener), name="api"))
            await begin(system)
            tasks.add(asyncio.create_task(_wait_for(stop), name="stop"))
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(tasks)
    log.info("process.stopped")


def _stop_on_signals() -> asyncio.Event:
    """Return what is set by the first SIGINT or SIGTERM; a second one ends the process at once."""
    stop = asyncio.Event()

    def note(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)  # the kernel takes our servers along
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, note, number)
    return stop


async def _wait_for(stop: asyncio.Event) -> None:
    await stop.wait()


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel every part, wait for it, and raise what one of them failed with.

    What does not stop in time is left behind: all that matters is stored or will be done again.
    """
    for task in tasks:
        task.cancel()
    done, hanging = await asyncio.wait(tasks, timeout=STOP_SECONDS)
    for task in hanging:
        log.warning("process.part_abandoned", error_code="process.slow_stop", loop=task.get_name())
    for task in done:
        if not task.cancelled():
            task.result()


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
