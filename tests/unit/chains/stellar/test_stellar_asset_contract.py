"""The interface of the asset contract: what conditions can name, in each shape it has had."""

import json

import pytest
from stellar_sdk import StrKey, scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import RawLedger, a_transaction, an_event
from tests.support.stellar_specs import encode_spec
from tocsin.chains.stellar.asset_contract import asset_contract_spec
from tocsin.chains.stellar.codec.contract_spec import read_spec
from tocsin.chains.stellar.declaration import find_events, find_functions
from tocsin.chains.stellar.family import StellarFamily
from tocsin.chains.stellar.spec import ContractSpec, parse_spec


@pytest.fixture
def spec() -> ContractSpec:
    parsed = parse_spec(asset_contract_spec(), "spec")
    assert parsed is not None
    return parsed


def test_its_entries_are_read_by_the_sdks_reader_too() -> None:
    entries = json.loads(asset_contract_spec())
    assert read_spec(encode_spec(entries)) == entries


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("transfer(Address,Address,I128)", ["from", "to", "amount"]),
        ("approve(Address,Address,I128,U32)", ["from", "spender", "amount", "expiration_ledger"]),
        ("mint(Address,I128)", ["to", "amount"]),
        ("burn_from(Address,Address,I128)", ["spender", "from", "amount"]),
        ("clawback(Address,I128)", ["from", "amount"]),
        ("set_admin(Address)", ["new_admin"]),
        ("set_authorized(Address,Bool)", ["id", "authorize"]),
    ],
)
def test_a_function_has_names(spec: ContractSpec, signature: str, names: list[str]) -> None:
    [found] = find_functions(spec, signature)
    assert [each.name for each in found.layout.parameters] == names


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("transfer(Address,Address,String,I128)", ["from", "to", "sep0011_asset", "amount"]),
        (
            "transfer(Address,Address,String,I128,U64)",
            ["from", "to", "sep0011_asset", "amount", "to_muxed_id"],
        ),
        ("mint(Address,String,I128)", ["to", "sep0011_asset", "amount"]),
        ("mint(Address,Address,String,I128)", ["admin", "to", "sep0011_asset", "amount"]),
        ("burn(Address,String,I128)", ["from", "sep0011_asset", "amount"]),
        ("clawback(Address,String,I128)", ["from", "sep0011_asset", "amount"]),
        ("clawback(Address,Address,String,I128)", ["admin", "from", "sep0011_asset", "amount"]),
        ("set_admin(Address,String,Address)", ["admin", "sep0011_asset", "new_admin"]),
        ("set_authorized(Address,String,Bool)", ["id", "sep0011_asset", "authorize"]),
        (
            "approve(Address,Address,String,I128,U32)",
            ["from", "spender", "sep0011_asset", "amount", "expiration_ledger"],
        ),
    ],
)
def test_an_event_has_names(spec: ContractSpec, signature: str, names: list[str]) -> None:
    found = find_events(spec, signature)
    assert [each.name for each in found[0].layout.parameters] == names


HOLDER = StrKey.encode_contract(b"h" * 32)
ADDRESS = scval.to_address(HOLDER)
ASSET = scval.to_string("USDC:G")
AMOUNT = scval.to_int128(7)
NAME = scval.to_symbol("it")


def muxed(to: stellar_xdr.SCVal) -> stellar_xdr.SCVal:
    return scval.to_map({scval.to_symbol("amount"): AMOUNT, scval.to_symbol("to_muxed_id"): to})


@pytest.mark.parametrize(
    ("signature", "topics", "data", "values"),
    [
        (
            "transfer(Address,Address,String,I128)",
            [NAME, ADDRESS, ADDRESS, ASSET],
            AMOUNT,
            [HOLDER, HOLDER, "USDC:G", 7],
        ),
        (
            "transfer(Address,Address,String,I128,U64)",
            [NAME, ADDRESS, ADDRESS, ASSET],
            muxed(scval.to_uint64(9)),
            [HOLDER, HOLDER, "USDC:G", 7, 9],
        ),
        (
            "transfer(Address,Address,String,I128,Bytes32)",
            [NAME, ADDRESS, ADDRESS, ASSET],
            muxed(scval.to_bytes(b"m" * 32)),
            [HOLDER, HOLDER, "USDC:G", 7, b"m".hex() * 32],
        ),
        (
            "mint(Address,Address,String,I128)",
            [NAME, ADDRESS, ADDRESS, ASSET],
            AMOUNT,
            [HOLDER, HOLDER, "USDC:G", 7],
        ),
        ("mint(Address,String,I128)", [NAME, ADDRESS, ASSET], AMOUNT, [HOLDER, "USDC:G", 7]),
        (
            "approve(Address,Address,String,I128,U32)",
            [NAME, ADDRESS, ADDRESS, ASSET],
            scval.to_vec([AMOUNT, scval.to_uint32(3)]),
            [HOLDER, HOLDER, "USDC:G", 7, 3],
        ),
        (
            "set_authorized(Address,String,Bool)",
            [NAME, ADDRESS, ASSET],
            scval.to_bool(True),
            [HOLDER, "USDC:G", True],
        ),
    ],
)
def test_what_the_contract_emits_is_read_by_name(
    spec: ContractSpec,
    signature: str,
    topics: list[stellar_xdr.SCVal],
    data: stellar_xdr.SCVal,
    values: list[object],
) -> None:
    [found] = find_events(spec, signature)
    named = scval.to_symbol(signature.partition("(")[0])
    transaction = a_transaction()
    ledger = RawLedger([transaction], [an_event(transaction, [named, *topics[1:]], data)])
    [decoded] = StellarFamily().decode(ledger.bundle()).transactions
    [activity] = decoded.activities
    arguments = activity.arguments(found.layout)
    assert arguments is not None
    assert [each.value for each in arguments] == values
