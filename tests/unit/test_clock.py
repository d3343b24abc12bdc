"""The fake clock behaves, as every test of a loop leans on it."""

import asyncio

import pytest

from tests.support.clock import FakeClock
from tocsin.clock import Clock


async def test_sleeping_moves_both_times_alike() -> None:
    clock = FakeClock()
    before = clock.now()
    await clock.sleep(90)
    assert ((clock.now() - before).total_seconds(), clock.monotonic()) == (90, 90)


async def test_sleepers_wake_in_the_order_of_their_ends() -> None:
    clock = FakeClock()
    woken: list[tuple[str, float]] = []

    async def sleep_twice(name: str, seconds: float) -> None:
        for _ in range(2):
            await clock.sleep(seconds)
            woken.append((name, clock.monotonic()))

    await asyncio.gather(sleep_twice("slow", 10), sleep_twice("quick", 3))
    assert woken == [("quick", 3), ("quick", 6), ("slow", 10), ("slow", 20)]


async def test_equal_ends_wake_in_the_order_of_falling_asleep() -> None:
    clock = FakeClock()
    woken: list[int] = []

    async def sleep(number: int) -> None:
        await clock.sleep(5)
        woken.append(number)

    await asyncio.gather(*(sleep(number) for number in range(5)))
    assert woken == [0, 1, 2, 3, 4]


async def test_a_cancelled_sleeper_moves_no_time() -> None:
    clock = FakeClock()
    sleeper = asyncio.create_task(clock.sleep(100))
    await asyncio.sleep(0)
    sleeper.cancel()
    await clock.sleep(1)
    assert clock.monotonic() == 1


async def test_a_clock_that_does_not_move_alone_waits_for_advance() -> None:
    clock = FakeClock(moves_alone=False)
    sleeper = asyncio.create_task(clock.sleep(10))
    for _ in range(50):
        await asyncio.sleep(0)
    clock.advance(9)
    await asyncio.sleep(0)
    assert not sleeper.done()
    clock.advance(1)
    await sleeper


async def test_a_timeout_on_the_loops_own_time_is_not_moved() -> None:
    clock = FakeClock()
    async with asyncio.timeout(5):
        await clock.sleep(1_000_000)


@pytest.mark.parametrize("seconds", [0, -1])
async def test_sleeping_no_time_moves_none(seconds: float) -> None:
    clock = FakeClock()
    await clock.sleep(seconds)
    assert clock.monotonic() == 0


def test_the_fake_is_a_clock() -> None:
    clock: Clock = FakeClock()
    assert clock.now().utcoffset() is not None
