"""Nodes that lie or refuse: nothing wrong is appended, and once healed all is as it should be."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from typing_extensions import override

from tests.support.expectations import Predicate, big_transfers
from tests.support.installation import Installation, a_stellar_network, open_installation
from tests.support.receiver import Receiver
from tocsin.clock import SystemClock
from tocsin.devnet.config import DEFAULT_NETWORK_NAME, DevnetConfig
from tocsin.devnet.evm.chain import EvmOptions
from tocsin.devnet.faults import Faults, Occasion, Refusal
from tocsin.devnet.oracle import Oracle
from tocsin.devnet.server import Devnet
from tocsin.errors import (
    ChainError,
    MalformedBlockError,
    RpcUnavailableError,
    WrongChainError,
)
from tocsin.storage.migrate import DatabaseUrls

RECEIPTS = ("eth_getBlockReceipts", "eth_getTransactionReceipt")
RETRY_AFTER_SECONDS = 30


class LeapingClock(SystemClock):
    """The machine's clock, that can be moved forward."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    @override
    def now(self) -> datetime:
        return super().now() + self.ahead

    @override
    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


@pytest.fixture
def clock() -> LeapingClock:
    return LeapingClock()


@pytest.fixture
async def twin() -> AsyncIterator[Devnet]:
    """Give a second node of the devnet's EVM chain: the same seed makes the same blocks."""
    config = DevnetConfig(port=0, paused=True, networks=(EvmOptions(),))
    async with Devnet(config, SystemClock()) as twin:
        yield twin


@pytest.fixture
async def healing(
    database_urls: DatabaseUrls,
    valkey_url: str,
    devnet: Devnet,
    twin: Devnet,
    receiver: Receiver,
    clock: LeapingClock,
) -> AsyncIterator[Installation]:
    """Give an installation that may reach both nodes, and whose clock the test can move."""
    nodes = [each.url.removeprefix("http://") for each in (devnet, twin)]
    allowed = (*nodes, f"127.0.0.1:{receiver.port}")
    async with open_installation(database_urls, valkey_url, *allowed) as installation:
        yield Installation(replace(installation.system, clock=clock))


async def expect_transfers(it: Installation, receiver: Receiver, *urls: str) -> Predicate:
    """Watch the EVM chain on those endpoints, in their order, for one tenant."""
    endpoints = [
        {"type_": "rpc", "url": {"type": "plain", "value": url}, "weight": 100 - place}
        for place, url in enumerate(urls)
    ]
    await it.add_network("evm", urls[0], rpc_urls=endpoints)
    await it.watch("evm")
    monitor, predicate = big_transfers("big", "evm", 0)
    owner = await it.add_tenant("acme", "evm")
    await it.add_trigger(owner, "hook", receiver.url)
    await it.add_monitor(owner, monitor)
    return predicate


async def require_all_right(it: Installation, devnet: Devnet, predicate: Predicate) -> None:
    """Insist that, after two blocks more, the matches are exactly the oracle's."""
    devnet.node("evm").produce(2)
    await it.watch("evm")
    await it.work()
    facts = devnet.node("evm").network.facts()
    expected = Oracle(facts, {"big": predicate}).expected("big")
    assert expected.active
    assert await it.found("active") == set(expected.active)
    assert await it.found("retracted") == set()


async def logged(it: Installation) -> list[tuple[str, int]]:
    rows = await it.rows("SELECT action, number FROM chain_log ORDER BY seq")
    return [(row["action"], row["number"]) for row in rows]


@pytest.mark.parametrize(
    ("slug", "lie"),
    [("evm", Faults(chain_id=1)), ("stellar", Faults(passphrase="Another ; 2026"))],
)
async def test_a_node_of_another_chain_is_never_believed(
    healing: Installation, devnet: Devnet, slug: str, lie: Faults
) -> None:
    more = a_stellar_network(DEFAULT_NETWORK_NAME) if slug == "stellar" else {}
    await healing.add_network(slug, devnet.urls()[slug], **more)
    devnet.node(slug).set_faults(lie)
    with pytest.raises(WrongChainError):
        await healing.watch(slug)
    assert await logged(healing) == []


