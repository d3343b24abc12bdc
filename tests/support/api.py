"""The API on a real database, with two tenants' worth of short ways to use it."""

import copy
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.asgi import AsgiClient, Reply
from tocsin.api.app import create_app
from tocsin.api.deps import ApiContext
from tocsin.clock import SystemClock
from tocsin.control.api_keys import ensure_operator_key
from tocsin.control.specs import SpecDesk
from tocsin.control.workbench import Workbench
from tocsin.errors import RpcUnavailableError
from tocsin.model.contract_spec import SpecsRead
from tocsin.model.network import Network
from tocsin.net.egress import EgressGuard, EgressPolicy
from tocsin.storage.migrate import DatabaseUrls
from tocsin.storage.pool import Database
from tocsin.storage.secrets import SecretBox

TOKEN = "0x1111111111111111111111111111111111111111"
TRANSFER = "Transfer(address,address,uint256)"
ERC20_TRANSFER = {
    "type": "event",
    "name": "Transfer",
    "anonymous": False,
    "inputs": [
        {"name": "from", "type": "address", "indexed": True},
        {"name": "to", "type": "address", "indexed": True},
        {"name": "value", "type": "uint256", "indexed": False},
    ],
}

# Canaries: none of these may ever come back.
SECRET_ENDPOINT = "https://rpc.example.org/canary-endpoint-path"
SECRET_PATH = "canary-webhook-path"
SECRET_HEADER = "canary-header-value"
SIGNING_SECRET = "whsec_Y2FuYXJ5LXNpZ25pbmctc2VjcmV0LWtleQ=="


def a_network(**changes: Any) -> dict[str, Any]:
    """Return a network to create."""
    return {
        "network_type": "EVM",
        "slug": "testnet",
        "name": "Test network",
        "rpc_urls": [
            {"type_": "rpc", "url": {"type": "plain", "value": SECRET_ENDPOINT}, "weight": 100}
        ],
        "chain_id": 31337,
        "block_time_ms": 1000,
        "confirmation_blocks": 1,
        "cron_schedule": "0 * * * * *",
    } | changes


def a_trigger(**changes: Any) -> dict[str, Any]:
    """Return a trigger to create; its URL, header and secret are canaries."""
    return {
        "slug": "on_call",
        "name": "On call",
        "trigger_type": "webhook",
        "config": {
            "url": {"type": "plain", "value": f"https://hooks.example.org/{SECRET_PATH}"},
            "secret": {"type": "plain", "value": SIGNING_SECRET},
            "headers": {"x-custom": SECRET_HEADER},
        },
    } | changes


def a_monitor(expression: str | None = "value > 1000", **changes: Any) -> dict[str, Any]:
    """Return a monitor to create."""
    event = {"signature": TRANSFER} | ({"expression": expression} if expression else {})
    return {
        "name": "Large transfers",
        "paused": False,
        "networks": ["testnet"],
        "addresses": [{"address": TOKEN, "contract_spec": [copy.deepcopy(ERC20_TRANSFER)]}],
        "match_conditions": {"functions": [], "events": [event], "transactions": []},
        "trigger_conditions": [],
        "triggers": ["on_call"],
    } | changes


def a_secret_box() -> SecretBox:
    """Return a box with one key."""
    return SecretBox({"k1": bytes(range(32))}, "k1", secrets.token_bytes)


def a_workbench() -> Workbench:
    """Return a workbench whose URLs may lead anywhere public."""
    guard = EgressGuard(EgressPolicy())
    return Workbench(
        secret_box=a_secret_box(),
        check_url=lambda url: guard.require_url(url).host,
        random_bytes=secrets.token_bytes,
        spec_desk=SpecDesk(_no_node, SystemClock().now),
    )


async def _no_node(network: Network, urls: Sequence[str], addresses: Sequence[str]) -> SpecsRead:
    raise RpcUnavailableError(f"{network.slug}: {len(urls)} endpoints, {len(addresses)} asked for")


@dataclass(slots=True, kw_only=True)
class RunningApi:
    """The API, its operator's key, and the database it stands on."""

    client: AsgiClient
    database: Database
    operator: str

    async def expect(
        self, status: int, method: str, path: str, *, key: str | None = None, **request: Any
    ) -> Reply:
        """Send a request below ``/api/v1`` and insist on a status."""
        reply = await self.client.ask(method, f"/api/v1{path}", key=key, **request)
        assert reply.status == status, f"{method} {path}: {reply.status} {reply.body!r}"
        return reply

    async def create_tenant(self, slug: str) -> str:
        """Create a tenant and return its owner's key."""
        created = await self.expect(
            201, "POST", "/tenants", key=self.operator, body={"slug": slug, "name": slug.title()}
        )
        return str(created.json()["api_key"]["key"])

    async def configure(self, slug: str, key: str) -> tuple[str, str]:
        """Give a tenant the platform's test network, a trigger and a monitor; their ids."""
        tenant = f"/tenants/{slug}"
        await self.expect(201, "POST", f"{tenant}/networks", key=key, body={"slug": "testnet"})
        trigger = await self.expect(201, "POST", f"{tenant}/triggers", key=key, body=a_trigger())
        monitor = await self.expect(201, "POST", f"{tenant}/monitors", key=key, body=a_monitor())
        return trigger.json()["id"], monitor.json()["id"]


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open a pool of one role's connections."""
    database = Database(url, most_connections=4, name="tocsin-test")
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def run_api(urls: DatabaseUrls) -> AsyncIterator[RunningApi]:
    """Stand the API on a migrated database, with the operator's key and a platform network."""
    async with open_database(urls.api) as database:
        context = ApiContext(
            database=database, workbench=a_workbench(), readiness={}, version="0.0.0"
        )
        operator = await ensure_operator_key(database, secrets.token_bytes)
        assert operator is not None
        api = RunningApi(
            client=AsgiClient(create_app(context)), database=database, operator=operator
        )
        await api.expect(201, "POST", "/networks", key=operator, body=a_network())
        yield api
