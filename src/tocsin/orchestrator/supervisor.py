"""Keeps loops running: restarts what fails, and tells an expected failure from a bug."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from tocsin.clock import Clock
from tocsin.errors import TocsinError
from tocsin.telemetry import metrics

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 15.0
RELEASE_SECONDS = 3.0
_T = TypeVar("_T")
# What did not fail for this long has recovered: its next failure is a new one.
RECOVERED_AFTER_SECONDS = 60.0


async def attempt(name: str, step: Callable[[], Awaitable[_T]]) -> _T | None:
    """Return what a step returns, or None if it failed, which is logged and counted.

    An expected error is a warning; anything else is a bug, logged with its traceback.
    """
    try:
        return await step()
    except TocsinError as error:
        log.warning("loop.failed", loop=name, error_code=error.code, reason=str(error))
    except Exception as error:  # the one place that outlives a bug
        log.error("loop.crashed", loop=name, error_code="bug", exc_info=error)
    metrics.LOOP_RESTARTS.labels(loop=name.split(":", 1)[0]).inc()
    return None


def guarded(name: str, decide: Callable[[], _T]) -> _T | Exception:
    """Return what a decision gives, or the error it raised, which is logged and counted.

    For work on one tenant's or one chain's data, whose failure must stay its own.
    """
    try:
        return decide()
    except Exception as error:  # what one tenant's data provoke must not stop the others
        code = error.code if isinstance(error, TocsinError) else "bug"
        log.error("decision.failed", loop=name, error_code=code, exc_info=error)
        metrics.LOOP_RESTARTS.labels(loop=name.split(":", 1)[0]).inc()
        return error


class Backoff:
    """How long something that keeps failing rests: doubling pauses up to 15 s."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pause = FIRST_PAUSE_SECONDS
        self._failed_at: float | None = None

    def next_pause(self) -> float:
        """Return the seconds to rest after one more failure."""
        now = self._clock.monotonic()
        if self._failed_at is not None and now - self._failed_at > RECOVERED_AFTER_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        self._failed_at = now
        pause = self._pause
        self._pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        return pause


async def keep_running(name: str, loop: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Run a loop until cancelled; after a failure rest and run it again."""
    backoff = Backoff(clock)
    while True:
        await attempt(name, loop)
        _raise_if_cancelled()
        await clock.sleep(backoff.next_pause())


def _raise_if_cancelled() -> None:
    """Raise the cancellation in whose place a loop raised what it met while it let go."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def let_go(release: Awaitable[None]) -> None:
    """Await the last thing a loop does, for a few seconds at most and whether or not it works.

    What is let go of runs out by itself; nobody is to wait for a database that is gone, and its
    failure must not take the place of what ended the loop.
    """
    with suppress(TocsinError, TimeoutError):
        async with asyncio.timeout(RELEASE_SECONDS):
            await release


async def stop_tasks(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they are gone."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
