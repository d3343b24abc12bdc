"""Laws of the ABI decoder and the codec, with eth-abi and rlp as oracles."""

from typing import Any

import rlp
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.abi import read_values
from tocsin.chains.evm.abi import AbiType
from tocsin.chains.evm.codec import parse_quantity, rlp_integer, rlp_list
from tocsin.chains.evm.layout import decoder_of, to_parameter
from tocsin.model.interface import Layout, Value

Shape = tuple[str, list[Any]]
"""An ABI type's text and the shapes of its components."""

ELEMENTARY: st.SearchStrategy[Shape] = st.one_of(
    st.sampled_from(["address", "bool", "string", "bytes"]),
    st.integers(1, 32).map(lambda size: f"bytes{size}"),
    st.integers(1, 32).map(lambda size: f"uint{8 * size}"),
    st.integers(1, 32).map(lambda size: f"int{8 * size}"),
).map(lambda kind: (kind, []))


def _wider(shapes: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    suffixes = st.one_of(st.just("[]"), st.integers(1, 3).map(lambda size: f"[{size}]"))
    arrays = st.tuples(shapes, suffixes).map(lambda pair: (pair[0][0] + pair[1], pair[0][1]))
    return st.one_of(arrays, st.lists(shapes, min_size=1, max_size=3).map(lambda f: ("tuple", f)))


SHAPES = st.recursive(ELEMENTARY, _wider, max_leaves=6)


def values_of(shape: Shape) -> st.SearchStrategy[Any]:
    """Return pairs of what eth-abi encodes and what we must decode."""
    kind, components = shape
    if kind.endswith("]"):
        element, _, size = kind[:-1].rpartition("[")
        low, high = (int(size), int(size)) if size else (0, 4)
        return st.lists(values_of((element, components)), min_size=low, max_size=high).map(_unzip)
    if kind == "tuple":
        return st.tuples(*map(values_of, components)).map(list).map(_unzip)
    if kind.startswith(("uint", "int")):
        bits = int(kind.removeprefix("u").removeprefix("int"))
        low, high = (0, 2**bits) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1))
        return st.integers(low, high - 1).map(lambda value: (value, value))
    return _texts(kind)


def _texts(kind: str) -> st.SearchStrategy[Any]:
    match kind:
        case "bool":
            return st.booleans().map(lambda value: (value, value))
        case "string":
            return st.text(max_size=40).map(lambda value: (value, value))
        case "address":
            return st.binary(min_size=20, max_size=20).map(lambda v: ("0x" + v.hex(),) * 2)
        case "bytes":
            return st.binary(max_size=70).map(lambda value: (value, "0x" + value.hex()))
        case _:
            size = int(kind.removeprefix("bytes"))
            return st.binary(min_size=size, max_size=size).map(lambda v: (v, "0x" + v.hex()))


def _unzip(pairs: list[Any]) -> tuple[Any, Any]:
    return tuple(given for given, _ in pairs), [expected for _, expected in pairs]


def oracle_text(shape: Shape) -> str:
    """Return the type as eth-abi writes it, tuples expanded."""
    kind, components = shape
    inner = "(" + ",".join(map(oracle_text, components)) + ")"
    return kind.replace("tuple", inner)


def parameter_of(name: str, shape: Shape) -> Any:
    """Return our parameter for a shape."""
    kind, components = shape
    return to_parameter(name, kind, components=[parameter_of("", each) for each in components])


def layout_of(shapes: list[Shape]) -> Layout:
    """Return a layout of parameters that are not indexed."""
    return Layout(
        family="EVM",
        parameters=tuple(parameter_of(f"p{place}", each) for place, each in enumerate(shapes)),
    )


def types_of(layout: Layout) -> tuple[AbiType, ...]:
    """Return the ABI types of a layout."""
    decoder = decoder_of(layout)
    assert decoder is not None
    return decoder.types


