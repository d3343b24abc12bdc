"""The watchers as a process runs them: what endpoints did is remembered, failures stay small."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from tests.support.installation import (
    OPERATOR,
    Installation,
    a_monitor,
    a_network,
    a_stellar_network,
    open_installation,
)
from tests.support.platform import wait_until
from tocsin.bootstrap import build_watching, build_workbench
from tocsin.clock import SystemClock
from tocsin.control import monitors, networks, tenants
from tocsin.control.access import Actor
from tocsin.control.monitors import MonitorChange
from tocsin.devnet.config import DEFAULT_NETWORK_NAME, DevnetConfig, NetworkOptions, StellarOptions
from tocsin.devnet.evm.chain import EvmOptions
from tocsin.devnet.faults import Faults, Occasion, Refusal
from tocsin.devnet.node import SimulatedNode
from tocsin.devnet.server import Devnet
from tocsin.model.block import BlockRef, LogAction, LogStep
from tocsin.model.page import PageRequest
from tocsin.storage import bundle_requests, chain_log, leases, plans
from tocsin.storage.migrate import DatabaseUrls

SECONDS = 10.0  # far more than any of this takes
YEAR_2100 = 4_102_444_800
LEASE = timedelta(minutes=5)


class LeapingClock(SystemClock):
    """The machine's clock, that can be moved forward."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    @override
    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_seconds


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An installation whose watchers the test starts, and the nodes it may reach."""

    it: Installation
    nodes: dict[str, SimulatedNode]
    urls: dict[str, str]

    async def add_network(self, slug: str, *nodes: str, **more: Any) -> None:
        """Add a platform network on the endpoints of those nodes, in their order."""
        await self.it.add_network(slug, "", rpc_urls=self.endpoints(*nodes), **more)

    def endpoints(self, *nodes: str) -> list[dict[str, object]]:
        return [
            {"type_": "rpc", "url": {"type": "plain", "value": self.urls[node]}, "weight": weight}
            for weight, node in zip(range(100, 0, -1), nodes, strict=False)
        ]

    async def logged(self) -> list[tuple[str, int]]:
        rows = await self.it.rows("SELECT action, number FROM chain_log ORDER BY seq")
        return [(row["action"], row["number"]) for row in rows]

    async def wait_for_log(self, *expected: tuple[str, int]) -> None:
        """Return once the chain log is this; the failure shows what it is instead."""

        async def is_logged() -> bool:
            return await self.logged() == list(expected)

        try:
            await wait_until(is_logged, seconds=SECONDS)
        except TimeoutError:
            assert await self.logged() == list(expected)


@asynccontextmanager
async def a_scene(
    urls: DatabaseUrls, valkey_url: str, *configs: DevnetConfig
) -> AsyncIterator[Scene]:
    """Yield a scene; the second devnet's nodes are called evm2 and so on."""
    devnets = [Devnet(config, SystemClock()) for config in configs]
    for devnet in devnets:
        await devnet.start()
    allowed = [devnet.url.removeprefix("http://") for devnet in devnets]
    async with open_installation(urls, valkey_url, *allowed) as it:
        named = [
            (f"{slug}{place if place > 1 else ''}", devnet.node(slug), url)
            for place, devnet in enumerate(devnets, start=1)
            for slug, url in devnet.urls().items()
        ]
        nodes = {name: node for name, node, _ in named}
        endpoints = {name: url for name, _, url in named}
        yield Scene(it=it, nodes=nodes, urls=endpoints)
    for devnet in devnets:
        await devnet.stop()


