"""How much faster the generated decoders are than eth-abi; limits are the loosest we accept."""

from collections.abc import Callable
from time import thread_time
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from tocsin.chains.evm.layout import decoder_of
from tocsin.chains.evm.layout import to_parameter as parameter
from tocsin.model.interface import Layout, Parameter

pytestmark = pytest.mark.benchmark

ADDRESS = "0x" + "ab" * 20
TOPIC = "0x" + "00" * 12 + ADDRESS[2:]
OFFER = [parameter(*each) for each in (("t", "uint8"), ("a", "address"), ("i", "uint256"))]
TAKEN = [*OFFER, parameter("r", "address")]
CASES: dict[str, tuple[int, list[Parameter], list[str], list[Any]]] = {
    "transfer": (40, [parameter("value", "uint256")], ["uint256"], [10**18]),
    "swap": (
        25,
        [parameter(kind, kind) for kind in ("int256", "int256", "uint160", "uint128", "int24")],
        ["int256", "int256", "uint160", "uint128", "int24"],
        [-(10**18), 10**9, 2**100, 2**90, -200_000],
    ),
    "order": (
        20,
        [
            parameter("hash", "bytes32"),
            parameter("offer", "tuple[]", components=OFFER),
            parameter("taken", "tuple[]", components=TAKEN),
        ],
        ["bytes32", "(uint8,address,uint256)[]", "(uint8,address,uint256,address)[]"],
        [b"\1" * 32, [(2, ADDRESS, 55)], [(0, ADDRESS, 10**17, ADDRESS)] * 3],
    ),
}


def cost(work: Callable[[], object], rounds: int) -> float:
    """Return the seconds of one call: of several series the one that was disturbed least."""
    best = float("inf")
    for _ in range(7):
        start = thread_time()
        for _ in range(rounds):
            work()
        best = min(best, (thread_time() - start) / rounds)
    return best


@pytest.mark.parametrize("name", CASES)
def test_a_generated_decoder_is_many_times_faster_than_the_library(name: str) -> None:
    wanted, body, types, values = CASES[name]
    parties = [parameter(each, "address", indexed=True) for each in ("from", "to")]
    layout = Layout(family="EVM", parameters=(*parties, *body))
    decoder = decoder_of(layout)
    assert decoder is not None
    read, topics, data = decoder.values, [TOPIC, TOPIC], "0x" + encode(types, values).hex()

    def library() -> None:
        for topic in topics:
            decode(["address"], bytes.fromhex(topic[2:]))
        decode(types, bytes.fromhex(data[2:]))

    ours = cost(lambda: read(topics, data), 5_000)
    ratio = cost(library, 500) / ours
    print(f"{name}: {ours * 1e6:.2f} us, eth-abi takes {ratio:.0f} times as long")
    assert ratio >= wanted / 2  # the other half is for machines with other work to do
