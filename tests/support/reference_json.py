"""JSON that keeps the spelling of numbers, read one value at a time; shares no code with us."""

import re
from collections.abc import Callable
from typing import Any


class FailedError(Exception):
    """An evaluation error, by its class."""


class Numeral(str):
    """A JSON number as it was spelled."""


class Json:
    """A strict reader of JSON: RFC 8259, last of equal keys, at most 128 deep."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def read(self) -> Any:
        value = self.value(0)
        self.blanks()
        if self.at != len(self.text):
            raise FailedError("ParseError")
        return value

    def blanks(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t", "\n", "\r"):
            self.at += 1

    def take(self, pattern: str) -> str:
        found = re.compile(pattern, re.ASCII | re.DOTALL).match(self.text, self.at)
        if found is None:
            raise FailedError("ParseError")
        self.at = found.end()
        return found.group()

    def value(self, depth: int) -> Any:
        self.blanks()
        first = self.text[self.at : self.at + 1]
        if first in ("[", "{") and depth >= 128:
            raise FailedError("ParseError")
        if first == "[":
            return self.members("]", lambda: self.value(depth + 1))
        if first == "{":
            return dict(self.members("}", lambda: self.member(depth + 1)))
        if first == '"':
            return self.string()
        for spelling, constant in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(spelling, self.at):
                self.at += len(spelling)
                return constant
        return Numeral(self.take(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"))

    def members(self, close: str, read: Callable[[], Any]) -> list[Any]:
        self.at += 1
        self.blanks()
        found: list[Any] = []
        if self.text.startswith(close, self.at):
            self.at += 1
            return found
        while True:
            found.append(read())
            self.blanks()
            if self.take("[],}]") == close:
                return found
            if self.text[self.at - 1] != ",":
                raise FailedError("ParseError")

    def member(self, depth: int) -> tuple[str, Any]:
        self.blanks()
        key = self.string()
        self.blanks()
        self.take(":")
        return key, self.value(depth)

    def string(self) -> str:
        raw = self.take(
            r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"',
        )[1:-1]
        plain = dict(zip("bfnrt", "\b\f\n\r\t", strict=True))

        def unescaped(found: re.Match[str]) -> str:
            escape = found.group()[1:]
            return chr(int(escape[1:], 16)) if escape[0] == "u" else plain.get(escape, escape)

        text = re.sub(r"\\(?:u[0-9a-fA-F]{4}|.)", unescaped, raw)
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise FailedError("ParseError") from None


def as_json(text: str) -> Any:
    return Json(text).read()


def compact(value: Any) -> str:
    if isinstance(value, Numeral):
        return str(value)
    if isinstance(value, str):
        escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
        escapes |= {"\b": "\\b", "\f": "\\f"}
        return (
            '"'
            + "".join(
                escapes.get(each, each if each >= " " else f"\\u{ord(each):04x}") for each in value
            )
            + '"'
        )
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{compact(key)}:{compact(value[key])}" for key in sorted(value)) + "}"
        )
    return {True: "true", False: "false", None: "null"}[value]


def same(left: Any, right: Any) -> bool:
    """Structural equality; a number equals only a number spelled alike."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)
