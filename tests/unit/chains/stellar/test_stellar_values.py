"""How contract values are named and shown."""

import pytest
from stellar_sdk import Address, scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import account, contract
from tocsin.chains.stellar.codec.scval import decode_value
from tocsin.chains.stellar.codec.strkey import canonical_address
from tocsin.chains.stellar.kinds import canonical_kind, is_fit, parse_signature, value_type_of
from tocsin.model.interface import ValueType

u32 = scval.to_uint32
symbol = scval.to_symbol


def shown(value: stellar_xdr.SCVal) -> tuple[str, str, object]:
    decoded = decode_value(value.to_xdr_bytes())
    return decoded.kind, decoded.text, decoded.json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (scval.to_bool(True), ("Bool", "true", True)),
        (scval.to_void(), ("Void", "null", None)),
        (scval.to_int32(-42), ("I32", "-42", -42)),
        (scval.to_timepoint(42), ("Timepoint", "42", 42)),
        (scval.to_int128(-5), ("I128", "-5", {"type": "I128", "value": "-5"})),
        (scval.to_int256(-42), ("I256", "-42", {"type": "I256", "value": "-42"})),
        (scval.to_bytes(b"\1\2\3"), ("Bytes3", "010203", "010203")),
        (scval.to_bytes(b""), ("Bytes", "", "")),
        (scval.to_vec([]), ("Vec<Void>", "[]", [])),
        (scval.to_vec([u32(1), u32(2)]), ("Vec<U32>", "[1,2]", [1, 2])),
        (
            scval.to_vec([u32(1), symbol("a"), u32(2)]),
            ("Vec<U32,Symbol,U32>", "[1,a,2]", [1, "a", 2]),
        ),
        (
            scval.to_map({symbol("b"): u32(2), symbol("a"): u32(1)}),
            ("Map<String,U32>", "{a:1,b:2}", {"a": 1, "b": 2}),
        ),
        (scval.to_map({}), ("Map<String,Void>", "{}", {})),
        (scval.to_map({u32(7): symbol("x")}), ("Map<String,Symbol>", "{7:x}", {"7": "x"})),
        (scval.to_address(account(1)), ("Address", account(1), account(1))),
        (scval.to_address(contract(1)), ("Address", contract(1), contract(1))),
    ],
)
def test_a_value_is_named_and_shown(
    value: stellar_xdr.SCVal, expected: tuple[str, str, object]
) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    "address",
    [
        Address.from_raw_muxed_account(bytes(40)),
        Address.from_raw_claimable_balance(bytes(33)),
        Address.from_raw_liquidity_pool(bytes(32)),
    ],
)
def test_rare_addresses_are_shown_as_strkey(address: Address) -> None:
    assert shown(address.to_xdr_sc_val()) == ("Address", address.address, address.address)


def test_unprintable_bytes_of_a_string_are_escaped() -> None:
    assert shown(scval.to_string(b"a\n\t\r\0\\\xff\x7f\"'"))[1] == "a\\n\\t\\r\\0\\\\\\xff\\x7f\"'"


@pytest.mark.parametrize(
    "value",
    [
        stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_LEDGER_KEY_CONTRACT_INSTANCE),
        stellar_xdr.SCVal(
            stellar_xdr.SCValType.SCV_LEDGER_KEY_NONCE,
            nonce_key=stellar_xdr.SCNonceKey(stellar_xdr.Int64(3)),
        ),
        stellar_xdr.SCVal(
            stellar_xdr.SCValType.SCV_ERROR,
            error=stellar_xdr.SCError(
                stellar_xdr.SCErrorType.SCE_CONTRACT, contract_code=stellar_xdr.Uint32(1)
            ),
        ),
        stellar_xdr.SCVal(
            stellar_xdr.SCValType.SCV_CONTRACT_INSTANCE,
            instance=stellar_xdr.SCContractInstance(
                stellar_xdr.ContractExecutable(
                    stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_WASM,
                    wasm_hash=stellar_xdr.Hash(bytes(32)),
                ),
                storage=scval.to_map({symbol("a"): u32(1)}).map,
            ),
        ),
        stellar_xdr.SCVal(
            stellar_xdr.SCValType.SCV_CONTRACT_INSTANCE,
            instance=stellar_xdr.SCContractInstance(
                stellar_xdr.ContractExecutable(
                    stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_STELLAR_ASSET
                ),
                storage=None,
            ),
        ),
        stellar_xdr.SCVal(
            stellar_xdr.SCValType.SCV_CONTRACT_INSTANCE,
            instance=stellar_xdr.SCContractInstance(
                stellar_xdr.ContractExecutable(
                    stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_EXTERNAL_REF,
                    external_ref=stellar_xdr.ContractExecutableExternalRef(
                        Address(contract(1)).to_xdr_sc_address(), stellar_xdr.SCString(b"latest")
                    ),
                ),
                storage=None,
            ),
        ),
        stellar_xdr.SCVal(
            stellar_xdr.SCValType.SCV_EXECUTABLE_TAG, executable_tag=stellar_xdr.SCString(b"latest")
        ),
        stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_VEC, vec=None),
        stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_MAP, map=None),
    ],
    ids=[
        "instance key",
        "nonce",
        "error",
        "instance",
        "asset's instance",
        "instance of another's code",
        "tag",
        "no vec",
        "no map",
    ],
)
def test_what_no_contract_passes_is_void(value: stellar_xdr.SCVal) -> None:
    pair = scval.to_vec([value, u32(5)])
    assert shown(pair) == ("Vec<Void,U32>", "[null,5]", [None, 5])