async def test_a_network_heals_when_its_node_serves_the_right_chain_again(
    healing: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    predicate = await expect_transfers(healing, receiver, devnet.urls()["evm"])
    devnet.node("evm").produce(2)
    devnet.node("evm").set_faults(Faults(chain_id=1, refuse=Refusal(status=500, requests=1)))
    before = await logged(healing)
    for error in (RpcUnavailableError, WrongChainError):  # a failure makes us ask who it is
        with pytest.raises(error):
            await healing.watch("evm")
    assert await logged(healing) == before
    devnet.node("evm").set_faults(Faults())
    await require_all_right(healing, devnet, predicate)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(truncate=Occasion(requests=1)), RpcUnavailableError),
        (Faults(truncate=Occasion(requests=1, methods=RECEIPTS)), ChainError),
        (Faults(refuse=Refusal(status=500, requests=1)), RpcUnavailableError),
        (Faults(refuse=Refusal(status=503, requests=1, methods=RECEIPTS)), ChainError),
        (Faults(drop_log=Occasion(requests=1)), MalformedBlockError),
    ],
    ids=["half a head", "half the receipts", "status 500", "status 503", "a log that is missing"],
)
async def test_a_wrong_answer_is_not_appended_and_asked_for_again(
    healing: Installation,
    devnet: Devnet,
    receiver: Receiver,
    faults: Faults,
    error: type[Exception],
) -> None:
    predicate = await expect_transfers(healing, receiver, devnet.urls()["evm"])
    devnet.node("evm").produce(3)
    devnet.node("evm").set_faults(faults)
    before = await logged(healing)
    with pytest.raises(error):
        await healing.watch("evm")
    assert await logged(healing) == before
    await require_all_right(healing, devnet, predicate)


async def test_a_node_that_asks_for_time_gets_it(
    healing: Installation, devnet: Devnet, receiver: Receiver, clock: LeapingClock
) -> None:
    predicate = await expect_transfers(healing, receiver, devnet.urls()["evm"])
    node = devnet.node("evm")
    node.produce(3)
    node.set_faults(Faults(refuse=Refusal(status=429, retry_after_seconds=RETRY_AFTER_SECONDS)))
    for _ in range(5):
        with pytest.raises(RpcUnavailableError):
            await healing.watch("evm")
    assert node.counts().refused == 1
    node.set_faults(Faults())
    clock.ahead += timedelta(seconds=RETRY_AFTER_SECONDS)
    await require_all_right(healing, devnet, predicate)


async def test_a_node_that_is_behind_is_waited_for_not_followed_back(
    healing: Installation, devnet: Devnet, receiver: Receiver
) -> None:
    predicate = await expect_transfers(healing, receiver, devnet.urls()["evm"])
    node = devnet.node("evm")
    node.produce(6)
    node.set_faults(Faults(lag_blocks=2))
    await healing.watch("evm")
    seen = await logged(healing)
    node.set_faults(Faults(lag_blocks=4))
    await healing.watch("evm")
    assert await logged(healing) == seen == [("apply", number) for number in range(5)]
    node.set_faults(Faults())
    await require_all_right(healing, devnet, predicate)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(chain_id=1),
        Faults(drop_log=Occasion()),
        Faults(truncate=Occasion()),
        Faults(refuse=Refusal(status=429)),
        Faults(refuse=Refusal(status=500, methods=RECEIPTS)),
    ],
    ids=["another chain", "missing logs", "halves", "too busy", "no receipts"],
)
async def test_the_second_node_is_asked_when_the_first_does_not_tell_the_truth(
    healing: Installation, devnet: Devnet, receiver: Receiver, twin: Devnet, faults: Faults
) -> None:
    twin.node("evm").set_faults(faults)
    predicate = await expect_transfers(healing, receiver, twin.urls()["evm"], devnet.urls()["evm"])
    for _ in range(3):
        devnet.node("evm").produce(2)
        twin.node("evm").produce(2)
        await watch_with_patience(healing)
    twin.node("evm").produce(2)
    await require_all_right(healing, devnet, predicate)


async def watch_with_patience(it: Installation) -> None:
    """Look at the head as a watcher does: again after an error that can be retried."""
    for _ in range(3):
        with suppress(RpcUnavailableError, MalformedBlockError):
            await it.watch("evm")
