"""Keeps each network's match plan equal to the configuration in PostgreSQL.

The truth is polled as ``(tenant, config_version)``; a notification only makes the next look
come sooner. One monitor that cannot be loaded is put into quarantine, on record; the rest go on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import structlog

from tocsin.clock import Clock
from tocsin.errors import TocsinError
from tocsin.matching.compiled import COMPILER_VERSION
from tocsin.matching.plan import MatchPlan
from tocsin.model.ids import MonitorId, NetworkId, ShardId, TenantId
from tocsin.model.network import Network
from tocsin.orchestrator.memory import long_lived
from tocsin.orchestrator.supervisor import guarded
from tocsin.storage import plans as storage
from tocsin.storage.hints import Hint
from tocsin.storage.plans import StoredPlan
from tocsin.storage.pool import Database
from tocsin.telemetry import metrics

log = structlog.get_logger()

LOOK_SECONDS = 0.5

LoadPlan = Callable[[StoredPlan, Network, MatchPlan], None]


@dataclass(slots=True, kw_only=True)
class NetworkPlan:
    """What is matched on one network.

    ``monitors`` are those in ``matches``; ``unrecorded`` those of them whose effect is not yet
    on record. ``shards`` counts the monitors of each shard.
    """

    network: Network
    matches: MatchPlan = field(default_factory=MatchPlan)
    monitors: dict[MonitorId, StoredPlan] = field(default_factory=dict)
    unrecorded: dict[MonitorId, StoredPlan] = field(default_factory=dict)
    shards: Counter[ShardId] = field(default_factory=Counter)

    def add(self, stored: StoredPlan) -> None:
        """Note a monitor that is in ``matches``."""
        self.monitors[stored.monitor_id] = stored
        self.shards[stored.shard_id] += 1
        if self.network.id not in stored.recorded_on:
            self.unrecorded[stored.monitor_id] = stored

    def remove(self, monitor_id: MonitorId) -> None:
        """Forget a monitor; nothing if it is not there."""
        self.matches.remove(monitor_id)
        self.unrecorded.pop(monitor_id, None)
        stored = self.monitors.pop(monitor_id, None)
        if stored is not None:
            self.shards[stored.shard_id] -= 1

    def has_any_of(self, shards: Iterable[ShardId]) -> bool:
        """Return whether a monitor of one of the shards is matched here."""
        return any(self.shards[shard] for shard in shards)


class PlanKeeper:
    """Every tenant's monitors, loaded; changed tenants are loaded again as a whole."""

    def __init__(self, database: Database, load_plan: LoadPlan, clock: Clock, hint: Hint) -> None:
        self._database = database
        self._load_plan = load_plan
        self._clock = clock
        self._hint = hint
        self._looked_at: float | None = None
        self._held: dict[TenantId, list[StoredPlan]] = {}
        self._plans: dict[NetworkId, NetworkPlan] = {}
        self._networks_version = -1
        self.versions: dict[TenantId, int] = {}

    def plan_of(self, network_id: NetworkId) -> NetworkPlan | None:
        """Return what is matched on a network, or None where nothing ever was."""
        return self._plans.get(network_id)

    def plan_alone(self, stored: StoredPlan, network: Network) -> MatchPlan:
        """Return a plan of one monitor only.

        Raises:
            InputError: it cannot be loaded any more.
        """
        plan = MatchPlan()
        self._load_plan(stored, network, plan)
        return plan

    def forget(self) -> None:
        """Load everything again at the next refresh, with what is on record by then."""
        self.versions = {}
        self._looked_at = None

    async def refresh(self) -> bool:
        """Take up changed configurations, at most every half second unless told of one.

        Returns whether anything changed. When it fails nothing has changed, and the next call
        looks again.
        """
        now = self._clock.monotonic()
        is_due = self._looked_at is None or now - self._looked_at >= LOOK_SECONDS
        if not is_due and not self._hint.take():
            return False
        self._looked_at = None
        async with self._database.session() as session:
            versions = await storage.config_versions_for_all_tenants(session)
            changed = {
                tenant_id
                for tenant_id, version in versions.items()
                if self.versions.get(tenant_id) != version
            }
            gone = self._held.keys() - versions.keys()
            networks: dict[NetworkId, Network] = {}
            stored: list[StoredPlan] = []
            networks_version = await storage.networks_version_for_all_tenants(session)
            networks_changed = networks_version != self._networks_version
            if changed or networks_changed:
                found = await storage.list_networks_for_all_tenants(session)
                networks = {network.id: network for network in found}
            if changed:
                stored = await storage.list_plans_for_all_tenants(
                    session, changed, COMPILER_VERSION
                )
        self._looked_at = now
        if networks_changed:
            self._take_up(networks)
            self._networks_version = networks_version
        if not changed and not gone:
            return networks_changed
        await self._swap(changed | gone, stored, networks)
        self.versions = versions
        metrics.CONFIG_RELOADS.inc(len(changed | gone))
        return True

    def _take_up(self, networks: Mapping[NetworkId, Network]) -> None:
        for network_id in self._plans.keys() & networks.keys():
            self._plans[network_id].network = networks[network_id]

    async def _swap(
        self,
        tenants: Set[TenantId],
        stored: Sequence[StoredPlan],
        networks: Mapping[NetworkId, Network],
    ) -> None:
        # No await before all of it is done: nobody may evaluate with half a configuration.
        failed: list[tuple[StoredPlan, NetworkId, Exception]] = []
        healed: list[tuple[StoredPlan, NetworkId]] = []
        with long_lived(len(stored)):
            for tenant_id in tenants:
                self._drop(tenant_id)
            for new in stored:
                self._held.setdefault(new.tenant_id, []).append(new)
                for network_id in new.from_seqs.keys() & networks.keys():
                    error = self._hold(new, networks[network_id])
                    if error is not None:
                        failed.append((new, network_id, error))
                    elif network_id in new.quarantined_on:
                        healed.append((new, network_id))
        await self._record(failed, healed)

    def _drop(self, tenant_id: TenantId) -> None:
        for old in self._held.pop(tenant_id, ()):
            for network_id in old.from_seqs:
                if network_id in self._plans:
                    self._plans[network_id].remove(old.monitor_id)

    def _hold(self, stored: StoredPlan, network: Network) -> Exception | None:
        """Put a monitor into a network's plan; return why it could not be, or None."""
        plan = self._plans.setdefault(network.id, NetworkPlan(network=network))
        plan.network = network

        def load() -> None:
            self._load_plan(stored, network, plan.matches)

        error = guarded(f"monitor:{stored.monitor_id}", load)
        if error is None:
            plan.add(stored)
        return error

    async def _record(
        self,
        failed: Sequence[tuple[StoredPlan, NetworkId, Exception]],
        healed: Sequence[tuple[StoredPlan, NetworkId]],
    ) -> None:
        if not failed and not healed:
            return
        async with self._database.session() as session:
            for stored, network_id, error in failed:
                await storage.begin_quarantine_for_all_tenants(
                    session, stored, network_id, str(error)
                )
            for stored, network_id in healed:
                await storage.end_quarantine_for_all_tenants(session, stored, network_id)
        for stored, network_id, error in failed:
            log.error(
                "monitor.quarantined",
                tenant_id=str(stored.tenant_id),
                monitor_id=str(stored.monitor_id),
                network_id=str(network_id),
                error_code=error.code if isinstance(error, TocsinError) else "bug",
            )
