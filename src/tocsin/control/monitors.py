"""Monitors: checked when they are saved, so that none fails when its block comes."""

from dataclasses import dataclass
from uuid import uuid4

from tocsin.control.access import Actor, Permission
from tocsin.control.drafts import (
    compile_draft,
    pack_compiled,
    parse_monitor_body,
    reissue_compiled,
    set_paused_in,
)
from tocsin.errors import InputError, StaleVersionError
from tocsin.matching.compiled import COMPILER_VERSION
from tocsin.model.ids import MonitorId, NetworkId, TriggerId, default_shard
from tocsin.model.monitor import Monitor, MonitorDraft, MonitorRef, MonitorSummary
from tocsin.model.network import ChainFamily
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.storage.monitors import MonitorRecord, Monitors
from tocsin.storage.networks import TenantNetworks
from tocsin.storage.pool import Session
from tocsin.storage.tenants import raise_config_version
from tocsin.storage.triggers import Triggers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMonitor:
    """A monitor as stored, and what its author should know."""

    monitor: Monitor
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorChange:
    """A monitor to change, and the version it must be at; None where any will do."""

    monitor_id: MonitorId
    expected_version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _References:
    """What a draft's names stand for."""

    network_ids: tuple[NetworkId, ...]
    families: frozenset[ChainFamily]
    trigger_ids: tuple[TriggerId, ...]


async def create_monitor(session: Session, actor: Actor, raw: bytes) -> StoredMonitor:
    """Check a definition and store it as a monitor of the caller's tenant.

    Raises:
        InputError: it does not parse or compile, or names a network or trigger that the tenant
            does not have; ``field`` is the path of the offending part.
        AlreadyExistsError: the name is taken, whatever the case of its letters.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    parsed = parse_monitor_body(raw)
    await raise_config_version(session, scope)
    ref = MonitorRef(id=MonitorId(uuid4()), tenant_id=scope.tenant_id, version=1)
    record = await _check(session, actor, ref, raw, parsed.draft)
    monitor = await Monitors(session, scope).add(record, default_shard(scope.tenant_id))
    return StoredMonitor(monitor=monitor, warnings=parsed.warnings)


async def validate_monitor(session: Session, actor: Actor, raw: bytes) -> tuple[str, ...]:
    """Check a definition as ``create_monitor`` does, store nothing, and return the warnings."""
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    parsed = parse_monitor_body(raw)
    ref = MonitorRef(id=MonitorId(uuid4()), tenant_id=scope.tenant_id, version=1)
    await _check(session, actor, ref, raw, parsed.draft)
    return parsed.warnings


async def list_monitors(
    session: Session, actor: Actor, request: PageRequest
) -> Page[MonitorSummary]:
    """Return a page of the monitors of the caller's tenant."""
    scope = actor.require_in_tenant(Permission.READ_MONITORS)
    return await Monitors(session, scope).list(request)


async def get_monitor(session: Session, actor: Actor, monitor_id: MonitorId) -> Monitor:
    """Return a monitor of the caller's tenant or raise NotFoundError."""
    scope = actor.require_in_tenant(Permission.READ_MONITORS)
    return await Monitors(session, scope).get(monitor_id)


async def replace_monitor(
    session: Session, actor: Actor, change: MonitorChange, raw: bytes
) -> StoredMonitor:
    """Store a definition as the next version of a monitor.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
        InputError, AlreadyExistsError: as for ``create_monitor``.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    parsed = parse_monitor_body(raw)
    await raise_config_version(session, scope)
    before = await _get_expected(session, scope, change)
    record = await _check(session, actor, _next(before), raw, parsed.draft)
    monitor = await Monitors(session, scope).replace(record)
    return StoredMonitor(monitor=monitor, warnings=parsed.warnings)


async def set_paused(
    session: Session, actor: Actor, change: MonitorChange, *, paused: bool
) -> Monitor:
    """Pause or resume a monitor, which is a version of its own.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    await raise_config_version(session, scope)
    before = await _get_expected(session, scope, change)
    if before.paused == paused:
        return before
    monitors = Monitors(session, scope)
    definition = set_paused_in(before.definition, paused=paused)
    stored = await monitors.get_compiled(before.id)
    compiled = reissue_compiled(stored.compiled, _next(before))
    if compiled is None:
        draft = parse_monitor_body(definition).draft
        return await monitors.replace(
            await _check(session, actor, _next(before), definition, draft)
        )
    return await monitors.replace(
        MonitorRecord(
            id=before.id,
            version=before.version + 1,
            name=before.name,
            paused=paused,
            definition=definition.decode(),
            compiled=compiled,
            compiler_version=stored.compiler_version,
            network_ids=before.network_ids,
            trigger_ids=stored.trigger_ids,
            created_by=actor.key_id,
        )
    )


async def delete_monitor(session: Session, actor: Actor, change: MonitorChange) -> None:
    """Take a monitor out of use; its matches remain.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    await raise_config_version(session, scope)
    before = await _get_expected(session, scope, change)
    await Monitors(session, scope).delete(before.id)


def _next(before: Monitor) -> MonitorRef:
    return MonitorRef(id=before.id, tenant_id=before.tenant_id, version=before.version + 1)


async def _get_expected(session: Session, scope: TenantScope, change: MonitorChange) -> Monitor:
    monitor = await Monitors(session, scope).get(change.monitor_id)
    expected = change.expected_version
    if expected is not None and monitor.version != expected:
        raise StaleVersionError(f"the monitor is at version {monitor.version}, not {expected}")
    return monitor


async def _check(
    session: Session, actor: Actor, ref: MonitorRef, raw: bytes, draft: MonitorDraft
) -> MonitorRecord:
    scope = TenantScope(tenant_id=ref.tenant_id)
    references = await _resolve(session, scope, draft)
    return MonitorRecord(
        id=ref.id,
        version=ref.version,
        name=draft.name,
        paused=draft.paused,
        definition=raw.decode(),
        compiled=pack_compiled(compile_draft(ref, draft, references.families)),
        compiler_version=COMPILER_VERSION,
        network_ids=references.network_ids,
        trigger_ids=references.trigger_ids,
        created_by=actor.key_id,
    )


async def _resolve(session: Session, scope: TenantScope, draft: MonitorDraft) -> _References:
    networks = await TenantNetworks(session, scope).find_by_slugs(draft.networks)
    for place, slug in enumerate(draft.networks):
        if slug not in networks:
            raise InputError(
                "the tenant has no such network; enable it first", field=f"networks[{place}]"
            )
    triggers = await Triggers(session, scope).find_by_slugs(draft.triggers)
    for place, slug in enumerate(draft.triggers):
        if slug not in triggers:
            raise InputError("the tenant has no such trigger", field=f"triggers[{place}]")
    return _References(
        network_ids=tuple(each.network.id for each in networks.values()),
        families=frozenset(each.network.family for each in networks.values()),
        trigger_ids=tuple(triggers.values()),
    )
