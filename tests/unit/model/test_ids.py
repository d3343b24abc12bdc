"""Ids and shards that follow from what they stand for, on every machine and for ever."""

from uuid import UUID

import pytest

from tocsin.model.ids import SHARD_COUNT, MatchId, TenantId, TriggerId, default_shard, delivery_id

MATCH, TRIGGER = MatchId(UUID(int=1)), TriggerId(UUID(int=2))


def test_the_same_message_has_the_same_id() -> None:
    assert delivery_id(MATCH, TRIGGER, "alert", 1) == delivery_id(MATCH, TRIGGER, "alert", 1)


@pytest.mark.parametrize(
    ("match", "trigger", "kind", "generation"),
    [
        (MatchId(UUID(int=3)), TRIGGER, "alert", 1),
        (MATCH, TriggerId(UUID(int=3)), "alert", 1),
        (MATCH, TRIGGER, "retraction", 1),
        (MATCH, TRIGGER, "alert", 2),
    ],
)
def test_another_message_has_another_id(
    match: MatchId, trigger: TriggerId, kind: str, generation: int
) -> None:
    assert delivery_id(match, trigger, kind, generation) != delivery_id(MATCH, TRIGGER, "alert", 1)


def test_a_tenant_stays_in_its_shard() -> None:
    # SHA-256 of sixteen zero bytes begins with 374708fff7719dd5; stored shards rest on it
    assert default_shard(TenantId(UUID(int=0))) == 0x374708FFF7719DD5 % SHARD_COUNT


def test_tenants_spread_over_all_shards() -> None:
    shards = {default_shard(TenantId(UUID(int=number))) for number in range(20_000)}
    assert shards == set(range(SHARD_COUNT))
