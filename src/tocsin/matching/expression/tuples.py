"""The text of an EVM tuple → its parts, for values that are given as text only."""

from tocsin.matching.expression.values import (
    MAX_DEPTH,
    IncomparableError,
    JsonValue,
    read_json,
)

MAX_WORK = 262_144  # characters, each counted once for every level it is read on

_OPENING = "([{"
_CLOSING = ")]}"


def read_tuple(text: str) -> list[JsonValue]:
    """Return the parts of ``(a,"b",[c],(d))``.

    A part in parentheses is a tuple again; any other is JSON, or else a text as it stands, with
    its blanks. Empty parts are left out.

    Raises:
        IncomparableError: no parentheses around it, a part that begins like JSON and is none, or
            nested deeper than 128, or more than 262,144 characters over all levels.

    Source: how OpenZeppelin Monitor splits the tuples that it renders.
    """
    return _TupleReader().read(text, depth=0)


class _TupleReader:
    """Reads tuples inside tuples, with a bound on the characters looked at in all."""

    def __init__(self) -> None:
        self._work_left = MAX_WORK

    def read(self, text: str, depth: int) -> list[JsonValue]:
        if len(text) < 2 or text[0] != "(" or text[-1] != ")":
            raise IncomparableError("not a tuple")
        self._work_left -= len(text)
        if depth > MAX_DEPTH or self._work_left < 0:
            raise IncomparableError(f"nested deeper than {MAX_DEPTH}, or too long")
        return [self._part(piece, depth) for piece in _split(text[1:-1]) if piece]

    def _part(self, piece: str, depth: int) -> JsonValue:
        if piece[0] == "(" and piece[-1] == ")":
            return self.read(piece, depth + 1)
        try:
            return read_json(piece)
        except IncomparableError:
            if piece[0] in "[{":
                raise
            return piece


def _split(text: str) -> list[str]:
    """Return what stands between the commas that are in no quotes and no brackets."""
    pieces, start, depth, quote, before = [], 0, 0, "", ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote and before != "\\" else quote
        elif character in "\"'" and before != "\\":
            quote = character
        elif character == "," and depth == 0:
            pieces.append(text[start:position])
            start = position + 1
        else:
            depth += (character in _OPENING) - (character in _CLOSING)
        before = character
    return [*pieces, text[start:]]
