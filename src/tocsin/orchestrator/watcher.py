"""The watcher: chain to chain log, one per network, shared by all tenants on it.

At a crash nothing is lost: a block is in the log or it is not, and the next watcher goes on
from the log. A block published to the feed and not logged is published again.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from tocsin.cache.feed import BlockFeed
from tocsin.chains.base import ChainClient
from tocsin.clock import Clock
from tocsin.errors import (
    BlockNotFoundError,
    CacheUnavailableError,
    MalformedBlockError,
    ReorgTooDeepError,
)
from tocsin.model.block import BlockRef, Bundle, LogAction, LogStep
from tocsin.model.network import Network
from tocsin.orchestrator.bundles import pack_bundle
from tocsin.orchestrator.reorg import Branch, head_left_branch, head_precedes_branch
from tocsin.storage import chain_log
from tocsin.storage.leases import NetworkLease
from tocsin.storage.pool import Database
from tocsin.telemetry import metrics

log = structlog.get_logger()

# Deep enough for every reorganisation seen on a live network; beyond it we stop loudly.
BRANCH_BLOCKS = 2_048
# How far a chain's clock may run before ours.
MOST_AHEAD = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherParts:
    """What every watcher works with."""

    database: Database
    feed: BlockFeed
    clock: Clock


class Watcher:
    """Follows one network under one lease.

    ``endpoint_count`` is how many endpoints the client has. A block that cannot be ours makes the
    client prefer another of them, so that trying again asks somebody else.
    """

    def __init__(
        self,
        network: Network,
        client: ChainClient,
        lease: NetworkLease,
        parts: WatcherParts,
        endpoint_count: int = 1,
    ) -> None:
        self._network = network
        self._client = client
        self._lease = lease
        self._parts = parts
        self._branch = Branch((), most_blocks=BRANCH_BLOCKS)
        self._seq = 0
        self._endpoint_count = endpoint_count
        self._contradiction_count = 0  # since a block last continued ours
        self._label = network_label(network)

    async def load(self) -> None:
        """Take up the log where the watcher before us left it."""
        async with self._parts.database.session() as session:
            rows = await chain_log.list_newest(session, self._network.id, 2 * BRANCH_BLOCKS)
        self._branch = Branch(rows, most_blocks=BRANCH_BLOCKS)
        self._seq = rows[-1].seq if rows else 0

    async def catch_up(self) -> int:
        """Append every block up to the head, on whatever branch the chain is; return how many.

        Raises:
            RpcUnavailableError, WrongChainError, MalformedBlockError, BlockNotFoundError: no
                endpoint gave what is needed; nothing wrong was appended.
            LostOwnershipError: another watcher has the lease.
            ReorgTooDeepError: the chain left everything we remember.
        """
        head = await self._client.head()
        self._require_known_heights(head)
        appended = 0
        if head_left_branch(self._branch, head):
            await self._leave_branch(head)
        next_number = self._branch.next_number
        if next_number is None:
            next_number = self._first_number(head)
        self._note_progress(head)
        while next_number <= head.number:
            bundle = await self._bundle_at(next_number)
            if self._continues(bundle.ref):
                await self._append_bundle(bundle)
                appended += 1
            else:
                await self._leave_branch(head)
            next_number = self._branch.next_number or next_number
            self._note_progress(head)
        self._contradiction_count = 0
        return appended

    async def _bundle_at(self, number: int) -> Bundle:
        try:
            return await self._client.bundle_at(number)
        except BlockNotFoundError:
            self._client.distrust()  # the head is not below it, so somebody has it
            raise

    def is_ours(self, block_hash: str, number: int) -> bool:
        """Return whether the block of that hash and height is on the branch we follow."""
        return self._branch.hash_at(number) == block_hash

    def _require_known_heights(self, head: BlockRef) -> None:
        if head_precedes_branch(self._branch, head):
            self._client.distrust()
            raise BlockNotFoundError(
                f"{self._network.slug}: the node's head, block {head.number}, is older than the "
                "oldest block we know: the node has lost its chain, or serves another one"
            )

    def _note_progress(self, head: BlockRef) -> None:
        tip = self._branch.tip
        ours = tip.number if tip else head.number
        metrics.HEAD_NUMBER.labels(network=self._label).set(ours)
        metrics.WATCHER_LAG.labels(network=self._label).set(max(head.number - ours, 0))

    def _first_number(self, head: BlockRef) -> int:
        start = self._network.start_number
        return head.number if start is None else start

    def _continues(self, ref: BlockRef) -> bool:
        tip = self._branch.tip
        return tip is None or ref.parent_hash == tip.hash

    async def _append_bundle(self, bundle: Bundle) -> None:
        # Tables are partitioned by block time: a time that cannot be must not choose the table.
        if bundle.ref.block_time > self._parts.clock.now() + MOST_AHEAD:
            raise self._disbelieved(f"block {bundle.ref.number} is from the future")
        await self._publish(bundle)
        # After the feed: a worker that sees the row finds its bundle.
        await self._append([LogStep(action=LogAction.APPLY, ref=bundle.ref)])
        self._contradiction_count = 0
        metrics.BLOCKS_APPENDED.labels(network=self._label).inc()

    async def _publish(self, bundle: Bundle) -> None:
        micros = int(self._parts.clock.now().timestamp() * 1_000_000)
        try:
            await self._parts.feed.publish(
                self._network.id, self._seq + 1, bundle.ref.hash, pack_bundle(bundle), micros
            )
        except CacheUnavailableError as error:
            # Workers will ask for the block through PostgreSQL.
            log.warning(
                "block.not_published", network_id=str(self._network.id), error_code=error.code
            )

    async def _append(self, steps: list[LogStep]) -> None:
        now = self._parts.clock.now()
        async with self._parts.database.session() as session:
            await chain_log.append(session, self._lease, self._seq, steps, now)
        self._seq += len(steps)
        for step in steps:
            self._branch.follow(step.action, step.ref, late=step.late)

    async def _leave_branch(self, head: BlockRef) -> None:
        """Revert down to the newest block that is still on the chain."""
        tip = self._branch.tip
        if tip is None:
            raise self._disbelieved(f"block {head.number} does not continue ours")
        if not self._client.can_fork:
            self._require_agreement(tip, head)
        ancestor = await self._common_number(min(tip.number, head.number))
        steps = self._branch.reverts_above(ancestor)
        if not steps:
            raise self._disbelieved(f"a node contradicts itself about block {tip.number}")
        await self._append(steps)
        metrics.REORGANISATIONS.labels(network=self._label).inc()
        log.info(
            "branch.left",
            network_id=str(self._network.id),
            block_number=ancestor,
            reverted_count=len(steps),
        )
        if self._branch.tip is None:
            # A short log may only have met a deep fork; otherwise somebody has to look at the node.
            log.warning("chain.replaced", network_id=str(self._network.id), block_number=ancestor)

    def _require_agreement(self, tip: BlockRef, head: BlockRef) -> None:
        """Return once every endpoint was asked, and one of them twice, and none continued ours.

        Final blocks do not change, so either those endpoints are wrong or our tip was a lie that
        one of them told; as long as any bears our tip out, the tip stays.
        """
        self._contradiction_count += 1
        if self._contradiction_count <= self._endpoint_count:
            raise self._disbelieved(f"block {head.number} does not continue ours")
        self._contradiction_count = 0
        log.error(
            "chain.final_block_disowned",
            network_id=str(self._network.id),
            block_number=tip.number,
            error_code=MalformedBlockError.code,
        )

    def _disbelieved(self, reason: str) -> MalformedBlockError:
        self._client.distrust()
        return MalformedBlockError(f"{self._network.slug}: {reason}")

    async def _common_number(self, highest: int) -> int:
        oldest = self._branch.oldest_number or 0
        for number in range(highest, oldest - 1, -1):
            theirs = await self._client.ref_at(number)
            if theirs.hash == self._branch.hash_at(number):
                return number
        if self._branch.is_whole:
            return oldest - 1
        self._client.distrust()
        raise ReorgTooDeepError(
            f"{self._network.slug}: forked below block {oldest}, the oldest remembered"
        )


def poll_seconds(block_time: timedelta) -> float:
    """Return how long to wait between looks at the head: a fifth of the block time.

    At least 0.1 s, so that fast chains are not hammered, and at most 3 s.
    """
    return min(max(block_time.total_seconds() / 5, 0.1), 3.0)


def network_label(network: Network) -> str:
    """Return the network's label in metrics."""
    return metrics.network_label(network.slug, private=network.tenant_id is not None)
