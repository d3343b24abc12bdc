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
_QUOTED = re.compile(r"""'((?:[^'\\]|\\['\\])*+)'|"((?:[^"\\]|\\["\\])*+)\"""")
_BOOLEAN = re.compile(r"(?:true|false)" + _DELIMITER)
_HEX = re.compile(r"0[xX][0-9a-fA-F]+" + _DELIMITER)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?" + _DELIMITER)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEX_LIKE = re.compile(r"0[xX][0-9a-fA-F]*")
_DIGITS_AND_SIGNS = re.compile(r"[0-9-]+")

_MAX_INDEX = 2**64 - 1

# What other languages write, and a line break, by what stands where an error is.
_MEANT = {
    "=": "did you mean ==?",
    "==": "",
    "&": "did you mean AND?",
    "|": "did you mean OR?",
    "!": "did you mean NOT?",
    "!=": "",
    "\n": "write it in one line: only spaces and tabs separate",
    "\r": "write it in one line: only spaces and tabs separate",
}

_WORD = re.compile(r"[A-Za-z0-9_]")
_PATTERN = re.compile(r"""'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)\"""", re.DOTALL)
_PLAIN_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F]+(?![A-Za-z0-9_.])|[+-]?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.])"
)
_SIGN = re.compile(r"[ \t]+([+-])[ \t]|[ \t]*([*/])")
_REFERENCE = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+)(?![A-Za-z0-9_])")
_REFERENCE_STEP = re.compile(r"\[([0-9]+)\]|\.([A-Za-z_][A-Za-z0-9_]*|[0-9]+)(?![A-Za-z0-9_])")
_LIST_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_OPERATOR_AHEAD = re.compile(
    r"\[|\.[A-Za-z0-9_]|[ \t]*(?:[=!<>*/]|contains|starts_with|ends_with"
    r"|(?:in|matches|not[ \t]+in)(?![A-Za-z0-9_]))|[ \t]+[+-][ \t]",
    re.IGNORECASE | re.ASCII,
)
_COMPUTED_AHEAD = re.compile(
    r"[$(]|units[ \t]*\("
    r"|(?:0x[0-9a-f]+|[+-]?[0-9]+(?:\.[0-9]+)?)(?:[ \t]*[*/]|[ \t]+[+-][ \t])",
    re.IGNORECASE | re.ASCII,
)
# A quote that nothing closes takes the rest, so that no character is looked at twice.
_PARENTHESES = re.compile(r"""'(?:[^'\\]|\\.?)*+'?|"(?:[^"\\]|\\.?)*+"?|[()]""", re.DOTALL)
_COMPARED_AHEAD = re.compile(r"[ \t]*[-+*/=!<>]")


def is_list_name(text: str) -> bool:
    """Return whether a text can be the name of a list after ``@``."""
    return _LIST_NAME.fullmatch(text) is not None


def _matched_parentheses(text: str) -> dict[int, int]:
    """Return where each parenthesis closes; those inside quotes are none."""
    closings: dict[int, int] = {}
    opened: list[int] = []
    for found in _PARENTHESES.finditer(text):
        if found.group() == "(":
            opened.append(found.start())
        elif found.group() == ")" and opened:
            closings[opened.pop()] = found.start()
    return closings


class Lexer:
    """Reads one expression from the left; ``position`` is the next character, from 0."""

    def __init__(self, text: str, *, field: str = "") -> None:
        self._text = text
        self._field = field
        self.position = 0
        self._closings: dict[int, int] | None = None

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
        ahead = self._text[self.position : self.position + 2]
        meant = _MEANT.get(ahead, _MEANT.get(ahead[:1], ""))
        return ExpressionSyntaxError(
            message, column=self.column, field=self._field, suggestion=meant
        )

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
            return self._index(found)
        found = _KEY.match(self._text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found[1]

    def _index(self, found: re.Match[str]) -> int:
        digits = found[1].lstrip("0") or "0"
        if len(digits) > len(str(_MAX_INDEX)) or int(digits) > _MAX_INDEX:
            raise self.fail("the index does not fit 64 bits")
        self.position = found.end()
        return int(digits)

    def read_reference(self) -> tuple[str, tuple[int | str, ...]]:
        """Return name and path of a parameter, whatever sign follows it."""
        found = _REFERENCE.match(self._text, self.position)
        if found is None or found.group().lower() in KEYWORDS:
            return self.read_name(), ()
        self.position = found.end()
        path: list[int | str] = []
        while (step := _REFERENCE_STEP.match(self._text, self.position)) is not None:
            path.append(self._index(step) if step[1] is not None else step[2])
            self.position = step.end()
        return found.group(), tuple(path)

    def read_operator(self) -> Operator:
        """Return the operator that stands here."""
        spelling = self._take(_WORD_OPERATOR) or self._take(_SIGN_OPERATOR)
        if not spelling:
            raise self.fail(
                "expected one of == != > >= < <= contains starts_with ends_with matches IN"
                " after the parameter"
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

    def take_keyword(self, word: str) -> bool:
        """Step over a word of the extended grammar, in any case, if it is next and ends there."""
        end = self.position + len(word)
        if self._text[self.position : end].lower() != word or _WORD.match(self._text, end):
            return False
        self.position = end
        return True

    def sees_operator(self) -> bool:
        """Return whether what was just read is the left of a comparison."""
        return _OPERATOR_AHEAD.match(self._text, self.position) is not None

    def sees_computation(self) -> bool:
        """Return whether a computed operand begins here, and no literal."""
        return _COMPUTED_AHEAD.match(self._text, self.position) is not None

    def sees_operand_group(self) -> bool:
        """Return whether the parenthesis that is next holds a number, not a condition."""
        if self._closings is None:
            self._closings = _matched_parentheses(self._text)
        closing = self._closings.get(self.position)
        return closing is not None and bool(_COMPARED_AHEAD.match(self._text, closing + 1))

    def read_sign(self, signs: str) -> str:
        """Return the arithmetic sign that is next if it is one of some, else nothing."""
        found = _SIGN.match(self._text, self.position)
        sign = (found[1] or found[2]) if found is not None else ""
        if found is None or sign not in signs:
            return ""
        self.position = found.end()
        return sign

    def read_number(self) -> str:
        """Return the number that stands here inside arithmetic, or nothing."""
        return self._take(_PLAIN_NUMBER)

    def read_list_name(self) -> str:
        """Return the name of a list, which follows its ``@``."""
        name = self._take(_LIST_NAME)
        if not name:
            raise self.fail("expected the name of a list after @")
        return name

    def read_pattern(self) -> str:
        """Return a regular expression as written between its quotes."""
        found = _PATTERN.match(self._text, self.position)
        if found is None:
            raise self.fail("expected a regular expression in quotes")
        self.position = found.end()
        return found[1] if found[1] is not None else found[2]

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