@settings(max_examples=80, deadline=None)
@given(data=st.data(), shapes=st.lists(SHAPES, min_size=1, max_size=4))
def test_decoding_gives_back_what_was_encoded(data: st.DataObject, shapes: list[Shape]) -> None:
    encoded, expected = data.draw(st.tuples(*map(values_of, shapes)).map(list).map(_unzip))
    raw = encode([oracle_text(each) for each in shapes], encoded)
    decoder = decoder_of(layout_of(shapes))
    assert decoder is not None
    assert decoder.values((), "0x" + raw.hex()) == expected


_MUTATIONS = st.lists(
    st.tuples(st.integers(0, 2**16), st.sampled_from([0, 1, 2, 31, 32, 64, 128, 255])), max_size=3
)


def _as_ours(shape: Shape, value: Any) -> Value:
    kind, components = shape
    if kind.endswith("]"):
        element = (kind[:-1].rpartition("[")[0], components)
        return [_as_ours(element, each) for each in value]
    if kind == "tuple":
        return [_as_ours(each, part) for each, part in zip(components, value, strict=True)]
    if isinstance(value, bytes):
        return "0x" + value.hex()
    found: Value = value
    return found


def _oracle(shapes: list[Shape], raw: bytes) -> list[Value] | None:
    """Return what eth-abi reads; padding that the end cuts off is given back to it."""
    whole = raw + bytes(-len(raw) % 32)
    try:
        found = decode([oracle_text(each) for each in shapes], whole)
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return None
    return [_as_ours(shape, value) for shape, value in zip(shapes, found, strict=True)]


@settings(max_examples=100, deadline=None)
@given(data=st.data(), shapes=st.lists(SHAPES, min_size=1, max_size=3), changes=_MUTATIONS)
def test_spoilt_data_decode_as_eth_abi_decodes_them_or_not_at_all(
    data: st.DataObject, shapes: list[Shape], changes: list[tuple[int, int]]
) -> None:
    encoded, _ = data.draw(st.tuples(*map(values_of, shapes)).map(list).map(_unzip))
    raw = bytearray(encode([oracle_text(each) for each in shapes], encoded))
    for place, value in changes:
        raw[place % len(raw)] = value
    spoilt = bytes(raw[: data.draw(st.integers(len(raw) // 2, len(raw)))])
    try:
        found = list(read_values(types_of(layout_of(shapes)), spoilt))
    except ValueError as refusal:
        if len(spoilt) == len(raw) and not any(
            words in str(refusal) for words in ("astray", "more values")
        ):
            assert _oracle(shapes, spoilt) is None
        return
    assert found == _oracle(shapes, spoilt)


@settings(max_examples=80, deadline=None)
@given(shapes=st.lists(SHAPES, min_size=1, max_size=3), noise=st.binary(max_size=400))
def test_noise_decodes_to_something_bounded_or_is_refused(
    shapes: list[Shape], noise: bytes
) -> None:
    try:
        found = read_values(types_of(layout_of(shapes)), noise)
    except ValueError:
        return
    assert _size(list(found)) <= 8 * (len(noise) // 32) + 64


def _size(value: Value) -> int:
    return 1 + sum(map(_size, value)) if isinstance(value, list) else 0


@settings(max_examples=50, deadline=None)
@given(data=st.data(), shapes=st.lists(SHAPES, min_size=1, max_size=3))
def test_data_cut_short_is_refused(data: st.DataObject, shapes: list[Shape]) -> None:
    encoded, _ = data.draw(st.tuples(*map(values_of, shapes)).map(list).map(_unzip))
    raw = encode([oracle_text(each) for each in shapes], encoded)
    head = sum(each.head_size for each in types_of(layout_of(shapes)))
    cut = data.draw(st.integers(0, head - 1))
    try:
        read_values(types_of(layout_of(shapes)), raw[:cut])
    except ValueError:
        return
    raise AssertionError("decoded although the head was cut")


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_rlp_agrees_with_the_library(items: list[bytes]) -> None:
    assert rlp_list(items) == rlp.encode(items)


@given(st.integers(0, 2**256 - 1))
def test_integers_survive_as_quantities_and_in_rlp(value: int) -> None:
    assert parse_quantity(hex(value)) == value
    assert int.from_bytes(rlp_integer(value)) == value
    assert rlp_integer(value)[:1] != b"\0"
