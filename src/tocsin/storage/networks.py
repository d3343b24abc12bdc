"""Networks: the platform's, each tenant's private ones, and which a tenant has enabled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString
from uuid import UUID, uuid4

import msgspec

from tocsin.errors import InUseError, NotFoundError
from tocsin.model.ids import NetworkId, SecretId, TenantId
from tocsin.model.network import ChainFamily, EnabledNetwork, Network, NetworkDraft
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.storage.paging import after_at, after_id, to_page
from tocsin.storage.pool import Row, Session
from tocsin.storage.secrets import SecretBox, delete_secret, read_secret
from tocsin.storage.violations import refuse_duplicate, require_existing

PLATFORM = UUID(int=0)  # owner_id of the platform's networks

ADD: LiteralString = """
INSERT INTO networks (id, tenant_id, slug, name, family, chain_identity, endpoints_secret_id,
                      block_time_ms, confirmation_count, start_number)
VALUES (%(id)s, %(tenant)s, %(slug)s, %(name)s, %(family)s, %(identity)s, %(secret)s,
        %(block_time_ms)s, %(confirmations)s, %(start)s)
RETURNING id, tenant_id, slug, name, family, chain_identity, block_time_ms,
          confirmation_count, start_number, version"""

FIND_PLATFORM: LiteralString = """
SELECT id, tenant_id, slug, name, family, chain_identity, block_time_ms,
       confirmation_count, start_number, version
FROM networks
WHERE tenant_id IS NULL AND slug = %(slug)s AND deleted_at IS NULL"""

LIST_PLATFORM: LiteralString = """
SELECT id, tenant_id, slug, name, family, chain_identity, block_time_ms,
       confirmation_count, start_number, version, created_at AS position_at, id AS position_id
FROM networks
WHERE tenant_id IS NULL AND deleted_at IS NULL
  AND (%(at)s::timestamptz IS NULL OR (created_at, id) > (%(at)s, %(id)s::uuid))
ORDER BY created_at, id
LIMIT %(rows)s"""

ENABLE: LiteralString = """
INSERT INTO tenant_networks (tenant_id, network_id, owner_id)
VALUES (%(tenant)s, %(network)s, %(owner)s)
RETURNING enabled_at"""

LIST_ENABLED: LiteralString = """
SELECT n.id, n.tenant_id, n.slug, n.name, n.family, n.chain_identity, n.block_time_ms,
       n.confirmation_count, n.start_number, n.version, e.enabled_at,
       e.enabled_at AS position_at, n.id AS position_id
FROM tenant_networks e JOIN networks n ON n.owner_id = e.owner_id AND n.id = e.network_id
WHERE e.tenant_id = %(tenant)s AND n.deleted_at IS NULL
  AND (%(at)s::timestamptz IS NULL OR (e.enabled_at, n.id) > (%(at)s, %(id)s::uuid))
ORDER BY e.enabled_at, n.id
LIMIT %(rows)s"""

FIND_ENABLED: LiteralString = """
SELECT n.id, n.tenant_id, n.slug, n.name, n.family, n.chain_identity, n.block_time_ms,
       n.confirmation_count, n.start_number, n.version, e.enabled_at
FROM tenant_networks e JOIN networks n ON n.owner_id = e.owner_id AND n.id = e.network_id
WHERE e.tenant_id = %(tenant)s AND n.slug = ANY(%(slugs)s) AND n.deleted_at IS NULL"""

LIST_DEPENDANTS: LiteralString = """
SELECT m.name FROM monitor_networks u
JOIN tenant_monitors m ON m.tenant_id = u.tenant_id AND m.id = u.monitor_id
WHERE u.tenant_id = %(tenant)s AND u.network_id = %(network)s
ORDER BY m.name LIMIT 10"""

DISABLE: LiteralString = """
DELETE FROM tenant_networks WHERE tenant_id = %(tenant)s AND network_id = %(network)s"""

# Nobody chooses it, logs a block of it or deletes it until we are done.
LOCK: LiteralString = """
SELECT id, tenant_id, slug, name, family, chain_identity, block_time_ms,
       confirmation_count, start_number, version, endpoints_secret_id
FROM networks
WHERE owner_id = %(owner)s AND slug = %(slug)s AND deleted_at IS NULL
FOR UPDATE"""

IS_LOGGED: LiteralString = """
SELECT EXISTS (SELECT 1 FROM chain_log WHERE network_id = %(id)s) AS is_logged"""

REPLACE: LiteralString = """
UPDATE networks
SET name = %(name)s, chain_identity = %(identity)s, endpoints_secret_id = %(secret)s,
    block_time_ms = %(block_time_ms)s, confirmation_count = %(confirmations)s,
    start_number = %(start)s, version = version + 1
