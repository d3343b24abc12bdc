"""API keys: made once, shown once, kept as hashes, checked on every request.

Shape: ``tsn_<id>_<secret><checksum>``; the id is 16 hex digits, the secret 64 (256 bits), the
checksum 8: CRC-32 of all that stands before it, so that a scanner knows a key when it sees one
and a mistyped one costs no query.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from zlib import crc32

from tocsin.control.access import Actor, Permission
from tocsin.control.names import require_name
from tocsin.errors import InputError, LastKeyError, NotAuthenticatedError, NotFoundError
from tocsin.model.ids import ApiKeyId
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import ApiKey, Role, Tenant, TenantScope
from tocsin.storage import api_keys as storage
from tocsin.storage.pool import Database, Session

ID_BYTES = 8
SECRET_BYTES = 32
KEY_ID = re.compile(r"[0-9a-f]{16}")
KEY = re.compile(r"tsn_(?P<id>[0-9a-f]{16})_(?P<secret>[0-9a-f]{64})(?P<checksum>[0-9a-f]{8})")

# Compared with where there is no such key, so that both answers take the same way.
_NO_HASH = sha256(b"").digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedKey:
    """A new key. ``text`` is shown once and never stored; ``secret_hash`` is stored."""

    id: ApiKeyId
    text: str
    secret_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedKey:
    """A stored key with its text, for the one answer that shows it."""

    key: ApiKey
    text: str


def generate_key(random_bytes: Callable[[int], bytes]) -> GeneratedKey:
    """Return a new key."""
    key_id = random_bytes(ID_BYTES).hex()
    secret = random_bytes(SECRET_BYTES).hex()
    body = f"tsn_{key_id}_{secret}"
    return GeneratedKey(
        id=ApiKeyId(key_id),
        text=f"{body}{crc32(body.encode()):08x}",
        secret_hash=sha256(secret.encode()).digest(),
    )


def parse_key(text: str) -> tuple[ApiKeyId, bytes]:
    """Return the id in a key, and the SHA-256 of its secret.

    Raises:
        NotAuthenticatedError: it is no key of ours. Never quotes it.
    """
    parts = KEY.fullmatch(text)
    if parts is None or f"{crc32(text[:-8].encode()):08x}" != parts["checksum"]:
        raise NotAuthenticatedError("this is no key of Tocsin's")
    return ApiKeyId(parts["id"]), sha256(parts["secret"].encode()).digest()


async def authenticate(database: Database, text: str) -> Actor:
    """Return who presents a key.

    Raises:
        NotAuthenticatedError: the key is malformed, unknown or revoked; never which.
    """
    key_id, secret_hash = parse_key(text)
    async with database.session(key_id=key_id) as session:
        key = await storage.find_api_key(session, key_id)
    same = hmac.compare_digest(key.secret_hash if key else _NO_HASH, secret_hash)
    if key is None or not same or key.revoked_at is not None:
        raise NotAuthenticatedError("the key is unknown or revoked")
    scope = TenantScope(tenant_id=key.tenant_id) if key.tenant_id else None
    return Actor(key_id=key.id, role=key.role, scope=scope)


async def ensure_operator_key(
    database: Database,
    random_bytes: Callable[[int], bytes],
    show: Callable[[str], None] | None = None,
) -> str | None:
    """Make the operator's first key and return its text; None where there is one already.

    With ``show`` it is shown before it is stored: a key that nobody could be told must not
    be the first one.
    """
    async with database.session(operator=True) as session:
        if await storage.has_operator_key(session):
            return None
        new = generate_key(random_bytes)
        await storage.add_operator_key(session, new.id, "bootstrap", new.secret_hash)
        if show is not None:
            show(new.text)
    return new.text


async def list_operator_keys(database: Database) -> list[ApiKey]:
    """Return the operator's keys, for whoever has the database itself."""
    async with database.session(operator=True) as session:
        return await storage.list_operator_keys(session)


async def add_operator_key(
    database: Database,
    name: str,
    random_bytes: Callable[[int], bytes],
    show: Callable[[str], None],
) -> None:
    """Make one more key of the operator, for whoever has the database itself.

    Raises:
        InputError: the name is none.
    """
    require_name(name, field="name")
    async with database.session(operator=True) as session:
        new = generate_key(random_bytes)
        await storage.add_operator_key(session, new.id, name, new.secret_hash)
        show(new.text)


async def revoke_operator_key(database: Database, key_id: str) -> None:
    """Make a key of the operator useless, for whoever has the database itself.

    Raises:
        NotFoundError: the operator has no key of that id.
    """
    if KEY_ID.fullmatch(key_id) is None:
        raise NotFoundError("operator key", "of that id")
    async with database.session(operator=True) as session:
        await storage.revoke_operator_key(session, ApiKeyId(key_id))


async def add_key(
    session: Session, tenant: Tenant, name: str, role: Role, new: GeneratedKey
) -> CreatedKey:
    """Store a generated key of a tenant."""
    keys = storage.ApiKeys(session, TenantScope(tenant_id=tenant.id))
    key = await keys.add(new.id, name, role, new.secret_hash)
    return CreatedKey(key=key, text=new.text)


async def create_key(
    session: Session, actor: Actor, tenant: Tenant, draft: tuple[str, str], new: GeneratedKey
) -> CreatedKey:
    """Store a generated key; ``draft`` is its name and role.

    Raises:
        NotPermittedError: the caller may not make keys.
        InputError: the role is not one that a tenant's key may have.
    """
    actor.require(Permission.WRITE_KEYS)
    name, role = require_name(draft[0], field="name"), _require_tenant_role(draft[1])
    return await add_key(session, tenant, name, role, new)


async def list_keys(
    session: Session, actor: Actor, tenant: Tenant, request: PageRequest
) -> Page[ApiKey]:
    """Return a page of a tenant's keys."""
    actor.require(Permission.READ_KEYS)
    return await storage.ApiKeys(session, TenantScope(tenant_id=tenant.id)).list(request)


async def revoke_key(session: Session, actor: Actor, tenant: Tenant, key_id: ApiKeyId) -> None:
    """Make a tenant's key useless from the next request on.

    Raises:
        NotPermittedError: the caller may not revoke keys.
        NotFoundError: the tenant has no such key.
        LastKeyError: the tenant would lock itself out. The operator may, and can let it in again.
    """
    actor.require(Permission.WRITE_KEYS)
    if KEY_ID.fullmatch(key_id) is None:
        raise NotFoundError("API key", "of that id")
    keys = storage.ApiKeys(session, TenantScope(tenant_id=tenant.id))
    if actor.scope is not None and await keys.lock_working_owners() == {key_id}:
        raise LastKeyError("this is the tenant's last owner key")
    await keys.revoke(key_id)


def _require_tenant_role(text: str) -> Role:
    if text not in (Role.OWNER, Role.VIEWER):
        raise InputError(f"expected {Role.OWNER} or {Role.VIEWER}", field="role")
    return Role(text)
