"""Laws of reading contracts' specs; the SDK is the oracle, and garbage is a ValueError at most."""

import json
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.stellar_ledgers import contract
from tests.support.stellar_specs import PRIMITIVES, a_code, a_module, encode_spec
from tocsin.chains.stellar.codec.contract_spec import read_spec
from tocsin.chains.stellar.codec.ledger_entries import read_code, read_executable
from tocsin.chains.stellar.codec.wasm import custom_sections
from tocsin.chains.stellar.codec.xdr import from_base64
from tocsin.chains.stellar.spec import parse_spec
from tocsin.chains.stellar.spec_rpc import spec_of_entry

SECTION = b"contractspecv0"


def texts(longest: int) -> st.SearchStrategy[str]:
    return st.text("abcXYZ019_ ", min_size=1, max_size=longest)


symbols = st.text("abcXYZ019_", min_size=1, max_size=32)


def compounds(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(lambda each: {"option": {"value_type": each}}),
        inner.map(lambda each: {"vec": {"element_type": each}}),
        st.tuples(inner, inner).map(lambda t: {"map": {"key_type": t[0], "value_type": t[1]}}),
        st.tuples(inner, inner).map(lambda t: {"result": {"ok_type": t[0], "error_type": t[1]}}),
        st.lists(inner, max_size=12).map(lambda each: {"tuple": {"value_types": each}}),
    )


types = st.recursive(
    st.sampled_from(PRIMITIVES)
    | st.integers(1, 2**32 - 1).map(lambda n: {"bytes_n": {"n": n}})
    | texts(60).map(lambda name: {"udt": {"name": name}}),
    compounds,
    max_leaves=6,
)


def members(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"doc": st.just(""), **more})


def of_kind(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: {kind: body}


parameters = st.lists(members(name=texts(30), type_=types), max_size=4)
enum_cases = st.lists(members(name=texts(60), value=st.integers(0, 2**32 - 1)), max_size=3)
union_cases = st.lists(
    members(name=texts(60)).map(of_kind("void_v0"))
    | members(name=texts(60), type_=st.lists(types, max_size=3)).map(of_kind("tuple_v0")),
    max_size=3,
)
event_parameters = st.lists(
    members(name=texts(30), type_=types, location=st.sampled_from(["data", "topic_list"])),
    max_size=4,
)
named = {"lib": texts(80), "name": texts(60)}
entries = st.one_of(
    members(name=symbols, inputs=parameters, outputs=st.lists(types, max_size=1)).map(
        of_kind("function_v0")
    ),
    members(**named, fields=parameters).map(of_kind("udt_struct_v0")),
    members(**named, cases=union_cases).map(of_kind("udt_union_v0")),
    members(**named, cases=enum_cases).map(of_kind("udt_enum_v0")),
    members(**named, cases=enum_cases).map(of_kind("udt_error_enum_v0")),
    members(
        lib=texts(80),
        name=symbols,
        prefix_topics=st.lists(symbols, max_size=2),
        params=event_parameters,
        data_format=st.sampled_from(["single_value", "vec", "map"]),
    ).map(of_kind("event_v0")),
)


@given(st.lists(entries, min_size=1, max_size=4))
def test_what_the_sdk_writes_is_read_back_and_parses(spec: list[dict[str, Any]]) -> None:
    module = a_module(encode_spec(spec))
    code_hash = sha256(module).digest()
    read = spec_of_entry(a_code(module)[1], code_hash)
    assert isinstance(read, bytes)
    assert json.loads(read) == spec
    assert parse_spec(read, "spec") is not None


@given(st.lists(entries, min_size=1, max_size=3), st.data())
def test_a_changed_or_shortened_stream_is_read_or_refused(
    spec: list[dict[str, Any]], data: st.DataObject
) -> None:
    stream = bytearray(encode_spec(spec))
    place = data.draw(st.integers(0, len(stream) - 1))
    stream[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(stream)))
    with suppress(ValueError):
        read_spec(bytes(stream[:end]))


@given(st.binary(max_size=200))
def test_garbage_is_refused_with_a_value_error(garbage: bytes) -> None:
    for read in (
        lambda: read_spec(garbage),
        lambda: custom_sections(b"\0asm\x01\0\0\0" + garbage, SECTION),
        lambda: custom_sections(garbage, SECTION),
        lambda: read_code(garbage, b"\0" * 32),
        lambda: read_executable(garbage, contract(1)),
    ):
        with suppress(ValueError):
            read()


@given(st.text(max_size=60))
def test_an_entry_of_garbage_is_a_reason(garbage: str) -> None:
    assert isinstance(spec_of_entry(garbage, b"\0" * 32), str)
    with suppress(ValueError):
        from_base64(garbage)
