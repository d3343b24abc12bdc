"""The text of a regular expression → its parts, or one error that says what is not supported."""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from tocsin.matching.expression.values import IncomparableError

MAX_REPEATS = 128
MAX_RANGES = 256  # in one pair of brackets
MAX_GROUPS = 32  # inside one another
_LAST = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]


class Edge(Enum):
    """A place that is no character."""

    START = "^"
    END = "$"


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """One character out of some ranges of code points, sorted and apart."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after another; no parts are the empty text."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Alternation:
    """Any one of some parts."""

    parts: tuple["Part", ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """A part several times; ``at_most`` None is without bound."""

    inner: "Part"
    at_least: int
    at_most: int | None


Part = Edge | CharacterSet | Sequence | Alternation | Repetition

_DIGITS: Ranges = ((48, 57),)
_WORDS: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_BLANKS: Ranges = ((9, 13), (32, 32))
_NAMED = {"d": _DIGITS, "w": _WORDS, "s": _BLANKS}
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}
_SIMPLE_COUNTS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def _merged(ranges: list[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _complement(ranges: Ranges) -> Ranges:
    edges = [-1, *(edge for low, high in ranges for edge in (low - 1, high)), _LAST + 1]
    gaps = list(pairwise(edges))[::2]
    last = len(gaps) - 1
    found = ((low + 1, high if place < last else _LAST) for place, (low, high) in enumerate(gaps))
    return tuple((low, high) for low, high in found if low <= high)


def _without_case(ranges: list[tuple[int, int]]) -> Ranges:
    """Return the ranges with the lower case of A to Z, and of every character that stands alone."""
    folded = list(ranges)
    for low, high in ranges:
        first, last = max(low, 65), min(high, 90)
        if first <= last:
            folded.append((first + 32, last + 32))
        if low == high and len(lower := chr(low).lower()) == 1:
            folded.append((ord(lower), ord(lower)))
    return _merged(folded)


def parse_pattern(pattern: str) -> Part:
    r"""Return the parts of a regular expression.

    Shape: characters, ``.``, ``[a-z]``, ``[^…]``, ``\d \w \s`` and their capitals, ``^ $``,
    ``( )``, ``|``, ``* + ? {m} {m,} {m,n}``. A backslash takes the meaning off a sign.

    Raises:
        IncomparableError: it is none of these, and at which character.
    """
    return _PatternParser(pattern).parse()


class _PatternParser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._position = 0

    def parse(self) -> Part:
        part = self._alternation(0)
        if self._position < len(self._pattern):
            raise self._fail("there is nothing that this closes")
        return part

    def _fail(self, message: str) -> IncomparableError:
        return IncomparableError(f"at character {self._position + 1} of the pattern: {message}")

    def _next(self) -> str:
        return self._pattern[self._position : self._position + 1]

    def _take(self, text: str) -> bool:
        found = self._pattern.startswith(text, self._position)
        self._position += len(text) if found else 0
        return found

    def _alternation(self, depth: int) -> Part:
        parts = [self._sequence(depth)]
        while self._take("|"):
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else Alternation(tuple(parts))

    def _sequence(self, depth: int) -> Part:
        parts = []
        while self._next() not in {"", "|", ")"}:
            parts.append(self._repeated(self._atom(depth)))
        return Sequence(tuple(parts))

    def _repeated(self, part: Part) -> Part:
        bounds = self._count()
        if bounds is None:
            return part
        if isinstance(part, Edge):
            raise self._fail("^ and $ cannot be repeated")
        self._take("?")  # how little is taken does not change whether anything is found
        if self._count() is not None:
            raise self._fail("a repetition cannot be repeated; put ( ) around it")
        return Repetition(part, *bounds)

    def _count(self) -> tuple[int, int | None] | None:
        simple = _SIMPLE_COUNTS.get(self._next())
        if simple is not None:
            self._position += 1
            return simple
        if not self._take("{"):
            return None
        at_least = self._number()
        at_most: int | None = at_least
        if self._take(","):
            at_most = None if self._next() == "}" else self._number()
        if not self._take("}") or (at_most is not None and at_most < at_least):
            raise self._fail(r"expected {m}, {m,} or {m,n}; write \{ to mean the character")
        return at_least, at_most

    def _number(self) -> int:
        start = self._position
        while self._next() in set("0123456789"):
            self._position += 1
        digits = self._pattern[start : self._position]
        if not digits or len(digits) > 3 or int(digits) > MAX_REPEATS:
            raise self._fail(f"expected a number up to {MAX_REPEATS}")
        return int(digits)

    def _atom(self, depth: int) -> Part:
        if self._take("("):
            return self._group(depth + 1)
        if self._take("["):
            return self._bracket()
        if self._take("\\"):
            return CharacterSet(self._escaped())
        character = self._next()
        if character in {"*", "+", "?", "{"}:
            raise self._fail("there is nothing before it to repeat")
        self._position += 1
        if character in {"^", "$"}:
            return Edge(character)
        code = ord(character)
        return CharacterSet(((0, _LAST),) if character == "." else _without_case([(code, code)]))

    def _group(self, depth: int) -> Part:
        if depth > MAX_GROUPS:
            raise self._fail(f"more than {MAX_GROUPS} groups inside one another")
        if self._next() == "?" and not self._take("?:"):
            raise self._fail("only (…) and (?:…) are supported")
        part = self._alternation(depth)
        if not self._take(")"):
            raise self._fail("expected )")
        return part

    def _escaped(self) -> Ranges:
        """Return what a character after a backslash stands for."""
        character = self._next()
        self._position += 1
        if character in _CONTROLS:
            return ((ord(_CONTROLS[character]),) * 2,)
        named = _NAMED.get(character.lower())
        if named is not None:
            return named if character.islower() else _complement(named)
        if not character or character.isalnum():
            self._position -= 1
            raise self._fail(r"only \d \w \s \D \W \S \n \r \t \f \v and escaped signs are known")
        return ((ord(character),) * 2,)

    def _bracket(self) -> Part:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        while not ranges or self._next() != "]":
            ranges.extend(self._bracket_item())
            if len(ranges) > MAX_RANGES:
                raise self._fail(f"more than {MAX_RANGES} characters or ranges in brackets")
        self._position += 1
        found = _without_case(ranges)
        found = _complement(found) if negated else found
        if not found:
            raise self._fail("no character is in these brackets")
        return CharacterSet(found)

    def _bracket_item(self) -> Ranges:
        low = self._bracket_character()
        ranged = self._next() == "-" and self._pattern[self._position + 1 :][:1] not in {"", "]"}
        if len(low) > 1 or low[0][0] != low[0][1] or not ranged:
            return low
        self._position += 1
        high = self._bracket_character()
        if len(high) > 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            raise self._fail("expected the last character of a range")
        return ((low[0][0], high[0][0]),)

    def _bracket_character(self) -> Ranges:
        if self._take("\\"):
            return self._escaped()
        character = self._next()
        if not character:
            raise self._fail("expected ]")
        self._position += 1
        return ((ord(character),) * 2,)
