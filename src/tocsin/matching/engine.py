"""Decoded bundle and plan → matches. Pure: the same block and plan always give the same ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tocsin.matching.plan import MatchPlan, ReadyCondition, ReadyMonitor
from tocsin.model.activity import (
    Activity,
    ActivityKind,
    DecodedBundle,
    DecodedTransaction,
    TransactionStatus,
)
from tocsin.model.ids import MonitorId, NetworkId, match_id, occurrence_id
from tocsin.model.interface import Argument
from tocsin.model.match import ActivityReason, Match, Reasons, TransactionReason
from tocsin.model.monitor import StatusFilter


def match_bundle(bundle: DecodedBundle, plan: MatchPlan, network_id: NetworkId) -> Iterator[Match]:
    """Yield one match for each monitor and transaction whose conditions hold together.

    Transactions come in chain order, the monitors of one transaction in the order of their ids.
    """
    for transaction in bundle.transactions:
        for monitor, reasons in _monitors_meeting(transaction, plan):
            yield _to_match(monitor, transaction, reasons, network_id)


def _to_match(
    monitor: ReadyMonitor,
    transaction: DecodedTransaction,
    reasons: Reasons,
    network_id: NetworkId,
) -> Match:
    ref, place = monitor.ref, transaction.ref
    return Match(
        id=match_id(ref.tenant_id, ref.id, network_id, place.block_hash, place.hash),
        occurrence_id=occurrence_id(ref.tenant_id, ref.id, network_id, place.hash),
        monitor=ref,
        transaction=place,
        reasons=reasons,
    )


@dataclass(slots=True, kw_only=True, eq=False)
class _Findings:
    """What one monitor found among the activities of one transaction, in chain order."""

    monitor: ReadyMonitor
    events: list[ActivityReason] = field(default_factory=list)
    functions: list[ActivityReason] = field(default_factory=list)


def _monitors_meeting(
    transaction: DecodedTransaction, plan: MatchPlan
) -> Iterator[tuple[ReadyMonitor, Reasons]]:
    """Yield who matches a transaction, and why.

    Events and functions are alternatives; a transaction condition is a further constraint.
    Source: the combination table of OpenZeppelin Monitor's filters.
    """
    candidates = _find_activities(transaction, plan)
    for monitor in plan.waiting_for_transactions(transaction.addresses):
        candidates[monitor.ref.id] = _Findings(monitor=monitor)
    views: Sequence[Sequence[Argument]] | None = None
    for _, found in sorted(candidates.items()):
        monitor = found.monitor
        transactions: tuple[TransactionReason, ...] = ()
        if monitor.has_transaction_conditions:
            views = transaction.views() if views is None else views
            transactions = _transaction_reasons(monitor, transaction.status, views)
            if not transactions:
                continue
        yield (
            monitor,
            Reasons(
                functions=tuple(found.functions),
                events=tuple(found.events),
                transactions=transactions,
            ),
        )


def _find_activities(
    transaction: DecodedTransaction, plan: MatchPlan
) -> dict[MonitorId, _Findings]:
    """Return the findings of every monitor of which some event or call met a condition.

    A key names its contract, which takes part in the transaction, so these monitors have passed
    the address gate.
    """
    findings: dict[MonitorId, _Findings] = {}
    for activity in transaction.activities:
        for monitor, conditions in plan.waiting_for(activity):
            reason = _first_reason(activity, conditions)
            if reason is None:
                continue
            found = findings.setdefault(monitor.ref.id, _Findings(monitor=monitor))
            is_event = activity.kind is ActivityKind.EVENT
            (found.events if is_event else found.functions).append(reason)
    return findings


def _first_reason(
    activity: Activity, conditions: Sequence[ReadyCondition]
) -> ActivityReason | None:
    for condition in conditions:
        arguments = activity.arguments(condition.layout)
        if arguments is None:
            continue
        if condition.predicate is None or condition.predicate(arguments):
            return ActivityReason(
                signature=condition.signature,
                expression=condition.expression,
                arguments=tuple(arguments),
                hex_signature=condition.hex_signature,
            )
    return None


def _transaction_reasons(
    monitor: ReadyMonitor, status: TransactionStatus, views: Sequence[Sequence[Argument]]
) -> tuple[TransactionReason, ...]:
    for condition in monitor.transactions:
        if _fits(condition.status, status) and _holds_on_some(condition, views):
            return (TransactionReason(status=status, expression=condition.expression),)
    return ()


def _fits(wanted: StatusFilter, status: TransactionStatus) -> bool:
    return wanted is StatusFilter.ANY or wanted.value == status.value


def _holds_on_some(condition: ReadyCondition, views: Sequence[Sequence[Argument]]) -> bool:
    predicate = condition.predicate
    return predicate is None or any(predicate(view) for view in views)
