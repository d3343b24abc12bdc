"""A bundle and the plan → what is to be stored: matches, and monitors that failed (pure).

What one tenant's monitor or one chain's data provoke stays their own: if matching a block
fails, its monitors are tried one by one, those that fail are put on record, and the rest count.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Protocol

from tocsin.matching.engine import match_bundle
from tocsin.matching.plan import MatchPlan
from tocsin.matching.report import arguments_digest, reasons_document
from tocsin.model.activity import DecodedBundle
from tocsin.model.block import Bundle, LogRow
from tocsin.model.ids import ShardId
from tocsin.model.match import Match
from tocsin.model.network import ChainFamily
from tocsin.orchestrator.bundles import pack_document
from tocsin.orchestrator.plans import NetworkPlan, PlanKeeper
from tocsin.orchestrator.supervisor import guarded
from tocsin.storage.commits import MonitorFailure, NewMatch
from tocsin.storage.plans import StoredPlan

Decode = Callable[[ChainFamily, Bundle], DecodedBundle]


@dataclass(slots=True, kw_only=True)
class Found:
    """What evaluating one block brought."""

    matches: list[NewMatch] = field(default_factory=list)
    failures: list[MonitorFailure] = field(default_factory=list)


class Tools(Protocol):
    """What evaluating takes; the evaluator's parts have it."""

    @property
    def decode(self) -> Decode:
        """Return what decodes a bundle of a chain family."""
        ...

    @property
    def plans(self) -> PlanKeeper:
        """Return the monitors of every network."""
        ...


def find_matches(
    bundle: Bundle, row: LogRow, plan: NetworkPlan, tools: Tools, shards: Set[ShardId]
) -> Found:
    """Return what the monitors of those shards find in a block, and which of them failed."""

    def match_all() -> list[NewMatch]:
        return _match(bundle, row, plan, tools, plan.matches)

    wanted = [held for held in plan.monitors.values() if held.shard_id in shards]
    matches = guarded(f"matching:{plan.network.id}", match_all)
    if not isinstance(matches, Exception):
        return Found(matches=[new for new in matches if new.shard_id in shards])
    found = Found()
    for held in wanted:
        _match_alone(bundle, row, plan, tools, (held, found))
    return found


def _match_alone(
    bundle: Bundle,
    row: LogRow,
    plan: NetworkPlan,
    tools: Tools,
    wanted: tuple[StoredPlan, Found],
) -> None:
    held, found = wanted

    def match_one() -> list[NewMatch]:
        alone = tools.plans.plan_alone(held, plan.network)
        return _match(bundle, row, plan, tools, alone)

    matches = guarded(f"matching:{held.monitor_id}", match_one)
    if isinstance(matches, Exception):
        found.failures.append(
            MonitorFailure(
                tenant_id=held.tenant_id,
                monitor_id=held.monitor_id,
                detail=f"{type(matches).__name__}: {matches}"[:300],
            )
        )
    else:
        found.matches += matches


def _match(
    bundle: Bundle, row: LogRow, plan: NetworkPlan, tools: Tools, monitors: MatchPlan
) -> list[NewMatch]:
    decoded = tools.decode(plan.network.family, bundle)
    transactions = {transaction.ref.hash: transaction for transaction in decoded.transactions}
    documents: dict[str, bytes] = {}
    found = []
    for match in match_bundle(decoded, monitors, plan.network.id):
        held = plan.monitors[match.monitor.id]
        if row.seq < held.from_seqs[plan.network.id]:
            continue
        transaction_hash = match.transaction.hash
        if transaction_hash not in documents:
            document = transactions[transaction_hash].document()
            documents[transaction_hash] = pack_document(document)
        version = tools.plans.versions.get(held.tenant_id, 0)
        found.append(_new_match(match, held, plan, documents[transaction_hash], version))
    return found


def _new_match(
    match: Match, held: StoredPlan, plan: NetworkPlan, document: bytes, config_version: int
) -> NewMatch:
    return NewMatch(
        match=match,
        shard_id=held.shard_id,
        config_version=config_version,
        reasons=reasons_document(match.reasons).decode(),
        arguments_digest=arguments_digest(match.reasons),
        document=document,
        trigger_ids=held.trigger_ids,
        confirmation_count=plan.network.confirmation_count,
    )
