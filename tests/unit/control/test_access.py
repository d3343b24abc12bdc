"""Roles and what they allow."""

from uuid import UUID

import pytest

from tocsin.control.access import PERMISSIONS, Actor, Permission
from tocsin.errors import NotPermittedError
from tocsin.model.ids import ApiKeyId, TenantId
from tocsin.model.tenant import Role, TenantScope

SCOPE = TenantScope(tenant_id=TenantId(UUID(int=7)))


def an_actor(role: Role) -> Actor:
    """Return a caller of that role."""
    scope = None if role is Role.OPERATOR else SCOPE
    return Actor(key_id=ApiKeyId("0" * 16), role=role, scope=scope)


def test_every_role_has_a_line_in_the_table() -> None:
    assert set(PERMISSIONS) == set(Role)


def test_every_permission_is_somebodys() -> None:
    assert frozenset().union(*PERMISSIONS.values()) == frozenset(Permission)


def test_a_viewer_may_change_nothing() -> None:
    assert not [each for each in PERMISSIONS[Role.VIEWER] if each.endswith(":write")]


def test_an_owner_may_all_that_a_viewer_may() -> None:
    assert PERMISSIONS[Role.VIEWER] < PERMISSIONS[Role.OWNER]


@pytest.mark.parametrize("noun", ["networks", "monitors", "triggers", "matches", "deliveries"])
def test_the_operator_has_no_permission_on_what_tenants_watch(noun: str) -> None:
    assert not [each for each in PERMISSIONS[Role.OPERATOR] if each.startswith(f"{noun}:")]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("permission", list(Permission))
def test_what_the_table_lacks_is_refused(role: Role, permission: Permission) -> None:
    if permission in PERMISSIONS[role]:
        an_actor(role).require(permission)
    else:
        with pytest.raises(NotPermittedError):
            an_actor(role).require(permission)


def test_a_caller_without_a_tenant_is_in_no_tenant() -> None:
    with pytest.raises(NotPermittedError):
        an_actor(Role.OPERATOR).require_in_tenant(Permission.READ_TENANTS)


def test_a_member_acts_in_the_own_tenant() -> None:
    assert an_actor(Role.OWNER).require_in_tenant(Permission.WRITE_MONITORS) == SCOPE
