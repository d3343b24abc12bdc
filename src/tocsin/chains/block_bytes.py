"""How many bytes of answers one block may cost us, and where large ones are checked."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from tocsin.errors import MalformedBlockError
from tocsin.model.network import Network

MOST_BYTES = 96 << 20
"""Of all answers that make one block; several times what the largest live chains need."""

MOST_PRIVATE_BYTES = 32 << 20
"""The same for a tenant's own network, whose nodes only that tenant vouches for."""

ASIDE_BYTES = 1 << 20
"""From here on a check takes so long that the event loop must not wait for it."""

_T = TypeVar("_T")


class ByteBudget:
    """Adds up the answers of one block, however many calls it takes to get them."""

    def __init__(self, network: Network) -> None:
        self._most = MOST_BYTES if network.tenant_id is None else MOST_PRIVATE_BYTES
        self._taken = 0

    def take(self, *answers: bytes) -> None:
        """Count answers.

        Raises:
            MalformedBlockError: the block has cost too much by now.
        """
        self._taken += sum(map(len, answers))
        if self._taken > self._most:
            raise MalformedBlockError(f"the block's answers have more than {self._most} bytes")


async def check_aside(check: Callable[[], _T], size_bytes: int) -> _T:
    """Return what a check of that many bytes gives; a long one holds up nobody else."""
    if size_bytes < ASIDE_BYTES:
        return check()
    return await asyncio.to_thread(check)
