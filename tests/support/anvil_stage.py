"""A token on a real node, three monitors of it, and what each of them ought to have found."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.anvil import ETHER, Anvil
from tests.support.installation import Installation, a_monitor
from tests.support.receiver import Receiver
from tests.support.token import GAS, TRANSFER_CALL, TRANSFER_EVENT, Token, Witness
from tocsin.devnet.network import TransactionFacts
from tocsin.devnet.oracle import Expected, Oracle

NETWORK = "anvil"
LARGE, FAILED, PAYING = "large", "failed", "paying"
ABOVE = 10**30  # token units: more than 64 bits hold


def monitors_of(token: Token) -> tuple[dict[str, Any], ...]:
    """Return one monitor each of large transfers, of failed ones, and of its owner's payments."""
    addresses = [{"address": token.address, "contract_spec": token.abi}]
    event = {"signature": TRANSFER_EVENT, "expression": f"value > {ABOVE}"}
    call = {"signature": TRANSFER_CALL, "expression": None}
    failure = {"status": "Failure", "expression": None}
    payment = {"status": "Success", "expression": f"value > {ETHER}"}
    return (
        _monitor(LARGE, addresses, events=[event]),
        _monitor(FAILED, addresses, functions=[call], transactions=[failure]),
        _monitor(PAYING, [{"address": token.owner}], transactions=[payment]),
    )


def _monitor(name: str, addresses: list[dict[str, Any]], **conditions: Any) -> dict[str, Any]:
    nothing: dict[str, list[object]] = {"functions": [], "events": [], "transactions": []}
    return a_monitor(
        name,
        NETWORK,
        addresses=addresses,
        match_conditions=nothing | conditions,
        triggers=["hook"],
    )


def predicates_of(token: Token) -> dict[str, Callable[[TransactionFacts], bool]]:
    """Return, by monitor, which transactions it must match."""

    def is_large(facts: TransactionFacts) -> bool:
        return any(
            event.contract == token.address and int(event.arguments["value"]) > ABOVE
            for event in facts.events
        )

    def is_failed(facts: TransactionFacts) -> bool:
        return not facts.succeeded and any(call.contract == token.address for call in facts.calls)

    def is_paying(facts: TransactionFacts) -> bool:
        return facts.succeeded and facts.sender == token.owner and facts.value > ETHER

    return {LARGE: is_large, FAILED: is_failed, PAYING: is_paying}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything a test of the whole flow on a real node needs; blocks count from ``since``."""

    node: Anvil
    token: Token
    witness: Witness
    it: Installation
    receiver: Receiver
    secret: str
    since: int

    async def advance(self) -> None:
        """See what the node has now, match it and send what is due."""
        await self.witness.look()
        await self.it.watch(NETWORK)
        await self.it.work()
        await self.it.dispatch()

    async def send_everything(self, *, extra: int = 0) -> None:
        """Send, for one block, what each monitor must find and what it must not."""
        await send_everything(self.node, self.token, extra=extra)

    def expected(self) -> dict[str, Expected]:
        """Return what each monitor must have found, by its name."""
        predicates = predicates_of(self.token)
        oracle = Oracle(self.witness.facts(since_number=self.since), predicates)
        return {name: oracle.expected(name) for name in predicates}

    def told(self) -> dict[tuple[str, str, str], list[str]]:
        """Return the kinds of messages received, by monitor, block and transaction."""
        told: dict[tuple[str, str, str], list[str]] = {}
        for each in self.receiver.received:
            data = each.data()
            place = (data["monitor"]["name"], data["block"]["hash"], data["transaction"]["hash"])
            told.setdefault(place, []).append(data["kind"])
        return told

    async def require_matches(self) -> None:
        """Insist that every monitor has exactly the matches the receipts speak of."""
        for name, expected in self.expected().items():
            active = await self.it.found("active", monitor=name)
            assert active == set(expected.active), f"{name}: active"
            retracted = await self.it.found("retracted", monitor=name)
            assert retracted == set(expected.orphaned), f"{name}: retracted"

    def require_messages(self) -> None:
        """Insist that no message came twice and each is signed."""
        ids = Counter(each.webhook_id for each in self.receiver.received)
        assert not [each for each, count in ids.items() if count > 1]
        assert all(each.is_signed_with(self.secret) for each in self.receiver.received)


async def set_stage(node: Anvil, it: Installation, receiver: Receiver, url: str) -> Stage:
    """Deploy a token and have it watched through that URL from the next block on."""
    token = await Token.deploy(node)
    await it.add_network(NETWORK, url)
    await it.watch(NETWORK)
    owner = await it.add_tenant("acme", NETWORK)
    secret = await it.add_trigger(owner, "hook", receiver.url)
    for monitor in monitors_of(token):
        await it.add_monitor(owner, monitor)
    return Stage(
        node=node,
        token=token,
        witness=Witness(node),
        it=it,
        receiver=receiver,
        secret=secret,
        since=token.block_number + 1,
    )


async def send_everything(node: Anvil, token: Token, *, extra: int = 0) -> None:
    """Send, for one block, what each monitor must find and what it must not.

    Two large transfers, one that fails and one payment; ``extra`` makes the amounts of one call
    differ from another's.
    """
    for amount in (ABOVE - 1 - extra, ABOVE, ABOVE + 1 + extra, 2**200 + extra):
        await token.transfer(amount)
    await token.transfer(2**256 - 1 - extra)
    recipient = node.accounts[2]
    for value in (ETHER - extra, ETHER + 1 + extra):
        await node.send(recipient, value=value)
    await node.send(recipient, value=ETHER + 1 + extra, sender=3)
    await node.send(token.address, value=2 * ETHER + extra, gas=GAS)
