"""A host's name → its addresses, from the system's resolver, without waiting in each other's way.

The system's resolver holds a thread until the last name server has not answered, which whoever
owns a name can make last half a minute. So names are looked up in threads that serve nothing
else, each name in one at most, however many ask for it and whenever they stop waiting.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tocsin.clock import Clock

FAILURE_SECONDS = 5.0
"""For how long a name that did not resolve is not looked up again."""

_THREADS = 32
_MOST_LOOKUPS = 512
_MOST_FAILURES = 4_096

Lookup = Callable[[str], Sequence[str]]
"""A host name → all of its addresses as text; blocks, and raises OSError where it has none."""


def look_up(host: str) -> Sequence[str]:
    """Return every address the system's resolver knows for a name.

    Raises:
        OSError: there is none, or nobody answered.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in found]


class NameResolver:
    """An ``egress.Resolver`` with threads of its own. Belongs to one event loop; close it.

    Those whose slowness must not touch one another have one each.
    """

    def __init__(
        self, purpose: str, clock: Clock, *, lookup: Lookup = look_up, threads: int = _THREADS
    ) -> None:
        self._clock = clock
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"names-{purpose}")
        self._lookups: dict[str, asyncio.Future[Sequence[str]]] = {}
        self._failed_until: dict[str, float] = {}

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        """Return all addresses of a name.

        Raises:
            OSError: it has none, nobody answered, or too many names are being looked up.
        """
        if self._failed_until.get(host, 0.0) > self._clock.monotonic():
            raise OSError("the name did not resolve a moment ago")
        # Shielded: one that stops waiting must not stop it for the others.
        return await asyncio.shield(self._lookups.get(host) or self._begin(host))

    def close(self) -> None:
        """Begin no more lookups, and wait for none; those that run end by themselves."""
        for lookup in self._lookups.values():
            lookup.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, host: str) -> asyncio.Future[Sequence[str]]:
        if len(self._lookups) >= _MOST_LOOKUPS:
            raise OSError("too many names are being looked up")
        loop = asyncio.get_running_loop()
        lookup = loop.run_in_executor(self._threads, self._lookup, host)
        self._lookups[host] = lookup
        lookup.add_done_callback(partial(self._end, host))
        return lookup

    def _end(self, host: str, lookup: asyncio.Future[Sequence[str]]) -> None:
        del self._lookups[host]
        self._failed_until.pop(host, None)
        if not lookup.cancelled() and lookup.exception() is not None:
            while len(self._failed_until) >= _MOST_FAILURES:
                del self._failed_until[next(iter(self._failed_until))]
            self._failed_until[host] = self._clock.monotonic() + FAILURE_SECONDS
