"""A monitor without a contract's spec, saved through the API: its spec comes from the ledger."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.api import RunningApi
from tests.support.asgi import AsgiClient, Reply
from tests.support.expectations import Predicate, transfers_by_event
from tests.support.hostile_node import hostile_node
from tests.support.installation import (
    Installation,
    a_monitor,
    a_network,
    a_stellar_network,
    open_installation,
)
from tests.support.receiver import Receiver
from tests.support.stellar_specs import IS_ASSET, an_instance
from tocsin.bootstrap import build_api
from tocsin.control.api_keys import ensure_operator_key
from tocsin.devnet.config import DEFAULT_NETWORK_NAME
from tocsin.devnet.faults import Faults, Refusal
from tocsin.devnet.network import TransactionFacts
from tocsin.devnet.oracle import Oracle
from tocsin.devnet.server import Devnet
from tocsin.devnet.stellar.contracts import POOL, TOKEN
from tocsin.devnet.stellar.entries import instance_key
from tocsin.model.tenant import TenantScope
from tocsin.storage.contract_specs import MonitorSpecs
from tocsin.storage.migrate import DatabaseUrls
from tocsin.storage.monitors import Monitors

SWAP = "swap(Address,Symbol,U32,Vec<Symbol>,I128)"
LEAST = 10**8
UNKNOWN = "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAD2KM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The owner of a tenant, who uses the API."""

    api: RunningApi
    slug: str
    key: str

    async def ask(self, status: int, method: str, path: str, body: object = None) -> Any:
        """Send a request below the tenant, insist on a status, and return the answer's JSON."""
        reply: Reply = await self.api.expect(
            status, method, f"/tenants/{self.slug}{path}", key=self.key, body=body
        )
        return reply.json()

    async def save(self, monitor: dict[str, Any], status: int = 201) -> Any:
        """Save a new monitor; return the answer."""
        return await self.ask(status, "POST", "/monitors", monitor)


@pytest.fixture
async def api(it: Installation) -> RunningApi:
    operator = await ensure_operator_key(it.api, secrets.token_bytes)
    assert operator is not None
    return RunningApi(client=AsgiClient(build_api(it.system)), database=it.api, operator=operator)


async def an_owner_of(api: RunningApi, slug: str, receiver: Receiver) -> Owner:
    owner = Owner(api=api, slug=slug, key=await api.create_tenant(slug))
    trigger = {
        "slug": "hook",
        "name": "hook",
        "trigger_type": "webhook",
        "config": {"url": {"type": "plain", "value": receiver.url}},
    }
    await owner.ask(201, "POST", "/triggers", trigger)
    return owner


@pytest.fixture
async def owner(it: Installation, devnet: Devnet, receiver: Receiver, api: RunningApi) -> Owner:
    await it.add_network(
        "stellar", devnet.urls()["stellar"], **a_stellar_network(DEFAULT_NETWORK_NAME)
    )
    owner = await an_owner_of(api, "acme", receiver)
    await owner.ask(201, "POST", "/networks", {"slug": "stellar"})
    await it.watch("stellar")
    return owner


def without_specs(monitor: dict[str, Any]) -> dict[str, Any]:
    return monitor | {"addresses": [{"address": each["address"]} for each in monitor["addresses"]]}


def large_swaps(name: str = "swaps", **changes: Any) -> tuple[dict[str, Any], Predicate]:
    """Return a monitor that names a parameter nobody declared to it, and its predicate."""
    condition = {"signature": SWAP, "expression": f"amount_in > {LEAST}"}
    monitor = a_monitor(
        name,
        "stellar",
        addresses=[{"address": POOL.address}],
        match_conditions={"functions": [condition], "events": [], "transactions": []},
        **changes,
    )

    def matches(facts: TransactionFacts) -> bool:
        return any(
            call.contract == POOL.address
            and call.name == "swap"
            and int(call.arguments["amount_in"]) > LEAST
            for call in facts.calls
        )

    return monitor, matches


