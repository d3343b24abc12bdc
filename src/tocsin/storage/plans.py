"""What the workers hold: every tenant's monitors, compiled, and the networks they run on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson

from tocsin.model.contract_spec import Specs, unpack_specs
from tocsin.model.ids import MonitorId, NetworkId, ShardId, TenantId, TriggerId
from tocsin.model.network import Network
from tocsin.storage.networks import to_network
from tocsin.storage.pool import Session
from tocsin.storage.secrets import SecretBox, read_secret

CONFIG_CHANGED = "tocsin_config"  # channel of the hint


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """One unpaused monitor as the workers need it.

    ``compiled`` is the stored form, by chain family, made by ``compiler_version``;
    ``from_seqs`` says for each of its networks which row of the log is the first it is meant
    for. ``specs`` are those that nobody gave, only where the compiled form is another compiler's.
    ``recorded_on`` are the networks for which this version's effect is already on record,
    ``quarantined_on`` those where it could not be loaded so far.
    """

    monitor_id: MonitorId
    tenant_id: TenantId
    version: int
    shard_id: ShardId
    definition: str
    compiled: bytes
    compiler_version: int
    from_seqs: Mapping[NetworkId, int]
    trigger_ids: tuple[TriggerId, ...]
    recorded_on: frozenset[NetworkId]
    quarantined_on: frozenset[NetworkId]
    specs: Specs


async def config_versions_for_all_tenants(session: Session) -> dict[TenantId, int]:
    """Return the configuration version of every active tenant."""
    rows = await session.all(
        """SELECT id, config_version FROM tenants
           WHERE status = 'active' AND deleted_at IS NULL"""
    )
    return {TenantId(row["id"]): row["config_version"] for row in rows}


async def list_plans_for_all_tenants(
    session: Session, tenants: Collection[TenantId], compiler_version: int
) -> list[StoredPlan]:
    """Return the unpaused monitors of those tenants, for whom has that compiler."""
    rows = await session.all(
        """SELECT m.id, m.tenant_id, m.version, m.shard_id, m.definition, m.compiled,
                  m.compiler_version,
                  ARRAY(SELECT network_id FROM monitor_networks n
                        WHERE n.monitor_id = m.id ORDER BY network_id) AS network_ids,
                  ARRAY(SELECT from_seq FROM monitor_networks n
                        WHERE n.monitor_id = m.id ORDER BY network_id) AS from_seqs,
                  ARRAY(SELECT trigger_id FROM monitor_triggers t
                        WHERE t.monitor_id = m.id ORDER BY trigger_id) AS trigger_ids,
                  ARRAY(SELECT network_id FROM monitor_effects e
                        WHERE e.monitor_id = m.id AND e.version = m.version) AS recorded_on,
                  ARRAY(SELECT network_id FROM coverage_exceptions c
                        WHERE c.monitor_id = m.id AND c.reason = 'quarantine'
                          AND c.to_seq IS NULL) AS quarantined_on,
                  -- As JSON text: large, and seldom needed.
                  CASE WHEN m.compiler_version <> %(compiler)s THEN (
                      SELECT '{' || string_agg(to_json(p.address)::text || ':' || s.spec, ',')
                             || '}'
                      FROM monitor_specs p
                      JOIN contract_specs s ON s.tenant_id = p.tenant_id AND s.digest = p.digest
                      WHERE p.monitor_id = m.id AND p.version = m.version) END AS specs
           FROM tenant_monitors m
           WHERE m.tenant_id = ANY(%(tenants)s) AND NOT m.paused AND m.deleted_at IS NULL""",
        tenants=list(tenants),
        compiler=compiler_version,
    )
    return [
        StoredPlan(
            monitor_id=row["id"],
            tenant_id=row["tenant_id"],
            version=row["version"],
            shard_id=row["shard_id"],
            definition=row["definition"],
            compiled=row["compiled"],
            compiler_version=row["compiler_version"],
            from_seqs=dict(zip(row["network_ids"], row["from_seqs"], strict=True)),
            trigger_ids=tuple(row["trigger_ids"]),
            recorded_on=frozenset(row["recorded_on"]),
            quarantined_on=frozenset(row["quarantined_on"]),
            specs=unpack_specs(row["specs"]),
        )
        for row in rows
    ]


async def networks_version_for_all_tenants(session: Session) -> int:
    """Return a number that rises with every new, changed or deleted network."""
    row = await session.one("SELECT coalesce(sum(version), 0)::bigint AS version FROM networks")
    return int(row["version"])


async def list_networks_for_all_tenants(session: Session) -> list[Network]:
    """Return the platform's networks and every tenant's private ones."""
    rows = await session.all("SELECT * FROM networks WHERE deleted_at IS NULL ORDER BY id")
    return [to_network(row) for row in rows]


async def list_watched_networks_for_all_tenants(session: Session) -> list[Network]:
    """Return the networks to watch: the platform's, and private ones that somebody needs.

    A private network is needed while an unpaused monitor of an active tenant names it.
    """
    rows = await session.all(
        """SELECT n.* FROM networks n
           WHERE n.deleted_at IS NULL AND (n.tenant_id IS NULL OR EXISTS (
               SELECT 1 FROM monitor_networks u
               JOIN tenant_monitors m ON m.tenant_id = u.tenant_id AND m.id = u.monitor_id
               JOIN tenants t ON t.id = m.tenant_id
               WHERE u.network_id = n.id AND NOT m.paused AND m.deleted_at IS NULL
                 AND t.status = 'active' AND t.deleted_at IS NULL))
           ORDER BY n.id"""
    )
    return [to_network(row) for row in rows]


async def endpoint_urls_for_all_tenants(
    session: Session, box: SecretBox, network_id: NetworkId
) -> tuple[str, ...]:
    """Return a network's endpoint URLs, in order of preference.

    Raises:
        NotFoundError: there is no such network.
        StorageError: they do not decrypt.
    """
    row = await session.one(
        "SELECT endpoints_secret_id FROM networks WHERE id = %(id)s", id=network_id
    )
    return tuple(orjson.loads(await read_secret(session, box, row["endpoints_secret_id"])))


async def begin_quarantine_for_all_tenants(
    session: Session, plan: StoredPlan, network_id: NetworkId, detail: str
) -> None:
    """Record that a monitor cannot be loaded on a network, from its shard's cursor on."""
    await session.execute(
        """INSERT INTO coverage_exceptions
               (tenant_id, monitor_id, network_id, from_seq, reason, detail)
           SELECT %(tenant)s, %(monitor)s, c.network_id, c.next_seq, 'quarantine', %(detail)s
           FROM shard_cursors c
           WHERE c.network_id = %(network)s AND c.shard_id = %(shard)s
           ON CONFLICT DO NOTHING""",
        tenant=plan.tenant_id,
        monitor=plan.monitor_id,
        network=network_id,
        shard=plan.shard_id,
        detail=detail,
    )


async def end_quarantine_for_all_tenants(
    session: Session, plan: StoredPlan, network_id: NetworkId
) -> None:
    """Record that a monitor can be loaded again, before its shard's cursor moves on."""
    await session.execute(
        """UPDATE coverage_exceptions x SET to_seq = c.next_seq - 1
           FROM shard_cursors c
           WHERE c.network_id = %(network)s AND c.shard_id = %(shard)s
             AND x.network_id = c.network_id AND x.monitor_id = %(monitor)s
             AND x.reason = 'quarantine' AND x.to_seq IS NULL""",
        monitor=plan.monitor_id,
        network=network_id,
        shard=plan.shard_id,
    )
