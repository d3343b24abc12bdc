"""One launcher for every embedded server: children that end when we do, however we end.

On Linux the kernel signals a child when the thread that made it is gone, so a server outlives
neither SIGKILL nor a crash of ours. macOS has no such promise: there the next start stops what
it finds (see each server).
"""

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from tocsin.clock import SystemClock
from tocsin.errors import SettingsError

_PR_SET_PDEATHSIG = 1  # Linux <linux/prctl.h>
_POLL_SECONDS = 0.02
_CLOCK = SystemClock()
_LOG_TAIL_BYTES = 16_384
_FAILURE = re.compile(r"\b(FATAL|PANIC|error|ERROR)\b")

# A child gets this and nothing of ours: our own environment holds secrets.
CHILD_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "HOME": "/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """The unprivileged account that servers run under when we are root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to run and how it is to end with us.

    ``death_signal`` is what the kernel sends it when we die. ``user`` is None unless we are
    root. Standard output and error are appended to ``log_path``.
    """

    argv: tuple[str, ...]
    death_signal: Signals
    user: ServerUser | None
    working_dir: Path
    log_path: Path


def launch(order: Launch) -> subprocess.Popen[bytes]:
    """Return a running child in a session of its own, so Ctrl-C reaches only us.

    Raises:
        SettingsError: the program cannot be run here.
        RuntimeError: not called from the main thread, whose end is the process's end.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("an embedded server is started from the main thread")
    user = order.user
    try:
        with open(order.log_path, "ab", opener=_open_private) as log:
            return subprocess.Popen(  # noqa: S603  # a program from an installed wheel, no shell
                order.argv,
                cwd=order.working_dir,
                env=CHILD_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
                user=None if user is None else user.uid,
                group=None if user is None else user.gid,
                extra_groups=None if user is None else [],
                preexec_fn=dying_with_us(order.death_signal),
            )
    except (OSError, subprocess.SubprocessError) as cause:
        raise SettingsError(f"{order.argv[0]} cannot be run: {cause}") from cause


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def dying_with_us(death_signal: Signals) -> Callable[[], None] | None:
    """Return what a child does between fork and exec so that it is signalled when we die."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork
    parent_pid = os.getpid()

    def before_exec() -> None:
        if death_signal != signal.SIGKILL:
            # Python's own handler would swallow a signal that comes before exec.
            signal.signal(death_signal, signal.SIG_DFL)
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent_pid:  # we died before prctl: no signal will come
            os._exit(1)

    return before_exec


def wait_until(
    process: subprocess.Popen[bytes], ready: Callable[[], bool], *, seconds: float
) -> bool:
    """Return whether it became ready before it ended and before the time was over."""
    deadline = _CLOCK.monotonic() + seconds
    while process.poll() is None and _CLOCK.monotonic() < deadline:
        if ready():
            return True
        pause(_POLL_SECONDS)
    return False


def wait_while(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Return True as soon as the condition no longer holds, False when the time is over."""
    deadline = _CLOCK.monotonic() + seconds
    while condition():
        if _CLOCK.monotonic() >= deadline:
            return False
        pause(_POLL_SECONDS)
    return True


def pause(seconds: float) -> None:
    """Return after that many seconds; servers start and stop where no event loop runs."""
    threading.Event().wait(seconds)


def end(process: subprocess.Popen[bytes], steps: Iterable[tuple[Signals, float]]) -> None:
    """Send each signal and wait its seconds until the process has ended; then kill it."""
    for step, seconds in steps:
        if process.poll() is not None:
            return
        process.send_signal(step)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    process.wait()


def log_size(log_path: Path) -> int:
    """Return how many bytes are in a log, to tell later what a child added."""
    return log_path.stat().st_size if log_path.exists() else 0


def failure_in(log_path: Path, *, since: int) -> str:
    """Return the line that tells best why a child failed, of those after ``since`` bytes.

    That is the last with an error in it, else the last that is not blank; or ``""``.
    """
    with log_path.open("rb") as log:
        log.seek(max(since, log_size(log_path) - _LOG_TAIL_BYTES))
        lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
    candidates = [line for line in lines if _FAILURE.search(line)] or list(filter(None, lines))
    return candidates[-1] if candidates else ""


def keep_log_small(log_path: Path, *, limit_bytes: int = 8_000_000) -> None:
    """Put a log that has grown too large aside, over the one before."""
    if log_path.exists() and log_path.stat().st_size > limit_bytes:
        log_path.replace(log_path.with_suffix(".log.1"))
