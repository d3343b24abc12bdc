"""Tree and layout → one function over decoded arguments; no text is parsed on the way."""

from collections.abc import Callable, Sequence

from tocsin.matching.expression.checker import Place, find_place, fixed_test
from tocsin.matching.expression.evaluator import Test, build_test
from tocsin.matching.expression.structures import structure_of
from tocsin.matching.expression.syntax import AllOf, AnyOf, Comparison, Node
from tocsin.matching.expression.values import (
    Dialect,
    IncomparableError,
    JsonNumber,
    JsonValue,
    dialect_of,
    integer_of,
    native_range,
    render_json,
    text_type,
)
from tocsin.model.interface import Argument, Layout, Value, ValueType

Predicate = Callable[[Sequence[Argument]], bool]


def compile_expression(node: Node, layout: Layout, *, field: str = "") -> Predicate:
    """Return the function that tells whether arguments in the layout's order meet an expression.

    It is total: where a comparison that has to be looked at cannot be made, the expression is
    not met. A comparison that AND or OR skips cannot do harm.

    Raises:
        ExpressionTypeError: as for ``check_expression``.
    """
    predicate = _compile(node, layout, field)

    def holds(arguments: Sequence[Argument]) -> bool:
        try:
            return predicate(arguments)
        except IncomparableError:
            return False

    return holds


def _compile(node: Node, layout: Layout, field: str) -> Predicate:
    match node:
        case Comparison():
            return _compile_comparison(node, layout, field)
        case AllOf(terms=terms):
            return _every([_compile(term, layout, field) for term in terms])
        case AnyOf(terms=terms):
            return _some([_compile(term, layout, field) for term in terms])


def _every(predicates: list[Predicate]) -> Predicate:
    def holds(arguments: Sequence[Argument]) -> bool:
        return all(predicate(arguments) for predicate in predicates)

    return holds


def _some(predicates: list[Predicate]) -> Predicate:
    def holds(arguments: Sequence[Argument]) -> bool:
        return any(predicate(arguments) for predicate in predicates)

    return holds


def _compile_comparison(comparison: Comparison, layout: Layout, field: str) -> Predicate:
    place = find_place(comparison, layout, field=field)
    dialect = dialect_of(layout)
    known = None
    if place.parameter is not None:
        known = fixed_test(comparison, place.parameter, dialect, field=field)
    if comparison.path or known is None:
        return _test_inside(comparison, place, dialect)
    return _test_at(place.position, known)


def _test_at(position: int, test: Test) -> Predicate:
    def holds(arguments: Sequence[Argument]) -> bool:
        return test(arguments[position])

    return holds


def _test_inside(comparison: Comparison, place: Place, dialect: Dialect) -> Predicate:
    """Return a predicate on a part of a value, whose type is only known when it is there."""
    signed = place.parameter is not None and place.parameter.type is ValueType.INT
    tests: dict[tuple[ValueType, str], Test | None] = {}

    def test_for(part: Argument) -> Test:
        key = (part.type, part.kind)
        if key not in tests:
            try:
                tests[key] = build_test(
                    part.kind, part.type, dialect, comparison.operator, comparison.literal
                )
            except IncomparableError:
                tests[key] = None
        test = tests[key]
        if test is None:
            raise IncomparableError("the literal or operator does not suit the value")
        return test

    def holds(arguments: Sequence[Argument]) -> bool:
        part = structure_of(arguments[place.position], dialect)
        for step in place.path:
            part = _step_into(part, step)
        argument = to_argument(part, dialect, signed=signed)
        return test_for(argument)(argument)

    return holds


def _step_into(outer: JsonValue, step: int | str) -> JsonValue:
    if isinstance(outer, list) and isinstance(step, int) and step < len(outer):
        return outer[step]
    if isinstance(outer, dict) and isinstance(step, str) and step in outer:
        return outer[step]
    raise IncomparableError("the path leads nowhere")


def to_argument(part: JsonValue, dialect: Dialect, *, signed: bool = False) -> Argument:
    """Return a part of a structured value as a value of its own, typed by what it is.

    ``signed`` says that an EVM integer is of a signed type, whatever its own sign.

    Raises:
        IncomparableError: null, an EVM object, or a number that is no integer.
    """
    match part:
        case bool():
            return _argument("bool", ValueType.BOOL, part, "true" if part else "false")
        case str():
            return _argument("string", text_type(part, dialect), part, part)
        case JsonNumber():
            return _integer_argument(part, dialect, signed=signed)
        case list():
            return _argument("array", ValueType.ARRAY, None, render_json(part))
        case dict() if dialect is Dialect.STELLAR:
            return _argument("map", ValueType.MAP, None, render_json(part))
        case _:
            raise IncomparableError("nothing that can be compared")


def _integer_argument(number: JsonNumber, dialect: Dialect, *, signed: bool) -> Argument:
    value = integer_of(number)
    if dialect is Dialect.EVM:
        value_type = ValueType.INT if signed or value < 0 else ValueType.UINT
        return _argument(value_type.value, value_type, value, number.text)
    for kind in ("U64", "I64", "U128", "I128"):
        low, high = native_range(kind)
        if low <= value <= high:
            return _argument(kind, ValueType.NATIVE_INT, value, number.text)
    return _argument("I256", ValueType.BIG_INT, value, number.text)


def _argument(kind: str, value_type: ValueType, value: Value, text: str) -> Argument:
    return Argument(name="", kind=kind, type=value_type, value=value, text=text)
