"""`tocsin up` as people run it, on a real node, asked through its API only."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.support.anvil import Anvil
from tests.support.anvil_stage import NETWORK, monitors_of, predicates_of, send_everything
from tests.support.installation import a_network
from tests.support.platform import Platform, RestClient, wait_until
from tests.support.receiver import Receiver
from tests.support.token import Token, Witness
from tests.support.verdict import (
    Entry,
    Told,
    Watch,
    judge_by_oracle,
    require_alerts,
    require_deliveries,
    require_matches,
    require_retractions,
)
from tocsin.devnet.oracle import Expected

pytestmark = pytest.mark.anvil

TENANT = "acme"
BASE = f"/tenants/{TENANT}"
SECONDS = 20.0
ON_THEIR_WAY = {"waiting", "ready", "leased"}


@pytest.fixture
async def platform(
    node: Anvil, receiver: Receiver, data_dir: Path, tmp_path: Path
) -> AsyncIterator[Platform]:
    variables = {"TOCSIN_EGRESS__ALLOW": f"{node.address},127.0.0.1:{receiver.port}"}
    async with aiohttp.ClientSession() as http:
        platform = Platform(data_dir, tmp_path / "up.log", variables, http)
        try:
            await platform.start()
            await platform.ready()
            yield platform
        finally:
            await platform.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What a tenant sees through the API, and what its receiver's secret is."""

    rest: RestClient
    key: str
    secret: str

    async def list_all(self, what: str) -> list[Entry]:
        """Return all matches, or all deliveries."""
        return await self.rest.list_all(f"{BASE}/{what}", self.key)

    async def wait_for(self, expected: dict[str, Expected]) -> None:
        """Return once there are as many matches as there must be, and nothing is left to send."""
        wanted = Counter(
            active=sum(len(each.active) for each in expected.values()),
            retracted=sum(len(each.orphaned) for each in expected.values()),
        )

        async def is_done() -> bool:
            found = Counter(str(each["status"]) for each in await self.list_all("matches"))
            statuses = {each["status"] for each in await self.list_all("deliveries")}
            return found == wanted and not statuses & ON_THEIR_WAY

        await wait_until(is_done, seconds=SECONDS)


async def become_customer(platform: Platform, token: Token, url: str, hook_url: str) -> Customer:
    """Have the platform watch the token from the node's next block on."""
    rest, operator = platform.rest, platform.operator
    network = a_network(NETWORK, url, start_number=token.block_number + 1, block_time_ms=500)
    await rest.post("/networks", operator, json.loads(network))
    created = await rest.post("/tenants", operator, {"slug": TENANT, "name": TENANT})
    key = created["api_key"]["key"]
    await rest.post(f"{BASE}/networks", key, {"slug": NETWORK})
    config = {"url": {"type": "plain", "value": hook_url}}
    hook = {"slug": "hook", "name": "hook", "trigger_type": "webhook", "config": config}
    secret = (await rest.post(f"{BASE}/triggers", key, hook))["signing_secret"]
    for monitor in monitors_of(token):
        await rest.post(f"{BASE}/monitors", key, monitor)
    return Customer(rest=rest, key=key, secret=secret)


async def test_alerts_of_a_real_token_arrive_and_are_taken_back(
    node: Anvil, receiver: Receiver, platform: Platform
) -> None:
    token = await Token.deploy(node)
    customer = await become_customer(platform, token, node.url, receiver.url)
    witness = Witness(node)
    watches = [
        Watch(tenant=TENANT, monitor=name, network=NETWORK, predicate=predicate)
        for name, predicate in predicates_of(token).items()
    ]

    async def expected() -> dict[str, Expected]:
        await witness.look()
        facts = witness.facts(since_number=token.block_number + 1)
        return judge_by_oracle(watches, {NETWORK: facts})

    for extra in range(3):
        await send_everything(node, token, extra=extra)
        await node.mine()
    await customer.wait_for(await expected())
    await node.reorganise(2)
    await customer.wait_for(await expected())

    final = await expected()
    assert all(each.active and each.orphaned for each in final.values())
    told = Told(
        matches=await customer.list_all("matches"),
        deliveries=await customer.list_all("deliveries"),
        received=receiver.received,
    )
    require_matches(TENANT, told.matches, watches, final)
    require_deliveries(told)
    require_alerts(told)
    require_retractions(told)
    assert all(each.is_signed_with(customer.secret) for each in receiver.received)
    assert await platform.stop() == 0
