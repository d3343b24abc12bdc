"""How ABI values are read, refused and shown."""

import json
from typing import Any

import pytest
from eth_abi.abi import encode

from tests.support.abi import read_values
from tocsin.chains.evm.abi import MAX_DEPTH, AbiType, array_of, elementary, tuple_of
from tocsin.chains.evm.codec import is_hash, parse_data, parse_quantity, selector_of, topic_of
from tocsin.chains.evm.generator import generate_decoder
from tocsin.chains.evm.interface import parse_interface
from tocsin.chains.evm.layout import abi_type, canonical_signature, to_parameter, topic_count
from tocsin.errors import InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Value, ValueType

WORD_OF_ONES = "ff" * 32


def words(*values: int | str) -> bytes:
    return bytes.fromhex("".join(v if isinstance(v, str) else f"{v:064x}" for v in values))


def read(kind: AbiType, data: bytes) -> Value:
    return read_values([kind], data)[0]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("uint8", words(256)),
        ("int8", words(128)),
        ("int8", words(WORD_OF_ONES[:-2] + "7f")),
        ("bool", words(2)),
        ("address", words("01" + "00" * 31)),
        ("bytes4", words("deadbeef01" + "00" * 27)),
        ("uint256", words(1)[:31]),
        ("uint256", b""),
    ],
)
def test_a_word_that_is_no_such_value_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(elementary(kind), data)


@pytest.mark.parametrize(
    ("kind", "data", "value"),
    [
        ("uint8", words(255), 255),
        ("int8", words(WORD_OF_ONES[:-2] + "80"), -128),
        ("int256", words("80" + "00" * 31), -(2**255)),
        ("uint256", words(WORD_OF_ONES), 2**256 - 1),
        ("bool", words(1), True),
        ("address", words("00" * 12 + "AB" * 20), "0x" + "ab" * 20),
        ("bytes4", words("deadbeef" + "00" * 28), "0xdeadbeef"),
        ("function", words("12" * 24 + "00" * 8), "0x" + "12" * 24),
        ("string", words(32, 2, "6869" + "00" * 30), "hi"),
        ("bytes", words(32, 0), "0x"),
        ("uint256", words(7, 8), 7),
    ],
)
def test_a_value_is_read_exactly(kind: str, data: bytes, value: Value) -> None:
    found = read(elementary(kind), data)
    assert found == value
    assert type(found) is type(value)


def test_bytes_need_no_padding_behind_them() -> None:
    assert read(elementary("bytes"), words(32, 3) + b"\x01\x02\x03") == "0x010203"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("string", words(32, 1, "ff" + "00" * 31)),
        ("string", words(32, 1, "41" + "00" * 30 + "01")),
        ("bytes", words(32, 3) + b"\x01\x02\x03\x04"),
        ("bytes", words(0, 0)),
        ("bytes[]", words(32, 1, 0, 0)),
        ("bytes", words(2**64 + 32, 0)),
        ("bytes", words(32, 2**64)),
    ],
)
def test_text_bytes_and_offsets_are_held_to_the_encoding(kind: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(abi_type(kind), data)


@pytest.mark.parametrize(
    ("kind", "components", "oracle", "value"),
    [
        ("string[2]", [], "string[2]", ["a", "b"]),
        ("bytes[]", [], "bytes[]", [b"", b"\x07"]),
        ("tuple", ["uint8", "string"], "(uint8,string)", [7, "a"]),
        ("tuple[]", ["uint8", "string"], "(uint8,string)[]", [[7, "a"], [8, "b"]]),
    ],
)
@pytest.mark.parametrize("is_call", [False, True])
def test_values_that_offsets_lead_to_are_read(
    kind: str, components: list[str], oracle: str, value: list[Any], *, is_call: bool
) -> None:
    data = "0x" + encode([oracle], [value]).hex()
    resolved = abi_type(kind, [*map(elementary, components)])
    (found,) = generate_decoder((), [resolved], is_call=is_call)((), data)
    assert found == json.loads(json.dumps(value, default=lambda raw: "0x" + raw.hex()))


def test_tuples_that_offsets_lead_to_are_charged() -> None:
    # 300 offsets to one and the same tuple, whose text is at its own offset
    count = 300
    listed = words(32, count, *([32 * count] * count))
    shared = words(*range(20), 32 * 21, 0)
    resolved = array_of(tuple_of([*[elementary("uint256")] * 20, elementary("string")]), None)
    with pytest.raises(ValueError, match="more values than the data can hold"):
        read(resolved, listed + shared)


def test_only_a_call_has_offsets_that_lead_into_the_head_they_are_in() -> None:
    data = words(32, 1, 0)
    resolved = abi_type("bytes[]")
    assert generate_decoder((), [resolved], is_call=True)((), "0x" + data.hex()) == [["0x"]]
    with pytest.raises(ValueError, match="astray"):
        read(resolved, data)


def test_types_larger_than_any_data_are_refused() -> None:
    for kind in ("uint256[999999999]", "uint8[9999][9999]"):
        with pytest.raises(ValueError, match="larger than any data"):
            abi_type(kind)
    with pytest.raises(ValueError, match="more than 256 components"):
        tuple_of([elementary("bool")] * 257)


def test_tuples_deeper_than_any_contract_has_are_refused() -> None:
    kind = elementary("bool")
    for _ in range(MAX_DEPTH):
        kind = tuple_of([kind])
    with pytest.raises(ValueError, match="deeper than 16"):
        tuple_of([kind])


def test_more_values_than_any_contract_has_are_refused() -> None:
    inputs = [{"name": "", "type": "bytes"}] * 257
    spec = [{"type": "event", "name": "E", "anonymous": False, "inputs": inputs}]
    interface = parse_interface(json.dumps(spec).encode(), "spec")
    with pytest.raises(InterfaceError, match="more than 256 values"):
        interface.find(ActivityKind.EVENT, f"E({','.join(['bytes'] * 257)})")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("bytes", words(2**255)),
        ("bytes", words(32, 2**255)),
        ("bytes", words(32, 33, 0)),
        ("uint256[]", words(32, 2**255)),
        ("uint256[]", words(32, 2, 1)),
        ("uint256[]", words(2**256 - 32)),
        ("uint256[3]", words(1, 2)),
        ("string[]", words(32, 1, 64)),
    ],
)
def test_a_lying_length_or_offset_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(abi_type(kind), data)


