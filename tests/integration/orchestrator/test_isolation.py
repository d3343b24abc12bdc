"""What one tenant, one monitor or one bad block can do to the others: nothing."""

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from tests.support.expectations import big_transfers
from tests.support.installation import Installation
from tests.support.receiver import Receiver
from tests.support.scenes import expected_transfers, watch_big_transfers
from tocsin.bootstrap import decode_bundle, load_plan
from tocsin.control import monitors
from tocsin.control.access import Actor
from tocsin.devnet.server import Devnet
from tocsin.errors import MalformedBlockError
from tocsin.matching.plan import MatchPlan
from tocsin.model.activity import DecodedBundle
from tocsin.model.block import Bundle
from tocsin.model.network import ChainFamily, Network
from tocsin.model.page import PageRequest
from tocsin.storage.plans import StoredPlan


async def join(it: Installation, slug: str, receiver: Receiver) -> Actor:
    """Let one more tenant watch the same transfers."""
    owner = await it.add_tenant(slug, "evm")
    await it.add_trigger(owner, "hook", receiver.url)
    monitor, _ = big_transfers(slug, "evm", 0)
    await it.add_monitor(owner, monitor)
    return owner


async def set_paused(it: Installation, owner: Actor, *, paused: bool) -> None:
    async with it.api.session(owner.scope) as session:
        page = await monitors.list_monitors(session, owner, PageRequest(limit=200))
        for each in page.items:
            change = monitors.MonitorChange(monitor_id=each.id, expected_version=None)
            await monitors.set_paused(session, owner, change, paused=paused)


async def test_a_shard_without_monitors_does_not_hold_up_who_joins_later(
    it: Installation, devnet: Devnet, receiver: Receiver, valkey_url: str
) -> None:
    owner = await watch_big_transfers(it, devnet, receiver)
    await it.work()
    await it.delete_everything(owner)
    it.restart_worker()
    devnet.node("evm").produce(5)
    await it.watch("evm")
    it.flush_cache(valkey_url)
    devnet.node("evm").produce(1)
    await join(it, "globex", receiver)
    await it.watch("evm")
    await it.work()
    assert await it.found("active", monitor="globex")


async def test_holds_are_released_and_orphans_retracted_without_any_monitor(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    owner = await watch_big_transfers(it, devnet, receiver, confirmations=2)
    devnet.node("evm").produce(2)
    await it.watch("evm")
    await it.work()
    await set_paused(it, owner, paused=True)
    it.restart_worker()
    devnet.node("evm").fork(1)
    devnet.node("evm").produce(4)
    await it.watch("evm")
    await it.work()
    assert await it.found("retracted") == set(expected_transfers(devnet).orphaned)
    waiting = "SELECT 1 FROM deliveries WHERE status = 'waiting'"
    assert await it.rows(waiting) == []


async def test_blocks_of_a_pause_are_not_matched_afterwards(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    owner = await watch_big_transfers(it, devnet, receiver)
    await it.work()
    await set_paused(it, owner, paused=True)
    devnet.node("evm").produce(4)
    await it.watch("evm")
    await set_paused(it, owner, paused=False)
    it.restart_worker()  # as after an outage that lasted as long as the pause
    await it.work()
    assert await it.found("active") == set()


async def test_a_monitor_that_cannot_be_loaded_costs_nobody_else_a_match(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    broken = await join(it, "globex", receiver)

    def load(stored: StoredPlan, network: Network, plan: MatchPlan) -> None:
        assert broken.scope is not None
        if stored.tenant_id == broken.scope.tenant_id:
            raise RecursionError("too deep")
        load_plan(stored, network, plan)

    it.restart_worker(load=load)
    devnet.node("evm").produce(4)
    await it.watch("evm")
    with capture_logs() as logs:
        await it.work()
    assert [each["error_code"] for each in logs if each["event"] == "monitor.quarantined"] == [
        "bug"
    ]
    expected = set(expected_transfers(devnet).active)
    assert await it.found("active", monitor="big") == expected
    assert await quarantine_of(it) == [("globex", None)]
    it.restart_worker()
    devnet.node("evm").produce(1)
    await it.watch("evm")
    await it.work()
    [(name, last)] = await quarantine_of(it)
    assert (name, last is None) == ("globex", False)


async def quarantine_of(it: Installation) -> list[tuple[str, int | None]]:
    rows = await it.rows(
        """SELECT o.name, x.to_seq FROM coverage_exceptions x
           JOIN tenant_monitors o ON o.id = x.monitor_id WHERE x.reason = 'quarantine'"""
    )
    return [(row["name"], row["to_seq"]) for row in rows]


async def test_a_block_that_cannot_be_decoded_is_on_record_and_the_next_ones_count(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(4)
    await it.watch("evm")
    rows = await it.rows("SELECT hash, seq FROM chain_log ORDER BY seq")
    poison = rows[2]["hash"]

    def decode(family: ChainFamily, bundle: Bundle) -> DecodedBundle:
        if bundle.ref.hash == poison:
            raise MalformedBlockError("poison")
        return decode_bundle(family, bundle)

    it.restart_worker(decode=decode)
    await it.work()
    expected = {each for each in expected_transfers(devnet).active if each.block_hash != poison}
    assert await it.found("active") == expected
    assert await quarantine_of(it) == [("big", rows[2]["seq"])]


async def test_a_worker_whose_shards_are_anothers_releases_nothing(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver, confirmations=2)
    devnet.node("evm").produce(2)
    await it.watch("evm")
    await it.work()
    async with it.loops.session() as session:
        await session.execute("UPDATE shard_owners SET worker_id = 'thief', epoch = epoch + 1")
        await session.execute(
            "INSERT INTO worker_leases VALUES ('thief', now() + interval '1 hour')"
        )
    before = await it.rows("SELECT id FROM deliveries WHERE status = 'waiting'")
    devnet.node("evm").produce(6)
    await it.watch("evm")
    await it.worker.step()
    assert before
    assert await it.rows("SELECT id FROM deliveries WHERE status = 'waiting'") == before


async def test_effects_are_recorded_even_if_the_first_commit_failed(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    await it.worker.step()
    devnet.node("evm").produce(1)
    await it.watch("evm")
    # The loop starts again, as after a failure, with all that it held in memory gone.
    task = asyncio.ensure_future(it.worker.run())
    for _ in range(100):
        await it.system.clock.sleep(0.05)
        if await it.rows("SELECT 1 FROM monitor_effects"):
            break
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert await it.rows("SELECT 1 FROM monitor_effects")
