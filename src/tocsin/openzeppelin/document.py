"""JSON text → members taken out one by one, each checked, each error with its place.

Stricter than JSON libraries are by themselves: repeated and unknown keys, ``NaN``, a byte order
mark, deep nesting and unpaired surrogates are errors.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, NoReturn, TypeVar

from tocsin.errors import InputError, PayloadTooLargeError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 128
_SHOWN_CHARACTERS = 40
_MAX_NUMBER_LENGTH = 100

Draft = TypeVar("Draft")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(Generic[Draft]):
    """What a document describes, and what its author should know about it."""

    draft: Draft
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which document; ``path`` is a JSON path, empty for the document itself."""

    source: str
    path: str = ""

    def member(self, key: str) -> "Place":
        """Return the place of an object's member; a strange key is shown quoted, and not whole."""
        plain = key.isprintable() and 0 < len(key) <= _SHOWN_CHARACTERS
        shown = key if plain else _shown(key)
        return Place(self.source, f"{self.path}.{shown}" if self.path else shown)

    def item(self, index: int) -> "Place":
        """Return the place of an array's element."""
        return Place(self.source, f"{self.path}[{index}]")

    def fail(self, message: str) -> NoReturn:
        """Raise the error that says what is wrong here."""
        raise InputError(f"{message} (in {self.source})", field=self.path)

    def expect(self, expected: str, found: object) -> NoReturn:
        """Raise the error that says what should be here, and shows the beginning of what is."""
        self.fail(f"expected {expected}, found {_shown(found)}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def read_document(raw: bytes | str, *, source: str) -> tuple[object, Place]:
    """Return the JSON value of a document and its place.

    Raises:
        PayloadTooLargeError: more than 4 MiB.
        InputError: not strict JSON.
    """
    place = Place(source)
    if len(raw) > MAX_BYTES:
        raise PayloadTooLargeError(f"{source}: more than {MAX_BYTES} bytes")
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        value: object = json.loads(
            text,
            object_pairs_hook=_unrepeated,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
        )
    except UnicodeDecodeError:
        place.fail("expected JSON in UTF-8")
    except json.JSONDecodeError as cause:
        place.fail(f"not JSON: {cause.msg} at line {cause.lineno}, column {cause.colno}")
    except RecursionError:
        place.fail(f"nested deeper than {MAX_DEPTH}")
    except ValueError as cause:
        place.fail(f"not JSON that is accepted here: {cause}")
    _require_sound(value, place)
    return value, place


def _unrepeated(members: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in members:
        if key in found:
            raise ValueError(f"the key {_shown(key)} is repeated")
        found[key] = value
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _bounded_int(text: str) -> int:
    if len(text) > _MAX_NUMBER_LENGTH:
        raise ValueError(f"a number of more than {_MAX_NUMBER_LENGTH} characters")
    return int(text)


def _finite_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number too large for any field")
    return number


def _require_sound(document: object, place: Place) -> None:
    level = [document]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return
        level = [part for value in level for part in _parts(value, place)]
    place.fail(f"nested deeper than {MAX_DEPTH}")


def _parts(value: object, place: Place) -> Sequence[object]:
    match value:
        case str():
            if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
                place.fail("text holds a NUL or half of a surrogate pair")
        case list():
            return value
        case dict():
            return [*value, *value.values()]
        case _:
            pass
    return ()


class Fields:
    """The members of one JSON object, by key."""

    def __init__(self, value: object, place: Place, known: Sequence[str] | None = None) -> None:
        """Take an object; with ``known``, other keys than these are an error."""
        if not isinstance(value, dict):
            place.expect("an object", value)
        self.place = place
        self._members: Mapping[str, object] = value
        for key in value if known is not None else ():
            if key not in (known or ()):
                self._fail_unknown(key, known or ())

    def _fail_unknown(self, key: str, known: Sequence[str]) -> NoReturn:
        close = get_close_matches(key[:_SHOWN_CHARACTERS], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        self.place.member(key).fail(f"unknown key; {hint}")

    def __contains__(self, key: str) -> bool:
        """Return whether a member is there and not null."""
        return self._members.get(key) is not None

    def required(self, key: str) -> object:
        """Return a member that has to be there."""
        if key not in self._members:
            self.place.member(key).fail("this key is missing")
        return self._members[key]

    def optional(self, key: str) -> object:
        """Return a member, or None where it is missing or null."""
        return self._members.get(key)

    def text(self, key: str, *, max_length: int = MAX_BYTES, empty: bool = False) -> str:
        """Return a text of bounded length, in characters."""
        value = self.required(key)
        place = self.place.member(key)
        if not isinstance(value, str):
            place.expect("text", value)
        if not value and not empty:
            place.expect("text that is not empty", value)
        if len(value) > max_length:
            place.expect(f"at most {max_length} characters", value)
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None where it is missing or null."""
        return self.text(key, empty=True) if key in self else None

    def choice(self, key: str, known: Sequence[str]) -> str:
        """Return a text that is one of the known ones, in their case."""
        value = self.text(key, empty=True)
        if value not in known:
            self.place.member(key).expect(f"one of {', '.join(known)}", value)
        return value

    def integer(self, key: str, *, low: int, high: int) -> int:
        """Return a whole number within bounds, which are included."""
        value = self.required(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.place.member(key).expect(f"a whole number from {low} to {high}", value)
        return value

    def boolean(self, key: str) -> bool:
        """Return true or false."""
        value = self.required(key)
        if not isinstance(value, bool):
            self.place.member(key).expect("true or false", value)
        return value

    def items(self, key: str, *, at_most: int) -> Iterator[tuple[object, Place]]:
        """Yield the elements of an array with their places."""
        value = self.required(key)
        place = self.place.member(key)
        if not isinstance(value, list):
            place.expect("an array", value)
        if len(value) > at_most:
            place.fail(f"expected at most {at_most} elements, found {len(value)}")
        for index, item in enumerate(value):
            yield item, place.item(index)

    def texts(self, key: str, *, at_most: int) -> tuple[str, ...]:
        """Return an array of texts."""
        found = []
        for value, place in self.items(key, at_most=at_most):
            if not isinstance(value, str):
                place.expect("text", value)
            found.append(value)
        return tuple(found)

    def members(self) -> Iterator[tuple[str, object, Place]]:
        """Yield all members with their places."""
        for key, value in self._members.items():
            yield key, value, self.place.member(key)


def read_secret(value: object, place: Place) -> str:
    """Return the clear text of a secret value.

    Shape: ``{"type": "plain", "value": "…"}``, the type in any case, other keys ignored. What
    is inside never shows in an error.
    """
    if not isinstance(value, dict):
        place.fail('expected an object {"type": "plain", "value": …}')
    fields = Fields(value, place)
    kind = fields.text("type").lower()
    if kind in {"environment", "hashicorpcloudvault"}:
        place.member("type").fail(
            f"{kind} secrets are the operator's to use and not supported yet; "
            'give the value itself with the type "plain"'
        )
    if kind != "plain":
        place.member("type").fail("expected plain, environment or hashicorpcloudvault")
    secret = fields.required("value")
    if not isinstance(secret, str):
        place.member("value").fail("expected text")
    return secret