async def produce_and_match(it: Installation, devnet: Devnet) -> None:
    devnet.node("stellar").produce(12)
    await it.watch("stellar")
    await it.work()


async def require_as_expected(it: Installation, devnet: Devnet, predicate: Predicate) -> None:
    oracle = Oracle(devnet.node("stellar").network.facts(), {"it": predicate})
    expected = oracle.expected("it").active
    assert expected
    assert await it.found("active") == set(expected)


async def test_functions_match_by_the_names_of_a_fetched_spec(
    it: Installation, devnet: Devnet, owner: Owner
) -> None:
    monitor, predicate = large_swaps()
    stored = await owner.save(monitor)
    assert stored["warnings"] == []
    await produce_and_match(it, devnet)
    await require_as_expected(it, devnet, predicate)
    [reasons, *_] = await it.rows("SELECT reasons FROM matches")
    assert '"amount_in"' in reasons["reasons"]


async def test_events_match_by_the_names_of_a_fetched_spec(
    it: Installation, devnet: Devnet, owner: Owner
) -> None:
    monitor, predicate = transfers_by_event("transfers", "stellar")
    await owner.save(without_specs(monitor))
    await produce_and_match(it, devnet)
    await require_as_expected(it, devnet, predicate)


async def test_an_answer_shows_what_was_fetched_and_a_definition_stays_as_sent(
    owner: Owner,
) -> None:
    monitor, _ = large_swaps()
    stored = await owner.save(monitor)
    [fetched] = stored["fetched_specs"]
    assert (fetched["address"], fetched["network"]) == (POOL.address, "stellar")
    assert fetched["source"] == "ledger"
    assert len(bytes.fromhex(fetched["code_hash"])) == 32
    names = [next(iter(each.values()))["name"] for each in fetched["contract_spec"]]
    assert names == ["swap", "swap"]
    assert stored["definition"] == monitor
    read = await owner.ask(200, "GET", f"/monitors/{stored['id']}")
    assert read["fetched_specs"] == stored["fetched_specs"]


async def test_validating_fetches_and_stores_nothing(it: Installation, owner: Owner) -> None:
    monitor, _ = large_swaps()
    checked = await owner.ask(200, "POST", "/monitors:validate", monitor)
    assert [each["address"] for each in checked["fetched_specs"]] == [POOL.address]
    assert await it.rows("SELECT 1 FROM contract_specs") == []


async def test_a_given_spec_is_not_fetched(owner: Owner, devnet: Devnet) -> None:
    monitor, _ = transfers_by_event("transfers", "stellar")
    assert (await owner.save(monitor))["fetched_specs"] == []
    assert "getLedgerEntries" not in devnet.node("stellar").counts().calls


async def test_a_version_keeps_its_specs_when_paused_and_saving_fetches_anew(
    it: Installation, owner: Owner, devnet: Devnet
) -> None:
    monitor, _ = large_swaps()
    stored = await owner.save(monitor)
    path = f"/monitors/{stored['id']}"
    devnet.node("stellar").set_faults(Faults(refuse=Refusal(status=500)))
    paused = await owner.ask(200, "PATCH", path, {"paused": True})
    assert paused["fetched_specs"] == stored["fetched_specs"]
    devnet.node("stellar").set_faults(Faults())
    again = await owner.ask(200, "PUT", path, monitor)
    assert again["version"] == 3
    assert again["fetched_specs"][0]["fetched_at"] > paused["fetched_specs"][0]["fetched_at"]
    assert len(await it.rows("SELECT 1 FROM contract_specs")) == 1
    assert len(await it.rows("SELECT 1 FROM monitor_specs")) == 3


async def test_a_compiler_of_another_version_uses_the_specs_that_were_stored(
    it: Installation, owner: Owner, devnet: Devnet
) -> None:
    monitor, predicate = large_swaps()
    await owner.save(monitor)
    async with it.api.session(await scope_of(it, "acme")) as session:
        changed = await session.execute(
            "UPDATE tenant_monitors SET compiled = '', compiler_version = 0"
        )
    assert changed == 1
    it.restart_worker()
    await produce_and_match(it, devnet)
    await require_as_expected(it, devnet, predicate)


