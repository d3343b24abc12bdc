"""What an earlier run's PostgreSQL left behind: processes to outlast, a pid file to clear.

Only whoever holds the data directory's lock may ask: then a server found there has lost its
owner. On Linux it is shutting down already, or about to; elsewhere it has to be told to.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from tocsin.embedded.process import wait_while
from tocsin.errors import SettingsError

_PATIENCE_SECONDS = 60  # a fast shutdown writes a checkpoint
_PROC = Path("/proc")


def outlast_predecessor(
    pid_file: Path, socket_lock: Path, *, mark: str, answers: Callable[[], bool]
) -> None:
    """Return when no server process of an earlier run is left, nor a file that bars the next.

    ``mark`` is in the command line of each process; ``answers`` asks the socket.

    Raises:
        SettingsError: it does not stop.
    """
    postmaster = read_pid(pid_file)
    if postmaster is not None and _may_ask(postmaster, mark, answers):
        _ask_to_stop(postmaster)
    if not wait_while(lambda: _is_left(mark, answers), seconds=_PATIENCE_SECONDS):
        left = ", ".join(map(str, sorted(marked_processes(mark)))) or postmaster
        raise SettingsError(f"the PostgreSQL of an earlier run does not stop: process {left}")
    for file in (pid_file, socket_lock):
        _clear_if_misleading(file)


def _may_ask(postmaster: int, mark: str, answers: Callable[[], bool]) -> bool:
    return postmaster in marked_processes(mark) if _sees_processes() else answers()


def _clear_if_misleading(file: Path) -> None:
    """Remove a lock file whose number is that of a process which is no server of ours.

    It was given to another, or belongs to a dead server that nobody has reaped; PostgreSQL
    would wait for it for ever. Where the number is nobody's, PostgreSQL judges better than we:
    it looks for users of the old shared memory too.
    """
    pid = read_pid(file)
    if pid is not None and _is_alive(pid):
        file.unlink()


def marked_processes(mark: str) -> frozenset[int]:
    """Return the ids of processes with the mark in their command line; none without /proc.

    A command line can be read by all, unlike another account's working directory.
    """
    if not _sees_processes():
        return frozenset()
    entries = (entry for entry in _PROC.iterdir() if entry.name.isdecimal())
    return frozenset(int(entry.name) for entry in entries if mark.encode() in _words(entry))


def read_pid(pid_file: Path) -> int | None:
    """Return the number on the first line, or None. Source: PostgreSQL, ``postmaster.pid``."""
    try:
        line = pid_file.read_text(errors="replace").partition("\n")[0].strip()
    except FileNotFoundError:
        return None
    return int(line) if line.isdecimal() and int(line) > 1 else None


def _is_left(mark: str, answers: Callable[[], bool]) -> bool:
    return bool(marked_processes(mark)) if _sees_processes() else answers()


def _sees_processes() -> bool:
    return (_PROC / "self/cmdline").exists()


def _words(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # gone meanwhile
        return b""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _ask_to_stop(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGINT)
    except ProcessLookupError:
        return
