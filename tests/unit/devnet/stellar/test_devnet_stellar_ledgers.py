from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from stellar_sdk import TransactionBuilder, TransactionEnvelope
from stellar_sdk import xdr as stellar_xdr
from stellar_sdk.fee_bump_transaction_envelope import FeeBumpTransactionEnvelope

from tocsin.devnet.stellar.chain import NETWORK_NAME, StellarChain

Ask = Callable[..., Any]
CloseMeta = stellar_xdr.LedgerCloseMetaV1 | stellar_xdr.LedgerCloseMetaV2


def ledger_rows(ask: Ask) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask("getLedgers", startLedger=1)["ledgers"]
    return rows


def transaction_rows(ask: Ask) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask("getTransactions", startLedger=1, pagination={"limit": 200})[
        "transactions"
    ]
    return rows


def close_metas(ask: Ask) -> Iterator[CloseMeta]:
    for row in ledger_rows(ask):
        meta = stellar_xdr.LedgerCloseMeta.from_xdr(row["metadataXdr"])
        close = meta.v2 or meta.v1
        assert close is not None
        yield close


def raw_hash(value: stellar_xdr.Hash) -> bytes:
    return value.hash


def sdk_envelope(row: dict[str, Any]) -> TransactionEnvelope | FeeBumpTransactionEnvelope:
    return TransactionBuilder.from_xdr(row["envelopeXdr"], NETWORK_NAME)


@pytest.mark.parametrize(
    ("field", "shape"),
    [
        ("headerXdr", stellar_xdr.LedgerHeaderHistoryEntry),
        ("metadataXdr", stellar_xdr.LedgerCloseMeta),
    ],
)
def test_ledger_xdr_survives_a_round_trip(ask: Ask, field: str, shape: Any) -> None:
    for row in ledger_rows(ask):
        assert shape.from_xdr(row[field]).to_xdr() == row[field]


@pytest.mark.parametrize(
    ("field", "shape"),
    [
        ("envelopeXdr", stellar_xdr.TransactionEnvelope),
        ("resultXdr", stellar_xdr.TransactionResult),
        ("resultMetaXdr", stellar_xdr.TransactionMeta),
    ],
)
def test_transaction_xdr_survives_a_round_trip(ask: Ask, field: str, shape: Any) -> None:
    for row in transaction_rows(ask):
        assert shape.from_xdr(row[field]).to_xdr() == row[field]


def test_the_version_of_the_meta_follows_the_protocol(chain: StellarChain, ask: Ask) -> None:
    (row,) = ask("getLedgers", startLedger=5, pagination={"limit": 1})["ledgers"]
    transactions = transaction_rows(ask)
    versions = (
        stellar_xdr.LedgerCloseMeta.from_xdr(row["metadataXdr"]).v,
        {stellar_xdr.TransactionMeta.from_xdr(each["resultMetaXdr"]).v for each in transactions},
    )
    assert versions == {22: (1, {3}), 23: (2, {4})}[chain.protocol]


def test_the_header_in_the_meta_is_the_header(ask: Ask) -> None:
    headers = [close.ledger_header.to_xdr() for close in close_metas(ask)]
    assert headers == [row["headerXdr"] for row in ledger_rows(ask)]


def test_a_ledgers_hash_is_that_of_its_header(ask: Ask) -> None:
    for row in ledger_rows(ask):
        entry = stellar_xdr.LedgerHeaderHistoryEntry.from_xdr(row["headerXdr"])
        true_hash = sha256(entry.header.to_xdr_bytes()).digest()
        assert (raw_hash(entry.hash), row["hash"]) == (true_hash, true_hash.hex())


def test_ledgers_are_linked_by_hash(ask: Ask) -> None:
    closes = list(close_metas(ask))
    parents = [raw_hash(close.ledger_header.header.previous_ledger_hash) for close in closes[1:]]
    assert parents == [raw_hash(close.ledger_header.hash) for close in closes[:-1]]


def test_the_hash_of_the_transaction_set_is_true(ask: Ask) -> None:
    for close in close_metas(ask):
        promised = raw_hash(close.ledger_header.header.scp_value.tx_set_hash)
        assert promised == sha256(close.tx_set.to_xdr_bytes()).digest()


def test_the_hash_of_the_results_is_true(ask: Ask) -> None:
    for close in close_metas(ask):
        results = stellar_xdr.TransactionResultSet([each.result for each in close.tx_processing])
        promised = raw_hash(close.ledger_header.header.tx_set_result_hash)
        assert promised == sha256(results.to_xdr_bytes()).digest()


def test_the_transactions_of_a_ledger_are_those_processed_in_its_meta(ask: Ask) -> None:
    processed = [
        (raw_hash(each.result.transaction_hash).hex(), each.tx_apply_processing.to_xdr())
        for close in close_metas(ask)
        for each in close.tx_processing
    ]
    rows = transaction_rows(ask)
    assert [(row["txHash"], row["resultMetaXdr"]) for row in rows] == processed


