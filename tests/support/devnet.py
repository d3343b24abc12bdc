"""Short ways to a simulated EVM chain and to what it answers."""

from typing import Any

from tocsin.devnet.evm.chain import EvmChain, EvmOptions

NOW_MS = 1_800_000_000_000


def an_evm_chain(*, seed: int = 1, blocks: int = 6, options: EvmOptions | None = None) -> EvmChain:
    """Return a chain that has that many blocks above its genesis."""
    chain = EvmChain(seed=seed, options=options)
    for _ in range(blocks):
        chain.produce(produced_at_ms=NOW_MS)
    return chain


def ask(chain: EvmChain, method: str, *params: object) -> Any:
    """Return the result of a JSON-RPC call."""
    return chain.answer(method, list(params))


def block_at(chain: EvmChain, number: int) -> Any:
    """Return a canonical block with full transactions."""
    return ask(chain, "eth_getBlockByNumber", hex(number), True)
