"""Two tenants with several monitors each on both families, watched by a real `tocsin up`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Generic, TypeVar

import aiohttp
from aiohttp import web

from tests.support.devnet_process import NETWORKS, DevnetProcess, run_devnet_process
from tests.support.expectations import big_transfers, failed_transfers, swaps, transfers_by_event
from tests.support.installation import a_network, a_stellar_network
from tests.support.platform import Installed, Platform, wait_until
from tests.support.receiver import Receiver, Reply
from tests.support.verdict import (
    Told,
    Watch,
    expected_count,
    judge_by_oracle,
    require_alerts,
    require_deliveries,
    require_matches,
    require_retractions,
)
from tocsin.devnet.config import DEFAULT_NETWORK_NAME
from tocsin.devnet.oracle import Expected

BLOCK_SECONDS = 0.25
FORK_DEPTH = 2
TENANTS = {"acme": 0, "globex": 10**6}  # with the least amount each cares for
LOGGED_SECONDS = 60.0
# The least allowed: what a kill meets on its way is sent again only this much later.
LEASE_DURATION = "30s"


PlatformT = TypeVar("PlatformT", bound=Installed)


@dataclass(kw_only=True)
class Scenario(Generic[PlatformT]):
    """A devnet that produces, a platform that watches it, a receiver that hears of it."""

    devnet: DevnetProcess
    platform: PlatformT
    receiver: Receiver
    watches: list[Watch]
    keys: dict[str, str]

    async def configure(self) -> None:
        """Make networks, tenants, triggers and monitors through the API."""
        rest, operator = self.platform.rest, self.platform.operator
        for body in _networks(self.devnet):
            await rest.post("/networks", operator, body)
        for slug, least in TENANTS.items():
            created = await rest.post("/tenants", operator, {"slug": slug, "name": slug})
            self.keys[slug] = created["api_key"]["key"]
            await self._configure_tenant(slug, least)
        await self.wait_for_log()  # from here on no block may be missed

    async def _configure_tenant(self, slug: str, least: int) -> None:
        rest, key, tenant = self.platform.rest, self.keys[slug], f"/tenants/{slug}"
        for network in NETWORKS:
            await rest.post(f"{tenant}/networks", key, {"slug": network})
        await rest.post(f"{tenant}/triggers", key, _trigger(f"{self.receiver.url}/{slug}"))
        for network, (monitor, predicate) in (
            ("evm", big_transfers("big transfers", "evm", least)),
            ("evm", big_transfers("transfers", "evm", 0)),
            ("evm", failed_transfers("failures", "evm")),
            ("stellar", swaps("swaps", "stellar")),
            ("stellar", transfers_by_event("transfers on Stellar", "stellar")),
        ):
            await rest.post(f"{tenant}/monitors", key, monitor)
            name = str(monitor["name"])
            self.watches.append(
                Watch(tenant=slug, monitor=name, network=network, predicate=predicate)
            )

    async def wait_for_log(self) -> None:
        """Return once the chain logs end with the devnet's newest blocks."""

        async def is_logged() -> bool:
            return await self.platform.has_logged(await self.devnet.heads())

        await wait_until(is_logged, seconds=LOGGED_SECONDS)

    async def resume(self) -> None:
        """Let both networks produce."""
        for slug in NETWORKS:
            await self.devnet.order(slug, "resume")

    async def fork(self) -> None:
        """Orphan the newest EVM blocks, once they are in the chain log."""
        await self.devnet.order("evm", "pause")
        orphans = {"evm": (await self.devnet.heads())["evm"]}

        async def are_logged() -> bool:
            return await self.platform.has_logged(orphans)

        await wait_until(are_logged, seconds=LOGGED_SECONDS)
        await self.devnet.order("evm", "fork", {"depth": FORK_DEPTH})
        await self.devnet.order("evm", "resume")

    async def expected(self) -> dict[str, Expected]:
        """Return what the oracle says of each watch."""
        facts = {slug: await self.devnet.facts(slug) for slug in NETWORKS}
        return judge_by_oracle(self.watches, facts)

    async def produce_at_least(self, match_count: int) -> None:
        """Produce until so many matches are expected, then no more."""
        while expected_count(await self.expected()) < match_count:
            await self.devnet.order("evm", "produce", {"count": 10})
        for slug in NETWORKS:
            await self.devnet.order(slug, "pause")

    async def require_all_right(self) -> dict[str, Expected]:
        """Wait until everything is done, and insist that all of it is as the oracle says."""
        await self.platform.drain(await self.devnet.heads())
        expected = await self.expected()
        for tenant, key in self.keys.items():
            rest = self.platform.rest
            told = Told(
                matches=await rest.list_all(f"/tenants/{tenant}/matches", key),
                deliveries=await rest.list_all(f"/tenants/{tenant}/deliveries", key),
                received=[
                    each for each in self.receiver.received if each.path == f"/hook/{tenant}"
                ],
            )
            require_matches(tenant, told.matches, self.watches, expected)
            require_deliveries(told)
            require_alerts(told)
            require_retractions(told)
        return expected