WHERE id = %(id)s
RETURNING id, tenant_id, slug, name, family, chain_identity, block_time_ms,
          confirmation_count, start_number, version"""

LIST_CHOOSERS: LiteralString = """
SELECT t.slug FROM tenant_networks e JOIN tenants t ON t.id = e.tenant_id
WHERE e.network_id = %(id)s ORDER BY t.slug LIMIT 10"""

FORGET: LiteralString = """
UPDATE networks SET deleted_at = now(), endpoints_secret_id = NULL, version = version + 1
WHERE id = %(id)s"""

IS_THERE: LiteralString = """
SELECT 1 FROM networks WHERE id = %(id)s AND deleted_at IS NULL"""

FIND_ENDPOINTS: LiteralString = """
SELECT endpoints_secret_id FROM networks WHERE id = %(id)s AND deleted_at IS NULL"""

FORGET_PRIVATE: LiteralString = """
UPDATE networks SET deleted_at = now(), endpoints_secret_id = NULL, version = version + 1
WHERE tenant_id = %(tenant)s AND id = %(network)s"""

FORGET_ENDPOINTS: LiteralString = """
DELETE FROM tenant_secrets s USING networks n
WHERE n.tenant_id = %(tenant)s AND n.id = %(network)s
  AND s.tenant_id = n.tenant_id AND s.id = n.endpoints_secret_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedNetwork:
    """A network that nobody else changes until the session ends, and the secret of its endpoints.

    ``is_logged`` says whether a block of it was ever logged.
    """

    network: Network
    endpoints: SecretId
    is_logged: bool


class PlatformNetworks:
    """The operator's networks. Everybody may see them; their endpoints are secrets."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, draft: NetworkDraft, endpoints: SecretId) -> Network:
        """Store a network of the platform.

        Raises:
            AlreadyExistsError: the slug is taken.
        """
        return await _add(self._session, draft, endpoints, None)

    async def get(self, slug: str) -> Network:
        """Return a network of the platform or raise NotFoundError."""
        row = await self._session.one_or_none(FIND_PLATFORM, slug=slug)
        if row is None:
            raise NotFoundError("network", slug)
        return to_network(row)

    async def list(self, request: PageRequest) -> Page[Network]:
        """Return a page of the platform's networks, oldest first."""
        rows = await self._session.all(
            LIST_PLATFORM, at=after_at(request), id=after_id(request), rows=request.limit + 1
        )
        return to_page(rows, request, to_network)

    async def forget(self, locked: LockedNetwork) -> None:
        """Take a network out of use, its endpoints forgotten; what was logged of it remains.

        Raises:
            InUseError: tenants have chosen it; names some.
        """
        network = locked.network
        choosers = await self._session.all(LIST_CHOOSERS, id=network.id)
        if choosers:
            raise InUseError(
                f"tenants have chosen {network.slug}", tuple(row["slug"] for row in choosers)
            )
        await self._session.execute(FORGET, id=network.id)
        await delete_secret(self._session, locked.endpoints)


