"""The branch we are on, row by row."""

from datetime import UTC, datetime
from uuid import UUID

from tocsin.model.block import BlockRef, LogAction, LogRow
from tocsin.model.ids import NetworkId
from tocsin.orchestrator.reorg import Branch, head_left_branch, head_precedes_branch

NETWORK = NetworkId(UUID(int=1))


def a_block(number: int, branch: str = "a") -> BlockRef:
    return BlockRef(
        number=number,
        hash=f"{branch}{number}",
        parent_hash=f"{branch}{number - 1}",
        block_time=datetime(2026, 1, 1, tzinfo=UTC),
    )


def rows(*steps: tuple[LogAction, BlockRef], first_seq: int = 1) -> list[LogRow]:
    return [
        LogRow(network_id=NETWORK, seq=seq, action=action, ref=ref)
        for seq, (action, ref) in enumerate(steps, first_seq)
    ]


def applied(*numbers: int, first_seq: int = 1) -> list[LogRow]:
    steps = [(LogAction.APPLY, a_block(number)) for number in numbers]
    return rows(*steps, first_seq=first_seq)


def test_an_empty_log_has_no_tip_and_nothing_to_ask_for() -> None:
    branch = Branch((), most_blocks=10)
    assert branch.tip is None
    assert branch.next_number is None


def test_the_next_block_follows_the_tip() -> None:
    branch = Branch(applied(5, 6, 7), most_blocks=10)
    assert branch.next_number == 8
    assert branch.hash_at(6) == "a6"
    assert branch.hash_at(8) is None
    assert branch.hash_at(4) is None


def test_a_reverted_block_is_no_longer_ours() -> None:
    branch = Branch(applied(5, 6, 7), most_blocks=10)
    branch.follow(LogAction.REVERT, a_block(7))
    assert branch.tip == a_block(6)
    assert branch.hash_at(7) is None


def test_a_log_reverted_to_nothing_starts_where_it_began() -> None:
    branch = Branch(applied(5), most_blocks=10)
    branch.follow(LogAction.REVERT, a_block(5))
    assert branch.tip is None
    assert branch.next_number == 5


def test_reverts_come_newest_first() -> None:
    branch = Branch(applied(5, 6, 7), most_blocks=10)
    assert [step.ref.number for step in branch.reverts_above(5)] == [7, 6]


def test_a_late_block_does_not_become_the_tip() -> None:
    branch = Branch(applied(5, 6), most_blocks=10)
    branch.follow(LogAction.APPLY, a_block(3), late=True)
    assert branch.tip == a_block(6)


def test_what_was_forgotten_is_known_to_be_missing() -> None:
    assert Branch(applied(5, 6, 7), most_blocks=3).is_whole
    assert not Branch(applied(5, 6, 7, 8), most_blocks=3).is_whole
    assert not Branch(applied(5, 6, first_seq=9), most_blocks=3).is_whole


def test_a_head_above_the_tip_says_nothing() -> None:
    branch = Branch(applied(5, 6), most_blocks=10)
    assert not head_left_branch(branch, a_block(9, "b"))


def test_a_node_that_is_behind_on_our_branch_has_not_left_it() -> None:
    branch = Branch(applied(5, 6), most_blocks=10)
    assert not head_left_branch(branch, a_block(5))


def test_another_block_at_our_height_means_another_branch() -> None:
    branch = Branch(applied(5, 6), most_blocks=10)
    assert head_left_branch(branch, a_block(6, "b"))
    assert head_left_branch(branch, a_block(5, "b"))


def test_a_head_below_all_we_remember_says_nothing() -> None:
    branch = Branch(applied(5, 6), most_blocks=10)
    assert not head_left_branch(branch, a_block(2, "b"))


def test_a_head_below_all_we_remember_cannot_be_followed() -> None:
    branch = Branch(applied(5, 6), most_blocks=10)
    assert head_precedes_branch(branch, a_block(4))
    assert not head_precedes_branch(branch, a_block(5))


def test_a_log_reverted_to_nothing_still_knows_where_it_began() -> None:
    branch = Branch(applied(5), most_blocks=10)
    branch.follow(LogAction.REVERT, a_block(5))
    assert head_precedes_branch(branch, a_block(4))
    assert not head_precedes_branch(branch, a_block(5))


def test_before_the_first_block_any_head_will_do() -> None:
    assert not head_precedes_branch(Branch((), most_blocks=10), a_block(0))
