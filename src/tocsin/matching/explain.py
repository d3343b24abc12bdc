"""One monitor and one transaction → clause by clause, why they match or do not.

For people: it evaluates what the engine evaluates, but every condition, and on every event or
call that the condition's key finds.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from tocsin.matching.compiled import CompiledCondition, CompiledMonitor
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.syntax import (
    AllOf,
    AnyOf,
    Comparison,
    Extension,
    Negation,
    Node,
    Relation,
    references,
    render_expression,
)
from tocsin.model.activity import (
    Activity,
    ActivityKind,
    DecodedBundle,
    DecodedTransaction,
    file_by_key,
    key_parts,
)
from tocsin.model.interface import Argument, Layout
from tocsin.model.monitor import StatusFilter


class Outcome(StrEnum):
    """What became of a part of an expression."""

    MET = "met"
    UNMET = "not met"
    INCOMPARABLE = "cannot be compared"
    SKIPPED = "not looked at"


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One part of an expression; ``values`` are those it looks at, as a match shows them."""

    text: str
    outcome: Outcome
    values: dict[str, str] = {}
    clauses: tuple["Clause", ...] = ()


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A condition tried on one event, call or field set; ``note`` says what stood in the way."""

    subject: str
    met: bool
    note: str = ""
    clause: Clause | None = None


class ConditionReport(msgspec.Struct, frozen=True, kw_only=True):
    """One condition, with everything it was tried on."""

    kind: ActivityKind
    signature: str
    status: StatusFilter
    expression: str | None
    met: bool
    note: str = ""
    trials: tuple[Trial, ...] = ()


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a transaction matches a monitor, and why; ``summary`` is one sentence."""

    transaction_hash: str
    matches: bool
    summary: str
    conditions: tuple[ConditionReport, ...]


def explain(compiled: CompiledMonitor, bundle: DecodedBundle, place: int) -> Explanation:
    """Return why the transaction at a place of a block matches a monitor, or does not."""
    transaction = bundle.transactions[place]
    found = _activities(compiled, bundle, place)
    reports = tuple(
        _report(compiled, conditions, transaction, found)
        for conditions in _by_source(compiled.conditions)
    )
    matches, summary = _verdict(compiled, transaction, reports)
    return Explanation(
        transaction_hash=transaction.ref.hash, matches=matches, summary=summary, conditions=reports
    )


def _by_source(conditions: Sequence[CompiledCondition]) -> Iterator[list[CompiledCondition]]:
    """Yield conditions that are one in the monitor: it is filed once per contract and layout."""
    filed: dict[tuple[ActivityKind, int], list[CompiledCondition]] = {}
    for condition in conditions:
        filed.setdefault((condition.kind, condition.ordinal), []).append(condition)
    yield from filed.values()


def _activities(
    compiled: CompiledMonitor, bundle: DecodedBundle, place: int
) -> dict[str, list[Activity]]:
    """Return the transaction's activities by each key that the monitor waits for."""
    keys = file_by_key({each.key: each.key for each in compiled.conditions if each.key})
    found: dict[str, list[Activity]] = {}
    for where, record, key in bundle.find_waiting(keys):
        if where == place:
            found.setdefault(key, []).append(bundle.activity(place, record))
    return found


def _report(
    compiled: CompiledMonitor,
    conditions: Sequence[CompiledCondition],
    transaction: DecodedTransaction,
    found: dict[str, list[Activity]],
) -> ConditionReport:
    first = conditions[0]
    note = ""
    trials: list[Trial] = []
    if first.kind is not ActivityKind.TRANSACTION:
        trials += _tried(compiled, conditions, found)
        if not trials:
            note = _absence(conditions, transaction)
    elif first.status not in (StatusFilter.ANY, transaction.status.value):
        note = f"the transaction's status is {transaction.status.value}"
    else:
        trials += [
            _try("fields of the transaction", compiled, first, view) for view in transaction.views()
        ]
    return ConditionReport(
        kind=first.kind,
        signature=first.signature,
        status=first.status,
        expression=first.expression,
        met=any(trial.met for trial in trials),
        note=note,
        trials=tuple(trials),
    )


def _tried(
    compiled: CompiledMonitor,
    conditions: Sequence[CompiledCondition],
    found: dict[str, list[Activity]],
) -> Iterator[Trial]:
    """Yield one trial per activity; of layouts that share its key, of the first that it fits."""
    keys = dict.fromkeys(each.key for each in conditions)
    pairs = [(key, activity) for key in keys for activity in found.get(key, ())]
    for number, (key, activity) in enumerate(pairs, 1):
        counted = f" {number} of {len(pairs)}" if len(pairs) > 1 else ""
        same = [each for each in conditions if each.key == key]
        tried = [_try_activity(compiled, each, activity, counted) for each in same]
        yield next((each for each in tried if each.clause or each.met), tried[0])


_NOUNS = {
    ActivityKind.EVENT: "event",
    ActivityKind.FUNCTION: "call",
    ActivityKind.OPERATION: "operation",
}


def _absence(conditions: Sequence[CompiledCondition], transaction: DecodedTransaction) -> str:
    """Return why a condition had nothing to be tried on."""
    kind = conditions[0].kind
    scopes = {key_parts(each.key)[1] for each in conditions}
    others = sum(
        each.kind is kind and key_parts(each.key)[1] in scopes for each in transaction.activities
    )
    if kind is ActivityKind.FUNCTION:
        if others:
            return "the contract is called, but not this function"
        return "the transaction itself calls no such function; calls inside calls are not seen"
    if others:
        return f"the contract emits {others} here, none of them this one"
    return f"no such {_NOUNS[kind]} in this transaction"


