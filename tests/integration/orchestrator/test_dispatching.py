"""What is sent when: whose, in which order, and what becomes of that which cannot be read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.support.installation import OPERATOR, Installation
from tests.support.receiver import Receiver, answering
from tests.support.scenes import expected_transfers, watch_big_transfers
from tocsin.bootstrap import build_dispatcher, build_worker
from tocsin.clock import Clock
from tocsin.control import tenants
from tocsin.control.access import Actor
from tocsin.delivery.schedule import DELAYS
from tocsin.devnet.server import Devnet
from tocsin.storage import commits, outbox
from tocsin.storage.secrets import TRIGGER_CONFIG, SecretBox, add_secret

LEASE = timedelta(minutes=1)
AN_HOUR = timedelta(hours=1)


class ShiftedClock:
    """A clock that is wrong by the same amount all the time."""

    def __init__(self, clock: Clock, shift: timedelta) -> None:
        self._clock = clock
        self._shift = shift

    def now(self) -> datetime:
        return self._clock.now() + self._shift

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


@pytest.fixture
async def owner(it: Installation, devnet: Devnet, receiver: Receiver) -> Actor:
    """Give the owner of a monitor of which nothing was found yet."""
    return await watch_big_transfers(it, devnet, receiver)


async def find(it: Installation) -> None:
    """Evaluate whatever is new on the chain."""
    await it.watch("evm")
    await it.work()


async def dispatch_later(it: Installation, shift: timedelta = AN_HOUR) -> None:
    """Send all that is due for one whose clock is that far ahead."""
    system = replace(it.system, clock=ShiftedClock(it.system.clock, shift))
    assert system.hints is not None
    dispatcher = build_dispatcher(system, it.loops, system.hints)
    while await dispatcher.step():
        await dispatcher.drain()


async def claimed_kinds(it: Installation, now: datetime) -> list[str]:
    """Return the kinds of what a dispatcher may send at that time."""
    async with it.loops.session() as session:
        claimed = await outbox.claim_deliveries_for_all_tenants(session, "test", now, LEASE, 1000)
    return [each.kind for each in claimed]


async def set_status(it: Installation, owner: Actor, status: str) -> None:
    async with it.api.session(operator=True) as session:
        tenant = await tenants.require_tenant(session, OPERATOR, "acme")
        change = tenants.TenantChange(status=status, expected_version=None)
        await tenants.set_tenant_status(session, OPERATOR, tenant, change)


def said_of(receiver: Receiver, wanted: Sequence[str]) -> list[list[str]]:
    """Return the kinds of messages about each of the transactions, in order of arrival."""
    said: dict[str, list[str]] = {each: [] for each in wanted}
    for each in receiver.received:
        data = each.data()
        said.get(data["transaction"]["hash"], []).append(data["kind"])
    return list(said.values())


async def test_nothing_of_a_suspended_tenant_is_sent(
    it: Installation, devnet: Devnet, receiver: Receiver, owner: Actor
) -> None:
    devnet.node("evm").produce(3)
    await find(it)
    await set_status(it, owner, "suspended")
    await it.dispatch()
    assert receiver.received == []


async def test_what_waits_for_a_suspended_tenant_is_not_due(
    it: Installation, devnet: Devnet, owner: Actor
) -> None:
    devnet.node("evm").produce(3)
    await find(it)
    await set_status(it, owner, "suspended")
    async with it.loops.session() as session:
        assert await outbox.next_due_at_for_all_tenants(session) is None


async def test_a_tenant_that_is_active_again_gets_what_waited(
    it: Installation, devnet: Devnet, receiver: Receiver, owner: Actor
) -> None:
    devnet.node("evm").produce(3)
    await find(it)
    await set_status(it, owner, "suspended")
    await it.dispatch()
    await set_status(it, owner, "active")
    await it.dispatch()
    assert len(receiver.received) == len(expected_transfers(devnet).active) > 0


async def test_a_config_that_does_not_decrypt_is_an_attempt_to_be_made_again(
    it: Installation, devnet: Devnet, owner: Actor
) -> None:
    devnet.node("evm").produce(2)
    await find(it)
    it.system = replace(it.system, secret_box=SecretBox({"test": bytes(32)}, "test", bytes))
    await dispatch_later(it, timedelta())
    assert await outcomes(it) == [("ready", 1, "later", "storage.error")]


async def test_a_config_that_never_decrypts_ends_dead(
    it: Installation, devnet: Devnet, owner: Actor
) -> None:
    devnet.node("evm").produce(2)
    await find(it)
    it.system = replace(it.system, secret_box=SecretBox({"test": bytes(32)}, "test", bytes))
    for number in range(len(DELAYS) + 1):
        await dispatch_later(it, timedelta(days=2 * number))
    rows = await it.rows("SELECT DISTINCT status, attempt_count FROM deliveries")
    assert [tuple(row.values()) for row in rows] == [("dead", len(DELAYS) + 1)]


@pytest.mark.parametrize("config", [b"{}", b"", b'{"url":"\xff"}', b'{"url":{"secret":1}}'])
async def test_a_config_that_cannot_be_read_is_an_attempt_to_be_made_again(
    it: Installation, devnet: Devnet, owner: Actor, config: bytes
) -> None:
    devnet.node("evm").produce(2)
    await find(it)
    await replace_config(it, owner, config)
    await it.dispatch()
    assert await outcomes(it) == [("ready", 1, "later", "storage.error")]


async def test_a_stored_transaction_that_cannot_be_read_is_an_attempt_to_be_made_again(
    it: Installation, devnet: Devnet, owner: Actor
) -> None:
    devnet.node("evm").produce(2)
    await it.watch("evm")
    async with it.loops.session() as session:
        await commits.ensure_partitions(session, it.system.clock.now())
        for block_hash, transaction_hash in expected_transfers(devnet).active:
            await session.execute(
                """INSERT INTO matched_transactions
                   SELECT block_time, network_id, hash, %(transaction)s, 'not zstd'
                   FROM chain_log WHERE hash = %(block)s""",
                block=block_hash,
                transaction=transaction_hash,
            )
    await it.work()
    await it.dispatch()
    assert await outcomes(it) == [("ready", 1, "later", "chain.malformed_block")]


async def replace_config(it: Installation, owner: Actor, config: bytes) -> None:
    assert owner.scope is not None
    async with it.api.session(owner.scope) as session:
        secret_id = await add_secret(
            session,
            it.system.secret_box,
            config,
            tenant_id=owner.scope.tenant_id,
            purpose=TRIGGER_CONFIG,
        )
        await session.execute("UPDATE tenant_triggers SET config_secret_id = %(id)s", id=secret_id)


async def outcomes(it: Installation) -> list[tuple[object, ...]]:
    """Return what is on record of all deliveries and their attempts, each state once."""
    rows = await it.rows(
        """SELECT DISTINCT d.status, d.attempt_count, a.outcome, a.error_code
           FROM deliveries d LEFT JOIN delivery_attempts a ON a.delivery_id = d.id"""
    )
    return [tuple(row.values()) for row in rows]


async def come_back_otherwise(it: Installation, devnet: Devnet, receiver: Receiver) -> list[str]:
    """Have alerts tried in vain, then their transactions move with other arguments.

    Returns the hashes of those transactions.
    """
    devnet.node("evm").produce(5)
    await find(it)
    receiver.answer_otherwise(answering(500))
    await it.dispatch()
    await it.rows("UPDATE matches SET arguments_digest = '' RETURNING id")
    devnet.node("evm").fork(3)
    await find(it)
    moved = [each.transaction_hash for each in expected_transfers(devnet).moved]
    assert moved
    return moved


async def test_an_alert_waits_for_what_is_still_to_be_said_of_its_transaction(
    it: Installation, devnet: Devnet, receiver: Receiver, owner: Actor
) -> None:
    moved = await come_back_otherwise(it, devnet, receiver)
    await it.dispatch()
    assert said_of(receiver, moved) == [["alert"]] * len(moved)


async def test_a_transaction_that_came_back_otherwise_is_told_after_its_old_alert_is_taken_back(
    it: Installation, devnet: Devnet, receiver: Receiver, owner: Actor
) -> None:
    moved = await come_back_otherwise(it, devnet, receiver)
    receiver.received.clear()
    receiver.answer_otherwise(answering())
    await dispatch_later(it)
    assert said_of(receiver, moved) == [["alert", "retraction", "alert"]] * len(moved)


async def test_a_new_alert_waits_for_a_retraction_that_is_held_back(
    it: Installation, devnet: Devnet, receiver: Receiver, owner: Actor
) -> None:
    moved = await come_back_otherwise(it, devnet, receiver)
    await it.rows(
        """UPDATE deliveries SET status = 'waiting', hold = 'finality'
           WHERE kind = 'retraction' AND status = 'ready' RETURNING id"""
    )
    receiver.received.clear()
    receiver.answer_otherwise(answering())
    await dispatch_later(it)
    assert said_of(receiver, moved) == [["alert"]] * len(moved)


async def test_a_retraction_nobody_has_taken_up_is_called_off_when_its_transaction_returns(
    it: Installation, devnet: Devnet, receiver: Receiver, owner: Actor
) -> None:
    devnet.node("evm").produce(5)
    await find(it)
    await it.dispatch()
    devnet.node("evm").fork(3)
    await find(it)
    await it.dispatch()
    moved = [each.transaction_hash for each in expected_transfers(devnet).moved]
    assert moved
    assert said_of(receiver, moved) == [["alert"]] * len(moved)


async def test_a_worker_whose_clock_is_behind_does_not_turn_the_order_round(
    it: Installation, devnet: Devnet, receiver: Receiver, owner: Actor
) -> None:
    devnet.node("evm").produce(5)
    await find(it)
    receiver.fail_times(1000)
    await it.dispatch()
    devnet.node("evm").fork(3)
    await it.watch("evm")
    await work_with_clock(it, -timedelta(minutes=5))
    assert "retraction" not in await claimed_kinds(it, it.system.clock.now() + AN_HOUR)


async def test_a_worker_whose_clock_is_ahead_does_not_keep_alerts_waiting(
    it: Installation, devnet: Devnet, owner: Actor
) -> None:
    devnet.node("evm").produce(3)
    await it.watch("evm")
    await work_with_clock(it, AN_HOUR)
    assert await claimed_kinds(it, it.system.clock.now())


async def work_with_clock(it: Installation, shift: timedelta) -> None:
    """Let a worker whose clock is wrong evaluate all that is in the logs."""
    system = replace(it.system, clock=ShiftedClock(it.system.clock, shift))
    assert system.hints is not None
    it.worker = build_worker(system, it.loops, system.hints)
    await it.work()
