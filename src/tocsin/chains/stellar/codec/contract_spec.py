"""XDR of a contract's spec → its entries as SEP-48 JSON spells them.

Documentation texts are left out: they are long, and nothing here asks for them.

Source: SEP-48 and Stellar-contract-spec.x (``SCSpecEntry``) of protocol 23.
"""

from collections.abc import Callable

from tocsin.chains.stellar.codec.xdr import XdrReader

MOST_SPEC_BYTES = 128 << 10
"""What a network stores of one contract, code included."""

Entry = dict[str, object]

_LONGEST_DOC = 1024
_LONGEST_LIB = 80
_LONGEST_NAME = 60  # of a type or a case of one
_LONGEST_SYMBOL = 32
_LONGEST_PARAMETER = 30
_MOST_PREFIX_TOPICS = 2
_MOST_IN_TUPLE = 12
_MOST_OUTPUTS = 1


def read_spec(stream: bytes) -> list[Entry]:
    """Return the entries that stand in the stream one after the other, in its order.

    Raises:
        ValueError: the bytes are not entries, to the last of them, or too many.
    """
    if len(stream) > MOST_SPEC_BYTES:
        raise ValueError(f"a spec has at most {MOST_SPEC_BYTES} bytes")
    reader = XdrReader(stream)
    entries: list[Entry] = []
    while reader.position < len(stream):
        key, read = _arm(reader, _ENTRIES, "entry")
        entries.append({key: read(reader)})
    return entries


def _text(reader: XdrReader, limit_bytes: int) -> str:
    return reader.opaque(limit_bytes).decode()  # UnicodeDecodeError is a ValueError


def _described(reader: XdrReader) -> Entry:
    reader.opaque(_LONGEST_DOC)
    return {"doc": ""}


def _in_library(reader: XdrReader, longest_name: int) -> Entry:
    entry = _described(reader)
    entry["lib"] = _text(reader, _LONGEST_LIB)
    entry["name"] = _text(reader, longest_name)
    return entry


def _list(
    reader: XdrReader, read: Callable[[XdrReader], object], most: int | None = None
) -> object:
    count = reader.count()
    if most is not None and count > most:
        raise ValueError(f"a list of {count} where at most {most} may be")
    return [read(reader) for _ in range(count)]


_Arms = dict[int, tuple[str, Callable[[XdrReader], object]]]


def _arm(reader: XdrReader, arms: _Arms, what: str) -> tuple[str, Callable[[XdrReader], object]]:
    tag = reader.unsigned()
    if tag not in arms:
        raise ValueError(f"there is no {what} {tag} in a spec")
    return arms[tag]


def _choice(reader: XdrReader, names: tuple[str, ...], what: str) -> str:
    tag = reader.unsigned()
    if tag >= len(names):
        raise ValueError(f"there is no {what} {tag} in a spec")
    return names[tag]


def _type(reader: XdrReader) -> object:
    tag = reader.unsigned()
    if tag in _PRIMITIVES:
        return _PRIMITIVES[tag]
    if tag not in _COMPOUNDS:
        raise ValueError(f"there is no type {tag} in a spec")
    name, members = _COMPOUNDS[tag]
    with reader.nested():
        return {name: {key: read(reader) for key, read in members}}


def _tuple_members(reader: XdrReader) -> object:
    return _list(reader, _type, _MOST_IN_TUPLE)


def _type_name(reader: XdrReader) -> object:
    return _text(reader, _LONGEST_NAME)


def _parameter(reader: XdrReader) -> Entry:
    entry = _described(reader)
    entry["name"] = _text(reader, _LONGEST_PARAMETER)
    entry["type_"] = _type(reader)
    return entry


def _event_parameter(reader: XdrReader) -> Entry:
    entry = _parameter(reader)
    entry["location"] = _choice(reader, ("data", "topic_list"), "location")
    return entry


def _function(reader: XdrReader) -> Entry:
    entry = _described(reader)
    entry["name"] = _text(reader, _LONGEST_SYMBOL)
    entry["inputs"] = _list(reader, _parameter)
    entry["outputs"] = _list(reader, _type, _MOST_OUTPUTS)
    return entry


def _struct(reader: XdrReader) -> Entry:
    entry = _in_library(reader, _LONGEST_NAME)
    entry["fields"] = _list(reader, _parameter)
    return entry


def _void_case(reader: XdrReader) -> Entry:
    entry = _described(reader)
    entry["name"] = _text(reader, _LONGEST_NAME)
    return entry


def _tuple_case(reader: XdrReader) -> Entry:
    entry = _void_case(reader)
    entry["type_"] = _list(reader, _type)
    return entry


def _union_case(reader: XdrReader) -> Entry:
    key, read = _arm(reader, _UNION_CASES, "case")
    return {key: read(reader)}


def _union(reader: XdrReader) -> Entry:
    entry = _in_library(reader, _LONGEST_NAME)
    entry["cases"] = _list(reader, _union_case)
    return entry


def _enum_case(reader: XdrReader) -> Entry:
    entry = _void_case(reader)
    entry["value"] = reader.unsigned()
    return entry


def _enum(reader: XdrReader) -> Entry:
    entry = _in_library(reader, _LONGEST_NAME)
    entry["cases"] = _list(reader, _enum_case)
    return entry


def _event(reader: XdrReader) -> Entry:
    entry = _in_library(reader, _LONGEST_SYMBOL)
    entry["prefix_topics"] = _list(
        reader, lambda each: _text(each, _LONGEST_SYMBOL), _MOST_PREFIX_TOPICS
    )
    entry["params"] = _list(reader, _event_parameter)
    entry["data_format"] = _choice(reader, ("single_value", "vec", "map"), "data format")
    return entry


_ENTRIES: _Arms = {
    0: ("function_v0", _function),
    1: ("udt_struct_v0", _struct),
    2: ("udt_union_v0", _union),
    3: ("udt_enum_v0", _enum),
    4: ("udt_error_enum_v0", _enum),
    5: ("event_v0", _event),
}
_UNION_CASES: _Arms = {0: ("void_v0", _void_case), 1: ("tuple_v0", _tuple_case)}

_PRIMITIVES = {
    0: "val",
    1: "bool",
    2: "void",
    3: "error",
    4: "u32",
    5: "i32",
    6: "u64",
    7: "i64",
    8: "timepoint",
    9: "duration",
    10: "u128",
    11: "i128",
    12: "u256",
    13: "i256",
    14: "bytes",
    16: "string",
    17: "symbol",
    19: "address",
    20: "muxed_address",
}
_Members = tuple[tuple[str, Callable[[XdrReader], object]], ...]
_COMPOUNDS: dict[int, tuple[str, _Members]] = {
    1000: ("option", (("value_type", _type),)),
    1001: ("result", (("ok_type", _type), ("error_type", _type))),
    1002: ("vec", (("element_type", _type),)),
    1004: ("map", (("key_type", _type), ("value_type", _type))),
    1005: ("tuple", (("value_types", _tuple_members),)),
    1006: ("bytes_n", (("n", XdrReader.unsigned),)),
    2000: ("udt", (("name", _type_name),)),
}
