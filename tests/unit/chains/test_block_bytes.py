"""One block costs a bounded number of bytes, and checking a large one holds up nobody."""

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.support.evm_blocks import NETWORK_ID, FakeEvmNode, a_block
from tests.support.stellar_ledgers import (
    NUMBER,
    RawLedger,
    ScriptedNodes,
    a_transaction,
    network,
)
from tocsin.chains import block_bytes
from tocsin.chains.block_bytes import ASIDE_BYTES, MOST_BYTES, MOST_PRIVATE_BYTES, ByteBudget
from tocsin.chains.evm.rpc import RECEIPTS_PER_BATCH, EvmClient
from tocsin.chains.evm.verify import Expectation, verify_bundle
from tocsin.chains.stellar.rpc import StellarClient
from tocsin.errors import MalformedBlockError
from tocsin.model.block import BlockRef
from tocsin.model.ids import TenantId
from tocsin.model.network import ChainFamily, Network

EVM = Network(
    id=NETWORK_ID,
    tenant_id=None,
    slug="ethereum",
    name="Ethereum",
    family=ChainFamily.EVM,
    chain_identity="1",
    block_time=timedelta(seconds=12),
    confirmation_count=12,
    start_number=None,
)


def padded_ledger_nodes(padding_bytes: int) -> ScriptedNodes:
    """Return nodes whose transactions come one a page, each page with padding, without end."""
    raw = RawLedger()
    page = {
        "transactions": [a_transaction() | {"padding": "x" * padding_bytes}],
        "latestLedger": NUMBER,
        "cursor": "again",
    }
    return ScriptedNodes(
        getLedgers=[{"ledgers": [raw.ledger], "latestLedger": NUMBER}], getTransactions=[page]
    )


async def test_a_ledger_on_many_pages_costs_no_more_than_one_on_a_single_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(block_bytes, "MOST_BYTES", 50_000)
    nodes = padded_ledger_nodes(10_000)
    with pytest.raises(MalformedBlockError, match="more than 50000 bytes"):
        await StellarClient(network(), nodes).bundle_at(NUMBER)
    assert (nodes.count("getTransactions"), nodes.distrust_count) == (5, 1)


async def test_receipts_one_by_one_cost_no_more_than_all_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = a_block([[]] * (3 * RECEIPTS_PER_BATCH))
    for receipt in raw.receipts:
        receipt["padding"] = "x" * 10_000
    most = len(raw.parts()[0]) + RECEIPTS_PER_BATCH * 11_000
    monkeypatch.setattr(block_bytes, "MOST_BYTES", most)
    node = FakeEvmNode(raw, refuses=["eth_getBlockReceipts"])
    with pytest.raises(MalformedBlockError, match="more than"):
        await EvmClient(EVM, node).bundle_at(5)
    asked = node.calls.count("eth_getTransactionReceipt")
    assert (asked, node.distrust_count) == (2 * RECEIPTS_PER_BATCH, 1)


async def test_a_block_and_its_receipts_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = a_block([[], []])
    monkeypatch.setattr(block_bytes, "MOST_BYTES", sum(map(len, raw.parts())) - 1)
    with pytest.raises(MalformedBlockError, match="more than"):
        await EvmClient(EVM, FakeEvmNode(raw)).bundle_at(5)


async def test_each_block_has_a_budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = a_block([[], []])
    monkeypatch.setattr(block_bytes, "MOST_BYTES", sum(map(len, raw.parts())))
    client = EvmClient(EVM, FakeEvmNode(raw))
    assert await client.bundle_at(5) == await client.bundle_at(5)


def test_a_tenant_s_own_network_may_cost_less() -> None:
    assert MOST_PRIVATE_BYTES < MOST_BYTES
    answer = bytes(MOST_PRIVATE_BYTES)
    ByteBudget(EVM).take(answer, b"1")
    with pytest.raises(MalformedBlockError):
        ByteBudget(replace(EVM, tenant_id=TenantId(UUID(int=1)))).take(answer, b"1")


@pytest.mark.parametrize(("padding_bytes", "aside"), [(ASIDE_BYTES, True), (0, False)])
async def test_a_large_block_is_checked_aside(
    monkeypatch: pytest.MonkeyPatch, padding_bytes: int, aside: bool
) -> None:
    raw = a_block([[]])
    raw.block["padding"] = "x" * padding_bytes
    threads: list[int] = []

    def noting(block: bytes, receipts: bytes, expected: Expectation) -> BlockRef:
        threads.append(threading.get_ident())
        return verify_bundle(block, receipts, expected)

    monkeypatch.setattr("tocsin.chains.evm.rpc.verify_bundle", noting)
    await EvmClient(EVM, FakeEvmNode(raw)).bundle_at(5)
    assert [each != threading.get_ident() for each in threads] == [aside]


async def test_a_large_false_ledger_is_found_out_aside_and_distrusted() -> None:
    raw = RawLedger()
    raw.transactions[0]["resultXdr"] = "AAAA"
    raw.transactions[0]["padding"] = "x" * ASIDE_BYTES
    pages = {
        "getLedgers": [{"ledgers": [raw.ledger], "latestLedger": NUMBER}],
        "getTransactions": [{"transactions": raw.transactions, "latestLedger": NUMBER}],
        "getEvents": [{"events": [], "latestLedger": NUMBER}],
    }
    nodes = ScriptedNodes(**pages)
    with pytest.raises(MalformedBlockError, match="commits to"):
        await StellarClient(network(), nodes).bundle_at(NUMBER)
    assert nodes.distrust_count == 1
