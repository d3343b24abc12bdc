"""Laws of operations; the SDK is the oracle."""

from decimal import Decimal
from typing import Any

import stellar_sdk as ops
from hypothesis import given, settings
from hypothesis import strategies as st
from stellar_sdk import StrKey

from tests.support.stellar_ledgers import SENDER, an_envelope
from tests.support.stellar_operations import OPERATIONS
from tocsin.chains.stellar.codec.envelope import Envelope, Slot, decode_envelope, find_only_call
from tocsin.chains.stellar.operations import operation_at

accounts = st.binary(min_size=32, max_size=32).map(StrKey.encode_ed25519_public_key)
stroops = st.integers(1, 2**63 - 1)
codes = st.text("ABCXYZabc019", min_size=1, max_size=12)
assets = st.just(ops.Asset.native()) | st.builds(ops.Asset, codes, accounts)
prices = st.builds(ops.Price, st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))


def amount(units: int) -> Decimal:
    return Decimal(units).scaleb(-7)


def named(asset: ops.Asset) -> str:
    return "native" if asset.is_native() else f"{asset.code}:{asset.issuer}"


Expected = tuple[ops.Operation, str, dict[str, Any]]


@st.composite
def operations(draw: st.DrawFn) -> Expected:
    """Return an operation by the SDK, its type, and its fields."""
    to, units, other = draw(accounts), draw(stroops), draw(stroops)
    asset, second = draw(assets), draw(assets)
    price, path = draw(prices), draw(st.lists(assets, max_size=5))
    offer = {
        "selling": named(asset),
        "buying": named(second),
        "amount": units,
        "price_n": price.n,
        "price_d": price.d,
    }
    shown = {"path": [named(each) for each in path], "destination": to}
    pair = {"send_asset": named(asset), "dest_asset": named(second)}
    tried: list[Expected] = [
        (
            ops.Payment(to, asset, amount(units)),
            "payment",
            {"destination": to, "asset": named(asset), "amount": units},
        ),
        (
            ops.CreateAccount(to, amount(units)),
            "create_account",
            {"destination": to, "starting_balance": units},
        ),
        (
            ops.PathPaymentStrictSend(to, asset, amount(units), second, amount(other), path),
            "path_payment_strict_send",
            shown | pair | {"send_amount": units, "dest_min": other},
        ),
        (
            ops.PathPaymentStrictReceive(to, asset, amount(units), second, amount(other), path),
            "path_payment_strict_receive",
            shown | pair | {"send_max": units, "dest_amount": other},
        ),
        (
            ops.ManageSellOffer(asset, second, amount(units), price, other),
            "manage_sell_offer",
            offer | {"offer_id": other},
        ),
        (
            ops.ManageBuyOffer(asset, second, amount(units), price, other),
            "manage_buy_offer",
            offer | {"offer_id": other},
        ),
        (
            ops.CreatePassiveSellOffer(asset, second, amount(units), price),
            "create_passive_sell_offer",
            offer,
        ),
        (
            ops.ChangeTrust(asset, amount(units)),
            "change_trust",
            {"asset": named(asset), "limit": units},
        ),
        (
            ops.Clawback(asset, to, amount(units)),
            "clawback",
            {"asset": named(asset), "from": to, "amount": units},
        ),
        (
            ops.CreateClaimableBalance(asset, amount(units), [ops.Claimant(to)]),
            "create_claimable_balance",
            {"asset": named(asset), "amount": units, "claimants": [to]},
        ),
    ]
    return draw(st.sampled_from(tried))


@given(expected=operations(), follower=operations())
def test_an_operation_has_the_fields_that_were_sent(expected: Expected, follower: Expected) -> None:
    envelope = decode_envelope(an_envelope(expected[0], follower[0]).to_xdr_bytes())
    for slot, (_, name, fields) in zip(envelope.slots, (expected, follower), strict=True):
        operation = operation_at(envelope, slot)
        assert operation.type.name == name
        assert operation.values() == {"source": SENDER, **fields}


EVERY = [an_envelope(each).to_xdr_bytes() for each in OPERATIONS.values()]


@given(
    envelope=st.sampled_from(EVERY),
    place=st.integers(100, 1000),
    patch=st.binary(min_size=1, max_size=8),
    cut=st.integers(0, 40),
)
@settings(max_examples=500)
def test_a_damaged_operation_is_never_more_than_a_value_error(
    envelope: bytes, place: int, patch: bytes, cut: int
) -> None:
    damaged = envelope[:place] + patch + envelope[place + len(patch) :]
    raw = damaged[: len(damaged) - cut]
    find_only_call(raw)
    try:
        found = decode_envelope(raw)
    except ValueError:
        return
    for slot in found.slots:
        assert _is_read_or_refused(found, slot)


def _is_read_or_refused(envelope: Envelope, slot: Slot) -> bool:
    try:
        return bool(list(operation_at(envelope, slot).accounts()))
    except ValueError:
        return True
