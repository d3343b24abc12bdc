"""XDR of specs → SEP-48 JSON, with the SDK as oracle; and streams that are none."""

import json
import time
from typing import Any

import pytest
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_specs import PRIMITIVES, encode_entry, encode_spec
from tocsin.chains.stellar.codec.contract_spec import MOST_SPEC_BYTES, read_spec
from tocsin.chains.stellar.spec import parse_spec

Json = dict[str, Any]

COMPOUNDS: list[Json] = [
    {"option": {"value_type": "u32"}},
    {"result": {"ok_type": "u32", "error_type": {"udt": {"name": "Failure"}}}},
    {"vec": {"element_type": {"vec": {"element_type": "i128"}}}},
    {"map": {"key_type": "symbol", "value_type": {"udt": {"name": "Reserve"}}}},
    {"tuple": {"value_types": ["address", {"bytes_n": {"n": 32}}]}},
    {"tuple": {"value_types": []}},
]


def a_function(*types: object, name: str = "f", outputs: list[object] | None = None) -> Json:
    inputs = [{"doc": "", "name": f"p{i}", "type_": each} for i, each in enumerate(types)]
    return {"function_v0": {"doc": "", "name": name, "inputs": inputs, "outputs": outputs or []}}


def in_library(kind: str, **members: object) -> Json:
    return {kind: {"doc": "", "lib": "lib", "name": "Thing", **members}}


ENTRIES: list[Json] = [
    a_function(),
    a_function(*PRIMITIVES, name="n" * 32, outputs=["u32"]),
    a_function(*COMPOUNDS),
    in_library("udt_struct_v0", fields=[{"doc": "", "name": "a", "type_": "u32"}]),
    in_library(
        "udt_union_v0",
        cases=[
            {"void_v0": {"doc": "", "name": "None"}},
            {"tuple_v0": {"doc": "", "name": "Some", "type_": ["u32", "symbol"]}},
        ],
    ),
    in_library("udt_enum_v0", cases=[{"doc": "", "name": "One", "value": 1}]),
    in_library("udt_error_enum_v0", cases=[{"doc": "", "name": "No", "value": 2**32 - 1}]),
    in_library(
        "event_v0",
        prefix_topics=["a", "b"],
        params=[
            {"doc": "", "name": "who", "type_": "address", "location": "topic_list"},
            {"doc": "", "name": "at", "type_": "u64", "location": "data"},
        ],
        data_format="map",
    ),
    in_library("event_v0", prefix_topics=[], params=[], data_format="single_value"),
    in_library("event_v0", prefix_topics=["x"], params=[], data_format="vec"),
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: next(iter(entry)))
def test_an_entry_is_read_as_the_sdk_writes_it(entry: Json) -> None:
    assert read_spec(encode_entry(entry)) == [entry]


def test_entries_stand_one_after_the_other_and_parse() -> None:
    stream = encode_spec(ENTRIES)
    assert read_spec(stream) == ENTRIES
    spec = parse_spec(json.dumps(read_spec(stream)).encode(), "spec")
    assert spec is not None
    assert [each.name for each in spec.functions] == ["f", "n" * 32]


def test_documentation_is_left_out() -> None:
    entry = a_function("u32")
    entry["function_v0"]["doc"] = "Long. " * 100
    [read] = read_spec(encode_entry(entry))
    assert read == a_function("u32")


def integers(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (integers(6), "no entry 6"),
        (integers(0, 0), "ends too early"),
        (integers(0, 0, 1) + b"\xff\0\0\0" + integers(0, 0), "utf-8"),
        (integers(0, 2**32 - 1), "not at most"),
        (integers(0, 0, 33) + b"n" * 36, "not at most"),
        (integers(0, 0, 0, 2**32 - 1), "longer than its bytes"),
        (integers(0, 0, 0, 0, 2, 4, 4), "where at most 1"),
        (integers(0, 0, 0, 0, 1, 15), "no type 15"),
        (integers(0, 0, 0, 0, 1, 1005, 13) + integers(4) * 13, "where at most 12"),
        (integers(0, 0, 0, 0, 1) + integers(1000) * 200, "nested too deeply"),
        (integers(2, 0, 0, 0, 1, 2), "no case 2"),
        (integers(5, 0, 0, 0, 3, 0, 0, 0), "where at most 2"),
        (integers(5, 0, 0, 0, 0, 1, 0, 0, 4, 2), "no location 2"),
        (integers(5, 0, 0, 0, 0, 0, 3), "no data format 3"),
        (b"\0" * (MOST_SPEC_BYTES + 4), "at most"),
    ],
)
def test_a_stream_that_lies_is_a_value_error(stream: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_spec(stream)


def test_the_largest_hostile_specs_are_read_in_bounded_time() -> None:
    room = MOST_SPEC_BYTES - 24
    wide = integers(0, 0, 0, room // 12) + integers(0, 0, 4) * (room // 12) + integers(0)
    short = integers(0, 0, 0, 0, 0) * (MOST_SPEC_BYTES // 20)
    before = time.process_time()
    for stream in (wide, short):
        parse_spec(json.dumps(read_spec(stream)).encode(), "spec")
    assert time.process_time() - before < 2


def test_what_is_read_is_what_the_sdk_reads_back() -> None:
    entry = stellar_xdr.SCSpecEntry.from_xdr_bytes(encode_entry(ENTRIES[1]))
    assert entry.function_v0 is not None
    assert len(entry.function_v0.inputs) == len(PRIMITIVES)