def test_values_without_end_are_refused() -> None:
    opening = (16).to_bytes(4, "big") + (1).to_bytes(4, "big") * 2
    with pytest.raises(ValueError, match="too deeply"):
        decode_value(opening * 5000)


def test_an_array_that_claims_more_than_its_bytes_is_refused() -> None:
    claim = (16).to_bytes(4, "big") + (1).to_bytes(4, "big") + b"\xff" * 4
    with pytest.raises(ValueError, match="longer than its bytes"):
        decode_value(claim)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CBAD",
        contract(1)[:-1] + "A",
        "M" + account(1)[1:],
        "0" * 56,
        "é" * 56,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address"):
        canonical_address(text)


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        ("Option<U32>", u32(1), True),
        ("Option<U32>", scval.to_void(), True),
        ("Option<U32>", symbol("a"), False),
        ("U32", scval.to_void(), False),
        ("Void", u32(1), True),
        ("Bytes", scval.to_bytes(b"12345"), True),
        ("Bytes4", scval.to_bytes(b"12345"), False),
        ("Bytes5", scval.to_bytes(b"12345"), True),
        ("Tuple<U32,U32>", scval.to_vec([u32(1), u32(2)]), True),
        ("MuxedAddress", scval.to_address(account(1)), True),
        ("Request", scval.to_map({symbol("a"): u32(1)}), True),
        ("Request", scval.to_int128(1), False),
        ("Vec<Request>", scval.to_vec([scval.to_map({})]), True),
        ("Map<String,I128>", scval.to_vec([]), False),
        ("I128", scval.to_uint128(1), False),
        ("Symbol", scval.to_string("a"), False),
    ],
)
def test_a_value_fits_a_declared_kind(kind: str, value: stellar_xdr.SCVal, fits: bool) -> None:
    assert is_fit(kind, decode_value(value.to_xdr_bytes()).kind) is fits


def test_a_signature_is_read_whatever_its_case_and_blanks() -> None:
    signature = parse_signature(" transfer ( address, map<STRING, i128>,bytes32, Request ) ")
    assert signature.text == "transfer(Address,Map<String,I128>,Bytes32,Request)"
    assert signature.kinds == ("Address", "Map<String,I128>", "Bytes32", "Request")


@pytest.mark.parametrize(
    "text",
    ["", "transfer", "transfer(", "(U32)", "f(U32,)", "f(Vec<U32)", "f(U32>)", "f(,)", "f(<>)"],
)
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"signature|type name"):
        parse_signature(text)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("U64", ValueType.NATIVE_INT),
        ("I128", ValueType.NATIVE_INT),
        ("U256", ValueType.BIG_INT),
        ("Bytes32", ValueType.TEXT),
        ("Symbol", ValueType.TEXT),
        ("Vec<U32>", ValueType.ARRAY),
        ("Map<String,U32>", ValueType.MAP),
        ("Option<Address>", ValueType.ADDRESS),
        ("Request", ValueType.OPAQUE),
        ("Void", ValueType.OPAQUE),
    ],
)
def test_a_kind_tells_how_its_values_compare(kind: str, expected: ValueType) -> None:
    assert value_type_of(canonical_kind(kind)) is expected
