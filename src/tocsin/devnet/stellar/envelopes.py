"""Planned transaction → the envelope that its sender would submit, and its true hash."""

from functools import cache
from hashlib import sha256
from random import Random

import msgspec
from stellar_sdk import xdr as stellar_xdr

from tocsin.devnet.stellar.accounts import CREDIT_CODE, FEE_PAYER, ISSUER, raw_account
from tocsin.devnet.stellar.contracts import Contract
from tocsin.devnet.stellar.entries import code_key, instance_key
from tocsin.devnet.stellar.plans import PlannedCall, PlannedPayment, PlannedTransaction
from tocsin.devnet.stellar.values import account_id, contract_scaddress, encode_arguments

BASE_FEE = 100
"""Stroops for each operation."""

RESOURCE_FEE = 50_000
"""Stroops that every contract call offers for what it uses of the host."""

_FIRST_SEQUENCE = 1 << 32  # as of an account created in ledger 1
_LIFETIME_SECONDS = 300


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction as submitted; hashes are 32 bytes.

    ``inner_hash`` is that of the wrapped transaction, or None where there is no fee bump.
    ``fee`` is what is charged, in stroops.
    """

    envelope: stellar_xdr.TransactionEnvelope
    hash: bytes
    inner_hash: bytes | None
    fee: int


class EnvelopeWriter:
    """Writes the envelopes of one network and counts its accounts' sequence numbers."""

    def __init__(self, passphrase: str, chance: Random) -> None:
        self._network_id = sha256(passphrase.encode()).digest()
        self._chance = chance
        self._sequences: dict[str, int] = {}

    def write(self, plan: PlannedTransaction, *, close_time: int) -> Envelope:
        """Return the envelope of a plan. Signatures are random bytes: nobody checks them."""
        fee = self._fee(plan)
        transaction = stellar_xdr.Transaction(
            source_account=_muxed(plan.sender),
            fee=stellar_xdr.Uint32(fee),
            seq_num=self._next_sequence(plan.sender),
            cond=_preconditions(close_time) if plan.time_bound else _NO_PRECONDITIONS,
            memo=_memo(plan.memo),
            operations=_operations(plan),
            ext=_transaction_ext(plan.call),
        )
        transaction_hash = self._hash(
            stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX, transaction.to_xdr_bytes()
        )
        signed = stellar_xdr.TransactionV1Envelope(transaction, self._signatures(plan.sender))
        if plan.fee_bump:
            return self._wrapped(signed, inner_hash=transaction_hash, fee=fee + BASE_FEE)
        return Envelope(
            envelope=stellar_xdr.TransactionEnvelope(
                stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX, v1=signed
            ),
            hash=transaction_hash,
            inner_hash=None,
            fee=fee,
        )

    def _wrapped(
        self, signed: stellar_xdr.TransactionV1Envelope, *, inner_hash: bytes, fee: int
    ) -> Envelope:
        transaction = stellar_xdr.FeeBumpTransaction(
            fee_source=_muxed(FEE_PAYER),
            fee=stellar_xdr.Int64(fee),
            inner_tx=stellar_xdr.FeeBumpTransactionInnerTx(
                stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX, v1=signed
            ),
            ext=stellar_xdr.FeeBumpTransactionExt(0),
        )
        kind = stellar_xdr.EnvelopeType.ENVELOPE_TYPE_TX_FEE_BUMP
        return Envelope(
            envelope=stellar_xdr.TransactionEnvelope(
                kind,
                fee_bump=stellar_xdr.FeeBumpTransactionEnvelope(
                    transaction, self._signatures(FEE_PAYER)
                ),
            ),
            hash=self._hash(kind, transaction.to_xdr_bytes()),
            inner_hash=inner_hash,
            fee=fee,
        )

    def _fee(self, plan: PlannedTransaction) -> int:
        if plan.call:
            return BASE_FEE + RESOURCE_FEE
        return BASE_FEE * len(plan.payments)

    def _hash(self, kind: stellar_xdr.EnvelopeType, transaction: bytes) -> bytes:
        # Source: Stellar-transaction.x, TransactionSignaturePayload.
        return sha256(self._network_id + kind.value.to_bytes(4) + transaction).digest()

    def _next_sequence(self, sender: str) -> stellar_xdr.SequenceNumber:
        number = self._sequences.get(sender, _FIRST_SEQUENCE) + 1
        self._sequences[sender] = number
        return stellar_xdr.SequenceNumber(stellar_xdr.Int64(number))

    def _signatures(self, signer: str) -> list[stellar_xdr.DecoratedSignature]:
        return [
            stellar_xdr.DecoratedSignature(
                hint=stellar_xdr.SignatureHint(raw_account(signer)[-4:]),
                signature=stellar_xdr.Signature(self._chance.randbytes(64)),
            )
        ]


