"""LISTEN: what wakes the loops early. A hint may be lost; every loop also looks by itself."""

import asyncio
from collections.abc import Sequence
from typing import LiteralString

import psycopg
from psycopg import AsyncConnection, sql

from tocsin.errors import StorageUnavailableError


class Hint:
    """One waiter's share of a channel: set whenever something it cares for is notified."""

    def __init__(self, payload: str | None) -> None:
        self.payload = payload
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the waiter, now or when it next waits."""
        self._event.set()

    def take(self) -> bool:
        """Return whether something was notified since the last wait or take."""
        was_set = self._event.is_set()
        self._event.clear()
        return was_set

    async def wait(self, timeout_seconds: float) -> None:
        """Return when something was notified since the last wait, or after that many seconds."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()


class Hints:
    """Every channel's waiters, and the one connection that listens."""

    def __init__(self, url: str, channels: Sequence[LiteralString]) -> None:
        self._url = url
        self._channels = tuple(channels)
        self._waiters: dict[str, list[Hint]] = {channel: [] for channel in channels}

    def subscribe(self, channel: str, payload: str | None = None) -> Hint:
        """Return a hint of a channel; with a payload, only of notices that carry it."""
        hint = Hint(payload)
        self._waiters[channel].append(hint)
        return hint

    def unsubscribe(self, channel: str, hint: Hint) -> None:
        """Forget a hint."""
        self._waiters[channel].remove(hint)

    async def run(self) -> None:
        """Listen until cancelled.

        Raises:
            StorageUnavailableError: the connection broke; the supervisor starts it again.
        """
        try:
            connection = await AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=5
            )
            async with connection:
                for channel in self._channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                self._wake_all()  # whatever was notified before we listened
                async for notice in connection.notifies():
                    for hint in self._waiters[notice.channel]:
                        if hint.payload is None or hint.payload == notice.payload:
                            hint.set()
        except psycopg.OperationalError as cause:
            raise StorageUnavailableError(f"listening broke off: {cause}") from cause

    def _wake_all(self) -> None:
        for hints in self._waiters.values():
            for hint in hints:
                hint.set()
