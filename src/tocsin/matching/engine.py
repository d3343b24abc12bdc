"""Decoded bundle and plan → matches. Pure: the same block and plan always give the same ones.

First the indexes say who is met, as slices of arrays; then what they found is put together by
transaction and monitor; only what matches is looked at one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from operator import itemgetter
from typing import cast

from tocsin.matching.hits import Findings, Hit, group_hits
from tocsin.matching.index import Index
from tocsin.matching.nodes import Found, no_slots, slots_in
from tocsin.matching.plan import Fields, MatchPlan
from tocsin.matching.probes import Undecided
from tocsin.matching.ready import ReadyCondition, ReadyMonitor
from tocsin.model.activity import (
    Access,
    Activity,
    ActivityKind,
    DecodedBundle,
    DecodedTransaction,
    Reader,
    Record,
    TransactionStatus,
)
from tocsin.model.ids import NetworkId, match_id, occurrence_id
from tocsin.model.interface import Argument, Layout, simple_value
from tocsin.model.match import ActivityReason, Match, Reasons, TransactionReason
from tocsin.model.monitor import StatusFilter


def match_bundle(bundle: DecodedBundle, plan: MatchPlan, network_id: NetworkId) -> Iterator[Match]:
    """Yield one match for each monitor and transaction whose conditions hold together.

    Transactions come in chain order, the monitors of one transaction in the order of their ids.
    """
    hits = find_hits(bundle, plan)
    for place, transaction in enumerate(bundle.transactions):
        findings = group_hits(hits.get(place, ()))
        activity_of = partial(bundle.activity, place)
        for monitor, reasons in _monitors_meeting(transaction, findings, plan, activity_of):
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


def find_hits(bundle: DecodedBundle, plan: MatchPlan) -> dict[int, list[Hit]]:
    """Return what happened that somebody waits for, by the place of the transaction.

    Every condition on events, calls and operations is decided; those on transactions are not.
    The hits are good until the plan changes.
    """
    hits: dict[int, list[Hit]] = {}
    last = -1
    of_last: list[Hit] = []
    for place, record, indexes in bundle.find_waiting(plan.waiting):
        for index in indexes:
            probe = index.probe or index.bind(bundle.access(index.layout))
            found = probe(record)
            if not found:
                if found is None:
                    bundle.activity(place, record).fits(index.layout)  # counts what is malformed
                continue
            if isinstance(found, tuple):
                found = _decided(index, found, _judge(bundle, (place, record), index, plan))
                if not found:
                    continue
            if place != last:
                last, of_last = place, []
                hits[place] = of_last
            of_last.append((record, index.key, found))
    return hits


_Holds = Callable[[int], bool]
"""Whether the monitor of a slot is met."""


def _judge(
    bundle: DecodedBundle, where: tuple[int, Record], index: Index, plan: MatchPlan
) -> _Holds:
    def holds(slot: int) -> bool:
        activity = bundle.activity(*where)
        waiting = plan.ready(slot).waiting(activity.kind, (index.key,))
        return bool(_first_reason(activity, waiting))

    return holds


def _decided(index: Index, undecided: Undecided, holds: _Holds) -> Found:
    """Return who is found after evaluating what lookups alone cannot decide."""
    found, asked, is_missing = undecided
    if not asked and not is_missing:
        return found
    candidates = {*slots_in(asked)}
    if is_missing:
        # an OR may have been met although an operand before it cannot be compared
        found, again = index.without_fragile(found)
        candidates |= again
    met = no_slots()
    met.extend(sorted(slot for slot in candidates if holds(slot)))
    return [*found, (met, 0, len(met))] if met else found


class _Views:
    """The field sets that transaction conditions are tried on, made when asked for."""

    def __init__(self, transaction: DecodedTransaction) -> None:
        self._transaction = transaction
        self._fields: list[tuple[Layout, list[Fields]]] = []

    @cached_property
    def arguments(self) -> Sequence[Sequence[Argument]]:
        """Return them as arguments."""
        return self._transaction.views()

    def fields(self, layout: Layout) -> list[Fields]:
        """Return them as simple values by a layout."""
        for known, fields in self._fields:
            if known is layout:
                return fields
        if not layout.parameters:
            return [()]
        types = [parameter.type for parameter in layout.parameters]
        made: list[Fields] = [
            [simple_value(each.value, kind) for each, kind in zip(view, types, strict=False)]
            for view in self.arguments
        ]
        self._fields.append((layout, made))
        return made


def _find_on_transaction(
    transaction: DecodedTransaction, plan: MatchPlan, views: _Views
) -> set[int]:
    met: set[int] = set()
    if not plan.has_transaction_indexes:
        return met
    status = transaction.status
    for index in plan.waiting_for_transactions(status, transaction.addresses):
        probe = index.probe or index.bind(_FIELDS_ACCESS)

        def holds(slot: int) -> bool:
            return bool(_transaction_reasons(plan.ready(slot), status, views.arguments))

        for fields in views.fields(index.layout):
            found = probe(fields)
            if isinstance(found, tuple):
                found = _decided(index, found, holds)
            if found:
                met.update(slots_in(found))
    return met


_FIELDS_ACCESS = Access(reader=lambda position: cast("Reader", itemgetter(position)), fits="True")


def find_met(transaction: DecodedTransaction, findings: Findings, plan: MatchPlan) -> Iterator[int]:
    """Yield the slots whose conditions hold together, given who found what, in any order.

    Events, functions and operations are alternatives; a transaction condition is a further
    constraint.
    Source: the combination table of OpenZeppelin Monitor's filters.
    """
    return (slot for slot, _ in _met(transaction, findings, plan))


_TransactionReasons = tuple[TransactionReason, ...]


def _met(
    transaction: DecodedTransaction, findings: Findings, plan: MatchPlan
) -> Iterator[tuple[int, _TransactionReasons]]:
    views = _Views(transaction)
    for slots in (findings, _find_on_transaction(transaction, plan, views)):
        for slot in slots:
            if not plan.compiled(slot).has_transaction_conditions:
                yield slot, ()
                continue
            status = transaction.status
            reasons = _transaction_reasons(plan.ready(slot), status, views.arguments)
            if reasons:
                yield slot, reasons


def _monitors_meeting(
    transaction: DecodedTransaction,
    findings: Findings,
    plan: MatchPlan,
    activity_of: Callable[[Record], Activity],
) -> Iterator[tuple[ReadyMonitor, Reasons]]:
    """Yield who matches a transaction, and why, in the order of their ids."""
    met = [
        (plan.compiled(slot).ref.id, slot, reasons)
        for slot, reasons in _met(transaction, findings, plan)
    ]
    for _, slot, transactions in sorted(met, key=itemgetter(0)):
        monitor = plan.ready(slot)
        found = _activity_reasons(monitor, findings.get(slot, ()), activity_of)
        functions, events, operations = found
        yield (
            monitor,
            Reasons(
                functions=functions, events=events, transactions=transactions, operations=operations
            ),
        )


_ActivityReasons = tuple[ActivityReason, ...]


def _activity_reasons(
    monitor: ReadyMonitor, hits: Sequence[Hit], activity_of: Callable[[Record], Activity]
) -> tuple[_ActivityReasons, _ActivityReasons, _ActivityReasons]:
    """Return what a monitor reports of calls, events and operations, one entry for each."""
    functions: list[ActivityReason] = []
    events: list[ActivityReason] = []
    operations: list[ActivityReason] = []
    reported = {
        ActivityKind.FUNCTION: functions,
        ActivityKind.EVENT: events,
        ActivityKind.OPERATION: operations,
    }
    place = 0
    while place < len(hits):
        record = hits[place][0]
        keys: dict[str, None] = {}
        while place < len(hits) and hits[place][0] is record:
            keys[hits[place][1]] = None
            place += 1
        activity = activity_of(record)
        reported[activity.kind] += _first_reason(
            activity, monitor.waiting(activity.kind, tuple(keys))
        )
    return tuple(functions), tuple(events), tuple(operations)


def _first_reason(activity: Activity, conditions: Sequence[ReadyCondition]) -> _ActivityReasons:
    for condition in conditions:
        arguments = activity.arguments(condition.layout)
        if arguments is None:
            continue
        if condition.predicate is None or condition.predicate(arguments):
            return (
                ActivityReason(
                    signature=condition.signature,
                    expression=condition.expression,
                    arguments=tuple(arguments),
                    hex_signature=condition.hex_signature,
                ),
            )
    return ()


def _transaction_reasons(
    monitor: ReadyMonitor, status: TransactionStatus, views: Sequence[Sequence[Argument]]
) -> _TransactionReasons:
    for condition in monitor.transactions:
        if _fits(condition.status, status) and _holds_on_some(condition, views):
            return (TransactionReason(status=status, expression=condition.expression),)
    return ()


def _fits(wanted: StatusFilter, status: TransactionStatus) -> bool:
    return wanted is StatusFilter.ANY or wanted.value == status.value


def _holds_on_some(condition: ReadyCondition, views: Sequence[Sequence[Argument]]) -> bool:
    predicate = condition.predicate
    return predicate is None or any(predicate(view) for view in views)
