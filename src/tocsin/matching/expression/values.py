"""What expressions compare: integers from literals, structured values as exact JSON.

Numbers inside structured values keep their spelling, so no digit is ever lost and ``1`` stays
different from ``1.0``.
"""

import json
import re
from base64 import b32decode
from binascii import crc_hqx
from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

import msgspec

from tocsin.model.interface import Layout, Value, ValueType

MAX_DEPTH = 128  # of structured values
MAX_JSON = 131_072  # characters of a text that is read as JSON
_MAX_DIGITS = 78  # of 2**256 - 1 in decimal
_KNOWN_TEXTS = 64  # whose JSON is kept, since many expressions look at one value

# White space of the Unicode standard, which has less of it than str.isspace.
WHITE_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_WITHOUT_WHITE_SPACE = str.maketrans(dict.fromkeys(WHITE_SPACE))
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F])|.)"
)


class Fault(StrEnum):
    """Why a comparison cannot be made.

    Source: the error classes of OpenZeppelin Monitor's evaluators, by their names.
    """

    PARSE = "ParseError"  # a text is not of the form that its type demands
    VARIABLE = "VariableNotFound"
    TYPE = "TypeMismatch"
    OPERATOR = "UnsupportedOperator"
    INDEX = "IndexOutOfBounds"
    FIELD = "FieldNotFound"


class IncomparableError(Exception):
    """A value and a literal cannot be compared as asked.

    Inside this package only: at save time it becomes an ``ExpressionTypeError``, on a block it
    means that the condition is not met. ``suggestion`` is what was meant, where that is known.
    """

    def __init__(self, message: str, fault: Fault = Fault.PARSE, *, suggestion: str = "") -> None:
        super().__init__(f"{message}; {suggestion}" if suggestion else message)
        self.message = message
        self.fault = fault
        self.suggestion = suggestion


class Dialect(StrEnum):
    """Whose comparison rules hold; spelled as the layout's family."""

    EVM = "EVM"
    STELLAR = "Stellar"


def dialect_of(layout: Layout) -> Dialect:
    """Return whose rules hold for the values of a layout."""
    return _DIALECTS.get(layout.family) or Dialect(layout.family)


# calling an enumeration costs more than all else about a comparison that is loaded
_DIALECTS = {each.value: each for each in Dialect}


class JsonNumber(msgspec.Struct, frozen=True):
    """A number by its spelling; equal only to a number spelled alike."""

    text: str


JsonLeaf = JsonNumber | str | bool | None
JsonValue = JsonLeaf | list["JsonValue"] | dict[str, "JsonValue"]
_Container = list[JsonValue] | dict[str, JsonValue]


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def read_json(text: str) -> JsonValue:
    """Return the value of strict JSON; of repeated keys the last one counts.

    Of one text the same value is returned again for a while: nobody changes it.

    Raises:
        IncomparableError: it is not JSON, or nested deeper than 128, or a text of more than
            131,072 characters, which is not looked at.
    """
    if len(text) > MAX_JSON:
        raise IncomparableError(f"a text of more than {MAX_JSON} characters is not read as JSON")
    found = _read_json(text)
    if isinstance(found, _NoJson):
        raise IncomparableError(found.reason)
    return found


class _NoJson(msgspec.Struct, frozen=True):
    """Stands for a text that is no JSON, and why."""

    reason: str


