"""Monitors: what a tenant waits for, every version of it, and where its shard starts."""

from dataclasses import dataclass
from typing import LiteralString

from tocsin.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from tocsin.model.ids import MonitorId, NetworkId, ShardId, TenantId, TriggerId
from tocsin.model.monitor import Monitor, MonitorSummary
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.storage.paging import after_at, after_id, to_page
from tocsin.storage.pool import Row, Session
from tocsin.storage.violations import refuse_duplicate

ADD: LiteralString = """
INSERT INTO tenant_monitors (id, tenant_id, name, paused, shard_id, version, definition,
                             compiled, compiler_version)
VALUES (%(id)s, %(tenant)s, %(name)s, %(paused)s, %(shard)s, %(version)s, %(definition)s,
        %(compiled)s, %(compiler)s)"""

REPLACE: LiteralString = """
UPDATE tenant_monitors
SET name = %(name)s, paused = %(paused)s, version = %(version)s, definition = %(definition)s,
    compiled = %(compiled)s, compiler_version = %(compiler)s, updated_at = now()
WHERE tenant_id = %(tenant)s AND id = %(id)s AND version = %(version)s - 1
  AND deleted_at IS NULL"""

GET: LiteralString = """
SELECT m.id, m.tenant_id, m.name, m.paused, m.shard_id, m.version, m.definition,
       m.created_at, m.updated_at,
       ARRAY(SELECT network_id FROM monitor_networks u
             WHERE u.tenant_id = m.tenant_id AND u.monitor_id = m.id
             ORDER BY network_id) AS network_ids
FROM tenant_monitors m
WHERE m.tenant_id = %(tenant)s AND m.id = %(id)s AND m.deleted_at IS NULL"""

# Without the definitions, which may be large.
LIST: LiteralString = """
SELECT m.id, m.name, m.paused, m.version, m.created_at, m.updated_at,
       ARRAY(SELECT n.slug FROM monitor_networks u JOIN networks n ON n.id = u.network_id
             WHERE u.tenant_id = m.tenant_id AND u.monitor_id = m.id
             ORDER BY n.slug) AS networks,
       ARRAY(SELECT t.slug FROM monitor_triggers u
             JOIN tenant_triggers t ON t.tenant_id = u.tenant_id AND t.id = u.trigger_id
             WHERE u.tenant_id = m.tenant_id AND u.monitor_id = m.id
             ORDER BY t.slug) AS triggers,
       m.created_at AS position_at, m.id AS position_id
FROM tenant_monitors m
WHERE m.tenant_id = %(tenant)s AND m.deleted_at IS NULL
  AND (%(at)s::timestamptz IS NULL OR (m.created_at, m.id) > (%(at)s, %(id)s::uuid))
ORDER BY m.created_at, m.id
LIMIT %(rows)s"""

ADD_VERSION: LiteralString = """
INSERT INTO monitor_versions (tenant_id, monitor_id, version, definition, paused, created_by)
VALUES (%(tenant)s, %(id)s, %(version)s, %(definition)s, %(paused)s, %(by)s)"""

DROP_NETWORKS: LiteralString = """
DELETE FROM monitor_networks
WHERE tenant_id = %(tenant)s AND monitor_id = %(id)s AND network_id <> ALL(%(kept)s)"""

# A monitor begins behind what the log already holds, and so does one that was paused.
ADD_NETWORKS: LiteralString = """
INSERT INTO monitor_networks (tenant_id, monitor_id, network_id, from_seq)
SELECT %(tenant)s, %(id)s, n,
       coalesce((SELECT max(l.seq) FROM chain_log l WHERE l.network_id = n), 0) + 1
FROM unnest(%(networks)s::uuid[]) AS n
ON CONFLICT (monitor_id, network_id) DO UPDATE SET from_seq = excluded.from_seq
WHERE (SELECT v.paused FROM monitor_versions v
       WHERE v.tenant_id = %(tenant)s AND v.monitor_id = %(id)s
         AND v.version = %(version)s - 1)"""

