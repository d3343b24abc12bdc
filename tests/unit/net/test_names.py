"""Names are looked up without waiting in each other's way."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.support.clock import FakeClock
from tocsin.net.names import FAILURE_SECONDS, NameResolver, look_up

ADDRESSES = ["192.0.2.1", "2001:db8::1"]
WAIT_SECONDS = 10.0


class NameServers:
    """Name servers that answer at once, or only when released; ``asked`` lists the names."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.began = threading.Semaphore(0)
        self.release = threading.Event()

    def look_up(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        self.began.release()
        if host.startswith("slow"):
            assert self.release.wait(WAIT_SECONDS)
        if host.endswith("gone"):
            raise socket.gaierror("no such name")
        return ADDRESSES


@pytest.fixture
async def servers() -> AsyncIterator[NameServers]:
    servers = NameServers()
    yield servers
    servers.release.set()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(moves_alone=False)


async def begun(servers: NameServers) -> None:
    """Return once one more lookup has begun."""
    assert await asyncio.to_thread(servers.began.acquire, timeout=WAIT_SECONDS)


async def test_all_addresses_are_given(servers: NameServers, clock: FakeClock) -> None:
    resolver = NameResolver("test", clock, lookup=servers.look_up)
    assert await resolver("a.example", 443) == ADDRESSES


async def test_a_name_is_asked_again_each_time(servers: NameServers, clock: FakeClock) -> None:
    resolver = NameResolver("test", clock, lookup=servers.look_up)
    for _ in range(2):
        await resolver("a.example", 443)
    assert servers.asked == ["a.example"] * 2


async def test_many_who_wait_for_one_name_take_one_thread(
    servers: NameServers, clock: FakeClock
) -> None:
    resolver = NameResolver("test", clock, lookup=servers.look_up, threads=2)
    waiting = [asyncio.create_task(resolver("slow.example", 443)) for _ in range(9)]
    await begun(servers)
    assert await resolver("quick.example", 443) == ADDRESSES
    servers.release.set()
    assert await asyncio.gather(*waiting) == [ADDRESSES] * 9
    assert servers.asked == ["slow.example", "quick.example"]


async def test_those_who_gave_up_hold_one_thread_for_a_name(
    servers: NameServers, clock: FakeClock
) -> None:
    resolver = NameResolver("test", clock, lookup=servers.look_up, threads=2)
    for _ in range(5):
        impatient = asyncio.create_task(resolver("slow.example", 443))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
    assert await resolver("quick.example", 443) == ADDRESSES
    assert servers.asked.count("slow.example") == 1


async def test_one_that_gives_up_leaves_the_others_waiting(
    servers: NameServers, clock: FakeClock
) -> None:
    resolver = NameResolver("test", clock, lookup=servers.look_up)
    patient, impatient = (asyncio.create_task(resolver("slow.example", 443)) for _ in range(2))
    await begun(servers)
    impatient.cancel()
    servers.release.set()
    assert await patient == ADDRESSES


async def test_slow_names_of_one_purpose_hold_up_no_other_purpose(
    servers: NameServers, clock: FakeClock
) -> None:
    channels = NameResolver("channels", clock, lookup=servers.look_up, threads=1)
    nodes = NameResolver("nodes", clock, lookup=servers.look_up, threads=1)
    waiting = asyncio.create_task(channels("slow.example", 443))
    await begun(servers)
    assert await nodes("quick.example", 443) == ADDRESSES
    servers.release.set()
    await waiting


async def test_a_name_that_failed_is_left_alone_for_a_moment(
    servers: NameServers, clock: FakeClock
) -> None:
    resolver = NameResolver("test", clock, lookup=servers.look_up)
    for _ in range(3):
        with pytest.raises(OSError, match="name"):
            await resolver("gone", 443)
    assert servers.asked == ["gone"]
    clock.advance(FAILURE_SECONDS)
    with pytest.raises(OSError, match="name"):
        await resolver("gone", 443)
    assert servers.asked == ["gone", "gone"]


async def test_too_many_names_at_once_are_refused(
    servers: NameServers, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.net.names._MOST_LOOKUPS", 3)
    resolver = NameResolver("test", clock, lookup=servers.look_up, threads=1)
    waiting = [asyncio.create_task(resolver(f"slow{each}", 443)) for each in range(3)]
    await begun(servers)
    with pytest.raises(OSError, match="too many"):
        await resolver("quick.example", 443)
    servers.release.set()
    await asyncio.gather(*waiting)


async def test_closing_waits_for_no_lookup(servers: NameServers, clock: FakeClock) -> None:
    resolver = NameResolver("test", clock, lookup=servers.look_up, threads=1)
    waiting = [asyncio.create_task(resolver(name, 443)) for name in ("slow1", "slow2")]
    await begun(servers)
    resolver.close()
    await asyncio.wait(waiting, timeout=WAIT_SECONDS)
    assert ([task.cancelled() for task in waiting], servers.asked) == ([True, True], ["slow1"])


def test_the_system_knows_this_machine() -> None:
    assert set(look_up("localhost")) & {"127.0.0.1", "::1"}
