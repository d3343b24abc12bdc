"""What the EVM client asks of nodes, and how it deals with what they say."""

from datetime import timedelta

import pytest

from tests.support.evm_blocks import NETWORK_ID, FakeEvmNode, RawBlock, a_block, a_log
from tocsin.chains.evm.rpc import EvmClient
from tocsin.errors import (
    BlockNotFoundError,
    MalformedBlockError,
    RpcRefusedError,
    WrongChainError,
)
from tocsin.model.network import ChainFamily, Network


def a_network(chain_identity: str = "1") -> Network:
    return Network(
        id=NETWORK_ID,
        tenant_id=None,
        slug="ethereum",
        name="Ethereum",
        family=ChainFamily.EVM,
        chain_identity=chain_identity,
        block_time=timedelta(seconds=12),
        confirmation_count=12,
        start_number=None,
    )


def a_client(node: FakeEvmNode) -> EvmClient:
    return EvmClient(a_network(), node)


def a_busy_block(number: int = 5) -> RawBlock:
    return a_block([[a_log()], [], [a_log()]], number=number)


async def test_a_bundle_carries_the_nodes_own_bytes() -> None:
    raw = a_busy_block()
    bundle = await a_client(FakeEvmNode(raw)).bundle_at(5)
    block, receipts = raw.parts()
    assert bundle.parts == {"block": block, "receipts": receipts}
    assert (bundle.network_id, bundle.ref.hash) == (NETWORK_ID, raw.hash)


async def test_one_block_costs_two_calls() -> None:
    node = FakeEvmNode(a_busy_block())
    await a_client(node).bundle_at(5)
    assert node.calls == ["eth_getBlockByNumber", "eth_getBlockReceipts"]


async def test_an_empty_block_costs_one_call() -> None:
    node = FakeEvmNode(a_block([]))
    assert (await a_client(node).bundle_at(5)).parts["receipts"] == b"[]"
    assert node.calls == ["eth_getBlockByNumber"]


async def test_head_and_headers_and_bundles_agree() -> None:
    client = a_client(FakeEvmNode(a_block(number=4), a_busy_block()))
    head = await client.head()
    assert head.number == 5
    assert await client.ref_at(5) == head
    assert (await client.bundle_at(5)).ref == head
    assert (await client.bundle_of(head.hash, 5)).ref == head


async def test_the_chain_id_is_required_of_every_endpoint() -> None:
    node = FakeEvmNode(a_block())
    await a_client(node).check_identity()
    assert node.required_identity == "1"


async def test_another_chain_id_is_refused() -> None:
    with pytest.raises(WrongChainError, match="expected chain id 1, got 5"):
        await a_client(FakeEvmNode(a_block(), chain_id=5)).check_identity()


@pytest.mark.parametrize("answer", [None, 1, "1", "0x", "0x01", {}, b"\xff"])
async def test_what_is_no_chain_id_is_refused(answer: object) -> None:
    node = FakeEvmNode(a_block())
    node.answers["eth_chainId"] = lambda _: answer
    with pytest.raises(MalformedBlockError):
        await a_client(node).check_identity()


async def test_an_unknown_block_is_not_found() -> None:
    client = a_client(FakeEvmNode(a_block()))
    for asking in (client.ref_at(9), client.bundle_at(9), client.bundle_of("0x" + "0" * 64, 9)):
        with pytest.raises(BlockNotFoundError):
            await asking


async def test_a_node_without_a_height_it_should_have_is_not_preferred_any_longer() -> None:
    node = FakeEvmNode(a_block())
    with pytest.raises(BlockNotFoundError):
        await a_client(node).bundle_at(9)
    assert node.distrust_count == 1


async def test_an_orphaned_block_is_no_reason_for_distrust() -> None:
    node = FakeEvmNode(a_block())
    with pytest.raises(BlockNotFoundError):
        await a_client(node).bundle_of("0x" + "0" * 64, 5)
    assert node.distrust_count == 0


async def test_receipts_that_are_not_there_yet_are_not_found() -> None:
    node = FakeEvmNode(a_busy_block())
    node.answers["eth_getBlockReceipts"] = lambda _: None
    with pytest.raises(BlockNotFoundError):
        await a_client(node).bundle_at(5)


