"""How much less a recorded Stellar transaction costs than decoding it with the SDK.

Ours is everything from a node's answers to who is met, with 1,000 monitors of functions and
events; the SDK's is decoding the same transaction's XDR, and nothing else.
"""

import json
from collections.abc import Callable, Iterator
from time import thread_time
from typing import Any
from uuid import UUID

import pytest
from stellar_sdk import StrKey
from stellar_sdk import xdr as stellar_xdr

from tests.support.recorded import recorded_file
from tests.support.stellar_ledgers import RawLedger, a_ledger, base64, call_arguments, contract
from tocsin.chains.stellar.codec.envelope import Invocation, decode_envelope
from tocsin.chains.stellar.codec.scval import decode_value
from tocsin.chains.stellar.codec.xdr import from_base64
from tocsin.chains.stellar.decode import decode
from tocsin.chains.stellar.keying import key_monitor
from tocsin.matching.compiled import CompiledMonitor, compile_monitor
from tocsin.matching.engine import find_hits
from tocsin.matching.plan import MatchPlan
from tocsin.model.activity import ActivityKind
from tocsin.model.ids import MonitorId, TenantId
from tocsin.model.monitor import AddressDraft, ConditionDraft, MonitorDraft, MonitorRef

pytestmark = pytest.mark.benchmark

MONITORS = 1_000
NUMBER = 777
Json = dict[str, Any]


def cost(work: Callable[[], object], rounds: int) -> float:
    """Return the seconds of one call: of several series the one that was disturbed least."""
    best = float("inf")
    for _ in range(7):
        start = thread_time()
        for _ in range(rounds):
            work()
        best = min(best, (thread_time() - start) / rounds)
    return best


def emitted(transaction: Json) -> Iterator[Json]:
    """Yield what getEvents lists of a transaction, by its metadata."""
    meta = stellar_xdr.TransactionMeta.from_xdr(transaction["resultMetaXdr"]).v3
    events = meta.soroban_meta.events if meta is not None and meta.soroban_meta else []
    for index, event in enumerate(events):
        assert event.body.v0 is not None
        if event.contract_id is not None and event.type.value == 1:
            yield {
                "type": "contract",
                "ledger": NUMBER,
                "contractId": StrKey.encode_contract(event.contract_id.contract_id.hash),
                "id": f"{transaction['applicationOrder']:019d}-{index:010d}",
                "txHash": transaction["txHash"],
                "topic": [base64(topic) for topic in event.body.v0.topics],
                "value": base64(event.body.v0.data),
            }


@pytest.fixture(scope="module")
def recorded() -> tuple[list[Json], list[Json]]:
    """Return the recorded transactions as if of one ledger, and their events."""
    listed: list[Json] = json.loads(recorded_file("stellar", "transactions.json"))
    transactions = [
        each | {"ledger": NUMBER, "applicationOrder": order}
        for order, each in enumerate(listed, start=1)
    ]
    return transactions, [event for each in transactions for event in emitted(each)]


def occurrences(
    transactions: list[Json], events: list[Json]
) -> Iterator[tuple[ActivityKind, str, str]]:
    """Yield kind, contract and signature of every event and call."""
    for event in events:
        name, *kinds = [decode_value(from_base64(text)) for text in event["topic"]]
        data = decode_value(from_base64(event["value"]))
        signature = f"{name.text}({','.join(each.kind for each in (*kinds, data))})"
        yield ActivityKind.EVENT, event["contractId"], signature
    for transaction in transactions:
        raw = from_base64(transaction["envelopeXdr"])
        for each in decode_envelope(raw).operations:
            if isinstance(each, Invocation):
                shown = ",".join(argument.kind for argument in call_arguments(raw, each))
                signature = f"{each.function}({shown})"
                yield ActivityKind.FUNCTION, each.contract, signature


def monitors(recorded: tuple[list[Json], list[Json]]) -> Iterator[CompiledMonitor]:
    """Yield monitors of every call and event of a ledger, then of contracts it does not have."""
    present = list(occurrences(*recorded))
    for number in range(MONITORS):
        kind, address, signature = present[number % len(present)]
        expression = None
        if number >= MONITORS // 2:
            kind, address, signature = ActivityKind.EVENT, contract(number), "transfer(I128)"
            expression = f"0 > {number}"
        draft = MonitorDraft(
            name=str(number),
            networks=(),
            paused=False,
            addresses=(AddressDraft(address=address),),
            conditions=(ConditionDraft(kind=kind, signature=signature, expression=expression),),
            triggers=(),
        )
        ref = MonitorRef(id=MonitorId(UUID(int=number)), tenant_id=TenantId(UUID(int=1)), version=1)
        yield compile_monitor(ref, key_monitor(draft))


def test_a_transaction_costs_a_fraction_of_what_the_sdk_takes(
    recorded: tuple[list[Json], list[Json]],
) -> None:
    transactions, events = recorded
    raw = RawLedger(transactions, events, ledger=a_ledger([], number=NUMBER))
    bundle = raw.bundle()
    plan = MatchPlan(monitors(recorded))

    def ours() -> object:
        return find_hits(decode(bundle), plan)

    def library() -> None:
        for each in transactions:
            stellar_xdr.TransactionEnvelope.from_xdr(each["envelopeXdr"])
            stellar_xdr.TransactionResult.from_xdr(each["resultXdr"])
            stellar_xdr.TransactionMeta.from_xdr(each["resultMetaXdr"])
        for event in events:
            for topic in event["topic"]:
                stellar_xdr.SCVal.from_xdr(topic)
            stellar_xdr.SCVal.from_xdr(event["value"])

    hits = find_hits(decode(bundle), plan)
    assert sum(map(len, hits.values())) >= len(list(occurrences(*recorded)))
    mine = cost(ours, 50) / len(transactions)
    ratio = cost(library, 3) / len(transactions) / mine
    print(
        f"{len(transactions)} transactions, {len(events)} events, {MONITORS} monitors: "
        f"{mine * 1e6:.1f} us each, stellar-sdk takes {ratio:.0f} times as long"
    )
    assert ratio >= 20
