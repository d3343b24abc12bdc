"""What the platform says and what people heard, held against the oracle."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.expectations import Predicate
from tests.support.receiver import Received
from tocsin.devnet.network import BlockFacts
from tocsin.devnet.oracle import Expected, Oracle

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One monitor of one tenant, and what it must match on its network."""

    tenant: str
    monitor: str
    network: str
    predicate: Predicate

    @property
    def name(self) -> str:
        return f"{self.tenant}/{self.monitor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A tenant's matches and deliveries as the API lists them, and what its receiver got."""

    matches: Sequence[Entry]
    deliveries: Sequence[Entry]
    received: Sequence[Received]


def judge_by_oracle(
    watches: Iterable[Watch], facts: Mapping[str, Sequence[BlockFacts]]
) -> dict[str, Expected]:
    """Return what each watch must have found."""
    return {
        watch.name: Oracle(facts[watch.network], {watch.name: watch.predicate}).expected(watch.name)
        for watch in watches
    }


def expected_count(expected: Mapping[str, Expected]) -> int:
    """Return how many matches there must be, retracted ones too."""
    return sum(len(each.active) + len(each.orphaned) for each in expected.values())


def require_matches(
    tenant: str,
    matches: Sequence[Entry],
    watches: Iterable[Watch],
    expected: Mapping[str, Expected],
) -> None:
    """Insist that a tenant has exactly the matches it must have, each once."""
    ids = Counter(match["id"] for match in matches)
    assert not [each for each, count in ids.items() if count > 1]
    names = {watch.monitor for watch in watches if watch.tenant == tenant}
    assert {match["monitor"] for match in matches} <= names
    for name in sorted(names):
        found = [match for match in matches if match["monitor"] == name]
        right = expected[f"{tenant}/{name}"]
        label = f"{tenant}/{name}"
        assert _places(found, "active") == sorted(right.active), f"{label}: active"
        assert _places(found, "retracted") == sorted(right.orphaned), f"{label}: retracted"


def _places(matches: Iterable[Entry], status: str) -> list[tuple[str, str]]:
    return sorted(
        (match["block_hash"], match["transaction_hash"])
        for match in matches
        if match["status"] == status
    )


def require_deliveries(told: Told) -> None:
    """Insist that everything was sent, at least once, each under one id with one body."""
    states = Counter(delivery["status"] for delivery in told.deliveries)
    assert states.keys() <= {"delivered", "cancelled", "suppressed"}, states
    bodies: dict[str, set[bytes]] = {}
    for each in told.received:
        assert each.data()["delivery_id"] == each.webhook_id
        bodies.setdefault(each.webhook_id, set()).add(each.body)
    assert not [each for each, variants in bodies.items() if len(variants) > 1]
    known = {delivery["id"] for delivery in told.deliveries}
    assert bodies.keys() <= known, "somebody was told of a delivery that is on no record"
    delivered = {each["id"] for each in told.deliveries if each["status"] == "delivered"}
    assert delivered <= bodies.keys(), "delivered, and never received"


def require_alerts(told: Told) -> None:
    """Insist that every active match was told, or moved from where its alert was told."""
    states = _states(told.deliveries)
    by_occurrence: dict[tuple[str, str], list[Entry]] = {}
    for match in told.matches:
        by_occurrence.setdefault((match["monitor_id"], match["occurrence_id"]), []).append(match)
    for match in told.matches:
        if match["status"] != "active" or states.get((match["id"], "alert")) == "delivered":
            continue
        assert states.get((match["id"], "moved")) == "suppressed", f"never told: {match}"
        siblings = by_occurrence[match["monitor_id"], match["occurrence_id"]]
        assert any(
            sibling["status"] == "retracted"
            and states.get((sibling["id"], "alert")) == "delivered"
            and states.get((sibling["id"], "retraction")) == "cancelled"
            for sibling in siblings
        ), f"moved from where nothing was told, or was taken back: {match}"


def require_retractions(told: Told) -> None:
    """Insist that every alert that came of a block that is gone was taken back."""
    states = _states(told.deliveries)
    heard = {(each.data()["match_id"], each.data()["kind"]) for each in told.received}
    standing = {match["occurrence_id"] for match in told.matches if match["status"] == "active"}
    for match in told.matches:
        if match["status"] != "retracted" or (match["id"], "alert") not in heard:
            continue
        if match["occurrence_id"] not in standing:
            assert states.get((match["id"], "retraction")) == "delivered", f"kept: {match}"
    told_so_far: set[str] = set()
    for each in told.received:
        match_id = each.data()["match_id"]
        if each.data()["kind"] == "alert":
            told_so_far.add(match_id)
        assert match_id in told_so_far, f"{match_id}: the end was told before the beginning"


def _states(deliveries: Iterable[Entry]) -> dict[tuple[str, str], str]:
    """Return the status of each match's newest delivery of each kind; one trigger each."""
    ordered = sorted(deliveries, key=lambda each: each["generation"])
    return {(each["match_id"], each["kind"]): each["status"] for each in ordered}
