"""A payment is found behind every kind of operation: each is skipped by its exact length."""

from decimal import Decimal

import pytest
import stellar_sdk as ops
from stellar_sdk import (
    Address,
    Asset,
    AuthorizationFlag,
    Claimant,
    ClaimPredicate,
    Clawback,
    ClawbackClaimableBalance,
    CreateAccount,
    HashMemo,
    IdMemo,
    Keypair,
    LedgerBounds,
    LiquidityPoolAsset,
    Preconditions,
    Price,
    ReturnHashMemo,
    RevokeSponsorship,
    Signer,
    SignerKey,
    StrKey,
    TextMemo,
    TimeBounds,
    Transaction,
    TrustLineEntryFlag,
    scval,
)
from stellar_sdk import xdr as stellar_xdr
from stellar_sdk.operation import Operation

from tests.support.stellar_ledgers import (
    SENDER,
    TOKEN,
    a_payment,
    account,
    an_envelope,
)
from tocsin.chains.stellar.codec.envelope import Invocation, Payment, decode_envelope

NATIVE = Asset.native()
SHORT = Asset("USD", account(3))
LONG = Asset("LONGCODE", account(3))
POOL = LiquidityPoolAsset(NATIVE, SHORT)
BALANCE = "00000000" + "ab" * 32
PREDICATES = ClaimPredicate.predicate_or(
    ClaimPredicate.predicate_and(
        ClaimPredicate.predicate_unconditional(),
        ClaimPredicate.predicate_not(ClaimPredicate.predicate_before_absolute_time(5)),
    ),
    ClaimPredicate.predicate_before_relative_time(9),
)


def an_invocation() -> stellar_xdr.InvokeContractArgs:
    return stellar_xdr.InvokeContractArgs(
        contract_address=Address(TOKEN).to_xdr_sc_address(),
        function_name=stellar_xdr.SCSymbol(b"inner"),
        args=[scval.to_map({scval.to_symbol("a"): scval.to_uint32(1)})],
    )


def an_authorization() -> stellar_xdr.SorobanAuthorizationEntry:
    """Return an authorization with a signature and an invocation inside another."""
    function = stellar_xdr.SorobanAuthorizedFunction(
        stellar_xdr.SorobanAuthorizedFunctionType.SOROBAN_AUTHORIZED_FUNCTION_TYPE_CONTRACT_FN,
        contract_fn=an_invocation(),
    )
    leaf = stellar_xdr.SorobanAuthorizedInvocation(function, [])
    return stellar_xdr.SorobanAuthorizationEntry(
        credentials=stellar_xdr.SorobanCredentials(
            stellar_xdr.SorobanCredentialsType.SOROBAN_CREDENTIALS_ADDRESS,
            address=stellar_xdr.SorobanAddressCredentials(
                address=Address(SENDER).to_xdr_sc_address(),
                nonce=stellar_xdr.Int64(1),
                signature_expiration_ledger=stellar_xdr.Uint32(2),
                signature=scval.to_vec([scval.to_bytes(b"signature")]),
            ),
        ),
        root_invocation=stellar_xdr.SorobanAuthorizedInvocation(function, [leaf, leaf]),
    )


def a_host_function(
    function: stellar_xdr.HostFunction, *, authorized: bool = False
) -> ops.InvokeHostFunction:
    return ops.InvokeHostFunction(function, [an_authorization()] if authorized else [])


CALL = stellar_xdr.HostFunction(
    stellar_xdr.HostFunctionType.HOST_FUNCTION_TYPE_INVOKE_CONTRACT, invoke_contract=an_invocation()
)
UPLOAD = stellar_xdr.HostFunction(
    stellar_xdr.HostFunctionType.HOST_FUNCTION_TYPE_UPLOAD_CONTRACT_WASM, wasm=b"\0asm1"
)
_FROM_ADDRESS = stellar_xdr.ContractIDPreimage(
    stellar_xdr.ContractIDPreimageType.CONTRACT_ID_PREIMAGE_FROM_ADDRESS,
    from_address=stellar_xdr.ContractIDPreimageFromAddress(
        Address(SENDER).to_xdr_sc_address(), stellar_xdr.Uint256(bytes(32))
    ),
)
_FROM_ASSET = stellar_xdr.ContractIDPreimage(
    stellar_xdr.ContractIDPreimageType.CONTRACT_ID_PREIMAGE_FROM_ASSET,
    from_asset=SHORT.to_xdr_object(),
)
_WASM = stellar_xdr.ContractExecutable(
    stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_WASM,
    wasm_hash=stellar_xdr.Hash(bytes(32)),
)
_TOKEN = stellar_xdr.ContractExecutable(
    stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_STELLAR_ASSET
)
CREATE = stellar_xdr.HostFunction(
    stellar_xdr.HostFunctionType.HOST_FUNCTION_TYPE_CREATE_CONTRACT,
    create_contract=stellar_xdr.CreateContractArgs(_FROM_ASSET, _TOKEN),
)
CREATE_V2 = stellar_xdr.HostFunction(
    stellar_xdr.HostFunctionType.HOST_FUNCTION_TYPE_CREATE_CONTRACT_V2,
    create_contract_v2=stellar_xdr.CreateContractArgsV2(_FROM_ADDRESS, _WASM, [scval.to_uint32(1)]),
)


def an_allow_trust() -> Operation:
    """Return the operation that the SDK warns of, because there is a newer one."""
    with pytest.warns(DeprecationWarning, match="SetTrustLineFlags"):
        return ops.AllowTrust(account(5), "LONGCODE", TrustLineEntryFlag.AUTHORIZED_FLAG)


