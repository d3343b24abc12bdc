"""Planned transaction → what the ledger says it did: result, meta and contract events.

Meta is TransactionMetaV4 from protocol 23 on (events inside operations), V3 before it (events
inside sorobanMeta). A failed call leaves its events behind as diagnostic ones only, as a node
with diagnostics switched on does: whoever counts those as events is found out.
"""

from hashlib import sha256

import msgspec
from stellar_sdk import scval
from stellar_sdk import xdr as stellar_xdr

from tocsin.devnet.stellar.envelopes import BASE_FEE, RESOURCE_FEE, Envelope
from tocsin.devnet.stellar.plans import PlannedCall, PlannedEvent, PlannedTransaction
from tocsin.devnet.stellar.values import contract_id, encode_data, encode_topics

UNIFIED_PROTOCOL = 23
"""The protocol from which on events live in operations (CAP-67)."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction did.

    ``events`` are those of the only operation that has any, empty if it failed;
    ``diagnostics`` are what the node adds for people.
    """

    result: stellar_xdr.TransactionResultPair
    meta: stellar_xdr.TransactionMeta
    events: tuple[stellar_xdr.ContractEvent, ...]
    diagnostics: tuple[stellar_xdr.DiagnosticEvent, ...]


def outcome_of(plan: PlannedTransaction, envelope: Envelope, *, protocol: int) -> Outcome:
    """Return what the ledger records of a plan under the rules of a protocol."""
    planned = [_contract_event(event) for event in plan.call.events] if plan.call else []
    events = tuple(planned) if plan.succeeds else ()
    diagnostics = _diagnostics(plan, planned, protocol)
    if protocol >= UNIFIED_PROTOCOL:
        meta = stellar_xdr.TransactionMeta(4, v4=_meta_v4(plan, events, diagnostics))
    else:
        meta = stellar_xdr.TransactionMeta(3, v3=_meta_v3(plan, events, diagnostics))
    return Outcome(
        result=_result_pair(plan, envelope, events),
        meta=meta,
        events=events,
        diagnostics=diagnostics,
    )


_EXT = stellar_xdr.ExtensionPoint(0)
_NO_CHANGES = stellar_xdr.LedgerEntryChanges([])
_VOID = scval.to_void()


def _contract_event(event: PlannedEvent) -> stellar_xdr.ContractEvent:
    layout = event.contract.event(event.name)
    return stellar_xdr.ContractEvent(
        ext=_EXT,
        contract_id=contract_id(event.contract.address),
        type=stellar_xdr.ContractEventType.CONTRACT,
        body=stellar_xdr.ContractEventBody(
            0,
            v0=stellar_xdr.ContractEventV0(
                topics=encode_topics(layout, event.arguments),
                data=encode_data(layout, event.arguments),
            ),
        ),
    )


def _diagnostics(
    plan: PlannedTransaction, planned: list[stellar_xdr.ContractEvent], protocol: int
) -> tuple[stellar_xdr.DiagnosticEvent, ...]:
    # Before protocol 23 a node repeats the events of a successful call among the diagnostics.
    if plan.succeeds and protocol >= UNIFIED_PROTOCOL:
        return ()
    return tuple(stellar_xdr.DiagnosticEvent(plan.succeeds, event) for event in planned)


def _return_value(call: PlannedCall) -> stellar_xdr.SCVal:
    return _VOID if call.returned is None else scval.to_int128(call.returned)


def _meta_v4(
    plan: PlannedTransaction,
    events: tuple[stellar_xdr.ContractEvent, ...],
    diagnostics: tuple[stellar_xdr.DiagnosticEvent, ...],
) -> stellar_xdr.TransactionMetaV4:
    soroban = None
    if plan.call:
        returned = _return_value(plan.call) if plan.succeeds else None
        soroban = stellar_xdr.SorobanTransactionMetaV2(_charges(), returned)
    count = _applied_count(plan)
    return stellar_xdr.TransactionMetaV4(
        ext=_EXT,
        tx_changes_before=_NO_CHANGES,
        operations=[
            stellar_xdr.OperationMetaV2(_EXT, _NO_CHANGES, list(events)) for _ in range(count)
        ],
        tx_changes_after=_NO_CHANGES,
        soroban_meta=soroban,
        events=[],
        diagnostic_events=list(diagnostics),
    )


