"""API keys of a tenant: made by its owners or the operator, shown once, revoked at once."""

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request, Response

from tocsin.api.answers import Answer, answer, answer_nothing, shaped
from tocsin.api.bodies import read_shape
from tocsin.api.deps import CallerAsked
from tocsin.api.documents import shape_body
from tocsin.api.paging import ListAnswer, PageAsked, list_answer
from tocsin.control import api_keys as control
from tocsin.model.ids import ApiKeyId
from tocsin.model.tenant import ApiKey, Role

router = APIRouter(prefix="/tenants/{slug}/api-keys", tags=["API keys"])


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to make: what for, and ``owner`` or ``viewer``."""

    name: str
    role: str


class KeyAnswer(Answer):
    """A key, without its secret."""

    id: str
    name: str
    role: Role
    created_at: datetime
    revoked_at: datetime | None


class CreatedKeyAnswer(KeyAnswer):
    """A new key; ``key`` is what to send, shown here and never again."""

    key: str


def to_key_answer(key: ApiKey) -> KeyAnswer:
    """Return a key in the shape of its answer."""
    return KeyAnswer(
        id=key.id,
        name=key.name,
        role=key.role,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )


def to_created_key_answer(created: control.CreatedKey) -> CreatedKeyAnswer:
    """Return a new key in the shape of the one answer that shows it."""
    return CreatedKeyAnswer(**dict(to_key_answer(created.key)), key=created.text)


@router.post(
    "",
    status_code=201,
    response_model=None,
    responses={201: shaped(CreatedKeyAnswer, "The key, shown once.")},
    openapi_extra=shape_body(NewKey, {"name": "dashboard", "role": "viewer"}),
)
async def create_key(slug: str, request: Request, caller: CallerAsked) -> Response:
    """Make a key. Owner, operator."""
    body = await read_shape(request, NewKey)
    new = control.generate_key(caller.workbench.random_bytes)
    async with caller.tenant_session(slug) as (session, tenant):
        created = await control.create_key(
            session, caller.actor, tenant, (body.name, body.role), new
        )
    return answer(to_created_key_answer(created), status=201)


@router.get(
    "",
    response_model=None,
    responses={200: shaped(ListAnswer[KeyAnswer], "Keys, revoked ones too, oldest first.")},
)
async def list_keys(slug: str, caller: CallerAsked, page: PageAsked) -> Response:
    """List keys. Owner, operator."""
    async with caller.tenant_session(slug) as (session, tenant):
        keys = await control.list_keys(session, caller.actor, tenant, page)
    return answer(list_answer(keys, to_key_answer))


@router.delete("/{key_id}", status_code=204, response_model=None)
async def revoke_key(slug: str, key_id: str, caller: CallerAsked) -> Response:
    """Revoke a key; it is useless from the next request on. Owner, operator."""
    async with caller.tenant_session(slug) as (session, tenant):
        await control.revoke_key(session, caller.actor, tenant, ApiKeyId(key_id))
    return answer_nothing()
