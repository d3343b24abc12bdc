"""Triggers: what is shown of them, and what stays when they are replaced."""

from typing import Any
from uuid import UUID

import pytest

from tests.support.api import (
    SECRET_HEADER,
    SIGNING_SECRET,
    RunningApi,
    a_secret_box,
    a_trigger,
)
from tocsin.control.triggers import read_config
from tocsin.model.ids import TriggerId
from tocsin.model.tenant import TenantScope
from tocsin.storage.tenants import Tenants
from tocsin.storage.triggers import Triggers


async def test_a_trigger_shows_its_host_and_no_more(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    made = await api.expect(201, "POST", "/tenants/acme/triggers", key=owner, body=a_trigger())
    assert made.json()["destination"] == "hooks.example.org"
    assert made.json()["signing_secret"] is None


async def test_a_missing_signing_secret_is_made_and_shown_once(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    body = a_trigger(config={"url": {"type": "plain", "value": "https://hooks.example.org/x"}})
    made = await api.expect(201, "POST", "/tenants/acme/triggers", key=owner, body=body)
    secret = made.json()["signing_secret"]
    assert secret.startswith("whsec_")
    read = await api.expect(200, "GET", f"/tenants/acme/triggers/{made.json()['id']}", key=owner)
    assert secret.encode() not in read.body


@pytest.mark.parametrize(
    ("given", "headers"),
    [({}, (("x-custom", SECRET_HEADER),)), ({"headers": {}}, ())],
)
async def test_what_a_replaced_trigger_does_not_mention_stays(
    api: RunningApi, given: dict[str, Any], headers: tuple[tuple[str, str], ...]
) -> None:
    owner = await api.create_tenant("acme")
    trigger, _ = await api.configure("acme", owner)
    body = a_trigger(
        name="Renamed",
        config={"url": {"type": "plain", "value": "https://other.example.org/y"}} | given,
    )
    changed = await api.expect(
        200, "PUT", f"/tenants/acme/triggers/{trigger}", key=owner, body=body
    )
    assert (changed.json()["destination"], changed.json()["version"]) == ("other.example.org", 2)
    async with api.database.session(operator=True) as session:
        scope = TenantScope(tenant_id=(await Tenants(session).get_by_slug("acme")).id)
    async with api.database.session(scope) as session:
        secret_id = await Triggers(session, scope).get_config_secret(TriggerId(UUID(trigger)))
        config = await read_config(session, a_secret_box(), secret_id)
        row = await session.one("SELECT count(*) AS n FROM tenant_secrets")
    assert (config.secret, config.headers) == (SIGNING_SECRET, headers)
    assert row["n"] == 1


async def test_a_trigger_in_use_keeps_the_name_that_monitors_call_it_by(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    trigger, monitor = await api.configure("acme", owner)
    path, body = f"/tenants/acme/triggers/{trigger}", a_trigger(slug="other")
    kept = await api.expect(409, "PUT", path, key=owner, body=body)
    assert kept.json()["dependants"] == ["Large transfers"]
    await api.expect(204, "DELETE", f"/tenants/acme/monitors/{monitor}", key=owner)
    await api.expect(200, "PUT", path, key=owner, body=body)


async def test_a_trigger_in_use_stays(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    trigger, monitor = await api.configure("acme", owner)
    await api.expect(409, "DELETE", f"/tenants/acme/triggers/{trigger}", key=owner)
    await api.expect(204, "DELETE", f"/tenants/acme/monitors/{monitor}", key=owner)
    await api.expect(204, "DELETE", f"/tenants/acme/triggers/{trigger}", key=owner)
    await api.expect(404, "GET", f"/tenants/acme/triggers/{trigger}", key=owner)
