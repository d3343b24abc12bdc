"""What the index finds by the kinds that values show is what fits when it is decoded."""

from base64 import b64decode, b64encode
from uuid import UUID

import pytest
from stellar_sdk import scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import (
    TOKEN,
    Json,
    RawLedger,
    a_call,
    a_transaction,
    account,
    an_event,
    base64,
)
from tests.support.stellar_matching import a_value
from tocsin.chains.stellar.decode import StellarLedger, decode
from tocsin.chains.stellar.keying import key_monitor
from tocsin.matching.compiled import compile_monitor
from tocsin.matching.engine import find_hits
from tocsin.matching.plan import MatchPlan
from tocsin.model.activity import ActivityKind
from tocsin.model.ids import MonitorId, TenantId
from tocsin.model.monitor import AddressDraft, ConditionDraft, MonitorDraft, MonitorRef

LONG = "x" * 200
AMOUNT = {"i128": "5"}
MUXED = {"map": {"amount": AMOUNT, "to_muxed_id": {"u64": 7}}}


def hits(ledger: StellarLedger, kind: ActivityKind, *signatures: str) -> list[int]:
    """Return which of the signatures are found, having asked every activity what it holds."""
    found = []
    for place, signature in enumerate(signatures):
        condition = ConditionDraft(kind=kind, signature=signature)
        draft = MonitorDraft(
            name="m",
            networks=(),
            paused=False,
            addresses=(AddressDraft(address=TOKEN),),
            conditions=(condition,),
            triggers=(),
        )
        keyed = key_monitor(draft)
        ref = MonitorRef(id=MonitorId(UUID(int=1)), tenant_id=TenantId(UUID(int=1)), version=1)
        is_found = bool(find_hits(ledger, MatchPlan([compile_monitor(ref, keyed)])))
        (one,) = keyed.conditions
        fitting = [
            each
            for transaction in ledger.transactions
            for each in transaction.activities
            if each.key == one.key and each.arguments(one.layout) is not None
        ]
        assert is_found == bool(fitting), signature
        found += [place] if is_found else []
    return found


def events(topics: list[Json], data: Json | None, **changes: object) -> StellarLedger:
    transaction = a_transaction()
    made = an_event(
        transaction,
        [scval.to_symbol("e"), *[a_value(each) for each in topics]],
        None if data is None else a_value(data),
    )
    return decode(RawLedger([transaction], [made | changes]).bundle())


@pytest.mark.parametrize(
    ("topics", "data", "signatures", "expected"),
    [
        ([], AMOUNT, ["e(I128)", "e(i128)", "e(U128)", "e()", "e(I128,I128)"], [0, 1]),
        ([{"string": LONG}], AMOUNT, ["e(String,I128)", "e(Symbol,I128)"], [0]),
        ([{"address": account(1)}], {"vec": [AMOUNT] * 2}, ["e(Address,Vec<I128>)"], [0]),
        ([], {"map": {"b": AMOUNT, "a": {"u32": 1}}}, ["e(Map<String,U32,I128>)"], [0]),
        ([], MUXED, ["e(I128)", "e(Map<String,I128,U64>)", "e(U64)"], [0, 1]),
        ([], None, ["e()", "e(Void)"], [0]),
        ([], {"void": None}, ["e()", "e(Void)"], [1]),
    ],
)
def test_events_are_found_if_they_fit(
    topics: list[Json], data: Json | None, signatures: list[str], expected: list[int]
) -> None:
    assert hits(events(topics, data), ActivityKind.EVENT, *signatures) == expected


@pytest.mark.parametrize(
    "garbage", [{"value": "garbage"}, {"topic": [base64(scval.to_symbol("e")), "garbage"]}]
)
def test_an_event_of_garbage_is_found_by_nothing_and_counted(garbage: Json) -> None:
    ledger = events([{"u32": 1}], AMOUNT, **garbage)
    assert hits(ledger, ActivityKind.EVENT, "e(U32,I128)") == []
    assert ledger.malformed_count == 1


def called(envelope: stellar_xdr.TransactionEnvelope | str) -> StellarLedger:
    return decode(RawLedger([a_transaction(envelope)]).bundle())


@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 30])
def test_arguments_are_found_wherever_they_end(count: int) -> None:
    ledger = called(a_call("f", *[a_value({"address": account(1)})] * count))
    kinds = ",".join(["Address"] * count)
    signatures = [f"f({kinds})", f"f({kinds},U32)" if count else "f(U32)"]
    assert hits(ledger, ActivityKind.FUNCTION, *signatures) == [0]


def test_an_argument_beyond_the_opening_that_is_garbage_is_counted() -> None:
    text = base64(a_call("f", a_value({"bytes": "00" * 600})))
    garbled = f"{text[:700]}={text[701:]}"
    ledger = called(garbled)
    assert hits(ledger, ActivityKind.FUNCTION, "f(Bytes600)") == []
    assert ledger.malformed_count == 1


def test_a_call_that_is_cut_short_is_counted() -> None:
    raw = b64decode(base64(a_call("f", a_value({"bytes": "00" * 600}))))
    ledger = called(b64encode(raw[:400]).decode())
    assert hits(ledger, ActivityKind.FUNCTION, "f(Bytes600)") == []
    assert ledger.malformed_count == 1


def test_the_number_of_a_call_inside_something_else_calls_nothing() -> None:
    envelope = a_call("f")
    assert envelope.v1 is not None
    envelope.v1.tx.memo = stellar_xdr.Memo(
        stellar_xdr.MemoType.MEMO_HASH,
        hash=stellar_xdr.Hash((24).to_bytes(4, "big") + bytes(28)),
    )
    assert hits(called(envelope), ActivityKind.FUNCTION, "f()") == [0]
    payment = a_transaction()
    raw = bytearray(b64decode(payment["envelopeXdr"]))
    raw[8:16] = (24).to_bytes(4, "big") + bytes(4)  # of the source's key
    ledger = called(b64encode(bytes(raw)).decode())
    assert hits(ledger, ActivityKind.FUNCTION, "f()") == []
    assert ledger.malformed_count == 0


def test_an_envelope_of_garbage_that_seems_to_call_is_counted() -> None:
    ledger = called("AAAAGAAAAA" + "=garbage")
    assert hits(ledger, ActivityKind.FUNCTION, "f()") == []
    assert ledger.malformed_count == 1
