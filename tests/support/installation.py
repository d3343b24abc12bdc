"""A whole installation in one process, stepped by the test: real servers, real sockets."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, LiteralString

import redis

from tocsin.bootstrap import (
    Connections,
    System,
    build_dispatcher,
    build_workbench,
    build_worker,
    client_opener,
    open_system,
)
from tocsin.control import api_keys, monitors, networks, tenants, triggers
from tocsin.control.access import Actor
from tocsin.model.ids import ApiKeyId
from tocsin.model.page import PageRequest
from tocsin.model.tenant import Role, Tenant, TenantScope
from tocsin.orchestrator.lost_blocks import LostBlocks
from tocsin.orchestrator.watcher import Watcher, WatcherParts
from tocsin.settings import load
from tocsin.storage import leases, plans
from tocsin.storage.migrate import DatabaseUrls
from tocsin.storage.pool import Row

OPERATOR = Actor(key_id=ApiKeyId("test"), role=Role.OPERATOR, scope=None)
LEASE = timedelta(minutes=5)
KEYS = {"test": bytes(range(32))}


class Installation:
    """Watchers, one worker and one dispatcher that move only when told."""

    def __init__(self, system: System) -> None:
        assert system.loops_database is not None
        assert system.api_database is not None
        assert system.hints is not None
        self.system = system
        self.loops = system.loops_database
        self.api = system.api_database
        self.worker = build_worker(system, self.loops, system.hints)
        self.dispatcher = build_dispatcher(system, self.loops, system.hints)
        self._open_client = client_opener(system)
        self._watchers: dict[str, tuple[Watcher, LostBlocks]] = {}
        self._workbench = build_workbench(system)

    async def add_network(
        self, slug: str, url: str, *, confirmations: int = 0, **more: Any
    ) -> None:
        """Add a platform network on one endpoint; ``more`` goes into its JSON."""
        body = a_network(slug, url, confirmation_blocks=confirmations, **more)
        async with self.api.session(operator=True) as session:
            await networks.create_network(session, OPERATOR, self._workbench, body)

    async def add_tenant(self, slug: str, *enabled: str) -> Actor:
        """Add a tenant that may watch those networks; return its owner."""
        async with self.api.session(operator=True) as session:
            key = api_keys.generate_key(secrets.token_bytes)
            created = await tenants.create_tenant(session, OPERATOR, slug, slug, key)
        owner = an_owner(created.tenant)
        for network in enabled:
            async with self.api.session(owner.scope) as session:
                body = json.dumps({"slug": network}).encode()
                await networks.enable_network(session, owner, self._workbench, body)
        return owner

    async def add_trigger(self, owner: Actor, slug: str, url: str) -> str:
        """Add a webhook of a tenant; return the secret that signs its messages."""
        body = {
            "slug": slug,
            "name": slug,
            "trigger_type": "webhook",
            "config": {"url": {"type": "plain", "value": url}},
        }
        async with self.api.session(owner.scope) as session:
            raw = json.dumps(body).encode()
            created = await triggers.create_trigger(session, owner, self._workbench, raw)
        assert created.new_secret is not None
        return created.new_secret

    async def add_monitor(self, owner: Actor, body: dict[str, Any]) -> None:
        """Add a monitor of a tenant, as OpenZeppelin Monitor's JSON."""
        async with self.api.session(owner.scope) as session:
            await monitors.create_monitor(session, owner, json.dumps(body).encode())

    async def delete_everything(self, owner: Actor) -> None:
        """Delete a tenant's monitors, then its triggers."""
        request = PageRequest(limit=200)
        async with self.api.session(owner.scope) as session:
            for monitor in (await monitors.list_monitors(session, owner, request)).items:
                change = monitors.MonitorChange(monitor_id=monitor.id, expected_version=None)
                await monitors.delete_monitor(session, owner, change)
            for trigger in (await triggers.list_triggers(session, owner, request)).items:
                await triggers.delete_trigger(session, owner, trigger.id, None)

    async def watch(self, slug: str) -> int:
        """Let the network's watcher catch up once; return how many blocks it appended."""
        if slug not in self._watchers:
            self._watchers[slug] = await self._open_watcher(slug)
        watcher, lost_blocks = self._watchers[slug]
        appended = await watcher.catch_up()
        await lost_blocks.serve()
        return appended

    async def _open_watcher(self, slug: str) -> tuple[Watcher, LostBlocks]:
        parts = WatcherParts(database=self.loops, feed=self.system.feed, clock=self.system.clock)
        async with self.loops.session() as session:
            found = await plans.list_networks_for_all_tenants(session)
            network = next(each for each in found if each.slug == slug)
            urls = await plans.endpoint_urls_for_all_tenants(
                session, self.system.secret_box, network.id
            )
            lease = await leases.acquire_network(
                session, network.id, "test", self.system.clock.now(), LEASE
            )
        assert lease is not None
        client = self._open_client(network, urls)
        watcher = Watcher(network, client, lease, parts, len(urls))
        await watcher.load()
        return watcher, LostBlocks(network, client, watcher.is_ours, parts)

    async def work(self) -> None:
        """Let the worker evaluate all that is in the logs."""
        idle = 0
        while idle < 2:
            idle = 0 if await self.worker.step() else idle + 1

    async def dispatch(self) -> None:
        """Send all that is due."""
        while await self.dispatcher.step():
            await self.dispatcher.drain()

    async def rewind(self) -> None:
        """Put every cursor back to the start, and have a new worker begin there."""
        async with self.loops.session() as session:
            await session.execute("UPDATE shard_cursors SET next_seq = 2")
        self.restart_worker()

    def restart_worker(self, **parts: Any) -> None:
        """Have a new worker begin from what is stored; ``parts`` take the place of its own."""
        assert self.system.hints is not None
        self.worker = build_worker(self.system, self.loops, self.system.hints, **parts)

    def flush_cache(self, valkey_url: str) -> None:
        """Lose everything in Valkey."""
        with redis.Redis.from_url(valkey_url) as client:
            client.flushall()

    async def found(self, status: str, *, monitor: str | None = None) -> set[tuple[str, str]]:
        """Return block and transaction hash of the matches of that status."""
        rows = await self.rows(
            """SELECT m.block_hash, m.transaction_hash FROM matches m
               JOIN tenant_monitors o ON o.id = m.monitor_id
               WHERE m.status = %(status)s AND o.name = coalesce(%(monitor)s, o.name)""",
            status=status,
            monitor=monitor,
        )
        return {(row["block_hash"], row["transaction_hash"]) for row in rows}

    async def rows(self, query: LiteralString, **values: object) -> list[Row]:
        """Return rows as the loops' role sees them."""
        async with self.loops.session() as session:
            return await session.all(query, **values)