def _networks(devnet: DevnetProcess) -> list[object]:
    evm = a_network("evm", devnet.rpc_url("evm"), block_time_ms=int(BLOCK_SECONDS * 1000))
    stellar = a_network(
        "stellar", devnet.rpc_url("stellar"), **a_stellar_network(DEFAULT_NETWORK_NAME)
    )
    return [json.loads(evm), json.loads(stellar)]


def _trigger(url: str) -> dict[str, object]:
    config = {"url": {"type": "plain", "value": url}}
    return {"slug": "hook", "name": "hook", "trigger_type": "webhook", "config": config}


def taking_time(random: Random) -> Reply:
    """Answer 200 after some milliseconds, so that a kill often meets a message on its way."""

    async def reply(_: web.Request, receiver: Receiver) -> web.StreamResponse:
        await asyncio.sleep(random.uniform(0.0, 0.1))
        return web.Response()

    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that a platform has to do with, and the settings that let it."""

    http: aiohttp.ClientSession
    devnet: DevnetProcess
    receiver: Receiver
    variables: dict[str, str]

    async def begin(self, platform: PlatformT) -> Scenario[PlatformT]:
        """Configure a platform that runs, and let production begin."""
        scenario = Scenario(
            devnet=self.devnet, platform=platform, receiver=self.receiver, watches=[], keys={}
        )
        await scenario.configure()
        await scenario.resume()
        return scenario


@asynccontextmanager
async def open_surroundings(seed: int, log_dir: Path) -> AsyncIterator[Surroundings]:
    """Start a paused devnet and a receiver."""
    async with (
        aiohttp.ClientSession() as http,
        Receiver() as receiver,
        run_devnet_process(
            http, log_dir / "devnet.log", seed=seed, block_seconds=BLOCK_SECONDS
        ) as devnet,
    ):
        receiver.answer_otherwise(taking_time(Random(f"receiver/{seed}")))
        allow = f"{devnet.address},127.0.0.1:{receiver.port}"
        variables = {
            "TOCSIN_EGRESS__ALLOW": allow,
            "TOCSIN_DISPATCHER__LEASE_DURATION": LEASE_DURATION,
        }
        yield Surroundings(http=http, devnet=devnet, receiver=receiver, variables=variables)


@asynccontextmanager
async def open_scenario(
    seed: int, data_dir: Path, log_dir: Path
) -> AsyncIterator[Scenario[Platform]]:
    """Start everything, with `tocsin up` as platform."""
    async with open_surroundings(seed, log_dir) as around:
        platform = Platform(data_dir, log_dir / "up.log", around.variables, around.http)
        try:
            await platform.start()
            await platform.ready()
            yield await around.begin(platform)
        finally:
            await platform.close()
