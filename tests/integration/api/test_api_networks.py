"""Networks that are corrected and deleted, the platform's and a tenant's own."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.api import RunningApi, a_network, a_trigger, open_database
from tocsin.clock import SystemClock
from tocsin.model.block import BlockRef, LogAction, LogStep
from tocsin.model.ids import TenantId
from tocsin.model.tenant import TenantScope
from tocsin.storage import chain_log, leases, plans
from tocsin.storage.migrate import DatabaseUrls

NEW_URL = "https://other.example.org/canary-new-endpoint"


async def _log_a_block(urls: DatabaseUrls) -> None:
    now = SystemClock().now()
    async with open_database(urls.loops) as loops, loops.session() as session:
        for network in await plans.list_networks_for_all_tenants(session):
            lease = await leases.acquire_network(
                session, network.id, "test", now, timedelta(minutes=1)
            )
            assert lease is not None
            ref = BlockRef(number=1, hash="0x1", parent_hash="0x0", block_time=now)
            step = LogStep(action=LogAction.APPLY, ref=ref)
            await chain_log.append(session, lease, 0, [step], now)


def _endpoints(url: str) -> list[dict[str, Any]]:
    return [{"type_": "rpc", "url": {"type": "plain", "value": url}, "weight": 1}]


async def test_a_mistake_in_a_network_is_corrected(api: RunningApi) -> None:
    body = a_network(
        name="Corrected", chain_id=1, confirmation_blocks=12, rpc_urls=_endpoints(NEW_URL)
    )
    changed = await api.expect(200, "PUT", "/networks/testnet", key=api.operator, body=body)
    assert b"canary" not in changed.body
    read = await api.expect(200, "GET", "/networks/testnet", key=api.operator)
    network = read.json()
    assert (network["name"], network["chain_identity"], network["confirmation_blocks"]) == (
        "Corrected",
        "1",
        12,
    )
    assert (network["version"], read.headers["etag"]) == (2, '"2"')


async def test_a_corrected_networks_old_endpoints_are_forgotten(api: RunningApi) -> None:
    await api.expect(200, "PUT", "/networks/testnet", key=api.operator, body=a_network())
    async with api.database.session(operator=True) as session:
        row = await session.one("SELECT count(*) AS n FROM tenant_secrets")
    assert row["n"] == 1


async def test_a_network_keeps_what_monitors_stand_on(api: RunningApi) -> None:
    stellar = {"network_type": "Stellar", "chain_id": None, "network_passphrase": "Test"}
    for changes, field in (({"slug": "other"}, "slug"), (stellar, "network_type")):
        body = a_network(**changes)
        refused = await api.expect(422, "PUT", "/networks/testnet", key=api.operator, body=body)
        assert refused.json()["field"] == field


async def test_a_network_keeps_its_chain_once_a_block_is_logged(
    api: RunningApi, database_urls: DatabaseUrls
) -> None:
    await _log_a_block(database_urls)
    path = "/networks/testnet"
    refused = await api.expect(409, "PUT", path, key=api.operator, body=a_network(chain_id=1))
    assert refused.json()["code"] == "conflict"
    body = a_network(rpc_urls=_endpoints(NEW_URL))
    await api.expect(200, "PUT", path, key=api.operator, body=body)


async def test_a_deleted_network_is_gone_and_its_slug_is_free(
    api: RunningApi, database_urls: DatabaseUrls
) -> None:
    await _log_a_block(database_urls)
    await api.expect(204, "DELETE", "/networks/testnet", key=api.operator)
    await api.expect(404, "GET", "/networks/testnet", key=api.operator)
    await api.expect(404, "DELETE", "/networks/testnet", key=api.operator)
    async with api.database.session(operator=True) as session:
        row = await session.one("SELECT count(*) AS n FROM tenant_secrets")
    assert row["n"] == 0
    body = a_network(chain_id=1)
    await api.expect(201, "POST", "/networks", key=api.operator, body=body)
    # Nothing of the old one's log is the new one's: its chain may still be another.
    await api.expect(200, "PUT", "/networks/testnet", key=api.operator, body=a_network(chain_id=2))


async def test_a_network_that_tenants_chose_stays_and_names_them(api: RunningApi) -> None:
    for slug in ("acme", "beta"):
        owner = await api.create_tenant(slug)
        await api.configure(slug, owner)
    kept = await api.expect(409, "DELETE", "/networks/testnet", key=api.operator)
    assert kept.json()["dependants"] == ["acme", "beta"]


async def test_of_choosing_and_deleting_at_once_one_wins(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    path = "/tenants/acme/networks"
    deleted, chosen = await asyncio.gather(
        api.client.ask("DELETE", "/api/v1/networks/testnet", key=api.operator),
        api.client.ask("POST", f"/api/v1{path}", key=owner, body={"slug": "testnet"}),
    )
    assert (deleted.status, chosen.status) in ((204, 404), (409, 201))
    listed = (await api.expect(200, "GET", path, key=owner)).json()["items"]
    assert len(listed) == (chosen.status == 201)


async def test_platform_networks_are_changed_by_the_operator_only(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    await api.expect(403, "PUT", "/networks/testnet", key=owner, body=a_network())
    await api.expect(403, "DELETE", "/networks/testnet", key=owner)
    networks = "/tenants/acme/networks"
    await api.expect(201, "POST", networks, key=owner, body={"slug": "testnet"})
    await api.expect(403, "PUT", f"{networks}/testnet", key=owner, body=a_network())


async def test_a_tenant_corrects_its_own_network_while_monitors_use_it(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    path = "/tenants/acme/networks"
    await api.expect(201, "POST", path, key=owner, body=a_network(slug="mine"))
    body = a_network(slug="mine", name="Rotated", rpc_urls=_endpoints(NEW_URL))
    await api.expect(200, "PUT", f"{path}/mine", key=owner, body=body)
    read = await api.expect(200, "GET", f"{path}/mine", key=owner)
    assert (read.json()["name"], read.headers["etag"]) == ("Rotated", '"2"')


async def test_another_tenants_own_network_is_not_found(api: RunningApi) -> None:
    owner, other = await api.create_tenant("acme"), await api.create_tenant("other")
    await api.expect(201, "POST", "/tenants/acme/networks", key=owner, body=a_network(slug="mine"))
    path = "/tenants/other/networks/mine"
    for method, body in (("GET", None), ("PUT", a_network(slug="mine")), ("DELETE", None)):
        await api.expect(404, method, path, key=other, body=body)


STALE = {"if-match": '"7"'}


async def test_no_change_is_made_to_another_version_than_was_seen(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    await api.expect(201, "POST", "/tenants/acme/networks", key=owner, body={"slug": "testnet"})
    changes: list[tuple[str, str, str, Any]] = [
        ("PUT", "/networks/testnet", api.operator, a_network()),
        ("DELETE", "/networks/testnet", api.operator, None),
        ("DELETE", "/tenants/acme/networks/testnet", owner, None),
        ("PATCH", "/tenants/acme", api.operator, {"status": "suspended"}),
    ]
    for method, path, key, body in changes:
        await api.expect(412, method, path, key=key, body=body, headers=STALE)
        await api.expect(400, method, path, key=key, body=body, headers={"if-match": "garbage"})


@pytest.mark.parametrize("weak", ["", "W/"])
async def test_a_change_to_the_version_that_was_seen_is_made(api: RunningApi, weak: str) -> None:
    owner = await api.create_tenant("acme")
    await api.expect(201, "POST", "/tenants/acme/triggers", key=owner, body=a_trigger())
    read = await api.expect(200, "GET", "/tenants/acme", key=api.operator)
    await api.expect(
        200,
        "PATCH",
        "/tenants/acme",
        key=api.operator,
        body={"status": "suspended"},
        headers={"if-match": weak + read.headers["etag"]},
    )


async def test_a_change_that_changes_nothing_is_no_version(api: RunningApi) -> None:
    await api.create_tenant("acme")
    before = await api.expect(200, "GET", "/tenants/acme", key=api.operator)
    same = await api.expect(
        200, "PATCH", "/tenants/acme", key=api.operator, body={"status": "active"}
    )
    assert same.headers["etag"] == before.headers["etag"]


async def test_the_operator_sees_who_chose_platform_networks_and_nothing_private(
    api: RunningApi,
) -> None:
    scope = None
    for slug in ("acme", "beta"):
        owner = await api.create_tenant(slug)
        for body in ({"slug": "testnet"}, a_network(slug="mine")):
            await api.expect(201, "POST", f"/tenants/{slug}/networks", key=owner, body=body)
        read = await api.expect(200, "GET", f"/tenants/{slug}", key=owner)
        scope = TenantScope(tenant_id=TenantId(UUID(read.json()["id"])))
    count = "SELECT count(*) AS n FROM tenant_networks"
    async with api.database.session(operator=True) as session:
        assert (await session.one(count))["n"] == 2
    # As a tenant's contract specs are fetched: the endpoints are seen, other tenants are not.
    async with api.database.session(scope, operator=True) as session:
        assert (await session.one(count))["n"] == 2
        own = await session.all("SELECT DISTINCT tenant_id FROM tenant_networks")
    assert len(own) == 1
