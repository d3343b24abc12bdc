"""Can a part of a bundle be read as a whole, also where we do not look at it? Pure.

A transaction's document holds every field a node gave, known to us or not, and is made long
after the block was accepted. So nothing is accepted that a document could not be made of.
"""

import re

import msgspec

from tocsin.errors import MalformedBlockError

DEEPEST = 64
"""Levels of arrays and objects; nodes' answers have less than ten, the interpreter allows more."""

MOST_VALUES = 2_000_000
"""In one part. Read, each costs some hundred bytes at most, however few it has as text."""

# Strings and all else that neither opens nor closes a level.
_LEVEL = re.compile(rb'(?:[^][{}"]++|"(?:[^"\\]++|\\.)*+")++', re.DOTALL)
_AS_ARRAYS = bytes.maketrans(b"{}", b"[]")


def require_readable(raw: bytes, part: str) -> None:
    """Return if JSON can be read and written again by anybody, whole.

    Raises:
        MalformedBlockError: it is broken, nested too deeply, or has numbers or text that no
            value stands for, or too many values.
    """
    if sum(map(raw.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise MalformedBlockError(f"{part}: more than {MOST_VALUES} values")
    try:
        msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        # the decoder names a path and types, never more than a few characters of the input
        raise MalformedBlockError(f"{part}: {str(cause)[:200]}") from cause
    levels = _LEVEL.sub(b"", raw).translate(_AS_ARRAYS)
    for _ in range(DEEPEST):
        levels = levels.replace(b"[]", b"")  # the innermost level of all
    if levels:
        raise MalformedBlockError(f"{part}: nested more than {DEEPEST} levels deep")
