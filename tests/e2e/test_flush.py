"""Valkey may lose everything, or die, in the middle of the work: nothing is lost or doubled."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
import redis

from tests.support.platform import Platform, wait_for
from tests.support.scenario import Scenario, open_scenario
from tests.support.verdict import expected_count

ROUNDS = 8
FLUSHES_A_ROUND = 6
CACHE_KILLS = 3
LEAST_MATCHES = 300


@pytest.fixture
async def scenario(data_dir: Path, tmp_path: Path) -> AsyncIterator[Scenario[Platform]]:
    async with open_scenario(31, data_dir, tmp_path) as scenario:
        yield scenario


def flush(scenario: Scenario[Platform]) -> None:
    """Empty the cache."""
    with redis.Redis.from_url(scenario.platform.valkey_url) as client:
        client.flushall()


def answers(url: str) -> bool:
    """Return whether a Valkey answers."""
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


async def require_nothing_lost(scenario: Scenario[Platform]) -> None:
    """Produce what is missing, stop production, and compare with the oracle."""
    await scenario.produce_at_least(LEAST_MATCHES)
    expected = await scenario.require_all_right()
    assert expected_count(expected) >= LEAST_MATCHES


async def test_a_cache_emptied_again_and_again_costs_nothing(scenario: Scenario[Platform]) -> None:
    random = Random("flushes")
    for number in range(ROUNDS):
        if number == ROUNDS // 2:
            await scenario.fork()
        await scenario.devnet.order("evm", "produce", {"count": random.randint(3, 8)})
        for _ in range(FLUSHES_A_ROUND):
            await asyncio.sleep(random.uniform(0.01, 0.12))
            flush(scenario)
    await require_nothing_lost(scenario)
    requests = await scenario.platform.rows("SELECT hash FROM bundle_requests")
    assert requests, "no flush came between a block and its evaluation"


async def test_a_killed_cache_is_started_again_and_costs_nothing(
    scenario: Scenario[Platform],
) -> None:
    random, platform = Random("cache kills"), scenario.platform
    for _ in range(CACHE_KILLS):
        await asyncio.sleep(random.uniform(0.1, 0.8))
        [victim] = platform.cache_processes()
        os.kill(victim, signal.SIGKILL)
        await scenario.devnet.order("evm", "produce", {"count": random.randint(1, 6)})
        await wait_for(lambda: answers(platform.valkey_url), seconds=10)
    await require_nothing_lost(scenario)
