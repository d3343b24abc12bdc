"""Keyed monitors → compiled monitors, whose expressions are parsed and checked, and their bytes."""

from binascii import crc32
from functools import lru_cache
from typing import cast

import msgspec

from tocsin.errors import InputError
from tocsin.matching.expression.checker import check_expression
from tocsin.matching.expression.computing import NO_LISTS, Lists
from tocsin.matching.expression.lists import bind_lists
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.expression.syntax import Node
from tocsin.matching.shapes import Conjunct, Constant, conjuncts_of
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout
from tocsin.model.monitor import KeyedCondition, KeyedMonitor, MonitorRef, StatusFilter

COMPILER_VERSION = 4

MAX_CHECKED = 400_000
"""Characters of expressions that are checked for one monitor, counted once for each layout.

An expression may suit a thousand layouts, or have a thousand comparisons; both would take minutes.
"""


class CompiledCondition(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One keyed condition.

    ``layout`` and ``tree`` are places in the monitor's lists, from 0; ``tree`` is None where
    every occurrence counts.
    """

    kind: ActivityKind
    ordinal: int
    key: str
    signature: str
    hex_signature: str | None
    status: StatusFilter
    expression: str | None
    layout: int
    tree: int | None


class CompiledLookup(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a tree of a monitor is looked up by in a layout of it; both are places."""

    tree: int
    layout: int
    conjuncts: tuple[Conjunct, ...]


class CompiledMonitor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A monitor as it is stored for matching: nothing in it needs parsing or checking again.

    A tree of ``trees`` suits every layout that a condition pairs it with; there is a lookup for
    each such pair.
    """

    ref: MonitorRef
    addresses: tuple[str, ...]
    gated: bool
    has_event_conditions: bool
    has_function_conditions: bool
    has_transaction_conditions: bool
    layouts: tuple[Layout, ...]
    trees: tuple[Node, ...]
    conditions: tuple[CompiledCondition, ...]
    lookups: tuple[CompiledLookup, ...] = ()
    has_operation_conditions: bool = False


def compile_monitor(
    ref: MonitorRef, keyed: KeyedMonitor, *, lists: Lists = NO_LISTS
) -> CompiledMonitor:
    """Return a monitor with every expression parsed and checked, and its named lists bound.

    Raises:
        ExpressionSyntaxError: an expression does not parse.
        ExpressionTypeError: an expression does not suit its event, function or transaction.
            The ``field`` of both is the JSON path of the expression.
        InputError: checking them would take too long.
    """
    compiler = _Compiler(lists)
    conditions = tuple(compiler.compile(condition) for condition in keyed.conditions)
    return CompiledMonitor(
        ref=ref,
        addresses=keyed.addresses,
        gated=keyed.gated,
        has_event_conditions=keyed.has_event_conditions,
        has_function_conditions=keyed.has_function_conditions,
        has_transaction_conditions=keyed.has_transaction_conditions,
        layouts=tuple(compiler.layouts),
        trees=tuple(compiler.trees),
        conditions=conditions,
        lookups=tuple(compiler.lookups.values()),
        has_operation_conditions=keyed.has_operation_conditions,
    )


class _Compiler:
    """Parses each text once and checks each pair of text and layout once.

    A condition is keyed once per address, so a monitor of many addresses repeats both.
    """

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self.layouts: list[Layout] = []
        self.trees: list[Node] = []
        self._layout_places: dict[Layout, int] = {}
        self._tree_places: dict[str, int] = {}
        self.lookups: dict[tuple[int, int], CompiledLookup] = {}
        self._checked = 0

    def compile(self, condition: KeyedCondition) -> CompiledCondition:
        layout = self._layout_places.setdefault(condition.layout, len(self.layouts))
        if layout == len(self.layouts):
            self.layouts.append(condition.layout)
        return CompiledCondition(
            kind=condition.kind,
            ordinal=condition.ordinal,
            key=condition.key,
            signature=condition.signature,
            hex_signature=condition.hex_signature,
            status=condition.status,
            expression=condition.expression,
            layout=layout,
            tree=self._tree(condition, layout),
        )

    def _tree(self, condition: KeyedCondition, layout: int) -> int | None:
        if condition.expression is None:
            return None
        field = f"{condition.field}.expression" if condition.field else "expression"
        place = self._tree_places.get(condition.expression)
        if place is None:
            parsed = parse_expression(condition.expression, field=field)
            self.trees.append(bind_lists(parsed, self._lists))
            place = self._tree_places[condition.expression] = len(self.trees) - 1
        if (place, layout) not in self.lookups:
            self._checked += len(condition.expression)
            if self._checked > MAX_CHECKED:
                raise InputError(
                    f"expressions and the interfaces they are checked against are too many: more"
                    f" than {MAX_CHECKED:,} characters in all; shorten the expression, or give"
                    f" fewer items of one signature whose parameters differ",
                    field=field,
                )
            tree = self.trees[place]
            check_expression(tree, condition.layout, field=field, lists=self._lists)
            conjuncts = conjuncts_of(tree, condition.layout)
            self.lookups[place, layout] = CompiledLookup(place, layout, conjuncts)
        return place


class _Envelope(msgspec.Struct, array_like=True):
    """What is stored: the version first, so that another version's content is never looked at.

    ``checksum`` is the CRC-32 of the content: what is damaged must not be matched by.
    """

    version: int
    checksum: int
    content: msgspec.Raw


_Packed = int | bool | str | tuple[bytes] | None
"""A constant or bound; an integer of more than 64 bits is two's complement, in brackets."""


class _StoredConjunct(msgspec.Struct, array_like=True, gc=False):
    equal: tuple[tuple[int, _Packed], ...]
    position: int
    low: _Packed
    high: _Packed
    pattern: str | None
    verify: bool
    needs: tuple[int, ...]


class _Stored(msgspec.Struct, array_like=True, gc=False):
    """A compiled monitor with its layouts still packed: thousands have the same ones."""

    ref: MonitorRef
    addresses: tuple[str, ...]
    gated: bool
    has_event_conditions: bool
    has_function_conditions: bool
    has_transaction_conditions: bool
    layouts: tuple[bytes, ...]
    trees: tuple[Node, ...]
    conditions: tuple[CompiledCondition, ...]
    lookups: tuple[tuple[int, int, tuple[_StoredConjunct, ...]], ...]
    has_operation_conditions: bool


_read_envelope = msgspec.msgpack.Decoder(_Envelope)
_read_stored = msgspec.msgpack.Decoder(_Stored)


def encode_compiled(compiled: CompiledMonitor) -> bytes:
    """Return the bytes under which a compiled monitor is stored."""
    stored = _Stored(
        ref=compiled.ref,
        addresses=compiled.addresses,
        gated=compiled.gated,
        has_event_conditions=compiled.has_event_conditions,
        has_function_conditions=compiled.has_function_conditions,
        has_transaction_conditions=compiled.has_transaction_conditions,
        layouts=tuple(msgspec.msgpack.encode(layout) for layout in compiled.layouts),
        trees=compiled.trees,
        conditions=compiled.conditions,
        lookups=tuple(
            (each.tree, each.layout, tuple(map(_stored_conjunct, each.conjuncts)))
            for each in compiled.lookups
        ),
        has_operation_conditions=compiled.has_operation_conditions,
    )
    content = msgspec.Raw(msgspec.msgpack.encode(stored))
    return msgspec.msgpack.encode(_Envelope(COMPILER_VERSION, crc32(content), content))


def decode_compiled(stored: bytes) -> CompiledMonitor | None:
    """Return a stored monitor, or None where it has to be compiled again.

    That is so when another version of the compiler made it, or the bytes are damaged. Equal
    layouts of several monitors are one object, and decoded once.
    """
    try:
        envelope = _read_envelope.decode(stored)
        if envelope.version != COMPILER_VERSION or crc32(envelope.content) != envelope.checksum:
            return None
        found = _read_stored.decode(envelope.content)
        layouts = tuple([_layout_of(packed) for packed in found.layouts])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return CompiledMonitor(
        ref=found.ref,
        addresses=found.addresses,
        gated=found.gated,
        has_event_conditions=found.has_event_conditions,
        has_function_conditions=found.has_function_conditions,
        has_transaction_conditions=found.has_transaction_conditions,
        layouts=layouts,
        trees=found.trees,
        conditions=found.conditions,
        lookups=tuple(
            [
                CompiledLookup(tree, layout, tuple([_conjunct(each) for each in conjuncts]))
                for tree, layout, conjuncts in found.lookups
            ]
        ),
        has_operation_conditions=found.has_operation_conditions,
    )


def _stored_conjunct(conjunct: Conjunct) -> _StoredConjunct:
    return _StoredConjunct(
        equal=tuple((position, _pack(constant)) for position, constant in conjunct.equal),
        position=conjunct.position,
        low=_pack(conjunct.low),
        high=_pack(conjunct.high),
        pattern=conjunct.pattern,
        verify=conjunct.verify,
        needs=conjunct.needs,
    )


def _conjunct(stored: _StoredConjunct) -> Conjunct:
    return Conjunct(
        tuple([(position, cast("Constant", _unpack(each))) for position, each in stored.equal]),
        stored.position,
        cast("int | None", _unpack(stored.low)),
        cast("int | None", _unpack(stored.high)),
        stored.pattern,
        stored.verify,
        stored.needs,
    )


_PACKED_BYTES = 33  # signed 256 bits, and unsigned ones


def _pack(value: Constant | None) -> _Packed:
    if isinstance(value, int) and value.bit_length() > 62:
        return (value.to_bytes(_PACKED_BYTES, "big", signed=True),)
    return value


def _unpack(packed: _Packed) -> Constant | None:
    return int.from_bytes(packed[0], "big", signed=True) if isinstance(packed, tuple) else packed


@lru_cache(maxsize=65_536)
def _layout_of(packed: bytes) -> Layout:
    return msgspec.msgpack.decode(packed, type=Layout)