OPERATIONS: dict[str, Operation] = {
    "create account": CreateAccount(account(5), "10"),
    "payment, muxed": a_payment(to=StrKey.encode_med25519_public_key(bytes(40))),
    "payment, issued": ops.Payment(account(4), LONG, "3"),
    "path payment, receive": ops.PathPaymentStrictReceive(
        account(5), NATIVE, "1", SHORT, "2", [LONG, NATIVE]
    ),
    "manage sell offer": ops.ManageSellOffer(NATIVE, SHORT, "1", Price(1, 2)),
    "passive offer": ops.CreatePassiveSellOffer(LONG, SHORT, "1", Decimal("1.5")),
    "set options, none": ops.SetOptions(),
    "set options, all": ops.SetOptions(
        account(5),
        AuthorizationFlag.AUTHORIZATION_REQUIRED,
        AuthorizationFlag.AUTHORIZATION_REVOCABLE,
        3,
        4,
        5,
        6,
        Signer.ed25519_public_key(account(6), 1),
        "example.org",
    ),
    "set options, payload signer": ops.SetOptions(
        signer=Signer(
            SignerKey.ed25519_signed_payload(
                StrKey.encode_ed25519_signed_payload(
                    bytes(32) + (5).to_bytes(4, "big") + b"hello\0\0\0"
                )
            ),
            1,
        )
    ),
    "change trust": ops.ChangeTrust(SHORT, "1"),
    "change trust, pool": ops.ChangeTrust(POOL, "1"),
    "allow trust": an_allow_trust(),
    "account merge": ops.AccountMerge(account(5)),
    "inflation": ops.Inflation(),
    "manage data": ops.ManageData("name", b"value"),
    "manage data, delete": ops.ManageData("name", None),
    "bump sequence": ops.BumpSequence(7),
    "manage buy offer": ops.ManageBuyOffer(NATIVE, SHORT, "1", Price(1, 2)),
    "path payment, send": ops.PathPaymentStrictSend(account(5), NATIVE, "1", SHORT, "2", [LONG]),
    "create claimable balance": ops.CreateClaimableBalance(
        SHORT, "1", [Claimant(account(5)), Claimant(account(6), PREDICATES)]
    ),
    "claim claimable balance": ops.ClaimClaimableBalance(BALANCE),
    "begin sponsoring": ops.BeginSponsoringFutureReserves(account(5)),
    "end sponsoring": ops.EndSponsoringFutureReserves(),
    "revoke, account": RevokeSponsorship.revoke_account_sponsorship(account(5)),
    "revoke, trust line": RevokeSponsorship.revoke_trustline_sponsorship(account(5), SHORT),
    "revoke, offer": RevokeSponsorship.revoke_offer_sponsorship(account(5), 3),
    "revoke, data": RevokeSponsorship.revoke_data_sponsorship(account(5), "name"),
    "revoke, balance": RevokeSponsorship.revoke_claimable_balance_sponsorship(BALANCE),
    "revoke, pool": RevokeSponsorship.revoke_liquidity_pool_sponsorship("cd" * 32),
    "revoke, signer": RevokeSponsorship.revoke_signer_sponsorship(
        account(5), SignerKey.sha256_hash(bytes(32))
    ),
    "clawback": Clawback(SHORT, account(5), "1"),
    "clawback balance": ClawbackClaimableBalance(BALANCE),
    "set trust line flags": ops.SetTrustLineFlags(account(5), SHORT),
    "pool deposit": ops.LiquidityPoolDeposit("cd" * 32, "1", "2", Price(1, 2), Price(1, 2)),
    "pool withdraw": ops.LiquidityPoolWithdraw("cd" * 32, "1", "2", "3"),
    "call": a_host_function(CALL),
    "call, authorized": a_host_function(CALL, authorized=True),
    "upload": a_host_function(UPLOAD),
    "create contract": a_host_function(CREATE),
    "create contract, version 2": a_host_function(CREATE_V2),
    "extend": ops.ExtendFootprintTTL(100),
    "restore": ops.RestoreFootprint(),
}


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
    transaction = Transaction(
        Keypair.from_public_key(SENDER), 1, 100, [a_payment()], v1=False
    ).to_xdr_object()
    assert isinstance(transaction, stellar_xdr.TransactionV0)
    envelope = stellar_xdr.TransactionEnvelope(
        stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX_V0,
        v0=stellar_xdr.TransactionV0Envelope(transaction, []),
    )
    decoded = decode_envelope(envelope.to_xdr_bytes())
    assert decoded.source == SENDER
    assert decoded.operations == (Payment(destination=account(2), amount=15_000_000),)


def test_a_fee_bump_shows_its_inner_transaction() -> None:
    decoded = decode_envelope(a_fee_bump().to_xdr_bytes())
    assert decoded.source == SENDER
    assert decoded.operations == (Payment(destination=account(2), amount=15_000_000),)


def a_fee_bump() -> stellar_xdr.TransactionEnvelope:
    inner = stellar_xdr.TransactionEnvelope.from_xdr_bytes(an_envelope(a_payment()).to_xdr_bytes())
    assert inner.v1 is not None
    fee_bump = stellar_xdr.FeeBumpTransaction(
        fee_source=Keypair.from_public_key(account(0)).xdr_muxed_account(),
        fee=stellar_xdr.Int64(1000),
        inner_tx=stellar_xdr.FeeBumpTransactionInnerTx(
            stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX, v1=inner.v1
        ),
        ext=stellar_xdr.FeeBumpTransactionExt(0),
    )
    return stellar_xdr.TransactionEnvelope(
        stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX_FEE_BUMP,
        fee_bump=stellar_xdr.FeeBumpTransactionEnvelope(fee_bump, []),
    )


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