def test_data_that_unfold_without_end_are_refused() -> None:
    # each of 8 levels lists the next one 20 times at the same offset
    levels = "".join(f"{20:064x}" + f"{20 * 32:064x}" * 20 for _ in range(8))
    data = bytes.fromhex(f"{32:064x}" + levels + "00" * 32)
    with pytest.raises(ValueError, match="more values than the data can hold"):
        read(abi_type("uint256" + "[]" * 9), data)


def test_one_blob_listed_very_often_is_refused() -> None:
    count, blob = 2000, "00" * 64_000
    heads = "".join(f"{32 * count:064x}" for _ in range(count))
    data = words(32, count) + bytes.fromhex(heads + f"{64_000:064x}" + blob)
    with pytest.raises(ValueError, match="more values than the data can hold"):
        read(abi_type("bytes[]"), data)


@pytest.mark.parametrize(
    "kind",
    [
        "uint", "int", "uint7", "uint0", "uint264", "uint08", "bytes0", "bytes33", "byte", "float",
        "uint256[0]", "uint256[-1]", "uint256[", "tuple", "uint256[]x", "", " uint256",
        "uint256" + "[]" * 17, "uint256" + "[]" * 5000, "uint256[" + "9" * 5000 + "]",
    ],
)  # fmt: skip
def test_there_is_no_such_type(kind: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        abi_type(kind)


@pytest.mark.parametrize(
    ("kind", "value", "top", "nested"),
    [
        ("address", "0x" + "ab" * 20, "0x" + "ab" * 20, f'"0x{"ab" * 20}"'),
        ("bytes4", "0xdeadbeef", "0xdeadbeef" + "0" * 56, f'"0xdeadbeef{"0" * 56}"'),
        ("bytes", "0x", "0x", '"0x"'),
        ("function", "0x" + "12" * 24, "0x" + "12" * 24, f'"0x{"12" * 24}"'),
        ("int256", -5, "-5", "-5"),
        ("bool", True, "true", "true"),
        ("bool", False, "false", "false"),
        ("string", 'a "b"', 'a "b"', '"a "b""'),
        ("uint256[2]", [1, 2], "[1,2]", "[1,2]"),
        ("uint256[]", [], "[]", "[]"),
    ],
)
def test_values_are_shown_as_openzeppelin_monitor_shows_them(
    kind: str, value: Value, top: str, nested: str
) -> None:
    resolved = abi_type(kind)
    assert (resolved.render(value), resolved.render_nested(value)) == (top, nested)


def test_nested_values_are_shown_without_blanks() -> None:
    pair = tuple_of([elementary("string"), elementary("bool")])
    assert (
        array_of(pair, None).render([["nested", True], ["", False]])
        == '[("nested",true),("",false)]'
    )


def test_topic_and_selector_are_those_of_erc20() -> None:
    assert topic_of("Transfer(address,address,uint256)").startswith("0xddf252ad1be2c89b")
    assert selector_of("transfer(address,uint256)") == "0xa9059cbb"


def test_a_parameter_describes_its_inside() -> None:
    fields = [to_parameter("id", "uint8"), to_parameter("to", "address")]
    found = to_parameter("orders", "tuple[2][]", components=fields)
    assert canonical_signature("f", [found]) == "f((uint8,address)[2][])"
    assert (found.type, found.components[0].kind) == (ValueType.ARRAY, "tuple[2]")
    assert found.components[0].components[0].components == tuple(fields)


@pytest.mark.parametrize("kind", ["string", "bytes", "uint256[]", "uint256[2]"])
def test_an_indexed_value_larger_than_a_topic_is_the_text_of_its_hash(kind: str) -> None:
    found = to_parameter("x", kind, indexed=True)
    assert (found.type, found.kind, topic_count([found])) == (ValueType.TEXT, kind, 2)


@pytest.mark.parametrize(
    "text",
    ["", "0x", "0x00", "0x01", "1", "0xg", "0x-1", "-0x1", "0x" + "f" * 65, "0x1\n", None, 1],
)
def test_what_is_no_quantity_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="expected a 0x quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    "text", ["", "00", "0x0", "0xgg", "0x 00", "0x00 ", "0x\u0660\u0660", None, 1]
)
def test_what_is_no_data_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="expected 0x data"):
        parse_data(text)


def test_a_hash_is_told_from_what_only_looks_like_one() -> None:
    assert is_hash("0x" + "aB" * 32)
    assert not any(map(is_hash, ["0x" + "ab" * 32 + "\n", "0x" + "ab" * 31, "ab" * 32, None]))