def _meta_v3(
    plan: PlannedTransaction,
    events: tuple[stellar_xdr.ContractEvent, ...],
    diagnostics: tuple[stellar_xdr.DiagnosticEvent, ...],
) -> stellar_xdr.TransactionMetaV3:
    soroban = None
    if plan.call:
        soroban = stellar_xdr.SorobanTransactionMeta(
            ext=_charges(),
            events=list(events),
            return_value=_return_value(plan.call) if plan.succeeds else _VOID,
            diagnostic_events=list(diagnostics),
        )
    return stellar_xdr.TransactionMetaV3(
        ext=_EXT,
        tx_changes_before=_NO_CHANGES,
        operations=[stellar_xdr.OperationMeta(_NO_CHANGES) for _ in range(_applied_count(plan))],
        tx_changes_after=_NO_CHANGES,
        soroban_meta=soroban,
    )


def _applied_count(plan: PlannedTransaction) -> int:
    """Return how many operations have meta: all of a success, none of a failure."""
    if not plan.succeeds:
        return 0
    return 1 if plan.call else len(plan.payments)


def _charges() -> stellar_xdr.SorobanTransactionMetaExt:
    return stellar_xdr.SorobanTransactionMetaExt(
        1,
        v1=stellar_xdr.SorobanTransactionMetaExtV1(
            ext=_EXT,
            total_non_refundable_resource_fee_charged=stellar_xdr.Int64(RESOURCE_FEE),
            total_refundable_resource_fee_charged=stellar_xdr.Int64(0),
            rent_fee_charged=stellar_xdr.Int64(0),
        ),
    )


def _result_pair(
    plan: PlannedTransaction, envelope: Envelope, events: tuple[stellar_xdr.ContractEvent, ...]
) -> stellar_xdr.TransactionResultPair:
    codes = stellar_xdr.TransactionResultCode
    code = codes.txSUCCESS if plan.succeeds else codes.txFAILED
    results = _operation_results(plan, events)
    if envelope.inner_hash is None:
        result = stellar_xdr.TransactionResultResult(code, results=results)
    else:
        outer = codes.txFEE_BUMP_INNER_SUCCESS if plan.succeeds else codes.txFEE_BUMP_INNER_FAILED
        inner = stellar_xdr.InnerTransactionResult(
            fee_charged=stellar_xdr.Int64(envelope.fee - BASE_FEE),
            result=stellar_xdr.InnerTransactionResultResult(code, results=results),
            ext=stellar_xdr.InnerTransactionResultExt(0),
        )
        result = stellar_xdr.TransactionResultResult(
            outer,
            inner_result_pair=stellar_xdr.InnerTransactionResultPair(
                stellar_xdr.Hash(envelope.inner_hash), inner
            ),
        )
    return stellar_xdr.TransactionResultPair(
        transaction_hash=stellar_xdr.Hash(envelope.hash),
        result=stellar_xdr.TransactionResult(
            fee_charged=stellar_xdr.Int64(envelope.fee),
            result=result,
            ext=stellar_xdr.TransactionResultExt(0),
        ),
    )


def _operation_results(
    plan: PlannedTransaction, events: tuple[stellar_xdr.ContractEvent, ...]
) -> list[stellar_xdr.OperationResult]:
    if plan.call:
        return [_call_result(plan, plan.call, events)]
    codes = stellar_xdr.PaymentResultCode
    results = [_payment_result(codes.PAYMENT_SUCCESS) for _ in plan.payments]
    if not plan.succeeds:
        results[-1] = _payment_result(codes.PAYMENT_UNDERFUNDED)
    return results


def _payment_result(code: stellar_xdr.PaymentResultCode) -> stellar_xdr.OperationResult:
    return stellar_xdr.OperationResult(
        stellar_xdr.OperationResultCode.opINNER,
        tr=stellar_xdr.OperationResultTr(
            stellar_xdr.OperationType.PAYMENT, payment_result=stellar_xdr.PaymentResult(code)
        ),
    )


def _call_result(
    plan: PlannedTransaction, call: PlannedCall, events: tuple[stellar_xdr.ContractEvent, ...]
) -> stellar_xdr.OperationResult:
    codes = stellar_xdr.InvokeHostFunctionResultCode
    if plan.succeeds:
        # Source: Stellar-ledger.x, InvokeHostFunctionSuccessPreImage.
        promised = stellar_xdr.InvokeHostFunctionSuccessPreImage(
            return_value=_return_value(call), events=list(events)
        )
        inner = stellar_xdr.InvokeHostFunctionResult(
            codes.INVOKE_HOST_FUNCTION_SUCCESS,
            success=stellar_xdr.Hash(sha256(promised.to_xdr_bytes()).digest()),
        )
    else:
        inner = stellar_xdr.InvokeHostFunctionResult(codes.INVOKE_HOST_FUNCTION_TRAPPED)
    return stellar_xdr.OperationResult(
        stellar_xdr.OperationResultCode.opINNER,
        tr=stellar_xdr.OperationResultTr(
            stellar_xdr.OperationType.INVOKE_HOST_FUNCTION, invoke_host_function_result=inner
        ),
    )
