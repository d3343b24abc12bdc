"""`tocsin …` as a process of its own, that dies with the test however that ends."""

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tocsin.embedded.process import CHILD_ENVIRONMENT, dying_with_us

MODULE = ("-m", "tocsin.cli.main")


class Command:
    """A started command: the lines of its output so far, its end, its status."""

    def __init__(self, process: asyncio.subprocess.Process, log_path: Path) -> None:
        self.process = process
        self.log_path = log_path
        self.lines: list[str] = []
        self._said = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self.process.pid

    async def find(self, pattern: str, *, seconds: float = 60) -> str:
        """Return the pattern's first group once a line of standard output has it."""
        wanted = re.compile(pattern)

        def has_ended_or_said() -> bool:
            return self._reading.done() or any(wanted.search(line) for line in self.lines)

        async with asyncio.timeout(seconds), self._said:
            await self._said.wait_for(has_ended_or_said)
        for line in self.lines:
            if found := wanted.search(line):
                return found[1]
        raise AssertionError(f"it ended without saying {pattern}: {self.errors()[-2000:]}")

    def errors(self) -> str:
        """Return what it wrote to standard error, with whatever an earlier process did."""
        return self.log_path.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal; an ended process does not mind."""
        if self.process.returncode is None:
            self.process.send_signal(number)

    async def wait(self, *, seconds: float = 60) -> int:
        """Return its exit status, once it has ended and all of its output is read."""
        async with asyncio.timeout(seconds):
            await asyncio.shield(self._reading)
            return await self.process.wait()

    async def close(self) -> None:
        """Make sure that it is gone."""
        self.send(signal.SIGKILL)
        await self.wait()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            await self._note(line.decode().rstrip("\n"))
        async with self._said:
            self._said.notify_all()

    async def _note(self, line: str) -> None:
        async with self._said:
            self.lines.append(line)
            self._said.notify_all()


async def start_command(
    *arguments: str,
    log_path: Path,
    variables: Mapping[str, str] | None = None,
    python: tuple[str, ...] = MODULE,
) -> Command:
    """Start a command with nothing but these variables in its environment; close it yourself.

    ``python`` are the interpreter's own arguments.
    """
    with log_path.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *python,
            *arguments,
            env={
                **CHILD_ENVIRONMENT,
                "PYTHONUTF8": "1",
                "TMPDIR": tempfile.gettempdir(),
                **(variables or {}),
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            preexec_fn=dying_with_us(signal.SIGKILL),
        )
    return Command(process, log_path)


@asynccontextmanager
async def run_command(
    *arguments: str,
    log_path: Path,
    variables: Mapping[str, str] | None = None,
    python: tuple[str, ...] = MODULE,
) -> AsyncIterator[Command]:
    """Have a command running for as long as the block lasts."""
    command = await start_command(*arguments, log_path=log_path, variables=variables, python=python)
    try:
        yield command
    finally:
        await command.close()


def is_alive(pid: int) -> bool:
    """Return whether a process of that id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
