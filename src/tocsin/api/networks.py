"""Networks: the platform's, and those a tenant may watch."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from tocsin.api.answers import Answer, answer, answer_nothing, shaped
from tocsin.api.bodies import read_body
from tocsin.api.deps import CallerAsked
from tocsin.api.documents import NETWORK, NETWORK_EXAMPLE, json_body
from tocsin.api.paging import ListAnswer, PageAsked, list_answer
from tocsin.api.versions import ExpectedVersion
from tocsin.control import networks as control
from tocsin.model.network import ChainFamily, EnabledNetwork, Network

router = APIRouter(prefix="/networks", tags=["networks"])
tenant_router = APIRouter(prefix="/tenants/{slug}/networks", tags=["networks"])

CHOICE = {"type": "object", "required": ["slug"], "properties": {"slug": {"type": "string"}}}


class NetworkAnswer(Answer):
    """A network of the platform. Its endpoints are secret."""

    id: UUID
    slug: str
    name: str
    network_type: ChainFamily
    chain_identity: str
    block_time_ms: int
    confirmation_blocks: int
    start_number: int | None
    version: int
    private: bool


class AddedNetworkAnswer(NetworkAnswer):
    """A new network, and what its author should know."""

    warnings: list[str]


class EnabledNetworkAnswer(NetworkAnswer):
    """A network that a tenant may watch; ``private`` ones are the tenant's own."""

    enabled_at: datetime


class NewlyEnabledAnswer(EnabledNetworkAnswer):
    """A network that a tenant may watch from now on, and what its author should know."""

    warnings: list[str]


def to_network_answer(network: Network) -> NetworkAnswer:
    """Return a network in the shape of its answer."""
    return NetworkAnswer(
        id=network.id,
        slug=network.slug,
        name=network.name,
        network_type=network.family,
        chain_identity=network.chain_identity,
        block_time_ms=round(network.block_time.total_seconds() * 1000),
        confirmation_blocks=network.confirmation_count,
        start_number=network.start_number,
        version=network.version,
        private=network.tenant_id is not None,
    )


def to_enabled_answer(enabled: EnabledNetwork) -> EnabledNetworkAnswer:
    """Return a network a tenant may watch in the shape of its answer."""
    return EnabledNetworkAnswer(
        **dict(to_network_answer(enabled.network)), enabled_at=enabled.enabled_at
    )


@router.post(
    "",
    status_code=201,
    response_model=None,
    responses={201: shaped(AddedNetworkAnswer, "The network.")},
    openapi_extra=json_body(NETWORK, NETWORK_EXAMPLE),
)
async def create_network(request: Request, caller: CallerAsked) -> Response:
    """Add a network of the platform. Operator."""
    raw = await read_body(request)
    async with caller.session() as session:
        added = await control.create_network(session, caller.actor, caller.workbench, raw)
    shape = AddedNetworkAnswer(
        **dict(to_network_answer(added.network)), warnings=list(added.warnings)
    )
    return answer(shape, status=201, version=added.network.version)


@router.get(
    "",
    response_model=None,
    responses={200: shaped(ListAnswer[NetworkAnswer], "Networks, oldest first.")},
)
async def list_networks(caller: CallerAsked, page: PageAsked) -> Response:
    """List the platform's networks. Everybody."""
    async with caller.session() as session:
        networks = await control.list_networks(session, caller.actor, page)
    return answer(list_answer(networks, to_network_answer))


@router.get(
    "/{network_slug}",
    response_model=None,
    responses={200: shaped(NetworkAnswer, "The network.")},
)
async def get_network(network_slug: str, caller: CallerAsked) -> Response:
    """Read a network of the platform. Everybody."""
    async with caller.session() as session:
        network = await control.get_network(session, caller.actor, network_slug)
    return answer(to_network_answer(network), version=network.version)


