"""Triggers: where a tenant's matches go; all of a destination but its host is a secret."""

from dataclasses import dataclass, replace

import msgspec

from tocsin.control.access import Actor, Permission
from tocsin.control.drafts import gives_headers, parse_trigger_body
from tocsin.control.workbench import Workbench
from tocsin.delivery.channels.webhook import parse_headers
from tocsin.delivery.signing import LONGEST_SECRET, parse_secret, render_secret
from tocsin.errors import StaleVersionError
from tocsin.model.ids import SecretId, TriggerId
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.model.trigger import ChannelConfig, ChannelKind, Trigger, TriggerDraft, WebhookConfig
from tocsin.storage.pool import Session
from tocsin.storage.secrets import (
    TRIGGER_CONFIG,
    SecretBox,
    add_secret,
    delete_secret,
    read_secret,
)
from tocsin.storage.tenants import raise_config_version
from tocsin.storage.triggers import TriggerRecord, Triggers

NEW_SECRET_BYTES = LONGEST_SECRET // 2
# It speaks of a missing secret; here one is made, or the old one kept.
_UNTRUE_WARNING = "secret:"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTrigger:
    """A trigger as stored, and what its author should know.

    ``new_secret`` is the signing secret that was made because none was given; it is shown in
    this one answer and never again.
    """

    trigger: Trigger
    new_secret: str | None
    warnings: tuple[str, ...]


async def create_trigger(
    session: Session, actor: Actor, workbench: Workbench, raw: bytes
) -> StoredTrigger:
    """Store a trigger of the caller's tenant.

    Raises:
        InputError: the body is no trigger, or its secret or a header can never work.
        EgressRefusedError: its destination is where we do not connect.
        AlreadyExistsError: the slug is taken.
    """
    scope = actor.require_in_tenant(Permission.WRITE_TRIGGERS)
    parsed = parse_trigger_body(raw)
    destination = _check_config(workbench, parsed.draft.config)
    new_secret = None
    config = parsed.draft.config
    if config.secret is None:
        new_secret = render_secret(workbench.random_bytes(NEW_SECRET_BYTES))
        config = replace(config, secret=new_secret)
    await raise_config_version(session, scope)
    secret_id = await _seal_config(session, workbench.secret_box, scope, config)
    trigger = await Triggers(session, scope).add(_record(parsed.draft, destination, secret_id))
    return StoredTrigger(
        trigger=trigger, new_secret=new_secret, warnings=_true_warnings(parsed.warnings)
    )


async def list_triggers(session: Session, actor: Actor, request: PageRequest) -> Page[Trigger]:
    """Return a page of the triggers of the caller's tenant."""
    scope = actor.require_in_tenant(Permission.READ_TRIGGERS)
    return await Triggers(session, scope).list(request)


async def get_trigger(session: Session, actor: Actor, trigger_id: TriggerId) -> Trigger:
    """Return a trigger of the caller's tenant or raise NotFoundError."""
    scope = actor.require_in_tenant(Permission.READ_TRIGGERS)
    return await Triggers(session, scope).get(trigger_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerChange:
    """A trigger to change: the body that replaces it, and the version it must be at, if any."""

    trigger_id: TriggerId
    raw: bytes
    expected_version: int | None


async def replace_trigger(
    session: Session, actor: Actor, workbench: Workbench, change: TriggerChange
) -> StoredTrigger:
    """Store the next version of a trigger.

    A secret, or headers, that the body does not mention stay as they are: they are never shown,
    so nobody could send them again. Empty headers remove them.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
        InUseError: its slug would change while monitors name it.
        InputError, EgressRefusedError, AlreadyExistsError: as for ``create_trigger``.
    """
    scope = actor.require_in_tenant(Permission.WRITE_TRIGGERS)
    parsed = parse_trigger_body(change.raw)
    destination = _check_config(workbench, parsed.draft.config)
    await raise_config_version(session, scope)
    triggers = Triggers(session, scope)
    before = await triggers.get(change.trigger_id)
    _require_version(before, change.expected_version)
    await triggers.require_same_name(before, parsed.draft.slug)
    old_secret_id = await triggers.get_config_secret(before.id)
    old = await read_config(session, workbench.secret_box, old_secret_id)
    config = parsed.draft.config
    if config.secret is None:
        config = replace(config, secret=old.secret)
    if not gives_headers(change.raw):
        config = replace(config, headers=old.headers)
    secret_id = await _seal_config(session, workbench.secret_box, scope, config)
    record = _record(parsed.draft, destination, secret_id)
    trigger = await triggers.replace(before.id, record, version=before.version)
    await delete_secret(session, old_secret_id)
    return StoredTrigger(trigger=trigger, new_secret=None, warnings=_true_warnings(parsed.warnings))


async def delete_trigger(
    session: Session, actor: Actor, trigger_id: TriggerId, expected_version: int | None
) -> None:
    """Take a trigger out of use.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
        InUseError: monitors send through it.
    """
    scope = actor.require_in_tenant(Permission.WRITE_TRIGGERS)
    await raise_config_version(session, scope)
    triggers = Triggers(session, scope)
    trigger = await triggers.get(trigger_id)
    _require_version(trigger, expected_version)
    await triggers.require_unused(trigger)
    await triggers.delete(trigger_id)


async def read_config(session: Session, box: SecretBox, secret_id: SecretId) -> ChannelConfig:
    """Return the configuration that a secret holds.

    Raises:
        StorageError: it does not decrypt.
    """
    return msgspec.json.decode(await read_secret(session, box, secret_id), type=WebhookConfig)


def _check_config(workbench: Workbench, config: ChannelConfig) -> str:
    if config.secret is not None:
        parse_secret(config.secret, field="config.secret.value")
    parse_headers(config.headers)
    return workbench.check_url(config.url)


def _require_version(trigger: Trigger, expected: int | None) -> None:
    if expected is not None and trigger.version != expected:
        raise StaleVersionError(f"the trigger is at version {trigger.version}, not {expected}")


def _record(draft: TriggerDraft, destination: str, secret_id: SecretId) -> TriggerRecord:
    return TriggerRecord(
        slug=draft.slug,
        name=draft.name,
        kind=ChannelKind.WEBHOOK,
        destination=destination,
        config=secret_id,
    )


async def _seal_config(
    session: Session, box: SecretBox, scope: TenantScope, config: ChannelConfig
) -> SecretId:
    return await add_secret(
        session,
        box,
        msgspec.json.encode(config),
        tenant_id=scope.tenant_id,
        purpose=TRIGGER_CONFIG,
    )


def _true_warnings(warnings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in warnings if not each.startswith(_UNTRUE_WARNING))