def _try_activity(
    compiled: CompiledMonitor, condition: CompiledCondition, activity: Activity, counted: str
) -> Trial:
    scope = key_parts(condition.key)[1]
    place = f" at {scope}" if scope in compiled.addresses else ""
    subject = f"{_NOUNS[condition.kind]}{counted}{place}"
    arguments = activity.arguments(compiled.layouts[condition.layout])
    if arguments is None:
        note = "its data do not fit the declaration"
        return Trial(subject=subject, met=False, note=note)
    return _try(subject, compiled, condition, arguments)


def _try(
    subject: str,
    compiled: CompiledMonitor,
    condition: CompiledCondition,
    arguments: Sequence[Argument],
) -> Trial:
    if condition.tree is None:
        return Trial(subject=subject, met=True, note="the condition has no expression")
    clause = _clause(compiled.trees[condition.tree], compiled.layouts[condition.layout], arguments)
    return Trial(subject=subject, met=clause.outcome is Outcome.MET, clause=clause)


def _clause(node: Node, layout: Layout, arguments: Sequence[Argument]) -> Clause:
    match node:
        case AllOf(terms=terms):
            return _sequence(node, terms, layout, arguments)
        case AnyOf(terms=terms):
            return _sequence(node, terms, layout, arguments)
        case Negation(term=term):
            inner = _clause(term, layout, arguments)
            return Clause(
                text=render_expression(node),
                outcome=_OPPOSITES.get(inner.outcome, inner.outcome),
                clauses=(inner,),
            )
        case _:
            return _leaf(node, layout, arguments)


_OPPOSITES = {Outcome.MET: Outcome.UNMET, Outcome.UNMET: Outcome.MET}


def _sequence(
    node: Node, terms: Sequence[Node], layout: Layout, arguments: Sequence[Argument]
) -> Clause:
    """Return what AND or OR came to; the first term that decides is the last one looked at."""
    goes_on = Outcome.MET if isinstance(node, AllOf) else Outcome.UNMET
    outcome = goes_on
    clauses: list[Clause] = []
    for term in terms:
        if outcome is not goes_on:
            clauses.append(Clause(text=render_expression(term), outcome=Outcome.SKIPPED))
            continue
        clauses.append(_clause(term, layout, arguments))
        outcome = clauses[-1].outcome
    return Clause(text=render_expression(node), outcome=outcome, clauses=tuple(clauses))


def _leaf(node: Comparison | Extension, layout: Layout, arguments: Sequence[Argument]) -> Clause:
    outcome = Outcome.INCOMPARABLE
    if compile_expression(node, layout)(arguments):
        outcome = Outcome.MET
    elif compile_expression(Negation(node), layout)(arguments):
        # what cannot be compared meets neither
        outcome = Outcome.UNMET
    known = {each.name: each.text for each in reversed(arguments)}
    return Clause(
        text=render_expression(node),
        outcome=outcome,
        values={name: known[name] for name in _names(node) if name in known},
    )


def _names(node: Comparison | Extension) -> Iterator[str]:
    match node:
        case Comparison(name=name):
            yield name
        case Relation(left=left, right=right):
            yield from (each.name for each in (*references(left), *references(right)))
        case _:
            yield node.reference.name


def _verdict(
    compiled: CompiledMonitor, transaction: DecodedTransaction, reports: Sequence[ConditionReport]
) -> tuple[bool, str]:
    """Return whether it matches and the reason in one sentence.

    Source: the combination table of OpenZeppelin Monitor's filters.
    """
    met = {report.kind for report in reports if report.met}
    waits = (
        compiled.has_event_conditions
        or compiled.has_function_conditions
        or compiled.has_operation_conditions
    )
    if not waits and compiled.gated and not {*compiled.addresses} & {*transaction.addresses}:
        return False, "no watched address sends or receives it, or emits a log in it"
    if waits and not met - {ActivityKind.TRANSACTION}:
        looked_for = "event or function"
        if compiled.has_operation_conditions:
            looked_for = "event, function or operation"
        return False, f"no {looked_for} condition is met"
    if compiled.has_transaction_conditions and ActivityKind.TRANSACTION not in met:
        return False, "no transaction condition is met"
    if not met:
        return True, "it has no conditions" + (
            ", and a watched address takes part" if compiled.gated else ""
        )
    return (
        True,
        f"{' and '.join(kind.value for kind in ActivityKind if kind in met)} conditions hold",
    )


def render_explanation(monitor: str, explanation: Explanation) -> Iterator[str]:
    """Yield an explanation as lines of indented text."""
    verdict = "matches" if explanation.matches else "does not match"
    yield f"{monitor} {verdict} {explanation.transaction_hash}: {explanation.summary}"
    for condition in explanation.conditions:
        subject = condition.signature or f"status {condition.status.value}"
        outcome = Outcome.MET if condition.met else Outcome.UNMET
        yield f"  {condition.kind.value} {subject}: {outcome.value}{_behind(condition.note)}"
        for trial in condition.trials:
            outcome = Outcome.MET if trial.met else Outcome.UNMET
            yield f"    {trial.subject}: {outcome.value}{_behind(trial.note)}"
            if trial.clause is not None:
                yield from _render_clause(trial.clause, "      ")


def _render_clause(clause: Clause, indent: str) -> Iterator[str]:
    values = ", ".join(f"{name} = {_shortened(text)}" for name, text in clause.values.items())
    yield f"{indent}{clause.text}: {clause.outcome.value}{_behind(values)}"
    for each in clause.clauses:
        yield from _render_clause(each, indent + "  ")


def _behind(note: str) -> str:
    return f" ({note})" if note else ""


def _shortened(text: str) -> str:
    shown = text if text.isprintable() else repr(text)
    return shown if len(shown) <= 100 else f"{shown[:99]}…"