@asynccontextmanager
async def watching(it: Installation, clock: SystemClock | None = None) -> AsyncIterator[None]:
    """Run the watchers of every network, as ``tocsin watch`` does."""
    system, hints = it.system, it.system.hints
    assert hints is not None
    if clock is not None:
        system = replace(system, clock=clock)
    loops = build_watching(system, it.loops, hints)
    tasks = [asyncio.create_task(hints.run()), asyncio.create_task(loops.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)


def a_devnet(*networks: NetworkOptions, seed: int = 1) -> DevnetConfig:
    return DevnetConfig(port=0, paused=True, networks=networks, seed=seed)


@pytest.fixture
async def scene(database_urls: DatabaseUrls, valkey_url: str) -> AsyncIterator[Scene]:
    """Give two nodes of one EVM chain, two of one Stellar network, and one each that differs."""
    alike = a_devnet(EvmOptions(), StellarOptions())
    other = a_devnet(EvmOptions(genesis_time=YEAR_2100), StellarOptions(), seed=2)
    async with a_scene(database_urls, valkey_url, alike, alike, other) as scene:
        yield scene


def applied(*numbers: int) -> list[tuple[str, int]]:
    return [("apply", number) for number in numbers]


async def test_the_second_endpoint_gives_the_block_that_the_first_lies_about(
    scene: Scene,
) -> None:
    for slug in ("evm", "evm2"):
        scene.nodes[slug].produce(3)
    scene.nodes["evm"].set_faults(Faults(drop_log=Occasion()))
    await scene.add_network("chain", "evm", "evm2", start_number=0)
    async with watching(scene.it):
        await scene.wait_for_log(*applied(0, 1, 2, 3))
    assert scene.nodes["evm"].counts().calls["eth_getBlockReceipts"] == 1


async def test_an_endpoint_that_asks_for_time_gets_it_however_often_we_look(
    scene: Scene,
) -> None:
    node = scene.nodes["evm"]
    node.set_faults(Faults(refuse=Refusal(status=429, retry_after_seconds=600)))
    await scene.add_network("chain", "evm")
    with capture_logs() as logs:

        async def has_failed_often() -> bool:
            return [each["event"] for each in logs].count("loop.failed") >= 3

        async with watching(scene.it):
            await wait_until(has_failed_often, seconds=SECONDS)
    assert node.counts().http_requests == 1


async def ask_for_blocks(scene: Scene, *blocks: tuple[str, int]) -> None:
    """Ask for blocks of the only network, one after the other."""
    now = scene.it.system.clock.now()
    async with scene.it.loops.session() as session:
        (network,) = await plans.list_networks_for_all_tenants(session)
        for place, (block_hash, number) in enumerate(blocks):
            asked_at = now + timedelta(milliseconds=place)
            ref = BlockRef(number=number, hash=block_hash, parent_hash="", block_time=now)
            await bundle_requests.request_bundles(session, network.id, [ref], asked_at)


async def wait_for_bundle(scene: Scene, block_hash: str) -> None:
    async def is_served() -> bool:
        rows = await scene.it.rows(
            "SELECT 1 FROM bundle_requests WHERE hash = %(hash)s AND payload IS NOT NULL",
            hash=block_hash,
        )
        return bool(rows)

    await wait_until(is_served, seconds=SECONDS)


def hash_of(scene: Scene, number: int) -> str:
    return next(each.hash for each in scene.nodes["evm"].network.facts() if each.number == number)


@pytest.mark.parametrize("kind", ["refused", "malformed"])
async def test_a_lost_block_that_cannot_be_had_delays_neither_the_head_nor_other_lost_blocks(
    scene: Scene, kind: str
) -> None:
    node = scene.nodes["evm"]
    node.produce(4)
    await scene.add_network("chain", "evm", start_number=0)
    bad = ("not a hash", 1) if kind == "refused" else (hash_of(scene, 2), 3)
    with capture_logs() as logs:
        async with watching(scene.it):
            await scene.wait_for_log(*applied(0, 1, 2, 3, 4))
            await ask_for_blocks(scene, bad, (hash_of(scene, 1), 1))
            await wait_for_bundle(scene, hash_of(scene, 1))
            node.produce(2)
            await scene.wait_for_log(*applied(0, 1, 2, 3, 4, 5, 6))
    assert {each["event"] for each in logs if each["log_level"] != "info"} >= {"block.not_served"}
    assert not [each for each in logs if each["event"] == "loop.failed"]


async def test_lost_blocks_are_served_while_the_head_is_ill(scene: Scene) -> None:
    node = scene.nodes["evm"]
    node.produce(2)
    await scene.add_network("chain", "evm", start_number=0)
    async with watching(scene.it):
        await scene.wait_for_log(*applied(0, 1, 2))
        node.set_faults(Faults(truncate=Occasion(methods=("eth_getBlockByNumber",))))
        node.produce(1)
        await ask_for_blocks(scene, (hash_of(scene, 1), 1))
        await wait_for_bundle(scene, hash_of(scene, 1))
        assert await scene.logged() == applied(0, 1, 2)


async def forge_tip(scene: Scene, number: int) -> None:
    """Append a ledger that no node has, which continues ours."""
    it = scene.it
    now = it.system.clock.now()
    async with it.loops.session() as session:
        (network,) = await plans.list_networks_for_all_tenants(session)
        lease = await leases.acquire_network(session, network.id, "test", now, LEASE)
        assert lease is not None
        tip = (await chain_log.list_newest(session, network.id, 1))[0]
        ref = BlockRef(
            number=number, hash="f" * 64, parent_hash=tip.ref.hash, block_time=tip.ref.block_time
        )
        step = LogStep(action=LogAction.APPLY, ref=ref)
        await chain_log.append(session, lease, tip.seq, [step], now)


@pytest.mark.parametrize("nodes", [("stellar",), ("stellar", "stellar2")])
async def test_a_forged_final_block_is_reverted_once_every_endpoint_disowns_it(
    scene: Scene, nodes: tuple[str, ...]
) -> None:
    for node in nodes:
        scene.nodes[node].produce(2)
    more = a_stellar_network(DEFAULT_NETWORK_NAME)
    await scene.add_network("chain", *nodes, start_number=2, **more)
    async with watching(scene.it):
        await scene.wait_for_log(*applied(2, 3))
    await forge_tip(scene, 4)
    for node in nodes:
        scene.nodes[node].produce(2)
    with capture_logs() as logs:
        async with watching(scene.it):
            await scene.wait_for_log(*applied(2, 3, 4), ("revert", 4), *applied(4, 5))
    (said,) = (each for each in logs if each["event"] == "chain.final_block_disowned")
    assert said["log_level"] == "error"


async def test_a_final_block_stays_while_another_endpoint_bears_it_out(scene: Scene) -> None:
    clock = LeapingClock()
    strange, true = scene.nodes["stellar3"], scene.nodes["stellar"]
    strange.produce(6)
    true.produce(2)
    strange.set_faults(Faults(refuse=Refusal(status=503)))
    more = a_stellar_network(DEFAULT_NETWORK_NAME)
    await scene.add_network("chain", "stellar3", "stellar", start_number=2, **more)
    async with watching(scene.it, clock):
        await scene.wait_for_log(*applied(2, 3))
        strange.set_faults(Faults())
        for number in (4, 5, 6):
            asked = strange.counts().calls.get("getLatestLedger", 0)
            clock.ahead_seconds += 31  # the first endpoint is preferred again

            async def was_asked(before: int = asked) -> bool:
                return strange.counts().calls.get("getLatestLedger", 0) > before

            await wait_until(was_asked, seconds=SECONDS)
            true.produce(1)
            await scene.wait_for_log(*applied(*range(2, number + 1)))


async def test_an_endpoint_whose_blocks_are_from_the_future_is_left_for_another(
    scene: Scene,
) -> None:
    scene.nodes["evm"].produce(2)
    await scene.add_network("chain", "evm3", "evm", start_number=0)
    async with watching(scene.it):
        await scene.wait_for_log(*applied(0, 1, 2))


async def test_an_endpoint_that_lost_its_chain_is_left_for_another(scene: Scene) -> None:
    for slug in ("evm", "evm2"):
        scene.nodes[slug].produce(6)
    await scene.add_network("chain", "evm", "evm2")
    async with watching(scene.it):
        await scene.wait_for_log(*applied(6))
        scene.nodes["evm"].set_faults(Faults(lag_blocks=5))
        scene.nodes["evm2"].produce(2)
        await scene.wait_for_log(*applied(6, 7, 8))


async def add_private(scene: Scene, owner: Actor, slug: str, node: str) -> None:
    body = a_network(slug, "", rpc_urls=scene.endpoints(node))
    async with scene.it.api.session(owner.scope) as session:
        await networks.enable_network(session, owner, build_workbench(scene.it.system), body)


async def pause_monitor(scene: Scene, owner: Actor, *, paused: bool) -> None:
    async with scene.it.api.session(owner.scope) as session:
        page = await monitors.list_monitors(session, owner, PageRequest(limit=1))
        change = MonitorChange(monitor_id=page.items[0].id, expected_version=None)
        await monitors.set_paused(session, owner, change, paused=paused)


async def set_status(scene: Scene, status: str) -> None:
    async with scene.it.api.session(operator=True) as session:
        tenant = await tenants.require_tenant(session, OPERATOR, "acme")
        change = tenants.TenantChange(status=status, expected_version=None)
        await tenants.set_tenant_status(session, OPERATOR, tenant, change)


async def wait_for_watchers(scene: Scene, *slugs: str) -> None:
    """Return once exactly those networks' leases are held."""

    async def are_held() -> bool:
        rows = await scene.it.rows(
            """SELECT n.slug FROM network_leases l JOIN networks n ON n.id = l.network_id
               WHERE l.expires_at > %(now)s""",
            now=scene.it.system.clock.now(),
        )
        return {row["slug"] for row in rows} == set(slugs)

    await wait_until(are_held, seconds=SECONDS)


async def replace_network(scene: Scene, slug: str, *nodes: str, **more: Any) -> None:
    body = a_network(slug, "", **({"rpc_urls": scene.endpoints(*nodes)} | more))
    change = networks.NetworkChange(slug=slug, raw=body, expected_version=None)
    async with scene.it.api.session(operator=True) as session:
        workbench = build_workbench(scene.it.system)
        await networks.replace_network(session, OPERATOR, workbench, change)


async def test_a_corrected_network_is_watched_with_its_new_endpoints(scene: Scene) -> None:
    scene.nodes["stellar"].produce(3)
    scene.nodes["evm"].produce(2)
    await scene.add_network("chain", "stellar", start_number=0, chain_id=7)
    with capture_logs() as logs:

        async def has_failed() -> bool:
            return "loop.failed" in [each["event"] for each in logs]

        async with watching(scene.it):
            await wait_until(has_failed, seconds=SECONDS)
            await replace_network(scene, "chain", "evm", start_number=0)
            await scene.wait_for_log(*applied(0, 1, 2))


async def test_a_deleted_network_is_watched_no_longer(scene: Scene) -> None:
    scene.nodes["evm"].produce(1)
    await scene.add_network("chain", "evm", start_number=0)
    async with watching(scene.it):
        await scene.wait_for_log(*applied(0, 1))
        async with scene.it.api.session(operator=True) as session:
            await networks.delete_network(session, OPERATOR, "chain", None)
        await wait_for_watchers(scene)
        scene.nodes["evm"].produce(1)
    assert await scene.logged() == applied(0, 1)


async def test_a_private_network_is_watched_only_while_somebody_needs_it(scene: Scene) -> None:
    await scene.add_network("shared", "evm2")
    owner = await scene.it.add_tenant("acme")
    await add_private(scene, owner, "own", "evm")
    async with watching(scene.it):
        await wait_for_watchers(scene, "shared")
        assert scene.nodes["evm"].counts().http_requests == 0
        conditions = {"functions": [], "events": [], "transactions": [{"status": "Any"}]}
        await scene.it.add_monitor(
            owner,
            a_monitor(
                "all", "own", addresses=[{"address": "0x" + "11" * 20}], match_conditions=conditions
            ),
        )
        await wait_for_watchers(scene, "shared", "own")
        await pause_monitor(scene, owner, paused=True)
        await wait_for_watchers(scene, "shared")
        await pause_monitor(scene, owner, paused=False)
        await wait_for_watchers(scene, "shared", "own")
        await set_status(scene, "suspended")
        await wait_for_watchers(scene, "shared")
