"""Scanning and decoding agree: on every kind of value, cut short and spoilt anywhere."""

from collections.abc import Iterator

import pytest
from stellar_sdk import Address, scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import account, contract
from tocsin.chains.stellar.codec.scan import kind_of, scan_content, scan_value, value_at
from tocsin.chains.stellar.codec.scval import ScValue, decode_value
from tocsin.chains.stellar.codec.xdr import MAX_DEPTH

u32 = scval.to_uint32
symbol = scval.to_symbol
Type = stellar_xdr.SCValType
SPOILING = [number.to_bytes(4, "big") for number in (0, 1, 2, 16, 33, 77, 2**32 - 1)]

VALUES: dict[str, stellar_xdr.SCVal] = {
    "bool": scval.to_bool(True),
    "void": scval.to_void(),
    "u32": u32(7),
    "i128": scval.to_int128(-7),
    "u256": scval.to_uint256(7),
    "no bytes": scval.to_bytes(b""),
    "bytes": scval.to_bytes(b"12345"),
    "string": scval.to_string("abc"),
    "symbol": symbol("transfer"),
    "account": scval.to_address(account(1)),
    "contract": scval.to_address(contract(1)),
    "muxed": Address.from_raw_muxed_account(bytes(40)).to_xdr_sc_val(),
    "balance": Address.from_raw_claimable_balance(bytes(33)).to_xdr_sc_val(),
    "pool": Address.from_raw_liquidity_pool(bytes(32)).to_xdr_sc_val(),
    "empty vec": scval.to_vec([]),
    "vec": scval.to_vec([u32(1), u32(2), symbol("a"), scval.to_bytes(b"123")]),
    "vecs": scval.to_vec([scval.to_vec([u32(1)]), scval.to_vec([scval.to_map({})])]),
    "map": scval.to_map({symbol("b"): u32(2), symbol("a"): scval.to_string("x")}),
    "map by numbers": scval.to_map({u32(7): scval.to_bool(False), u32(10): scval.to_vec([])}),
    "map of maps": scval.to_map({symbol("a"): scval.to_map({symbol("b"): u32(1)})}),
    "no vec": stellar_xdr.SCVal(Type.SCV_VEC, vec=None),
    "no map": stellar_xdr.SCVal(Type.SCV_MAP, map=None),
    "instance key": stellar_xdr.SCVal(Type.SCV_LEDGER_KEY_CONTRACT_INSTANCE),
    "tag": stellar_xdr.SCVal(Type.SCV_EXECUTABLE_TAG, executable_tag=stellar_xdr.SCString(b"v1")),
}


def nested(levels: int, inner: bytes = b"\0\0\0\1") -> bytes:
    """Return a value inside as many arrays of one element."""
    return b"\0\0\0\x10\0\0\0\1\0\0\0\1" * levels + inner


def spoilt(encoded: bytes) -> Iterator[bytes]:
    yield encoded
    yield encoded + bytes(4)
    yield from (encoded[:end] for end in range(len(encoded)))
    for place in range(0, len(encoded), 4):
        yield from (encoded[:place] + word + encoded[place + 4 :] for word in SPOILING)


def decoded(data: bytes) -> ScValue | None:
    try:
        return decode_value(data)
    except ValueError:
        return None


def scanned(data: bytes) -> ScValue | None:
    """Return the value that scanning finds, after a look at the kind that it shows."""
    try:
        spot = scan_value(data)
    except ValueError:
        return None
    value = value_at(spot)
    assert spot[0] == value.kind
    return value


def opened(data: bytes) -> ScValue | None:
    """Return the value that opening finds: a container put together from its elements."""
    try:
        content = scan_content(data)
    except ValueError:
        return None
    if isinstance(content, list):
        value = ScValue("Vec", tuple(map(value_at, content)))
    elif isinstance(content, dict):
        value = ScValue("Map", {key: value_at(spot) for key, spot in content.items()})
    else:
        value = value_at(content)
    assert kind_of(content) == value.kind
    return value


@pytest.mark.parametrize("name", VALUES)
def test_scanning_finds_what_decoding_finds_and_refuses_what_it_refuses(name: str) -> None:
    encoded = VALUES[name].to_xdr_bytes()
    assert decoded(encoded) is not None
    for data in spoilt(encoded):
        expected = decoded(data)
        assert scanned(data) == expected, data.hex()
        assert opened(data) == expected, data.hex()
        if expected is not None:
            # of maps the order counts too
            assert repr(opened(data)) == repr(scanned(data)) == repr(expected)


@pytest.mark.parametrize("levels", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1])
def test_scanning_goes_as_deep_as_decoding(levels: int) -> None:
    instance_key = (20).to_bytes(4, "big")
    for inner in (b"\0\0\0\1", instance_key):
        data = nested(levels, inner)
        assert (scanned(data) is None, opened(data) is None) == ((decoded(data) is None),) * 2


def test_a_key_of_a_map_is_as_deep_as_what_holds_it() -> None:
    opening = b"\0\0\0\x11\0\0\0\1\0\0\0\1"
    for levels in (MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH):
        data = opening + nested(levels) + b"\0\0\0\1"
        assert (scanned(data) is None, opened(data) is None) == ((decoded(data) is None),) * 2
