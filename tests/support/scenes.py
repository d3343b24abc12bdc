"""A common beginning of pipeline tests: one tenant that watches the devnet's EVM chain."""

from tests.support.expectations import big_transfers
from tests.support.installation import Installation
from tests.support.receiver import Receiver
from tocsin.control.access import Actor
from tocsin.devnet.oracle import Expected, Oracle
from tocsin.devnet.server import Devnet


async def watch_big_transfers(
    it: Installation,
    devnet: Devnet,
    receiver: Receiver,
    *,
    above: int = 0,
    confirmations: int = 0,
) -> Actor:
    """Watch one token's transfers on network ``evm``, whose first block is in the log already.

    Returns the owner of the tenant.
    """
    await it.add_network("evm", devnet.urls()["evm"], confirmations=confirmations)
    await it.watch("evm")
    owner = await it.add_tenant("acme", "evm")
    await it.add_trigger(owner, "hook", receiver.url)
    monitor, _ = big_transfers("big", "evm", above)
    await it.add_monitor(owner, monitor)
    return owner


def expected_transfers(devnet: Devnet, *, above: int = 0) -> Expected:
    """Return what the oracle says of that monitor."""
    _, predicate = big_transfers("big", "evm", above)
    facts = devnet.node("evm").network.facts()
    return Oracle(facts, {"big": predicate}).expected("big")
