"""Fetches the blocks that workers miss, each once for all of them.

Apart from following the head: a lost block that no node gives must not slow the head down, and
an ill head must not keep lost blocks from workers. Nothing is lost at a crash: a request is a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from tocsin.chains.base import ChainClient
from tocsin.errors import BlockNotFoundError, ChainError
from tocsin.model.network import Network
from tocsin.orchestrator.bundles import pack_bundle
from tocsin.orchestrator.supervisor import Backoff
from tocsin.orchestrator.watcher import WatcherParts
from tocsin.storage import bundle_requests

log = structlog.get_logger()

REQUESTS_AT_ONCE = 16
REQUEST_AGE = timedelta(minutes=10)

IsOurs = Callable[[str, int], bool]
"""Whether the block of that hash and height is on the branch we follow."""


@dataclass(slots=True, kw_only=True)
class _Rest:
    """A request that failed; ``until`` is in the clock's monotonic seconds."""

    backoff: Backoff
    until: float


class LostBlocks:
    """Serves the requests for one network's blocks. A request that fails rests by itself."""

    def __init__(
        self, network: Network, client: ChainClient, is_ours: IsOurs, parts: WatcherParts
    ) -> None:
        self._network = network
        self._client = client
        self._is_ours = is_ours
        self._parts = parts
        self._resting: dict[str, _Rest] = {}

    async def serve(self) -> int:
        """Answer what is asked for and does not rest; return how many requests were tried.

        Those that never failed come first. What no node gives now stays asked for.

        Raises:
            StorageUnavailableError: PostgreSQL does not answer.
        """
        due = await self._list_due()
        for block_hash, number in due:
            try:
                await self._serve(block_hash, number)
            except ChainError as error:
                self._rest(block_hash)
                log.warning(
                    "block.not_served",
                    network_id=str(self._network.id),
                    block_number=number,
                    error_code=error.code,
                    reason=str(error),
                )
            else:
                self._resting.pop(block_hash, None)
        return len(due)

    async def _list_due(self) -> list[tuple[str, int]]:
        now = self._parts.clock.now()
        # Those at rest are listed as well, so that they cannot hide the others.
        most = REQUESTS_AT_ONCE + len(self._resting)
        async with self._parts.database.session() as session:
            await bundle_requests.forget_old_requests(session, self._network.id, now, REQUEST_AGE)
            asked = await bundle_requests.list_unserved(session, self._network.id, most)
        wanted = {block_hash for block_hash, _ in asked}
        self._resting = {each: rest for each, rest in self._resting.items() if each in wanted}
        due = [each for each in asked if self._is_rested(each[0])]
        return sorted(due, key=lambda each: each[0] in self._resting)

    def _is_rested(self, block_hash: str) -> bool:
        rest = self._resting.get(block_hash)
        return rest is None or rest.until <= self._parts.clock.monotonic()

    def _rest(self, block_hash: str) -> None:
        clock = self._parts.clock
        rest = self._resting.setdefault(block_hash, _Rest(backoff=Backoff(clock), until=0.0))
        rest.until = clock.monotonic() + rest.backoff.next_pause()

    async def _serve(self, block_hash: str, number: int) -> None:
        payload: bytes | None = None
        try:
            payload = pack_bundle(await self._client.bundle_of(block_hash, number))
        except BlockNotFoundError:
            if self._is_ours(block_hash, number):
                self._client.distrust()  # some endpoint will have it
                raise
        async with self._parts.database.session() as session:
            await bundle_requests.serve_bundle(
                session, self._network.id, block_hash, payload, self._parts.clock.now()
            )
