"""Killed again and again in the middle of its work, it neither loses nor doubles anything."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path
from random import Random

import psycopg
import pytest

from tests.support.platform import Platform, wait_until
from tests.support.scenario import Scenario, open_scenario
from tests.support.verdict import expected_count

KILL_COUNT = 10
LEAST_MATCHES = 1_000
POSTMASTER_KILLS = 2
DEEP_SEEDS = range(2, 22)


async def kill_at_random_moments(scenario: Scenario[Platform], random: Random) -> None:
    """Kill it ten times, every third time with its database; fork once in between."""
    platform = scenario.platform
    fork_before = random.randint(3, 8)
    for number in range(1, KILL_COUNT + 1):
        if number == fork_before:
            await platform.ready()
            await scenario.fork()
        await scenario.devnet.order("evm", "produce", {"count": random.randint(1, 8)})
        if random.random() < 0.3:  # maybe before it has even started
            await asyncio.sleep(random.uniform(0.3, 2.0))
        else:
            await platform.ready()
            await asyncio.sleep(random.uniform(0.0, 2.0))
        await platform.kill(with_postmaster=number % 3 == 0)
        await platform.start()
    await platform.ready()


async def survive(seed: int, data_dir: Path, log_dir: Path) -> None:
    """Run one seed and insist that everything is as the oracle says."""
    async with open_scenario(seed, data_dir, log_dir) as scenario:
        await kill_at_random_moments(scenario, Random(f"kills/{seed}"))
        await scenario.produce_at_least(LEAST_MATCHES)
        expected = await scenario.require_all_right()
        assert expected_count(expected) >= LEAST_MATCHES
        assert any(each.orphaned for each in expected.values())
        assert await scenario.platform.stop() == 0


async def serves_another(scenario: Scenario[Platform], postmaster: int) -> bool:
    """Return whether a server other than that one answers."""
    if scenario.platform.server_pid() in {None, postmaster}:
        return False
    try:
        return bool(await scenario.platform.rows("SELECT 1 AS one"))
    except psycopg.OperationalError:  # it recovers
        return False


async def test_ten_kills_lose_and_double_nothing(data_dir: Path, tmp_path: Path) -> None:
    await survive(1, data_dir, tmp_path)


async def test_a_killed_database_is_started_again_and_costs_nothing(
    data_dir: Path, tmp_path: Path
) -> None:
    random = Random("postmaster")
    async with open_scenario(41, data_dir, tmp_path) as scenario:
        for _ in range(POSTMASTER_KILLS):
            await asyncio.sleep(random.uniform(0.3, 1.0))
            postmaster = scenario.platform.server_pid()
            assert postmaster is not None
            os.kill(postmaster, signal.SIGKILL)
            await wait_until(partial(serves_another, scenario, postmaster), seconds=20)
        await scenario.produce_at_least(LEAST_MATCHES // 5)
        await scenario.require_all_right()


@pytest.mark.deep
@pytest.mark.parametrize("seed", DEEP_SEEDS)
async def test_ten_kills_lose_and_double_nothing_whatever_the_seed(
    seed: int, data_dir: Path, tmp_path: Path
) -> None:
    await survive(seed, data_dir, tmp_path)
