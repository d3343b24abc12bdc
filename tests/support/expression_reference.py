"""The original's evaluation of expressions once more, from its description alone.

Shares no code with the product. ``evaluate`` returns True, False or the class of the error that
the original raises.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.support.reference_grammar import LETTERS, parse
from tests.support.reference_json import FailedError, Numeral, as_json, compact, same
from tests.support.reference_numbers import WHITE, decimal, number, signed, unsigned

Params = Sequence[tuple[str, str, str]]  # name, kind, value


def evaluate(chain: str, params: Params, text: str) -> bool | str:
    """Return what an expression comes to in the original: True, False or a class of error."""
    tree = parse(text)
    if tree is None:
        return "ParseError"
    try:
        return holds(chain, params, tree)
    except FailedError as failed:
        return str(failed)


def holds(chain: str, params: Params, tree: Any) -> bool:
    operator, left, right = tree
    if operator == "AND":
        return holds(chain, params, left) and holds(chain, params, right)
    if operator == "OR":
        return holds(chain, params, left) or holds(chain, params, right)
    found = [(kind, value) for name, kind, value in params if name == left["var"]]
    if not found:
        raise FailedError("VariableNotFound")
    kind, value = found[0]
    if left.get("path"):
        kind, value = part(chain, value, left["path"])
    compare = compare_evm if chain == "EVM" else compare_stellar
    return compare(kind, value, operator, *next(iter(right.items())))


def part(chain: str, text: str, path: Any) -> tuple[str, str]:
    value = as_json(text)
    for step in path:
        if "index" in step:
            if not isinstance(value, list):
                raise FailedError("TypeMismatch")
            if step["index"] >= len(value):
                raise FailedError("IndexOutOfBounds")
            value = value[step["index"]]
        else:
            if not isinstance(value, dict):
                raise FailedError("TypeMismatch")
            if step["key"] not in value:
                raise FailedError("FieldNotFound")
            value = value[step["key"]]
    kind = evm_kind(value) if chain == "EVM" else stellar_kind(value)
    spelled = isinstance(value, str)
    return kind, str(value) if spelled else compact(value)


def evm_kind(value: Any) -> str:
    if isinstance(value, Numeral):
        negative = re.fullmatch(r"-[0-9]+", value) and int(value) >= -(2**63)
        return "int64" if negative else "number"
    if isinstance(value, str):
        if not re.fullmatch("0x[0-9a-fA-F]*", value):
            return "string"
        return {42: "address", 66: "bytes32"}.get(len(value), "bytes")
    if isinstance(value, bool):
        return "bool"
    return other_kind(value, "array", "map", "null")


def stellar_kind(value: Any) -> str:
    if isinstance(value, Numeral):
        if not re.fullmatch("-?[0-9]+", value):
            return "F64"
        return "U64" if value[0] != "-" and int(value) < 2**64 else "I64"
    if isinstance(value, str):
        return "String"  # or Address, which differs only in how blanks compare
    if isinstance(value, bool):
        return "Bool"
    return other_kind(value, "Vec", "Map", "Null")


def other_kind(value: Any, array: str, mapping: str, null: str) -> str:
    if isinstance(value, list):
        return array
    return mapping if isinstance(value, dict) else null


Compare = Callable[[Any, Any], bool]

ORDER: Mapping[str, Compare] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
TEXTUAL: Mapping[str, Compare] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "contains": lambda a, b: b in a,
    "starts_with": lambda a, b: a.startswith(b),
    "ends_with": lambda a, b: a.endswith(b),
}


def require(literal: str, *admissible: str) -> None:
    if literal not in admissible:
        raise FailedError("TypeMismatch")


def defined(operator: str, operators: Mapping[str, Compare]) -> Compare:
    if operator not in operators:
        raise FailedError("UnsupportedOperator")
    return operators[operator]


EQUALITY = {operator: ORDER[operator] for operator in ("==", "!=")}


def blankless(text: str) -> str:
    return "".join(each for each in text if each not in WHITE)


def evm_address(text: str) -> str:
    return blankless(text[2:] if text.startswith("0x") else text).lower()


def boolean(value: str, operator: str, literal: str, right: Any) -> bool:
    if value not in ("true", "false"):
        raise FailedError("ParseError")
    require(literal, "bool")
    return bool(defined(operator, EQUALITY)(value == "true", right))


def compare_evm(kind: str, value: str, operator: str, literal: str, right: Any) -> bool:
    kind = kind.lower()
    widths = "(8|16|32|64|128|256)"
    if re.fullmatch(f"uint{widths}|number", kind) or re.fullmatch(f"int{widths}", kind):
        read = signed if kind.startswith("int") else unsigned
        left = read(value)
        require(literal, "num", "str")
        limit = read(right)
        return bool(defined(operator, ORDER)(left, limit))
    if kind == "array" or re.fullmatch(
        rf"(u?int{widths}|string|address|bool|bytes|bytes32|tuple)\[\]", kind
    ):
        return evm_array(value, operator, literal, right)
    if kind == "address":
        require(literal, "str")
        return bool(defined(operator, EQUALITY)(evm_address(value), evm_address(right)))
    if kind in ("string", "bytes", "bytes32"):
        require(literal, "str")
        return bool(defined(operator, TEXTUAL)(value.lower(), right.lower()))
    if kind == "bool":
        return boolean(value, operator, literal, right)
    if kind == "tuple":
        return evm_tuple(value, operator, literal, right)
    raise FailedError("TypeMismatch")


def evm_array(value: str, operator: str, literal: str, right: Any) -> bool:
    require(literal, "str", *(["num"] if operator == "contains" else []))
    if operator in EQUALITY:
        left, limit = as_json(value.lower()), as_json(right.lower())
        if not isinstance(left, list) or not isinstance(limit, list):
            raise FailedError("TypeMismatch")
        return same(left, limit) is (operator == "==")
    if operator != "contains":
        raise FailedError("UnsupportedOperator")
    left = as_json(value)
    if not isinstance(left, list):
        raise FailedError("ParseError")
    return any(deep(each, right) for each in left)


def deep(value: Any, right: str) -> bool:
    if isinstance(value, list | dict):
        parts = value if isinstance(value, list) else value.values()
        return any(deep(each, right) for each in parts)
    if isinstance(value, Numeral):
        mine, other = decimal(value), decimal(right)
        return mine == other if mine and other else str(value) == right
    if isinstance(value, str):
        address = re.fullmatch("0[xX][0-9a-fA-F]{40}", value)
        normal = evm_address if address else str.lower
        return normal(value) == normal(right)
    return compact(value) == (right if value is None else right.lower())


def evm_tuple(value: str, operator: str, literal: str, right: Any) -> bool:
    require(literal, "str", *(["num"] if operator == "contains" else []))
    if operator in EQUALITY:
        return (outside_quotes(value) == outside_quotes(right)) is (operator == "==")
    if operator != "contains":
        raise FailedError("UnsupportedOperator")
    return deep(pieces(value), right)


def outside_quotes(text: str) -> str:
    kept, quote = "", ""
    for each in text:
        if not quote and each in WHITE:
            continue
        kept += each
        if quote == each:
            quote = ""
        elif not quote and each in "'\"":
            quote = each
    return kept


def pieces(text: str) -> list[Any]:
    if len(text) < 2 or text[0] != "(" or text[-1] != ")":
        raise FailedError("ParseError")
    found, piece, depth, quote = [], "", 0, ""
    inside = text[1:-1]
    for place, each in enumerate(inside):
        escaped = place > 0 and inside[place - 1] == "\\"
        if each == "," and not quote and depth == 0:
            found.append(piece)
            piece = ""
            continue
        piece += each
        if quote:
            quote = "" if each == quote and not escaped else quote
        elif each in "'\"" and not escaped:
            quote = each
        else:
            depth += (each in "([{") - (each in ")]}")
    return [element(each) for each in [*found, piece] if each]


def element(piece: str) -> Any:
    if piece[0] == "(" and piece[-1] == ")":
        return pieces(piece)
    try:
        return as_json(piece)
    except FailedError:
        if piece[0] in "[{":
            raise
        return piece


RANGES = {
    **{f"u{bits}": (0, 2**bits - 1) for bits in (32, 64, 128)},
    **{f"i{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (32, 64, 128)},
    "timepoint": (0, 2**64 - 1),
    "duration": (0, 2**64 - 1),
}


def compare_stellar(kind: str, value: str, operator: str, literal: str, right: Any) -> bool:
    kind = kind.split("<")[0].lower()
    if kind in RANGES:
        low, high = RANGES[kind]
        pattern = "[+-]?[0-9]+" if low else "[+]?[0-9]+"
        left = number(value, low, high, pattern)
        require(literal, "num")
        limit = number(right, low, high, pattern)
        return bool(defined(operator, ORDER)(left, limit))
    if kind in ("u256", "i256"):
        require(literal, "num", "str")
        return bool(defined(operator, EQUALITY)(value, right))
    if kind in ("string", "symbol", "address", "bytes"):
        require(literal, "str")
        compare = defined(operator, TEXTUAL)
        if kind == "address" and operator in EQUALITY:
            value, right = blankless(value), blankless(right)
        return bool(compare(value.lower(), right.lower()))
    if kind == "bool":
        return boolean(value, operator, literal, right)
    if kind == "vec":
        return stellar_vec(value, operator, literal, right)
    if kind == "map":
        return stellar_map(value, operator, literal, right)
    raise FailedError("TypeMismatch")


def attempt(text: str) -> tuple[bool, Any]:
    try:
        return True, as_json(text)
    except FailedError:
        return False, None


def listed(text: str) -> list[str]:
    return [piece.strip(WHITE) for piece in text.split(",")]


def stellar_vec(value: str, operator: str, literal: str, right: Any) -> bool:
    require(literal, "str", "num")
    if operator in EQUALITY:
        return equal_vec(value, right) is (operator == "==")
    if operator != "contains":
        raise FailedError("UnsupportedOperator")
    _, left = attempt(value)
    if isinstance(left, list):
        return any(
            any(shallow(each, right) for each in element.values())
            if isinstance(element, dict)
            else shallow(element, right)
            for element in left
        )
    text = value.strip(WHITE)
    if len(text) > 1 and text[0] == "[" and text[-1] == "]":
        text = text[1:-1]
    return right in listed(text)


def equal_vec(value: str, right: str) -> bool:
    left_ok, left = attempt(value)
    right_ok, limit = attempt(right)
    if left_ok != right_ok:
        return False
    if isinstance(left, list) and isinstance(limit, list):
        return same(left, limit)
    if isinstance(left, list) or isinstance(limit, list):
        return False
    return [each.lower() for each in listed(value)] == [each.lower() for each in listed(right)]


def shallow(value: Any, right: str) -> bool:
    if isinstance(value, str) and not isinstance(value, Numeral):
        return ascii_lower(value) == ascii_lower(right)
    if not isinstance(value, dict):
        return compact(value) == right
    if "value" not in value:
        return False
    inner = value["value"]
    plain = isinstance(inner, str)
    return (str(inner) if plain else compact(inner)) == right


def ascii_lower(text: str) -> str:
    return "".join(each.lower() if each in LETTERS else each for each in text)


def stellar_map(value: str, operator: str, literal: str, right: Any) -> bool:
    require(literal, "str", *(["num"] if operator == "contains" else []))
    if operator in EQUALITY:
        left, limit = as_json(value), as_json(right)
        if not isinstance(left, dict) or not isinstance(limit, dict):
            raise FailedError("TypeMismatch")
        return same(left, limit) is (operator == "==")
    if operator != "contains":
        raise FailedError("UnsupportedOperator")
    left = as_json(value)
    if not isinstance(left, dict):
        raise FailedError("ParseError")
    return any(shallow(each, right) for each in left.values())
