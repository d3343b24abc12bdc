"""Compiled monitors → the plan that a network's blocks are matched against.

A plan is changed one monitor at a time, and finding who waits for an activity is one lookup,
however many monitors there are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tocsin.matching.compiled import CompiledCondition, CompiledMonitor
from tocsin.matching.expression.compiler import Predicate, compile_expression
from tocsin.model.activity import Activity, ActivityKind
from tocsin.model.ids import MonitorId
from tocsin.model.interface import Layout
from tocsin.model.monitor import MonitorRef, StatusFilter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadyCondition:
    """One condition that can be asked; ``predicate`` is None where every occurrence counts."""

    signature: str
    hex_signature: str | None
    status: StatusFilter
    expression: str | None
    layout: Layout
    predicate: Predicate | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadyMonitor:
    """One monitor that can be asked; its conditions on activities are filed by key."""

    ref: MonitorRef
    gated: bool
    addresses: frozenset[str]
    waits_for_activities: bool
    has_transaction_conditions: bool
    events: Mapping[str, tuple[ReadyCondition, ...]]
    functions: Mapping[str, tuple[ReadyCondition, ...]]
    transactions: tuple[ReadyCondition, ...]


def _ready_monitor(compiled: CompiledMonitor) -> ReadyMonitor:
    filed: dict[ActivityKind, dict[str, list[ReadyCondition]]] = {kind: {} for kind in ActivityKind}
    predicates: dict[tuple[int, int], Predicate] = {}
    for condition in sorted(compiled.conditions, key=lambda each: each.ordinal):
        ready = _ready_condition(condition, compiled, predicates)
        filed[condition.kind].setdefault(condition.key, []).append(ready)
    events, functions, transactions = (
        {key: tuple(waiting) for key, waiting in filed[kind].items()}
        for kind in (ActivityKind.EVENT, ActivityKind.FUNCTION, ActivityKind.TRANSACTION)
    )
    return ReadyMonitor(
        ref=compiled.ref,
        gated=compiled.gated,
        addresses=frozenset(compiled.addresses),
        waits_for_activities=compiled.has_event_conditions or compiled.has_function_conditions,
        has_transaction_conditions=compiled.has_transaction_conditions,
        events=events,
        functions=functions,
        transactions=transactions.get("", ()),
    )


def _ready_condition(
    condition: CompiledCondition,
    compiled: CompiledMonitor,
    predicates: dict[tuple[int, int], Predicate],
) -> ReadyCondition:
    layout = compiled.layouts[condition.layout]
    predicate = None
    if condition.tree is not None:
        pair = (condition.tree, condition.layout)
        if pair not in predicates:
            predicates[pair] = compile_expression(compiled.trees[condition.tree], layout)
        predicate = predicates[pair]
    return ReadyCondition(
        signature=condition.signature,
        hex_signature=condition.hex_signature,
        status=condition.status,
        expression=condition.expression,
        layout=layout,
        predicate=predicate,
    )


_Waiting = tuple[ReadyMonitor, tuple[ReadyCondition, ...]]
_Row = TypeVar("_Row")


class MatchPlan:
    """The monitors that wait for blocks of one network, filed by what they wait for."""

    def __init__(self, monitors: Iterable[CompiledMonitor] = ()) -> None:
        self._monitors: dict[MonitorId, ReadyMonitor] = {}
        self._events: dict[str, dict[MonitorId, _Waiting]] = {}
        self._functions: dict[str, dict[MonitorId, _Waiting]] = {}
        self._addresses: dict[str, dict[MonitorId, ReadyMonitor]] = {}
        self._everywhere: dict[MonitorId, ReadyMonitor] = {}
        for compiled in monitors:
            self.add(compiled)

    @property
    def monitors(self) -> int:
        """Return how many monitors are in the plan."""
        return len(self._monitors)

    def __contains__(self, monitor_id: MonitorId) -> bool:
        return monitor_id in self._monitors

    def add(self, compiled: CompiledMonitor) -> None:
        """File a monitor, in place of an earlier version of it."""
        self.remove(compiled.ref.id)
        monitor = _ready_monitor(compiled)
        self._monitors[monitor.ref.id] = monitor
        if monitor.waits_for_activities:
            _file(self._events, monitor, monitor.events)
            _file(self._functions, monitor, monitor.functions)
        elif monitor.gated:
            for address in monitor.addresses:
                self._addresses.setdefault(address, {})[monitor.ref.id] = monitor
        else:
            self._everywhere[monitor.ref.id] = monitor

    def remove(self, monitor_id: MonitorId) -> None:
        """Take a monitor out; one that is not there is no error."""
        monitor = self._monitors.pop(monitor_id, None)
        if monitor is None:
            return
        self._everywhere.pop(monitor_id, None)
        _unfile(self._events, monitor.events, monitor_id)
        _unfile(self._functions, monitor.functions, monitor_id)
        _unfile(self._addresses, monitor.addresses, monitor_id)

    def waiting_for(self, activity: Activity) -> Iterable[_Waiting]:
        """Return who has conditions on an activity, each with these in their own order."""
        table = self._events if activity.kind is ActivityKind.EVENT else self._functions
        bucket = table.get(activity.key)
        return bucket.values() if bucket is not None else ()

    def waiting_for_transactions(self, addresses: Iterable[str]) -> Iterator[ReadyMonitor]:
        """Yield who looks only at transactions, given who takes part; some more than once."""
        yield from self._everywhere.values()
        if self._addresses:
            for address in addresses:
                bucket = self._addresses.get(address)
                if bucket is not None:
                    yield from bucket.values()


def _file(
    table: dict[str, dict[MonitorId, _Waiting]],
    monitor: ReadyMonitor,
    conditions: Mapping[str, tuple[ReadyCondition, ...]],
) -> None:
    for key, waiting in conditions.items():
        table.setdefault(key, {})[monitor.ref.id] = (monitor, waiting)


def _unfile(
    table: dict[str, dict[MonitorId, _Row]], keys: Iterable[str], monitor_id: MonitorId
) -> None:
    for key in keys:
        bucket = table.get(key)
        if bucket is not None:
            bucket.pop(monitor_id, None)
            if not bucket:
                del table[key]
