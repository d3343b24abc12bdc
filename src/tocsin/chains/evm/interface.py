"""A contract's ABI as JSON → its events and functions, with their parameters and signatures.

The whole array must be an ABI; the types of an item are resolved only when a condition names
it, so one exotic type elsewhere does not spoil a contract.

Source: Solidity contract ABI specification, "JSON"; the same items OpenZeppelin Monitor takes.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from tocsin.chains.evm.abi import MAX_DEPTH, MAX_LEAVES
from tocsin.chains.evm.codec import selector_of, shown, topic_of
from tocsin.chains.evm.layout import (
    ANONYMOUS,
    CALL,
    FALLBACK,
    MAX_TOPICS,
    RECEIVE,
    canonical_signature,
    to_parameter,
    topic_count,
    type_of,
)
from tocsin.errors import InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout, Parameter
from tocsin.model.network import ChainFamily

_PLAIN = (RECEIVE, FALLBACK)
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_TYPE = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]*(\[[0-9]*\])*")


class AbiInput(msgspec.Struct, frozen=True):
    """One parameter of an ABI item; ``indexed`` only on an event's own inputs."""

    type: str
    name: str = ""
    components: tuple["AbiInput", ...] | None = None
    indexed: bool | msgspec.UnsetType = msgspec.UNSET


class AbiItem(msgspec.Struct, frozen=True):
    """One entry of an ABI."""

    type: Literal["constructor", "fallback", "receive", "function", "event", "error"]
    name: str | None = None
    inputs: tuple[AbiInput, ...] | None = None
    outputs: tuple[AbiInput, ...] | None = None
    anonymous: bool | None = None


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """One event or function with its types resolved.

    ``hex_signature`` is topic 0 or the selector, or None where there is none: for anonymous
    events, ``receive`` and ``fallback``; ``topic_count`` is 0 for a function.
    """

    kind: ActivityKind
    signature: str
    hex_signature: str | None
    topic_count: int
    layout: Layout


class ContractInterface:
    """The events and functions of one ABI."""

    def __init__(self, items: Sequence[AbiItem], field: str) -> None:
        self._items = items
        self._field = field

    def find(self, kind: ActivityKind, signature: str) -> tuple[Declaration, ...]:
        """Return the declarations with that signature: none, one, or a few with other indexes.

        Blanks and letter case do not count. Two events with the same signature that differ in
        which parameters are indexed are different layouts, and both are returned.

        ``receive()`` and ``fallback()`` are what an ABI declares by these types.

        Raises:
            InterfaceError: a type of such an item is unknown.
        """
        wanted = normalised(signature)
        return tuple(
            self._declaration(kind, place, item)
            for place, item in self._of_kind(kind)
            if normalised(written_signature(item)) == wanted
        )

    def signatures(self, kind: ActivityKind) -> tuple[str, ...]:
        """Return the signatures one can wait for, as the ABI writes them."""
        return tuple(written_signature(item) for _, item in self._of_kind(kind))

    def _of_kind(self, kind: ActivityKind) -> Iterator[tuple[int, AbiItem]]:
        for place, item in enumerate(self._items):
            if item.type == kind.value or (kind is ActivityKind.FUNCTION and item.type in _PLAIN):
                yield place, item

    def _declaration(self, kind: ActivityKind, place: int, item: AbiItem) -> Declaration:
        field = f"{self._field}[{place}]"
        if item.type in _PLAIN:
            return self._plain(item.type)
        parameters = _parameters(item.inputs or (), f"{field}.inputs")
        if sum(type_of(each).leaf_count for each in parameters) > MAX_LEAVES:
            raise InterfaceError(f"more than {MAX_LEAVES} values", field=f"{field}.inputs")
        signature = canonical_signature(item.name or "", parameters)
        topics = topic_count(parameters) if kind is ActivityKind.EVENT else 0
        if item.anonymous:
            topics -= 1
        if topics > MAX_TOPICS:
            raise InterfaceError(f"an event has at most 3 indexed inputs: {signature}", field=field)
        if item.anonymous and kind is ActivityKind.EVENT:
            return self._anonymous(signature, topics, parameters)
        return Declaration(
            kind=kind,
            signature=signature,
            hex_signature=selector_of(signature) if topics == 0 else topic_of(signature),
            topic_count=topics,
            layout=Layout(
                family=ChainFamily.EVM.value,
                parameters=parameters,
                details=(CALL,) if kind is ActivityKind.FUNCTION else (),
                positional=True,
            ),
        )

    def _anonymous(
        self, signature: str, topics: int, parameters: tuple[Parameter, ...]
    ) -> Declaration:
        """Return an event that every log may be which is none of the others."""
        others = self._openings(ActivityKind.EVENT, topics)
        return Declaration(
            kind=ActivityKind.EVENT,
            signature=signature,
            hex_signature=None,
            topic_count=topics,
            layout=Layout(
                family=ChainFamily.EVM.value,
                parameters=parameters,
                details=(ANONYMOUS, *others),
                positional=True,
            ),
        )

    def _plain(self, rule: str) -> Declaration:
        """Return ``receive`` or ``fallback``: the calls that no function takes."""
        details: tuple[str, ...] = (RECEIVE,)
        if rule == FALLBACK:
            has_receive = any(item.type == RECEIVE for item in self._items)
            openings = self._openings(ActivityKind.FUNCTION, 0)
            details = (FALLBACK, *(("",) if has_receive else ()), *openings)
        return Declaration(
            kind=ActivityKind.FUNCTION,
            signature=f"{rule}()",
            hex_signature=None,
            topic_count=0,
            layout=Layout(
                family=ChainFamily.EVM.value, parameters=(), details=details, positional=True
            ),
        )

    def _openings(self, kind: ActivityKind, topics: int) -> list[str]:
        """Return topics 0 of the events with so many topics, or the selectors of functions."""
        found: set[str] = set()
        for place, item in enumerate(self._items):
            if item.type == kind.value and not item.anonymous:
                try:
                    declaration = self._declaration(kind, place, item)
                except InterfaceError:
                    continue  # no such log or call can be told from others, as no such type exists
                if declaration.topic_count == topics and declaration.hex_signature:
                    found.add(declaration.hex_signature)
        return sorted(found)


