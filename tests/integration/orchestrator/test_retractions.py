"""Whoever may have heard of an orphan is told of its end; nobody else is."""

from datetime import timedelta

import pytest

from tests.support.expectations import big_transfers
from tests.support.installation import Installation
from tests.support.receiver import Receiver
from tocsin.devnet.oracle import Oracle
from tocsin.devnet.server import Devnet
from tocsin.storage import outbox

LEASE = timedelta(minutes=1)
HOLDER = "test"  # the name under which the installation holds its leases


@pytest.fixture
async def watched(it: Installation, devnet: Devnet, receiver: Receiver) -> Installation:
    """Give an installation with five blocks matched and nothing sent."""
    await it.add_network("evm", devnet.urls()["evm"])
    await it.watch("evm")
    monitor, _ = big_transfers("big", "evm", 0)
    owner = await it.add_tenant("acme", "evm")
    await it.add_trigger(owner, "hook", receiver.url)
    await it.add_monitor(owner, monitor)
    devnet.node("evm").produce(5)
    await it.watch("evm")
    await it.work()
    return it


async def claim(it: Installation) -> int:
    """Claim everything as a dispatcher does just before it sends; return how much."""
    async with it.loops.session() as session:
        claimed = await outbox.claim_deliveries_for_all_tenants(
            session, HOLDER, it.system.clock.now(), LEASE, 1000
        )
    return len(claimed)


async def reclaim(it: Installation) -> int:
    """Take back what a dead dispatcher left, as its successor does first."""
    async with it.loops.session() as session:
        return await outbox.reclaim_deliveries_for_all_tenants(
            session, it.system.clock.now(), leased_by=HOLDER
        )


def gone(devnet: Devnet) -> set[str]:
    """Return the transactions that a fork took for good."""
    _, predicate = big_transfers("big", "evm", 0)
    facts = devnet.node("evm").network.facts()
    expected = Oracle(facts, {"big": predicate}).expected("big")
    found = {each.transaction_hash for each in expected.orphaned - expected.moved}
    assert found
    return found


def said_of(receiver: Receiver) -> dict[str, list[str]]:
    """Return the kinds of messages about each transaction, in order."""
    said: dict[str, list[str]] = {}
    for each in receiver.received:
        said.setdefault(each.data()["transaction"]["hash"], []).append(each.data()["kind"])
    return said


async def test_an_alert_that_a_dead_dispatcher_may_have_sent_is_taken_back(
    watched: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    assert await claim(watched) == await reclaim(watched) > 0
    devnet.node("evm").fork(3)
    await watched.watch("evm")
    await watched.work()
    await watched.dispatch()
    said, lost = said_of(receiver), gone(devnet)
    assert [said.get(each) for each in lost] == [["alert", "retraction"]] * len(lost)


async def test_an_alert_that_was_never_claimed_is_cancelled(
    watched: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    devnet.node("evm").fork(3)
    await watched.watch("evm")
    await watched.work()
    await watched.dispatch()
    assert not gone(devnet) & said_of(receiver).keys()


async def test_a_retraction_that_waits_for_its_alert_does_not_count_as_due(
    watched: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    receiver.fail_times(1000)
    await watched.dispatch()  # every alert will be tried again, later
    devnet.node("evm").fork(3)
    await watched.watch("evm")
    await watched.work()
    async with watched.loops.session() as session:
        # what is new on the other branch is of no interest here
        await session.execute(
            """UPDATE deliveries SET status = 'cancelled'
               WHERE kind = 'alert' AND attempt_count = 0"""
        )
        due_at = await outbox.next_due_at_for_all_tenants(session)
    assert due_at is not None
    assert due_at > watched.system.clock.now()
