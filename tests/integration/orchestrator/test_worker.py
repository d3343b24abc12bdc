"""The worker's loop: what it takes up again, and whose failure stops whom."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import psycopg
import redis
from psycopg import sql

from tests.support.expectations import big_transfers
from tests.support.installation import OPERATOR, Installation, a_network
from tests.support.receiver import Receiver
from tocsin.bootstrap import build_workbench
from tocsin.control import networks
from tocsin.devnet.oracle import Oracle
from tocsin.devnet.server import Devnet
from tocsin.orchestrator.plans import LOOK_SECONDS
from tocsin.storage.migrate import DatabaseUrls


async def watch_transfers(
    it: Installation, devnet: Devnet, receiver: Receiver, *slugs: str
) -> None:
    for slug in slugs:
        chain_id = {"evm": 31337, "other": 4242}[slug]
        await it.add_network(slug, devnet.urls()[slug], chain_id=chain_id)
        await it.watch(slug)
    owner = await it.add_tenant("acme", *slugs)
    await it.add_trigger(owner, "hook", receiver.url)
    for slug in slugs:
        monitor, _ = big_transfers(f"on {slug}", slug, 0)
        await it.add_monitor(owner, monitor)
    for slug in slugs:
        devnet.node(slug).produce(3)
        await it.watch(slug)


async def test_a_loop_that_starts_again_goes_on(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_transfers(it, devnet, receiver, "evm")
    await it.work()
    first = await it.found("active")
    devnet.node("evm").produce(3)
    await it.watch("evm")
    task = asyncio.ensure_future(it.worker.run())
    for _ in range(100):
        await it.system.clock.sleep(0.05)
        if await it.found("active") > first:
            break
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await it.found("active") > first


async def spoil_feed(it: Installation, valkey_url: str, slug: str) -> None:
    """Replace every bundle of a network in Valkey by garbage."""
    rows = await it.rows(
        """SELECT l.network_id, l.seq, l.hash FROM chain_log l
           JOIN networks n ON n.id = l.network_id WHERE n.slug = %(slug)s ORDER BY l.seq""",
        slug=slug,
    )
    with redis.Redis.from_url(valkey_url) as client:
        key = f"tocsin:feed:{rows[0]['network_id']}"
        client.delete(key)
        for row in rows:
            client.xadd(key, {"hash": row["hash"], "bundle": b"garbage"}, id=f"{row['seq']}-1")


async def test_a_spoilt_feed_is_as_good_as_a_lost_one(
    it: Installation, devnet: Devnet, receiver: Receiver, valkey_url: str
) -> None:
    await watch_transfers(it, devnet, receiver, "evm")
    await spoil_feed(it, valkey_url, "evm")
    for _ in range(4):
        await it.work()  # asks for a block
        await it.watch("evm")  # serves it
    _, predicate = big_transfers("on evm", "evm", 0)
    facts = devnet.node("evm").network.facts()
    expected = Oracle(facts, {"big": predicate}).expected("big")
    assert await it.found("active") == set(expected.active)


async def test_one_network_that_cannot_be_stored_does_not_stop_another(
    it: Installation, devnet: Devnet, receiver: Receiver, database_urls: DatabaseUrls
) -> None:
    await watch_transfers(it, devnet, receiver, "evm", "other")
    rows = await it.rows("SELECT id FROM networks WHERE slug = 'evm'")
    with psycopg.connect(database_urls.owner) as owner:
        refusal = sql.SQL("ALTER TABLE matches ADD CHECK (network_id <> {})")
        owner.execute(refusal.format(sql.Literal(rows[0]["id"])))
    await it.work()
    assert await it.found("active", monitor="on other")
    assert not await it.found("active", monitor="on evm")


async def test_a_networks_new_confirmations_hold_for_the_next_block(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_transfers(it, devnet, receiver, "evm")
    await it.work()
    url = devnet.urls()["evm"]
    change = networks.NetworkChange(
        slug="evm", raw=a_network("evm", url, confirmation_blocks=9), expected_version=None
    )
    async with it.api.session(operator=True) as session:
        await networks.replace_network(session, OPERATOR, build_workbench(it.system), change)
    await it.system.clock.sleep(LOOK_SECONDS)
    await it.work()
    devnet.node("evm").produce(3)
    await it.watch("evm")
    await it.work()
    rows = await it.rows("SELECT DISTINCT release_number IS NULL AS at_once FROM deliveries")
    assert {row["at_once"] for row in rows} == {True, False}


async def test_a_worker_that_lost_its_shards_writes_nothing(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_transfers(it, devnet, receiver, "evm")
    await it.worker.step()
    devnet.node("evm").produce(2)
    await it.watch("evm")
    before = await it.found("active")
    async with it.loops.session() as session:
        await session.execute(
            """INSERT INTO worker_leases VALUES ('thief', now() + interval '1 hour')"""
        )
        await session.execute("UPDATE shard_owners SET worker_id = 'thief', epoch = epoch + 1")
    await it.worker.step()
    await it.worker.step()
    assert await it.found("active") == before


async def test_a_block_that_no_node_had_is_asked_for_again(
    it: Installation, devnet: Devnet, receiver: Receiver, valkey_url: str
) -> None:
    await watch_transfers(it, devnet, receiver, "evm")
    it.flush_cache(valkey_url)
    await it.work()  # asks
    async with it.loops.session() as session:
        await session.execute(
            "UPDATE bundle_requests SET unavailable_at = %(then)s",
            then=it.system.clock.now() - timedelta(seconds=3),
        )
    for _ in range(4):
        await it.work()
        await it.watch("evm")
    _, predicate = big_transfers("on evm", "evm", 0)
    facts = devnet.node("evm").network.facts()
    expected = Oracle(facts, {"big": predicate}).expected("big")
    assert await it.found("active") == set(expected.active)
