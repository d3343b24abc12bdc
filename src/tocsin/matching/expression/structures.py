"""Tests on arrays, tuples and maps, by the rules of each dialect.

EVM values are compared as decoded; Stellar's by the text that a match shows, because the
original's rules are rules about that text. A value whose text is not JSON is compared as decoded.
"""

import re
from collections.abc import Callable, Iterator

from tocsin.matching.expression.syntax import Literal, LiteralKind, Operator
from tocsin.matching.expression.tuples import read_tuple
from tocsin.matching.expression.values import (
    WHITE_SPACE,
    Dialect,
    Fault,
    IncomparableError,
    JsonLeaf,
    JsonNumber,
    JsonValue,
    ascii_lower,
    fold_case,
    is_evm_address,
    normal_address,
    read_json,
    render_json,
    to_json,
)
from tocsin.model.interface import Argument, ValueType

_Test = Callable[[Argument], bool]

_EQUALITIES = {Operator.EQUAL, Operator.UNEQUAL}


def structure_of(argument: Argument, dialect: Dialect) -> JsonValue:
    """Return the value that paths and structured comparisons look into.

    Raises:
        IncomparableError: there is no structure in it.
    """
    value = argument.value
    decoded = isinstance(value, list | dict)
    if dialect is Dialect.EVM and decoded:
        return to_json(value)
    if argument.type is ValueType.TUPLE and dialect is Dialect.EVM:
        return read_tuple(argument.text)
    try:
        return read_json(argument.text)
    except IncomparableError:
        if not decoded:
            raise
        return to_json(value)


def folded_structure(argument: Argument) -> JsonValue:
    """Return the structure of an EVM value in lower case.

    Raises:
        IncomparableError: there is no structure in it.
    """
    if isinstance(argument.value, list | dict):
        return fold_case(to_json(argument.value))
    return read_json(argument.text.lower())  # what is JSON is decided in lower case too


def array_test(dialect: Dialect, operator: Operator, literal: Literal) -> _Test:
    """Return the test of a comparison with an array, or raise IncomparableError."""
    stellar = dialect is Dialect.STELLAR
    _require_literal(literal, numbers=stellar or operator is Operator.CONTAINS)
    _require_operator(operator)
    if stellar:
        return _vector_test(operator, literal.text)
    if operator is Operator.CONTAINS:
        return _deep_test(literal.text)
    right = read_json(literal.text.lower())
    if not isinstance(right, list):
        raise IncomparableError("expected a JSON array in quotes", Fault.TYPE)

    def holds(argument: Argument) -> bool:
        left = folded_structure(argument)
        if not isinstance(left, list):
            raise IncomparableError("not an array", Fault.TYPE)
        return (left == right) is (operator is Operator.EQUAL)

    return holds


def tuple_test(dialect: Dialect, operator: Operator, literal: Literal) -> _Test:
    """Return the test of a comparison with an EVM tuple, or raise IncomparableError."""
    if dialect is not Dialect.EVM:
        raise IncomparableError("values of this type can be shown but not compared", Fault.TYPE)
    _require_literal(literal, numbers=operator is Operator.CONTAINS)
    _require_operator(operator)
    if operator is Operator.CONTAINS:
        return _deep_test(literal.text)
    right = _without_outer_blanks(literal.text)

    def holds(argument: Argument) -> bool:
        left = _without_outer_blanks(argument.text)
        return (left == right) is (operator is Operator.EQUAL)

    return holds


def map_test(dialect: Dialect, operator: Operator, literal: Literal) -> _Test:
    """Return the test of a comparison with a Stellar map, or raise IncomparableError."""
    if dialect is not Dialect.STELLAR:
        raise IncomparableError("values of this type can be shown but not compared", Fault.TYPE)
    _require_literal(literal, numbers=operator is Operator.CONTAINS)
    _require_operator(operator)
    right = None if operator is Operator.CONTAINS else read_json(literal.text)
    if operator is not Operator.CONTAINS and not isinstance(right, dict):
        raise IncomparableError("expected a JSON object in quotes", Fault.TYPE)

    def holds(argument: Argument) -> bool:
        left = structure_of(argument, dialect)
        if not isinstance(left, dict):
            fault = Fault.PARSE if operator is Operator.CONTAINS else Fault.TYPE
            raise IncomparableError("not a map", fault)
        if operator is Operator.CONTAINS:
            return any(_equals_shallowly(part, literal.text) for part in left.values())
        return (left == right) is (operator is Operator.EQUAL)

    return holds


def _require_operator(operator: Operator) -> None:
    if operator is not Operator.CONTAINS and operator not in _EQUALITIES:
        raise IncomparableError(
            f"{operator} is not defined here, only == != contains", Fault.OPERATOR
        )


