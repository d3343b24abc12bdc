"""What a tenant configured, as the repositories store and find it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from tests.support.api import RunningApi, a_monitor, a_network, open_database, run_api
from tests.support.found import store_found
from tocsin.embedded.postgres import PostgresAddress
from tocsin.model.contract_spec import FoundSpec, PinnedSpec, SpecSource
from tocsin.model.delivery import DeliveryFilter
from tocsin.model.ids import TenantId, default_shard
from tocsin.model.match import MatchFilter
from tocsin.model.page import PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.storage.api_keys import ApiKeys
from tocsin.storage.contract_specs import MonitorSpecs
from tocsin.storage.deliveries import Deliveries
from tocsin.storage.matches import Matches
from tocsin.storage.migrate import DatabaseUrls
from tocsin.storage.monitors import Monitors
from tocsin.storage.networks import TenantNetworks
from tocsin.storage.pool import Database
from tocsin.storage.tenants import Tenants
from tocsin.storage.triggers import Triggers

ALL = PageRequest(limit=200)


@dataclass(slots=True, kw_only=True)
class Setup:
    """Two tenants set up alike, and a connection that row-level security does not bind."""

    api: RunningApi
    urls: DatabaseUrls
    unbound: Database
    mine: TenantScope
    theirs: TenantScope
    key: str


@pytest.fixture
async def setup(
    database_urls: DatabaseUrls, postgres_address: PostgresAddress
) -> AsyncIterator[Setup]:
    """Give two tenants with the same names and addresses."""
    parts = psycopg.conninfo.conninfo_to_dict(database_urls.owner)
    superuser = psycopg.conninfo.make_conninfo(postgres_address.url(), dbname=parts["dbname"])
    async with (
        run_api(database_urls) as api,
        open_database(database_urls.loops) as loops,
        open_database(superuser) as unbound,
    ):
        scopes, keys = [], []
        for slug in ("mine", "theirs"):
            keys.append(await api.create_tenant(slug))
            await api.configure(slug, keys[-1])
            await store_found(loops, slug)
            tenant = await api.expect(200, "GET", f"/tenants/{slug}", key=keys[-1])
            scopes.append(TenantScope(tenant_id=TenantId(UUID(tenant.json()["id"]))))
        mine, theirs = scopes
        yield Setup(
            api=api, urls=database_urls, unbound=unbound, mine=mine, theirs=theirs, key=keys[0]
        )


async def test_repositories_keep_tenants_apart_by_themselves(setup: Setup) -> None:
    async with setup.unbound.session() as session:
        total = (await session.one("SELECT count(*) AS n FROM tenant_monitors"))["n"]
        counts = [
            len((await listed).items)
            for listed in (
                Tenants(session, setup.mine).list(ALL),
                ApiKeys(session, setup.mine).list(ALL),
                TenantNetworks(session, setup.mine).list(ALL),
                Triggers(session, setup.mine).list(ALL),
                Monitors(session, setup.mine).list(ALL),
                Matches(session, setup.mine).list(ALL, MatchFilter()),
                Deliveries(session, setup.mine).list(ALL, DeliveryFilter()),
            )
        ]
    assert (total, counts) == (2, [1] * 7)


async def test_a_tenants_specs_are_not_another_tenants(setup: Setup) -> None:
    found = FoundSpec(address="C1", spec=b'[{"a":1}]', source=SpecSource.BUILT_IN)
    pinned = PinnedSpec(found=found, network="testnet", fetched_at=datetime(2026, 1, 2, tzinfo=UTC))
    async with setup.unbound.session() as session:
        (theirs,) = (await Monitors(session, setup.theirs).list(ALL)).items
        (mine,) = (await Monitors(session, setup.mine).list(ALL)).items
        await MonitorSpecs(session, setup.theirs).pin(theirs.id, 1, [pinned])
        specs = MonitorSpecs(session, setup.mine)
        await specs.pin(mine.id, 1, [pinned])
        assert await specs.list(mine.id, 1) == (pinned,)
        assert await specs.list(mine.id, 2) == ()
        assert await specs.list(theirs.id, 1) == ()
        assert len(await session.all("SELECT 1 FROM contract_specs")) == 2


async def _cursors(setup: Setup) -> list[tuple[int, int]]:
    async with setup.unbound.session() as session:
        rows = await session.all(
            "SELECT shard_id, next_seq FROM shard_cursors WHERE shard_id = %(shard)s",
            shard=default_shard(setup.mine.tenant_id),
        )
    return [(row["shard_id"], row["next_seq"]) for row in rows]


async def test_a_shards_first_monitor_starts_at_the_logs_beginning(setup: Setup) -> None:
    assert await _cursors(setup) == [(default_shard(setup.mine.tenant_id), 1)]


async def test_a_shards_first_monitor_on_a_network_starts_behind_its_log(setup: Setup) -> None:
    networks = "/tenants/mine/networks"
    body = a_network(slug="mine")
    made = await setup.api.expect(201, "POST", networks, key=setup.key, body=body)
    async with setup.unbound.session() as session:
        await session.execute(
            """INSERT INTO chain_log (network_id, seq, action, number, hash, parent_hash,
                                      block_time)
               SELECT %(network)s, n, 'apply', n, n::text, (n - 1)::text, now()
               FROM generate_series(1, 3) AS n""",
            network=made.json()["id"],
        )
    monitors = "/tenants/mine/monitors"
    for name in ("A", "B"):
        body = a_monitor(name=name, networks=["mine", "testnet"])
        await setup.api.expect(201, "POST", monitors, key=setup.key, body=body)
    assert sorted(seq for _, seq in await _cursors(setup)) == [1, 4]


async def test_every_version_of_a_monitor_is_kept_with_its_author(setup: Setup) -> None:
    async with setup.unbound.session() as session:
        monitor = (await Monitors(session, setup.mine).list(ALL)).items[0]
    path = f"/tenants/mine/monitors/{monitor.id}"
    body = a_monitor("value > 2")
    await setup.api.expect(200, "PUT", path, key=setup.key, body=body)
    await setup.api.expect(200, "PATCH", path, key=setup.key, body={"paused": True})
    async with setup.unbound.session() as session:
        rows = await session.all(
            """SELECT version, paused, created_by FROM monitor_versions
               WHERE monitor_id = %(id)s ORDER BY version""",
            id=monitor.id,
        )
    author = setup.key.split("_")[1]
    assert [tuple(row.values()) for row in rows] == [
        (1, False, author),
        (2, False, author),
        (3, True, author),
    ]


async def test_a_deleted_monitor_lets_go_of_what_it_used(setup: Setup) -> None:
    async with setup.api.database.session(setup.mine) as session:
        monitors = Monitors(session, setup.mine)
        await monitors.delete((await monitors.list(ALL)).items[0].id)
        ties = await session.one(
            """SELECT (SELECT count(*) FROM monitor_networks)
                    + (SELECT count(*) FROM monitor_triggers) AS n"""
        )
    assert ties["n"] == 0


async def test_a_change_is_announced(setup: Setup) -> None:
    with psycopg.connect(setup.urls.loops, autocommit=True) as listening:
        listening.execute("LISTEN tocsin_config")
        path = "/tenants/mine/networks"
        body = a_network(slug="mine")
        await setup.api.expect(201, "POST", path, key=setup.key, body=body)
        heard = list(listening.notifies(timeout=5, stop_after=1))
    assert [notice.channel for notice in heard] == ["tocsin_config"]
