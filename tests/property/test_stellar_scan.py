"""Looking at a value without decoding it tells what decoding it tells, also of garbage."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stellar_sdk import scval
from stellar_sdk import xdr as stellar_xdr

from tests.property.test_stellar_codec import WITHOUT_CONTENT, Sample, values
from tests.support.stellar_ledgers import account
from tocsin.chains.stellar.codec.scan import (
    kind_of,
    scan_array,
    scan_content,
    scan_value,
    value_at,
)
from tocsin.chains.stellar.codec.scval import ScValue, decode_value, read_values
from tocsin.chains.stellar.codec.xdr import XdrReader

UNORDERED = scval.to_map({scval.to_string(key): scval.to_uint32(1) for key in ("b", "\\", "ä")})


def encoded(*items: stellar_xdr.SCVal) -> bytes:
    """Return a Vec of values."""
    return scval.to_vec(list(items)).to_xdr_bytes()


whole = st.one_of(
    values.map(lambda sample: sample.encoded.to_xdr_bytes()),
    st.sampled_from(WITHOUT_CONTENT).map(lambda each: encoded(each, scval.to_bool(True))),
    st.sampled_from([UNORDERED.to_xdr_bytes(), encoded(scval.to_address(account(1)))]),
)


def result(read: Any, raw: bytes) -> Any:
    """Return what is read, None where it is refused."""
    try:
        return read(raw)
    except ValueError:
        return None


def agree(raw: bytes) -> None:
    """Assert that looking and decoding agree."""
    decoded: ScValue | None = result(decode_value, raw)
    content = result(scan_content, raw)
    spot = result(scan_value, raw)
    if decoded is None:
        assert content is None
        assert spot is None
        return
    assert content is not None
    assert kind_of(content) == decoded.kind
    assert spot == (decoded.kind, raw, 0)
    assert value_at(spot) == decoded
    if isinstance(content, list):
        assert tuple(map(value_at, content)) == decoded.content
    if isinstance(content, dict):
        inside = {key: value_at(each) for key, each in content.items()}
        assert inside == decoded.content
        assert list(inside) == sorted(inside)


@given(raw=whole)
def test_a_value_shows_without_decoding_what_it_shows_decoded(raw: bytes) -> None:
    agree(raw)


@given(raw=whole, place=st.integers(0, 200), patch=st.binary(min_size=1, max_size=8))
@settings(max_examples=500)
def test_damage_is_seen_without_decoding(raw: bytes, place: int, patch: bytes) -> None:
    start = place % (len(raw) + 1)
    agree(raw[:start] + patch + raw[start + len(patch) :])


@given(raw=whole, word=st.integers(0, 50), number=st.integers(0, 40))
@settings(max_examples=500)
def test_another_number_in_place_of_one_is_seen_without_decoding(
    raw: bytes, word: int, number: int
) -> None:
    start = 4 * word % (len(raw) + 4)
    agree(raw[:start] + number.to_bytes(4, "big") + raw[start + 4 :])


@given(raw=whole, end=st.integers(0, 200))
def test_a_value_cut_short_is_refused_without_decoding(raw: bytes, end: int) -> None:
    agree(raw[: end % (len(raw) + 1)])


@given(raw=whole, behind=st.binary(min_size=1, max_size=8))
def test_what_follows_a_value_is_refused_without_decoding(raw: bytes, behind: bytes) -> None:
    agree(raw + behind)


@given(samples=st.lists(values, max_size=4), behind=st.binary(max_size=8))
def test_an_array_is_looked_at_as_far_as_it_is_one(samples: list[Sample], behind: bytes) -> None:
    raw = bytes(4) + encoded(*[each.encoded for each in samples])[8:] + behind
    reader = XdrReader(raw, 4)
    expected = read_values(reader)
    spots, end = scan_array(raw, 4)
    assert tuple(map(value_at, spots)) == expected
    assert end == reader.position


@pytest.mark.parametrize("levels", [1, 109, 110, 111, 3000])
@pytest.mark.parametrize("opening", [b"\0\0\0\x10\0\0\0\1\0\0\0\1", b"\0\0\0\x10\0\0\0\0"])
def test_a_value_is_as_deep_as_it_may_be_decoded(levels: int, opening: bytes) -> None:
    agree(b"\0\0\0\x10\0\0\0\1\0\0\0\1" * levels + opening)
    agree(b"\0\0\0\x10\0\0\0\1\0\0\0\1" * levels + bytes(8))


@pytest.mark.parametrize("levels", [1, 54, 55, 108, 109, 110, 111])
def test_keys_are_as_deep_as_they_may_be_decoded(levels: int) -> None:
    entry = b"\0\0\0\x11\0\0\0\1\0\0\0\1"
    agree(entry * levels + b"\0\0\0\1" * (levels + 1))
