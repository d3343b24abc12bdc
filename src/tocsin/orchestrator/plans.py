"""Keeps each network's match plan equal to the configuration in PostgreSQL.

The truth is polled as ``(tenant, config_version)``; a notification only makes the next look
come sooner. One monitor that cannot be loaded is put into quarantine, on record; the rest go on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import structlog

from tocsin.clock import Clock
from tocsin.errors import TocsinError
from tocsin.matching.plan import MatchPlan
from tocsin.model.ids import MonitorId, NetworkId, TenantId
from tocsin.model.network import Network
from tocsin.storage import chain_log
from tocsin.storage import plans as storage
from tocsin.storage.hints import Hint
from tocsin.storage.plans import StoredPlan
from tocsin.storage.pool import Database
from tocsin.telemetry import metrics

log = structlog.get_logger()

LOOK_SECONDS = 0.5

LoadPlan = Callable[[StoredPlan, Network, MatchPlan], None]


@dataclass(slots=True)
class NetworkPlan:
    """What is matched on one network, and which monitors' effect is not yet on record."""

    network: Network
    matches: MatchPlan
    unrecorded: dict[MonitorId, StoredPlan]


class PlanKeeper:
    """Every tenant's monitors, loaded; changed tenants are loaded again as a whole."""

    def __init__(self, database: Database, load_plan: LoadPlan, clock: Clock, hint: Hint) -> None:
        self._database = database
        self._load_plan = load_plan
        self._clock = clock
        self._hint = hint
        self._looked_at: float | None = None
        self._held: dict[TenantId, dict[MonitorId, StoredPlan]] = {}
        self._plans: dict[NetworkId, NetworkPlan] = {}
        self.versions: dict[TenantId, int] = {}

    def plan_of(self, network_id: NetworkId) -> NetworkPlan | None:
        """Return what is matched on a network, or None where nothing ever was."""
        return self._plans.get(network_id)

    def network_ids(self) -> Iterator[NetworkId]:
        """Return the networks that have a plan."""
        return iter(tuple(self._plans))

    def monitor(self, tenant_id: TenantId, monitor_id: MonitorId) -> StoredPlan:
        """Return a monitor that is in a plan."""
        return self._held[tenant_id][monitor_id]

    async def refresh(self) -> bool:
        """Take up changed configurations, at most every half second unless told of one.

        Returns whether anything changed.
        """
        now = self._clock.monotonic()
        is_due = self._looked_at is None or now - self._looked_at >= LOOK_SECONDS
        if not is_due and not self._hint.take():
            return False
        self._looked_at = now
        async with self._database.session() as session:
            versions = await storage.config_versions_for_all_tenants(session)
            changed = {
                tenant_id
                for tenant_id, version in versions.items()
                if self.versions.get(tenant_id) != version
            }
            gone = self.versions.keys() - versions.keys()
            if not changed and not gone:
                return False
            networks = {
                network.id: network
                for network in await storage.list_networks_for_all_tenants(session)
            }
            plans = await storage.list_plans_for_all_tenants(session, changed)
        for tenant_id in changed | gone:
            self._drop_tenant(tenant_id)
        for plan in plans:
            await self._hold(plan, networks)
        self.versions = versions
        metrics.CONFIG_RELOADS.inc(len(changed | gone))
        return True

    def _drop_tenant(self, tenant_id: TenantId) -> None:
        for plan in self._held.pop(tenant_id, {}).values():
            for network_id in plan.network_ids:
                held = self._plans.get(network_id)
                if held is not None:
                    held.matches.remove(plan.monitor_id)
                    held.unrecorded.pop(plan.monitor_id, None)

    async def _hold(self, plan: StoredPlan, networks: Mapping[NetworkId, Network]) -> None:
        self._held.setdefault(plan.tenant_id, {})[plan.monitor_id] = plan
        try:
            for network in self._networks_of(plan, networks):
                held = self._plans.setdefault(
                    network.id, NetworkPlan(network=network, matches=MatchPlan(), unrecorded={})
                )
                held.network = network
                self._load_plan(plan, network, held.matches)
                if network.id not in plan.recorded_on:
                    held.unrecorded[plan.monitor_id] = plan
        except TocsinError as error:
            log.error("monitor.quarantined", monitor_id=str(plan.monitor_id), error_code=error.code)
            await self._quarantine(plan, str(error))

    def _networks_of(
        self, plan: StoredPlan, networks: Mapping[NetworkId, Network]
    ) -> Iterable[Network]:
        return (networks[found] for found in plan.network_ids if found in networks)

    async def _quarantine(self, plan: StoredPlan, detail: str) -> None:
        async with self._database.session() as session:
            seqs = []
            for network_id in plan.network_ids:
                newest = await chain_log.list_newest(session, network_id, 1)
                seqs.append((network_id, newest[-1].seq + 1 if newest else 1))
            await storage.quarantine_for_all_tenants(session, plan, seqs, detail)
