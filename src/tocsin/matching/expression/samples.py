"""Parameters given as text, and an expression → what it comes to, or why it cannot be told.

This is evaluation as the original does it, one comparison after another in the order of the text:
what AND or OR skips is not looked at, not even its names. What a monitor is checked for when it
is saved is in ``checker``.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from tocsin.matching.expression.advice import shown, suggest_name
from tocsin.matching.expression.computing import (
    NO_LISTS,
    Lists,
    find_list,
    list_test,
    pattern_test,
    relation_holds,
)
from tocsin.matching.expression.evaluator import build_test
from tocsin.matching.expression.parts import is_json, part_at
from tocsin.matching.expression.structures import folded_structure, structure_of
from tocsin.matching.expression.syntax import (
    AllOf,
    AnyOf,
    Comparison,
    Listed,
    LiteralKind,
    Membership,
    Negation,
    Node,
    Operator,
    Pattern,
    Reference,
    Relation,
)
from tocsin.matching.expression.values import (
    Dialect,
    Fault,
    IncomparableError,
    parse_native,
    parse_signed,
    parse_unsigned,
)
from tocsin.model.interface import Argument, Value, ValueType

MAX_WORK = 32_768  # characters of structured values, each counted whenever it is looked at
_PLAIN_SHARE = 16  # so many characters of plain text count as one


class Sample(msgspec.Struct, frozen=True):
    """One parameter as a match would show it."""

    name: str
    kind: str
    value: str


class Unmade(msgspec.Struct, frozen=True):
    """A comparison that could not be made, and the column of the expression where it stands."""

    fault: Fault
    message: str
    column: int


class _StoppedError(Exception):
    """Carries an ``Unmade`` out of the comparison that could not be made."""

    def __init__(self, unmade: Unmade) -> None:
        super().__init__(unmade.message)
        self.unmade = unmade


def evaluate_samples(
    node: Node, dialect: Dialect, samples: Sequence[Sample], lists: Lists = NO_LISTS
) -> bool | Unmade:
    """Return whether an expression holds for parameters; of equal names the first one counts."""
    arguments: dict[str, Argument] = {}
    for sample in samples:
        if sample.name not in arguments:
            arguments[sample.name] = to_argument_of(sample, dialect)
    try:
        return _Trial(arguments, dialect, lists).holds(node)
    except _StoppedError as stopped:
        return stopped.unmade


class _Trial:
    """Evaluates one tree over named arguments."""

    def __init__(self, arguments: Mapping[str, Argument], dialect: Dialect, lists: Lists) -> None:
        self._arguments = arguments
        self._dialect = dialect
        self._lists = lists
        self._work_left = MAX_WORK

    def holds(self, node: Node) -> bool:
        match node:
            case Comparison():
                return self._comparison(node)
            case AllOf(terms=terms):
                return all(self.holds(term) for term in terms)
            case AnyOf(terms=terms):
                return any(self.holds(term) for term in terms)
            case Negation(term=term):
                return not self.holds(term)
            case Membership():
                return any(map(self._comparison, node.alternatives()))
            case _:
                return self._extension(node)

    def _comparison(self, node: Comparison) -> bool:
        reference = Reference(node.name, node.path, node.column)
        argument = self._find(reference)
        try:
            _require_value(argument)
            if argument.type in {ValueType.ARRAY, ValueType.MAP} and _compares_json(node):
                self._require_json(argument)
            return build_test(
                argument.kind, argument.type, self._dialect, node.operator, node.literal
            )(argument)
        except IncomparableError as cause:
            if not node.path:
                cause.fault = self._fault(argument, node.operator, cause.fault)
            elif _has_no_parts(self._arguments[node.name]):
                cause.fault = Fault.PARSE
            raise _stopped(cause, node.literal_column) from cause

    def _fault(self, argument: Argument, operator: Operator, fault: Fault) -> Fault:
        """Return what is wrong in the original's words, for types that it does not compare."""
        if not _known_to_original(argument.kind, self._dialect):
            return Fault.TYPE
        equality = operator in {Operator.EQUAL, Operator.UNEQUAL}
        unordered = argument.type is ValueType.BIG_INT and not equality
        return Fault.OPERATOR if unordered and fault is Fault.PARSE else fault

    def _require_json(self, argument: Argument) -> None:
        if self._dialect is Dialect.EVM:
            folded_structure(argument)
        elif argument.type is ValueType.MAP:
            structure_of(argument, self._dialect)

    def _extension(self, node: Relation | Listed | Pattern) -> bool:
        try:
            match node:
                case Relation():
                    return relation_holds(node, self._find, self._dialect)
                case Listed(reference=reference):
                    in_list = list_test(find_list(node, self._lists), self._dialect)
                    return in_list(self._find(reference))
                case _:
                    return pattern_test(node.pattern)(self._find(node.reference))
        except IncomparableError as cause:
            raise _stopped(cause, _column(node)) from cause

    def _count_work(self, characters: int) -> None:
        self._work_left -= characters
        if self._work_left < 0:
            raise IncomparableError(f"more than {MAX_WORK} characters to look at")

    def _find(self, reference: Reference) -> Argument:
        """Return the value of a parameter or a part of it."""
        argument = self._arguments.get(reference.name)
        try:
            if argument is None:
                raise IncomparableError(
                    f"there is no parameter {shown(reference.name)}",
                    Fault.VARIABLE,
                    suggestion=suggest_name(reference.name, self._arguments),
                )
            structured = bool(reference.path) or argument.type in _STRUCTURED
            self._count_work(len(argument.text) // (1 if structured else _PLAIN_SHARE))
            if not reference.path:
                return argument
            return part_at(argument, reference.path, self._dialect)
        except IncomparableError as cause:
            if argument is not None and _has_no_parts(argument):
                cause.fault = Fault.PARSE
            raise _stopped(cause, reference.column) from cause


_STRUCTURED = {ValueType.ARRAY, ValueType.TUPLE, ValueType.MAP}


def _has_no_parts(argument: Argument) -> bool:
    # The original reads JSON, which a tuple as it is rendered is not.
    return argument.type is ValueType.TUPLE and not is_json(argument)


def _stopped(cause: IncomparableError, column: int) -> _StoppedError:
    return _StoppedError(Unmade(cause.fault, str(cause), column))


def _column(node: Relation | Listed | Pattern) -> int:
    match node:
        case Relation(right_column=column):
            return column
        case Listed(list_column=column):
            return column
        case _:
            return node.pattern_column


def _compares_json(node: Comparison) -> bool:
    equality = node.operator in {Operator.EQUAL, Operator.UNEQUAL}
    return equality and node.literal.kind is LiteralKind.TEXT


_READ_FIRST = {ValueType.UINT, ValueType.INT, ValueType.NATIVE_INT, ValueType.BOOL}


def _require_value(argument: Argument) -> None:
    # The original reads the left side before it looks at the literal or the operator.
    if argument.type in _READ_FIRST and argument.value is None:
        raise IncomparableError(f"the value is no {argument.kind[:64]}")


_ORIGINAL_EVM = re.compile(
    r"array|number|tuple|address|u?int(?:8|16|32|64|128|256)(?:\[\])?"
    r"|(?:string|bool|bytes|bytes32|address|tuple)(?:\[\])?"
)


def _known_to_original(kind: str, dialect: Dialect) -> bool:
    if dialect is Dialect.EVM:
        return _ORIGINAL_EVM.fullmatch(kind.lower()) is not None
    return kind.split("<", 1)[0].lower() in _STELLAR_TYPES


def to_argument_of(sample: Sample, dialect: Dialect) -> Argument:
    """Return a parameter with its value read as its kind demands, or None where it is not that."""
    evm = dialect is Dialect.EVM
    value_type = _evm_type(sample.kind.lower()) if evm else _stellar_type(sample.kind)
    return Argument(
        name=sample.name,
        kind=sample.kind,
        type=value_type,
        value=_value(value_type, sample),
        text=sample.value,
    )


_WIDTH = r"(?:8|16|24|32|40|48|56|64|72|80|88|96|1[0-9]{2}|2[0-4][0-9]|25[0-6])"
_UINT = re.compile(rf"uint({_WIDTH})|number")
_INT = re.compile(rf"int({_WIDTH})")
_EVM_TEXT = re.compile(r"string|bytes(?:[1-9]|[12][0-9]|3[0-2])?")
_ELEMENTS = re.compile(r"(?:\[[0-9]*\])+$")


def _evm_type(kind: str) -> ValueType:
    element = _ELEMENTS.sub("", kind)
    if element != kind:
        known = _evm_type(element) not in {ValueType.OPAQUE, ValueType.ARRAY}
        return ValueType.ARRAY if known and element != "number" else ValueType.OPAQUE
    patterns = ((_UINT, ValueType.UINT), (_INT, ValueType.INT), (_EVM_TEXT, ValueType.TEXT))
    for pattern, value_type in patterns:
        found = pattern.fullmatch(kind)
        if found is not None and int((found.groups() or ("8",))[0] or 8) % 8 == 0:
            return value_type
    if kind.startswith("tuple("):
        return ValueType.TUPLE
    return ValueType(kind) if kind in {"address", "bool", "tuple", "array"} else ValueType.OPAQUE


_STELLAR_TYPES = {
    **dict.fromkeys(
        ("u32", "u64", "i32", "i64", "u128", "i128", "timepoint", "duration"),
        ValueType.NATIVE_INT,
    ),
    **dict.fromkeys(("u256", "i256"), ValueType.BIG_INT),
    **dict.fromkeys(("string", "symbol", "bytes"), ValueType.TEXT),
    "bool": ValueType.BOOL,
    "address": ValueType.ADDRESS,
    "vec": ValueType.ARRAY,
    "map": ValueType.MAP,
}
_FIXED_BYTES = re.compile(r"bytes[0-9]+")


def _stellar_type(kind: str) -> ValueType:
    base = kind.split("<", 1)[0].lower()
    if _FIXED_BYTES.fullmatch(base) is not None:
        return ValueType.TEXT
    return _STELLAR_TYPES.get(base, ValueType.OPAQUE)


def _value(value_type: ValueType, sample: Sample) -> Value:
    match value_type:
        case ValueType.TEXT | ValueType.ADDRESS:
            return sample.value
        case ValueType.BOOL:
            return {"true": True, "false": False}.get(sample.value)
        case ValueType.ARRAY | ValueType.TUPLE | ValueType.MAP | ValueType.OPAQUE:
            return None
        case _:
            return _integer(value_type, sample)


def _integer(value_type: ValueType, sample: Sample) -> Value:
    try:
        if value_type is ValueType.UINT:
            return parse_unsigned(sample.value)
        if value_type is ValueType.INT:
            return parse_signed(sample.value)
        return parse_native(sample.value, sample.kind)
    except IncomparableError:
        # Stellar's integers of 256 bits are equal by their spelling, whatever that is.
        return sample.value if value_type is ValueType.BIG_INT else None