@router.put(
    "/{network_slug}",
    response_model=None,
    responses={200: shaped(AddedNetworkAnswer, "The network's next version.")},
    openapi_extra=json_body(NETWORK, NETWORK_EXAMPLE),
)
async def replace_network(
    network_slug: str, request: Request, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Store the next version of a network, with its endpoints. Operator.

    Slug and family stay; so does the chain, once a block of it is logged.
    """
    change = control.NetworkChange(
        slug=network_slug, raw=await read_body(request), expected_version=expected
    )
    async with caller.session() as session:
        changed = await control.replace_network(session, caller.actor, caller.workbench, change)
    shape = AddedNetworkAnswer(
        **dict(to_network_answer(changed.network)), warnings=list(changed.warnings)
    )
    return answer(shape, version=changed.network.version)


@router.delete("/{network_slug}", status_code=204, response_model=None)
async def delete_network(
    network_slug: str, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Take a network out of use that no tenant has enabled; its matches remain. Operator."""
    async with caller.session() as session:
        await control.delete_network(session, caller.actor, network_slug, expected)
    return answer_nothing()


@tenant_router.post(
    "",
    status_code=201,
    response_model=None,
    responses={201: shaped(NewlyEnabledAnswer, "The network the tenant may watch now.")},
    openapi_extra=json_body({"oneOf": [CHOICE, NETWORK]}, {"slug": "ethereum_mainnet"}),
)
async def enable_network(slug: str, request: Request, caller: CallerAsked) -> Response:
    """Enable a platform network by its slug, or add a private one. Owner."""
    raw = await read_body(request)
    async with caller.tenant_session(slug) as (session, _):
        result = await control.enable_network(session, caller.actor, caller.workbench, raw)
    shape = NewlyEnabledAnswer(
        **dict(to_enabled_answer(result.enabled)), warnings=list(result.warnings)
    )
    return answer(shape, status=201, version=result.enabled.network.version)


@tenant_router.get(
    "",
    response_model=None,
    responses={200: shaped(ListAnswer[EnabledNetworkAnswer], "Networks, oldest choice first.")},
)
async def list_enabled(slug: str, caller: CallerAsked, page: PageAsked) -> Response:
    """List the networks the tenant may watch. Owner, viewer."""
    async with caller.tenant_session(slug) as (session, _):
        networks = await control.list_enabled(session, caller.actor, page)
    return answer(list_answer(networks, to_enabled_answer))


@tenant_router.get(
    "/{network_slug}",
    response_model=None,
    responses={200: shaped(EnabledNetworkAnswer, "The network.")},
)
async def get_enabled(slug: str, network_slug: str, caller: CallerAsked) -> Response:
    """Read a network the tenant may watch. Owner, viewer."""
    async with caller.tenant_session(slug) as (session, _):
        enabled = await control.get_enabled(session, caller.actor, network_slug)
    return answer(to_enabled_answer(enabled), version=enabled.network.version)


@tenant_router.put(
    "/{network_slug}",
    response_model=None,
    responses={200: shaped(NewlyEnabledAnswer, "The network's next version.")},
    openapi_extra=json_body(NETWORK, NETWORK_EXAMPLE),
)
async def replace_private(
    slug: str, network_slug: str, request: Request, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Store the next version of a private network, with its endpoints. Owner.

    Slug and family stay; so does the chain, once a block of it is logged.
    """
    change = control.NetworkChange(
        slug=network_slug, raw=await read_body(request), expected_version=expected
    )
    async with caller.tenant_session(slug) as (session, _):
        result = await control.replace_private(session, caller.actor, caller.workbench, change)
    shape = NewlyEnabledAnswer(
        **dict(to_enabled_answer(result.enabled)), warnings=list(result.warnings)
    )
    return answer(shape, version=result.enabled.network.version)


@tenant_router.delete("/{network_slug}", status_code=204, response_model=None)
async def disable_network(
    slug: str, network_slug: str, caller: CallerAsked, expected: ExpectedVersion
) -> Response:
    """Stop watching a network that no monitor uses; a private one is deleted. Owner."""
    async with caller.tenant_session(slug) as (session, _):
        await control.disable_network(session, caller.actor, network_slug, expected)
    return answer_nothing()