_NO_PRECONDITIONS = stellar_xdr.Preconditions(stellar_xdr.PreconditionType.PRECOND_NONE)
_NO_MEMO = stellar_xdr.Memo(stellar_xdr.MemoType.MEMO_NONE)
_NATIVE = stellar_xdr.Asset(stellar_xdr.AssetType.ASSET_TYPE_NATIVE)
_CREDIT = stellar_xdr.Asset(
    stellar_xdr.AssetType.ASSET_TYPE_CREDIT_ALPHANUM4,
    alpha_num4=stellar_xdr.AlphaNum4(
        asset_code=stellar_xdr.AssetCode4(CREDIT_CODE.encode()), issuer=account_id(ISSUER)
    ),
)


@cache
def _muxed(address: str) -> stellar_xdr.MuxedAccount:
    return stellar_xdr.MuxedAccount(
        stellar_xdr.CryptoKeyType.KEY_TYPE_ED25519,
        ed25519=stellar_xdr.Uint256(raw_account(address)),
    )


def _memo(text: str) -> stellar_xdr.Memo:
    if not text:
        return _NO_MEMO
    return stellar_xdr.Memo(stellar_xdr.MemoType.MEMO_TEXT, text=text.encode())


def _preconditions(close_time: int) -> stellar_xdr.Preconditions:
    latest = stellar_xdr.TimePoint(stellar_xdr.Uint64(close_time + _LIFETIME_SECONDS))
    return stellar_xdr.Preconditions(
        stellar_xdr.PreconditionType.PRECOND_TIME,
        time_bounds=stellar_xdr.TimeBounds(
            min_time=stellar_xdr.TimePoint(stellar_xdr.Uint64(0)), max_time=latest
        ),
    )


def _operations(plan: PlannedTransaction) -> list[stellar_xdr.Operation]:
    if plan.call:
        return [stellar_xdr.Operation(None, _call_body(plan.call))]
    return [stellar_xdr.Operation(None, _payment_body(payment)) for payment in plan.payments]


def _payment_body(payment: PlannedPayment) -> stellar_xdr.OperationBody:
    return stellar_xdr.OperationBody(
        stellar_xdr.OperationType.PAYMENT,
        payment_op=stellar_xdr.PaymentOp(
            destination=_muxed(payment.receiver),
            asset=_CREDIT if payment.credit else _NATIVE,
            amount=stellar_xdr.Int64(payment.amount),
        ),
    )


def _call_body(call: PlannedCall) -> stellar_xdr.OperationBody:
    invocation = stellar_xdr.InvokeContractArgs(
        contract_address=contract_scaddress(call.contract.address),
        function_name=stellar_xdr.SCSymbol(call.name.encode()),
        args=encode_arguments(call.contract.function(call.name), call.arguments),
    )
    return stellar_xdr.OperationBody(
        stellar_xdr.OperationType.INVOKE_HOST_FUNCTION,
        invoke_host_function_op=stellar_xdr.InvokeHostFunctionOp(
            host_function=stellar_xdr.HostFunction(
                stellar_xdr.HostFunctionType.HOST_FUNCTION_TYPE_INVOKE_CONTRACT,
                invoke_contract=invocation,
            ),
            auth=[],
        ),
    )


def _transaction_ext(call: PlannedCall | None) -> stellar_xdr.TransactionExt:
    if call is None:
        return stellar_xdr.TransactionExt(0)
    return stellar_xdr.TransactionExt(1, soroban_data=_resources(call.contract))


@cache
def _resources(contract: Contract) -> stellar_xdr.SorobanTransactionData:
    return stellar_xdr.SorobanTransactionData(
        ext=stellar_xdr.SorobanTransactionDataExt(0),
        resources=stellar_xdr.SorobanResources(
            footprint=stellar_xdr.LedgerFootprint(
                read_only=[instance_key(contract), code_key(contract)], read_write=[]
            ),
            instructions=stellar_xdr.Uint32(1_000_000),
            disk_read_bytes=stellar_xdr.Uint32(4_096),
            write_bytes=stellar_xdr.Uint32(1_024),
        ),
        resource_fee=stellar_xdr.Int64(RESOURCE_FEE),
    )
