"""The worker: chain log to matches, for the shards it holds, on every network.

One loop: say we are alive, take up changed configurations, evaluate what the log has new. At a
crash another worker goes on from the cursors in PostgreSQL; so does this one.
"""

from contextlib import suppress

from tocsin.errors import LostOwnershipError
from tocsin.model.ids import NetworkId
from tocsin.orchestrator.evaluator import Evaluator, EvaluatorParts
from tocsin.orchestrator.supervisor import Backoff, attempt, let_go
from tocsin.storage.cursors import list_networks_with_cursors_for_all_tenants
from tocsin.storage.hints import Hint

# Without a hint the log is looked at this often.
LOOK_SECONDS = 0.25


class Worker:
    """Evaluates every network for the shards it holds."""

    def __init__(self, parts: EvaluatorParts, hint: Hint) -> None:
        self._parts = parts
        self._hint = hint
        self._evaluators: dict[NetworkId, Evaluator] = {}
        self._backoffs: dict[NetworkId, Backoff] = {}
        self._resting_until: dict[NetworkId, float] = {}
        self._must_load = True

    async def run(self) -> None:
        """Work until cancelled, then write what is only in memory and let go."""
        self._evaluators.clear()
        self._parts.plans.forget()
        self._must_load = True
        try:
            while True:
                if not await self.step():
                    await self._hint.wait(LOOK_SECONDS)
        finally:
            await let_go(self._release())

    async def _release(self) -> None:
        for evaluator in self._evaluators.values():
            # What was not written is evaluated again, which changes nothing.
            with suppress(LostOwnershipError):
                await evaluator.flush()
        await self._parts.ownership.release()

    async def step(self) -> bool:
        """Do one round over all networks; return whether anything was evaluated."""
        owner_changed = await self._parts.ownership.refresh()
        plans_changed = await self._parts.plans.refresh()
        if owner_changed or plans_changed or self._must_load:
            await self._load_cursors()
            self._must_load = False
        progressed = False
        for network_id, evaluator in self._evaluators.items():
            progressed |= await self._advance(network_id, evaluator)
        return progressed

    async def _load_cursors(self) -> None:
        # Also where nothing is matched now: what was found earlier may have to be retracted or
        # released, and a cursor that stands still would hold up whoever joins its shard.
        async with self._parts.database.session() as session:
            networks = await list_networks_with_cursors_for_all_tenants(
                session, self._parts.ownership.epochs.keys()
            )
        for network_id in networks:
            evaluator = self._evaluators.get(network_id)
            if evaluator is None:
                evaluator = self._evaluators[network_id] = Evaluator(network_id, self._parts)
            await evaluator.load()

    async def _advance(self, network_id: NetworkId, evaluator: Evaluator) -> bool:
        """Do one network's part; its failure is its own, the other networks go on."""
        now = self._parts.clock.monotonic()
        if self._resting_until.get(network_id, now) > now:
            return False
        progressed = await attempt(f"worker:{network_id}", evaluator.step)
        if progressed is None:
            backoff = self._backoffs.setdefault(network_id, Backoff(self._parts.clock))
            self._resting_until[network_id] = now + backoff.next_pause()
            evaluator.forget()
            await self._parts.ownership.refresh(at_once=True)
            await evaluator.load()
        return progressed or False
