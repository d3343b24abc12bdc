"""A chain that changes its mind: what is retracted, what moved, what comes back."""

from tests.support.installation import Installation
from tests.support.receiver import Receiver
from tests.support.scenes import expected_transfers, watch_big_transfers
from tocsin.devnet.server import Devnet


async def advance(it: Installation) -> None:
    await it.watch("evm")
    await it.work()
    await it.dispatch()


async def test_a_fork_retracts_what_it_orphaned_and_matches_what_replaced_it(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(6)
    await advance(it)
    devnet.node("evm").fork(3)
    await advance(it)

    expected = expected_transfers(devnet)
    assert expected.orphaned
    assert await it.found("active") == set(expected.active)
    assert await it.found("retracted") == set(expected.orphaned)


async def test_the_log_says_revert_newest_first_then_apply(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(3)
    await it.watch("evm")
    devnet.node("evm").fork(2)
    await it.watch("evm")
    rows = await it.rows("SELECT action, number FROM chain_log ORDER BY seq")
    first = rows[0]["number"]
    tail = [(row["action"], row["number"] - first) for row in rows[4:]]
    assert tail == [("revert", 3), ("revert", 2), ("apply", 2), ("apply", 3), ("apply", 4)]


async def test_a_told_alert_is_taken_back_unless_its_transaction_is_there_again(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(5)
    await advance(it)
    devnet.node("evm").fork(3)
    await advance(it)

    said: dict[str, list[str]] = {}
    for each in receiver.received:
        data = each.data()
        said.setdefault(data["transaction"]["hash"], []).append(data["kind"])
    expected = expected_transfers(devnet)
    gone = {o.transaction_hash for o in expected.orphaned - expected.moved}
    assert gone
    assert all(said[transaction] == ["alert", "retraction"] for transaction in gone)
    moved = await it.rows("SELECT status FROM deliveries WHERE kind = 'moved'")
    assert {row["status"] for row in moved} == {"suppressed"}


async def test_an_alert_that_nobody_heard_is_cancelled_not_retracted(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver, confirmations=10)
    devnet.node("evm").produce(4)
    await advance(it)
    devnet.node("evm").fork(3)
    await advance(it)

    assert receiver.received == []
    rows = await it.rows("SELECT DISTINCT kind, status FROM deliveries")
    states = {(row["kind"], row["status"]) for row in rows}
    assert ("alert", "cancelled") in states
    assert not any(kind == "retraction" for kind, _ in states)


async def test_a_block_that_was_orphaned_before_it_was_evaluated_leaves_retracted_matches(
    it: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    await watch_big_transfers(it, devnet, receiver)
    devnet.node("evm").produce(4)
    await it.watch("evm")
    devnet.node("evm").fork(2)
    await advance(it)

    expected = expected_transfers(devnet)
    assert await it.found("active") == set(expected.active)
    assert await it.found("retracted") == set(expected.orphaned)