def parse_interface(raw: bytes, field: str) -> ContractInterface:
    """Return the interface of an ABI's JSON text.

    Raises:
        InterfaceError: it is no ABI; the error's field goes down to the offending entry.
    """
    try:
        items = msgspec.json.decode(raw, type=tuple[AbiItem, ...])
    except msgspec.ValidationError as cause:
        message, _, path = str(cause).partition(" - at `$")
        raise InterfaceError(
            f"not an Ethereum ABI: {message}", field=field + path.rstrip("`")
        ) from cause
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise InterfaceError("not an Ethereum ABI: not JSON we can read", field=field) from cause
    for place, item in enumerate(items):
        _require_item(item, f"{field}[{place}]")
    for single in ("constructor", "fallback", "receive"):
        if sum(item.type == single for item in items) > 1:
            raise InterfaceError(f"an ABI has at most one {single}", field=field)
    return ContractInterface(items, field)


def normalised(signature: str) -> str:
    """Return a signature without white space, in lower case: what is compared."""
    return "".join(signature.split()).lower()


def written_signature(item: AbiItem) -> str:
    """Return an item's signature with the types as its ABI writes them, tuples expanded."""
    name = item.type if item.type in _PLAIN else item.name
    return f"{name}({','.join(map(_written_type, item.inputs or ()))})"


def _written_type(entry: AbiInput) -> str:
    if not entry.components:
        return entry.type
    inner = ",".join(map(_written_type, entry.components))
    return f"({inner}){entry.type.removeprefix('tuple')}"


def _require_item(item: AbiItem, field: str) -> None:
    if item.type in ("function", "event", "error"):
        if item.name is None:
            raise InterfaceError(f"{item.type} without a name", field=f"{field}.name")
        if item.inputs is None:
            raise InterfaceError(f"{item.type} without inputs", field=f"{field}.inputs")
    _require_name(item.name or "", f"{field}.name")
    for key, entries in (("inputs", item.inputs), ("outputs", item.outputs)):
        for place, entry in enumerate(entries or ()):
            _require_input(entry, f"{field}.{key}[{place}]", may_be_indexed=item.type == "event")


def _require_input(entry: AbiInput, field: str, *, may_be_indexed: bool, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise InterfaceError(f"components nest deeper than {MAX_DEPTH}", field=field)
    _require_name(entry.name, f"{field}.name")
    if entry.indexed is not msgspec.UNSET and not may_be_indexed:
        raise InterfaceError("only an event's own inputs are indexed", field=f"{field}.indexed")
    if _TYPE.fullmatch(entry.type) is None:
        raise InterfaceError(f"no type: {shown(entry.type)}", field=f"{field}.type")
    if entry.components and re.fullmatch(r"tuple(\[[0-9]*\])*", entry.type) is None:
        raise InterfaceError("only a tuple has components", field=f"{field}.type")
    for place, component in enumerate(entry.components or ()):
        _require_input(
            component, f"{field}.components[{place}]", may_be_indexed=False, depth=depth + 1
        )


def _require_name(name: str, field: str) -> None:
    if name and _IDENTIFIER.fullmatch(name) is None:
        raise InterfaceError(f"no Solidity identifier: {shown(name)}", field=field)


def _parameters(entries: Sequence[AbiInput], field: str) -> tuple[Parameter, ...]:
    return tuple(_parameter(entry, f"{field}[{place}]") for place, entry in enumerate(entries))


def _parameter(entry: AbiInput, field: str) -> Parameter:
    components = _parameters(entry.components or (), f"{field}.components")
    try:
        return to_parameter(
            entry.name, entry.type, indexed=entry.indexed is True, components=components
        )
    except ValueError as cause:
        raise InterfaceError(str(cause), field=f"{field}.type") from cause
