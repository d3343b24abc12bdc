"""Tenants: who owns monitors, and the version of everything they configured."""

from typing import LiteralString, cast
from uuid import uuid4

from tocsin.errors import NotFoundError
from tocsin.model.ids import TenantId
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import Tenant, TenantScope, TenantStatus
from tocsin.storage.paging import after_at, after_id, to_page
from tocsin.storage.pool import Row, Session
from tocsin.storage.violations import refuse_duplicate

ADD: LiteralString = """
INSERT INTO tenants (id, slug, name) VALUES (%(id)s, %(slug)s, %(name)s)
RETURNING id, slug, name, status, config_version, created_at"""

FIND_BY_SLUG: LiteralString = """
SELECT id, slug, name, status, config_version, created_at
FROM tenants
WHERE slug = %(slug)s AND deleted_at IS NULL
  AND (%(scope)s::uuid IS NULL OR id = %(scope)s)"""

LIST: LiteralString = """
SELECT id, slug, name, status, config_version, created_at,
       created_at AS position_at, id AS position_id
FROM tenants
WHERE deleted_at IS NULL
  AND (%(scope)s::uuid IS NULL OR id = %(scope)s)
  AND (%(at)s::timestamptz IS NULL OR (created_at, id) > (%(at)s, %(id)s::uuid))
ORDER BY created_at, id
LIMIT %(rows)s"""

LOCK: LiteralString = """
SELECT id, slug, name, status, config_version, created_at
FROM tenants WHERE id = %(id)s AND deleted_at IS NULL FOR UPDATE"""

SET_STATUS: LiteralString = """
UPDATE tenants SET status = %(status)s, config_version = config_version + 1
WHERE id = %(id)s AND deleted_at IS NULL
RETURNING id, slug, name, status, config_version, created_at"""

RAISE_VERSION: LiteralString = """
UPDATE tenants SET config_version = config_version + 1
WHERE id = %(id)s AND deleted_at IS NULL
RETURNING config_version"""

# A hint only: who misses it polls the versions.
ANNOUNCE: LiteralString = "SELECT pg_notify('tocsin_config', '')"


class Tenants:
    """Tenants as the operator sees them, or the one a scope names."""

    def __init__(self, session: Session, scope: TenantScope | None = None) -> None:
        self._session = session
        self._only = scope.tenant_id if scope else None

    async def add(self, slug: str, name: str) -> Tenant:
        """Store a new, active tenant.

        Raises:
            AlreadyExistsError: the slug is taken.
        """
        with refuse_duplicate("tenant", slug):
            row = await self._session.one(ADD, id=uuid4(), slug=slug, name=name)
        return to_tenant(row)

    async def get_by_slug(self, slug: str) -> Tenant:
        """Return a tenant.

        Raises:
            NotFoundError: there is none, or not in this scope.
        """
        row = await self._session.one_or_none(FIND_BY_SLUG, slug=slug, scope=self._only)
        if row is None:
            raise NotFoundError("tenant", slug)
        return to_tenant(row)

    async def list(self, request: PageRequest) -> Page[Tenant]:
        """Return a page of tenants, oldest first."""
        rows = await self._session.all(
            LIST,
            scope=self._only,
            at=after_at(request),
            id=after_id(request),
            rows=request.limit + 1,
        )
        return to_page(rows, request, to_tenant)

    async def lock(self, tenant: Tenant) -> Tenant:
        """Return a tenant as it is, and keep others from changing it until the session ends.

        Raises:
            NotFoundError: it is gone.
        """
        row = await self._session.one_or_none(LOCK, id=tenant.id)
        if row is None:
            raise NotFoundError("tenant", tenant.slug)
        return to_tenant(row)

    async def set_status(self, tenant: Tenant, status: TenantStatus) -> Tenant:
        """Suspend or resume a tenant; the loops learn it as a change of configuration."""
        row = await self._session.one_or_none(SET_STATUS, id=tenant.id, status=status)
        if row is None:
            raise NotFoundError("tenant", tenant.slug)
        await self._session.execute(ANNOUNCE)
        return to_tenant(row)


async def raise_config_version(session: Session, scope: TenantScope) -> int:
    """Raise the tenant's configuration version and return it.

    To be called before anything else of a change: it locks the tenant's row until commit, so
    that the changes of one tenant are made one after another.

    Raises:
        NotFoundError: the tenant is gone.
    """
    row = await session.one_or_none(RAISE_VERSION, id=scope.tenant_id)
    if row is None:
        raise NotFoundError("tenant", scope.tenant_id)
    await session.execute(ANNOUNCE)
    return cast(int, row["config_version"])


async def announce_change(session: Session) -> None:
    """Hint, once the session ends well, that some configuration changed."""
    await session.execute(ANNOUNCE)


def to_tenant(row: Row) -> Tenant:
    """Build a tenant from its row."""
    return Tenant(
        id=TenantId(row["id"]),
        slug=row["slug"],
        name=row["name"],
        status=TenantStatus(row["status"]),
        config_version=row["config_version"],
        created_at=row["created_at"],
    )
