"""Compiled monitors → what is asked about them once an index has found them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin.matching.compiled import CompiledCondition, CompiledMonitor
from tocsin.matching.expression.compiler import Predicate, compile_expression
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout
from tocsin.model.monitor import MonitorRef, StatusFilter


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadyCondition:
    """One condition that can be asked; ``predicate`` is None where every occurrence counts."""

    ordinal: int
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
    has_transaction_conditions: bool
    events: Mapping[str, tuple[ReadyCondition, ...]]
    functions: Mapping[str, tuple[ReadyCondition, ...]]
    transactions: tuple[ReadyCondition, ...]
    operations: Mapping[str, tuple[ReadyCondition, ...]]

    def waiting(self, kind: ActivityKind, keys: Sequence[str]) -> Sequence[ReadyCondition]:
        """Return the conditions on activities of these keys, in their own order."""
        if kind is ActivityKind.EVENT:
            filed = self.events
        else:
            filed = self.functions if kind is ActivityKind.FUNCTION else self.operations
        if len(keys) == 1:
            return filed.get(keys[0], ())
        found = [condition for key in keys for condition in filed.get(key, ())]
        return sorted(found, key=lambda each: each.ordinal)


def ready_monitor(compiled: CompiledMonitor) -> ReadyMonitor:
    """Return a monitor with its expressions as functions."""
    filed: dict[ActivityKind, dict[str, list[ReadyCondition]]] = {kind: {} for kind in ActivityKind}
    predicates: dict[tuple[int, int], Predicate] = {}
    for condition in sorted(compiled.conditions, key=lambda each: each.ordinal):
        ready = _ready_condition(condition, compiled, predicates)
        filed[condition.kind].setdefault(condition.key, []).append(ready)
    events, functions, transactions, operations = (
        {key: tuple(waiting) for key, waiting in filed[kind].items()}
        for kind in (
            ActivityKind.EVENT,
            ActivityKind.FUNCTION,
            ActivityKind.TRANSACTION,
            ActivityKind.OPERATION,
        )
    )
    return ReadyMonitor(
        ref=compiled.ref,
        has_transaction_conditions=compiled.has_transaction_conditions,
        events=events,
        functions=functions,
        transactions=transactions.get("", ()),
        operations=operations,
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
        ordinal=condition.ordinal,
        signature=condition.signature,
        hex_signature=condition.hex_signature,
        status=condition.status,
        expression=condition.expression,
        layout=layout,
        predicate=predicate,
    )