DROP_TRIGGERS: LiteralString = """
DELETE FROM monitor_triggers
WHERE tenant_id = %(tenant)s AND monitor_id = %(id)s AND trigger_id <> ALL(%(kept)s)"""

ADD_TRIGGERS: LiteralString = """
INSERT INTO monitor_triggers (tenant_id, monitor_id, trigger_id)
SELECT %(tenant)s, %(id)s, t FROM unnest(%(triggers)s::uuid[]) AS t
ON CONFLICT DO NOTHING"""

# A shard's first monitor on a network starts behind what the log already holds.
START_CURSORS: LiteralString = """
INSERT INTO shard_cursors (network_id, shard_id, next_seq)
SELECT n, m.shard_id,
       coalesce((SELECT max(l.seq) FROM chain_log l WHERE l.network_id = n), 0) + 1
FROM unnest(%(networks)s::uuid[]) AS n
JOIN tenant_monitors m ON m.tenant_id = %(tenant)s AND m.id = %(id)s
ON CONFLICT DO NOTHING"""

FIND_NAME: LiteralString = """
SELECT 1 FROM tenant_monitors
WHERE tenant_id = %(tenant)s AND lower(name) = lower(%(name)s) AND deleted_at IS NULL
  AND id IS DISTINCT FROM %(but_for)s::uuid
LIMIT 1"""

DELETE: LiteralString = """
UPDATE tenant_monitors SET deleted_at = now(), updated_at = now()
WHERE tenant_id = %(tenant)s AND id = %(id)s AND deleted_at IS NULL"""

GET_COMPILED: LiteralString = """
SELECT compiled, compiler_version,
       ARRAY(SELECT trigger_id FROM monitor_triggers u
             WHERE u.tenant_id = m.tenant_id AND u.monitor_id = m.id) AS trigger_ids
FROM tenant_monitors m
WHERE m.tenant_id = %(tenant)s AND m.id = %(id)s AND m.deleted_at IS NULL"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorRecord:
    """One version of a monitor, checked.

    ``definition`` is JSON text; ``compiled`` msgpack of ``{family: compiled bytes}``;
    ``created_by`` the id of the key that made this version.
    """

    id: MonitorId
    version: int
    name: str
    paused: bool
    definition: str
    compiled: bytes
    compiler_version: int
    network_ids: tuple[NetworkId, ...]
    trigger_ids: tuple[TriggerId, ...]
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledForm:
    """The checked form of a monitor's newest version, and where its matches go."""

    compiled: bytes
    compiler_version: int
    trigger_ids: tuple[TriggerId, ...]


