"""One operation of every type, made by the SDK, and the envelopes they come in."""

import warnings
from decimal import Decimal

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
    Keypair,
    LiquidityPoolAsset,
    Price,
    RevokeSponsorship,
    Signer,
    SignerKey,
    StrKey,
    Transaction,
    TrustLineEntryFlag,
    scval,
)
from stellar_sdk import xdr as stellar_xdr
from stellar_sdk.operation import Operation

from tests.support.stellar_ledgers import SENDER, TOKEN, a_payment, account, an_envelope

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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
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


def a_version_0() -> stellar_xdr.TransactionEnvelope:
    """Return a payment in an envelope as before protocol 13."""
    transaction = Transaction(
        Keypair.from_public_key(SENDER), 1, 100, [a_payment()], v1=False
    ).to_xdr_object()
    assert isinstance(transaction, stellar_xdr.TransactionV0)
    return stellar_xdr.TransactionEnvelope(
        stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX_V0,
        v0=stellar_xdr.TransactionV0Envelope(transaction, []),
    )
