"""What conditions see of each type of operation."""

from hashlib import sha256
from typing import Any

import pytest
import stellar_sdk as ops
from stellar_sdk import Asset, LiquidityPoolAsset, SignerKey, StrKey

from tests.support.stellar_ledgers import SENDER, TOKEN, a_payment, account, an_envelope
from tests.support.stellar_operations import BALANCE, OPERATIONS, POOL
from tocsin.chains.stellar.codec.envelope import decode_envelope
from tocsin.chains.stellar.codec.strkey import base_account
from tocsin.chains.stellar.operations import (
    TYPES,
    Operation,
    closest_type,
    operation_at,
    operation_fields,
)
from tocsin.model.interface import ValueType, simple_value

USD, LONG = f"USD:{account(3)}", f"LONGCODE:{account(3)}"
ABSENT: dict[str, Any] = dict.fromkeys(TYPES["set_options"].fields)


def read(operation: ops.Operation) -> Operation:
    """Return the first operation of a transaction that has another one behind it."""
    envelope = decode_envelope(an_envelope(operation, a_payment()).to_xdr_bytes())
    return operation_at(envelope, envelope.slots[0])


EXPECTED: dict[str, tuple[str, dict[str, Any]]] = {
    "create account": (
        "create_account",
        {"destination": account(5), "starting_balance": 100_000_000},
    ),
    "payment, muxed": (
        "payment",
        {"destination": account(0), "asset": "native", "amount": 15_000_000},
    ),
    "payment, issued": (
        "payment",
        {"destination": account(4), "asset": LONG, "amount": 30_000_000},
    ),
    "path payment, receive": (
        "path_payment_strict_receive",
        {
            "send_asset": "native",
            "send_max": 10_000_000,
            "destination": account(5),
            "dest_asset": USD,
            "dest_amount": 20_000_000,
            "path": [LONG, "native"],
        },
    ),
    "path payment, send": (
        "path_payment_strict_send",
        {
            "send_asset": "native",
            "send_amount": 10_000_000,
            "destination": account(5),
            "dest_asset": USD,
            "dest_min": 20_000_000,
            "path": [LONG],
        },
    ),
    "manage sell offer": (
        "manage_sell_offer",
        {
            "selling": "native",
            "buying": USD,
            "amount": 10_000_000,
            "price_n": 1,
            "price_d": 2,
            "offer_id": 0,
        },
    ),
    "manage buy offer": (
        "manage_buy_offer",
        {
            "selling": "native",
            "buying": USD,
            "amount": 10_000_000,
            "price_n": 1,
            "price_d": 2,
            "offer_id": 0,
        },
    ),
    "passive offer": (
        "create_passive_sell_offer",
        {"selling": LONG, "buying": USD, "amount": 10_000_000, "price_n": 3, "price_d": 2},
    ),
    "set options, none": ("set_options", ABSENT),
    "set options, all": (
        "set_options",
        {
            "inflation_destination": account(5),
            "clear_flags": 1,
            "set_flags": 2,
            "master_weight": 3,
            "low_threshold": 4,
            "medium_threshold": 5,
            "high_threshold": 6,
            "home_domain": "example.org",
            "signer": {"key": account(6), "weight": 1},
        },
    ),
    "set options, payload signer": (
        "set_options",
        ABSENT
        | {
            "signer": {
                "key": StrKey.encode_ed25519_signed_payload(
                    bytes(32) + (5).to_bytes(4, "big") + b"hello\0\0\0"
                ),
                "weight": 1,
            }
        },
    ),
    "change trust": ("change_trust", {"asset": USD, "limit": 10_000_000}),
    "change trust, pool": (
        "change_trust",
        {"asset": f"pool:{POOL.liquidity_pool_id}", "limit": 10_000_000},
    ),
    "allow trust": (
        "allow_trust",
        {"trustor": account(5), "asset_code": "LONGCODE", "authorize": 1},
    ),
    "account merge": ("account_merge", {"destination": account(5)}),
    "inflation": ("inflation", {}),
    "manage data": ("manage_data", {"name": "name", "value": b"value".hex()}),
    "manage data, delete": ("manage_data", {"name": "name", "value": None}),
    "bump sequence": ("bump_sequence", {"bump_to": 7}),
    "create claimable balance": (
        "create_claimable_balance",
        {"asset": USD, "amount": 10_000_000, "claimants": [account(5), account(6)]},
    ),
    "claim claimable balance": ("claim_claimable_balance", {"balance_id": BALANCE}),
    "begin sponsoring": ("begin_sponsoring_future_reserves", {"sponsored": account(5)}),
    "end sponsoring": ("end_sponsoring_future_reserves", {}),
    "revoke, account": ("revoke_sponsorship", {"entry": "account", "account": account(5)}),
    "revoke, trust line": ("revoke_sponsorship", {"entry": "trust_line", "account": account(5)}),
    "revoke, offer": ("revoke_sponsorship", {"entry": "offer", "account": account(5)}),
    "revoke, data": ("revoke_sponsorship", {"entry": "data", "account": account(5)}),
    "revoke, balance": ("revoke_sponsorship", {"entry": "claimable_balance", "account": None}),
    "revoke, pool": ("revoke_sponsorship", {"entry": "liquidity_pool", "account": None}),
    "revoke, signer": ("revoke_sponsorship", {"entry": "signer", "account": account(5)}),
    "clawback": ("clawback", {"asset": USD, "from": account(5), "amount": 10_000_000}),
    "clawback balance": ("clawback_claimable_balance", {"balance_id": BALANCE}),
    "set trust line flags": (
        "set_trust_line_flags",
        {"trustor": account(5), "asset": USD, "clear_flags": 0, "set_flags": 0},
    ),
    "pool deposit": (
        "liquidity_pool_deposit",
        {
            "pool_id": "cd" * 32,
            "max_amount_a": 10_000_000,
            "max_amount_b": 20_000_000,
            "min_price_n": 1,
            "min_price_d": 2,
            "max_price_n": 1,
            "max_price_d": 2,
        },
    ),
    "pool withdraw": (
        "liquidity_pool_withdraw",
        {
            "pool_id": "cd" * 32,
            "amount": 10_000_000,
            "min_amount_a": 20_000_000,
            "min_amount_b": 30_000_000,
        },
    ),
    "call": ("invoke_contract", {"contract": TOKEN, "function": "inner"}),
    "call, authorized": ("invoke_contract", {"contract": TOKEN, "function": "inner"}),
    "upload": (
        "upload_contract_wasm",
        {"wasm_hash": sha256(b"\0asm1").hexdigest(), "size_bytes": 5},
    ),
    "create contract": (
        "create_contract",
        {"deployer": None, "asset": USD, "wasm_hash": None},
    ),
    "create contract, version 2": (
        "create_contract",
        {"deployer": SENDER, "asset": None, "wasm_hash": "00" * 32},
    ),
    "extend": ("extend_footprint_ttl", {"extend_to": 100, "contracts": [], "wasm_hashes": []}),
    "restore": ("restore_footprint", {"contracts": [], "wasm_hashes": []}),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_shows_its_fields(name: str) -> None:
    operation = read(OPERATIONS[name])
    type_name, fields = EXPECTED[name]
    assert (operation.type.name, operation.values()) == (type_name, {"source": SENDER, **fields})


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_field_is_of_the_type_that_conditions_expect(name: str) -> None:
    operation = read(OPERATIONS[name])
    fields = operation_fields(operation.type.layout, operation)
    assert fields is not None
    for place, each in enumerate(fields.arguments()):
        assert fields.simple(place) == each.value
        if isinstance(each.value, list | dict):
            expected = ValueType.ARRAY if isinstance(each.value, list) else ValueType.MAP
            assert each.type is expected, each.name
        else:
            assert simple_value(each.value, each.type) == each.value, each.name


def test_every_type_is_read_by_some_example() -> None:
    assert {name for name, _ in EXPECTED.values()} == TYPES.keys() - {"contract_upgrade"}


def test_a_layout_of_another_type_fits_nothing() -> None:
    operation = read(a_payment())
    layout = TYPES["clawback"].layout
    assert operation_fields(layout, operation) is None


def test_absent_fields_are_shown_as_nothing_and_lists_as_json() -> None:
    def texts(name: str) -> dict[str, str]:
        operation = read(OPERATIONS[name])
        fields = operation_fields(operation.type.layout, operation)
        assert fields is not None
        return {each.name: each.text for each in fields.arguments()}

    assert texts("manage data, delete")["value"] == ""
    assert texts("create claimable balance")["claimants"] == f'["{account(5)}","{account(6)}"]'
    assert texts("set options, all")["signer"] == f'{{"key":"{account(6)}","weight":1}}'


@pytest.mark.parametrize(
    ("name", "accounts"),
    [
        ("payment, issued", {SENDER, account(3), account(4)}),
        ("path payment, receive", {SENDER, account(3), account(5)}),
        ("create claimable balance", {SENDER, account(3), account(5), account(6)}),
        ("change trust, pool", {SENDER}),
        ("set trust line flags", {SENDER, account(3), account(5)}),
        ("call", {SENDER, TOKEN}),
        ("inflation", {SENDER}),
        ("set options, none", {SENDER}),
        ("set options, all", {SENDER, account(5)}),
    ],
)
def test_an_operation_names_its_accounts_and_issuers(name: str, accounts: set[str]) -> None:
    assert set(read(OPERATIONS[name]).accounts()) == accounts


def test_an_operation_s_own_source_counts_even_if_muxed() -> None:
    muxed = StrKey.encode_med25519_public_key(
        StrKey.decode_ed25519_public_key(account(9)) + bytes(8)
    )
    payment = a_payment()
    payment.source = ops.MuxedAccount.from_account(muxed)
    assert read(payment).values()["source"] == account(9)


@pytest.mark.parametrize("address", [account(1), TOKEN])
def test_an_address_without_an_id_is_its_own_base(address: str) -> None:
    assert base_account(address) == address


@pytest.mark.parametrize(
    "signer",
    [
        SignerKey.ed25519_public_key(account(1)),
        SignerKey.pre_auth_tx(bytes(32)),
        SignerKey.sha256_hash(bytes(32)),
    ],
)
def test_a_signer_is_shown_as_the_sdk_shows_it(signer: SignerKey) -> None:
    found = read(ops.SetOptions(signer=ops.Signer(signer, 7))).values()["signer"]
    assert found == {"key": signer.encoded_signer_key, "weight": 7}


def test_a_short_code_of_three_letters_is_not_padded() -> None:
    assert read(ops.Payment(account(1), Asset("ABC", account(2)), "1")).values()["asset"] == (
        f"ABC:{account(2)}"
    )


def test_a_pool_is_named_by_its_id() -> None:
    pool = LiquidityPoolAsset(Asset("A", account(1)), Asset("B", account(1)))
    found = read(ops.ChangeTrust(pool, "1")).values()["asset"]
    assert found == f"pool:{pool.liquidity_pool_id}"


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Paymnt", "payment"), ("create account", "create_account"), ("zzzzzz", None)],
)
def test_the_closest_type_is_found(written: str, meant: str | None) -> None:
    assert closest_type(written) == meant
