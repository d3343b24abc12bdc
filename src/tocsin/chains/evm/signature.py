"""A signature in words → what an ABI would say of it, for monitors of any contract.

Shape: ``Transfer(address indexed from, address indexed to, uint256 value)``; names and ``indexed``
may be left out, and a tuple is ``(address to, uint256 value)[] orders``.
"""

import re
from collections.abc import Iterator

from tocsin.chains.evm.abi import MAX_DEPTH
from tocsin.chains.evm.interface import AbiInput, AbiItem
from tocsin.model.activity import ActivityKind

MAX_LENGTH = 4096
_TOKEN = re.compile(r"\s*([A-Za-z_$][A-Za-z0-9_$]*|\[[0-9]{0,9}\]|[(),])")
_MOST_INDEXED = 3


def items_of(kind: ActivityKind, text: str) -> tuple[AbiItem, ...]:
    """Return the ABI items that a signature may stand for.

    A function is one. So is an event that says which parameters are indexed; where it does not,
    its first few are taken to be, in every number that is possible.

    Raises:
        ValueError: it is no signature.
    """
    name, inputs = _Reader(text).signature()
    if kind is ActivityKind.FUNCTION:
        if any(each.indexed is True for each in inputs):
            raise ValueError("only an event's parameters are indexed")
        return (AbiItem(type="function", name=name, inputs=inputs, outputs=()),)
    if any(each.indexed is True for each in inputs):
        return (AbiItem(type="event", name=name, inputs=inputs, anonymous=False),)
    return tuple(
        AbiItem(type="event", name=name, inputs=tuple(_first_indexed(inputs, count)))
        for count in range(min(_MOST_INDEXED, len(inputs)) + 1)
    )


def _first_indexed(inputs: tuple[AbiInput, ...], count: int) -> Iterator[AbiInput]:
    for place, each in enumerate(inputs):
        yield AbiInput(
            type=each.type, name=each.name, components=each.components, indexed=place < count
        )


class _Reader:
    """Takes a signature apart, token by token."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ValueError(f"a signature has at most {MAX_LENGTH} characters")
        self._tokens = list(_tokens(text))
        self._place = 0

    def signature(self) -> tuple[str, tuple[AbiInput, ...]]:
        """Return the name and the parameters of the whole text."""
        name = self._word("a name")
        inputs = self._inputs(0)
        if self._peek():
            raise ValueError(f"unexpected {self._peek()!r} behind the signature")
        named = (
            AbiInput(
                type=each.type,
                name=each.name or str(place),
                components=each.components,
                indexed=each.indexed,
            )
            for place, each in enumerate(inputs)
        )
        return name, tuple(named)

    def _inputs(self, depth: int) -> tuple[AbiInput, ...]:
        if depth > MAX_DEPTH:
            raise ValueError(f"components nest deeper than {MAX_DEPTH}")
        self._expect("(")
        found: list[AbiInput] = []
        while self._peek() != ")":
            if found:
                self._expect(",")
            found.append(self._input(depth))
        self._expect(")")
        return tuple(found)

    def _input(self, depth: int) -> AbiInput:
        components = None
        kind = "tuple"
        if self._peek() != "(":
            kind = self._word("a type")
        if self._peek() == "(":
            if kind != "tuple":
                raise ValueError("only a tuple has components")
            components = self._inputs(depth + 1)
        while self._peek().startswith("["):
            kind += self._take()
        is_indexed = self._peek() == "indexed"
        if is_indexed:
            self._take()
            if depth:
                raise ValueError("only an event's own parameters are indexed")
        name = self._word("a name") if self._peek() not in ("", ",", ")") else ""
        return AbiInput(type=kind, name=name, components=components, indexed=is_indexed)

    def _word(self, expected: str) -> str:
        token = self._take()
        if not (token[:1].isalpha() or token[:1] in ("_", "$")):
            raise ValueError(f"expected {expected}, found {token!r}")
        return token

    def _expect(self, token: str) -> None:
        found = self._take()
        if found != token:
            raise ValueError(f"expected {token!r}, found {found or 'the end'!r}")

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._place += 1
        return token


def _tokens(text: str) -> Iterator[str]:
    place = 0
    end = len(text.rstrip())
    while place < end:
        token = _TOKEN.match(text, place)
        if token is None:
            raise ValueError(f"unexpected character {text[place : place + 1]!r}")
        yield token[1]
        place = token.end()
