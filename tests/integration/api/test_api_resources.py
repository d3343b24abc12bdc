"""Every resource through the API, as its users do it."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest

from tests.support.api import (
    SECRET_ENDPOINT,
    RunningApi,
    a_monitor,
    a_network,
    a_trigger,
)
from tocsin.storage.tenants import Tenants


async def _config_version(api: RunningApi, slug: str) -> int:
    async with api.database.session(operator=True) as session:
        return (await Tenants(session).get_by_slug(slug)).config_version


async def test_a_taken_slug_is_a_conflict(api: RunningApi) -> None:
    await api.create_tenant("acme")
    again = await api.expect(
        409, "POST", "/tenants", key=api.operator, body={"slug": "acme", "name": "Other"}
    )
    assert again.json()["code"] == "conflict.already_exists"


async def test_a_member_lists_only_the_own_tenant(api: RunningApi) -> None:
    key = await api.create_tenant("acme")
    await api.create_tenant("other")
    listed = (await api.expect(200, "GET", "/tenants", key=key)).json()
    assert [tenant["slug"] for tenant in listed["items"]] == ["acme"]


async def test_a_viewer_reads_and_changes_nothing(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    trigger, monitor = await api.configure("acme", owner)
    made = await api.expect(
        201, "POST", "/tenants/acme/api-keys", key=owner, body={"name": "v", "role": "viewer"}
    )
    viewer = made.json()["key"]
    for path in ("networks", "monitors", f"monitors/{monitor}", f"triggers/{trigger}", "matches"):
        await api.expect(200, "GET", f"/tenants/acme/{path}", key=viewer)
    before = await _config_version(api, "acme")
    refusals: list[tuple[str, str, Any]] = [
        ("POST", "monitors", a_monitor(name="Other")),
        ("PUT", f"monitors/{monitor}", a_monitor()),
        ("PATCH", f"monitors/{monitor}", {"paused": True}),
        ("DELETE", f"monitors/{monitor}", None),
        ("POST", "triggers", a_trigger(slug="other")),
        ("PUT", f"triggers/{trigger}", a_trigger()),
        ("DELETE", f"triggers/{trigger}", None),
        ("POST", "networks", a_network(slug="other")),
        ("DELETE", "networks/testnet", None),
        ("POST", "api-keys", {"name": "x", "role": "owner"}),
        ("GET", "api-keys", None),
    ]
    for method, path, body in refusals:
        await api.expect(403, method, f"/tenants/acme/{path}", key=viewer, body=body)
    assert await _config_version(api, "acme") == before


async def test_the_operator_has_no_way_to_what_tenants_watch(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    for path in (
        "networks",
        "monitors",
        f"monitors/{monitor}",
        "triggers",
        "matches",
        "deliveries",
    ):
        await api.expect(403, "GET", f"/tenants/acme/{path}", key=api.operator)


async def test_a_platform_network_is_seen_by_tenants_without_its_endpoints(
    api: RunningApi,
) -> None:
    owner = await api.create_tenant("acme")
    network = await api.expect(200, "GET", "/networks/testnet", key=owner)
    assert network.json()["chain_identity"] == "31337"
    assert SECRET_ENDPOINT.encode() not in network.body
    await api.expect(403, "POST", "/networks", key=owner, body=a_network(slug="mine"))


async def test_a_network_may_start_anywhere_and_wait_for_nothing(api: RunningApi) -> None:
    body = a_network(slug="fast", confirmation_blocks=0, start_number=17)
    made = (await api.expect(201, "POST", "/networks", key=api.operator, body=body)).json()
    assert (made["confirmation_blocks"], made["start_number"]) == (0, 17)


async def test_a_private_network_may_not_take_an_enabled_slug(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    networks = "/tenants/acme/networks"
    await api.expect(201, "POST", networks, key=owner, body={"slug": "testnet"})
    await api.expect(409, "POST", networks, key=owner, body=a_network())


async def test_an_enabled_network_may_not_take_a_private_slug(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    networks = "/tenants/acme/networks"
    made = await api.expect(201, "POST", networks, key=owner, body=a_network())
    assert made.json()["private"] is True
    await api.expect(409, "POST", networks, key=owner, body={"slug": "testnet"})


async def test_a_network_in_use_stays(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    kept = await api.expect(409, "DELETE", "/tenants/acme/networks/testnet", key=owner)
    assert kept.json()["dependants"] == ["Large transfers"]
    await api.expect(204, "DELETE", f"/tenants/acme/monitors/{monitor}", key=owner)
    await api.expect(204, "DELETE", "/tenants/acme/networks/testnet", key=owner)
    await api.expect(201, "POST", "/tenants/acme/networks", key=owner, body={"slug": "testnet"})


async def test_a_deleted_private_network_frees_its_slug(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    networks = "/tenants/acme/networks"
    for _ in range(2):
        await api.expect(201, "POST", networks, key=owner, body=a_network(slug="mine"))
        await api.expect(204, "DELETE", f"{networks}/mine", key=owner)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8545/", "https://169.254.169.254/", "https://[::1]/", "https://u:p@a.org/"],
)
async def test_an_endpoint_inside_our_own_network_is_refused(api: RunningApi, url: str) -> None:
    owner = await api.create_tenant("acme")
    endpoint = {"type_": "rpc", "url": {"type": "plain", "value": url}, "weight": 1}
    body = a_network(slug="mine", rpc_urls=[endpoint])
    refused = await api.expect(422, "POST", "/tenants/acme/networks", key=owner, body=body)
    assert refused.json()["code"] == "channel.egress_refused"


async def test_a_monitor_comes_back_as_it_was_sent(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    raw = json.dumps(a_monitor(name="Grüße 🔔"), indent=3).encode()
    made = await api.expect(201, "POST", "/tenants/acme/monitors", key=owner, raw=raw)
    read = await api.expect(200, "GET", f"/tenants/acme/monitors/{made.json()['id']}", key=owner)
    assert read.json()["definition"] == json.loads(raw)


async def test_a_monitors_name_is_taken_whatever_its_case(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    body = a_monitor(name="LARGE transfers")
    await api.expect(409, "POST", "/tenants/acme/monitors", key=owner, body=body)


async def test_a_change_asked_for_an_older_version_is_refused(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    path = f"/tenants/acme/monitors/{monitor}"
    read = await api.expect(200, "GET", path, key=owner)
    seen = {"if-match": read.headers["etag"]}
    changed = await api.expect(200, "PUT", path, key=owner, body=a_monitor(), headers=seen)
    assert changed.headers["etag"] == '"2"'
    for method, body in (("PUT", a_monitor()), ("PATCH", {"paused": True}), ("DELETE", None)):
        stale = await api.expect(412, method, path, key=owner, body=body, headers=seen)
        assert stale.json()["code"] == "conflict.stale_version"


async def test_a_version_that_is_no_etag_is_refused(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    path = f"/tenants/acme/monitors/{monitor}"
    await api.expect(400, "DELETE", path, key=owner, headers={"if-match": "1"})


async def test_pausing_is_a_version_and_shows_in_the_definition(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    path = f"/tenants/acme/monitors/{monitor}"
    paused = (await api.expect(200, "PATCH", path, key=owner, body={"paused": True})).json()
    assert (paused["paused"], paused["version"]) == (True, 2)
    assert paused["definition"] == a_monitor(paused=True)


async def test_a_dry_run_stores_nothing(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    before = await _config_version(api, "acme")
    body = a_monitor(name="Other")
    checked = await api.expect(200, "POST", "/tenants/acme/monitors:validate", key=owner, body=body)
    assert checked.json()["valid"] is True
    listed = (await api.expect(200, "GET", "/tenants/acme/monitors", key=owner)).json()
    assert (len(listed["items"]), await _config_version(api, "acme")) == (1, before)


async def test_a_dry_run_finds_a_taken_name(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    path, body = "/tenants/acme/monitors:validate", a_monitor(name="LARGE transfers")
    await api.expect(409, "POST", path, key=owner, body=body)
    await api.expect(200, "POST", f"{path}?monitor={monitor}", key=owner, body=body)
    await api.expect(404, "POST", f"{path}?monitor={UUID(int=1)}", key=owner, body=body)


async def test_a_change_that_changes_nothing_is_no_version(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    _, monitor = await api.configure("acme", owner)
    before = await _config_version(api, "acme")
    path = f"/tenants/acme/monitors/{monitor}"
    await api.expect(200, "PATCH", path, key=owner, body={"paused": False})
    assert await _config_version(api, "acme") == before


async def test_the_documents_examples_are_accepted(api: RunningApi) -> None:
    document = (await api.client.ask("GET", "/openapi.json")).json()["paths"]

    def example(path: str, method: str = "post") -> Any:
        body = document[f"/api/v1{path}"][method]["requestBody"]
        return body["content"]["application/json"]["example"]

    path = "/tenants"
    made = await api.expect(201, "POST", path, key=api.operator, body=example(path))
    owner = made.json()["api_key"]["key"]
    path = "/networks"
    await api.expect(201, "POST", path, key=api.operator, body=example(path))
    tenant = f"/tenants/{example('/tenants')['slug']}"
    for name in ("networks", "triggers", "monitors", "api-keys"):
        body = example(f"/tenants/{{slug}}/{name}")
        await api.expect(201, "POST", f"{tenant}/{name}", key=owner, body=body)


async def test_a_list_is_walked_once_by_its_cursors(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    for number in range(6):
        body = a_monitor(name=f"Monitor {number}")
        await api.expect(201, "POST", "/tenants/acme/monitors", key=owner, body=body)
    seen: list[str] = []
    cursor = ""
    while True:
        target = f"/tenants/acme/monitors?limit=3{cursor}"
        page = (await api.expect(200, "GET", target, key=owner)).json()
        seen += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["Large transfers", *(f"Monitor {number}" for number in range(6))]


async def test_every_change_raises_the_configuration_version(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    tenant = "/tenants/acme"
    versions = [await _config_version(api, "acme")]

    async def change(status: int, method: str, path: str, body: object = None) -> Any:
        reply = await api.expect(status, method, f"{tenant}{path}", key=owner, body=body)
        versions.append(await _config_version(api, "acme"))
        return reply.json() if reply.body else None

    await change(201, "POST", "/networks", {"slug": "testnet"})
    await change(201, "POST", "/networks", a_network(slug="mine"))
    trigger = (await change(201, "POST", "/triggers", a_trigger()))["id"]
    await change(200, "PUT", f"/triggers/{trigger}", a_trigger())
    monitor = (await change(201, "POST", "/monitors", a_monitor()))["id"]
    await change(200, "PUT", f"/monitors/{monitor}", a_monitor("value > 2"))
    await change(200, "PATCH", f"/monitors/{monitor}", {"paused": True})
    await change(204, "DELETE", f"/monitors/{monitor}")
    await change(204, "DELETE", f"/triggers/{trigger}")
    await change(204, "DELETE", "/networks/mine")
    assert versions == sorted(set(versions))


async def test_a_failed_change_leaves_the_configuration_version(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    before = await _config_version(api, "acme")
    await api.expect(409, "POST", "/tenants/acme/monitors", key=owner, body=a_monitor())
    assert await _config_version(api, "acme") == before


async def test_of_two_that_want_one_name_at_once_one_gets_it(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    body = a_monitor(name="Wanted")
    replies = await asyncio.gather(
        *(
            api.client.ask("POST", "/api/v1/tenants/acme/monitors", key=owner, body=body)
            for _ in range(4)
        )
    )
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]