def _require_literal(literal: Literal, *, numbers: bool) -> None:
    if literal.kind is LiteralKind.BOOLEAN:
        raise IncomparableError("expected a text literal, found a boolean; quote it", Fault.TYPE)
    if literal.kind is LiteralKind.NUMBER and not numbers:
        raise IncomparableError("expected a text literal, found a number; quote it", Fault.TYPE)


def _deep_test(right: str) -> _Test:
    wanted = _Wanted(right)

    def holds(argument: Argument) -> bool:
        left = structure_of(argument, Dialect.EVM)
        if not isinstance(left, list):
            raise IncomparableError("not an array")
        return any(map(wanted.equals, _leaves(left)))

    return holds


def _leaves(value: JsonValue) -> Iterator[JsonLeaf]:
    match value:
        case list():
            for part in value:
                yield from _leaves(part)
        case dict():
            for part in value.values():
                yield from _leaves(part)
        case _:
            yield value


class _Wanted:
    """A literal that is looked for inside an EVM value, read once in each way that counts.

    Source: the original compares numbers inside arrays by a decimal type of 96 bits, and by
    text whatever that type cannot hold.
    """

    def __init__(self, right: str) -> None:
        self._text = right
        self._lower = right.lower()
        self._address = normal_address(right)
        self._decimal = _decimal(right)

    def equals(self, leaf: JsonLeaf) -> bool:
        """Return whether a part without parts of its own equals the literal."""
        match leaf:
            case JsonNumber(text=text):
                same = self._decimal is not None and self._decimal == _decimal(text)
                return same or text == self._text
            case str():
                if is_evm_address(leaf):
                    return normal_address(leaf) == self._address
                return leaf.lower() == self._lower
            case bool():
                return self._lower == ("true" if leaf else "false")
            case _:
                return self._text == "null"


_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")
_MAX_MANTISSA = 2**96
_MAX_SCALE = 28


def _decimal(text: str) -> tuple[int, int] | None:
    """Return mantissa and scale without trailing zeros, or None where 96 bits do not hold it."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return None
    sign, whole, fraction = found[1], found[2], found[3] or ""
    if not whole + fraction or len(fraction) > _MAX_SCALE:
        return None
    digits = (whole + fraction).lstrip("0") or "0"
    if len(digits) > _MAX_SCALE + 1:
        return None
    mantissa = int(digits)
    if mantissa >= _MAX_MANTISSA:
        return None
    scale = len(fraction)
    while scale and mantissa % 10 == 0:
        mantissa //= 10
        scale -= 1
    return (-mantissa if sign == "-" else mantissa, scale)


def _without_outer_blanks(text: str) -> str:
    """Return the text without the white space that is outside quotes."""
    kept = []
    quote = ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in WHITE_SPACE:
            continue
        kept.append(character)
    return "".join(kept)


def _vector_test(operator: Operator, right: str) -> _Test:
    if operator is Operator.CONTAINS:
        return lambda argument: _vector_contains(argument.text, right)
    wanted = operator is Operator.EQUAL
    return lambda argument: _equal_vectors(argument.text, right) is wanted


def _try_json(text: str) -> tuple[bool, JsonValue]:
    try:
        return True, read_json(text)
    except IncomparableError:
        return False, None


def _equal_vectors(left: str, right: str) -> bool:
    left_is_json, left_value = _try_json(left)
    right_is_json, right_value = _try_json(right)
    if left_is_json != right_is_json:
        return False
    array_count = isinstance(left_value, list) + isinstance(right_value, list)
    if array_count == 0:
        return _listed(left.lower()) == _listed(right.lower())
    return array_count == 2 and left_value == right_value


def _listed(text: str) -> list[str]:
    return [piece.strip(WHITE_SPACE) for piece in text.split(",")]


def _vector_contains(left: str, right: str) -> bool:
    is_json, value = _try_json(left)
    if is_json and isinstance(value, list):
        return any(_element_matches(element, right) for element in value)
    text = left.strip(WHITE_SPACE)
    if text.startswith("[") and text.endswith("]") and len(text) > 1:
        text = text[1:-1]
    return right in _listed(text)


def _element_matches(element: JsonValue, right: str) -> bool:
    if isinstance(element, dict):
        return any(_equals_shallowly(part, right) for part in element.values())
    return _equals_shallowly(element, right)


def _equals_shallowly(part: JsonValue, right: str) -> bool:
    match part:
        case str():
            return ascii_lower(part) == ascii_lower(right)
        case dict():
            return "value" in part and _bare_json(part["value"]) == right
        case _:
            return render_json(part) == right


def _bare_json(value: JsonValue) -> str:
    """Return a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else render_json(value).strip('"')
