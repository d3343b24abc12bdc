"""SEP-48 JSON → functions and events."""

import json
from typing import Any

import pytest

from tocsin.chains.stellar.spec import ContractSpec, parse_spec
from tocsin.errors import InterfaceError
from tocsin.model.interface import ValueType

Json = dict[str, Any]


def a_function(*types: object, name: str = "f") -> Json:
    inputs = [{"doc": "", "name": f"p{i}", "type_": each} for i, each in enumerate(types)]
    return {"function_v0": {"doc": "", "name": name, "inputs": inputs, "outputs": []}}


def an_event(**changes: object) -> Json:
    param = {"doc": "", "name": "who", "type_": "address", "location": "topic_list"}
    body: Json = {
        "doc": "",
        "lib": "",
        "name": "joined",
        "prefix_topics": ["joined"],
        "params": [{"doc": "", "name": "at", "type_": "u64", "location": "data"}, param],
        "data_format": "map",
    }
    return {"event_v0": body | changes}


def a_user_type(kind: str, name: str, *fields: str) -> Json:
    listed = [{"doc": "", "name": each, "type_": "u32"} for each in fields]
    return {kind: {"doc": "", "lib": "", "name": name, "fields": listed, "cases": []}}


def spec_of(*entries: Json) -> ContractSpec:
    spec = parse_spec(json.dumps(entries).encode(), "spec")
    assert spec is not None
    return spec


@pytest.mark.parametrize(
    ("declared", "kind", "printed"),
    [
        ("i128", "I128", "I128"),
        ("muxed_address", "MuxedAddress", "Void"),
        ("val", "Val", "Void"),
        ("bytes", "Bytes", "Bytes"),
        ({"bytes_n": {"n": 32}}, "Bytes32", "Bytes32"),
        ({"option": {"value_type": "u32"}}, "Option<U32>", "Void"),
        ({"result": {"ok_type": "u32", "error_type": "error"}}, "Result<U32,Error>", "Void"),
        ({"vec": {"element_type": {"udt": {"name": "Request"}}}}, "Vec<Request>", "Vec<Request>"),
        (
            {"map": {"key_type": "string", "value_type": {"option": {"value_type": "u32"}}}},
            "Map<String,Option<U32>>",
            "Map<String,Void>",
        ),
        ({"tuple": {"value_types": ["u32", "u64"]}}, "Tuple<U32,U64>", "Tuple<U32,U64>"),
    ],
)
def test_a_type_has_a_full_and_a_printed_name(declared: object, kind: str, printed: str) -> None:
    (parameter,) = spec_of(a_function(declared)).functions[0].parameters
    assert (parameter.type.kind, parameter.type.printed) == (kind, printed)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (a_user_type("udt_struct_v0", "T", "amount"), ValueType.MAP),
        (a_user_type("udt_struct_v0", "T", "0", "1"), ValueType.ARRAY),
        (a_user_type("udt_union_v0", "T"), ValueType.ARRAY),
        (a_user_type("udt_enum_v0", "T"), ValueType.NATIVE_INT),
        (a_user_type("udt_error_enum_v0", "T"), ValueType.OPAQUE),
        (a_user_type("udt_struct_v0", "Other"), ValueType.OPAQUE),
    ],
)
def test_a_user_type_compares_as_it_arrives(entry: Json, expected: ValueType) -> None:
    spec = spec_of(a_function({"udt": {"name": "T"}}), entry)
    assert spec.functions[0].parameters[0].type.type is expected


def test_an_event_s_signature_has_its_topics_first() -> None:
    (event,) = spec_of(an_event()).events
    assert event.signature == "joined(Address,U64)"


def test_the_first_function_of_a_name_counts() -> None:
    functions = spec_of(a_function("u32"), a_function("u64")).functions
    assert [each.signature for each in functions] == ["f(U32)"]


@pytest.mark.parametrize("raw", [b"null", b"[]", b" [ ] "])
def test_nothing_is_no_spec(raw: bytes) -> None:
    assert parse_spec(raw, "spec") is None


DEEP: Json = {"vec": {"element_type": "u32"}}
for _ in range(20):
    DEEP = {"vec": {"element_type": DEEP}}


@pytest.mark.parametrize(
    ("entries", "field"),
    [
        ([{"type": "function", "name": "f", "inputs": []}], "spec[0]"),
        ([{"function_v1": {}}], "spec[0]"),
        ([{}], "spec[0]"),
        ([a_function() | an_event()], "spec[0]"),
        ([{"function_v0": {"inputs": []}}], "spec[0].function_v0"),
        ([{"function_v0": {"name": "f", "inputs": 5}}], "spec[0].function_v0"),
        ([a_function("uint256")], "spec[0].function_v0.inputs[0].type_"),
        ([a_function(None)], "spec[0].function_v0.inputs[0].type_"),
        ([a_function({"vec": "u32"})], "spec[0].function_v0.inputs[0].type_"),
        ([a_function({"vec": {}})], "spec[0].function_v0.inputs[0].type_.vec.element_type"),
        (
            [a_function({"tuple": {"value_types": "u32"}})],
            "spec[0].function_v0.inputs[0].type_.tuple.value_types",
        ),
        ([a_function({"bytes_n": {"n": True}})], "spec[0].function_v0.inputs[0].type_.bytes_n.n"),
        ([a_function({"udt": {"name": 5}})], "spec[0].function_v0.inputs[0].type_.udt.name"),
        ([a_function(), an_event(data_format="list")], "spec[1].event_v0.data_format"),
        ([an_event(prefix_topics=["a", "b", "c"])], "spec[0].event_v0.prefix_topics"),
        (
            [an_event(params=[{"name": "a", "type_": "u32", "location": "up"}])],
            "spec[0].event_v0.params[0].location",
        ),
    ],
)
def test_what_is_no_spec_is_refused_at_its_place(entries: list[Json], field: str) -> None:
    with pytest.raises(InterfaceError) as refusal:
        parse_spec(json.dumps(entries).encode(), "spec")
    assert refusal.value.field == field


@pytest.mark.parametrize("raw", [b"", b"{", b"5", b'"x"', b"{}", b"[5]", b"\xff", b"[" * 100_000])
def test_what_is_not_even_a_list_is_refused(raw: bytes) -> None:
    with pytest.raises(InterfaceError):
        parse_spec(raw, "spec")


def test_types_without_end_are_refused() -> None:
    with pytest.raises(InterfaceError, match="too deeply"):
        spec_of(a_function(DEEP))
