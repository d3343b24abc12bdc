"""Builds every object of a process from settings. Nobody else constructs adapters."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from random import Random

from fastapi import FastAPI

from tocsin.api.app import create_app
from tocsin.api.deps import ApiContext
from tocsin.cache.feed import BlockFeed, open_cache
from tocsin.chains.base import ChainClient
from tocsin.chains.jsonrpc import JsonRpc, RpcLimits
from tocsin.chains.registry import family_code, open_client, open_specs
from tocsin.clock import Clock, SystemClock
from tocsin.control.specs import ReadSpecs, SpecDesk
from tocsin.control.workbench import Workbench
from tocsin.delivery.channel import Channel
from tocsin.delivery.registry import open_channel
from tocsin.matching.compiled import compile_monitor, decode_compiled
from tocsin.matching.plan import MatchPlan
from tocsin.model.activity import DecodedBundle
from tocsin.model.block import Bundle
from tocsin.model.contract_spec import SpecsRead
from tocsin.model.ids import WorkerId
from tocsin.model.monitor import MonitorRef, unpack_compiled
from tocsin.model.network import ChainFamily, Network
from tocsin.model.trigger import ChannelConfig
from tocsin.net.egress import EgressGuard, EgressPolicy
from tocsin.net.http import HttpClient
from tocsin.net.names import NameResolver
from tocsin.openzeppelin.monitors import parse_monitor
from tocsin.orchestrator.dispatcher import Dispatcher, DispatcherParts
from tocsin.orchestrator.evaluator import EvaluatorParts
from tocsin.orchestrator.findings import Decode
from tocsin.orchestrator.lease import Ownership
from tocsin.orchestrator.networks import OpenClient, Watching, WatchingParts
from tocsin.orchestrator.plans import LoadPlan, PlanKeeper
from tocsin.orchestrator.supervisor import keep_running
from tocsin.orchestrator.watcher import WatcherParts
from tocsin.orchestrator.worker import Worker
from tocsin.settings import Settings
from tocsin.storage import bundle_requests, chain_log, commits
from tocsin.storage import plans as stored_plans
from tocsin.storage.hints import Hints
from tocsin.storage.plans import StoredPlan
from tocsin.storage.pool import Database
from tocsin.storage.secrets import SecretBox

# Blocks a network's feed keeps; a worker that is further behind asks through PostgreSQL.
FEED_BLOCKS = 512

# For reading contracts' specs while somebody waits: the largest code there is, as base64.
SPEC_LIMITS = RpcLimits(timeout_seconds=3.0, max_bytes=1 << 20)


class LoopName(StrEnum):
    """The three loops; each may run in a process of its own."""

    WATCH = "watch"
    WORK = "work"
    DISPATCH = "dispatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Where this process finds its servers, and under which name it holds leases.

    ``encryption_keys`` are by id; the first seals.
    """

    api_url: str | None
    loops_url: str | None
    cache_url: str
    encryption_keys: Mapping[str, bytes]
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What the parts of one process share. A database is None where no part needs it."""

    settings: Settings
    holder: str
    clock: Clock
    api_database: Database | None
    loops_database: Database | None
    feed: BlockFeed
    nodes_http: HttpClient
    channels_http: HttpClient
    specs_http: HttpClient
    guard: EgressGuard
    secret_box: SecretBox
    hints: Hints | None


@asynccontextmanager
async def open_system(settings: Settings, connections: Connections) -> AsyncIterator[System]:
    """Connect to everything and yield it; close it all at the end.

    Raises:
        StorageUnavailableError: PostgreSQL does not answer.
        UnsafeRoleError: a role could read past row-level security.
        SettingsError: the encryption keys or the egress rules do not do.
    """
    clock = SystemClock()
    keys = connections.encryption_keys
    guard = EgressGuard(EgressPolicy(allow=settings.egress.allow))
    async with AsyncExitStack() as stack:
        api = await _open_database(
            stack, connections.api_url, settings.database.api_pool_size, "tocsin-api"
        )
        loops = await _open_database(
            stack, connections.loops_url, settings.database.loops_pool_size, "tocsin-loops"
        )
        cache = open_cache(connections.cache_url)
        stack.push_async_callback(cache.aclose)
        # Apart, so that slow receivers never use up the connections to nodes, nor slow names of
        # theirs the threads that look names up; nor whoever saves monitors either of them.
        nodes_http = _open_http(stack, "nodes", settings, clock)
        channels_http = _open_http(stack, "channels", settings, clock)
        specs_http = _open_http(stack, "specs", settings, clock)
        yield System(
            settings=settings,
            holder=connections.holder,
            clock=clock,
            api_database=api,
            loops_database=loops,
            feed=BlockFeed(cache, FEED_BLOCKS),
            nodes_http=nodes_http,
            channels_http=channels_http,
            specs_http=specs_http,
            guard=guard,
            secret_box=SecretBox(keys, next(iter(keys), ""), secrets.token_bytes),
            hints=_hints(connections.loops_url),
        )


async def _open_database(
    stack: AsyncExitStack, url: str | None, most_connections: int, name: str
) -> Database | None:
    if url is None:
        return None
    database = Database(url, most_connections=most_connections, name=name)
    await database.open()
    stack.push_async_callback(database.close)
    await database.check_role()
    return database


def _open_http(stack: AsyncExitStack, purpose: str, settings: Settings, clock: Clock) -> HttpClient:
    names = NameResolver(purpose, clock)
    stack.callback(names.close)
    http = HttpClient(EgressGuard(EgressPolicy(allow=settings.egress.allow), names), clock)
    stack.push_async_callback(http.close)
    return http


def _hints(loops_url: str | None) -> Hints | None:
    if loops_url is None:
        return None
    channels = (
        chain_log.APPENDED,
        commits.DELIVERIES_READY,
        stored_plans.CONFIG_CHANGED,
        bundle_requests.REQUESTED,
    )
    return Hints(loops_url, channels)


async def run_loops(system: System, names: frozenset[LoopName]) -> None:
    """Run the named loops until cancelled, each restarted when it fails."""
    database, hints = system.loops_database, system.hints
    if database is None or hints is None:
        raise RuntimeError("loops need their database")
    loops = {"hints": hints.run}
    if LoopName.WATCH in names:
        loops["watchers"] = build_watching(system, database, hints).run
    if LoopName.WORK in names:
        loops["worker"] = build_worker(system, database, hints).run
    if LoopName.DISPATCH in names:
        loops["dispatcher"] = build_dispatcher(system, database, hints).run
    async with asyncio.TaskGroup() as group:
        for name, loop in loops.items():
            group.create_task(keep_running(name, loop, system.clock))


def build_workbench(system: System) -> Workbench:
    """Return what changing a configuration takes."""

    def check_url(url: str) -> str:
        return system.guard.require_url(url).host

    return Workbench(
        secret_box=system.secret_box,
        check_url=check_url,
        random_bytes=secrets.token_bytes,
        spec_desk=SpecDesk(spec_fetcher(system), system.clock.now),
    )


def spec_fetcher(system: System) -> ReadSpecs:
    """Return what asks a network's endpoints for contracts' specs."""

    async def read(network: Network, urls: tuple[str, ...], addresses: Sequence[str]) -> SpecsRead:
        # Each time anew: whoever saves a monitor is not to pay for what failed before.
        caller = JsonRpc(network.slug, urls, system.specs_http, system.clock, SPEC_LIMITS)
        reader = open_specs(network, caller)
        if reader is None:
            return SpecsRead(found={}, missing={})
        return await reader.read_specs(addresses)

    return read


def build_api(system: System) -> FastAPI:
    """Return the HTTP application.

    Raises:
        RuntimeError: the system was opened without the API's database.
    """
    database = system.api_database
    if database is None:
        raise RuntimeError("the API needs its database")
    context = ApiContext(
        database=database,
        workbench=build_workbench(system),
        readiness={"database": database.ping, "cache": system.feed.ping},
        version=version("tocsin"),
    )
    return create_app(context)


def build_watching(system: System, database: Database, hints: Hints) -> Watching:
    """Return the watchers of every network."""
    return Watching(
        WatchingParts(
            watcher=WatcherParts(database=database, feed=system.feed, clock=system.clock),
            hints=hints,
            secret_box=system.secret_box,
            open_client=client_opener(system),
            holder=system.holder,
            lease=system.settings.watcher.lease_duration,
            poll=system.settings.watcher.poll_interval,
        )
    )


def client_opener(system: System) -> OpenClient:
    """Return what opens a network's client on its endpoints."""

    def open_network(network: Network, urls: tuple[str, ...]) -> ChainClient:
        limits = RpcLimits(timeout_seconds=system.settings.watcher.rpc_timeout.total_seconds())
        caller = JsonRpc(network.slug, urls, system.nodes_http, system.clock, limits)
        return open_client(network, caller)

    return open_network


