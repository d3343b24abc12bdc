"""Laws of the Stellar codec; the SDK is the oracle."""

from base64 import b64decode
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from stellar_sdk import Address, StrKey, scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import (
    SENDER,
    a_call,
    a_payment,
    an_envelope,
    base64,
    call_arguments,
)
from tocsin.chains.stellar.codec.envelope import Invocation, decode_envelope, find_only_call
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
    assert is_observed_as(decoded.kind, decoded.kind)
    assert is_fit(decoded.kind, decoded.kind)


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
    raw = b64decode(base64(envelope))
    (operation,) = decode_envelope(raw).operations
    assert isinstance(operation, Invocation)
    assert operation.function == name
    assert [each.comparable for each in call_arguments(raw, operation)] == [
        each.comparable for each in arguments
    ]


@given(key=keys, make=st.sampled_from([StrKey.encode_contract, StrKey.encode_ed25519_public_key]))
def test_an_address_in_any_case_is_itself(key: bytes, make: Any) -> None:
    address = make(key)
    assert canonical_address(f" {address.lower()}\n") == address


def _decode_all(raw: bytes) -> None:
    for operation in decode_envelope(raw).operations:
        if isinstance(operation, Invocation):
            call_arguments(raw, operation)


def _is_refused(decode: Any, raw: bytes) -> bool:
    try:
        decode(raw)
    except ValueError:
        return True
    return False


others = st.one_of(
    keys.map(
        lambda key: (
            stellar_xdr.SCAddress(
                stellar_xdr.SCAddressType.SC_ADDRESS_TYPE_CLAIMABLE_BALANCE,
                claimable_balance_id=stellar_xdr.ClaimableBalanceID(
                    stellar_xdr.ClaimableBalanceIDType.CLAIMABLE_BALANCE_ID_TYPE_V0,
                    v0=stellar_xdr.Hash(key),
                ),
            ),
            StrKey.encode_claimable_balance(bytes(1) + key),
        )
    ),
    keys.map(
        lambda key: (
            stellar_xdr.SCAddress(
                stellar_xdr.SCAddressType.SC_ADDRESS_TYPE_LIQUIDITY_POOL,
                liquidity_pool_id=stellar_xdr.PoolID(stellar_xdr.Hash(key)),
            ),
            StrKey.encode_liquidity_pool(key),
        )
    ),
    st.tuples(keys, st.integers(0, 2**64 - 1)).map(
        lambda pair: (
            stellar_xdr.SCAddress(
                stellar_xdr.SCAddressType.SC_ADDRESS_TYPE_MUXED_ACCOUNT,
                muxed_account=stellar_xdr.MuxedEd25519Account(
                    id=stellar_xdr.Uint64(pair[1]), ed25519=stellar_xdr.Uint256(pair[0])
                ),
            ),
            StrKey.encode_med25519_public_key(pair[0] + pair[1].to_bytes(8, "big")),
        )
    ),
)


@given(pair=others)
def test_every_kind_of_address_is_shown_as_the_sdk_shows_it(
    pair: tuple[stellar_xdr.SCAddress, str],
) -> None:
    address, text = pair
    encoded = stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_ADDRESS, address=address)
    decoded = decode_value(encoded.to_xdr_bytes())
    assert (decoded.base, decoded.content) == ("Address", text)


_HASH = stellar_xdr.Hash(bytes(32))
WITHOUT_CONTENT = [
    stellar_xdr.SCVal(
        stellar_xdr.SCValType.SCV_ERROR,
        error=stellar_xdr.SCError(
            stellar_xdr.SCErrorType.SCE_CONTRACT, contract_code=stellar_xdr.Uint32(1)
        ),
    ),
    stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_VEC, vec=None),
    stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_MAP, map=None),
    stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_LEDGER_KEY_CONTRACT_INSTANCE),
    stellar_xdr.SCVal(
        stellar_xdr.SCValType.SCV_LEDGER_KEY_NONCE,
        nonce_key=stellar_xdr.SCNonceKey(stellar_xdr.Int64(5)),
    ),
    stellar_xdr.SCVal(
        stellar_xdr.SCValType.SCV_EXECUTABLE_TAG, executable_tag=stellar_xdr.SCString(b"tag")
    ),
    *(
        stellar_xdr.SCVal(
            stellar_xdr.SCValType.SCV_CONTRACT_INSTANCE,
            instance=stellar_xdr.SCContractInstance(executable, storage),
        )
        for executable in (
            stellar_xdr.ContractExecutable(
                stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_WASM, wasm_hash=_HASH
            ),
            stellar_xdr.ContractExecutable(
                stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_STELLAR_ASSET
            ),
            stellar_xdr.ContractExecutable(
                stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_EXTERNAL_REF,
                external_ref=stellar_xdr.ContractExecutableExternalRef(
                    Address(SENDER).to_xdr_sc_address(), stellar_xdr.SCString(b"tag")
                ),
            ),
        )
        for storage in (
            None,
            stellar_xdr.SCMap([stellar_xdr.SCMapEntry(scval.to_symbol("k"), scval.to_uint32(1))]),
        )
    ),
]


@given(inner=st.sampled_from(WITHOUT_CONTENT), value=scalars)
def test_what_has_no_rendering_is_void_and_ends_where_it_ends(
    inner: stellar_xdr.SCVal, value: Sample
) -> None:
    encoded = scval.to_vec([inner, value.encoded])
    decoded = decode_value(encoded.to_xdr_bytes())
    assert decoded.comparable == [None, value.comparable]


WITH_CONTENT = (
    *("BOOL", "VOID", "U32", "I32", "U64", "I64", "TIMEPOINT", "DURATION", "U128", "I128", "U256"),
    *("I256", "BYTES", "STRING", "SYMBOL", "VEC", "MAP", "ADDRESS"),
)


def test_every_kind_of_value_is_tried() -> None:
    tried = {each.type for each in WITHOUT_CONTENT}
    with_content = {each for each in stellar_xdr.SCValType if each.name[4:] in WITH_CONTENT}
    assert tried | with_content == set(stellar_xdr.SCValType)


@given(arguments=st.lists(values, max_size=3), name=symbols)
def test_the_short_way_to_a_call_finds_what_the_long_way_finds(
    arguments: list[Sample], name: str
) -> None:
    raw = a_call(name, *[each.encoded for each in arguments]).to_xdr_bytes()
    (long_way,) = decode_envelope(raw).operations
    short_way = find_only_call(raw[:315])
    assert isinstance(long_way, Invocation)
    assert short_way is not None
    for field in ("contract", "function", "position"):
        assert getattr(short_way, field) == getattr(long_way, field)
