"""Contracts' specs that nobody gave: each content once, and which version of a monitor uses it."""

from collections.abc import Sequence
from hashlib import sha256
from typing import LiteralString

from tocsin.model.contract_spec import FoundSpec, PinnedSpec, SpecSource
from tocsin.model.ids import MonitorId
from tocsin.model.tenant import TenantScope
from tocsin.storage.pool import Row, Session

KEEP: LiteralString = """
INSERT INTO contract_specs (tenant_id, digest, spec) VALUES (%(tenant)s, %(digest)s, %(spec)s)
ON CONFLICT DO NOTHING"""

PIN: LiteralString = """
INSERT INTO monitor_specs (tenant_id, monitor_id, version, address, digest, source, code_hash,
                           network, fetched_at)
VALUES (%(tenant)s, %(monitor)s, %(version)s, %(address)s, %(digest)s, %(source)s,
        %(code_hash)s, %(network)s, %(fetched_at)s)"""

LIST: LiteralString = """
SELECT p.address, p.source, p.code_hash, p.network, p.fetched_at, s.spec
FROM monitor_specs p JOIN contract_specs s ON s.tenant_id = p.tenant_id AND s.digest = p.digest
WHERE p.tenant_id = %(tenant)s AND p.monitor_id = %(monitor)s AND p.version = %(version)s
ORDER BY p.address"""


class MonitorSpecs:
    """What one tenant's monitors were checked with. Another tenant's cannot be asked for."""

    def __init__(self, session: Session, scope: TenantScope) -> None:
        self._session = session
        self._tenant_id = scope.tenant_id

    async def pin(self, monitor_id: MonitorId, version: int, specs: Sequence[PinnedSpec]) -> None:
        """Store what a version of a monitor, stored before, was checked with."""
        for pinned in specs:
            found = pinned.found
            digest = sha256(found.spec).digest()
            spec = found.spec.decode()
            await self._session.execute(KEEP, tenant=self._tenant_id, digest=digest, spec=spec)
            await self._session.execute(
                PIN,
                tenant=self._tenant_id,
                monitor=monitor_id,
                version=version,
                address=found.address,
                digest=digest,
                source=found.source.value,
                code_hash=found.code_hash,
                network=pinned.network,
                fetched_at=pinned.fetched_at,
            )

    async def list(self, monitor_id: MonitorId, version: int) -> tuple[PinnedSpec, ...]:
        """Return what a version of a monitor was checked with, by address."""
        rows = await self._session.all(
            LIST, tenant=self._tenant_id, monitor=monitor_id, version=version
        )
        return tuple(to_pinned(row) for row in rows)


def to_pinned(row: Row) -> PinnedSpec:
    """Build a pinned spec from its row."""
    return PinnedSpec(
        found=FoundSpec(
            address=row["address"],
            spec=row["spec"].encode(),
            source=SpecSource(row["source"]),
            code_hash=row["code_hash"],
        ),
        network=row["network"],
        fetched_at=row["fetched_at"],
    )
