"""Seeded choices of what people do on the chain, before anything is encoded.

An intent is the plain truth of a transaction; the oracle's facts are taken from it, never from
the bytes it becomes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tocsin.devnet.evm.encoding import hex_data, keccak
from tocsin.devnet.evm.erc20 import Token, approval_event, transfer_events
from tocsin.devnet.network import CallFact, EventFact

GWEI = 10**9
ACCOUNTS = tuple(
    hex_data(keccak(f"tocsin devnet account {number}".encode())[12:]) for number in range(32)
)
_UNLIMITED = 2**256 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One transaction as its sender means it. ``receiver`` is '' for a contract creation.

    Units: ``value`` wei, ``gas_used`` gas. ``code`` is a creation's calldata.
    """

    sender: str
    receiver: str
    value: int = 0
    succeeded: bool = True
    gas_used: int
    call: CallFact | None = None
    events: tuple[EventFact, ...] = ()
    code: bytes = b""


class Crowd:
    """The people of a chain: asked for an intent, it gives the next one of its seed."""

    def __init__(self, random: Random, tokens: Sequence[Token], senders: Sequence[str]) -> None:
        self._random = random
        self._tokens = tokens
        self._senders = senders

    def next_intent(self) -> Intent:
        """Return one intent; some two thirds concern a token, about one in ten fails."""
        habits = (
            (self._token_transfer, 42),
            (self._token_approval, 12),
            (self._spent_allowance, 10),
            (self._payment, 23),
            (self._failed_token_call, 8),
            (self._failed_payment, 3),
            (self._creation, 2),
        )
        acts, weights = zip(*habits, strict=True)
        intent: Intent = self._random.choices(acts, weights)[0]()
        return intent

    def _sender(self) -> str:
        return self._random.choice(self._senders)

    def _account(self) -> str:
        return self._random.choice(ACCOUNTS)

    def _amount(self) -> int:
        """Return an amount in the smallest unit: any magnitude, at times zero or above 2**128."""
        draw = self._random.randrange(100)
        if draw < 2:
            return 0
        if draw < 6:
            return self._random.getrandbits(self._random.randrange(129, 250)) | 1 << 128
        return self._random.getrandbits(self._random.randrange(1, 110))

    def _gas(self, typical: int) -> int:
        return typical + self._random.randrange(0, typical // 4)

    def _token_transfer(self) -> Intent:
        token, sender = self._random.choice(self._tokens), self._sender()
        receiver, amount = self._account(), self._amount()
        return Intent(
            sender=sender,
            receiver=token.address,
            gas_used=self._gas(44_000),
            call=_call(token, "transfer", {"to": receiver, "value": amount}),
            events=transfer_events(token, sender, receiver, amount),
        )

    def _token_approval(self) -> Intent:
        token, sender, spender = self._random.choice(self._tokens), self._sender(), self._account()
        amount = _UNLIMITED if self._random.randrange(4) == 0 else self._amount()
        return Intent(
            sender=sender,
            receiver=token.address,
            gas_used=self._gas(38_000),
            call=_call(token, "approve", {"spender": spender, "value": amount}),
            events=(approval_event(token, sender, spender, amount),),
        )

    def _spent_allowance(self) -> Intent:
        """Return a ``transferFrom``: the sender spends what an owner allowed, and less is left."""
        token, sender, owner = self._random.choice(self._tokens), self._sender(), self._account()
        receiver, amount, left = self._account(), self._amount(), self._amount()
        return Intent(
            sender=sender,
            receiver=token.address,
            gas_used=self._gas(52_000),
            call=_call(token, "transferFrom", {"from": owner, "to": receiver, "value": amount}),
            events=(
                approval_event(token, owner, sender, left),
                *transfer_events(token, owner, receiver, amount),
            ),
        )

    def _payment(self) -> Intent:
        wei = self._random.randrange(1, 1000) * 10 ** self._random.randrange(0, 20)
        return Intent(sender=self._sender(), receiver=self._account(), value=wei, gas_used=21_000)

    def _failed_token_call(self) -> Intent:
        """Return a call that reverts: it costs gas and has calldata, but leaves no log."""
        token, receiver, amount = self._random.choice(self._tokens), self._account(), self._amount()
        call = _call(token, "transfer", {"to": receiver, "value": amount})
        if self._random.randrange(3) == 0:
            arguments: dict[str, int | str] = {"from": self._account(), **call.arguments}
            call = _call(token, "transferFrom", arguments)
        return Intent(
            sender=self._sender(),
            receiver=token.address,
            succeeded=False,
            gas_used=self._gas(26_000),
            call=call,
        )

    def _failed_payment(self) -> Intent:
        return Intent(
            sender=self._sender(),
            receiver=self._random.choice(self._tokens).address,
            value=self._random.randrange(1, 1000) * GWEI,
            succeeded=False,
            gas_used=self._gas(21_500),
        )

    def _creation(self) -> Intent:
        return Intent(
            sender=self._sender(),
            receiver="",
            gas_used=self._gas(60_000),
            code=self._random.randbytes(self._random.randrange(40, 200)),
        )


def _call(token: Token, name: str, arguments: dict[str, int | str]) -> CallFact:
    return CallFact(contract=token.address, name=name, arguments=arguments)
