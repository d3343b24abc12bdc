"""From a block of the devnet to a delivered webhook, step by step on real servers."""

import redis

from tests.support.expectations import big_transfers, failed_transfers, swaps, transfers_by_event
from tests.support.installation import Installation, a_stellar_network
from tests.support.receiver import Receiver
from tests.support.scenes import expected_transfers, watch_big_transfers
from tocsin.devnet.config import DEFAULT_NETWORK_NAME
from tocsin.devnet.oracle import Oracle
from tocsin.devnet.server import Devnet
from tocsin.model.delivery import DeliveryStatus


async def start_evm(it: Installation, devnet: Devnet) -> None:
    """Add the devnet's EVM chain and let its watcher see the first block."""
    await it.add_network("evm", devnet.urls()["evm"])
    await it.watch("evm")


async def test_every_expected_match_is_stored_and_delivered_once(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver, above=10**6)
    devnet.node("evm").produce(6)
    assert await it.watch("evm") == 6
    await it.work()
    await it.dispatch()

    expected = expected_transfers(devnet, above=10**6)
    assert await it.found("active") == set(expected.active)
    assert expected.active
    ids = [each.webhook_id for each in receiver.received]
    assert len(ids) == len(set(ids)) == len(expected.active)


async def test_stellar_matches_equal_the_oracle(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await it.add_network(
        "stellar", devnet.urls()["stellar"], **a_stellar_network(DEFAULT_NETWORK_NAME)
    )
    await it.watch("stellar")
    owner = await it.add_tenant("acme", "stellar")
    await it.add_trigger(owner, "hook", receiver.url)
    expectations = {}
    for name, make in (("swaps", swaps), ("events", transfers_by_event)):
        monitor, expectations[name] = make(name, "stellar")
        await it.add_monitor(owner, monitor)
    devnet.node("stellar").produce(12)
    await it.watch("stellar")
    await it.work()

    oracle = Oracle(devnet.node("stellar").network.facts(), expectations)
    for name in expectations:
        expected = oracle.expected(name).active
        assert expected
        assert await it.found("active", monitor=name) == set(expected)


async def test_a_failed_call_is_told_from_one_that_succeeded(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await start_evm(it, devnet)
    monitor, predicate = failed_transfers("failed", "evm")
    owner = await it.add_tenant("acme", "evm")
    await it.add_trigger(owner, "hook", receiver.url)
    await it.add_monitor(owner, monitor)
    devnet.node("evm").produce(20)
    await it.watch("evm")
    await it.work()

    facts = devnet.node("evm").network.facts()
    expected = Oracle(facts, {"failed": predicate}).expected("failed")
    assert expected.active
    assert await it.found("active") == set(expected.active)


async def test_tenants_with_the_same_names_each_get_their_own_alerts(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await start_evm(it, devnet)
    for slug in ("acme", "globex"):
        owner = await it.add_tenant(slug, "evm")
        await it.add_trigger(owner, "hook", f"{receiver.url}/{slug}")
        monitor, _ = big_transfers("same name", "evm", 10**6)
        await it.add_monitor(owner, monitor)
    devnet.node("evm").produce(5)
    await it.watch("evm")
    await it.work()
    await it.dispatch()

    by_path: dict[str, set[str]] = {}
    for each in receiver.received:
        tenant = each.data()["tenant"]
        by_path.setdefault(each.path.rsplit("/", 1)[-1], set()).add(tenant)
    assert by_path == {"acme": {"acme"}, "globex": {"globex"}}


async def test_an_alert_waits_for_its_confirmations(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver, confirmations=3)
    devnet.node("evm").produce(5)
    await it.watch("evm")
    await it.work()
    await it.dispatch()

    told = {each.data()["block"]["number"] for each in receiver.received}
    head = devnet.node("evm").network.head_number
    assert told
    assert max(told) == head - 3


async def test_losing_the_whole_cache_loses_no_match(
    it: Installation, devnet: Devnet, receiver: Receiver, valkey_url: str
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(4)
    await it.watch("evm")
    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    for _ in range(6):
        await it.work()  # asks for a block that is missing
        await it.watch("evm")  # serves it
    expected = expected_transfers(devnet)
    assert await it.found("active") == set(expected.active)


async def test_a_receiver_that_is_down_gets_the_same_message_later(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    receiver.fail_times(1, status=500)
    devnet.node("evm").produce(1)
    await it.watch("evm")
    await it.work()
    await it.dispatch()

    rows = await it.rows("SELECT status, attempt_count FROM deliveries")
    retried = [row for row in rows if row["status"] == DeliveryStatus.READY]
    assert [row["attempt_count"] for row in retried] == [1]
    assert await it.rows("SELECT outcome, status_code FROM delivery_attempts WHERE outcome='later'")


async def test_the_version_in_force_is_on_record(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(2)
    await it.watch("evm")
    await it.work()
    effects = await it.rows("SELECT version, effective_seq FROM monitor_effects")
    assert [(row["version"], row["effective_seq"]) for row in effects] == [(1, 2)]


async def test_blocks_handled_twice_store_and_tell_once(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(3)
    await it.watch("evm")
    await it.work()
    await it.dispatch()
    before = await it.rows("SELECT * FROM matches ORDER BY id")
    await it.rewind()
    await it.work()
    await it.dispatch()

    assert await it.rows("SELECT * FROM matches ORDER BY id") == before
    assert len(receiver.received) == len(before) > 0


async def test_what_waits_for_a_deleted_trigger_is_cancelled(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    owner = await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(2)
    await it.watch("evm")
    await it.work()
    await it.delete_everything(owner)
    await it.dispatch()

    assert receiver.received == []
    rows = await it.rows("SELECT DISTINCT status FROM deliveries")
    assert [row["status"] for row in rows] == ["cancelled"]
    assert await it.rows("SELECT 1 FROM tenant_secrets WHERE tenant_id IS NOT NULL") == []
