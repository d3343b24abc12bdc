"""A real node changes its mind: what is taken back, what moved, what is new."""

import pytest

from tests.support.anvil_stage import ABOVE, LARGE, NETWORK, Stage
from tests.support.token import GAS, transfer_data

pytestmark = pytest.mark.anvil


async def two_told_blocks(stage: Stage) -> None:
    """Mine two blocks full of matches and tell them."""
    for extra in range(2):
        await stage.send_everything(extra=extra)
        await stage.node.mine()
    await stage.advance()


@pytest.mark.parametrize("mined_since", [0, 2], ids=["at the same height", "mined on"])
async def test_empty_blocks_instead_of_full_ones_take_every_alert_back(
    stage: Stage, mined_since: int
) -> None:
    await two_told_blocks(stage)
    head = await stage.node.head_number()
    await stage.node.reorganise(2)
    assert await stage.node.head_number() == head
    await stage.node.mine(mined_since)
    await stage.advance()

    expected = stage.expected()
    assert not any(each.active for each in expected.values())
    assert all(each.orphaned for each in expected.values())
    await stage.require_matches()
    told = stage.told()
    orphaned = {(name, *place) for name, each in expected.items() for place in each.orphaned}
    assert told == {place: ["alert", "retraction"] for place in orphaned}
    stage.require_messages()


async def test_a_transaction_in_another_block_is_neither_taken_back_nor_told_again(
    stage: Stage,
) -> None:
    stays = await stage.token.transfer(ABOVE + 1)
    goes = await stage.token.transfer(ABOVE + 2)
    await stage.node.mine(2)
    await stage.advance()
    signed = await stage.node.raw_transaction(stays)
    await stage.node.reorganise(2, [(signed, 1)])
    await stage.advance()

    assert {each.transaction_hash for each in stage.expected()[LARGE].moved} == {stays}
    await stage.require_matches()
    told = {transaction: kinds for (_, _, transaction), kinds in stage.told().items()}
    assert told == {stays: ["alert"], goes: ["alert", "retraction"]}


async def test_what_the_new_branch_has_instead_is_told(stage: Stage) -> None:
    await two_told_blocks(stage)
    before = set(stage.told())
    amounts = (ABOVE, ABOVE + 7, ABOVE + 8)
    transfers = [await a_transfer(stage, amount, nth) for nth, amount in enumerate(amounts)]
    await stage.node.reorganise(2, list(zip(transfers, (0, 0, 1), strict=True)))
    await stage.advance()

    active = stage.expected()[LARGE].active
    assert len(active) == 2
    await stage.require_matches()
    new = {place: kinds for place, kinds in stage.told().items() if place not in before}
    assert new == {(LARGE, *place): ["alert"] for place in active}
    stage.require_messages()


async def a_transfer(stage: Stage, amount: int, nth: int) -> dict[str, str]:
    """Return the nth transfer for the node to sign and put into blocks of a new branch."""
    owner = stage.token.owner
    nonce = await stage.node.ask("eth_getTransactionCount", owner, hex(stage.since - 1))
    return {
        "from": owner,
        "to": stage.token.address,
        "data": transfer_data(stage.node.accounts[1], amount),
        "nonce": hex(int(nonce, 16) + nth),
        "gas": hex(GAS),  # the node would guess too little
    }


async def test_a_branch_that_was_never_evaluated_leaves_no_message(stage: Stage) -> None:
    await stage.send_everything()
    await stage.node.mine(2)
    await stage.witness.look()
    await stage.it.watch(NETWORK)
    await stage.node.reorganise(2)
    await stage.advance()

    await stage.require_matches()
    assert not await stage.it.found("active")
    assert await stage.it.found("retracted")
    assert stage.told() == {}
