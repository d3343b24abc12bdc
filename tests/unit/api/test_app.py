"""The application as a whole, without a database."""

import re
import secrets
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from tests.support.api import a_workbench
from tests.support.asgi import AsgiClient
from tocsin.api.app import PUBLIC_PATHS, create_app
from tocsin.api.deps import ApiContext
from tocsin.api.pages import PAGE
from tocsin.errors import CacheUnavailableError, StorageUnavailableError
from tocsin.storage.pool import Database

Check = Callable[[], Awaitable[None]]

TENANT = "/tenants/{slug}"
ROUTES = {
    "/tenants": "get post",
    TENANT: "get patch",
    f"{TENANT}/api-keys": "get post",
    f"{TENANT}/api-keys/{{key_id}}": "delete",
    "/networks": "get post",
    "/networks/{network_slug}": "delete get put",
    f"{TENANT}/networks": "get post",
    f"{TENANT}/networks/{{network_slug}}": "delete get put",
    f"{TENANT}/monitors": "get post",
    f"{TENANT}/monitors:validate": "post",
    f"{TENANT}/monitors/{{monitor_id}}": "delete get patch put",
    "/expressions:validate": "post",
    f"{TENANT}/triggers": "get post",
    f"{TENANT}/triggers/{{trigger_id}}": "delete get put",
    f"{TENANT}/matches": "get",
    f"{TENANT}/matches/{{match_id}}": "get",
    f"{TENANT}/deliveries": "get",
    f"{TENANT}/deliveries/{{delivery_id}}": "get",
}


async def _pass() -> None:
    return


async def _no_database() -> None:
    raise StorageUnavailableError("canary-address")


async def _no_cache() -> None:
    raise CacheUnavailableError("canary-address")


def a_client(**readiness: Check) -> AsgiClient:
    """Return a client of the application on a database that is never asked."""
    database = Database("host=/nowhere", most_connections=1, name="unused")
    checks: dict[str, Check] = {"database": _pass, "cache": _pass, **readiness}
    context = ApiContext(
        database=database, workbench=a_workbench(), readiness=checks, version="1.2.3"
    )
    return AsgiClient(create_app(context))


async def test_we_live_whatever_is_broken() -> None:
    reply = await a_client(database=_no_database).ask("GET", "/livez")
    assert (reply.status, reply.json()) == (200, {"live": True, "version": "1.2.3"})


async def test_we_are_ready_when_everything_is_there() -> None:
    reply = await a_client().ask("GET", "/readyz")
    assert (reply.status, reply.json()) == (200, {"ready": True, "failing": []})


async def test_what_is_missing_is_named_and_not_described() -> None:
    reply = await a_client(database=_no_database, cache=_no_cache).ask("GET", "/readyz")
    assert (reply.status, reply.json()["failing"]) == (503, ["cache", "database"])
    assert b"canary" not in reply.body


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_probe_may_ask_for_the_head_only(path: str) -> None:
    assert (await a_client().ask("HEAD", path)).status == 200


async def test_every_route_that_takes_a_version_says_so() -> None:
    document = (await a_client().ask("GET", "/openapi.json")).json()
    silent = [
        (method, path)
        for path, methods in document["paths"].items()
        for method, route in methods.items()
        if method in ("put", "patch", "delete") and not path.endswith("/{key_id}")
        if "if-match" not in {each["name"] for each in route["parameters"]}
    ]
    assert silent == []


async def test_every_route_that_is_not_public_asks_for_a_key_first() -> None:
    client = a_client()
    document = (await client.ask("GET", "/openapi.json")).json()
    unguarded = set()
    for path, methods in document["paths"].items():
        for method in methods:
            garbage = secrets.token_bytes(16)
            reply = await client.ask(method.upper(), path, raw=garbage)
            if reply.status != 401:
                unguarded.add(path)
    assert unguarded == PUBLIC_PATHS - {"/openapi.json", "/docs"}


async def test_the_document_has_the_routes_that_were_promised() -> None:
    document = (await a_client().ask("GET", "/openapi.json")).json()
    routes = {
        path.removeprefix("/api/v1"): " ".join(sorted(methods))
        for path, methods in document["paths"].items()
        if path not in PUBLIC_PATHS
    }
    assert routes == ROUTES


async def test_every_route_that_takes_a_body_says_which() -> None:
    document = (await a_client().ask("GET", "/openapi.json")).json()
    silent = [
        (method, path)
        for path, methods in document["paths"].items()
        for method, route in methods.items()
        if method in ("post", "put", "patch") and "requestBody" not in route
    ]
    assert silent == []


async def test_every_closed_route_says_how_to_authenticate() -> None:
    document = (await a_client().ask("GET", "/openapi.json")).json()
    silent = {
        path
        for path, methods in document["paths"].items()
        for route in methods.values()
        if not route.get("security")
    }
    assert silent == PUBLIC_PATHS & set(document["paths"])


async def test_every_reference_of_the_document_leads_somewhere() -> None:
    reply = await a_client().ask("GET", "/openapi.json")
    known = set(reply.json()["components"]["schemas"])
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', reply.body.decode()))
    assert used <= known


async def test_the_page_for_people_needs_nothing_from_elsewhere() -> None:
    reply = await a_client().ask("GET", "/docs")
    assert reply.status == 200
    assert not re.findall(r"https?:|//[a-z]|src=|@import|url\(", PAGE)


async def test_the_page_runs_its_own_script_only() -> None:
    policy = (await a_client().ask("GET", "/docs")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect", "/metrics", "/api/v1/"])
async def test_nothing_else_is_public(path: str) -> None:
    assert (await a_client().ask("GET", path)).status == 404


async def test_the_document_is_json_that_strict_readers_take() -> None:
    reply = await a_client().ask("GET", "/openapi.json")
    assert msgspec.json.decode(reply.body, type=dict[str, object])["openapi"] == "3.1.0"
