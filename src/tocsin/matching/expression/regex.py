"""Regular expressions whose effort grows with the text alone: no pattern makes them go back.

The automaton of positions (Glushkov): one bit for each character that the pattern names, and
after each character of the text the set of positions that may follow. The sets are looked up
eight positions at a time, so a step costs the same whatever the pattern.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import repeat

from tocsin.matching.expression.regex_syntax import (
    Alternation,
    CharacterSet,
    Edge,
    Part,
    Repetition,
    Sequence,
    parse_pattern,
)
from tocsin.matching.expression.values import IncomparableError

MAX_POSITIONS = 128
MAX_PARTS = 2048
MAX_RANGES = 2048
MAX_KNOWN = 1024  # steps remembered
MAX_TEXT = 16_384  # characters that a text may have to be searched

_CHUNK = 8


class _Positions:
    """Numbers the characters of a pattern and notes which may follow which."""

    def __init__(self) -> None:
        self.atoms: list[CharacterSet | Edge] = []
        self.follow: list[int] = []
        self._part_count = 0
        self._range_count = 0

    def add(self, part: Part) -> tuple[bool, int, int]:
        """Return whether a part may be empty, and the bits it may begin and end with."""
        self._part_count += 1
        if self._part_count > MAX_PARTS:
            raise IncomparableError("the pattern repeats too much")
        match part:
            case CharacterSet() | Edge():
                return self._atom(part)
            case Sequence(parts=parts):
                return self._sequence(parts)
            case Alternation(parts=parts):
                found = [self.add(each) for each in parts]
                return (
                    any(empty for empty, _, _ in found),
                    _union(first for _, first, _ in found),
                    _union(last for _, _, last in found),
                )
            case _:
                return self._repetition(part)

    def _atom(self, atom: CharacterSet | Edge) -> tuple[bool, int, int]:
        if len(self.atoms) == MAX_POSITIONS:
            raise IncomparableError(f"the pattern counts more than {MAX_POSITIONS} characters")
        self._range_count += len(atom.ranges) if isinstance(atom, CharacterSet) else 0
        if self._range_count > MAX_RANGES:
            raise IncomparableError("the pattern has too many characters in brackets")
        self.atoms.append(atom)
        self.follow.append(0)
        bit = 1 << (len(self.atoms) - 1)
        return False, bit, bit

    def _sequence(self, parts: tuple[Part, ...]) -> tuple[bool, int, int]:
        empty, first, last = True, 0, 0
        for part in parts:
            part_empty, part_first, part_last = self.add(part)
            self._link(last, part_first)
            first |= part_first if empty else 0
            last = part_last | (last if part_empty else 0)
            empty = empty and part_empty
        return empty, first, last

    def _repetition(self, part: Repetition) -> tuple[bool, int, int]:
        copies = part.at_most if part.at_most is not None else max(part.at_least, 1)
        empty, first, last = True, 0, 0
        for number in range(copies):
            inner_empty, inner_first, inner_last = self.add(part.inner)
            may_skip = inner_empty or number >= part.at_least
            self._link(last, inner_first)
            first |= inner_first if empty else 0
            last = inner_last | (last if may_skip else 0)
            empty = empty and may_skip
            if part.at_most is None and number == copies - 1:
                self._link(inner_last, inner_first)
        return empty, first, last

    def _link(self, before: int, after: int) -> None:
        for position in _bits(before) if after else ():
            self.follow[position] |= after


def _bits(mask: int) -> list[int]:
    return [place for place in range(mask.bit_length()) if mask >> place & 1]


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """Return the function that tells whether a pattern is found somewhere in a text.

    Case does not count, as in every comparison of text.

    Raises:
        IncomparableError: the pattern is not one, or too large. The function raises it for a text
            of more than 16,384 characters.
    """
    return _Searcher(parse_pattern(pattern)).found


class _Searcher:
    """Runs the automaton of one pattern over texts."""

    def __init__(self, part: Part) -> None:
        positions = _Positions()
        self._empty, self._first, self._last = positions.add(part)
        self._edges = tuple(_mask_of(positions.atoms, edge) for edge in Edge)
        self._masks = _Masks(positions.atoms)
        self._tables = _tables(positions.follow)
        self._known: dict[tuple[int, int], int] = {}

    def found(self, text: str) -> bool:
        """Return whether the pattern is found somewhere in a text."""
        if self._empty:
            return True
        if len(text) > MAX_TEXT:
            raise IncomparableError(f"a text of more than {MAX_TEXT} characters is not searched")
        active = 0
        for mask in self._asked(text.lower()):
            key = (active, mask)
            reached = self._known.get(key)
            active = self._step(key) if reached is None else reached
            if active & self._last:
                return True
        return False

    def _asked(self, text: str) -> Iterator[int]:
        """Yield which positions each character fits, with the edges before and after."""
        starts, ends = self._edges
        # as often as a pattern may ask for the same edge in succession
        yield from repeat(starts, starts.bit_count())
        yield from map(self._masks.of, text)
        yield from repeat(ends, ends.bit_count())

    def _step(self, key: tuple[int, int]) -> int:
        active, mask = key
        reached = self._first
        raw = active.to_bytes(len(self._tables), "little")
        for table, byte in zip(self._tables, raw, strict=True):
            reached |= table[byte]
        reached &= mask
        if len(self._known) < MAX_KNOWN:
            self._known[key] = reached
        return reached


def _mask_of(atoms: list[CharacterSet | Edge], edge: Edge) -> int:
    return _union(1 << place for place, atom in enumerate(atoms) if atom is edge)


def _tables(follow: list[int]) -> list[list[int]]:
    """Return for each eight positions what may follow each set of them."""
    tables = []
    for start in range(0, len(follow), _CHUNK):
        table = [0]
        for reached in follow[start : start + _CHUNK]:
            table += [before | reached for before in table]
        tables.append(table)
    return tables


class _Masks:
    """Tells which positions of a pattern a character fits."""

    def __init__(self, atoms: list[CharacterSet | Edge]) -> None:
        events: list[tuple[int, int]] = []
        for place, atom in enumerate(atoms):
            if isinstance(atom, CharacterSet):
                bit = 1 << place
                events += [(edge, bit) for low, high in atom.ranges for edge in (low, high + 1)]
        self._starts = [-1]
        self._masks = [0]
        mask = 0
        for code, bit in sorted(events):
            mask ^= bit
            if code != self._starts[-1]:
                self._starts.append(code)
                self._masks.append(mask)
            self._masks[-1] = mask
        self._ascii = [self._find(code) for code in range(128)]

    def _find(self, code: int) -> int:
        return self._masks[bisect_right(self._starts, code) - 1]

    def of(self, character: str) -> int:
        """Return the bits of the positions that a character fits."""
        code = ord(character)
        return self._ascii[code] if code < 128 else self._find(code)