def test_the_set_of_a_ledger_holds_the_envelopes_of_its_transactions(ask: Ask) -> None:
    for close in close_metas(ask):
        number = close.ledger_header.header.ledger_seq.uint32
        in_set = {envelope.to_xdr() for envelope in set_envelopes(close.tx_set)}
        rows = [row for row in transaction_rows(ask) if row["ledger"] == number]
        assert in_set == {row["envelopeXdr"] for row in rows}


def test_each_phase_of_a_set_is_in_order_of_content_hashes(ask: Ask) -> None:
    for close in close_metas(ask):
        assert close.tx_set.v1_tx_set is not None
        for phase in close.tx_set.v1_tx_set.phases:
            hashes = [sha256(each.to_xdr_bytes()).digest() for each in phase_envelopes(phase)]
            assert hashes == sorted(hashes)


def test_the_keys_of_a_map_rise(ask: Ask) -> None:
    rows = ask("getEvents", startLedger=1, pagination={"limit": 10_000})["events"]
    maps = [value.map for row in rows if (value := stellar_xdr.SCVal.from_xdr(row["value"])).map]
    assert maps
    for each in maps:
        keys = [entry.key.sym.sc_symbol for entry in each.sc_map if entry.key.sym]
        assert keys == sorted(keys)


def test_a_transaction_is_charged_what_it_offers(ask: Ask) -> None:
    for row in transaction_rows(ask):
        envelope = sdk_envelope(row)
        charged = stellar_xdr.TransactionResult.from_xdr(row["resultXdr"]).fee_charged.int64
        assert charged == envelope.transaction.fee


def set_envelopes(
    transactions: stellar_xdr.GeneralizedTransactionSet,
) -> Iterator[stellar_xdr.TransactionEnvelope]:
    assert transactions.v1_tx_set is not None
    for phase in transactions.v1_tx_set.phases:
        yield from phase_envelopes(phase)


def phase_envelopes(
    phase: stellar_xdr.TransactionPhase,
) -> Iterator[stellar_xdr.TransactionEnvelope]:
    for component in phase.v0_components or []:
        assert component.txs_maybe_discounted_fee is not None
        yield from component.txs_maybe_discounted_fee.txs
    if phase.parallel_txs_component:
        for stage in phase.parallel_txs_component.execution_stages:
            for cluster in stage.parallel_tx_execution_stage:
                yield from cluster.dependent_tx_cluster


def test_a_transactions_hash_is_the_one_the_network_would_compute(ask: Ask) -> None:
    for row in transaction_rows(ask):
        assert sdk_envelope(row).hash_hex() == row["txHash"]


def test_a_fee_bump_is_marked_as_one(ask: Ask) -> None:
    rows = transaction_rows(ask)
    wrapped = [isinstance(sdk_envelope(row), FeeBumpTransactionEnvelope) for row in rows]
    assert [row["feeBump"] for row in rows] == wrapped
    assert any(wrapped)


def test_the_status_is_the_one_of_the_result(ask: Ask) -> None:
    good = {
        stellar_xdr.TransactionResultCode.txSUCCESS,
        stellar_xdr.TransactionResultCode.txFEE_BUMP_INNER_SUCCESS,
    }
    statuses = {True: "SUCCESS", False: "FAILED"}
    for row in transaction_rows(ask):
        code = stellar_xdr.TransactionResult.from_xdr(row["resultXdr"]).result.code
        assert row["status"] == statuses[code in good]


def test_a_call_promises_the_hash_of_its_return_value_and_events(ask: Ask) -> None:
    for row in transaction_rows(ask):
        meta = stellar_xdr.TransactionMeta.from_xdr(row["resultMetaXdr"])
        promised = promised_hash(stellar_xdr.TransactionResult.from_xdr(row["resultXdr"]))
        if promised is not None:
            image = stellar_xdr.InvokeHostFunctionSuccessPreImage(*returned(meta))
            assert promised == sha256(image.to_xdr_bytes()).digest()


def promised_hash(result: stellar_xdr.TransactionResult) -> bytes | None:
    pair = result.result.inner_result_pair
    results = pair.result.result.results if pair else result.result.results
    assert results
    assert results[0].tr is not None
    call = results[0].tr.invoke_host_function_result
    return raw_hash(call.success) if call and call.success else None


def returned(
    meta: stellar_xdr.TransactionMeta,
) -> tuple[stellar_xdr.SCVal, list[stellar_xdr.ContractEvent]]:
    if meta.v4:
        assert meta.v4.soroban_meta is not None
        assert meta.v4.soroban_meta.return_value is not None
        return meta.v4.soroban_meta.return_value, meta.v4.operations[0].events
    assert meta.v3 is not None
    assert meta.v3.soroban_meta is not None
    return meta.v3.soroban_meta.return_value, meta.v3.soroban_meta.events