def an_owner(tenant: Tenant) -> Actor:
    """Return the owner of a tenant."""
    scope = TenantScope(tenant_id=tenant.id)
    return Actor(key_id=ApiKeyId("test"), role=Role.OWNER, scope=scope)


def a_network(slug: str, url: str, **changes: Any) -> bytes:
    """Return a network's JSON: the devnet's EVM chain unless told otherwise."""
    body = {
        "network_type": "EVM",
        "slug": slug,
        "name": slug,
        "rpc_urls": [{"type_": "rpc", "url": {"type": "plain", "value": url}, "weight": 100}],
        "chain_id": 31337,
        "block_time_ms": 1000,
        "confirmation_blocks": 0,
        "cron_schedule": "0 * * * * *",
    }
    return json.dumps(body | changes).encode()


def a_stellar_network(passphrase: str) -> dict[str, Any]:
    """Return what makes ``a_network`` a Stellar one."""
    return {"network_type": "Stellar", "chain_id": None, "network_passphrase": passphrase}


def a_monitor(name: str, network: str, **changes: Any) -> dict[str, Any]:
    """Return a monitor's JSON, valid as soon as it has addresses or conditions."""
    return {
        "name": name,
        "networks": [network],
        "paused": False,
        "addresses": [],
        "match_conditions": {"functions": [], "events": [], "transactions": []},
        "trigger_conditions": [],
        "triggers": [],
    } | changes


@asynccontextmanager
async def open_installation(
    urls: DatabaseUrls, valkey_url: str, *allowed: str
) -> AsyncIterator[Installation]:
    """Yield an installation on the test's own database; ``allowed`` are host:port."""
    settings = load({"TOCSIN_EGRESS__ALLOW": ",".join(allowed)})
    connections = Connections(
        api_url=urls.api,
        loops_url=urls.loops,
        cache_url=valkey_url,
        encryption_keys=KEYS,
        holder="test",
    )
    async with open_system(settings, connections) as system:
        yield Installation(system)
