"""Triggers: where a tenant's matches go. Everything but the host is a secret of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString
from uuid import uuid4

from tocsin.errors import InUseError, NotFoundError, StaleVersionError
from tocsin.model.ids import SecretId, TenantId, TriggerId
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.model.trigger import ChannelKind, Trigger
from tocsin.storage.paging import after_at, after_id, to_page
from tocsin.storage.pool import Row, Session
from tocsin.storage.secrets import delete_secret
from tocsin.storage.violations import refuse_duplicate

ADD: LiteralString = """
INSERT INTO tenant_triggers (id, tenant_id, slug, name, kind, destination, config_secret_id)
VALUES (%(id)s, %(tenant)s, %(slug)s, %(name)s, %(kind)s, %(destination)s, %(secret)s)
RETURNING id, tenant_id, slug, name, kind, destination, version, created_at, updated_at"""

GET: LiteralString = """
SELECT id, tenant_id, slug, name, kind, destination, version, created_at, updated_at,
       config_secret_id
FROM tenant_triggers
WHERE tenant_id = %(tenant)s AND id = %(id)s AND deleted_at IS NULL"""

LIST: LiteralString = """
SELECT id, tenant_id, slug, name, kind, destination, version, created_at, updated_at,
       created_at AS position_at, id AS position_id
FROM tenant_triggers
WHERE tenant_id = %(tenant)s AND deleted_at IS NULL
  AND (%(at)s::timestamptz IS NULL OR (created_at, id) > (%(at)s, %(id)s::uuid))
ORDER BY created_at, id
LIMIT %(rows)s"""

FIND_BY_SLUGS: LiteralString = """
SELECT id, slug FROM tenant_triggers
WHERE tenant_id = %(tenant)s AND slug = ANY(%(slugs)s) AND deleted_at IS NULL"""

REPLACE: LiteralString = """
UPDATE tenant_triggers
SET slug = %(slug)s, name = %(name)s, kind = %(kind)s, destination = %(destination)s,
    config_secret_id = %(secret)s, version = version + 1, updated_at = now()
WHERE tenant_id = %(tenant)s AND id = %(id)s AND version = %(version)s AND deleted_at IS NULL
RETURNING id, tenant_id, slug, name, kind, destination, version, created_at, updated_at"""

LIST_DEPENDANTS: LiteralString = """
SELECT m.name FROM monitor_triggers u
JOIN tenant_monitors m ON m.tenant_id = u.tenant_id AND m.id = u.monitor_id
WHERE u.tenant_id = %(tenant)s AND u.trigger_id = %(id)s
ORDER BY m.name LIMIT 10"""

DELETE: LiteralString = """
UPDATE tenant_triggers
SET deleted_at = now(), config_secret_id = NULL, version = version + 1, updated_at = now()
WHERE tenant_id = %(tenant)s AND id = %(id)s AND deleted_at IS NULL"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRecord:
    """What is stored of a trigger; ``config`` is the secret with everything that is one."""

    slug: str
    name: str
    kind: ChannelKind
    destination: str
    config: SecretId


class Triggers:
    """The triggers of one tenant. Another tenant's rows cannot be asked for."""

    def __init__(self, session: Session, scope: TenantScope) -> None:
        self._session = session
        self._tenant_id = scope.tenant_id

    async def add(self, record: TriggerRecord) -> Trigger:
        """Store a new trigger.

        Raises:
            AlreadyExistsError: the slug is taken.
        """
        with refuse_duplicate("trigger", record.slug):
            row = await self._session.one(
                ADD,
                id=uuid4(),
                tenant=self._tenant_id,
                slug=record.slug,
                name=record.name,
                kind=record.kind,
                destination=record.destination,
                secret=record.config,
            )
        return to_trigger(row)

    async def get(self, trigger_id: TriggerId) -> Trigger:
        """Return one trigger or raise NotFoundError."""
        return to_trigger(await self._get_row(trigger_id))

    async def get_config_secret(self, trigger_id: TriggerId) -> SecretId:
        """Return which secret holds a trigger's configuration or raise NotFoundError."""
        return SecretId((await self._get_row(trigger_id))["config_secret_id"])

    async def list(self, request: PageRequest) -> Page[Trigger]:
        """Return a page of triggers, oldest first."""
        rows = await self._session.all(
            LIST,
            tenant=self._tenant_id,
            at=after_at(request),
            id=after_id(request),
            rows=request.limit + 1,
        )
        return to_page(rows, request, to_trigger)

    async def find_by_slugs(self, slugs: Sequence[str]) -> dict[str, TriggerId]:
        """Return the ids of those of the named triggers that exist."""
        rows = await self._session.all(FIND_BY_SLUGS, tenant=self._tenant_id, slugs=list(slugs))
        return {row["slug"]: TriggerId(row["id"]) for row in rows}

    async def replace(
        self, trigger_id: TriggerId, record: TriggerRecord, *, version: int
    ) -> Trigger:
        """Store the next version of a trigger that is at ``version``.

        Raises:
            StaleVersionError: it is at another version by now, or gone.
            AlreadyExistsError: the slug is another trigger's.
        """
        with refuse_duplicate("trigger", record.slug):
            row = await self._session.one_or_none(
                REPLACE,
                id=trigger_id,
                tenant=self._tenant_id,
                version=version,
                slug=record.slug,
                name=record.name,
                kind=record.kind,
                destination=record.destination,
                secret=record.config,
            )
        if row is None:
            raise StaleVersionError(f"trigger {trigger_id} is no longer at version {version}")
        return to_trigger(row)

    async def require_same_name(self, trigger: Trigger, slug: str) -> None:
        """Return if a trigger may be called by that slug from now on.

        Raises:
            InUseError: it is another slug, and monitors name the present one.
        """
        if slug != trigger.slug:
            await self.require_unused(trigger)

    async def require_unused(self, trigger: Trigger) -> None:
        """Return if no monitor sends through a trigger.

        Raises:
            InUseError: some do; it names up to ten.
        """
        rows = await self._session.all(LIST_DEPENDANTS, tenant=self._tenant_id, id=trigger.id)
        if rows:
            raise InUseError(
                f"monitors send through {trigger.slug}", tuple(row["name"] for row in rows)
            )

    async def delete(self, trigger_id: TriggerId) -> None:
        """Take a trigger out of use and forget its secret; its deliveries remain readable.

        Raises:
            NotFoundError: there is none.
        """
        row = await self._get_row(trigger_id)
        await self._session.execute(DELETE, tenant=self._tenant_id, id=trigger_id)
        await delete_secret(self._session, row["config_secret_id"])

    async def _get_row(self, trigger_id: TriggerId) -> Row:
        row = await self._session.one_or_none(GET, tenant=self._tenant_id, id=trigger_id)
        if row is None:
            raise NotFoundError("trigger", trigger_id)
        return row


def to_trigger(row: Row) -> Trigger:
    """Build a trigger from its row."""
    return Trigger(
        id=TriggerId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        slug=row["slug"],
        name=row["name"],
        kind=ChannelKind(row["kind"]),
        destination=row["destination"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
