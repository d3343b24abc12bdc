"""Tree and layout → whether every comparison means something, or one error with its column."""

from dataclasses import dataclass
from difflib import get_close_matches

from tocsin.errors import ExpressionTypeError
from tocsin.matching.expression.evaluator import Test, build_test
from tocsin.matching.expression.syntax import Comparison, Node, comparisons
from tocsin.matching.expression.values import Dialect, IncomparableError, dialect_of
from tocsin.model.interface import Layout, Parameter, ValueType

_SHOWN_CHARACTERS = 64


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


def check_expression(node: Node, layout: Layout, *, field: str = "") -> None:
    """Return if each comparison is defined for the parameters of a layout.

    Raises:
        ExpressionTypeError: a parameter is not there, a path leads nowhere, or an operator or
            literal is not admissible for the value's type or range.
    """
    for comparison in comparisons(node):
        place = find_place(comparison, layout, field=field)
        if place.parameter is not None:
            fixed_test(comparison, place.parameter, dialect_of(layout), field=field)


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
        message = f"{_shown(comparison.name)} ({_shown(parameter.kind)}): {cause}"
        raise ExpressionTypeError(message, column=comparison.literal_column, field=field) from cause


def find_place(comparison: Comparison, layout: Layout, *, field: str = "") -> Place:
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
                    f"{_shown(comparison.name)}: {cause}", column=comparison.column, field=field
                ) from cause
            return Place(position=position, path=path, parameter=leaf)
    raise ExpressionTypeError(
        f"there is no parameter {_shown(comparison.name)}{_suggestion(comparison.name, layout)}",
        column=comparison.column,
        field=field,
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
                raise IncomparableError(f"an array has no key {_shown(step)}, only [0], [1], …")
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
            raise IncomparableError(f"a value of type {_shown(outer.kind)} has no parts")


def _field_of(outer: Parameter, step: int | str) -> tuple[int | str, Parameter | None]:
    fields = outer.components
    if not fields:
        return step, None
    names = [field.name for field in fields]
    if isinstance(step, str) and step in names:
        step = names.index(step)
    if isinstance(step, int) and step < len(fields):
        return step, fields[step]
    raise IncomparableError(f"the tuple has no part {_shown(str(step))}")


def _suggestion(name: str, layout: Layout) -> str:
    # Long names are not compared: the effort grows with the product of the lengths.
    known = [
        parameter.name
        for parameter in layout.parameters[:_SHOWN_CHARACTERS]
        if 0 < len(parameter.name) <= _SHOWN_CHARACTERS
    ]
    close = get_close_matches(name, known, n=1) if len(name) <= _SHOWN_CHARACTERS else []
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are {', '.join(known[:12])}" if known else "; there are none with a name"


def _shown(name: str) -> str:
    return name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…"
