"""Which networks this process watches: those whose lease it gets.

Every process that runs this may watch every network; leases decide. A process that dies leaves
leases that run out, or that it takes back at once when it starts again under the same name.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta

import structlog

from tocsin.chains.base import ChainClient
from tocsin.errors import ChainError, LostOwnershipError
from tocsin.model.ids import NetworkId
from tocsin.model.network import Network
from tocsin.orchestrator.lost_blocks import LostBlocks
from tocsin.orchestrator.supervisor import Backoff, keep_running, let_go, stop_tasks
from tocsin.orchestrator.watcher import Watcher, WatcherParts, poll_seconds
from tocsin.storage import bundle_requests, leases, plans
from tocsin.storage.hints import Hints
from tocsin.storage.leases import NetworkLease
from tocsin.storage.secrets import SecretBox
from tocsin.telemetry import metrics

log = structlog.get_logger()

LOOK_SECONDS = 1.0

OpenClient = Callable[[Network, tuple[str, ...]], ChainClient]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchingParts:
    """What watching many networks takes.

    Leases are held in ``holder``'s name for ``lease`` at a time. ``poll`` is the time between
    two looks at a head, None for what suits the network.
    """

    watcher: WatcherParts
    hints: Hints
    secret_box: SecretBox
    open_client: OpenClient
    holder: str
    lease: timedelta
    poll: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A network's client and how many endpoints it has."""

    client: ChainClient
    endpoint_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """A network as it is watched, and the task that does."""

    network: Network
    task: asyncio.Task[None]


class Watching:
    """Watches every network whose lease can be had."""

    def __init__(self, parts: WatchingParts) -> None:
        self._parts = parts
        self._database = parts.watcher.database
        self._clock = parts.watcher.clock
        self._renew_seconds = parts.lease.total_seconds() / 4
        self._watched: dict[NetworkId, _Watched] = {}

    async def run(self) -> None:
        """Start a watcher for each new network and stop those of networks that are gone.

        A network that was changed is watched anew, with its new endpoints.
        """
        hint = self._parts.hints.subscribe(plans.CONFIG_CHANGED)
        try:
            while True:
                await self._adopt_networks()
                await hint.wait(LOOK_SECONDS)
        finally:
            self._parts.hints.unsubscribe(plans.CONFIG_CHANGED, hint)
            await stop_tasks({each.task for each in self._watched.values()})
            self._watched.clear()

    async def _adopt_networks(self) -> None:
        async with self._database.session() as session:
            networks = await plans.list_watched_networks_for_all_tenants(session)
        wanted = {network.id: network for network in networks}
        for network_id, watched in list(self._watched.items()):
            if wanted.get(network_id) != watched.network:
                await stop_tasks({self._watched.pop(network_id).task})
        for network_id in wanted.keys() - self._watched.keys():
            network = wanted[network_id]
            task = asyncio.create_task(self._keep(network))
            self._watched[network_id] = _Watched(network=network, task=task)

    async def _keep(self, network: Network) -> None:
        opened: _Opened | None = None

        async def watch() -> None:
            nonlocal opened
            # Kept whatever else fails: it knows which endpoint lied and which asked for time.
            opened = opened or await self._open(network)
            await self._watch(network, opened)

        await keep_running(_name(network), watch, self._clock)

    async def _open(self, network: Network) -> _Opened:
        async with self._database.session() as session:
            urls = await plans.endpoint_urls_for_all_tenants(
                session, self._parts.secret_box, network.id
            )
        return _Opened(client=self._parts.open_client(network, urls), endpoint_count=len(urls))

    async def _watch(self, network: Network, opened: _Opened) -> None:
        lease = await self._wait_for_lease(network)
        log.info("network.watched", network_id=str(network.id), epoch=lease.epoch)
        try:
            if lease.chain_identity != network.chain_identity:
                raise LostOwnershipError(f"network {network.id}: another chain by now")
            parts = self._parts.watcher
            watcher = Watcher(network, opened.client, lease, parts, opened.endpoint_count)
            await watcher.load()
            lost_blocks = LostBlocks(network, opened.client, watcher.is_ours, parts)
            await _run_together(
                self._renew(lease),
                self._catch_up_for_ever(network, watcher),
                self._serve_for_ever(lost_blocks),
            )
        finally:
            await let_go(self._release(lease))

    async def _wait_for_lease(self, network: Network) -> NetworkLease:
        while True:
            async with self._database.session() as session:
                lease = await leases.acquire_network(
                    session, network.id, self._parts.holder, self._clock.now(), self._parts.lease
                )
            if lease is not None:
                return lease
            await self._clock.sleep(self._renew_seconds)

    async def _renew(self, lease: NetworkLease) -> None:
        while True:
            await self._clock.sleep(self._renew_seconds)
            async with self._database.session() as session:
                held = await leases.renew_network(
                    session, lease, self._clock.now(), self._parts.lease
                )
            if not held:
                raise LostOwnershipError(f"network {lease.network_id}: lease taken over")

    async def _release(self, lease: NetworkLease) -> None:
        async with self._database.session() as session:
            await leases.release_network(session, lease, self._clock.now())

    async def _catch_up_for_ever(self, network: Network, watcher: Watcher) -> None:
        poll = self._parts.poll
        pause = poll.total_seconds() if poll else poll_seconds(network.block_time)
        backoff = Backoff(self._clock)
        while True:
            try:
                await watcher.catch_up()
            except ChainError as error:
                # Not raised: what is known of endpoints, branch and lease is still true.
                log.warning(
                    "loop.failed", loop=_name(network), error_code=error.code, reason=str(error)
                )
                metrics.LOOP_RESTARTS.labels(loop="watcher").inc()
                await self._clock.sleep(backoff.next_pause())
            else:
                backoff = Backoff(self._clock)
                await self._clock.sleep(pause)

    async def _serve_for_ever(self, lost_blocks: LostBlocks) -> None:
        hint = self._parts.hints.subscribe(bundle_requests.REQUESTED)
        try:
            while True:
                await lost_blocks.serve()
                await hint.wait(LOOK_SECONDS)
        finally:
            self._parts.hints.unsubscribe(bundle_requests.REQUESTED, hint)


async def _run_together(*loops: Coroutine[None, None, None]) -> None:
    """Run loops that never end until one of them fails; raise what it raised."""
    tasks = {asyncio.create_task(loop) for loop in loops}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await stop_tasks(tasks)


def _name(network: Network) -> str:
    return f"watcher:{network.slug}"
