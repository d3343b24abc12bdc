"""Requests → at most so many at once, per far side and in all; the others wait their turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tocsin.errors import ChannelUnavailableError


@dataclass(slots=True, kw_only=True)
class _FarSide:
    """The turns of one far side; ``count`` are those who have one or wait for it."""

    turns: asyncio.Semaphore
    count: int = 0


class Turns:
    """Gives turns in the order in which they were asked for. Belongs to one event loop."""

    def __init__(self, *, most: int, most_per_host: int) -> None:
        self._all = asyncio.Semaphore(most)
        self._most_per_host = most_per_host
        self._far_sides: dict[tuple[str, int], _FarSide] = {}

    @asynccontextmanager
    async def take(self, host: str, port: int, patience_seconds: float) -> AsyncIterator[None]:
        """Wait for a turn, and keep it for the block.

        Raises:
            ChannelUnavailableError: there was none in time.
        """
        far_side = self._far_sides.setdefault(
            (host, port), _FarSide(turns=asyncio.Semaphore(self._most_per_host))
        )
        far_side.count += 1
        try:
            await self._wait(host, far_side, patience_seconds)
            try:
                yield
            finally:
                self._all.release()
                far_side.turns.release()
        finally:
            far_side.count -= 1
            if far_side.count == 0:
                del self._far_sides[host, port]

    async def _wait(self, host: str, far_side: _FarSide, patience_seconds: float) -> None:
        try:
            async with asyncio.timeout(patience_seconds):
                # First the far side's own, so that those who wait for it hold up nobody else.
                await far_side.turns.acquire()
                try:
                    await self._all.acquire()
                except asyncio.CancelledError:
                    far_side.turns.release()
                    raise
        except TimeoutError as cause:
            raise ChannelUnavailableError(
                f"{host}: too many requests of ours were on their way for {patience_seconds:g} s"
            ) from cause
