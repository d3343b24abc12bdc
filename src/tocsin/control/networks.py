"""Networks: the operator's for everybody, and each tenant's choice of them beside its own."""

from dataclasses import dataclass

import msgspec

from tocsin.control.access import Actor, Permission
from tocsin.control.drafts import (
    NetworkChoice,
    parse_network_body,
    parse_tenant_network_body,
)
from tocsin.control.names import SLUG
from tocsin.control.workbench import Workbench
from tocsin.errors import AlreadyExistsError, NotFoundError
from tocsin.model.ids import SecretId
from tocsin.model.network import EnabledNetwork, Network, NetworkDraft
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.openzeppelin.document import Parsed
from tocsin.storage.networks import PlatformNetworks, TenantNetworks
from tocsin.storage.pool import Session
from tocsin.storage.secrets import ENDPOINTS, add_secret
from tocsin.storage.tenants import raise_config_version


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedNetwork:
    """A network of the platform as stored, and what its author should know."""

    network: Network
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnabledResult:
    """A network a tenant may watch from now on, and what its author should know."""

    enabled: EnabledNetwork
    warnings: tuple[str, ...]


async def create_network(
    session: Session, actor: Actor, workbench: Workbench, raw: bytes
) -> AddedNetwork:
    """Store a network of the platform.

    Raises:
        NotPermittedError: only the operator may.
        InputError: the body is no network.
        EgressRefusedError: an endpoint is where we do not connect.
        AlreadyExistsError: the slug is taken.
    """
    actor.require(Permission.WRITE_PLATFORM_NETWORKS)
    parsed = parse_network_body(raw)
    endpoints = await _seal_endpoints(session, workbench, parsed.draft, None)
    network = await PlatformNetworks(session).add(parsed.draft, endpoints)
    return AddedNetwork(network=network, warnings=parsed.warnings)


async def list_networks(session: Session, actor: Actor, request: PageRequest) -> Page[Network]:
    """Return a page of the platform's networks."""
    actor.require(Permission.READ_PLATFORM_NETWORKS)
    return await PlatformNetworks(session).list(request)


async def get_network(session: Session, actor: Actor, slug: str) -> Network:
    """Return a network of the platform or raise NotFoundError."""
    actor.require(Permission.READ_PLATFORM_NETWORKS)
    return await PlatformNetworks(session).get(_require_known_form(slug))


async def enable_network(
    session: Session, actor: Actor, workbench: Workbench, raw: bytes
) -> EnabledResult:
    """Let the caller's tenant watch a platform network, or a private one that it describes.

    Raises:
        InputError: the body is neither a choice nor a network.
        NotFoundError: the platform has no network of that slug.
        EgressRefusedError: an endpoint is where we do not connect.
        AlreadyExistsError: the tenant has a network of that slug already.
    """
    scope = actor.require_in_tenant(Permission.WRITE_NETWORKS)
    asked = parse_tenant_network_body(raw)
    await raise_config_version(session, scope)
    networks = TenantNetworks(session, scope)
    if isinstance(asked, NetworkChoice):
        await _refuse_taken(networks, asked.slug)
        network = await PlatformNetworks(session).get(asked.slug)
        return EnabledResult(enabled=await networks.enable(network), warnings=())
    return await _add_private(session, scope, workbench, asked)


async def _add_private(
    session: Session, scope: TenantScope, workbench: Workbench, parsed: Parsed[NetworkDraft]
) -> EnabledResult:
    networks = TenantNetworks(session, scope)
    # Monitors name networks by slug: two that one tenant may watch must not share one.
    await _refuse_taken(networks, parsed.draft.slug)
    endpoints = await _seal_endpoints(session, workbench, parsed.draft, scope)
    enabled = await networks.add_private(parsed.draft, endpoints)
    return EnabledResult(enabled=enabled, warnings=parsed.warnings)


async def list_enabled(
    session: Session, actor: Actor, request: PageRequest
) -> Page[EnabledNetwork]:
    """Return a page of the networks the caller's tenant may watch."""
    scope = actor.require_in_tenant(Permission.READ_NETWORKS)
    return await TenantNetworks(session, scope).list(request)


async def disable_network(session: Session, actor: Actor, slug: str) -> None:
    """Take a network from the caller's tenant; a private one is deleted.

    Raises:
        NotFoundError: the tenant has none of that slug.
        InUseError: monitors watch it.
    """
    scope = actor.require_in_tenant(Permission.WRITE_NETWORKS)
    await raise_config_version(session, scope)
    networks = TenantNetworks(session, scope)
    enabled = await networks.get(_require_known_form(slug))
    await networks.disable(enabled.network)


async def _refuse_taken(networks: TenantNetworks, slug: str) -> None:
    if await networks.find_by_slugs([slug]):
        raise AlreadyExistsError(f"the tenant already has a network {slug}")


async def _seal_endpoints(
    session: Session, workbench: Workbench, draft: NetworkDraft, scope: TenantScope | None
) -> SecretId:
    for url in draft.endpoint_urls:
        workbench.check_url(url)
    return await add_secret(
        session,
        workbench.secret_box,
        msgspec.json.encode(draft.endpoint_urls),
        tenant_id=scope.tenant_id if scope else None,
        purpose=ENDPOINTS,
    )


def _require_known_form(slug: str) -> str:
    if SLUG.fullmatch(slug) is None:
        raise NotFoundError("network", "of that slug")
    return slug
