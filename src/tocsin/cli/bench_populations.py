"""Kinds of load → monitors that would be written for it, the same ones every time.

Contracts, senders and inputs are taken from the block, so that the monitors have something to
find; everything else comes from a seeded generator.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from random import Random
from uuid import UUID

import msgspec

from tocsin.chains.base import ChainFamilyCode
from tocsin.chains.evm.codec import topic_of
from tocsin.matching.compiled import CompiledMonitor, compile_monitor
from tocsin.model.activity import ActivityKind
from tocsin.model.ids import MonitorId, TenantId
from tocsin.model.interface import Layout
from tocsin.model.monitor import (
    AddressDraft,
    ConditionDraft,
    KeyedMonitor,
    MonitorDraft,
    MonitorRef,
)

CONTRACTS = 20_000
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
_UNIT = 10**6  # of USDC
_SEED = 20_260_101
_INPUT_FRAGMENT = 40  # hex digits: an address


@dataclass(frozen=True)
class Event:
    """An event that people watch; ``inputs`` are name, type and a star where it is indexed."""

    name: str
    inputs: str
    amount: str
    parties: tuple[str, ...]

    @cached_property
    def _inputs(self) -> list[list[str]]:
        return [each.split() for each in self.inputs.split(", ")]

    @cached_property
    def signature(self) -> str:
        """Return the canonical signature."""
        return f"{self.name}({','.join(each[1] for each in self._inputs)})"

    @cached_property
    def shape(self) -> tuple[str, int]:
        """Return topic 0 and the number of topics."""
        return topic_of(self.signature), 1 + sum(len(each) == 3 for each in self._inputs)

    @cached_property
    def abi(self) -> msgspec.Raw:
        """Return an ABI with this event alone."""
        inputs = [
            {"name": each[0], "type": each[1], "indexed": len(each) == 3} for each in self._inputs
        ]
        item = {"type": "event", "name": self.name, "anonymous": False, "inputs": inputs}
        return msgspec.Raw(msgspec.json.encode([item]))


TRANSFER = Event("Transfer", "from address *, to address *, value uint256", "value", ("from", "to"))
_EVENTS = (
    TRANSFER,
    Event("Transfer", "from address *, to address *, token uint256 *", "token", ("from", "to")),
    Event("Approval", "owner address *, spender address *, value uint256", "value", ("owner",)),
    Event("Deposit", "dst address *, wad uint256", "wad", ("dst",)),
    Event("Withdrawal", "src address *, wad uint256", "wad", ("src",)),
    Event("Sync", "reserve0 uint112, reserve1 uint112", "reserve0", ()),
    Event(
        "Swap",
        "sender address *, in0 uint256, in1 uint256, out0 uint256, out1 uint256, to address *",
        "in0",
        ("sender", "to"),
    ),
    Event(
        "Swap",
        "sender address *, recipient address *, amount0 int256, amount1 int256, "
        "price uint160, liquidity uint128, tick int24",
        "amount0",
        ("sender", "recipient"),
    ),
)
_BY_SHAPE = {event.shape: event for event in _EVENTS}


class _Log(msgspec.Struct):
    address: str
    topics: list[str]


class _Receipt(msgspec.Struct):
    logs: list[_Log]


class _Transaction(msgspec.Struct):
    input: str


class _Block(msgspec.Struct):
    transactions: list[_Transaction]


@dataclass(frozen=True)
class Surroundings:
    """What a block offers: contracts by how many logs they emit, their events, people, inputs."""

    contracts: Sequence[str]
    events: Mapping[str, Sequence[Event]]
    parties: Sequence[str]
    whale: str
    inputs: Sequence[str]

    @cached_property
    def all_contracts(self) -> list[str]:
        """Return 20,000 contracts, those of the block first."""
        chance = Random(_SEED)
        made = [_random_address(chance) for _ in range(CONTRACTS - len(self.contracts))]
        return [*self.contracts, *made]

    @cached_property
    def zipf_weights(self) -> list[float]:
        """Return cumulated weights of the contracts: one over the rank."""
        return list(accumulate(1 / rank for rank in range(1, len(self.all_contracts) + 1)))


def survey(block: bytes, receipts: bytes) -> Surroundings:
    """Return what a block offers."""
    emitted: Counter[str] = Counter()
    parties: Counter[str] = Counter()
    payers: Counter[str] = Counter()
    events: dict[str, list[Event]] = {}
    for receipt in msgspec.json.decode(receipts, type=list[_Receipt]):
        for log in receipt.logs:
            address = log.address.lower()
            emitted[address] += 1
            event = _BY_SHAPE.get((log.topics[0], len(log.topics))) if log.topics else None
            if event is not None:
                events.setdefault(address, []).append(event)
                parties.update(f"0x{topic[-40:]}" for topic in log.topics[1:])
            if event is TRANSFER and address == USDC:
                payers[f"0x{log.topics[1][-40:]}"] += 1
    inputs = [each.input for each in msgspec.json.decode(block, type=_Block).transactions]
    return Surroundings(
        contracts=[address for address, _ in emitted.most_common()],
        events=events,
        parties=[address for address, _ in parties.most_common()] or [USDC],
        whale=max(payers, key=lambda each: payers[each], default=USDC),
        inputs=[each for each in inputs if len(each) > 2 * _INPUT_FRAGMENT] or ["0x" + "0" * 80],
    )


@dataclass(frozen=True)
class _Wish:
    """What somebody waits for: an event of a contract, or (None) a transaction with it."""

    contract: str
    event: Event | None
    expression: str | None


_Maker = Callable[[Random, Surroundings], _Wish]


def _random_address(chance: Random) -> str:
    return f"0x{chance.getrandbits(160):040x}"


def _log_uniform(chance: Random, low: int, high: int) -> int:
    """Return a number whose logarithm is uniform between two powers of ten."""
    exponent = chance.uniform(low, high)
    whole = int(exponent)
    mantissa = round(10 ** (exponent - whole) * 10**9)
    return int(mantissa * 10**whole // 10**9)


@dataclass(frozen=True)
class _Mix:
    """How many of a hundred wishes have no expression, or nothing but a threshold."""

    bare: float
    plain: float


def _mixed(contract: str, mix: _Mix, chance: Random, around: Surroundings) -> _Wish:
    """Return a wish as people have them of any contract."""
    event = chance.choice(around.events.get(contract, (TRANSFER,)))
    return _Wish(contract, event, _expression(event, mix, chance, around))


def _expression(event: Event, mix: _Mix, chance: Random, around: Surroundings) -> str | None:
    kind = 100 * chance.random()
    party = chance.choice(around.parties) if chance.random() < 0.02 else _random_address(chance)
    above = f"{event.amount} > {_log_uniform(chance, 0, 24)}"
    if kind < mix.bare:
        return None
    if kind < mix.bare + mix.plain or not event.parties:
        return above
    name = chance.choice(event.parties)
    if kind < 75:
        return f"{name} == {party}"
    if kind < 90:
        return f"{name} == {party} AND {above}"
    either = " OR ".join(f"{each} == {party}" for each in event.parties)
    return f"({either}) AND {above}"


def _uniform(chance: Random, around: Surroundings) -> _Wish:
    return _mixed(chance.choice(around.all_contracts), _Mix(30, 35), chance, around)


def _zipf(chance: Random, around: Surroundings) -> _Wish:
    weights = around.zipf_weights
    (contract,) = chance.choices(around.all_contracts, cum_weights=weights)
    return _mixed(contract, _Mix(6, 33), chance, around)


def _of_usdc(expression: str) -> _Wish:
    return _Wish(USDC, TRANSFER, expression)


def _above(chance: Random, low: int, high: int) -> _Wish:
    """Return a wish for large transfers; three of four are by somebody in particular."""
    above = _log_uniform(chance, low, high) * _UNIT
    if chance.random() < 0.25:
        return _of_usdc(f"value > {above}")
    party = chance.choice(TRANSFER.parties)
    return _of_usdc(f"{party} == {_random_address(chance)} AND value > {above}")


def _hot(chance: Random, _: Surroundings) -> _Wish:
    return _above(chance, 5, 9)


def _hot_broad(chance: Random, _: Surroundings) -> _Wish:
    return _above(chance, 0, 6)


def _intervals(chance: Random, _: Surroundings) -> _Wish:
    low = _log_uniform(chance, 0, 9) * _UNIT
    high = low + max(low * chance.randrange(1, 100) // 100, 2)
    return _of_usdc(f"value > {low} AND value < {high}")


def _whale(chance: Random, around: Surroundings) -> _Wish:
    above = _log_uniform(chance, 0, 6) * _UNIT
    return _of_usdc(f"from == {around.whale} AND value > {above}")


def _text(chance: Random, around: Surroundings) -> _Wish:
    if chance.random() < 0.01:
        text = chance.choice(around.inputs)
        start = chance.randrange(2, len(text) - _INPUT_FRAGMENT)
        piece = text[start : start + _INPUT_FRAGMENT]
    else:
        piece = _random_address(chance)[2:]
    return _Wish(USDC, None, f"input contains '{piece}'")


POPULATIONS: dict[str, _Maker] = {
    "uniform": _uniform,
    "zipf": _zipf,
    "hot": _hot,
    "hot-broad": _hot_broad,
    "intervals": _intervals,
    "whale": _whale,
    "text": _text,
}


def generate(
    population: str, count: int, around: Surroundings, code: ChainFamilyCode
) -> Iterator[tuple[str, CompiledMonitor]]:
    """Yield named, compiled monitors; the first n of a larger number are the same."""
    make = POPULATIONS[population]
    chance = Random(f"{population} {_SEED}")
    keyed: dict[tuple[str, Event | None], KeyedMonitor] = {}
    layouts: dict[Layout, Layout] = {}
    for number in range(count):
        wish = make(chance, around)
        place = (wish.contract, wish.event)
        if place not in keyed:
            keyed[place] = _shared(code.key_monitor(_draft(*place)), layouts)
        (condition,) = keyed[place].conditions
        wanted = msgspec.structs.replace(condition, expression=wish.expression)
        ref = MonitorRef(
            id=MonitorId(UUID(int=number + 1)), tenant_id=TenantId(UUID(int=0)), version=1
        )
        compiled = compile_monitor(ref, msgspec.structs.replace(keyed[place], conditions=(wanted,)))
        yield f"{population} {number}", compiled


def _draft(contract: str, event: Event | None) -> MonitorDraft:
    kind = ActivityKind.TRANSACTION if event is None else ActivityKind.EVENT
    spec = None if event is None else event.abi
    return MonitorDraft(
        name="bench",
        networks=(),
        paused=False,
        addresses=(AddressDraft(address=contract, contract_spec=spec),),
        conditions=(ConditionDraft(kind=kind, signature=event.signature if event else ""),),
        triggers=(),
    )


def _shared(keyed: KeyedMonitor, layouts: dict[Layout, Layout]) -> KeyedMonitor:
    """Return a keyed monitor whose equal layouts are one object."""
    conditions = tuple(
        msgspec.structs.replace(each, layout=layouts.setdefault(each.layout, each.layout))
        for each in keyed.conditions
    )
    return msgspec.structs.replace(keyed, conditions=conditions)
