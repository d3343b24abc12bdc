"""API keys: shown once, revoked at once, and never the last one by mistake."""

import asyncio

import pytest

from tests.support.api import (
    RunningApi,
)
from tocsin.control.api_keys import ensure_operator_key


async def test_the_operators_first_key_is_made_only_once(api: RunningApi) -> None:
    assert await ensure_operator_key(api.database, bytes) is None


async def test_a_new_tenant_comes_with_a_key_that_reads_it(api: RunningApi) -> None:
    key = await api.create_tenant("acme")
    tenant = (await api.expect(200, "GET", "/tenants/acme", key=key)).json()
    assert (tenant["slug"], tenant["name"], tenant["status"]) == ("acme", "Acme", "active")


async def test_a_suspended_tenants_keys_are_refused_until_it_is_resumed(api: RunningApi) -> None:
    key = await api.create_tenant("acme")
    for status, code in (("suspended", 403), ("active", 200)):
        await api.expect(200, "PATCH", "/tenants/acme", key=api.operator, body={"status": status})
        await api.expect(code, "GET", "/tenants/acme/monitors", key=key)
        await api.expect(code, "GET", "/tenants", key=key)


async def test_a_revoked_key_is_no_key(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    made = await api.expect(
        201, "POST", "/tenants/acme/api-keys", key=owner, body={"name": "old", "role": "viewer"}
    )
    await api.expect(200, "GET", "/tenants/acme", key=made.json()["key"])
    await api.expect(204, "DELETE", f"/tenants/acme/api-keys/{made.json()['id']}", key=owner)
    refused = await api.expect(401, "GET", "/tenants/acme", key=made.json()["key"])
    assert refused.headers["www-authenticate"] == "Bearer"


async def test_a_key_is_shown_once(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    listed = await api.expect(200, "GET", "/tenants/acme/api-keys", key=owner)
    assert [key["name"] for key in listed.json()["items"]] == ["first owner"]
    assert owner.rpartition("_")[2][:64].encode() not in listed.body


async def test_a_tenant_does_not_lock_itself_out(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    keys = "/tenants/acme/api-keys"
    [first] = (await api.expect(200, "GET", keys, key=owner)).json()["items"]
    refused = await api.expect(409, "DELETE", f"{keys}/{first['id']}", key=owner)
    assert refused.json()["code"] == "conflict.last_key"
    await api.expect(201, "POST", keys, key=owner, body={"name": "new", "role": "owner"})
    await api.expect(204, "DELETE", f"{keys}/{first['id']}", key=owner)


async def test_of_two_owner_keys_that_revoke_each_other_one_stays(api: RunningApi) -> None:
    first = await api.create_tenant("acme")
    keys = "/tenants/acme/api-keys"
    made = await api.expect(201, "POST", keys, key=first, body={"name": "2", "role": "owner"})
    texts = {first.split("_")[1]: first, made.json()["id"]: made.json()["key"]}
    replies = await asyncio.gather(
        *(
            api.client.ask("DELETE", f"/api/v1{keys}/{victim}", key=key)
            for victim, key in zip(texts, reversed(texts.values()), strict=True)
        )
    )
    assert sorted(reply.status for reply in replies) in ([204, 401], [204, 409])


async def test_the_operator_may_revoke_a_tenants_last_key(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    path = f"/tenants/acme/api-keys/{owner.split('_')[1]}"
    await api.expect(204, "DELETE", path, key=api.operator)


@pytest.mark.parametrize("role", ["operator", "admin", ""])
async def test_a_tenants_key_has_a_tenants_role(api: RunningApi, role: str) -> None:
    owner = await api.create_tenant("acme")
    refused = await api.expect(
        422, "POST", "/tenants/acme/api-keys", key=owner, body={"name": "x", "role": role}
    )
    assert refused.json()["field"] == "role"
