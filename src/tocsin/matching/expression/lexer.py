"""Expression text → lexemes, asked for one at a time by the parser.

The original grammar is ordered and has no word boundaries, so what a character run is depends
on where it stands; a list of tokens made beforehand could not say.
"""

import re

from tocsin.errors import ExpressionSyntaxError
from tocsin.matching.expression.syntax import Literal, LiteralKind, Operator

KEYWORDS = frozenset({"true", "false", "and", "or", "contains", "starts_with", "ends_with"})

_BLANKS = re.compile(r"[ \t]*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMERIC_NAME = re.compile(r"[0-9]+(?=[\[. \t><]|==|!=|\Z)")
_INDEX = re.compile(r"\[([0-9]+)\]")
_KEY = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*|[0-9]+)(?=[ \t\[.=!><)(]|\Z)")
_WORD_OPERATOR = re.compile(r"contains|starts_with|ends_with", re.IGNORECASE | re.ASCII)
_SIGN_OPERATOR = re.compile(r">=|<=|==|!=|>|<")

_DELIMITER = r"(?=[ \t)(,=!><&|\]]|\Z)"
_QUOTED = re.compile(r"""'((?:[^'\\]|\\['\\])*)'|"((?:[^"\\]|\\["\\])*)\"""")
_BOOLEAN = re.compile(r"(?:true|false)" + _DELIMITER)
_HEX = re.compile(r"0[xX][0-9a-fA-F]+" + _DELIMITER)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?" + _DELIMITER)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEX_LIKE = re.compile(r"0[xX][0-9a-fA-F]*")
_DIGITS_AND_SIGNS = re.compile(r"[0-9-]+")

_MAX_INDEX = 2**64 - 1


class Lexer:
    """Reads one expression from the left; ``position`` is the next character, from 0."""

    def __init__(self, text: str, *, field: str = "") -> None:
        self._text = text
        self._field = field
        self.position = 0

    @property
    def column(self) -> int:
        """Return where the next character stands, counted from 1."""
        return self.position + 1

    @property
    def at_end(self) -> bool:
        """Return whether everything is read."""
        return self.position >= len(self._text)

    def fail(self, message: str) -> ExpressionSyntaxError:
        """Return the error that says what is wrong here."""
        return ExpressionSyntaxError(message, column=self.column, field=self._field)

    def skip_blanks(self) -> None:
        """Step over spaces and tabs; no other character counts as blank."""
        self._take(_BLANKS)

    def take_sign(self, sign: str) -> bool:
        """Step over one character if it is next."""
        found = self._text.startswith(sign, self.position)
        self.position += found
        return found

    def take_word(self, word: str) -> bool:
        """Step over AND or OR in any case if it is next; what follows may touch it."""
        end = self.position + len(word)
        found = self._text[self.position : end].lower() == word
        self.position = end if found else self.position
        return found

    def read_name(self) -> str:
        """Return the name of a parameter: a word that is no keyword, or digits."""
        found = _IDENTIFIER.match(self._text, self.position)
        if found is not None and found.group().lower() in KEYWORDS:
            raise self.fail(f"{found.group()} is a keyword, expected the name of a parameter")
        name = self._take(_IDENTIFIER) or self._take(_NUMERIC_NAME)
        if not name:
            raise self.fail("expected the name of a parameter")
        return name

    def read_step(self) -> int | str | None:
        """Return the next index or key of a path, or None where the path ends."""
        found = _INDEX.match(self._text, self.position)
        if found is not None:
            if len(found[1].lstrip("0")) > len(str(_MAX_INDEX)) or int(found[1]) > _MAX_INDEX:
                raise self.fail("the index does not fit 64 bits")
            self.position = found.end()
            return int(found[1])
        found = _KEY.match(self._text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found[1]

    def read_operator(self) -> Operator:
        """Return the operator that stands here."""
        spelling = self._take(_WORD_OPERATOR) or self._take(_SIGN_OPERATOR)
        if not spelling:
            raise self.fail(
                "expected one of == != > >= < <= contains starts_with ends_with after the parameter"
            )
        return Operator(spelling.lower())

    def read_literal(self) -> Literal:
        """Return the value that stands here; the first kind that fits wins."""
        found = _QUOTED.match(self._text, self.position)
        if found is not None:
            self.position = found.end()
            return Literal(LiteralKind.TEXT, found[1] if found[1] is not None else found[2])
        if boolean := self._take(_BOOLEAN):
            return Literal(LiteralKind.BOOLEAN, boolean)
        if digits := self._take(_HEX):
            return Literal(LiteralKind.TEXT, digits)
        if number := self._take(_NUMBER):
            return Literal(LiteralKind.NUMBER, number)
        return self._read_bare()

    def _read_bare(self) -> Literal:
        found = _BARE.match(self._text, self.position)
        if found is None:
            raise self.fail("expected a value: a number, true, false, a word or quoted text")
        word = found.group()
        if word.lower() in KEYWORDS:
            raise self.fail(f"{word} is a keyword; quote it to mean the text")
        if _DIGITS_AND_SIGNS.fullmatch(word) or _HEX_LIKE.fullmatch(word):
            raise self.fail("this is neither a whole number nor a word; quote it to mean the text")
        self.position = found.end()
        return Literal(LiteralKind.TEXT, word)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self.position)
        if found is None:
            return ""
        self.position = found.end()
        return found.group()