async def scope_of(it: Installation, slug: str) -> TenantScope:
    [row] = await it.rows("SELECT id FROM tenants WHERE slug = %(slug)s", slug=slug)
    return TenantScope(tenant_id=row["id"])


async def test_a_dead_node_is_a_warning_and_the_monitor_matches_by_position(
    it: Installation, owner: Owner, devnet: Devnet
) -> None:
    devnet.node("stellar").set_faults(Faults(refuse=Refusal(status=500)))
    monitor, predicate = large_swaps()
    monitor["match_conditions"]["functions"][0]["expression"] = f"4 > {LEAST}"
    stored = await owner.save(monitor)
    assert stored["fetched_specs"] == []
    [warning] = stored["warnings"]
    assert POOL.address in warning
    assert "none of its nodes answered" in warning
    devnet.node("stellar").set_faults(Faults())
    await produce_and_match(it, devnet)
    await require_as_expected(it, devnet, predicate)


async def test_an_unknown_name_is_explained_by_the_spec_that_could_not_be_fetched(
    owner: Owner, devnet: Devnet
) -> None:
    devnet.node("stellar").set_faults(Faults(refuse=Refusal(status=500)))
    monitor, _ = large_swaps()
    refused = await owner.save(monitor, status=422)
    assert "amount_in" in refused["detail"]
    assert "none of its nodes answered" in refused["detail"]


async def test_expressions_by_position_are_understood_though_names_are_known(
    it: Installation, owner: Owner, devnet: Devnet
) -> None:
    monitor, predicate = large_swaps()
    monitor["match_conditions"]["functions"][0]["expression"] = f"4 > {LEAST}"
    stored = await owner.save(monitor)
    assert stored["fetched_specs"] == []
    assert "left aside" in stored["warnings"][0]
    await produce_and_match(it, devnet)
    await require_as_expected(it, devnet, predicate)


async def test_a_signature_that_a_fetched_spec_lacks_is_a_warning(owner: Owner) -> None:
    monitor, _ = large_swaps()
    monitor["match_conditions"]["functions"] = [{"signature": "swop(Address)"}]
    stored = await owner.save(monitor)
    [warning] = stored["warnings"]
    assert "swop" not in warning
    assert "has no such function" in warning


async def test_a_contract_that_is_not_there_is_a_warning(owner: Owner) -> None:
    monitor, _ = large_swaps()
    stored = await owner.save(
        monitor | {"addresses": [*monitor["addresses"], {"address": UNKNOWN}]}
    )
    assert [each["address"] for each in stored["fetched_specs"]] == [POOL.address]
    [warning] = stored["warnings"]
    assert "stellar: the ledger has no such contract" in warning


def an_entry(key: str, xdr: object) -> dict[str, object]:
    return {"entries": [{"key": key, "xdr": xdr}], "latestLedger": 1}


HOSTILE: dict[str, Any] = {
    "nothing": None,
    "entries of another type": {"entries": {"key": "x"}},
    "no XDR": an_entry(instance_key(POOL).to_xdr(), "AAAA"),
    "another contract's entry": an_entry(
        instance_key(POOL).to_xdr(), "AAAABgAAAAAAAAAB" + "A" * 80
    ),
}


