"""Tree and layout → one function over decoded arguments; no text is parsed on the way."""

from collections.abc import Callable, Sequence

from tocsin.matching.expression.checker import (
    Place,
    Scope,
    check_extension,
    find_place,
    fixed_test,
)
from tocsin.matching.expression.computing import (
    NO_LISTS,
    TEXTS,
    Lists,
    find_list,
    list_test,
    pattern_test,
    relation_holds,
)
from tocsin.matching.expression.evaluator import Test, build_test
from tocsin.matching.expression.parts import part_at
from tocsin.matching.expression.syntax import (
    AllOf,
    AnyOf,
    Comparison,
    Extension,
    Listed,
    Membership,
    Negation,
    Node,
    Relation,
    references,
)
from tocsin.matching.expression.values import Dialect, Fault, IncomparableError, dialect_of
from tocsin.model.interface import Argument, Layout, ValueType

Predicate = Callable[[Sequence[Argument]], bool]
_Reader = Callable[[Sequence[Argument]], Argument]


def compile_expression(
    node: Node, layout: Layout, *, field: str = "", lists: Lists = NO_LISTS
) -> Predicate:
    """Return the function that tells whether arguments in the layout's order meet an expression.

    It is total: where a comparison that has to be looked at cannot be made, the expression is
    not met. A comparison that AND or OR skips cannot do harm. ``lists`` are the named lists as
    they are now.

    Raises:
        ExpressionTypeError: as for ``check_expression``.
    """
    predicate = _compile(node, layout, Scope(field=field, lists=lists))

    def holds(arguments: Sequence[Argument]) -> bool:
        try:
            return predicate(arguments)
        except IncomparableError:
            return False

    return holds


def _compile(node: Node, layout: Layout, scope: Scope) -> Predicate:
    match node:
        case Comparison():
            return _compile_comparison(node, layout, scope.field)
        case AllOf(terms=terms):
            return _every([_compile(term, layout, scope) for term in terms])
        case AnyOf(terms=terms):
            return _some([_compile(term, layout, scope) for term in terms])
        case Negation(term=term):
            return _unless(_compile(term, layout, scope))
        case _:
            check_extension(node, layout, scope)
            return _compile_extension(node, layout, scope)


def _unless(predicate: Predicate) -> Predicate:
    return lambda arguments: not predicate(arguments)


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
    read = _reader(place, dialect)
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
            raise IncomparableError("the literal or operator does not suit the value", Fault.TYPE)
        return test

    def holds(arguments: Sequence[Argument]) -> bool:
        argument = read(arguments)
        return test_for(argument)(argument)

    return holds


def _reader(place: Place, dialect: Dialect) -> _Reader:
    """Return the function that finds a value, or a part of one, among arguments."""
    position, path = place.position, place.path
    signed = place.parameter is not None and place.parameter.type is ValueType.INT
    if not path and place.parameter is not None:
        return lambda arguments: arguments[position]
    return lambda arguments: part_at(arguments[position], path, dialect, signed=signed)


def _compile_extension(node: Extension, layout: Layout, scope: Scope) -> Predicate:
    dialect = dialect_of(layout)
    if isinstance(node, Relation):
        return _compile_relation(node, layout, scope)
    read = _reader(find_place(node.reference, layout, field=scope.field), dialect)
    match node:
        case Membership():
            return _compile_membership(node, layout, scope)
        case Listed():
            test = list_test(find_list(node, scope.lists), dialect)
        case _:
            test = pattern_test(node.pattern)
    return lambda arguments: test(read(arguments))


def _compile_membership(node: Membership, layout: Layout, scope: Scope) -> Predicate:
    place = find_place(node.reference, layout, field=scope.field)
    if place.parameter is not None and not place.path and place.parameter.type in TEXTS:
        position = place.position
        test = list_test([literal.text for literal in node.literals], dialect_of(layout))
        return lambda arguments: test(arguments[position])
    alternatives = node.alternatives()
    return _some([_compile_comparison(each, layout, scope.field) for each in alternatives])


def _compile_relation(node: Relation, layout: Layout, scope: Scope) -> Predicate:
    dialect = dialect_of(layout)
    used = (*references(node.left), *references(node.right))
    readers = {
        reference: _reader(find_place(reference, layout, field=scope.field), dialect)
        for reference in used
    }

    def holds(arguments: Sequence[Argument]) -> bool:
        return relation_holds(node, lambda reference: readers[reference](arguments), dialect)

    return holds
