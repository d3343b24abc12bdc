"""A clock that tests move: sleeping takes no real time, and sleepers wake in order."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 1, 1, tzinfo=UTC)
# Turns of the event loop left to other tasks, to reach their own sleep, before time moves on.
_TURNS = 10


class FakeClock:
    """Time that moves only when a task sleeps, or by ``advance``.

    Once every task has had its turns, the time jumps to the earliest sleeper's end and wakes
    it; equal ends wake in the order in which they fell asleep. With ``moves_alone=False`` the
    time stands still until ``advance``.
    """

    def __init__(self, start: datetime = _START, *, moves_alone: bool = True) -> None:
        self._start = start
        self._elapsed = 0.0
        self._moves_alone = moves_alone
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._sleep_count = 0
        self._is_moving = False
        self.sleeps: list[float] = []  # what was asked for, in seconds, in order

    def now(self) -> datetime:
        """Return the start and the seconds that have passed since."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the seconds that have passed since the start."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Return when the time has moved by that many seconds."""
        self.sleeps.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        waking: asyncio.Future[None] = loop.create_future()
        self._sleep_count += 1
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._sleep_count, waking))
        if self._moves_alone:
            self._move_soon(loop)
        await waking

    def advance(self, seconds: float) -> None:
        """Move the time at once and wake every sleeper whose end has come."""
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self._wake_earliest()
        self._elapsed = end

    def _move_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_moving:
            self._is_moving = True
            loop.call_soon(self._take_turns, loop, _TURNS)

    def _take_turns(self, loop: asyncio.AbstractEventLoop, turns_left: int) -> None:
        if turns_left > 0:
            loop.call_soon(self._take_turns, loop, turns_left - 1)
            return
        self._is_moving = False
        while self._sleepers and self._sleepers[0][2].done():  # cancelled meanwhile
            heapq.heappop(self._sleepers)
        if self._sleepers:
            self._wake_earliest()
        if self._sleepers:
            self._move_soon(loop)

    def _wake_earliest(self) -> None:
        wake_at, _, waking = heapq.heappop(self._sleepers)
        if not waking.done():
            self._elapsed = max(self._elapsed, wake_at)
            waking.set_result(None)
