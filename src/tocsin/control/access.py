"""Who may do what: one table of roles and permissions, and the caller it is asked about."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tocsin.errors import NotPermittedError
from tocsin.model.ids import ApiKeyId
from tocsin.model.tenant import Role, TenantScope


class Permission(StrEnum):
    """One thing that can be allowed."""

    READ_TENANTS = "tenants:read"
    WRITE_TENANTS = "tenants:write"
    READ_KEYS = "keys:read"
    WRITE_KEYS = "keys:write"
    READ_PLATFORM_NETWORKS = "platform_networks:read"
    WRITE_PLATFORM_NETWORKS = "platform_networks:write"
    READ_NETWORKS = "networks:read"
    WRITE_NETWORKS = "networks:write"
    READ_MONITORS = "monitors:read"
    WRITE_MONITORS = "monitors:write"
    READ_TRIGGERS = "triggers:read"
    WRITE_TRIGGERS = "triggers:write"
    READ_MATCHES = "matches:read"
    READ_DELIVERIES = "deliveries:read"


# A viewer sees no keys: knowing which exist helps only those who manage them.
_VIEWER = frozenset(
    {
        Permission.READ_TENANTS,
        Permission.READ_PLATFORM_NETWORKS,
        Permission.READ_NETWORKS,
        Permission.READ_MONITORS,
        Permission.READ_TRIGGERS,
        Permission.READ_MATCHES,
        Permission.READ_DELIVERIES,
    }
)

# The operator runs the platform and lets tenants in; what they watch is not the operator's.
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset(
        {
            Permission.READ_TENANTS,
            Permission.WRITE_TENANTS,
            Permission.READ_KEYS,
            Permission.WRITE_KEYS,
            Permission.READ_PLATFORM_NETWORKS,
            Permission.WRITE_PLATFORM_NETWORKS,
        }
    ),
    Role.OWNER: _VIEWER
    | {
        Permission.READ_KEYS,
        Permission.WRITE_KEYS,
        Permission.WRITE_NETWORKS,
        Permission.WRITE_MONITORS,
        Permission.WRITE_TRIGGERS,
    },
    Role.VIEWER: _VIEWER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An authenticated caller: with which key, in which role, inside which tenant.

    ``scope`` is None for the operator, who belongs to no tenant.
    """

    key_id: ApiKeyId
    role: Role
    scope: TenantScope | None

    def require(self, permission: Permission) -> None:
        """Return if the role allows it.

        Raises:
            NotPermittedError: it does not.
        """
        if permission not in PERMISSIONS[self.role]:
            raise NotPermittedError(f"a key of role {self.role} does not allow {permission}")

    def require_in_tenant(self, permission: Permission) -> TenantScope:
        """Return the caller's tenant if the role allows it there.

        Raises:
            NotPermittedError: the role does not allow it, or the caller has no tenant.
        """
        self.require(permission)
        if self.scope is None:
            raise NotPermittedError(f"{permission} needs a key of the tenant itself")
        return self.scope
