"""Sealed transactions → one closed ledger on top of the last: true header, set and meta.

True are: the ledger's hash, the link to its parent, the hash of the transaction set and the
hash of the results. The bucket list hash is random, as there are no buckets.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from random import Random

import msgspec
from stellar_sdk import xdr as stellar_xdr

from tocsin.devnet.stellar.accounts import VALIDATOR
from tocsin.devnet.stellar.envelopes import BASE_FEE, Envelope
from tocsin.devnet.stellar.outcomes import UNIFIED_PROTOCOL, Outcome
from tocsin.devnet.stellar.plans import PlannedTransaction
from tocsin.devnet.stellar.values import account_id

_TOTAL_COINS = 10**18  # stroops
_BASE_RESERVE = 5_000_000  # stroops
_LARGEST_SET = 200
_NO_HASH = bytes(32)


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction with everything the ledger says of it."""

    plan: PlannedTransaction
    envelope: Envelope
    outcome: Outcome


class ClosedLedger(msgspec.Struct, frozen=True, kw_only=True):
    """One ledger; ``applied`` is in the order of application, ``close_time`` in Unix seconds."""

    number: int
    close_time: int
    hash: str
    parent_hash: str
    header: stellar_xdr.LedgerHeaderHistoryEntry
    meta: stellar_xdr.LedgerCloseMeta
    applied: tuple[Applied, ...]


class LedgerWriter:
    """Closes ledger after ledger of one chain, each on top of the last."""

    def __init__(self, protocol: int, chance: Random) -> None:
        self._protocol = protocol
        self._chance = chance
        self._parent_hash = _NO_HASH
        self._fee_pool = 0

    def close(self, applied: Sequence[Applied], *, number: int, close_time: int) -> ClosedLedger:
        """Return the next ledger with these transactions, in this order."""
        parent_hash = self._parent_hash
        self._fee_pool += sum(each.envelope.fee for each in applied)
        transactions = _transaction_set(applied, parent_hash, protocol=self._protocol)
        header = stellar_xdr.LedgerHeader(
            ledger_version=stellar_xdr.Uint32(self._protocol),
            previous_ledger_hash=stellar_xdr.Hash(parent_hash),
            scp_value=self._value(transactions, close_time),
            tx_set_result_hash=_results_hash(applied),
            bucket_list_hash=stellar_xdr.Hash(self._chance.randbytes(32)),
            ledger_seq=stellar_xdr.Uint32(number),
            total_coins=stellar_xdr.Int64(_TOTAL_COINS),
            fee_pool=stellar_xdr.Int64(self._fee_pool),
            inflation_seq=stellar_xdr.Uint32(0),
            id_pool=stellar_xdr.Uint64(0),
            base_fee=stellar_xdr.Uint32(BASE_FEE),
            base_reserve=stellar_xdr.Uint32(_BASE_RESERVE),
            max_tx_set_size=stellar_xdr.Uint32(_LARGEST_SET),
            skip_list=[stellar_xdr.Hash(_NO_HASH)] * 4,
            ext=stellar_xdr.LedgerHeaderExt(0),
        )
        self._parent_hash = sha256(header.to_xdr_bytes()).digest()
        entry = stellar_xdr.LedgerHeaderHistoryEntry(
            stellar_xdr.Hash(self._parent_hash), header, stellar_xdr.LedgerHeaderHistoryEntryExt(0)
        )
        return ClosedLedger(
            number=number,
            close_time=close_time,
            hash=self._parent_hash.hex(),
            parent_hash=parent_hash.hex(),
            header=entry,
            meta=_close_meta(entry, transactions, applied, protocol=self._protocol),
            applied=tuple(applied),
        )

    def _value(
        self, transactions: stellar_xdr.GeneralizedTransactionSet, close_time: int
    ) -> stellar_xdr.StellarValue:
        set_hash = sha256(transactions.to_xdr_bytes()).digest()
        signature = stellar_xdr.LedgerCloseValueSignature(
            stellar_xdr.NodeID(account_id(VALIDATOR).account_id),
            stellar_xdr.Signature(self._chance.randbytes(64)),
        )
        return stellar_xdr.StellarValue(
            tx_set_hash=stellar_xdr.Hash(set_hash),
            close_time=stellar_xdr.TimePoint(stellar_xdr.Uint64(close_time)),
            upgrades=[],
            ext=stellar_xdr.StellarValueExt(
                stellar_xdr.StellarValueType.STELLAR_VALUE_SIGNED, lc_value_signature=signature
            ),
        )


