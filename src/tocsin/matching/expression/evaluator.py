"""One value, one operator, one literal → a test; the rules of each value type.

A test takes the decoded argument and returns whether the comparison holds. It raises
``IncomparableError`` where the value turns out not to be comparable, and nothing else.
"""

from collections.abc import Callable
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne

from tocsin.matching.expression.structures import array_test, map_test, tuple_test
from tocsin.matching.expression.syntax import Literal, LiteralKind, Operator
from tocsin.matching.expression.values import (
    Dialect,
    Fault,
    IncomparableError,
    normal_address,
    parse_native,
    parse_signed,
    parse_unsigned,
    without_blanks,
)
from tocsin.model.interface import Argument, ValueType

Test = Callable[[Argument], bool]

ORDERINGS: dict[Operator, Callable[[int | Fraction, int | Fraction], bool]] = {
    Operator.EQUAL: eq,
    Operator.UNEQUAL: ne,
    Operator.GREATER: gt,
    Operator.GREATER_EQUAL: ge,
    Operator.LESS: lt,
    Operator.LESS_EQUAL: le,
}


def _contains(left: str, right: str) -> bool:
    return right in left


_TEXT_RULES: dict[Operator, Callable[[str, str], bool]] = {
    Operator.EQUAL: eq,
    Operator.UNEQUAL: ne,
    Operator.CONTAINS: _contains,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
}
_EQUALITIES = {Operator.EQUAL, Operator.UNEQUAL}
_STRUCTURED: dict[ValueType, Callable[[Dialect, Operator, Literal], Test]] = {
    ValueType.ARRAY: array_test,
    ValueType.TUPLE: tuple_test,
    ValueType.MAP: map_test,
}


def build_test(
    kind: str, value_type: ValueType, dialect: Dialect, operator: Operator, literal: Literal
) -> Test:
    """Return the test of one comparison.

    ``kind`` is the chain's own type text, which bounds Stellar's integers.

    Raises:
        IncomparableError: the literal or the operator is not admissible for the type.
    """
    structured = _STRUCTURED.get(value_type)
    if structured is not None:
        return structured(dialect, operator, literal)
    match value_type:
        case ValueType.ADDRESS:
            return _address_test(dialect, operator, literal)
        case ValueType.TEXT:
            return _text_test(operator, literal)
        case ValueType.BOOL:
            return _bool_test(operator, literal)
        case ValueType.OPAQUE:
            raise IncomparableError("values of this type can be shown but not compared", Fault.TYPE)
        case _:
            return _integer_test(kind, value_type, operator, literal)


def _require_literal(literal: Literal, *admissible: LiteralKind) -> None:
    if literal.kind not in admissible:
        expected = " or ".join(admissible)
        raise IncomparableError(
            f"expected a {expected} literal, found a {literal.kind}", Fault.TYPE
        )


def _require_operator(operator: Operator, admissible: set[Operator]) -> None:
    if operator not in admissible:
        spellings = " ".join(known for known in Operator if known in admissible)
        raise IncomparableError(f"{operator} is not defined here, only {spellings}", Fault.OPERATOR)


def _integer_test(kind: str, value_type: ValueType, operator: Operator, literal: Literal) -> Test:
    if value_type is ValueType.NATIVE_INT:
        _require_literal(literal, LiteralKind.NUMBER)
    else:
        _require_literal(literal, LiteralKind.NUMBER, LiteralKind.TEXT)
    if value_type is ValueType.BIG_INT and operator in _EQUALITIES:
        return _spelling_test(operator, literal.text)
    if value_type is ValueType.BIG_INT:
        _require_operator(operator, set(ORDERINGS))
    right = _literal_integer(kind, value_type, literal.text)
    _require_operator(operator, set(ORDERINGS))
    compare = ORDERINGS[operator]

    def holds(argument: Argument) -> bool:
        left = argument.value
        if type(left) is not int:
            raise IncomparableError("not an integer")
        return compare(left, right)

    return holds


def _literal_integer(kind: str, value_type: ValueType, text: str) -> int:
    if value_type is ValueType.UINT:
        return parse_unsigned(text)
    if value_type is ValueType.INT:
        return parse_signed(text)
    return parse_native(text, kind)


def _spelling_test(operator: Operator, right: str) -> Test:
    # Stellar's 256-bit integers are equal only when spelled alike: 007 is not 7.
    compare = _TEXT_RULES[operator]

    def holds(argument: Argument) -> bool:
        if argument.value is None:
            raise IncomparableError("not an integer")
        return compare(argument.text, right)

    return holds


def _address_test(dialect: Dialect, operator: Operator, literal: Literal) -> Test:
    _require_literal(literal, LiteralKind.TEXT)
    if dialect is Dialect.STELLAR and operator not in _EQUALITIES:
        return _text_test(operator, literal)
    _require_operator(operator, _EQUALITIES)
    normal = normal_address if dialect is Dialect.EVM else _normal_strkey
    compare = _TEXT_RULES[operator]
    right = normal(literal.text)

    def holds(argument: Argument) -> bool:
        left = argument.value
        if not isinstance(left, str):
            raise IncomparableError("not an address")
        return compare(normal(left), right)

    return holds


def _normal_strkey(text: str) -> str:
    return without_blanks(text).lower()


def _text_test(operator: Operator, literal: Literal) -> Test:
    _require_literal(literal, LiteralKind.TEXT)
    _require_operator(operator, set(_TEXT_RULES))
    compare = _TEXT_RULES[operator]
    right = literal.text.lower()

    def holds(argument: Argument) -> bool:
        left = argument.value
        if not isinstance(left, str):
            raise IncomparableError("not text")
        return compare(left.lower(), right)

    return holds


def _bool_test(operator: Operator, literal: Literal) -> Test:
    _require_literal(literal, LiteralKind.BOOLEAN)
    _require_operator(operator, _EQUALITIES)
    wanted = (literal.text == "true") is (operator is Operator.EQUAL)

    def holds(argument: Argument) -> bool:
        left = argument.value
        if not isinstance(left, bool):
            raise IncomparableError("not a boolean")
        return left is wanted

    return holds