class TenantNetworks:
    """The networks one tenant may watch: enabled ones of the platform, and its own."""

    def __init__(self, session: Session, scope: TenantScope) -> None:
        self._session = session
        self._tenant_id = scope.tenant_id

    async def add_private(self, draft: NetworkDraft, endpoints: SecretId) -> EnabledNetwork:
        """Store a network of the tenant's own, enabled.

        Raises:
            AlreadyExistsError: the tenant has another private network of that slug.
        """
        network = await _add(self._session, draft, endpoints, self._tenant_id)
        return await self.enable(network)

    async def enable(self, network: Network) -> EnabledNetwork:
        """Let the tenant watch a network of the platform or of its own.

        Raises:
            AlreadyExistsError: it is enabled already.
            NotFoundError: it is gone.
        """
        with (
            refuse_duplicate("enabled network", network.slug),
            require_existing("network", network.slug),
        ):
            row = await self._session.one(
                ENABLE,
                tenant=self._tenant_id,
                network=network.id,
                owner=network.tenant_id or PLATFORM,
            )
        # Asked again, now that nobody can delete it any more.
        if await self._session.one_or_none(IS_THERE, id=network.id) is None:
            raise NotFoundError("network", network.slug)
        return EnabledNetwork(network=network, enabled_at=row["enabled_at"])

    async def list(self, request: PageRequest) -> Page[EnabledNetwork]:
        """Return a page of the networks the tenant may watch, oldest first."""
        rows = await self._session.all(
            LIST_ENABLED,
            tenant=self._tenant_id,
            at=after_at(request),
            id=after_id(request),
            rows=request.limit + 1,
        )
        return to_page(rows, request, to_enabled_network)

    async def find_by_slugs(self, slugs: Sequence[str]) -> dict[str, EnabledNetwork]:
        """Return those of the named networks that the tenant may watch, its own first."""
        rows = await self._session.all(FIND_ENABLED, tenant=self._tenant_id, slugs=list(slugs))
        found = [to_enabled_network(row) for row in rows]
        platform_first = sorted(found, key=lambda each: each.network.tenant_id is not None)
        return {each.network.slug: each for each in platform_first}

    async def get(self, slug: str) -> EnabledNetwork:
        """Return a network the tenant may watch or raise NotFoundError."""
        found = await self.find_by_slugs([slug])
        if slug not in found:
            raise NotFoundError("enabled network", slug)
        return found[slug]

    async def disable(self, network: Network) -> None:
        """Stop watching a network; a private one is deleted, its endpoints forgotten.

        Raises:
            InUseError: monitors watch it.
        """
        dependants = await self._session.all(
            LIST_DEPENDANTS, tenant=self._tenant_id, network=network.id
        )
        if dependants:
            raise InUseError(
                f"monitors watch {network.slug}", tuple(row["name"] for row in dependants)
            )
        await self._session.execute(DISABLE, tenant=self._tenant_id, network=network.id)
        if network.tenant_id is not None:
            for statement in (FORGET_ENDPOINTS, FORGET_PRIVATE):
                await self._session.execute(statement, tenant=self._tenant_id, network=network.id)


async def lock_network(session: Session, slug: str, owner: TenantId | None) -> LockedNetwork:
    """Return a tenant's own network, or with None one of the platform, locked.

    Raises:
        NotFoundError: there is none.
    """
    row = await session.one_or_none(LOCK, owner=owner or PLATFORM, slug=slug)
    if row is None:
        raise NotFoundError("network", slug)
    # A statement of its own: it sees what was committed while we waited for the lock.
    logged = await session.one(IS_LOGGED, id=row["id"])
    return LockedNetwork(
        network=to_network(row),
        endpoints=SecretId(row["endpoints_secret_id"]),
        is_logged=logged["is_logged"],
    )


async def store_next_version(
    session: Session, locked: LockedNetwork, draft: NetworkDraft, endpoints: SecretId
) -> Network:
    """Store the next version of a network; its slug and family stay as they are."""
    row = await session.one(
        REPLACE,
        id=locked.network.id,
        name=draft.name,
        identity=draft.chain_identity,
        secret=endpoints,
        block_time_ms=draft.block_time // timedelta(milliseconds=1),
        confirmations=draft.confirmation_count,
        start=draft.start_number,
    )
    await delete_secret(session, locked.endpoints)
    return to_network(row)


async def read_endpoint_urls(
    session: Session, box: SecretBox, network_id: NetworkId
) -> tuple[str, ...]:
    """Return a network's endpoint URLs in order of preference, none where it is gone.

    Raises:
        NotFoundError: the session may not see them.
        StorageError: they do not decrypt.
    """
    row = await session.one_or_none(FIND_ENDPOINTS, id=network_id)
    if row is None:
        return ()
    clear = await read_secret(session, box, SecretId(row["endpoints_secret_id"]))
    return msgspec.json.decode(clear, type=tuple[str, ...])


async def _add(
    session: Session, draft: NetworkDraft, endpoints: SecretId, tenant_id: TenantId | None
) -> Network:
    with refuse_duplicate("network", draft.slug):
        row = await session.one(
            ADD,
            id=uuid4(),
            tenant=tenant_id,
            slug=draft.slug,
            name=draft.name,
            family=draft.family,
            identity=draft.chain_identity,
            secret=endpoints,
            block_time_ms=draft.block_time // timedelta(milliseconds=1),
            confirmations=draft.confirmation_count,
            start=draft.start_number,
        )
    return to_network(row)


def to_network(row: Row) -> Network:
    """Build a network from its row."""
    return Network(
        id=NetworkId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]) if row["tenant_id"] else None,
        slug=row["slug"],
        name=row["name"],
        family=ChainFamily(row["family"]),
        chain_identity=row["chain_identity"],
        block_time=timedelta(milliseconds=row["block_time_ms"]),
        confirmation_count=row["confirmation_count"],
        start_number=row["start_number"],
        version=row["version"],
    )


def to_enabled_network(row: Row) -> EnabledNetwork:
    """Build a network with the time since when a tenant may watch it."""
    return EnabledNetwork(network=to_network(row), enabled_at=row["enabled_at"])