def _transaction_set(
    applied: Sequence[Applied], parent_hash: bytes, *, protocol: int
) -> stellar_xdr.GeneralizedTransactionSet:
    classic = _sorted_envelopes(each for each in applied if each.plan.call is None)
    contract = _sorted_envelopes(each for each in applied if each.plan.call)
    later = _parallel_phase(contract) if protocol >= UNIFIED_PROTOCOL else _plain_phase(contract)
    return stellar_xdr.GeneralizedTransactionSet(
        1,
        v1_tx_set=stellar_xdr.TransactionSetV1(
            previous_ledger_hash=stellar_xdr.Hash(parent_hash),
            phases=[_plain_phase(classic), later],
        ),
    )


def _sorted_envelopes(applied: Iterable[Applied]) -> list[stellar_xdr.TransactionEnvelope]:
    """Return the envelopes by ascending content hash, the order that a set must have."""
    envelopes = (each.envelope.envelope for each in applied)
    return sorted(envelopes, key=lambda envelope: sha256(envelope.to_xdr_bytes()).digest())


def _plain_phase(envelopes: list[stellar_xdr.TransactionEnvelope]) -> stellar_xdr.TransactionPhase:
    if not envelopes:
        return stellar_xdr.TransactionPhase(0, v0_components=[])
    component = stellar_xdr.TxSetComponent(
        stellar_xdr.TxSetComponentType.TXSET_COMP_TXS_MAYBE_DISCOUNTED_FEE,
        txs_maybe_discounted_fee=stellar_xdr.TxSetComponentTxsMaybeDiscountedFee(
            stellar_xdr.Int64(BASE_FEE), envelopes
        ),
    )
    return stellar_xdr.TransactionPhase(0, v0_components=[component])


def _parallel_phase(
    envelopes: list[stellar_xdr.TransactionEnvelope],
) -> stellar_xdr.TransactionPhase:
    clusters = [stellar_xdr.DependentTxCluster([envelope]) for envelope in envelopes]
    stages = [stellar_xdr.ParallelTxExecutionStage(clusters)] if clusters else []
    return stellar_xdr.TransactionPhase(
        1,
        parallel_txs_component=stellar_xdr.ParallelTxsComponent(
            stellar_xdr.Int64(BASE_FEE), stages
        ),
    )


def _results_hash(applied: Sequence[Applied]) -> stellar_xdr.Hash:
    results = stellar_xdr.TransactionResultSet([each.outcome.result for each in applied])
    return stellar_xdr.Hash(sha256(results.to_xdr_bytes()).digest())


_NO_CHANGES = stellar_xdr.LedgerEntryChanges([])
_META_EXT = stellar_xdr.LedgerCloseMetaExt(0)
_NO_SIZE = stellar_xdr.Uint64(0)


def _close_meta(
    header: stellar_xdr.LedgerHeaderHistoryEntry,
    transactions: stellar_xdr.GeneralizedTransactionSet,
    applied: Sequence[Applied],
    *,
    protocol: int,
) -> stellar_xdr.LedgerCloseMeta:
    if protocol >= UNIFIED_PROTOCOL:
        return stellar_xdr.LedgerCloseMeta(
            2,
            v2=stellar_xdr.LedgerCloseMetaV2(
                ext=_META_EXT,
                ledger_header=header,
                tx_set=transactions,
                tx_processing=[_processing_v1(each) for each in applied],
                upgrades_processing=[],
                scp_info=[],
                total_byte_size_of_live_soroban_state=_NO_SIZE,
                evicted_keys=[],
            ),
        )
    return stellar_xdr.LedgerCloseMeta(
        1,
        v1=stellar_xdr.LedgerCloseMetaV1(
            ext=_META_EXT,
            ledger_header=header,
            tx_set=transactions,
            tx_processing=[_processing(each) for each in applied],
            upgrades_processing=[],
            scp_info=[],
            total_byte_size_of_live_soroban_state=_NO_SIZE,
            evicted_keys=[],
            unused=[],
        ),
    )


def _processing_v1(applied: Applied) -> stellar_xdr.TransactionResultMetaV1:
    return stellar_xdr.TransactionResultMetaV1(
        ext=stellar_xdr.ExtensionPoint(0),
        result=applied.outcome.result,
        fee_processing=_NO_CHANGES,
        tx_apply_processing=applied.outcome.meta,
        post_tx_apply_fee_processing=_NO_CHANGES,
    )


def _processing(applied: Applied) -> stellar_xdr.TransactionResultMeta:
    return stellar_xdr.TransactionResultMeta(
        result=applied.outcome.result,
        fee_processing=_NO_CHANGES,
        tx_apply_processing=applied.outcome.meta,
    )