@asynccontextmanager
async def an_owner_beside(
    urls: DatabaseUrls, valkey_url: str, entries: object
) -> AsyncIterator[Owner]:
    """Yield an owner whose only network is a node with these entries."""
    results = {"getNetwork": {"passphrase": "p"}, "getLedgerEntries": entries}
    async with hostile_node(results) as url, Receiver() as receiver:
        allowed = url.removeprefix("http://").rstrip("/"), f"127.0.0.1:{receiver.port}"
        async with open_installation(urls, valkey_url, *allowed) as it:
            operator = await ensure_operator_key(it.api, secrets.token_bytes)
            assert operator is not None
            client = AsgiClient(build_api(it.system))
            api = RunningApi(client=client, database=it.api, operator=operator)
            owner = await an_owner_of(api, "acme", receiver)
            network = a_network("stellar", url, **a_stellar_network("p"))
            await owner.ask(201, "POST", "/networks", json.loads(network))
            yield owner


@pytest.mark.parametrize("entries", HOSTILE.values(), ids=HOSTILE.keys())
async def test_whatever_a_node_answers_the_monitor_is_saved(
    database_urls: DatabaseUrls, valkey_url: str, entries: object
) -> None:
    monitor, _ = large_swaps()
    monitor["match_conditions"]["functions"][0]["expression"] = None
    async with an_owner_beside(database_urls, valkey_url, entries) as owner:
        stored = await owner.save(monitor)
    assert stored["fetched_specs"] == []
    assert len(stored["warnings"]) == 1


def payments(expression: str) -> dict[str, Any]:
    """Return a monitor of the transfers of the asset contract at the token's address."""
    event = {"signature": "transfer(Address,Address,String,I128)", "expression": expression}
    return a_monitor(
        expression,
        "stellar",
        addresses=[{"address": TOKEN.address}],
        match_conditions={"functions": [], "events": [event], "transactions": []},
    )


async def test_the_contract_of_an_asset_has_names_and_is_still_understood_by_position(
    database_urls: DatabaseUrls, valkey_url: str
) -> None:
    entries = an_entry(*an_instance(TOKEN.address, IS_ASSET))
    async with an_owner_beside(database_urls, valkey_url, entries) as owner:
        by_name = await owner.save(payments("amount > 5 AND sep0011_asset != 'native'"))
        by_position = await owner.save(payments("3 > 5"))
    assert [each["source"] for each in by_name["fetched_specs"]] == ["built_in"]
    assert by_name["warnings"] == []
    assert by_position["fetched_specs"] == []
    assert "left aside" in by_position["warnings"][0]


async def test_what_a_tenants_own_network_says_is_no_other_tenants_business(
    it: Installation, devnet: Devnet, receiver: Receiver, api: RunningApi
) -> None:
    mine = await an_owner_of(api, "mine", receiver)
    theirs = await an_owner_of(api, "theirs", receiver)
    network = a_network(
        "stellar", devnet.urls()["stellar"], **a_stellar_network(DEFAULT_NETWORK_NAME)
    )
    await theirs.ask(201, "POST", "/networks", json.loads(network))
    monitor, _ = large_swaps()
    stored = await theirs.save(monitor)
    assert stored["fetched_specs"] != []

    await mine.ask(404, "GET", f"/monitors/{stored['id']}")
    async with it.api.session(await scope_of(it, "mine")) as session:
        assert await session.all("SELECT 1 FROM contract_specs") == []
        assert await session.all("SELECT 1 FROM monitor_specs") == []
        specs = MonitorSpecs(session, await scope_of(it, "mine"))
        assert await specs.list(stored["id"], 1) == ()
    async with it.api.session(await scope_of(it, "theirs")) as session:
        scope = await scope_of(it, "theirs")
        assert len(await MonitorSpecs(session, scope).list(stored["id"], 1)) == 1
        assert (await Monitors(session, scope).get(stored["id"])).name == "swaps"


async def test_the_same_contract_is_stored_once_for_many_monitors(
    it: Installation, owner: Owner
) -> None:
    for number in range(3):
        monitor, _ = large_swaps(f"monitor {number}")
        await owner.save(monitor | {"addresses": [{"address": POOL.address.lower()}]})
    assert len(await it.rows("SELECT 1 FROM contract_specs")) == 1
    assert {row["address"] for row in await it.rows("SELECT address FROM monitor_specs")} == {
        POOL.address
    }
