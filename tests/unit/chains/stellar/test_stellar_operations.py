"""A payment is found behind every kind of operation: each is skipped by its exact length."""

import pytest
from stellar_sdk import (
    HashMemo,
    IdMemo,
    Keypair,
    LedgerBounds,
    Preconditions,
    ReturnHashMemo,
    SignerKey,
    StrKey,
    TextMemo,
    TimeBounds,
    Transaction,
)
from stellar_sdk import xdr as stellar_xdr
from stellar_sdk.operation import Operation

from tests.support.stellar_ledgers import SENDER, a_payment, account, an_envelope
from tests.support.stellar_operations import (
    CREATE,
    CREATE_V2,
    OPERATIONS,
    UPLOAD,
    a_fee_bump,
    a_host_function,
    a_version_0,
)
from tocsin.chains.stellar.codec.envelope import Invocation, Payment, decode_envelope


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_what_follows_an_operation_is_found(operation: Operation) -> None:
    envelope = an_envelope(operation, a_payment("7"), source=SENDER).to_xdr_bytes()
    assert decode_envelope(envelope).operations[-1] == Payment(
        destination=account(2), amount=70_000_000
    )


def test_every_kind_of_operation_is_tried() -> None:
    tried = {each.to_xdr_object().body.type for each in OPERATIONS.values()}
    assert tried == set(stellar_xdr.OperationType)


def test_an_operation_s_own_source_is_skipped() -> None:
    payment = a_payment()
    payment.source = a_payment(to=account(9)).destination
    envelope = decode_envelope(an_envelope(payment, a_payment("7")).to_xdr_bytes())
    assert (envelope.source, len(envelope.operations)) == (SENDER, 2)


@pytest.mark.parametrize("function", [UPLOAD, CREATE, CREATE_V2])
def test_a_host_function_that_calls_no_contract_names_none(
    function: stellar_xdr.HostFunction,
) -> None:
    envelope = decode_envelope(an_envelope(a_host_function(function)).to_xdr_bytes())
    assert envelope.operations == (Invocation(),)


def test_a_muxed_source_keeps_its_id() -> None:
    muxed = StrKey.encode_med25519_public_key(
        StrKey.decode_ed25519_public_key(SENDER) + (77).to_bytes(8, "big")
    )
    assert decode_envelope(an_envelope(a_payment(), source=muxed).to_xdr_bytes()).source == muxed


@pytest.mark.parametrize(
    "memo", [TextMemo("hello"), IdMemo(5), HashMemo(bytes(32)), ReturnHashMemo(bytes(32))]
)
def test_a_memo_is_skipped(memo: TextMemo | IdMemo | HashMemo | ReturnHashMemo) -> None:
    transaction = a_sdk_transaction(memo=memo)
    assert len(decode_envelope(_v1(transaction)).operations) == 1


def test_preconditions_are_skipped() -> None:
    transaction = a_sdk_transaction(
        preconditions=Preconditions(
            time_bounds=TimeBounds(1, 2),
            ledger_bounds=LedgerBounds(3, 4),
            min_sequence_number=5,
            min_sequence_age=6,
            min_sequence_ledger_gap=7,
            extra_signers=[SignerKey.sha256_hash(bytes(32))],
        )
    )
    assert len(decode_envelope(_v1(transaction)).operations) == 1


def test_an_envelope_of_version_0_is_read() -> None:
    decoded = decode_envelope(a_version_0().to_xdr_bytes())
    assert decoded.source == SENDER
    assert decoded.operations == (Payment(destination=account(2), amount=15_000_000),)


def test_a_fee_bump_shows_its_inner_transaction() -> None:
    decoded = decode_envelope(a_fee_bump().to_xdr_bytes())
    assert decoded.source == SENDER
    assert decoded.operations == (Payment(destination=account(2), amount=15_000_000),)


def test_more_operations_than_allowed_are_refused() -> None:
    most = (100).to_bytes(4, "big")
    envelope = an_envelope(*[a_payment()] * 100).to_xdr_bytes().replace(most, b"\0\0\0e")
    with pytest.raises(ValueError, match="101 operations"):
        decode_envelope(envelope)


def test_predicates_without_end_are_refused() -> None:
    envelope = an_envelope(OPERATIONS["create claimable balance"], a_payment()).to_xdr_bytes()
    not_ = (3).to_bytes(4, "big") + (1).to_bytes(4, "big")
    unconditional = envelope.index(bytes(4), envelope.index(account_bytes(5)) + 32)
    with pytest.raises(ValueError, match="too deeply"):
        decode_envelope(envelope[:unconditional] + not_ * 5000)


def account_bytes(number: int) -> bytes:
    return number.to_bytes(32, "big")


def a_sdk_transaction(
    *,
    memo: TextMemo | IdMemo | HashMemo | ReturnHashMemo | None = None,
    preconditions: Preconditions | None = None,
) -> Transaction:
    return Transaction(
        Keypair.from_public_key(SENDER),
        1,
        100,
        [a_payment()],
        memo=memo,
        preconditions=preconditions,
    )


def _v1(transaction: Transaction) -> bytes:
    encoded = transaction.to_xdr_object()
    assert isinstance(encoded, stellar_xdr.Transaction)
    return stellar_xdr.TransactionEnvelope(
        stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX, v1=stellar_xdr.TransactionV1Envelope(encoded, [])
    ).to_xdr_bytes()
