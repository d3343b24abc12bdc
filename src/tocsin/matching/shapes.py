"""Tree and layout → conjuncts: what has to be true of which fields, in a form that can be filed.

An expression holds only where one of its conjuncts does. A conjunct that says everything the
expression says is decided by looking it up; of any other one the whole expression is evaluated
for what the lookup found, so the meaning is always that of the evaluator.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from itertools import product
from typing import NamedTuple, cast

import msgspec

from tocsin.matching.expression.syntax import (
    AllOf,
    AnyOf,
    Comparison,
    Literal,
    LiteralKind,
    Membership,
    Node,
    Operator,
)
from tocsin.matching.expression.values import (
    Dialect,
    IncomparableError,
    dialect_of,
    normal_address,
    parse_native,
    parse_signed,
    parse_unsigned,
    without_blanks,
)
from tocsin.model.interface import Layout, Parameter, ValueType

MAX_CONJUNCTS = 64
MAX_EQUALITIES = 2  # of one conjunct; more would give too many shapes
MAX_OWN_SHAPES = 8  # that one monitor brings to a key

Constant = int | bool | str


class Kind(IntEnum):
    """What is asked of a field, besides that others are equal to something."""

    PLAIN = 0
    LOW = 1
    HIGH = 2
    INTERVAL = 3
    PATTERN = 4


class Shape(NamedTuple):
    """Which fields are equal to something, which one is bounded or searched and how.

    ``verify`` says that whoever is found has to be evaluated.
    """

    equal: tuple[int, ...]
    position: int
    kind: Kind
    verify: bool


class Conjunct(msgspec.Struct, frozen=True, gc=False):
    """What has to hold of the fields at some positions.

    ``equal`` pairs positions with constants (text in lower case, addresses canonical);
    ``position`` is that of the one field with bounds ``low`` and ``high``, both inclusive, or of
    the text that contains ``pattern`` (in lower case), or -1. ``verify`` says that it is necessary
    but not sufficient. ``needs`` are the positions of other fields of the expression: it is
    sufficient only where they can be read, because an operand that cannot be compared spoils OR.
    """

    equal: tuple[tuple[int, Constant], ...] = ()
    position: int = -1
    low: int | None = None
    high: int | None = None
    pattern: str | None = None
    verify: bool = False
    needs: tuple[int, ...] = ()


def shape_of(conjunct: Conjunct) -> Shape:
    """Return the shape under which a conjunct is filed."""
    positions = tuple([position for position, _ in conjunct.equal])
    return Shape(positions, conjunct.position, kind_of(conjunct), conjunct.verify)


def is_simple(shape: Shape) -> bool:
    """Return whether a shape looks at one field, or none."""
    return not shape.equal or (len(shape.equal) == 1 and shape.position < 0)


def coarser(conjunct: Conjunct) -> Conjunct:
    """Return a conjunct of a simple shape that is met whenever this one is."""
    if is_simple(shape_of(conjunct)):
        return conjunct
    return Conjunct(conjunct.equal[:1], verify=True)


def with_few_shapes(conjuncts: tuple[Conjunct, ...]) -> tuple[Conjunct, ...]:
    """Return conjuncts, coarser ones where they have more shapes than one monitor may bring."""
    if len(conjuncts) <= MAX_OWN_SHAPES or len({*map(shape_of, conjuncts)}) <= MAX_OWN_SHAPES:
        return conjuncts
    return tuple(dict.fromkeys(map(coarser, conjuncts)))


def kind_of(conjunct: Conjunct) -> Kind:
    """Return what a conjunct asks of the one field that it bounds or searches."""
    if conjunct.pattern is not None:
        return Kind.PATTERN
    if conjunct.low is not None:
        return Kind.LOW if conjunct.high is None else Kind.INTERVAL
    return Kind.PLAIN if conjunct.high is None else Kind.HIGH


ALWAYS = Conjunct()
_CANDIDATE = Conjunct(verify=True)


class _Atom(msgspec.Struct, frozen=True, gc=False):
    """One comparison as a lookup; with ``position`` -1 it is none that can be looked up."""

    position: int
    equal: Constant | None = None
    low: int | None = None
    high: int | None = None
    pattern: str | None = None


_OPAQUE = _Atom(-1)
_Product = Sequence[_Atom]


def conjuncts_of(node: Node, layout: Layout) -> tuple[Conjunct, ...]:
    """Return the conjuncts of an expression, at most 64; none if it can never hold."""
    if _count(node) > MAX_CONJUNCTS:
        return (_CANDIDATE,)
    alternatives = _alternatives(node, layout)
    # where an operand cannot be compared, what OR says depends on the order of evaluation
    exact = all(atom is not _OPAQUE for atoms in alternatives for atom in atoms)
    made = [_conjunct(atoms, layout, exact=exact) for atoms in alternatives]
    if len(made) == 1:
        return () if made[0] is None else (made[0],)
    positions = {atom.position for atoms in alternatives for atom in atoms}
    found = tuple(dict.fromkeys(_needing(positions, each) for each in made if each is not None))
    for catch_all in (ALWAYS, _CANDIDATE):
        if catch_all in found:
            return (catch_all,)
    return found


def _needing(positions: set[int], conjunct: Conjunct) -> Conjunct:
    own = {conjunct.position, *(position for position, _ in conjunct.equal)}
    others = positions - own
    if conjunct.verify or not others:
        return conjunct
    return msgspec.structs.replace(conjunct, needs=tuple(sorted(others)))


def _count(node: Node) -> int:
    """Return how many conjuncts a tree has at most, before any is made."""
    match node:
        case AllOf(terms=terms):
            count = 1
            for term in terms:
                count = min(count * _count(term), MAX_CONJUNCTS + 1)
            return count
        case AnyOf(terms=terms):
            return min(sum(map(_count, terms)), MAX_CONJUNCTS + 1)
        case Membership(literals=literals):
            return min(len(literals), MAX_CONJUNCTS + 1)
        case Comparison(operator=Operator.UNEQUAL):
            return 2
        case _:
            return 1


def _alternatives(node: Node, layout: Layout) -> list[_Product]:
    match node:
        case AllOf(terms=terms):
            parts = product(*(_alternatives(term, layout) for term in terms))
            return [[atom for part in parts_of_one for atom in part] for parts_of_one in parts]
        case AnyOf(terms=terms):
            return [each for term in terms for each in _alternatives(term, layout)]
        case Membership():
            return [each for term in node.alternatives() for each in _alternatives(term, layout)]
        case Comparison(path=()) if type(node.literal) is Literal:
            return _lookups(node, layout)
        case _:
            return [[_OPAQUE]]


def _lookups(comparison: Comparison, layout: Layout) -> list[_Product]:
    """Return the lookups that are together as much as one comparison."""
    for position, parameter in enumerate(layout.parameters):
        if parameter.name == comparison.name:
            make = _MAKERS.get(parameter.type)
            if make is None:
                break
            try:
                return [
                    [each] for each in make(comparison, position, parameter, dialect_of(layout))
                ]
            except IncomparableError:
                break
    return [[_OPAQUE]]


def _integer_atoms(
    comparison: Comparison, position: int, parameter: Parameter, _: Dialect
) -> Iterable[_Atom]:
    literal, operator = comparison.literal, comparison.operator
    number = _integer(parameter, literal)
    if operator in (Operator.EQUAL, Operator.UNEQUAL):
        if parameter.type is ValueType.BIG_INT:
            return [_OPAQUE]  # compared by spelling
        if operator is Operator.EQUAL:
            return [_Atom(position, equal=number)]
        return [_Atom(position, high=number - 1), _Atom(position, low=number + 1)]
    bounds = _BOUNDS.get(operator)
    if bounds is None:
        return [_OPAQUE]
    low, high = bounds
    return [
        _Atom(
            position,
            low=None if low is None else number + low,
            high=None if high is None else number + high,
        )
    ]


# How far the inclusive bounds are from the literal.
_BOUNDS: dict[Operator, tuple[int | None, int | None]] = {
    Operator.GREATER: (1, None),
    Operator.GREATER_EQUAL: (0, None),
    Operator.LESS: (None, -1),
    Operator.LESS_EQUAL: (None, 0),
}


def _integer(parameter: Parameter, literal: Literal) -> int:
    if literal.kind not in (LiteralKind.NUMBER, LiteralKind.TEXT):
        raise IncomparableError("no integer")
    if parameter.type is ValueType.UINT:
        return parse_unsigned(literal.text)
    if parameter.type is ValueType.INT:
        return parse_signed(literal.text)
    return parse_native(literal.text, parameter.kind)


_ADDRESS_LENGTHS = {Dialect.EVM: 40, Dialect.STELLAR: 56}


def _address_atoms(
    comparison: Comparison, position: int, _: Parameter, dialect: Dialect
) -> Iterable[_Atom]:
    literal = comparison.literal
    if comparison.operator is not Operator.EQUAL or literal.kind is not LiteralKind.TEXT:
        return [_OPAQUE]
    if dialect is Dialect.EVM:
        normal = normal_address(literal.text)
        canonical = f"0x{normal}"
    else:
        normal = without_blanks(literal.text).lower()
        canonical = normal.upper()
    if len(normal) != _ADDRESS_LENGTHS[dialect] or not normal.isascii():
        return [_OPAQUE]
    return [_Atom(position, equal=canonical)]


def _text_atoms(
    comparison: Comparison, position: int, _: Parameter, __: Dialect
) -> Iterable[_Atom]:
    literal = comparison.literal
    if literal.kind is not LiteralKind.TEXT:
        return [_OPAQUE]
    text = literal.text.lower()
    if comparison.operator is Operator.EQUAL:
        return [_Atom(position, equal=text)]
    if comparison.operator is Operator.CONTAINS and text:
        return [_Atom(position, pattern=text)]
    return [_OPAQUE]


def _bool_atoms(
    comparison: Comparison, position: int, _: Parameter, __: Dialect
) -> Iterable[_Atom]:
    is_equality = comparison.operator in (Operator.EQUAL, Operator.UNEQUAL)
    if not is_equality or comparison.literal.kind is not LiteralKind.BOOLEAN:
        return [_OPAQUE]
    wanted = (comparison.literal.text == "true") is (comparison.operator is Operator.EQUAL)
    return [_Atom(position, equal=wanted)]


_Maker = Callable[[Comparison, int, Parameter, Dialect], Iterable[_Atom]]
_MAKERS: dict[ValueType, _Maker] = {
    ValueType.UINT: _integer_atoms,
    ValueType.INT: _integer_atoms,
    ValueType.NATIVE_INT: _integer_atoms,
    ValueType.BIG_INT: _integer_atoms,
    ValueType.ADDRESS: _address_atoms,
    ValueType.TEXT: _text_atoms,
    ValueType.BOOL: _bool_atoms,
}


_Bounds = dict[int, tuple[int | None, int | None]]


def _conjunct(atoms: _Product, layout: Layout, *, exact: bool) -> Conjunct | None:
    """Return the atoms as one lookup, or None where they contradict one another."""
    equal: dict[int, Constant] = {}
    bounds: _Bounds = {}
    patterns: list[tuple[int, str]] = []
    for atom in atoms:
        if atom.equal is not None:
            if equal.setdefault(atom.position, atom.equal) != atom.equal:
                return None
        elif atom.pattern is not None:
            patterns.append((atom.position, atom.pattern))
        elif atom is not _OPAQUE:
            known = bounds.get(atom.position)
            bounds[atom.position] = (atom.low, atom.high) if known is None else _meet(known, atom)
    if bounds:
        if not _agree(equal, bounds):
            return None
        bounds = {position: each for position, each in bounds.items() if position not in equal}
    return _filed(equal, bounds, patterns, layout, exact=exact)


def _agree(equal: dict[int, Constant], bounds: _Bounds) -> bool:
    for position, (low, high) in bounds.items():
        if low is not None and high is not None and low > high:
            return False
        if position in equal and not _within(cast("int", equal[position]), low, high):
            return False
    return True


def _meet(known: tuple[int | None, int | None], atom: _Atom) -> tuple[int | None, int | None]:
    lows = [each for each in (known[0], atom.low) if each is not None]
    highs = [each for each in (known[1], atom.high) if each is not None]
    return max(lows, default=None), min(highs, default=None)


def _within(constant: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= constant) and (high is None or constant <= high)


def _filed(
    equal: dict[int, Constant],
    bounds: _Bounds,
    patterns: list[tuple[int, str]],
    layout: Layout,
    *,
    exact: bool,
) -> Conjunct:
    """Return the lookup that finds fewest; what it leaves out has to be verified."""
    chosen = sorted(equal)
    if len(chosen) > MAX_EQUALITIES:
        chosen.sort(key=lambda each: (layout.parameters[each].type is ValueType.BOOL, each))
        chosen = sorted(chosen[:MAX_EQUALITIES])
    pairs = tuple([(each, equal[each]) for each in chosen])
    says_all = exact and len(chosen) == len(equal)
    if bounds:
        position = next(iter(bounds))
        if len(bounds) > 1:
            position = min(bounds, key=lambda each: (None in bounds[each], each))
        low, high = bounds[position]
        says_all = says_all and len(bounds) == 1 and not patterns
        return Conjunct(pairs, position, low, high, None, not says_all)
    if patterns and not pairs:
        position, pattern = max(patterns, key=lambda each: len(each[1]))
        return Conjunct((), position, None, None, pattern, not (says_all and len(patterns) == 1))
    return Conjunct(pairs, verify=not says_all or bool(patterns))
