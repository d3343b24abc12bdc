import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest

from tests.support.clock import FakeClock
from tests.support.devnet import an_evm_chain
from tocsin.devnet.faults import Faults, Hang, Occasion, Refusal
from tocsin.devnet.network import BlockFacts, RpcCallError, SimulatedNetwork
from tocsin.devnet.node import SimulatedNode
from tocsin.errors import InputError


def a_node(
    network: SimulatedNetwork | None = None,
    *,
    clock: FakeClock | None = None,
    paused: bool = True,
) -> SimulatedNode:
    return SimulatedNode(
        network or an_evm_chain(),
        clock=clock or FakeClock(moves_alone=False),
        random=Random(1),
        block_seconds=2.0,
        paused=paused,
    )


def a_call(method: str, *params: object, request_id: int = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


async def ask(node: SimulatedNode, method: str, *params: object) -> Any:
    reply = await node.reply(msgspec.json.encode(a_call(method, *params)))
    return msgspec.json.decode(reply.body)


class UnforkableNetwork:
    """A network that neither forks nor lags, as Stellar does not."""

    slug = "straight"
    head_number = 4

    def produce(self, *, produced_at_ms: int) -> None:
        raise AssertionError(produced_at_ms)

    def fork(self, depth: int, *, produced_at_ms: int) -> None:
        raise ValueError(f"this chain does not fork, nor {depth} deep at {produced_at_ms}")

    def answer(self, method: str, params: object) -> object:
        raise RpcCallError(-32601, f"{method} {params}")

    def facts(self, *, since_number: int = 0) -> Sequence[BlockFacts]:
        raise AssertionError(since_number)


async def test_a_call_is_answered_with_its_id() -> None:
    assert await ask(a_node(), "eth_blockNumber") == {"jsonrpc": "2.0", "id": 1, "result": "0x6"}


async def test_a_call_in_vain_is_answered_with_its_error() -> None:
    answer = await ask(a_node(), "eth_nothing")
    assert answer["error"]["code"] == -32601
    assert answer["id"] == 1


async def test_a_batch_is_answered_in_its_order() -> None:
    calls = [a_call("eth_chainId", request_id=5), 7, a_call("eth_blockNumber", request_id=3)]
    reply = await a_node().reply(msgspec.json.encode(calls))
    answers = msgspec.json.decode(reply.body)
    assert [answer["id"] for answer in answers] == [5, None, 3]
    assert answers[1]["error"]["code"] == -32600


async def test_a_notification_is_not_answered() -> None:
    reply = await a_node().reply(b'{"jsonrpc":"2.0","method":"eth_chainId"}')
    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize(("status", "retry_after"), [(429, "7"), (500, None), (503, None)])
async def test_a_refusal_has_a_status_and_no_body(status: Any, retry_after: str | None) -> None:
    node = a_node()
    node.set_faults(Faults(refuse=Refusal(status=status, retry_after_seconds=7)))
    reply = await node.reply(b"")
    assert (reply.status, reply.body) == (status, b"")
    assert reply.headers.get("Retry-After") == retry_after


async def test_a_truncated_body_is_no_json() -> None:
    node = a_node()
    node.set_faults(Faults(truncate=Occasion(requests=1)))
    with pytest.raises(msgspec.DecodeError):
        await ask(node, "eth_getBlockByNumber", "latest", True)
    assert "result" in await ask(node, "eth_blockNumber")


async def test_a_hung_answer_comes_after_its_time() -> None:
    clock = FakeClock()
    node = a_node(clock=clock)
    node.set_faults(Faults(hang=Hang(seconds=30)))
    await ask(node, "eth_blockNumber")
    assert clock.monotonic() == 30


async def test_a_lagging_node_gives_an_older_head() -> None:
    node = a_node()
    node.set_faults(Faults(lag_blocks=4))
    assert (await ask(node, "eth_blockNumber"))["result"] == "0x2"


async def test_a_lying_node_gives_another_chain() -> None:
    node = a_node()
    node.set_faults(Faults(chain_id=1))
    assert (await ask(node, "eth_chainId"))["result"] == "0x1"


async def test_a_dropped_log_leaves_the_header_as_it_was() -> None:
    node = a_node()
    block = await ask(node, "eth_getBlockByNumber", "latest", True)
    receipts = await ask(node, "eth_getBlockReceipts", "latest")
    node.set_faults(Faults(drop_log=Occasion()))
    assert await ask(node, "eth_getBlockByNumber", "latest", True) == block
    assert await ask(node, "eth_getBlockReceipts", "latest") != receipts


async def test_a_node_without_faults_has_healed() -> None:
    node = a_node()
    before = await ask(node, "eth_getBlockReceipts", "latest")
    node.set_faults(Faults(drop_log=Occasion(), refuse=Refusal(), lag_blocks=2, chain_id=1))
    node.set_faults(Faults())
    assert await ask(node, "eth_getBlockReceipts", "latest") == before


async def test_a_network_that_cannot_lag_says_so() -> None:
    with pytest.raises(InputError, match="lag"):
        a_node(UnforkableNetwork()).set_faults(Faults(lag_blocks=1))


async def test_a_network_that_does_not_fork_says_so() -> None:
    with pytest.raises(InputError, match="does not fork"):
        a_node(UnforkableNetwork()).fork(1)


async def test_calls_are_counted_by_method() -> None:
    node = a_node()
    await node.reply(msgspec.json.encode([a_call("eth_chainId"), a_call("eth_chainId")]))
    await ask(node, "eth_blockNumber")
    node.set_faults(Faults(refuse=Refusal(requests=1)))
    await node.reply(b"")
    counts = node.counts()
    assert counts.calls == {"eth_chainId": 2, "eth_blockNumber": 1}
    assert (counts.http_requests, counts.refused) == (3, 1)


async def test_invented_methods_do_not_fill_the_memory() -> None:
    node = a_node()
    calls = [a_call(f"eth_{number}" + "x" * 100) for number in range(900)]
    await node.reply(msgspec.json.encode(calls))
    counted = node.counts().calls
    assert len(counted) <= 257
    assert max(map(len, counted)) <= 64
    assert sum(counted.values()) == 900


async def test_blocks_come_at_the_pace_of_the_network() -> None:
    clock = FakeClock(moves_alone=False)
    node = a_node(clock=clock, paused=False)
    producing = asyncio.create_task(node.keep_producing())
    heads = []
    for _ in range(3):
        await asyncio.sleep(0)
        clock.advance(2.0)
        await asyncio.sleep(0)
        heads.append(node.network.head_number)
    producing.cancel()
    assert heads == [7, 8, 9]


async def test_a_paused_node_makes_no_block_until_it_resumes() -> None:
    clock = FakeClock(moves_alone=False)
    node = a_node(clock=clock, paused=False)
    producing = asyncio.create_task(node.keep_producing())
    await asyncio.sleep(0)
    node.pause()
    clock.advance(100.0)
    await asyncio.sleep(0)
    assert node.network.head_number == 6
    node.resume()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    clock.advance(2.0)
    await asyncio.sleep(0)
    producing.cancel()
    assert node.network.head_number == 7


async def test_a_block_carries_the_clock_s_time() -> None:
    clock = FakeClock(moves_alone=False)
    node = a_node(clock=clock)
    clock.advance(1.5)
    node.produce(2)
    moment = int(clock.now().timestamp() * 1000)
    assert [block.produced_at_ms for block in node.network.facts(since_number=7)] == [moment] * 2
