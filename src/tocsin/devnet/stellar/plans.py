"""Chance → plans: what every transaction of a ledger will do, decided before anything is encoded.

A plan is all that the facts are made of, so that the oracle never reads what was encoded.
"""

from collections.abc import Mapping
from random import Random

import msgspec

from tocsin.devnet.network import CallFact, EventFact
from tocsin.devnet.stellar.accounts import ACCOUNTS, TREASURY
from tocsin.devnet.stellar.contracts import ORACLE, POOL, TOKEN, Contract
from tocsin.devnet.stellar.values import PlannedValue

PAIRS = ("XLM_USD", "BTC_USD", "ETH_USD")
SYMBOLS = ("XLM", "BTC", "ETH", "USD", "EUR")

FAILURE_SHARE = 0.12
FEE_BUMP_SHARE = 0.12
CREDIT_SHARE = 0.3
MULTIPLE_SHARE = 0.2
MEMO_SHARE = 0.3
TIME_BOUND_SHARE = 0.5


class PlannedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """One payment operation; ``amount`` is in stroops, of XLM or of the credit asset."""

    receiver: str
    amount: int
    credit: bool


class PlannedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One contract event, to be emitted if the call succeeds."""

    contract: Contract
    name: str
    arguments: Mapping[str, PlannedValue]


class PlannedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One top-level contract call and the events that it causes, its own and deeper ones.

    ``returned`` is an i128, or None for a function that gives nothing back.
    """

    contract: Contract
    name: str
    arguments: Mapping[str, PlannedValue]
    events: tuple[PlannedEvent, ...]
    returned: int | None = None


class PlannedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction: either payments, or one call (the network allows no more)."""

    sender: str
    succeeds: bool
    payments: tuple[PlannedPayment, ...] = ()
    call: PlannedCall | None = None
    fee_bump: bool = False
    memo: str = ""
    time_bound: bool = False

    @property
    def receiver(self) -> str:
        """Return who gets the first payment, or which contract is called."""
        return self.call.contract.address if self.call else self.payments[0].receiver

    @property
    def value(self) -> int:
        """Return the stroops of the first payment; 0 for a call."""
        return 0 if self.call else self.payments[0].amount

    def call_facts(self) -> tuple[CallFact, ...]:
        """Return the call, if there is one, whether or not it succeeds."""
        if self.call is None:
            return ()
        return (
            CallFact(
                contract=self.call.contract.address,
                name=self.call.name,
                arguments=scalar_arguments(self.call.arguments),
            ),
        )

    def event_facts(self) -> tuple[EventFact, ...]:
        """Return the events in chain order; none if the transaction fails."""
        if self.call is None or not self.succeeds:
            return ()
        return tuple(
            EventFact(
                contract=event.contract.address,
                name=event.name,
                arguments=scalar_arguments(event.arguments),
            )
            for event in self.call.events
        )


def scalar_arguments(arguments: Mapping[str, PlannedValue]) -> dict[str, int | str]:
    """Return the arguments that facts can hold: all but the vectors."""
    return {name: value for name, value in arguments.items() if not isinstance(value, tuple)}


def plan_transaction(chance: Random, *, round_number: int) -> PlannedTransaction:
    """Return one transaction; ``round_number`` is what a price feed would count."""
    sender = chance.choice(ACCOUNTS)
    succeeds = chance.random() >= FAILURE_SHARE
    time_bound = chance.random() < TIME_BOUND_SHARE
    if chance.random() < 0.45:
        return PlannedTransaction(
            sender=sender,
            succeeds=succeeds,
            payments=_plan_payments(chance, sender),
            memo=f"invoice {chance.randrange(10**6)}" if chance.random() < MEMO_SHARE else "",
            time_bound=time_bound,
        )
    return PlannedTransaction(
        sender=sender,
        succeeds=succeeds,
        call=_plan_call(chance, sender, round_number),
        fee_bump=chance.random() < FEE_BUMP_SHARE,
        time_bound=time_bound,
    )


def _amount(chance: Random, largest_exponent: int) -> int:
    """Return a positive amount whose magnitude, not whose value, is evenly spread."""
    return chance.randint(1, 10 ** chance.randint(1, largest_exponent))


def _other(chance: Random, sender: str) -> str:
    return chance.choice([account for account in ACCOUNTS if account != sender])


def _plan_payments(chance: Random, sender: str) -> tuple[PlannedPayment, ...]:
    # Facts hold one receiver and one value. Later operations never pay more, and pay an account
    # that nobody watches, so that "pays at least" and "is paid" mean the same of both.
    credit = chance.random() < CREDIT_SHARE
    first = PlannedPayment(
        receiver=_other(chance, sender), amount=_amount(chance, 17), credit=credit
    )
    if chance.random() >= MULTIPLE_SHARE:
        return (first,)
    later = tuple(
        PlannedPayment(receiver=TREASURY, amount=max(1, first.amount // 100), credit=credit)
        for _ in range(chance.randint(1, 3))
    )
    return (first, *later)


def _plan_call(chance: Random, sender: str, round_number: int) -> PlannedCall:
    kind = chance.random()
    if kind < 0.55:
        return _plan_transfer(chance, sender)
    if kind < 0.85:
        return _plan_swap(chance, sender)
    return _plan_price(chance, round_number)


def _transfer_arguments(sender: str, receiver: str, amount: int) -> dict[str, PlannedValue]:
    return {"from": sender, "to": receiver, "amount": amount}


def _plan_transfer(chance: Random, sender: str) -> PlannedCall:
    # One in ten passes 64 bits, so that a reader that drops the upper half is found out.
    amount = chance.randint(2**64, 2**126) if chance.random() < 0.1 else _amount(chance, 18)
    arguments = _transfer_arguments(sender, _other(chance, sender), amount)
    event = PlannedEvent(contract=TOKEN, name="transfer", arguments=arguments)
    return PlannedCall(contract=TOKEN, name="transfer", arguments=arguments, events=(event,))


def _plan_swap(chance: Random, user: str) -> PlannedCall:
    pair = chance.choice(PAIRS)
    amount_in, amount_out = _amount(chance, 24), _amount(chance, 24)
    moved = PlannedEvent(
        contract=TOKEN,
        name="transfer",
        arguments=_transfer_arguments(user, POOL.address, amount_in),
    )
    swapped = PlannedEvent(
        contract=POOL,
        name="swap",
        arguments={
            "user": user,
            "pair": pair,
            "amount_in": amount_in,
            "amount_out": amount_out,
            "tick": chance.randint(-(2**31), 2**31 - 1),
        },
    )
    return PlannedCall(
        contract=POOL,
        name="swap",
        arguments={
            "user": user,
            "pair": pair,
            "fee_bps": chance.choice((1, 5, 30, 100)),
            "path": tuple(chance.sample(SYMBOLS, chance.randint(2, 4))),
            "amount_in": amount_in,
        },
        events=(moved, swapped),
        returned=amount_out,
    )


def _plan_price(chance: Random, round_number: int) -> PlannedCall:
    arguments: dict[str, PlannedValue] = {
        "asset": chance.choice(SYMBOLS),
        "price": _amount(chance, 30),
        "round": round_number,
    }
    event = PlannedEvent(contract=ORACLE, name="price_set", arguments=arguments)
    return PlannedCall(contract=ORACLE, name="set_price", arguments=arguments, events=(event,))
