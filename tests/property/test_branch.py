"""Laws of the branch: whatever happened, it is what the log's rows leave standing."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.orchestrator.test_reorg import a_block
from tocsin.model.block import BlockRef, LogAction
from tocsin.orchestrator.reorg import Branch

forks = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), max_size=12)


def play(forks: list[tuple[int, int]]) -> tuple[Branch, list[BlockRef]]:
    """Revert and extend as told; return the branch and a plain list that did the same."""
    branch = Branch((), most_blocks=1000)
    plain: list[BlockRef] = []
    for turn, (depth, growth) in enumerate(forks):
        keep = max(len(plain) - depth, 0)
        for step in branch.reverts_above(keep):
            branch.follow(step.action, step.ref)
        del plain[keep:]
        for _ in range(growth):
            block = a_block(len(plain) + 1, f"turn{turn}-")
            branch.follow(LogAction.APPLY, block)
            plain.append(block)
    return branch, plain


@given(forks)
def test_the_branch_is_what_was_applied_and_not_reverted(forks: list[tuple[int, int]]) -> None:
    branch, plain = play(forks)
    assert [branch.hash_at(block.number) for block in plain] == [block.hash for block in plain]
    assert branch.tip == (plain[-1] if plain else None)


@given(forks, st.integers(1, 3))
def test_a_revert_and_the_same_blocks_again_change_nothing(
    forks: list[tuple[int, int]], depth: int
) -> None:
    branch, plain = play(forks)
    steps = branch.reverts_above(len(plain) - depth)
    for step in steps:
        branch.follow(step.action, step.ref)
    for step in reversed(steps):
        branch.follow(LogAction.APPLY, step.ref)
    assert branch.tip == (plain[-1] if plain else None)
    assert [branch.hash_at(block.number) for block in plain] == [block.hash for block in plain]
