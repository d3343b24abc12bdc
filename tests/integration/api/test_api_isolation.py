"""Two tenants of the same names and addresses: neither finds the other's by any route."""

import re
from dataclasses import dataclass

import pytest

from tests.support.api import RunningApi, a_monitor, a_trigger, open_database
from tests.support.found import Found, store_found
from tocsin.api.app import PUBLIC_PATHS
from tocsin.storage.migrate import DatabaseUrls

BODIES = {
    "monitors": a_monitor(),
    "monitors:validate": a_monitor(),
    "triggers": a_trigger(),
    "networks": {"slug": "testnet"},
    "api-keys": {"name": "x", "role": "owner"},
}


@dataclass(slots=True, kw_only=True)
class Side:
    """One of the two tenants: its key, and everything of it that has an id."""

    slug: str
    key: str
    key_id: str
    trigger: str
    monitor: str
    found: Found

    def path(self, template: str, *, slug: str | None = None) -> str:
        """Fill a route's path with this tenant's ids, maybe under another's slug."""
        values = {
            "slug": slug or self.slug,
            "key_id": self.key_id,
            "network_slug": "testnet",
            "monitor_id": self.monitor,
            "trigger_id": self.trigger,
            "match_id": str(self.found.match_id),
            "delivery_id": str(self.found.delivery_id),
        }
        return re.sub(r"\{(\w+)\}", lambda part: values[part[1]], template)

    def marks(self) -> list[bytes]:
        """Return what would show that a reply speaks of this tenant."""
        ids = [self.key_id, self.trigger, self.monitor]
        ids += [str(self.found.match_id), str(self.found.delivery_id)]
        return [each.encode() for each in ids]


@dataclass(slots=True, kw_only=True)
class Pair:
    """The API with both tenants set up alike, and its routes below a tenant."""

    api: RunningApi
    mine: Side
    theirs: Side

    async def tenant_routes(self) -> list[tuple[str, str]]:
        """Return method and path of every route that names a tenant."""
        document = (await self.api.client.ask("GET", "/openapi.json")).json()
        return [
            (method.upper(), path)
            for path, methods in document["paths"].items()
            for method in methods
            if "{slug}" in path and path not in PUBLIC_PATHS and "/tenants/" in path
        ]


async def _side(api: RunningApi, loops_url: str, slug: str) -> Side:
    key = await api.create_tenant(slug)
    trigger, monitor = await api.configure(slug, key)
    keys = await api.expect(200, "GET", f"/tenants/{slug}/api-keys", key=key)
    async with open_database(loops_url) as loops:
        found = await store_found(loops, slug)
    return Side(
        slug=slug,
        key=key,
        key_id=keys.json()["items"][0]["id"],
        trigger=trigger,
        monitor=monitor,
        found=found,
    )


@pytest.fixture
async def pair(api: RunningApi, database_urls: DatabaseUrls) -> Pair:
    """Give both tenants."""
    return Pair(
        api=api,
        mine=await _side(api, database_urls.loops, "mine"),
        theirs=await _side(api, database_urls.loops, "theirs"),
    )


def _body(path: str, method: str) -> object:
    if method == "PATCH":
        return {"paused": True} if "monitors" in path else {"status": "suspended"}
    resource = path.split("/tenants/{slug}", 1)[1].strip("/").split("/")[0]
    return BODIES.get(resource) if method in ("POST", "PUT") else None


async def test_another_tenants_routes_answer_as_if_it_were_not_there(pair: Pair) -> None:
    for method, template in await pair.tenant_routes():
        path, unknown = pair.theirs.path(template), pair.theirs.path(template, slug="unknown")
        body = _body(template, method)
        there = await pair.api.client.ask(method, path, key=pair.mine.key, body=body)
        nowhere = await pair.api.client.ask(method, unknown, key=pair.mine.key, body=body)
        assert (there.status, nowhere.status) == (404, 404), (method, template)
        assert there.json()["title"] == nowhere.json()["title"]


async def test_another_tenants_ids_are_not_found_under_the_own_slug(pair: Pair) -> None:
    for method, template in await pair.tenant_routes():
        if template.count("{") < 2 or "network_slug" in template:
            continue
        path = pair.theirs.path(template, slug="mine")
        reply = await pair.api.client.ask(
            method, path, key=pair.mine.key, body=_body(template, method)
        )
        assert reply.status == 404, (method, template)


async def test_no_list_shows_anything_of_another_tenant(pair: Pair) -> None:
    for method, template in await pair.tenant_routes():
        if method != "GET":
            continue
        reply = await pair.api.client.ask(method, pair.mine.path(template), key=pair.mine.key)
        assert reply.status == 200, template
        assert not [mark for mark in pair.theirs.marks() if mark in reply.body], template


@pytest.mark.parametrize("parameter", ["monitors", "match"])
async def test_a_filter_by_another_tenants_id_finds_nothing(pair: Pair, parameter: str) -> None:
    target = {
        "monitors": f"/tenants/mine/matches?monitor={pair.theirs.monitor}",
        "match": f"/tenants/mine/deliveries?match={pair.theirs.found.match_id}",
    }[parameter]
    reply = await pair.api.expect(200, "GET", target, key=pair.mine.key)
    assert reply.json()["items"] == []


async def test_everything_is_still_there_after_all_that_asking(pair: Pair) -> None:
    for method, template in await pair.tenant_routes():
        body = _body(template, method)
        await pair.api.client.ask(method, pair.theirs.path(template), key=pair.mine.key, body=body)
    for method, template in await pair.tenant_routes():
        if method == "GET":
            path = pair.theirs.path(template)
            reply = await pair.api.client.ask(method, path, key=pair.theirs.key)
            assert reply.status == 200, template
