"""XDR that lies: always a ValueError, whatever it lies about."""

from collections.abc import Callable

import pytest
from stellar_sdk import scval

from tests.support.stellar_ledgers import RawLedger, a_call, a_payment, an_envelope
from tests.support.stellar_operations import a_fee_bump, a_version_0
from tocsin.chains.stellar.codec import bodies
from tocsin.chains.stellar.codec.envelope import (
    EncodedEnvelope,
    decode_envelope,
    find_only_call,
    read_muxed_account,
)
from tocsin.chains.stellar.codec.header import decode_header
from tocsin.chains.stellar.codec.operations import SKIP_MEMO
from tocsin.chains.stellar.codec.scval import decode_value, read_account, read_address
from tocsin.chains.stellar.codec.xdr import XdrReader, from_base64

NONSENSE = (77).to_bytes(4, "big")
MANY = (50).to_bytes(4, "big") + bytes(4 * 50 * 20)


@pytest.mark.parametrize(
    ("read", "data", "message"),
    [
        (bodies.read_base_account, NONSENSE, "no kind of account"),
        (bodies.read_asset, NONSENSE, "no kind of asset"),
        (bodies.PATH.read, MANY, "at most 5"),
        (bodies.CLAIMANTS.read, MANY, "at most 10"),
        (bodies.CLAIMANTS.read, bytes(3) + b"\1" + NONSENSE, "unknown kind"),
        (bodies.BALANCE.read, NONSENSE, "unknown kind"),
        (bodies.SIGNER.read, bytes(3) + b"\1" + NONSENSE, "no kind of signer"),
        (read_muxed_account, NONSENSE, "no kind of account"),
        (read_address, NONSENSE, "no kind of address"),
        (read_address, bytes(3) + b"\3" + NONSENSE, "version 77"),
        (read_account, NONSENSE, "unknown kind"),
        (SKIP_MEMO, NONSENSE, "no arm 77"),
        (XdrReader.flag, NONSENSE, "boolean is 77"),
    ],
)
def test_an_unknown_variant_is_refused(
    read: Callable[[XdrReader], object], data: bytes, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read(XdrReader(data))


@pytest.mark.parametrize(
    ("tag", "size_bytes"),
    [(3, 0), (5, 7), (9, 15), (11, 31), (13, 0), (14, 0), (15, 0), (18, 0), (16, 0), (17, 3)],
)
def test_a_value_that_ends_too_early_is_refused(tag: int, size_bytes: int) -> None:
    with pytest.raises(ValueError, match="XDR"):
        decode_value(tag.to_bytes(4, "big") + bytes(size_bytes))


@pytest.mark.parametrize("tag", [13, 14, 16, 17])
def test_a_length_that_lies_costs_nothing(tag: int) -> None:
    present = b"" if tag in (13, 14) else b"\0\0\0\1"
    with pytest.raises(ValueError, match="XDR"):
        decode_value(tag.to_bytes(4, "big") + present + b"\xff" * 4)


@pytest.mark.parametrize("opening", [b"\0\0\0\x10\0\0\0\1\0\0\0\1", b"\0\0\0\x11\0\0\0\1\0\0\0\1"])
def test_values_inside_values_without_end_are_refused(opening: bytes) -> None:
    with pytest.raises(ValueError, match="too deeply"):
        decode_value(opening * 10_000)


def test_two_values_are_not_one() -> None:
    with pytest.raises(ValueError, match="follow"):
        decode_value(scval.to_uint32(1).to_xdr_bytes() * 2)


def test_a_fee_bump_of_something_else_is_refused() -> None:
    raw = a_fee_bump().to_xdr_bytes()
    inner = 4 + 36 + 8
    with pytest.raises(ValueError, match="fee bump"):
        decode_envelope(raw[:inner] + NONSENSE + raw[inner + 4 :])
    assert find_only_call(raw[:inner] + NONSENSE + raw[inner + 4 :]) is None


@pytest.mark.parametrize("raw", [b"", b"\0", NONSENSE, NONSENSE * 40])
def test_what_is_no_envelope_has_no_call(raw: bytes) -> None:
    assert find_only_call(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        an_envelope(a_payment()).to_xdr_bytes(),
        a_call("f").to_xdr_bytes(),
        a_fee_bump().to_xdr_bytes(),
    ],
)
def test_an_envelope_cut_anywhere_is_a_value_error_or_whole(raw: bytes) -> None:
    for end in range(len(raw)):
        find_only_call(raw[:end])
        try:
            decode_envelope(raw[:end])
        except ValueError:
            continue


@pytest.mark.parametrize("text", ["A", "AAA", "A===", "AAAA=AAA", "ÄÄÄÄ", "AA A", "AAAA\n"])
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|ASCII"):
        from_base64(text)


HEADER = from_base64(RawLedger().ledger["headerXdr"])
CLOSE_VALUE = 32 + 4 + 32 + 32 + 8


def test_a_header_of_the_basic_kind_is_read() -> None:
    upgrades = CLOSE_VALUE + 4 + 4 + 8
    basic = HEADER[:upgrades] + bytes(4) + HEADER[upgrades + 4 + 36 + 4 + 64 :]
    assert decode_header(basic).sequence == decode_header(HEADER).sequence


def test_a_header_of_an_unknown_kind_is_refused() -> None:
    upgrades = CLOSE_VALUE + 4 + 4 + 8
    with pytest.raises(ValueError, match="close value"):
        decode_header(HEADER[:upgrades] + NONSENSE + HEADER[upgrades + 4 :])


def test_a_header_with_something_behind_it_is_refused() -> None:
    with pytest.raises(ValueError, match="end"):
        decode_header(HEADER + NONSENSE)


def test_a_transaction_of_version_0_names_nothing_in_advance() -> None:
    raw = a_version_0().to_xdr_bytes()
    assert find_only_call(raw) is None
    assert decode_envelope(raw).footprint() == ([], [])


def test_an_envelope_that_is_no_base64_opens_to_nothing() -> None:
    envelope = EncodedEnvelope("!")
    assert envelope.opening == b""
    with pytest.raises(ValueError, match="base64"):
        _ = envelope.whole


def test_an_envelope_is_read_from_base64_once() -> None:
    envelope = EncodedEnvelope("AAAAAg==")
    assert envelope.opening == envelope.whole == b"\0\0\0\2"
    assert (envelope.opening is envelope.opening, envelope.whole is envelope.whole) == (True, True)
