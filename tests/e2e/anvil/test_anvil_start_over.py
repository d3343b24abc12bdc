"""Another chain under the same address and chain id: a development node that was restarted."""

import pytest
from structlog.testing import capture_logs

from tests.support.anvil import Anvil
from tests.support.anvil_stage import NETWORK, Stage, set_stage
from tests.support.installation import Installation
from tests.support.receiver import Receiver
from tests.support.token import Token
from tocsin.errors import BlockNotFoundError, ReorgTooDeepError
from tocsin.orchestrator import watcher

pytestmark = pytest.mark.anvil

LOG = "SELECT action, number, hash FROM chain_log ORDER BY seq"


async def told_blocks(stage: Stage, count: int) -> None:
    for extra in range(count):
        await stage.send_everything(extra=extra)
        await stage.node.mine()
        await stage.advance()


async def test_a_chain_that_outgrew_the_old_one_replaces_it(stage: Stage) -> None:
    await told_blocks(stage, 2)
    old = set(stage.told())
    await stage.node.start_over()
    await stage.node.mine(stage.since - 1)
    await Token.deploy(stage.node)
    await stage.token.transfer(5)  # so that no transaction is the same as on the old chain
    await stage.send_everything(extra=9)
    await stage.node.mine(3)
    with capture_logs() as logs:
        await stage.advance()

    await stage.require_matches()
    told = stage.told()
    assert all(told[place] == ["alert", "retraction"] for place in old)
    expected = {(name, *place) for name, each in stage.expected().items() for place in each.active}
    assert {place for place, kinds in told.items() if kinds == ["alert"]} == expected != set()
    (said,) = (each for each in logs if each["event"] == "chain.replaced")
    assert said["log_level"] == "warning"


async def test_a_chain_younger_than_all_we_know_stops_the_watcher_with_a_reason(
    stage: Stage,
) -> None:
    await told_blocks(stage, 1)
    before = await stage.it.rows(LOG)
    matched = await stage.it.found("active")
    await stage.node.start_over()
    for _ in range(2):
        with pytest.raises(BlockNotFoundError, match="head, block 0, is older"):
            await stage.it.watch(NETWORK)
    assert await stage.it.rows(LOG) == before
    await stage.it.work()
    assert await stage.it.found("active") == matched != set()


async def test_a_chain_beyond_what_we_remember_is_not_followed(
    node: Anvil, it: Installation, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "BRANCH_BLOCKS", 2)
    stage = await set_stage(node, it, receiver, node.url)
    await told_blocks(stage, 3)
    before = await it.rows(LOG)
    matched = await it.found("active")
    await node.start_over()
    await Token.deploy(node)
    await stage.send_everything()
    await node.mine(6)
    for _ in range(2):
        with pytest.raises(ReorgTooDeepError, match="the oldest remembered"):
            await it.watch(NETWORK)
    assert await it.rows(LOG) == before
    await it.work()
    assert await it.found("active") == matched != set()
