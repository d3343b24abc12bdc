"""Matches, read side: what was found, in the names people gave, with the chain's facts."""

from typing import LiteralString

import zstandard

from tocsin.errors import NotFoundError, StorageError
from tocsin.model.ids import MatchId, MonitorId, NetworkId, OccurrenceId, TenantId
from tocsin.model.match import ListedMatch, MatchFilter, MatchStatus, StoredMatch
from tocsin.model.page import Page, PageRequest
from tocsin.model.tenant import TenantScope
from tocsin.storage.paging import after_at, after_id, to_page
from tocsin.storage.pool import Row, Session

# A transaction's document is small; more than this was not written by us.
MOST_DOCUMENT_BYTES = 16 * 1024 * 1024

LIST: LiteralString = """
SELECT m.id, m.occurrence_id, m.tenant_id, m.monitor_id, m.monitor_version, m.network_id,
       m.block_number, m.block_hash, m.block_time, m.transaction_hash, m.transaction_index,
       m.status, m.generation, m.reasons, m.created_at, m.retracted_at,
       t.name AS monitor_name, n.slug AS network_slug,
       m.created_at AS position_at, m.id AS position_id
FROM matches m
JOIN tenant_monitors t ON t.tenant_id = m.tenant_id AND t.id = m.monitor_id
JOIN networks n ON n.id = m.network_id
WHERE m.tenant_id = %(tenant)s
  AND (%(monitor)s::uuid IS NULL OR m.monitor_id = %(monitor)s)
  AND (%(network)s::text IS NULL OR n.slug = %(network)s)
  AND (%(status)s::text IS NULL OR m.status = %(status)s)
  AND (%(at)s::timestamptz IS NULL OR (m.created_at, m.id) < (%(at)s, %(id)s::uuid))
ORDER BY m.created_at DESC, m.id DESC
LIMIT %(rows)s"""

GET: LiteralString = """
SELECT m.id, m.occurrence_id, m.tenant_id, m.monitor_id, m.monitor_version, m.network_id,
       m.block_number, m.block_hash, m.block_time, m.transaction_hash, m.transaction_index,
       m.status, m.generation, m.reasons, m.created_at, m.retracted_at,
       t.name AS monitor_name, n.slug AS network_slug
FROM matches m
JOIN tenant_monitors t ON t.tenant_id = m.tenant_id AND t.id = m.monitor_id
JOIN networks n ON n.id = m.network_id
WHERE m.tenant_id = %(tenant)s AND m.id = %(id)s"""

# Through the tenant's own match: a transaction by itself is nobody's.
GET_DOCUMENT: LiteralString = """
SELECT d.document
FROM matches m
JOIN matched_transactions d
  ON d.block_time = m.block_time AND d.network_id = m.network_id
 AND d.block_hash = m.block_hash AND d.transaction_hash = m.transaction_hash
WHERE m.tenant_id = %(tenant)s AND m.id = %(id)s"""


class Matches:
    """The matches of one tenant. Another tenant's rows cannot be asked for."""

    def __init__(self, session: Session, scope: TenantScope) -> None:
        self._session = session
        self._tenant_id = scope.tenant_id

    async def list(self, request: PageRequest, only: MatchFilter) -> Page[ListedMatch]:
        """Return a page of matches, newest first."""
        rows = await self._session.all(
            LIST,
            tenant=self._tenant_id,
            monitor=only.monitor_id,
            network=only.network,
            status=only.status,
            at=after_at(request),
            id=after_id(request),
            rows=request.limit + 1,
        )
        return to_page(rows, request, to_listed_match)

    async def get(self, match_id: MatchId) -> ListedMatch:
        """Return one match or raise NotFoundError."""
        row = await self._session.one_or_none(GET, tenant=self._tenant_id, id=match_id)
        if row is None:
            raise NotFoundError("match", match_id)
        return to_listed_match(row)

    async def find_document(self, match_id: MatchId) -> bytes | None:
        """Return the JSON of the matched transaction, or None where it is not kept.

        Raises:
            StorageError: what is stored is not what was written.
        """
        row = await self._session.one_or_none(GET_DOCUMENT, tenant=self._tenant_id, id=match_id)
        return decompress_document(bytes(row["document"])) if row else None


def decompress_document(compressed: bytes) -> bytes:
    """Return the JSON of a transaction from its zstd frame.

    Raises:
        StorageError: it is no frame, or larger than any we write.
    """
    try:
        with zstandard.ZstdDecompressor().stream_reader(compressed) as reader:
            document = reader.read(MOST_DOCUMENT_BYTES + 1)
    except zstandard.ZstdError as cause:
        raise StorageError("a transaction's document does not decompress") from cause
    if len(document) > MOST_DOCUMENT_BYTES:
        raise StorageError("a transaction's document is larger than any we write")
    return document


def to_listed_match(row: Row) -> ListedMatch:
    """Build a match with its names from its row."""
    return ListedMatch(
        match=StoredMatch(
            id=MatchId(row["id"]),
            occurrence_id=OccurrenceId(row["occurrence_id"]),
            tenant_id=TenantId(row["tenant_id"]),
            monitor_id=MonitorId(row["monitor_id"]),
            monitor_version=row["monitor_version"],
            network_id=NetworkId(row["network_id"]),
            block_number=row["block_number"],
            block_hash=row["block_hash"],
            block_time=row["block_time"],
            transaction_hash=row["transaction_hash"],
            transaction_index=row["transaction_index"],
            status=MatchStatus(row["status"]),
            generation=row["generation"],
            reasons=row["reasons"].encode(),
            created_at=row["created_at"],
            retracted_at=row["retracted_at"],
        ),
        monitor_name=row["monitor_name"],
        network_slug=row["network_slug"],
    )
