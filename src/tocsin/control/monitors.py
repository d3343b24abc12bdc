"""Monitors: checked when they are saved, so that none fails when its block comes."""

from dataclasses import dataclass, replace
from uuid import uuid4

from tocsin.control.access import Actor, Permission
from tocsin.control.drafts import (
    CompiledDraft,
    compile_draft,
    pack_compiled,
    parse_monitor_body,
    reissue_compiled,
    set_paused_in,
)
from tocsin.control.specs import NOTHING_FETCHED, FetchedSpecs, choices_of, specs_of
from tocsin.errors import ExpressionTypeError, InputError, StaleVersionError
from tocsin.matching.compiled import COMPILER_VERSION
from tocsin.model.contract_spec import PinnedSpec
from tocsin.model.ids import MonitorId, NetworkId, TriggerId, default_shard
from tocsin.model.monitor import Monitor, MonitorDraft, MonitorRef, MonitorSummary
from tocsin.model.network import ChainFamily
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.storage.contract_specs import MonitorSpecs
from tocsin.storage.monitors import MonitorRecord, Monitors
from tocsin.storage.networks import TenantNetworks
from tocsin.storage.pool import Session
from tocsin.storage.tenants import raise_config_version
from tocsin.storage.triggers import Triggers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMonitor:
    """A monitor as stored, the specs nobody gave, and what its author should know."""

    monitor: Monitor
    specs: tuple[PinnedSpec, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMonitor:
    """A monitor as it is, and the specs nobody gave that it was checked with."""

    monitor: Monitor
    specs: tuple[PinnedSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedMonitor:
    """A definition that could be stored, and what its author should know."""

    specs: tuple[PinnedSpec, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A definition ready to be stored."""

    record: MonitorRecord
    specs: tuple[PinnedSpec, ...]
    notes: tuple[str, ...]


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


async def create_monitor(
    session: Session, actor: Actor, raw: bytes, fetched: FetchedSpecs = NOTHING_FETCHED
) -> StoredMonitor:
    """Check a definition and store it as a monitor of the caller's tenant.

    ``fetched`` is what networks say of contracts for which the definition gives no spec. It is
    used as far as the definition can be read with it, and stored with this version.

    Raises:
        InputError: it does not parse or compile, or names a network or trigger that the tenant
            does not have; ``field`` is the path of the offending part.
        AlreadyExistsError: the name is taken, whatever the case of its letters.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    parsed = parse_monitor_body(raw)
    await raise_config_version(session, scope)
    ref = MonitorRef(id=MonitorId(uuid4()), tenant_id=scope.tenant_id, version=1)
    save = _Save(ref=ref, raw=raw, draft=parsed.draft, fetched=fetched)
    checked = await _check(session, actor, save)
    monitor = await Monitors(session, scope).add(checked.record, default_shard(scope.tenant_id))
    await MonitorSpecs(session, scope).pin(monitor.id, monitor.version, checked.specs)
    return StoredMonitor(
        monitor=monitor, specs=checked.specs, warnings=parsed.warnings + checked.notes
    )


async def validate_monitor(
    session: Session,
    actor: Actor,
    raw: bytes,
    fetched: FetchedSpecs = NOTHING_FETCHED,
    *,
    instead_of: MonitorId | None = None,
) -> CheckedMonitor:
    """Check a definition as ``create_monitor`` does, and store nothing.

    With ``instead_of`` as ``replace_monitor`` of that one does.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    parsed = parse_monitor_body(raw)
    monitors = Monitors(session, scope)
    if instead_of is not None:
        await monitors.get(instead_of)
    await monitors.require_free_name(parsed.draft.name, instead_of)
    ref = MonitorRef(id=MonitorId(uuid4()), tenant_id=scope.tenant_id, version=1)
    save = _Save(ref=ref, raw=raw, draft=parsed.draft, fetched=fetched)
    checked = await _check(session, actor, save)
    return CheckedMonitor(specs=checked.specs, warnings=parsed.warnings + checked.notes)


async def list_monitors(
    session: Session, actor: Actor, request: PageRequest
) -> Page[MonitorSummary]:
    """Return a page of the monitors of the caller's tenant."""
    scope = actor.require_in_tenant(Permission.READ_MONITORS)
    return await Monitors(session, scope).list(request)


async def get_monitor(session: Session, actor: Actor, monitor_id: MonitorId) -> ReadMonitor:
    """Return a monitor of the caller's tenant or raise NotFoundError."""
    scope = actor.require_in_tenant(Permission.READ_MONITORS)
    return await _read(session, scope, await Monitors(session, scope).get(monitor_id))


async def replace_monitor(
    session: Session,
    actor: Actor,
    change: MonitorChange,
    raw: bytes,
    fetched: FetchedSpecs = NOTHING_FETCHED,
) -> StoredMonitor:
    """Store a definition as the next version of a monitor; ``fetched`` as in ``create_monitor``.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
        InputError, AlreadyExistsError: as for ``create_monitor``.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    parsed = parse_monitor_body(raw)
    await raise_config_version(session, scope)
    before = await _get_expected(session, scope, change)
    save = _Save(ref=_next(before), raw=raw, draft=parsed.draft, fetched=fetched)
    checked = await _check(session, actor, save)
    monitor = await Monitors(session, scope).replace(checked.record)
    await MonitorSpecs(session, scope).pin(monitor.id, monitor.version, checked.specs)
    return StoredMonitor(
        monitor=monitor, specs=checked.specs, warnings=parsed.warnings + checked.notes
    )


async def set_paused(
    session: Session, actor: Actor, change: MonitorChange, *, paused: bool
) -> ReadMonitor:
    """Pause or resume a monitor, which is a version of its own, with the same specs.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    before = await _get_expected(session, scope, change)
    if before.paused == paused:
        return await _read(session, scope, before)
    await raise_config_version(session, scope)
    before = await _get_expected(session, scope, change)
    monitors = Monitors(session, scope)
    definition = set_paused_in(before.definition, paused=paused)
    stored = await monitors.get_compiled(before.id)
    specs = await MonitorSpecs(session, scope).list(before.id, before.version)
    compiled = reissue_compiled(stored.compiled, _next(before))
    if compiled is None:
        draft = parse_monitor_body(definition).draft
        known = FetchedSpecs(specs=specs)
        save = _Save(ref=_next(before), raw=definition, draft=draft, fetched=known)
        checked = await _check(session, actor, save)
        record, specs = checked.record, checked.specs
    else:
        record = MonitorRecord(
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
    monitor = await monitors.replace(record)
    await MonitorSpecs(session, scope).pin(monitor.id, monitor.version, specs)
    return ReadMonitor(monitor=monitor, specs=specs)


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


async def _read(session: Session, scope: TenantScope, monitor: Monitor) -> ReadMonitor:
    specs = await MonitorSpecs(session, scope).list(monitor.id, monitor.version)
    return ReadMonitor(monitor=monitor, specs=specs)


async def _get_expected(session: Session, scope: TenantScope, change: MonitorChange) -> Monitor:
    monitor = await Monitors(session, scope).get(change.monitor_id)
    expected = change.expected_version
    if expected is not None and monitor.version != expected:
        raise StaleVersionError(f"the monitor is at version {monitor.version}, not {expected}")
    return monitor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Save:
    """What somebody wants to store, as which version, and what was found for it."""

    ref: MonitorRef
    raw: bytes
    draft: MonitorDraft
    fetched: FetchedSpecs


async def _check(session: Session, actor: Actor, save: _Save) -> _Checked:
    draft = save.draft
    scope = TenantScope(tenant_id=save.ref.tenant_id)
    references = await _resolve(session, scope, draft)
    compiled, specs = _compile(save, references.families)
    record = MonitorRecord(
        id=save.ref.id,
        version=save.ref.version,
        name=draft.name,
        paused=draft.paused,
        definition=save.raw.decode(),
        compiled=pack_compiled(compiled.by_family),
        compiler_version=COMPILER_VERSION,
        network_ids=references.network_ids,
        trigger_ids=references.trigger_ids,
        created_by=actor.key_id,
    )
    return _Checked(record=record, specs=specs, notes=save.fetched.warnings + compiled.notes)


def _compile(
    save: _Save, families: frozenset[ChainFamily]
) -> tuple[CompiledDraft, tuple[PinnedSpec, ...]]:
    """Return a draft compiled, and with which of the specs that nobody gave.

    Raises:
        InputError: it compiles with none of them, nor without; the first reason counts.
    """
    try:
        return _compile_with(save, families, *choices_of(save.fetched))
    except ExpressionTypeError as error:
        if save.fetched.warnings:
            error.explain(save.fetched.warnings[0])  # a name may be unknown for that reason
        raise


def _compile_with(
    save: _Save,
    families: frozenset[ChainFamily],
    specs: tuple[PinnedSpec, ...],
    *others: tuple[PinnedSpec, ...],
) -> tuple[CompiledDraft, tuple[PinnedSpec, ...]]:
    try:
        return compile_draft(save.ref, save.draft, families, specs_of(specs)), specs
    except InputError as error:
        if not others:
            raise
        try:
            compiled, used = _compile_with(save, families, *others)
        except InputError:
            raise error from None
        note = f"specs that were found are left aside, because with them {error}"
        return replace(compiled, notes=(note, *compiled.notes)), used


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
