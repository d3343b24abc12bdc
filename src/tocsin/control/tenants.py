"""Tenants: the operator lets them in and suspends them; members see their own."""

from dataclasses import dataclass

from tocsin.control.access import Actor, Permission
from tocsin.control.api_keys import CreatedKey, GeneratedKey, add_key
from tocsin.control.names import SLUG, require_name, require_slug
from tocsin.errors import InputError, NotFoundError, NotPermittedError, StaleVersionError
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import Role, Tenant, TenantStatus
from tocsin.storage import tenants as storage
from tocsin.storage.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedTenant:
    """A new tenant with its first owner's key, which is shown once."""

    tenant: Tenant
    key: CreatedKey


async def create_tenant(
    session: Session, actor: Actor, slug: str, name: str, first_key: GeneratedKey
) -> CreatedTenant:
    """Store a new tenant with a key of its owner.

    Raises:
        NotPermittedError: only the operator may.
        AlreadyExistsError: the slug is taken.
    """
    actor.require(Permission.WRITE_TENANTS)
    require_slug(slug)
    require_name(name, field="name")
    tenant = await storage.Tenants(session).add(slug, name)
    key = await add_key(session, tenant, "first owner", Role.OWNER, first_key)
    return CreatedTenant(tenant=tenant, key=key)


async def list_tenants(session: Session, actor: Actor, request: PageRequest) -> Page[Tenant]:
    """Return a page of the tenants the caller may see: all, or only the own."""
    actor.require(Permission.READ_TENANTS)
    return await storage.Tenants(session, actor.scope).list(request)


async def require_tenant(session: Session, actor: Actor, slug: str) -> Tenant:
    """Return the tenant of a slug if the caller may act in it.

    Raises:
        NotFoundError: there is none, or it is another's: the answer is the same.
        NotPermittedError: it is the caller's own and suspended.
    """
    if SLUG.fullmatch(slug) is None:
        raise NotFoundError("tenant", "of that slug")
    tenant = await storage.Tenants(session, actor.scope).get_by_slug(slug)
    refuse_suspended(actor, tenant)
    return tenant


async def require_active_tenant(session: Session, actor: Actor) -> None:
    """Return unless the caller's own tenant is suspended.

    Raises:
        NotPermittedError: it is.
    """
    if actor.scope is not None:
        own = await storage.Tenants(session, actor.scope).list(PageRequest(limit=1))
        for tenant in own.items:
            refuse_suspended(actor, tenant)


def refuse_suspended(actor: Actor, tenant: Tenant) -> None:
    """Raise NotPermittedError for a member of a suspended tenant; the operator may go on."""
    if actor.scope is not None and tenant.status is TenantStatus.SUSPENDED:
        raise NotPermittedError("the tenant is suspended")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantChange:
    """The status a tenant shall have, and the configuration version it must be at, if any."""

    status: str
    expected_version: int | None


async def set_tenant_status(
    session: Session, actor: Actor, tenant: Tenant, change: TenantChange
) -> Tenant:
    """Suspend or resume a tenant; one that is so already stays at its version.

    Raises:
        NotPermittedError: only the operator may.
        InputError: there is no such status.
        StaleVersionError: its configuration is not at the expected version.
    """
    actor.require(Permission.WRITE_TENANTS)
    try:
        wanted = TenantStatus(change.status)
    except ValueError as cause:
        raise InputError("expected active or suspended", field="status") from cause
    tenants = storage.Tenants(session)
    before = await tenants.lock(tenant)
    expected = change.expected_version
    if expected is not None and before.config_version != expected:
        raise StaleVersionError(f"the tenant is at version {before.config_version}, not {expected}")
    return before if before.status is wanted else await tenants.set_status(before, wanted)
