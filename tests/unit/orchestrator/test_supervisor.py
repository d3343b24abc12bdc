"""Loops that fail: what is outlived, and how long the pause is."""

import asyncio

import pytest
import structlog

from tests.support.clock import FakeClock
from tocsin.errors import RpcUnavailableError, StorageUnavailableError
from tocsin.orchestrator import supervisor
from tocsin.orchestrator.supervisor import Backoff, attempt, keep_running, let_go


async def fails(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("error", [RpcUnavailableError("down"), RuntimeError("a bug")])
async def test_a_failure_is_outlived(error: Exception) -> None:
    outcome: object = await attempt("test", lambda: fails(error))
    assert outcome is None


async def test_only_a_bug_is_logged_as_one() -> None:
    with structlog.testing.capture_logs() as logs:
        await attempt("test", lambda: fails(RpcUnavailableError("down")))
        await attempt("test", lambda: fails(RuntimeError("a bug")))
    assert [entry["log_level"] for entry in logs] == ["warning", "error"]


async def test_a_cancelled_loop_ends() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    task = asyncio.ensure_future(keep_running("test", wait, FakeClock()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_pauses_double_up_to_a_limit() -> None:
    backoff = Backoff(FakeClock(moves_alone=False))
    assert [round(backoff.next_pause(), 1) for _ in range(9)] == [
        0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0,
    ]  # fmt: skip


def test_what_ran_well_for_a_while_begins_with_a_short_pause() -> None:
    clock = FakeClock(moves_alone=False)
    backoff = Backoff(clock)
    for _ in range(5):
        backoff.next_pause()
    clock.advance(61)
    assert backoff.next_pause() == pytest.approx(0.2)


async def test_a_loop_that_fails_while_it_is_cancelled_ends() -> None:
    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await fails(StorageUnavailableError("gone"))

    task = asyncio.ensure_future(keep_running("test", wait, FakeClock()))
    await asyncio.sleep(0)
    task.cancel()
    _, running = await asyncio.wait({task}, timeout=10)
    task.cancel()
    assert not running


async def test_what_cannot_be_let_go_of_does_not_hide_why_a_loop_ended() -> None:
    async def loop() -> None:
        try:
            await fails(ZeroDivisionError("a bug"))
        finally:
            await let_go(fails(StorageUnavailableError("gone")))

    with pytest.raises(ZeroDivisionError):
        await loop()


async def test_nobody_waits_for_long_to_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RELEASE_SECONDS", 0.01)

    async def wait() -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        await let_go(wait())
