"""The branch we are on, and what to say when the chain left it (pure)."""

from collections import deque
from collections.abc import Iterable

from tocsin.model.block import BlockRef, LogAction, LogRow, LogStep


class Branch:
    """The newest canonical blocks, as the chain log tells them.

    ``is_whole`` says that nothing came before the oldest one: the log begins there.
    """

    def __init__(self, rows: Iterable[LogRow], *, most_blocks: int) -> None:
        self._blocks: deque[BlockRef] = deque(maxlen=most_blocks)
        self._forgot = False
        self._start: int | None = None
        for row in rows:
            if self._start is None:
                self._start = row.ref.number
                self._forgot = row.seq > 1
            self.follow(row.action, row.ref, late=row.late)

    @property
    def tip(self) -> BlockRef | None:
        """Return the newest block, or None where there is none."""
        return self._blocks[-1] if self._blocks else None

    @property
    def oldest_number(self) -> int | None:
        """Return the number of the oldest block remembered, or None where there is none."""
        return self._blocks[0].number if self._blocks else None

    @property
    def is_whole(self) -> bool:
        """Return whether the log holds nothing older than what is remembered."""
        return not self._forgot

    @property
    def next_number(self) -> int | None:
        """Return the number to ask for next; None where the log has never had a block."""
        return self._blocks[-1].number + 1 if self._blocks else self._start

    def hash_at(self, number: int) -> str | None:
        """Return the hash of our block of that number, or None where we remember none."""
        if not self._blocks:
            return None
        index = number - self._blocks[0].number
        return self._blocks[index].hash if 0 <= index < len(self._blocks) else None

    def follow(self, action: LogAction, ref: BlockRef, *, late: bool = False) -> None:
        """Take in one row of the log."""
        if late:
            return
        if action is LogAction.REVERT:
            if self._blocks:
                self._blocks.pop()
            return
        if self._start is None:
            self._start = ref.number
        self._forgot = self._forgot or len(self._blocks) == self._blocks.maxlen
        self._blocks.append(ref)

    def reverts_above(self, number: int) -> list[LogStep]:
        """Return the steps that revert every block above that number, newest first."""
        return [
            LogStep(action=LogAction.REVERT, ref=ref)
            for ref in reversed(self._blocks)
            if ref.number > number
        ]


def head_left_branch(branch: Branch, head: BlockRef) -> bool:
    """Return whether a node's head says that the chain is no longer on our branch.

    A head above our tip says nothing: its parents will. A head at or below it must be a block
    of ours; otherwise the node is on another branch, not merely behind.
    """
    tip = branch.tip
    if tip is None or head.number > tip.number:
        return False
    ours = branch.hash_at(head.number)
    return ours is not None and ours != head.hash


def head_precedes_branch(branch: Branch, head: BlockRef) -> bool:
    """Return whether a node's head is older than all we remember.

    Such a node has lost most of its chain or has another one; nothing in our log can tell which.
    """
    first = branch.next_number if branch.oldest_number is None else branch.oldest_number
    return first is not None and head.number < first