async def test_receipts_of_the_block_that_replaced_it_are_refused() -> None:
    node = FakeEvmNode(a_busy_block())
    other = a_block([[], [], []], salt=1)
    node.answers["eth_getBlockReceipts"] = lambda _: other.receipts
    with pytest.raises(MalformedBlockError):
        await a_client(node).bundle_at(5)
    assert node.distrust_count == 1


async def test_another_height_than_asked_for_is_refused() -> None:
    node = FakeEvmNode(a_busy_block())
    node.answers["eth_getBlockByNumber"] = lambda _: a_busy_block(number=6).block
    with pytest.raises(MalformedBlockError, match="asked for block 5, got 6"):
        await a_client(node).ref_at(5)


async def test_another_hash_than_asked_for_is_refused() -> None:
    wanted, other = a_busy_block(), a_block(salt=1)
    node = FakeEvmNode(other)
    node.answers["eth_getBlockByHash"] = lambda _: other.block
    with pytest.raises(MalformedBlockError, match=f"asked for block {wanted.hash}"):
        await a_client(node).bundle_of(wanted.hash, 5)


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"3", b'{"transactions":3}', b"[" * 100_000])
async def test_what_is_no_block_is_refused_and_distrusted(answer: bytes) -> None:
    node = FakeEvmNode(a_busy_block())
    node.answers["eth_getBlockByNumber"] = lambda _: answer
    for asking in (a_client(node).head(), a_client(node).ref_at(5), a_client(node).bundle_at(5)):
        with pytest.raises(MalformedBlockError):
            await asking
    assert node.distrust_count == 3


async def test_without_block_receipts_each_receipt_is_asked_for() -> None:
    raw = a_busy_block()
    node = FakeEvmNode(raw, refuses=["eth_getBlockReceipts"])
    bundle = await a_client(node).bundle_at(5)
    assert bundle.ref.hash == raw.hash
    assert node.calls.count("eth_getTransactionReceipt") == 3


async def test_a_node_that_wants_a_number_for_receipts_gets_it() -> None:
    raw = a_busy_block()
    node = FakeEvmNode(raw)

    def by_number_only(params: list[str]) -> object:
        if len(params[0]) == 66:
            raise RpcRefusedError("a number, please", rpc_code=-32602)
        return raw.receipts

    node.answers["eth_getBlockReceipts"] = by_number_only
    assert (await a_client(node).bundle_at(5)).ref.hash == raw.hash


async def test_the_way_that_worked_is_remembered() -> None:
    node = FakeEvmNode(a_busy_block(), refuses=["eth_getBlockReceipts"])
    client = a_client(node)
    await client.bundle_at(5)
    node.calls.clear()
    await client.bundle_at(5)
    assert node.calls == ["eth_getBlockByNumber"] + ["eth_getTransactionReceipt"] * 3


async def test_a_receipt_that_vanished_is_not_found() -> None:
    node = FakeEvmNode(a_busy_block(), refuses=["eth_getBlockReceipts"])
    node.answers["eth_getTransactionReceipt"] = lambda _: None
    with pytest.raises(BlockNotFoundError):
        await a_client(node).bundle_at(5)


async def test_a_node_that_refuses_every_way_is_unavailable() -> None:
    refuses = ["eth_getBlockReceipts", "eth_getTransactionReceipt"]
    with pytest.raises(RpcRefusedError):
        await a_client(FakeEvmNode(a_busy_block(), refuses=refuses)).bundle_at(5)


async def test_on_other_chains_the_headers_own_hash_is_taken_as_it_is() -> None:
    raw = a_block([])
    raw.block["hash"] = "0x" + "cc" * 32
    node = FakeEvmNode(raw)
    assert (await EvmClient(a_network("295"), node).head()).hash == raw.hash
    with pytest.raises(MalformedBlockError):
        await EvmClient(a_network("1"), node).head()


def test_a_block_can_be_orphaned() -> None:
    assert a_client(FakeEvmNode()).can_fork
