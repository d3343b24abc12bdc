"""Expressions tried while they are written: every fault of one, or what it looks at and costs."""

from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from tocsin.chains.registry import family_code
from tocsin.errors import ExpressionError, ExpressionSyntaxError, InputError, InterfaceError
from tocsin.matching.compiled import compile_monitor
from tocsin.matching.cost import MonitorCost, cost_of
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.expression.review import find_faults, list_parameters
from tocsin.matching.expression.tree import render_tree
from tocsin.model.ids import MonitorId, TenantId
from tocsin.model.interface import Layout
from tocsin.model.monitor import (
    AddressDraft,
    ConditionDraft,
    KeyedMonitor,
    MonitorDraft,
    MonitorRef,
)
from tocsin.model.network import ChainFamily

MOST_FAULTS = 10
"""Told at once; who corrects them learns of the others."""

MOST_LAYOUTS = 4
"""Events or functions of one signature in a spec, which differ in their parameters' names."""

_NOBODY = MonitorRef(id=MonitorId(UUID(int=0)), tenant_id=TenantId(UUID(int=0)), version=1)
_ADDRESS = "addresses[0]."


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionSubject:
    """What an expression is about: one condition, and the contract whose spec it is read by."""

    family: ChainFamily
    condition: ConditionDraft
    contract: AddressDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionReview:
    """What is known of an expression.

    ``tree`` is in the shape of ``render_tree``, or None where the text does not parse.
    ``parameters`` are kinds by what the expression names; they are empty, and ``cost`` is None,
    where there are faults.
    """

    faults: tuple[ExpressionError, ...]
    tree: list[object] | None = None
    parameters: dict[str, str | None]
    cost: MonitorCost | None = None
    notes: tuple[str, ...] = ()


def review_expression(subject: ExpressionSubject) -> ExpressionReview:
    """Return what is wrong with the expression of a condition, or what it looks at and costs.

    It is checked as in a monitor with this condition alone.

    Raises:
        InputError: the condition itself cannot be meant, whatever its expression; ``field`` is
            relative to the subject: ``address``, ``contract_spec[0]``, ``event.signature``.
    """
    keyed = _key(subject)
    text = subject.condition.expression or ""
    try:
        node = parse_expression(text)
    except ExpressionSyntaxError as error:
        error.locate(text)
        return ExpressionReview(faults=(error,), parameters={})
    tree = render_tree(node)
    layouts = _layouts(keyed)
    faults: dict[str, ExpressionError] = {}
    for layout in layouts:
        for fault in islice(find_faults(node, layout), MOST_FAULTS - len(faults)):
            fault.locate(text)
            faults.setdefault(str(fault), fault)
    if faults:
        return ExpressionReview(faults=tuple(faults.values()), tree=tree, parameters={})
    parameters: dict[str, str | None] = {}
    for layout in layouts:
        parameters = list_parameters(node, layout) | parameters
    return ExpressionReview(
        faults=(),
        tree=tree,
        parameters=parameters,
        cost=cost_of(compile_monitor(_NOBODY, keyed)),
        notes=keyed.notes,
    )


def _key(subject: ExpressionSubject) -> KeyedMonitor:
    draft = MonitorDraft(
        name="",
        networks=(),
        paused=False,
        addresses=(subject.contract,),
        conditions=(subject.condition,),
        triggers=(),
    )
    try:
        return family_code(subject.family).key_monitor(draft)
    except InputError as error:
        # There is no list of addresses here, as there is in a monitor.
        message = str(error).removeprefix(f"{error.field}: ")
        field = error.field.removeprefix(_ADDRESS)
        kind = InterfaceError if isinstance(error, InterfaceError) else InputError
        raise kind(message, field=field) from error


def _layouts(keyed: KeyedMonitor) -> tuple[Layout, ...]:
    layouts = tuple(dict.fromkeys(each.layout for each in keyed.conditions))
    if len(layouts) > MOST_LAYOUTS:
        raise InterfaceError(
            f"more than {MOST_LAYOUTS} of this signature; give the one that is meant",
            field="contract_spec",
        )
    return layouts
