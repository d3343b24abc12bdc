"""Tenants, and the scope that every tenant's row is read in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.model.ids import ApiKeyId, TenantId


class TenantStatus(StrEnum):
    """Whether a tenant's keys, monitors and deliveries work."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Role(StrEnum):
    """What a credential may do; the operator belongs to no tenant."""

    OPERATOR = "operator"
    OWNER = "owner"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantScope:
    """Whose rows may be seen. No scope, no query."""

    tenant_id: TenantId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Who owns monitors."""

    id: TenantId
    slug: str
    name: str
    status: TenantStatus
    config_version: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as stored: only the hash of its secret. ``tenant_id`` is None for the operator's."""

    id: ApiKeyId
    tenant_id: TenantId | None
    name: str
    role: Role
    secret_hash: bytes
    created_at: datetime
    revoked_at: datetime | None
