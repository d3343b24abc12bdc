"""The simulated Stellar network as the only node of a network."""

from collections.abc import Sequence

import msgspec

from tocsin.chains.base import IdentityProbe
from tocsin.devnet.network import RpcCallError
from tocsin.devnet.stellar.chain import StellarChain
from tocsin.errors import RpcRefusedError


def a_stellar_chain(
    *, ledgers: int = 30, protocol: int = 23, transactions: tuple[int, int] = (4, 12)
) -> StellarChain:
    """Return a simulated network that closed that many ledgers after its first, empty one.

    ``transactions`` are the least and the most that a ledger has; 40 have one of each kind.
    """
    chain = StellarChain(seed=7, protocol=protocol, transactions_per_ledger=transactions)
    for _ in range(ledgers):
        chain.produce(produced_at_ms=0)
    return chain


class SimulatedNode:
    """An RpcCaller that a simulated network answers."""

    def __init__(self, chain: StellarChain) -> None:
        self._chain = chain

    async def call(self, method: str, params: object) -> bytes:
        """Return the network's answer."""
        try:
            return msgspec.json.encode(self._chain.answer(method, params))
        except RpcCallError as cause:
            raise RpcRefusedError(method, rpc_code=cause.code) from cause

    async def call_batch(self, calls: Sequence[tuple[str, object]]) -> Sequence[bytes]:
        """Return the network's answers."""
        return [await self.call(method, params) for method, params in calls]

    def require_identity(self, probe: IdentityProbe, expected: str) -> None:
        """Accept the requirement."""

    def distrust(self) -> None:
        """There is no other node."""
