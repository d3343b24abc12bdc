"""API keys: only the SHA-256 of a key's secret is kept."""

from typing import LiteralString

from tocsin.errors import NotFoundError
from tocsin.model.ids import ApiKeyId, TenantId
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import ApiKey, Role, TenantScope
from tocsin.storage.paging import after_at, after_text, to_page
from tocsin.storage.pool import Row, Session

# Any fixed number will do; two processes that start at once must not both make the first key.
OPERATOR_KEY_LOCK = 0x746F637369A0

ADD: LiteralString = """
INSERT INTO api_keys (id, tenant_id, name, role, secret_hash)
VALUES (%(id)s, %(tenant)s, %(name)s, %(role)s, %(hash)s)
RETURNING id, tenant_id, name, role, secret_hash, created_at, revoked_at"""

FIND: LiteralString = """
SELECT id, tenant_id, name, role, secret_hash, created_at, revoked_at
FROM api_keys WHERE id = %(id)s"""

LIST: LiteralString = """
SELECT id, tenant_id, name, role, secret_hash, created_at, revoked_at,
       created_at AS position_at, id AS position_id
FROM api_keys
WHERE tenant_id = %(tenant)s
  AND (%(at)s::timestamptz IS NULL OR (created_at, id) > (%(at)s, %(id)s::text))
ORDER BY created_at, id
LIMIT %(rows)s"""

LIST_OPERATORS: LiteralString = """
SELECT id, tenant_id, name, role, secret_hash, created_at, revoked_at
FROM api_keys WHERE role = 'operator' ORDER BY created_at, id"""

REVOKE_OPERATORS: LiteralString = """
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
WHERE id = %(id)s AND role = 'operator'"""

# Locked, so that of two who revoke each other's only one succeeds.
LOCK_OWNERS: LiteralString = """
SELECT id FROM api_keys
WHERE tenant_id = %(tenant)s AND role = 'owner' AND revoked_at IS NULL
ORDER BY id FOR UPDATE"""

REVOKE: LiteralString = """
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
WHERE id = %(id)s AND tenant_id = %(tenant)s"""


class ApiKeys:
    """The keys of one tenant."""

    def __init__(self, session: Session, scope: TenantScope) -> None:
        self._session = session
        self._tenant_id = scope.tenant_id

    async def add(self, key_id: ApiKeyId, name: str, role: Role, secret_hash: bytes) -> ApiKey:
        """Store a key of the tenant."""
        row = await self._session.one(
            ADD, id=key_id, tenant=self._tenant_id, name=name, role=role, hash=secret_hash
        )
        return to_api_key(row)

    async def list(self, request: PageRequest) -> Page[ApiKey]:
        """Return a page of keys, revoked ones too, oldest first."""
        rows = await self._session.all(
            LIST,
            tenant=self._tenant_id,
            at=after_at(request),
            id=after_text(request),
            rows=request.limit + 1,
        )
        return to_page(rows, request, to_api_key)

    async def lock_working_owners(self) -> set[ApiKeyId]:
        """Return the keys that can manage the tenant; nobody revokes one until we are done."""
        rows = await self._session.all(LOCK_OWNERS, tenant=self._tenant_id)
        return {ApiKeyId(row["id"]) for row in rows}

    async def revoke(self, key_id: ApiKeyId) -> None:
        """Make a key useless from the next request on; again is no error.

        Raises:
            NotFoundError: the tenant has no such key.
        """
        if not await self._session.execute(REVOKE, id=key_id, tenant=self._tenant_id):
            raise NotFoundError("API key", key_id)


async def find_api_key(session: Session, key_id: ApiKeyId) -> ApiKey | None:
    """Return the key of an id, or None.

    The session was opened with ``key_id``: nobody knows yet whose key it is.
    """
    row = await session.one_or_none(FIND, id=key_id)
    return to_api_key(row) if row else None


async def has_operator_key(session: Session) -> bool:
    """Return whether the operator has a key that works, holding off others who ask.

    Until the session ends nobody else gets an answer, so that only one makes the first key.
    """
    await session.execute("SELECT pg_advisory_xact_lock(%(lock)s)", lock=OPERATOR_KEY_LOCK)
    row = await session.one_or_none(
        "SELECT 1 AS found FROM api_keys WHERE role = 'operator' AND revoked_at IS NULL LIMIT 1"
    )
    return row is not None


async def add_operator_key(
    session: Session, key_id: ApiKeyId, name: str, secret_hash: bytes
) -> ApiKey:
    """Store a key of the platform's operator."""
    row = await session.one(
        ADD, id=key_id, tenant=None, name=name, role=Role.OPERATOR, hash=secret_hash
    )
    return to_api_key(row)


async def list_operator_keys(session: Session) -> list[ApiKey]:
    """Return the operator's keys, revoked ones too, oldest first: they are few."""
    return [to_api_key(row) for row in await session.all(LIST_OPERATORS)]


async def revoke_operator_key(session: Session, key_id: ApiKeyId) -> None:
    """Make a key of the operator useless from the next request on; again is no error.

    Raises:
        NotFoundError: the operator has no such key.
    """
    if not await session.execute(REVOKE_OPERATORS, id=key_id):
        raise NotFoundError("operator key", key_id)


def to_api_key(row: Row) -> ApiKey:
    """Build a key from its row."""
    return ApiKey(
        id=ApiKeyId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]) if row["tenant_id"] else None,
        name=row["name"],
        role=Role(row["role"]),
        secret_hash=bytes(row["secret_hash"]),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