def decode_bundle(family: ChainFamily, bundle: Bundle) -> DecodedBundle:
    """Return a bundle ready to match. Raises MalformedBlockError."""
    return family_code(family).decode(bundle)


def load_plan(stored: StoredPlan, network: Network, plan: MatchPlan) -> None:
    """Put a stored monitor into a network's plan, compiled again where the compiler changed.

    Raises:
        InputError: it cannot be compiled any more.
    """
    compiled = decode_compiled(unpack_compiled(stored.compiled).get(network.family, b""))
    if compiled is None:
        draft = parse_monitor(stored.definition, source="monitor").draft
        ref = MonitorRef(id=stored.monitor_id, tenant_id=stored.tenant_id, version=stored.version)
        compiled = compile_monitor(
            ref, family_code(network.family).key_monitor(draft, stored.specs)
        )
    plan.add(compiled)


def build_worker(
    system: System,
    database: Database,
    hints: Hints,
    *,
    decode: Decode = decode_bundle,
    load: LoadPlan = load_plan,
) -> Worker:
    """Return a worker for every shard it can get."""
    ownership = Ownership(
        database,
        WorkerId(system.holder),
        system.clock,
        system.settings.worker.lease_duration,
    )
    changed = hints.subscribe(stored_plans.CONFIG_CHANGED)
    parts = EvaluatorParts(
        database=database,
        feed=system.feed,
        clock=system.clock,
        decode=decode,
        ownership=ownership,
        plans=PlanKeeper(database, load, system.clock, changed),
    )
    return Worker(parts, hints.subscribe(chain_log.APPENDED))


def build_dispatcher(system: System, database: Database, hints: Hints) -> Dispatcher:
    """Return a dispatcher for every tenant's deliveries."""

    def open_trigger(config: ChannelConfig) -> Channel:
        return open_channel(config, system.channels_http)

    parts = DispatcherParts(
        database=database,
        clock=system.clock,
        rng=Random(secrets.randbits(64)),
        secret_box=system.secret_box,
        open_channel=open_trigger,
        dispatcher_id=system.holder,
        concurrency=system.settings.dispatcher.concurrency,
        lease=system.settings.dispatcher.lease_duration,
    )
    return Dispatcher(parts, hints.subscribe(commits.DELIVERIES_READY))
