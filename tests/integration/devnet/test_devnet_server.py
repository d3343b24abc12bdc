"""The devnet over real HTTP on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from random import Random
from typing import Any

import aiohttp
import msgspec
import pytest
from typing_extensions import override

from tests.support.clock import FakeClock
from tocsin.devnet.config import DevnetConfig, StellarOptions
from tocsin.devnet.evm.chain import EvmOptions
from tocsin.devnet.faults import Faults, Hang
from tocsin.devnet.network import TransactionFacts
from tocsin.devnet.oracle import Oracle, parse_facts
from tocsin.devnet.server import MOST_BODY_BYTES, Devnet, describe_urls, run_devnet, serve_devnet
from tocsin.errors import NotFoundError, SettingsError

TWO_CHAINS = (EvmOptions(), EvmOptions(slug="other", chain_id=5, block_seconds=4.0))


def a_config(**changes: Any) -> DevnetConfig:
    return replace(DevnetConfig(port=0, paused=True, networks=TWO_CHAINS), **changes)


@pytest.fixture
async def devnet() -> AsyncIterator[Devnet]:
    async with Devnet(a_config(), FakeClock(moves_alone=False)) as started:
        started.node("evm").produce(6)
        yield started


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def call(http: aiohttp.ClientSession, url: str, method: str) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method}
    async with http.post(url, json=body) as response:
        assert response.status == 200
        return (await response.json())["result"]


async def send(
    http: aiohttp.ClientSession, url: str, body: bytes, **headers: str
) -> tuple[int, Any]:
    async with http.post(url, data=BytesIO(body), headers=headers) as response:
        return response.status, msgspec.json.decode(await response.read())


async def test_each_network_has_its_own_path(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    urls = devnet.urls()
    answers = [await call(http, urls[slug], "eth_chainId") for slug in ("evm", "other")]
    assert answers == ["0x7a69", "0x5"]


async def test_an_unknown_network_is_a_json_rpc_error(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    status, answer = await send(http, f"{devnet.url}/absent", b"{}")
    assert (status, answer["error"]["code"]) == (404, -32600)


async def test_an_unknown_node_is_not_found(devnet: Devnet) -> None:
    with pytest.raises(NotFoundError):
        devnet.node("absent")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 200, -32700),
        (b'{"jsonrpc":', {}, 200, -32700),
        (b"\x00" * 100, {}, 200, -32700),
        (b"[" * 10_000, {}, 200, -32700),
        (b"[]", {}, 200, -32600),
        (b"{}", {"Content-Type": "text/plain; charset=nonsense"}, 200, -32600),
        (b"x" * (MOST_BODY_BYTES + 1), {}, 413, -32600),
    ],
    ids=["empty", "cut", "zeros", "deep", "no calls", "odd type", "huge"],
)
async def test_a_hostile_body_is_a_json_rpc_error(
    devnet: Devnet,
    http: aiohttp.ClientSession,
    body: bytes,
    headers: dict[str, str],
    status: int,
    code: int,
) -> None:
    answered, answer = await send(http, devnet.urls()["evm"], body, **headers)
    assert (answered, answer["error"]["code"]) == (status, code)


async def test_a_body_that_claims_to_be_compressed_is_refused(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    garbage = {"Content-Encoding": "gzip"}
    async with http.post(devnet.urls()["evm"], data=b"no gzip", headers=garbage) as response:
        assert response.status == 400


async def test_random_garbage_is_never_our_fault(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    random = Random(1)
    scraps = ["{", "}", "[", "]", '"id"', ":", ",", "1", "null", '"method"', '"eth_getLogs"', "\\"]
    for _ in range(200):
        body = "".join(random.choices(scraps, k=random.randrange(20))).encode()
        status, answer = await send(http, devnet.urls()["evm"], body)
        assert (status, "error" in answer) == (200, True)


async def test_a_refusal_says_when_to_come_back(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    faults = {"refuse": {"status": 429, "retry_after_seconds": 3, "requests": 1}}
    async with http.post(f"{devnet.url}/control/evm/faults", json=faults) as response:
        assert response.status == 200
    async with http.post(devnet.urls()["evm"], data=b"{}") as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "3")
    assert await call(http, devnet.urls()["evm"], "eth_blockNumber") == "0x6"


async def test_faults_of_one_network_spare_the_other(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{devnet.url}/control/evm/faults", json={"chain_id": 9}):
        pass
    assert await call(http, devnet.urls()["evm"], "eth_chainId") == "0x9"
    assert await call(http, devnet.urls()["other"], "eth_chainId") == "0x5"


async def test_blocks_and_forks_come_on_request(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    control = f"{devnet.url}/control/other"
    async with http.post(f"{control}/produce", json={"count": 5}) as response:
        assert (await response.json())["head_number"] == 5
    async with http.post(f"{control}/fork", json={"depth": 2}) as response:
        assert (await response.json())["head_number"] == 6
    async with http.post(f"{control}/produce") as response:
        assert (await response.json())["head_number"] == 7
    assert await call(http, devnet.urls()["other"], "eth_blockNumber") == "0x7"


async def test_facts_over_http_are_what_the_oracle_needs(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    devnet.node("evm").fork(2)

    def anything(_: TransactionFacts) -> bool:
        return True

    async with http.get(f"{devnet.url}/control/facts/evm") as response:
        facts = parse_facts(await response.read())
    local = devnet.node("evm").network.facts()
    assert Oracle(facts, {"all": anything}).expected("all") == (
        Oracle(local, {"all": anything}).expected("all")
    )


async def test_facts_can_be_asked_from_a_number_on(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{devnet.url}/control/facts/evm?since=5") as response:
        assert [block.number for block in parse_facts(await response.read())] == [5, 6]


async def test_networks_are_listed_with_their_state(
    devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{devnet.url}/control/other/resume"):
        pass
    async with http.get(f"{devnet.url}/control/networks") as response:
        states = await response.json()
    assert states == [
        {"slug": "evm", "head_number": 6, "paused": True, "block_seconds": 2.0},
        {"slug": "other", "head_number": 0, "paused": False, "block_seconds": 4.0},
    ]


async def test_requests_are_counted_by_method(devnet: Devnet, http: aiohttp.ClientSession) -> None:
    for _ in range(3):
        await call(http, devnet.urls()["evm"], "eth_blockNumber")
    async with http.get(f"{devnet.url}/control/requests/evm") as response:
        counts = await response.json()
    assert counts == {"http_requests": 3, "refused": 0, "calls": {"eth_blockNumber": 3}}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("evm/produce", b'{"count":0}', 400),
        ("evm/produce", b'{"count":100000}', 400),
        ("evm/produce", b'{"counts":1}', 400),
        ("evm/produce", b"[" * 10_000, 400),
        ("evm/produce", b'{"count":' + b"[" * 10_000, 400),
        ("evm/fork", b"{}", 400),
        ("evm/fork", b'{"depth":7}', 400),
        ("evm/faults", b'{"explode":true}', 400),
        ("evm/faults", b"\xff", 400),
        ("absent/pause", b"", 404),
        ("absent/fork", b'{"depth":1}', 404),
    ],
)
async def test_a_wrong_order_is_refused_with_a_code(
    devnet: Devnet, http: aiohttp.ClientSession, path: str, body: bytes, status: int
) -> None:
    answered, problem = await send(http, f"{devnet.url}/control/{path}", body)
    assert answered == status
    assert set(problem) == {"code", "message"}
    assert devnet.node("evm").network.head_number == 6


@pytest.mark.parametrize("since", ["-1", "x", "9" * 30, "٣"])
async def test_facts_from_no_number_are_refused(
    devnet: Devnet, http: aiohttp.ClientSession, since: str
) -> None:
    async with http.get(f"{devnet.url}/control/facts/evm", params={"since": since}) as response:
        assert response.status == 400


async def test_stellar_is_served_beside_evm(http: aiohttp.ClientSession) -> None:
    config = a_config(networks=DevnetConfig().networks)
    async with Devnet(config, FakeClock(moves_alone=False)) as devnet:
        devnet.node("stellar").produce(3)
        devnet.node("stellar").set_faults(Faults(lag_blocks=1, passphrase="another"))
        url = devnet.urls()["stellar"]
        assert (await call(http, url, "getLatestLedger"))["sequence"] == 3
        assert (await call(http, url, "getNetwork"))["passphrase"] == "another"


async def test_a_stellar_network_refuses_to_fork(http: aiohttp.ClientSession) -> None:
    config = a_config(networks=(StellarOptions(),))
    async with Devnet(config, FakeClock(moves_alone=False)) as devnet:
        order = f"{devnet.url}/control/stellar/fork"
        status, problem = await send(http, order, b'{"depth":1}')
    assert (status, problem["code"]) == (400, "input.invalid")


async def test_blocks_come_by_themselves_when_not_paused() -> None:
    clock = FakeClock(moves_alone=False)
    async with Devnet(a_config(paused=False), clock) as devnet:
        for _ in range(4):
            await asyncio.sleep(0)
            clock.advance(2.0)
        await asyncio.sleep(0)
        heads = [devnet.node(slug).network.head_number for slug in ("evm", "other")]
    assert heads == [4, 2]


async def test_a_taken_port_is_a_clear_error(devnet: Devnet) -> None:
    port = int(devnet.url.rsplit(":", 1)[1])
    with pytest.raises(SettingsError, match=str(port)):
        await serve_devnet(a_config(port=port), FakeClock())


async def test_a_stopped_devnet_gives_its_port_back(http: aiohttp.ClientSession) -> None:
    first = await serve_devnet(a_config(), FakeClock(moves_alone=False))
    port = int(first.url.rsplit(":", 1)[1])
    await first.stop()
    await first.stop()
    second = await serve_devnet(a_config(port=port), FakeClock(moves_alone=False))
    assert await call(http, second.urls()["evm"], "eth_blockNumber") == "0x0"
    await second.stop()


class ListeningClock(FakeClock):
    """A clock that stands still and tells when somebody begins to wait for it."""

    def __init__(self) -> None:
        super().__init__(moves_alone=False)
        self.waited_for = asyncio.Event()

    @override
    async def sleep(self, seconds: float) -> None:
        self.waited_for.set()
        await super().sleep(seconds)


async def test_a_stop_does_not_wait_for_a_hung_answer(http: aiohttp.ClientSession) -> None:
    clock = ListeningClock()
    async with Devnet(a_config(), clock) as devnet:
        devnet.node("evm").set_faults(Faults(hang=Hang(seconds=3600)))
        hung = asyncio.create_task(call(http, devnet.urls()["evm"], "eth_blockNumber"))
        await clock.waited_for.wait()
    with pytest.raises(aiohttp.ClientError):
        await hung


async def test_running_a_devnet_announces_it_and_ends_when_cancelled() -> None:
    announced: asyncio.Queue[Devnet] = asyncio.Queue()
    running = asyncio.create_task(
        run_devnet(a_config(), FakeClock(moves_alone=False), announce=announced.put_nowait)
    )
    devnet = await announced.get()
    text = describe_urls(devnet)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert running.cancelled()
    assert all(url in text for url in devnet.urls().values())


async def test_control_is_for_loopback_only(
    monkeypatch: pytest.MonkeyPatch, devnet: Devnet, http: aiohttp.ClientSession
) -> None:
    monkeypatch.setattr("aiohttp.web.BaseRequest.remote", "192.0.2.7")
    status, problem = await send(http, f"{devnet.url}/control/evm/produce", b"")
    assert (status, problem["code"]) == (403, "access.not_permitted")