class Monitors:
    """The monitors of one tenant. Another tenant's rows cannot be asked for."""

    def __init__(self, session: Session, scope: TenantScope) -> None:
        self._session = session
        self._tenant_id = scope.tenant_id

    async def add(self, record: MonitorRecord, shard_id: ShardId) -> Monitor:
        """Store a new monitor with its first version.

        Raises:
            AlreadyExistsError: the name is taken, whatever the case of its letters.
        """
        with refuse_duplicate("monitor", record.name):
            await self._session.execute(ADD, shard=shard_id, **self._columns(record))
        await self._store_version(record)
        return await self.get(record.id)

    async def replace(self, record: MonitorRecord) -> Monitor:
        """Store the version after the present one.

        Raises:
            StaleVersionError: the present version is not the one before, or is gone.
            AlreadyExistsError: the name is another monitor's.
        """
        with refuse_duplicate("monitor", record.name):
            changed = await self._session.execute(REPLACE, **self._columns(record))
        if not changed:
            raise StaleVersionError(f"monitor {record.id} is no longer at {record.version - 1}")
        await self._store_version(record)
        return await self.get(record.id)

    async def require_free_name(self, name: str, but_for: MonitorId | None) -> None:
        """Return if a monitor may be called that; the name of ``but_for`` counts as free.

        Raises:
            AlreadyExistsError: the name is taken, whatever the case of its letters.
        """
        row = await self._session.one_or_none(
            FIND_NAME, tenant=self._tenant_id, name=name, but_for=but_for
        )
        if row is not None:
            raise AlreadyExistsError(f"there is already a monitor {name}")

    async def get(self, monitor_id: MonitorId) -> Monitor:
        """Return one monitor or raise NotFoundError."""
        row = await self._session.one_or_none(GET, tenant=self._tenant_id, id=monitor_id)
        if row is None:
            raise NotFoundError("monitor", monitor_id)
        return to_monitor(row)

    async def get_compiled(self, monitor_id: MonitorId) -> CompiledForm:
        """Return the checked form of one monitor or raise NotFoundError."""
        row = await self._session.one_or_none(GET_COMPILED, tenant=self._tenant_id, id=monitor_id)
        if row is None:
            raise NotFoundError("monitor", monitor_id)
        return CompiledForm(
            compiled=bytes(row["compiled"]),
            compiler_version=row["compiler_version"],
            trigger_ids=tuple(TriggerId(each) for each in row["trigger_ids"]),
        )

    async def list(self, request: PageRequest) -> Page[MonitorSummary]:
        """Return a page of monitors, oldest first."""
        rows = await self._session.all(
            LIST,
            tenant=self._tenant_id,
            at=after_at(request),
            id=after_id(request),
            rows=request.limit + 1,
        )
        return to_page(rows, request, to_summary)

    async def delete(self, monitor_id: MonitorId) -> None:
        """Take a monitor out of use; its versions and matches remain.

        Raises:
            NotFoundError: there is none.
        """
        tenant = self._tenant_id
        if not await self._session.execute(DELETE, tenant=tenant, id=monitor_id):
            raise NotFoundError("monitor", monitor_id)
        # What it used may be deleted from now on.
        await self._session.execute(DROP_NETWORKS, tenant=tenant, id=monitor_id, kept=[])
        await self._session.execute(DROP_TRIGGERS, tenant=tenant, id=monitor_id, kept=[])

    def _columns(self, record: MonitorRecord) -> dict[str, object]:
        return {
            "id": record.id,
            "tenant": self._tenant_id,
            "name": record.name,
            "paused": record.paused,
            "version": record.version,
            "definition": record.definition,
            "compiled": record.compiled,
            "compiler": record.compiler_version,
        }

    async def _store_version(self, record: MonitorRecord) -> None:
        session, tenant = self._session, self._tenant_id
        networks, triggers = list(record.network_ids), list(record.trigger_ids)
        await session.execute(
            ADD_VERSION,
            tenant=tenant,
            id=record.id,
            version=record.version,
            definition=record.definition,
            paused=record.paused,
            by=record.created_by,
        )
        await session.execute(DROP_NETWORKS, tenant=tenant, id=record.id, kept=networks)
        await session.execute(
            ADD_NETWORKS, tenant=tenant, id=record.id, networks=networks, version=record.version
        )
        await session.execute(DROP_TRIGGERS, tenant=tenant, id=record.id, kept=triggers)
        await session.execute(ADD_TRIGGERS, tenant=tenant, id=record.id, triggers=triggers)
        await session.execute(START_CURSORS, tenant=tenant, id=record.id, networks=networks)


def to_monitor(row: Row) -> Monitor:
    """Build a monitor from its row."""
    return Monitor(
        id=MonitorId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        name=row["name"],
        paused=row["paused"],
        shard_id=ShardId(row["shard_id"]),
        version=row["version"],
        definition=row["definition"].encode(),
        network_ids=tuple(NetworkId(each) for each in row["network_ids"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def to_summary(row: Row) -> MonitorSummary:
    """Build a monitor's entry in a list from its row."""
    return MonitorSummary(
        id=MonitorId(row["id"]),
        name=row["name"],
        paused=row["paused"],
        version=row["version"],
        networks=tuple(row["networks"]),
        triggers=tuple(row["triggers"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
