"""A real ERC-20 on a real node: what its receipts say is matched, and told once, signed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.support.anvil import Anvil
from tests.support.anvil_stage import (
    FAILED,
    LARGE,
    NETWORK,
    PAYING,
    Stage,
    monitors_of,
    set_stage,
)
from tests.support.installation import Installation, a_network
from tests.support.receiver import Receiver
from tests.support.relay import Relay
from tests.support.token import Token
from tocsin.cli.match import match_command
from tocsin.errors import BlockNotFoundError

pytestmark = pytest.mark.anvil


async def test_matches_are_those_the_receipts_speak_of(stage: Stage) -> None:
    for extra in range(3):
        await stage.send_everything(extra=extra)
        await stage.node.mine(2)
    await Token.deploy(stage.node)  # its first transfer is large, and of another contract
    await stage.advance()

    found = {name: len(each.active) for name, each in stage.expected().items()}
    assert found == {LARGE: 6, FAILED: 3, PAYING: 3}
    await stage.require_matches()


async def test_each_match_is_told_once_and_signed(stage: Stage) -> None:
    for extra in range(2):
        await stage.send_everything(extra=extra)
        await stage.node.mine()
        await stage.advance()

    expected = {
        (name, *place): ["alert"]
        for name, each in stage.expected().items()
        for place in each.active
    }
    assert stage.told() == expected
    stage.require_messages()


async def test_a_message_carries_the_exact_arguments(stage: Stage) -> None:
    transaction = await stage.token.transfer(2**200 + 1, to=3)
    await stage.node.mine()
    await stage.advance()

    (message,) = stage.receiver.received
    assert message.data()["transaction"]["hash"] == transaction
    (event,) = message.data()["matched_on_args"]["events"]
    values = {each["name"]: each["value"] for each in event["args"]}
    assert values == {
        "sender": stage.node.accounts[0],
        "receiver": stage.node.accounts[3],
        "value": str(2**200 + 1),
    }


async def test_a_failed_transfer_is_no_transfer(stage: Stage) -> None:
    transaction = await stage.token.transfer(2**256 - 1)
    await stage.node.mine()
    await stage.advance()
    told = {(name, found): kinds for (name, _, found), kinds in stage.told().items()}
    assert told == {(FAILED, transaction): ["alert"]}


@pytest.mark.parametrize(
    "methods",
    [("eth_getBlockReceipts",), ("eth_getBlockReceipts", "eth_getTransactionReceipt")],
    ids=["of the block", "of anything"],
)
async def test_receipts_that_are_not_there_yet_are_waited_for(
    node: Anvil, it: Installation, receiver: Receiver, relay: Relay, methods: tuple[str, ...]
) -> None:
    stage = await set_stage(node, it, receiver, relay.url)
    await stage.send_everything()
    await node.mine(2)
    relay.withhold(*methods)
    with pytest.raises(BlockNotFoundError):
        await stage.advance()
    assert relay.withheld_count
    logged = await it.rows("SELECT max(number) AS number FROM chain_log")
    assert logged == [{"number": stage.since - 1}]

    relay.withhold()
    await stage.advance()
    assert stage.expected()[LARGE].active
    await stage.require_matches()


async def test_matching_a_saved_block_gives_the_same_matches(stage: Stage, tmp_path: Path) -> None:
    for extra in range(2):
        await stage.send_everything(extra=extra)
        await stage.node.mine()
    await stage.advance()
    stored = {
        (row["name"], row["block_hash"], row["transaction_hash"]): json.loads(row["reasons"])
        for row in await stage.it.rows(
            """SELECT o.name, m.block_hash, m.transaction_hash, m.reasons
               FROM matches m JOIN tenant_monitors o ON o.id = m.monitor_id"""
        )
    }

    found = [line for saved in await save_blocks(stage, tmp_path) for line in match(saved)]
    offline = {
        (line["monitor"], line["block_hash"], line["transaction_hash"]): {
            part: line[part] for part in ("matched_on", "matched_on_args")
        }
        for line in found
    }
    assert len(found) == len(offline)
    assert offline == stored
    assert {name for name, _, _ in offline} == {LARGE, FAILED, PAYING}


async def save_blocks(stage: Stage, root: Path) -> list[list[str]]:
    """Write what the node answers into files; return the options that name each block's."""
    (root / "network.json").write_bytes(a_network(NETWORK, stage.node.url, confirmation_blocks=1))
    (root / "monitors").mkdir()
    for monitor in monitors_of(stage.token):
        (root / "monitors" / f"{monitor['name']}.json").write_text(json.dumps(monitor))
    shared = ["--network", str(root / "network.json"), "--monitors", str(root / "monitors")]
    saved = []
    for number in range(stage.since, await stage.node.head_number() + 1):
        block = root / f"block-{number}.json"
        block.write_bytes(await stage.node.ask_bytes("eth_getBlockByNumber", hex(number), True))
        receipts = root / f"receipts-{number}.json"
        receipts.write_bytes(await stage.node.ask_bytes("eth_getBlockReceipts", hex(number)))
        saved.append([*shared, "--block", str(block), "--receipts", str(receipts)])
    return saved


def match(options: list[str]) -> list[dict[str, Any]]:
    result = CliRunner().invoke(match_command, options)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]
