"""Relations, membership and patterns: what the extended grammar asks of values already found."""

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from fractions import Fraction
from types import MappingProxyType

from tocsin.matching.expression.evaluator import ORDERINGS, build_test
from tocsin.matching.expression.regex import compile_pattern
from tocsin.matching.expression.syntax import (
    Arithmetic,
    Listed,
    Literal,
    LiteralKind,
    Number,
    Operand,
    Operator,
    Reference,
    Relation,
    Scaled,
    Sign,
)
from tocsin.matching.expression.values import (
    Dialect,
    Fault,
    IncomparableError,
    normal_address,
    without_blanks,
)
from tocsin.model.interface import Argument, ValueType

Lists = Mapping[str, Collection[str]]
Find = Callable[[Reference], Argument]

NO_LISTS: Lists = MappingProxyType({})
INTEGERS = frozenset({ValueType.UINT, ValueType.INT, ValueType.NATIVE_INT, ValueType.BIG_INT})
TEXTS = frozenset({ValueType.TEXT, ValueType.ADDRESS})
_SHOWN_CHARACTERS = 64
_STRUCTURES = frozenset({ValueType.ARRAY, ValueType.TUPLE, ValueType.MAP})


def relation_holds(relation: Relation, find: Find, dialect: Dialect) -> bool:
    """Return whether two operands compare as asked; ``find`` gives the value of a parameter.

    Numbers are exact: integers of any size, and fractions where something is divided.

    Raises:
        IncomparableError: a value is not there or not of a type that the operator compares.
    """
    left, right = relation.left, relation.right
    if isinstance(left, Reference) and isinstance(right, Reference):
        return _references_hold(find(left), relation.operator, find(right), dialect)
    require_ordering(relation.operator)
    return ORDERINGS[relation.operator](_number(left, find), _number(right, find))


def _references_hold(left: Argument, operator: Operator, right: Argument, dialect: Dialect) -> bool:
    if left.type in INTEGERS and right.type in INTEGERS:
        require_ordering(operator)
        return ORDERINGS[operator](_integer(left), _integer(right))
    literal = stand_in(left.type, operator, right.type, _spelled(right))
    return build_test(left.kind, left.type, dialect, operator, literal)(left)


def _spelled(argument: Argument) -> str:
    match argument.value:
        case bool(truth):
            return "true" if truth else "false"
        case str() | int():
            return str(argument.value)
        case _:
            raise IncomparableError("there is no single value on the right")


def require_ordering(operator: Operator) -> None:
    """Raise IncomparableError unless an operator compares numbers."""
    if operator not in ORDERINGS:
        raise IncomparableError(f"{operator} does not compare numbers", Fault.OPERATOR)


def stand_in(left: ValueType, operator: Operator, right: ValueType, text: str) -> Literal:
    """Return the literal that a parameter on the right stands for.

    Raises:
        IncomparableError: values of these two types are not compared.
    """
    if left in _STRUCTURES and operator is not Operator.CONTAINS:
        raise IncomparableError(f"{operator} is not defined here, only contains", Fault.OPERATOR)
    if right is ValueType.BOOL and left is ValueType.BOOL:
        return Literal(LiteralKind.BOOLEAN, text)
    if right in TEXTS and (left in TEXTS or left in _STRUCTURES):
        return Literal(LiteralKind.TEXT, text)
    if right in INTEGERS and left in _STRUCTURES:
        return Literal(LiteralKind.NUMBER, text)
    raise IncomparableError(f"{left} is not compared with {right}", Fault.TYPE)


def _integer(argument: Argument) -> int:
    if argument.type not in INTEGERS:
        raise IncomparableError("only numbers are computed with", Fault.TYPE)
    if type(argument.value) is not int:
        raise IncomparableError("not an integer")
    return argument.value


def _number(operand: Operand, find: Find) -> int | Fraction:
    match operand:
        case Reference():
            return _integer(find(operand))
        case Number():
            return _literal_number(operand)
        case Scaled(operand=inner, decimals=decimals):
            return Fraction(_number(inner, find)) / Fraction(10**decimals)
        case _:
            left, right = _number(operand.left, find), _number(operand.right, find)
            return _computed(operand.sign, left, right)


def _computed(sign: Sign, left: int | Fraction, right: int | Fraction) -> int | Fraction:
    match sign:
        case Sign.PLUS:
            return left + right
        case Sign.MINUS:
            return left - right
        case Sign.TIMES:
            return left * right
        case _:
            if right == 0:
                raise IncomparableError("division by zero")
            return Fraction(left) / right


def require_divisible(operand: Operand) -> None:
    """Raise IncomparableError where an operand divides by a zero that is written in it."""
    match operand:
        case Scaled(operand=inner):
            require_divisible(inner)
        case Arithmetic(sign=sign, left=left, right=right):
            require_divisible(left)
            require_divisible(right)
            if sign is Sign.OVER and isinstance(right, Number) and _literal_number(right) == 0:
                raise IncomparableError("division by zero")
        case _:
            return


def _literal_number(number: Number) -> int | Fraction:
    text = number.text
    return int(text, 16) if text[:2].lower() == "0x" else Fraction(text)


def list_test(entries: Collection[str], dialect: Dialect) -> Callable[[Argument], bool]:
    """Return the test whether an address or text is an entry of a list."""
    normal = normal_address if dialect is Dialect.EVM else _normal_strkey
    addresses = frozenset(map(normal, entries))
    texts = frozenset(entry.lower() for entry in entries)

    def holds(argument: Argument) -> bool:
        text = _text(argument)
        if argument.type is ValueType.ADDRESS:
            return normal(text) in addresses
        return text.lower() in texts

    return holds


def _normal_strkey(text: str) -> str:
    return without_blanks(text).lower()


def pattern_test(pattern: str) -> Callable[[Argument], bool]:
    """Return the test whether a regular expression is found in a text or address.

    Raises:
        IncomparableError: it is no regular expression that is supported.
    """
    found = compile_pattern(pattern)
    return lambda argument: found(_text(argument))


def _text(argument: Argument) -> str:
    if argument.type not in TEXTS:
        raise IncomparableError("only text and addresses are searched", Fault.TYPE)
    if not isinstance(argument.value, str):
        raise IncomparableError("not text")
    return argument.value


def find_list(listed: Listed, lists: Lists) -> Collection[str]:
    """Return the entries of a named list, bound or not, or raise IncomparableError."""
    if listed.entries is not None:
        return listed.entries
    name = listed.list_name
    if name not in lists:
        shown = name[:_SHOWN_CHARACTERS]
        close = get_close_matches(shown, [*lists][:_SHOWN_CHARACTERS], n=1)
        suggestion = f"did you mean @{close[0]}?" if close else ""
        raise IncomparableError(f"there is no list @{shown}", Fault.VARIABLE, suggestion=suggestion)
    return lists[name]
