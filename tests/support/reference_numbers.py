"""Numbers from text as the original reads them; shares no code with the product."""

import re

from tests.support.reference_json import FailedError

WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200B)
)


def number(text: str, low: int, high: int, pattern: str, base: int = 10) -> int:
    if not re.fullmatch(pattern, text):
        raise FailedError("ParseError")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").replace("_", "").lstrip("0") or "0"
    if len(digits) > 300 or not low <= sign * int(digits, base) <= high:
        raise FailedError("ParseError")
    return sign * int(digits, base)


def unsigned(text: str) -> int:
    text = text.strip(WHITE)
    if text[:2] in ("0x", "0X"):
        return number(text[2:], 0, 2**256 - 1, "[0-9a-fA-F]+", 16)
    if text[:2] in ("0o", "0O"):
        return number(text[2:], 0, 2**256 - 1, "[0-7_]*[0-7][0-7_]*", 8)
    if text[:2] in ("0b", "0B"):
        return number(text[2:], 0, 2**256 - 1, "[01_]*[01][01_]*", 2)
    return number(text, 0, 2**256 - 1, "[0-9_]*[0-9][0-9_]*")


def signed(text: str) -> int:
    text = text.strip(WHITE)
    if text[:2] in ("0x", "0X"):
        raw = number(text[2:], 0, 2**256 - 1, "[0-9a-fA-F]+", 16)
        return raw - 2**256 if raw >= 2**255 else raw
    sign, magnitude = (text[:1], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if magnitude[:2] in ("0x", "0X"):
        value = number(magnitude[2:], 0, 2**256, "[0-9a-fA-F]+", 16)
        value = -value if sign == "-" else value
        if not -(2**255) <= value < 2**255:
            raise FailedError("ParseError")
        return value
    return number(text, -(2**255), 2**255 - 1, "[+-]?[0-9]+")


def decimal(text: str) -> tuple[int, int] | None:
    """Return mantissa and scale in lowest terms, or None where 96 bits do not hold them."""
    found = re.fullmatch(r"([+-]?)([0-9]*)(?:\.([0-9]*))?", text)
    if not found or not found[2] + (found[3] or "") or len(found[3] or "") > 28:
        return None
    digits = (found[2] + (found[3] or "")).lstrip("0") or "0"
    if len(digits) > 29 or int(digits) >= 2**96:
        return None
    mantissa, scale = int(digits), len(found[3] or "")
    while scale and mantissa % 10 == 0:
        mantissa, scale = mantissa // 10, scale - 1
    return (-mantissa if found[1] == "-" else mantissa, scale)
