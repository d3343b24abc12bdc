"""Laws of the Stellar codec; the SDK is the oracle."""

from base64 import b64decode
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from stellar_sdk import StrKey, scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import a_call, a_payment, an_envelope, base64
from tocsin.chains.stellar.codec.envelope import Invocation, decode_envelope
from tocsin.chains.stellar.codec.header import decode_header
from tocsin.chains.stellar.codec.scval import decode_value
from tocsin.chains.stellar.codec.strkey import canonical_address
from tocsin.chains.stellar.kinds import canonical_kind, is_fit, is_observed_as


class Sample(NamedTuple):
    """A value by the SDK, and what ours must say of it."""

    encoded: stellar_xdr.SCVal
    base: str
    comparable: Any


def integers(base: str, bits: int, *, signed: bool) -> st.SearchStrategy[Sample]:
    """Return samples of one integer type over its whole range."""
    build = getattr(scval, f"to_{'int' if signed else 'uint'}{bits}")
    least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    numbers = st.integers(least, most) | st.sampled_from([least, most, 0])
    return numbers.map(lambda number: Sample(build(number), base, number))


keys = st.binary(min_size=32, max_size=32)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"))
symbols = st.text("abcXYZ019_", min_size=1, max_size=32)

scalars = st.one_of(
    st.booleans().map(lambda flag: Sample(scval.to_bool(flag), "Bool", flag)),
    st.just(Sample(scval.to_void(), "Void", None)),
    integers("U32", 32, signed=False),
    integers("I32", 32, signed=True),
    integers("U64", 64, signed=False),
    integers("I64", 64, signed=True),
    integers("U128", 128, signed=False),
    integers("I128", 128, signed=True),
    integers("U256", 256, signed=False),
    integers("I256", 256, signed=True),
    st.integers(0, 2**64 - 1).map(lambda n: Sample(scval.to_timepoint(n), "Timepoint", n)),
    st.integers(0, 2**64 - 1).map(lambda n: Sample(scval.to_duration(n), "Duration", n)),
    st.binary(max_size=40).map(lambda raw: Sample(scval.to_bytes(raw), "Bytes", raw.hex())),
    texts.map(lambda text: Sample(scval.to_string(text), "String", text)),
    symbols.map(lambda text: Sample(scval.to_symbol(text), "Symbol", text)),
    keys.map(StrKey.encode_ed25519_public_key).map(
        lambda text: Sample(scval.to_address(text), "Address", text)
    ),
    keys.map(StrKey.encode_contract).map(
        lambda text: Sample(scval.to_address(text), "Address", text)
    ),
)


def to_vec(samples: list[Sample]) -> Sample:
    encoded = scval.to_vec([each.encoded for each in samples])
    return Sample(encoded, "Vec", [each.comparable for each in samples])


def to_map(samples: dict[str, Sample]) -> Sample:
    encoded = scval.to_map({scval.to_symbol(key): each.encoded for key, each in samples.items()})
    return Sample(encoded, "Map", {key: each.comparable for key, each in samples.items()})


values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4).map(to_vec)
        | st.dictionaries(symbols, inner, max_size=4).map(to_map)
    ),
    max_leaves=12,
)


@given(sample=values)
def test_every_value_decodes_to_what_was_encoded(sample: Sample) -> None:
    decoded = decode_value(sample.encoded.to_xdr_bytes())
    assert (decoded.base, decoded.comparable) == (sample.base, sample.comparable)


@given(sample=values)
def test_a_value_shows_a_kind_that_it_fits(sample: Sample) -> None:
    decoded = decode_value(sample.encoded.to_xdr_bytes())
    assert is_observed_as(decoded.kind, decoded)
    assert is_fit(decoded.kind, decoded)


@given(sample=values)
def test_writing_a_kind_in_lower_case_changes_nothing(sample: Sample) -> None:
    kind = decode_value(sample.encoded.to_xdr_bytes()).kind
    assert canonical_kind(kind.lower()) == kind


@given(sample=values, data=st.data())
def test_a_value_cut_short_is_a_value_error(sample: Sample, data: st.DataObject) -> None:
    encoded = sample.encoded.to_xdr_bytes()
    end = data.draw(st.integers(0, len(encoded) - 1))
    assert _is_refused(decode_value, encoded[:end])


@given(raw=st.binary(max_size=200))
@settings(max_examples=300)
def test_garbage_is_never_more_than_a_value_error(raw: bytes) -> None:
    for decode in (decode_value, decode_envelope, decode_header):
        _is_refused(decode, raw)


ENVELOPE = an_envelope(a_payment(), a_payment("2"), a_payment("3")).to_xdr_bytes()
CALL = a_call("swap", scval.to_vec([scval.to_uint32(1)]), scval.to_string("x")).to_xdr_bytes()


@given(
    envelope=st.sampled_from([ENVELOPE, CALL]),
    place=st.integers(0, max(len(ENVELOPE), len(CALL))),
    patch=st.binary(min_size=1, max_size=8),
)
@settings(max_examples=300)
def test_a_damaged_envelope_is_never_more_than_a_value_error(
    envelope: bytes, place: int, patch: bytes
) -> None:
    _is_refused(_decode_all, envelope[:place] + patch + envelope[place + len(patch) :])


@given(arguments=st.lists(values, max_size=4), name=symbols)
def test_a_call_s_arguments_are_those_that_were_sent(arguments: list[Sample], name: str) -> None:
    envelope = a_call(name, *[each.encoded for each in arguments])
    (operation,) = decode_envelope(b64decode(base64(envelope))).operations
    assert isinstance(operation, Invocation)
    assert operation.function == name
    assert [each.comparable for each in operation.arguments()] == [
        each.comparable for each in arguments
    ]


@given(key=keys, make=st.sampled_from([StrKey.encode_contract, StrKey.encode_ed25519_public_key]))
def test_an_address_in_any_case_is_itself(key: bytes, make: Any) -> None:
    address = make(key)
    assert canonical_address(f" {address.lower()}\n") == address


def _decode_all(raw: bytes) -> None:
    for operation in decode_envelope(raw).operations:
        if isinstance(operation, Invocation):
            operation.arguments()


def _is_refused(decode: Any, raw: bytes) -> bool:
    try:
        decode(raw)
    except ValueError:
        return True
    return False
