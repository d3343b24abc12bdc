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
from tocsin.errors import (
    AlreadyExistsError,
    ConflictError,
    InputError,
    NotFoundError,
    NotPermittedError,
    StaleVersionError,
)
from tocsin.model.ids import SecretId
from tocsin.model.network import EnabledNetwork, Network, NetworkDraft
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.openzeppelin.document import Parsed
from tocsin.storage.networks import (
    LockedNetwork,
    PlatformNetworks,
    TenantNetworks,
    lock_network,
    store_next_version,
)
from tocsin.storage.pool import Session
from tocsin.storage.secrets import ENDPOINTS, add_secret
from tocsin.storage.tenants import announce_change, raise_config_version


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChange:
    """A network to replace: its slug, its body, and the version it must be at, if any."""

    slug: str
    raw: bytes
    expected_version: int | None


async def replace_network(
    session: Session, actor: Actor, workbench: Workbench, change: NetworkChange
) -> AddedNetwork:
    """Store the next version of a network of the platform, its endpoints among it.

    What monitors and the log stand on stays: slug, family and, once a block is logged, the chain.

    Raises:
        NotPermittedError: only the operator may.
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
        InputError: the body is no network, or another one.
        ConflictError: another chain, and blocks of this one are logged.
        EgressRefusedError: an endpoint is where we do not connect.
    """
    actor.require(Permission.WRITE_PLATFORM_NETWORKS)
    return await _replace(session, workbench, change, None)


async def delete_network(
    session: Session, actor: Actor, slug: str, expected_version: int | None
) -> None:
    """Take a network of the platform out of use.

    Raises:
        NotPermittedError: only the operator may.
        NotFoundError: there is none.
        StaleVersionError: it is not at the expected version.
        InUseError: tenants have chosen it.
    """
    actor.require(Permission.WRITE_PLATFORM_NETWORKS)
    locked = await lock_network(session, _require_known_form(slug), None)
    _require_version(locked.network, expected_version)
    await PlatformNetworks(session).forget(locked)
    await announce_change(session)


async def get_enabled(session: Session, actor: Actor, slug: str) -> EnabledNetwork:
    """Return a network the caller's tenant may watch or raise NotFoundError."""
    scope = actor.require_in_tenant(Permission.READ_NETWORKS)
    return await TenantNetworks(session, scope).get(_require_known_form(slug))


async def replace_private(
    session: Session, actor: Actor, workbench: Workbench, change: NetworkChange
) -> EnabledResult:
    """Store the next version of a network of the caller's tenant's own.

    Raises:
        NotPermittedError: the network is the platform's.
        NotFoundError, StaleVersionError, InputError, ConflictError, EgressRefusedError: as for
            ``replace_network``.
    """
    scope = actor.require_in_tenant(Permission.WRITE_NETWORKS)
    await raise_config_version(session, scope)
    before = await TenantNetworks(session, scope).get(_require_known_form(change.slug))
    if before.network.tenant_id is None:
        raise NotPermittedError("the platform's networks are changed by the operator")
    replaced = await _replace(session, workbench, change, scope)
    enabled = EnabledNetwork(network=replaced.network, enabled_at=before.enabled_at)
    return EnabledResult(enabled=enabled, warnings=replaced.warnings)


async def _replace(
    session: Session, workbench: Workbench, change: NetworkChange, scope: TenantScope | None
) -> AddedNetwork:
    parsed = parse_network_body(change.raw)
    owner = scope.tenant_id if scope else None
    locked = await lock_network(session, _require_known_form(change.slug), owner)
    _require_version(locked.network, change.expected_version)
    _require_same(locked, parsed.draft)
    endpoints = await _seal_endpoints(session, workbench, parsed.draft, scope)
    network = await store_next_version(session, locked, parsed.draft, endpoints)
    await announce_change(session)
    return AddedNetwork(network=network, warnings=parsed.warnings)


def _require_same(locked: LockedNetwork, draft: NetworkDraft) -> None:
    network = locked.network
    if draft.slug != network.slug:
        raise InputError("a network keeps its slug: monitors name it", field="slug")
    if draft.family is not network.family:
        raise InputError("a network keeps its family: monitors depend on it", field="network_type")
    if locked.is_logged and draft.chain_identity != network.chain_identity:
        raise ConflictError(
            f"blocks of chain {network.chain_identity} are logged already; "
            "another chain is another network"
        )


def _require_version(network: Network, expected: int | None) -> None:
    if expected is not None and network.version != expected:
        raise StaleVersionError(f"the network is at version {network.version}, not {expected}")


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


async def disable_network(
    session: Session, actor: Actor, slug: str, expected_version: int | None
) -> None:
    """Take a network from the caller's tenant; a private one is deleted.

    Raises:
        NotFoundError: the tenant has none of that slug.
        StaleVersionError: it is not at the expected version.
        InUseError: monitors watch it.
    """
    scope = actor.require_in_tenant(Permission.WRITE_NETWORKS)
    await raise_config_version(session, scope)
    networks = TenantNetworks(session, scope)
    enabled = await networks.get(_require_known_form(slug))
    _require_version(enabled.network, expected_version)
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
