"""The block feed: one stream per network, an entry per row of its chain log.

Entry ids begin with the row's number, so a worker finds what it needs by its cursor. All of it
may vanish at any moment: the chain log says which blocks there are, and a lost one is asked for
again through PostgreSQL.
"""

from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from tocsin.errors import CacheUnavailableError
from tocsin.model.ids import NetworkId


class BlockFeed:
    """Streams of packed bundles. ``most_blocks`` bounds each."""

    def __init__(self, client: Redis, most_blocks: int) -> None:
        self._client = client
        self._most_blocks = most_blocks

    async def publish(
        self, network_id: NetworkId, seq: int, block_hash: str, payload: bytes, micros: int
    ) -> None:
        """Offer a bundle as row ``seq``; ``micros`` tells several tries at one row apart.

        Raises:
            CacheUnavailableError: Valkey does not answer.
        """
        key = _key(network_id)
        entry: dict[str | bytes, str | bytes] = {"hash": block_hash, "bundle": payload}
        try:
            try:
                await self._add(key, f"{seq}-{micros}", entry)
            except ResponseError:
                # The stream is ahead of the log: PostgreSQL was restored, or the clock went
                # back. What it holds is of no use to anybody.
                await self._client.delete(key)
                await self._add(key, f"{seq}-{micros}", entry)
        except RedisError as cause:
            raise CacheUnavailableError(f"publishing to the feed: {cause}") from cause

    async def _add(self, key: str, entry_id: str, entry: dict[str | bytes, str | bytes]) -> None:
        await self._client.xadd(
            key,
            cast(
                "dict[bytes | bytearray | memoryview[int] | str | int | float, "
                "bytes | bytearray | memoryview[int] | str | int | float]",
                entry,
            ),
            id=entry_id,
            maxlen=self._most_blocks,
        )

    async def find(
        self, network_id: NetworkId, first_seq: int, last_seq: int
    ) -> dict[tuple[int, str], bytes]:
        """Return the bundles of those rows that are still there, by row and block hash.

        Raises:
            CacheUnavailableError: Valkey does not answer.
        """
        try:
            entries = await self._client.xrange(
                _key(network_id), min=f"{first_seq}", max=f"{last_seq}"
            )
        except RedisError as cause:
            raise CacheUnavailableError(f"reading the feed: {cause}") from cause
        found = {}
        for entry_id, fields in cast("list[tuple[bytes, dict[bytes, bytes]]]", entries):
            seq = int(entry_id.split(b"-")[0])
            found[seq, fields[b"hash"].decode()] = fields[b"bundle"]
        return found

    async def ping(self) -> None:
        """Return if Valkey answers.

        Raises:
            CacheUnavailableError: it does not.
        """
        try:
            await self._client.ping()
        except RedisError as cause:
            raise CacheUnavailableError(f"ping: {cause}") from cause


def _key(network_id: NetworkId) -> str:
    return f"tocsin:feed:{network_id}"


def open_cache(url: str) -> Redis:
    """Return a client of a Valkey or Redis URL (``redis://``, ``rediss://``, ``unix://``).

    It connects when first used and again after every loss; a call that cannot be answered in
    two seconds fails, since nothing in the cache is worth waiting for.
    """
    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
