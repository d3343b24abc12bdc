"""The simulated Stellar network: seeded ledgers, their RPC answers and their facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tocsin.devnet.network import BlockFacts, TransactionFacts
from tocsin.devnet.stellar.answers import Answerer
from tocsin.devnet.stellar.archive import Archive
from tocsin.devnet.stellar.envelopes import EnvelopeWriter
from tocsin.devnet.stellar.ledgers import Applied, ClosedLedger, LedgerWriter
from tocsin.devnet.stellar.outcomes import outcome_of
from tocsin.devnet.stellar.plans import plan_transaction
from tocsin.devnet.stellar.rows import render_ledger

NETWORK_NAME = "Tocsin Devnet ; January 2026"
GENESIS_TIME = 1_767_225_600  # 2026-01-01T00:00:00Z
PROTOCOLS = (22, 23)

_GENESIS_NUMBER = 1
_LARGEST_LEDGER = 1000


@dataclass(kw_only=True, eq=False)
class StellarChain:
    """A Stellar network that closes a ledger when told to; equal arguments give equal bytes.

    Ledger 1 is there from the start and empty. Ledger n closes at ``genesis_time`` (Unix
    seconds) plus n - 1 times ``close_seconds``, whatever the wall clock says.
    ``transactions_per_ledger`` are the least and the most. RPC answers reach back ``retention``
    ledgers, facts to the start.

    Facts: ``receiver`` and ``value`` (stroops) are the first payment's; for a call the contract
    and 0. Arguments that are vectors are left out. A fee bump has its own hash, but the sender,
    receiver and call of the transaction inside it.

    Raises:
        ValueError: no such network can be.
    """

    seed: int
    passphrase: str = NETWORK_NAME
    protocol: int = 23
    genesis_time: int = GENESIS_TIME
    close_seconds: int = 5
    retention: int = 1000
    slug: str = "stellar"
    transactions_per_ledger: tuple[int, int] = (4, 12)

    def __post_init__(self) -> None:
        self._require_sense()
        self._chance = Random(self.seed)
        self._envelopes = EnvelopeWriter(self.passphrase, self._chance)
        self._ledgers = LedgerWriter(self.protocol, self._chance)
        genesis = self._ledgers.close((), number=_GENESIS_NUMBER, close_time=self.genesis_time)
        self._archive = Archive(
            render_ledger(genesis, protocol=self.protocol), retention=self.retention
        )
        self._facts = [_facts_of(genesis, produced_at_ms=self.genesis_time * 1000)]

    @property
    def head_number(self) -> int:
        """Return the sequence of the newest ledger."""
        return self._archive.newest.number

    def produce(self, *, produced_at_ms: int) -> None:
        """Close one more ledger."""
        number = self.head_number + 1
        close_time = self.genesis_time + (number - _GENESIS_NUMBER) * self.close_seconds
        closed = self._ledgers.close(
            self._apply(number, close_time), number=number, close_time=close_time
        )
        self._archive.append(render_ledger(closed, protocol=self.protocol))
        self._facts.append(_facts_of(closed, produced_at_ms=produced_at_ms))

    def fork(self, depth: int, *, produced_at_ms: int) -> None:
        """Refuse: consensus closes a Stellar ledger for good.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"Stellar does not fork, neither {depth} ledgers deep nor at all")

    def answer(self, method: str, params: object) -> object:
        """Return the ``result`` of a Stellar RPC call; it shares parts and must not be changed.

        Raises:
            RpcCallError: the call has no result.
        """
        return self._answerer(self._archive).answer(method, params)

    def answer_as_of(self, head_number: int, method: str, params: object) -> object:
        """Return the ``result`` a node gives that has seen no ledger above that number.

        Raises:
            RpcCallError: the call has no result.
        """
        return self._answerer(self._archive.until(head_number)).answer(method, params)

    def facts(self, *, since_number: int = 0) -> Sequence[BlockFacts]:
        """Return every ledger ever closed from that number on, in order."""
        return self._facts[max(0, since_number - _GENESIS_NUMBER) :]

    def _answerer(self, archive: Archive) -> Answerer:
        return Answerer(archive, passphrase=self.passphrase, protocol=self.protocol)

    def _apply(self, number: int, close_time: int) -> list[Applied]:
        """Return the next ledger's transactions, payments before calls, as phases apply."""
        count = self._chance.randint(*self.transactions_per_ledger)
        plans = [plan_transaction(self._chance, round_number=number) for _ in range(count)]
        plans.sort(key=lambda plan: plan.call is not None)
        applied = []
        for plan in plans:
            envelope = self._envelopes.write(plan, close_time=close_time)
            outcome = outcome_of(plan, envelope, protocol=self.protocol)
            applied.append(Applied(plan=plan, envelope=envelope, outcome=outcome))
        return applied

    def _require_sense(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol: expected one of {PROTOCOLS}")
        if self.retention < 1 or self.close_seconds < 1 or self.genesis_time < 0:
            raise ValueError("retention and close_seconds must be above 0, genesis_time not below")
        least, most = self.transactions_per_ledger
        if not 0 <= least <= most <= _LARGEST_LEDGER:
            raise ValueError("transactions_per_ledger: expected the least and the most of them")


def _facts_of(closed: ClosedLedger, *, produced_at_ms: int) -> BlockFacts:
    return BlockFacts(
        number=closed.number,
        hash=closed.hash,
        parent_hash=closed.parent_hash,
        canonical=True,
        produced_at_ms=produced_at_ms,
        transactions=tuple(
            TransactionFacts(
                hash=applied.envelope.hash.hex(),
                index=index,
                succeeded=applied.plan.succeeds,
                sender=applied.plan.sender,
                receiver=applied.plan.receiver,
                value=applied.plan.value,
                calls=applied.plan.call_facts(),
                events=applied.plan.event_facts(),
            )
            for index, applied in enumerate(closed.applied)
        ),
    )
