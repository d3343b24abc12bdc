"""Ids: a type for each, and the derived ones that make repeats harmless.

Derived ids are the first 16 bytes of SHA-256 over the named parts, so the same chain facts
give the same id in every process, for ever.
"""

from hashlib import sha256
from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", UUID)
NetworkId = NewType("NetworkId", UUID)
MonitorId = NewType("MonitorId", UUID)
TriggerId = NewType("TriggerId", UUID)
SecretId = NewType("SecretId", UUID)
MatchId = NewType("MatchId", UUID)
OccurrenceId = NewType("OccurrenceId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
ApiKeyId = NewType("ApiKeyId", str)
WorkerId = NewType("WorkerId", str)
ShardId = NewType("ShardId", int)

SHARD_COUNT = 1024


def _derive(*parts: object) -> UUID:
    key = "/".join(str(part) for part in parts)
    return UUID(bytes=sha256(key.encode()).digest()[:16])


def match_id(
    tenant_id: TenantId,
    monitor_id: MonitorId,
    network_id: NetworkId,
    block_hash: str,
    transaction_hash: str,
) -> MatchId:
    """Return the id this monitor and this transaction on this branch always give.

    Never from the configuration version: an edit must not make an old match new.
    """
    return MatchId(
        _derive("match", tenant_id, monitor_id, network_id, block_hash, transaction_hash)
    )


def occurrence_id(
    tenant_id: TenantId, monitor_id: MonitorId, network_id: NetworkId, transaction_hash: str
) -> OccurrenceId:
    """Return the id that ties the same transaction together across branches."""
    return OccurrenceId(_derive("occurrence", tenant_id, monitor_id, network_id, transaction_hash))


def delivery_id(match: MatchId, trigger: TriggerId, kind: str, generation: int) -> DeliveryId:
    """Return the id under which one message about a match goes through one trigger."""
    return DeliveryId(_derive("delivery", match, trigger, kind, generation))


def default_shard(tenant_id: TenantId) -> ShardId:
    """Return the shard a tenant's monitors live in unless they are split, 0 to 1023."""
    return ShardId(int.from_bytes(sha256(tenant_id.bytes).digest()[:8]) % SHARD_COUNT)
