"""The ledgers that the simulated RPC server still keeps."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from tocsin.devnet.stellar.rows import LedgerRows, Row


class Archive:
    """The newest ledgers without holes, at most ``retention`` of them, and never none."""

    def __init__(self, first: LedgerRows, *, retention: int) -> None:
        self.retention = retention
        self._ledgers = deque([first])
        self._transactions: dict[str, tuple[int, Row]] = {}

    @property
    def oldest(self) -> LedgerRows:
        """Return the oldest ledger that is kept."""
        return self._ledgers[0]

    @property
    def newest(self) -> LedgerRows:
        """Return the newest ledger."""
        return self._ledgers[-1]

    def append(self, ledger: LedgerRows) -> None:
        """Keep one more ledger, the next, and forget what retention no longer allows."""
        self._ledgers.append(ledger)
        for row in ledger.transactions:
            self._transactions[str(row["txHash"])] = (ledger.number, row)
        if len(self._ledgers) > self.retention:
            for row in self._ledgers.popleft().transactions:
                del self._transactions[str(row["txHash"])]

    def holds(self, number: int) -> bool:
        """Return whether the ledger of that number is kept."""
        return self.oldest.number <= number <= self.newest.number

    def since(self, number: int) -> Iterator[LedgerRows]:
        """Return the kept ledgers from that number on, in order."""
        return islice(self._ledgers, max(0, number - self.oldest.number), None)

    def until(self, number: int) -> "Archive":
        """Return what this archive was when that ledger was the newest; it shares parts.

        Never empty: a number below the oldest ledger means that one.
        """
        count = max(1, number - self.oldest.number + 1)
        view = Archive(self.oldest, retention=self.retention)
        view._ledgers = deque(islice(self._ledgers, count))
        view._transactions = self._transactions
        return view

    def find_transaction(self, transaction_hash: str) -> Row | None:
        """Return the row of a kept transaction; its hash in lower case."""
        number, row = self._transactions.get(transaction_hash, (0, None))
        return row if self.holds(number) else None
