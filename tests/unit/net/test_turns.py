"""Who may send a request when, without one."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tocsin.errors import ChannelUnavailableError
from tocsin.net.turns import Turns

PATIENT = 30.0
AT_ONCE = 0.0


async def has_turn(turns: Turns, host: str) -> bool:
    try:
        async with turns.take(host, 443, AT_ONCE):
            return True
    except ChannelUnavailableError:
        return False


async def test_one_far_side_has_so_many_turns_and_another_its_own() -> None:
    turns = Turns(most=9, most_per_host=2)
    async with turns.take("a", 443, PATIENT), turns.take("a", 443, PATIENT):
        assert [await has_turn(turns, host) for host in ("a", "b")] == [False, True]
    assert await has_turn(turns, "a")


async def test_there_are_so_many_turns_in_all() -> None:
    turns = Turns(most=2, most_per_host=2)
    async with turns.take("a", 443, PATIENT), turns.take("b", 443, PATIENT):
        assert not await has_turn(turns, "c")
    assert await has_turn(turns, "c")


async def test_who_waits_for_a_far_side_holds_up_no_other() -> None:
    turns = Turns(most=2, most_per_host=1)
    async with turns.take("a", 443, PATIENT):
        waiting = asyncio.create_task(has_turn_after(turns, "a"))
        await asyncio.sleep(0)
        assert await has_turn(turns, "b")
    assert await waiting


async def has_turn_after(turns: Turns, host: str) -> bool:
    async with turns.take(host, 443, PATIENT):
        return True


@pytest.mark.parametrize("busy_with", ["a", "b"])
async def test_who_gives_up_waiting_leaves_no_turn_taken(busy_with: str) -> None:
    turns = Turns(most=1, most_per_host=1)
    async with turns.take(busy_with, 443, PATIENT):
        impatient = asyncio.create_task(has_turn_after(turns, "a"))
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait([impatient])
        assert impatient.cancelled()
        assert not await has_turn(turns, "a")
    assert [await has_turn(turns, host) for host in ("a", "b")] == [True, True]


async def test_a_request_that_fails_gives_its_turn_back() -> None:
    turns = Turns(most=1, most_per_host=1)
    with pytest.raises(ValueError, match="broken"):
        async with turns.take("a", 443, PATIENT):
            raise ValueError("broken")
    assert await has_turn(turns, "a")


async def test_far_sides_without_requests_are_forgotten() -> None:
    turns = Turns(most=100, most_per_host=1)
    async with AsyncExitStack() as stack:
        for number in range(50):
            await stack.enter_async_context(turns.take(f"host{number}", 443, PATIENT))
        assert not await has_turn(turns, "host1")
    assert turns._far_sides == {}
