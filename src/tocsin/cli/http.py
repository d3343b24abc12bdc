"""Serves an ASGI application on a socket we opened, without taking over our signals."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from tocsin.errors import SettingsError
from tocsin.telemetry.metrics import describe_listening

GRACE_SECONDS = 5


class _Server(uvicorn.Server):
    """A server that leaves signals to the process: it would raise them again after stopping."""

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        SettingsError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, UnicodeError) as cause:
        listener.close()
        reason, setting = describe_listening(cause)
        raise SettingsError(
            f"the API cannot listen on {host}:{port}: {reason}; set TOCSIN_API__{setting}"
        ) from cause
    listener.setblocking(False)
    return listener


async def serve(app: FastAPI, listener: socket.socket) -> None:
    """Serve until cancelled; requests under way get a few seconds to finish."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        http="h11",
        log_level="warning",
    )
    server = _Server(config)
    try:
        await server.serve(sockets=[listener])
    finally:
        listener.close()
