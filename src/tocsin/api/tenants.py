"""Tenants: created, suspended and resumed by the operator; members read their own."""

from datetime import datetime
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response

from tocsin.api.answers import Answer, answer, shaped
from tocsin.api.api_keys import CreatedKeyAnswer, to_created_key_answer
from tocsin.api.bodies import read_shape
from tocsin.api.deps import CallerAsked
from tocsin.api.documents import shape_body
from tocsin.api.paging import ListAnswer, PageAsked, list_answer
from tocsin.api.versions import ExpectedVersion
from tocsin.control import tenants as control
from tocsin.control.api_keys import generate_key
from tocsin.model.tenant import Tenant, TenantStatus

router = APIRouter(prefix="/tenants", tags=["tenants"])


class NewTenant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tenant to create."""

    slug: str
    name: str


class TenantChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a tenant can be changed."""

    status: str


class TenantAnswer(Answer):
    """A tenant."""

    id: UUID
    slug: str
    name: str
    status: TenantStatus
    config_version: int
    created_at: datetime


class CreatedTenantAnswer(TenantAnswer):
    """A new tenant with its first owner's key, which is shown here and never again."""

    api_key: CreatedKeyAnswer


def to_tenant_answer(tenant: Tenant) -> TenantAnswer:
    """Return a tenant in the shape of its answer."""
    return TenantAnswer(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        status=tenant.status,
        config_version=tenant.config_version,
        created_at=tenant.created_at,
    )


@router.post(
    "",
    status_code=201,
    response_model=None,
    responses={201: shaped(CreatedTenantAnswer, "The tenant and its first owner's key.")},
    openapi_extra=shape_body(NewTenant, {"slug": "acme", "name": "Acme"}),
)
async def create_tenant(request: Request, caller: CallerAsked) -> Response:
    """Create a tenant and its first owner's key, shown once. Operator."""
    body = await read_shape(request, NewTenant)
    first_key = generate_key(caller.workbench.random_bytes)
    async with caller.session() as session:
        created = await control.create_tenant(
            session, caller.actor, body.slug, body.name, first_key
        )
    shape = CreatedTenantAnswer(
        **dict(to_tenant_answer(created.tenant)), api_key=to_created_key_answer(created.key)
    )
    return answer(shape, status=201, version=created.tenant.config_version)


@router.get(
    "",
    response_model=None,
    responses={200: shaped(ListAnswer[TenantAnswer], "Tenants, oldest first.")},
)
async def list_tenants(caller: CallerAsked, page: PageAsked) -> Response:
    """List all tenants (operator), or the caller's own."""
    async with caller.session() as session:
        tenants = await control.list_tenants(session, caller.actor, page)
    return answer(list_answer(tenants, to_tenant_answer))


@router.get(
    "/{slug}",
    response_model=None,
    responses={200: shaped(TenantAnswer, "The tenant.")},
)
async def get_tenant(slug: str, caller: CallerAsked) -> Response:
    """Read a tenant: any (operator), or the caller's own."""
    async with caller.tenant_session(slug) as (_, tenant):
        return answer(to_tenant_answer(tenant), version=tenant.config_version)


@router.patch(
    "/{slug}",
    response_model=None,
    responses={200: shaped(TenantAnswer, "The tenant as it is now.")},
    openapi_extra=shape_body(TenantChange, {"status": "suspended"}),
)
async def change_tenant(
    slug: str, request: Request, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Suspend or resume a tenant, under If-Match where sent. Operator."""
    body = await read_shape(request, TenantChange)
    async with caller.tenant_session(slug) as (session, tenant):
        change = control.TenantChange(status=body.status, expected_version=expected)
        changed = await control.set_tenant_status(session, caller.actor, tenant, change)
    return answer(to_tenant_answer(changed), version=changed.config_version)
