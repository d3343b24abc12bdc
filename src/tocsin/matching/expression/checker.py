"""Tree and layout → whether every comparison means something, or one error with its column."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tocsin.errors import ExpressionTypeError
from tocsin.matching.expression.advice import (
    shown,
    suggest_comparison,
    suggest_name,
)
from tocsin.matching.expression.computing import (
    INTEGERS,
    NO_LISTS,
    TEXTS,
    Lists,
    find_list,
    require_divisible,
    require_ordering,
    stand_in,
)
from tocsin.matching.expression.evaluator import Test, build_test
from tocsin.matching.expression.regex import compile_pattern
from tocsin.matching.expression.syntax import (
    AllOf,
    AnyOf,
    Comparison,
    Extension,
    Listed,
    Membership,
    Negation,
    Node,
    Reference,
    Relation,
    references,
    render_operand,
    render_path,
)
from tocsin.matching.expression.values import Dialect, IncomparableError, dialect_of
from tocsin.model.interface import Layout, Parameter, ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a comparison finds its left side.

    ``position`` counts a layout's parameters from 0; ``path`` leads into the value, with the
    names of tuple fields turned into indices. ``parameter`` describes what is there, or is None
    where only the value itself can tell.
    """

    position: int
    path: tuple[int | str, ...]
    parameter: Parameter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an expression is read with: the field that errors name, and the named lists."""

    field: str
    lists: Lists


def check_expression(
    node: Node, layout: Layout, *, field: str = "", lists: Lists = NO_LISTS
) -> None:
    """Return if each comparison is defined for the parameters of a layout.

    Raises:
        ExpressionTypeError: a parameter is not there, a path leads nowhere, or an operator or
            literal is not admissible for the value's type or range.
    """
    _check(node, layout, Scope(field=field, lists=lists))


def _check(node: Node, layout: Layout, scope: Scope) -> None:
    match node:
        case Comparison():
            place = find_place(node, layout, field=scope.field)
            if place.parameter is not None:
                fixed_test(node, place.parameter, dialect_of(layout), field=scope.field)
        case AllOf(terms=terms) | AnyOf(terms=terms):
            for term in terms:
                _check(term, layout, scope)
        case Negation(term=term):
            _check(term, layout, scope)
        case _:
            check_extension(node, layout, scope)


def check_extension(node: Extension, layout: Layout, scope: Scope) -> None:
    """Return if what the extended grammar asks is defined for the parameters of a layout.

    Raises:
        ExpressionTypeError: as for ``check_expression``; also a pattern that is none, or a list
            that is not there.
    """
    match node:
        case Relation():
            _check_relation(node, layout, scope)
        case Membership():
            for comparison in node.alternatives():
                _check(comparison, layout, scope)
        case Listed(list_column=column):
            with _placed(column, scope):
                find_list(node, scope.lists)
                _require_text(node.reference, layout, scope)
        case _:
            with _placed(node.pattern_column, scope):
                compile_pattern(node.pattern)
                _require_text(node.reference, layout, scope)


@contextmanager
def _placed(column: int, scope: Scope) -> Iterator[None]:
    try:
        yield
    except IncomparableError as cause:
        raise ExpressionTypeError(
            cause.message, column=column, field=scope.field, suggestion=cause.suggestion
        ) from cause


def _require_text(reference: Reference, layout: Layout, scope: Scope) -> None:
    parameter = find_place(reference, layout, field=scope.field).parameter
    if parameter is not None and parameter.type not in TEXTS:
        raise IncomparableError(
            f"only text and addresses are searched, not {shown(parameter.kind)}",
            suggestion=suggest_comparison(render_path(reference.name, reference.path), parameter),
        )


def _check_relation(node: Relation, layout: Layout, scope: Scope) -> None:
    places = {
        reference: find_place(reference, layout, field=scope.field)
        for reference in (*references(node.left), *references(node.right))
    }
    if not places:
        raise ExpressionTypeError(
            "there is no parameter in this comparison", column=node.column, field=scope.field
        )
    if isinstance(node.left, Reference) and isinstance(node.right, Reference):
        with _placed(node.right_column, scope):
            _require_comparable(node, places[node.left], places[node.right], layout)
        return
    for operand in (node.left, node.right):
        with _placed(node.column if operand is node.left else node.right_column, scope):
            require_divisible(operand)
    for reference, place in places.items():
        if place.parameter is not None and place.parameter.type not in INTEGERS:
            numbers = [each.name for each in layout.parameters if each.type in INTEGERS]
            raise ExpressionTypeError(
                f"{shown(reference.name)} ({shown(place.parameter.kind)}) is no number",
                column=reference.column,
                field=scope.field,
                suggestion=f"of numbers {suggest_name(reference.name, numbers)}",
            )


def _require_comparable(node: Relation, left: Place, right: Place, layout: Layout) -> None:
    if left.parameter is None or right.parameter is None:
        return
    if left.parameter.type in INTEGERS and right.parameter.type in INTEGERS:
        require_ordering(node.operator)
        return
    kind, value_type = left.parameter.kind, left.parameter.type
    try:
        literal = stand_in(value_type, node.operator, right.parameter.type, "")
        build_test(kind, value_type, dialect_of(layout), node.operator, literal)
    except IncomparableError as cause:
        path = render_operand(node.left).removeprefix("$")
        cause.suggestion = suggest_comparison(path, left.parameter)
        raise


def fixed_test(
    comparison: Comparison, parameter: Parameter, dialect: Dialect, *, field: str = ""
) -> Test:
    """Return the test of a comparison with a value of a known type.

    Raises:
        ExpressionTypeError: the operator or literal is not admissible for it.
    """
    try:
        return build_test(
            parameter.kind, parameter.type, dialect, comparison.operator, comparison.literal
        )
    except IncomparableError as cause:
        path = render_path(comparison.name, comparison.path)
        raise ExpressionTypeError(
            f"{shown(comparison.name)} ({shown(parameter.kind)}): {cause.message}",
            column=comparison.literal_column,
            field=field,
            suggestion=suggest_comparison(path, parameter),
        ) from cause


def find_place(comparison: Comparison | Reference, layout: Layout, *, field: str = "") -> Place:
    """Return where a comparison finds its left side; of equal names the first one counts.

    Raises:
        ExpressionTypeError: no parameter of that name, or nothing where the path leads.
    """
    for position, parameter in enumerate(layout.parameters):
        if parameter.name == comparison.name:
            try:
                path, leaf = _follow(parameter, comparison.path, dialect_of(layout))
            except IncomparableError as cause:
                raise ExpressionTypeError(
                    f"{shown(comparison.name)}: {cause.message}",
                    column=comparison.column,
                    field=field,
                    suggestion=cause.suggestion or suggest_comparison(parameter.name, parameter),
                ) from cause
            return Place(position=position, path=path, parameter=leaf)
    raise ExpressionTypeError(
        f"there is no parameter {shown(comparison.name)}",
        column=comparison.column,
        field=field,
        suggestion=suggest_name(comparison.name, (each.name for each in layout.parameters)),
    )


def _follow(
    parameter: Parameter, path: tuple[int | str, ...], dialect: Dialect
) -> tuple[tuple[int | str, ...], Parameter | None]:
    """Return the path by positions and what it leads to."""
    steps: list[int | str] = []
    leaf: Parameter | None = parameter
    for step in path:
        if leaf is not None:
            step, leaf = _part_of(leaf, step, dialect)
        steps.append(step)
    return tuple(steps), leaf


def _part_of(
    outer: Parameter, step: int | str, dialect: Dialect
) -> tuple[int | str, Parameter | None]:
    match outer.type:
        case ValueType.ARRAY:
            if isinstance(step, str):
                raise IncomparableError(f"an array has no key {shown(step)}, only [0], [1], …")
            # Stellar's elements may be of several kinds; only the value tells.
            known = outer.components if dialect is Dialect.EVM else ()
            return step, (known[0] if known else None)
        case ValueType.TUPLE:
            return _field_of(outer, step)
        case ValueType.MAP:
            if isinstance(step, int):
                raise IncomparableError("a map has no index, only .key")
            return step, None
        case ValueType.TEXT | ValueType.OPAQUE:
            return step, None  # the text may be JSON
        case _:
            raise IncomparableError(f"a value of type {shown(outer.kind)} has no parts")


def _field_of(outer: Parameter, step: int | str) -> tuple[int | str, Parameter | None]:
    fields = outer.components
    if not fields:
        return step, None
    names = [field.name for field in fields]
    if isinstance(step, str) and step in names:
        step = names.index(step)
    if isinstance(step, int) and step < len(fields):
        return step, fields[step]
    raise IncomparableError(
        f"the tuple has no part {shown(str(step))}", suggestion=suggest_name(str(step), names)
    )