@lru_cache(maxsize=_KNOWN_TEXTS)
def _read_json(text: str) -> JsonValue | _NoJson:
    try:
        value: JsonValue = json.loads(
            text, parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        return _NoJson("not JSON")
    if _has_half_character(text):
        return _NoJson("not JSON: half of a surrogate pair")
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        if not level:
            return value
        level = [inner for outer in level for inner in _containers(_parts(outer))]
    if not level:
        return value
    return _NoJson(f"nested deeper than {MAX_DEPTH}")


def _has_half_character(text: str) -> bool:
    return "\\u" in text and any(found[1] for found in _ESCAPES.finditer(text))


def _containers(values: Iterable[JsonValue]) -> list[_Container]:
    return [value for value in values if isinstance(value, list | dict)]


def _parts(outer: _Container) -> Iterable[JsonValue]:
    return outer if isinstance(outer, list) else outer.values()


def to_json(value: Value, depth: int = 0) -> JsonValue:
    """Return a decoded value in the form that structured comparisons work on."""
    if depth > MAX_DEPTH:
        raise IncomparableError(f"nested deeper than {MAX_DEPTH}")
    match value:
        case bool() | str() | None:
            return value
        case int():
            return JsonNumber(str(value))
        case list():
            return [to_json(part, depth + 1) for part in value]
        case _:
            return {key: to_json(part, depth + 1) for key, part in value.items()}


def render_json(value: JsonValue) -> str:
    """Return compact JSON with sorted keys; numbers as they were spelled."""
    match value:
        case JsonNumber(text=text):
            return text
        case list():
            return f"[{','.join(map(render_json, value))}]"
        case dict():
            members = (
                f"{json.dumps(key, ensure_ascii=False)}:{render_json(value[key])}"
                for key in sorted(value)
            )
            return f"{{{','.join(members)}}}"
        case _:
            return json.dumps(value, ensure_ascii=False)


def fold_case(value: JsonValue) -> JsonValue:
    """Return the value with every text in lower case, keys and number spellings too."""
    match value:
        case str():
            return value.lower()
        case JsonNumber(text=text):
            return JsonNumber(text.lower())
        case list():
            return [fold_case(part) for part in value]
        case dict():
            return {key.lower(): fold_case(part) for key, part in value.items()}
        case _:
            return value


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def ascii_lower(text: str) -> str:
    """Return the text with A to Z in lower case and everything else as it is."""
    return text.translate(_ASCII_LOWER)


def without_blanks(text: str) -> str:
    """Return the text without any white space."""
    return text if text.isalnum() else text.translate(_WITHOUT_WHITE_SPACE)


def normal_address(text: str) -> str:
    """Return an EVM address as two spellings of it are compared.

    Source: OpenZeppelin Monitor: one leading ``0x`` in lower case is dropped, white space goes,
    letters become lower case; length and digits are not looked at.
    """
    return without_blanks(text.removeprefix("0x")).lower()


_RADIXES = {"0x": 16, "0o": 8, "0b": 2}
_NUMERALS = {
    16: re.compile(r"[0-9a-fA-F]+"),
    10: re.compile(r"[0-9]+"),
    8: re.compile(r"[0-7]+"),
    2: re.compile(r"[01]+"),
}
_MAX_NUMERALS = {16: 64, 10: _MAX_DIGITS, 8: 86, 2: 256}


def _whole(numerals: str, radix: int) -> int:
    if _NUMERALS[radix].fullmatch(numerals) is None:
        raise IncomparableError("not a whole number")
    significant = numerals.lstrip("0")
    if len(significant) > _MAX_NUMERALS[radix]:
        raise IncomparableError("beyond 256 bits")
    return int(significant or "0", radix)


def _within(number: int, low: int, high: int) -> int:
    if not low <= number <= high:
        raise IncomparableError(f"outside {low} to {high}")
    return number


def parse_unsigned(text: str) -> int:
    """Return the integer of an EVM literal: decimal with ``_``, or ``0x`` ``0o`` ``0b`` digits.

    Raises:
        IncomparableError: it has a sign or fraction, or exceeds 256 bits.
    """
    text = text.strip(WHITE_SPACE)
    radix = _RADIXES.get(text[:2].lower(), 10)
    numerals = text if radix == 10 else text[2:]
    number = _whole(numerals if radix == 16 else numerals.replace("_", ""), radix)
    return _within(number, 0, 2**256 - 1)


def parse_signed(text: str) -> int:
    """Return the integer of an EVM literal for a signed value.

    Shape: decimal with an optional sign; ``0x`` digits after a sign are a magnitude, without
    one the two's complement bits of 256.

    Raises:
        IncomparableError: not such a number, or beyond 256 bits.
    """
    text = text.strip(WHITE_SPACE)
    sign, magnitude = (text[0], text[1:]) if text[:1] in {"+", "-"} else ("", text)
    radix = 16 if magnitude[:2].lower() == "0x" else 10
    number = _whole(magnitude if radix == 10 else magnitude[2:], radix)
    if radix == 16 and not sign and number >= 2**255:
        return number - 2**256
    return _within(-number if sign == "-" else number, -(2**255), 2**255 - 1)


_NATIVE_KIND = re.compile(r"([iu])(32|64|128|256)", re.IGNORECASE | re.ASCII)


def native_range(kind: str) -> tuple[int, int]:
    """Return the smallest and greatest integer of a Stellar kind; unnamed kinds hold 256 bits."""
    kind = kind.split("<", 1)[0]
    found = _NATIVE_KIND.fullmatch(kind)
    if found is None:
        times = kind.lower() in {"timepoint", "duration"}
        return (0, 2**64 - 1) if times else (-(2**255), 2**256 - 1)
    bits = int(found[2])
    return (0, 2**bits - 1) if found[1] in "uU" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def parse_native(text: str, kind: str) -> int:
    """Return the integer of a Stellar literal, in the range of the value's own kind.

    Raises:
        IncomparableError: it has a fraction, or does not fit the kind.
    """
    low, high = native_range(kind)
    if low == 0 and text[:1] == "-":
        raise IncomparableError("an unsigned integer has no sign")
    unsigned = text[1:] if text[:1] in {"+", "-"} else text
    number = _whole(unsigned, 10)
    return _within(-number if text[:1] == "-" else number, low, high)


_EVM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_ANY_EVM_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_STRKEY = re.compile(r"[GC][A-Z2-7]{55}")
_INTEGER = re.compile(r"-?[0-9]+")


def is_evm_address(text: str) -> bool:
    """Return whether a text inside a structured value counts as an address."""
    return _ANY_EVM_ADDRESS.fullmatch(text) is not None


def text_type(text: str, dialect: Dialect) -> ValueType:
    """Return how a text taken out of a structured value compares."""
    known = _EVM_ADDRESS.fullmatch(text) if dialect is Dialect.EVM else _is_strkey(text)
    return ValueType.ADDRESS if known else ValueType.TEXT


def _is_strkey(text: str) -> bool:
    """Return whether a text is an account or contract with a right checksum."""
    if _STRKEY.fullmatch(text) is None:
        return False
    raw = b32decode(text)
    return crc_hqx(raw[:-2], 0).to_bytes(2, "little") == raw[-2:]


def integer_of(number: JsonNumber) -> int:
    """Return the integer that a JSON number spells.

    Raises:
        IncomparableError: it has a fraction or exponent, or more than 256 bits.
    """
    if _INTEGER.fullmatch(number.text) is None:
        raise IncomparableError("not a whole number")
    magnitude = _whole(number.text.removeprefix("-"), 10)
    if number.text.startswith("-"):
        return _within(-magnitude, -(2**255), 0)
    return _within(magnitude, 0, 2**256 - 1)
