"""The demo's child processes and the directory they work in; neither outlives the demo."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click

from tocsin.embedded.process import CHILD_ENVIRONMENT, dying_with_us

_STOP_SECONDS = 20.0
_LOG_TAIL_BYTES = 16_384
_PREFIX = "tocsin-demo-"


class DemoError(click.ClickException):
    """The demo cannot go on; the process ends with status 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOrder:
    """A command of ours to run in a process of its own.

    ``variables`` are added to an otherwise empty environment: nothing that is set for another
    installation reaches the demo's. What it says on standard error is written to ``log_path``.
    """

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    log_path: Path

    @property
    def title(self) -> str:
        """Return the command as people type it, without its options."""
        return f"tocsin {self.arguments[0]}"


class Child:
    """A running command; what it says on standard output is read and not kept."""

    def __init__(self, order: ChildOrder, process: asyncio.subprocess.Process) -> None:
        self._order = order
        self._process = process

    async def read_until(self, wanted: Mapping[str, re.Pattern[str]]) -> dict[str, str]:
        """Return the first group of each pattern once lines of output have fitted all of them.

        Raises:
            DemoError: it ended before.
        """
        found: dict[str, str] = {}
        output = self._process.stdout
        while output is not None and (line := await output.readline()):
            text = line.decode(errors="replace")
            for name, pattern in wanted.items():
                if fit := pattern.search(text):
                    found.setdefault(name, fit[1])
            if len(found) == len(wanted):
                return found
        raise await self._ended()

    async def watch(self) -> None:
        """Return never: when the command ends by itself, raise DemoError with its last words."""
        output = self._process.stdout
        while output is not None and await output.readline():
            pass  # read, so that the command never waits for us to
        raise await self._ended()

    async def stop(self) -> None:
        """Ask it to stop, and end it if it does not."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _ended(self) -> DemoError:
        status = await self._process.wait()
        log_path = self._order.log_path
        words = _last_line(log_path) or "it gave no reason"
        how = f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
        return DemoError(f"`{self._order.title}` {how}: {words} (log: {log_path})")


def _open_log(path: Path) -> BinaryIO:
    """Return a file to append to that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _last_line(log_path: Path) -> str:
    with log_path.open("rb") as log:
        log.seek(max(0, log_path.stat().st_size - _LOG_TAIL_BYTES))
        lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


@asynccontextmanager
async def running(order: ChildOrder) -> AsyncIterator[Child]:
    """Run a command; stop it at the end. It is told to stop even if we are killed.

    Use on the main thread: the kernel ties the child to the thread that starts it.
    """
    with _open_log(order.log_path) as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tocsin.cli.main",
            *order.arguments,
            cwd=order.log_path.parent,
            env={
                **CHILD_ENVIRONMENT,
                "PYTHONUTF8": "1",
                "TMPDIR": tempfile.gettempdir(),
                **order.variables,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches only us, and we stop them in order
            preexec_fn=dying_with_us(signal.SIGTERM),
        )
    child = Child(order, process)
    try:
        yield child
    finally:
        await child.stop()


def free_port() -> int:
    """Return a TCP port that is free on loopback now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def working_directory(given: Path | None) -> Iterator[Path]:
    """Make a directory to work in; without a given one it is removed at the end.

    After a failure the logs of a removed one are left, for they are the only witnesses.

    Raises:
        click.BadParameter: the given one is not empty, or cannot be used.
    """
    if given is not None:
        yield _empty_directory(given.expanduser().absolute())
        return
    path = Path(tempfile.mkdtemp(prefix=_PREFIX))
    _let_servers_through(path)
    try:
        yield path
    except DemoError:
        for each in path.iterdir():
            if each.suffix != ".log":
                _remove(each)
        raise
    except BaseException:
        _remove(path)
        raise
    else:
        _remove(path)


def _empty_directory(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise click.BadParameter(
                f"{path} is not empty; the demo starts from nothing", param_hint="--data-dir"
            )
        _let_servers_through(path)
    except OSError as cause:
        raise click.BadParameter(
            f"cannot use {path}: {cause.strerror}", param_hint="--data-dir"
        ) from cause
    return path


def _let_servers_through(path: Path) -> None:
    """Let root's servers, which have another account, pass to their own directory inside."""
    if os.geteuid() == 0:
        path.chmod(0o711)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


async def first_of(*parts: Coroutine[object, object, object]) -> None:
    """Run all parts until the first ends, then cancel the others; raise what ended it."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
