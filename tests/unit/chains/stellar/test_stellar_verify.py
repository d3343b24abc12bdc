"""Only complete and true ledgers pass."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest
from stellar_sdk import scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import (
    CLOSED_AT,
    NETWORK_ID,
    NUMBER,
    Json,
    RawLedger,
    a_ledger,
    a_transaction,
    a_transfer,
    base64,
)
from tocsin.chains.stellar.family import StellarFamily
from tocsin.chains.stellar.verify import Expectation, verify_bundle, verify_ledger
from tocsin.errors import MalformedBlockError

EXPECTED = Expectation(number=NUMBER)


def a_raw_ledger() -> RawLedger:
    transactions = [a_transaction(order=order) for order in (1, 2, 3)]
    events = [a_transfer(transactions[0]), a_transfer(transactions[2])]
    return RawLedger(transactions, events)


def test_a_true_ledger_passes() -> None:
    raw = a_raw_ledger()
    ref = verify_bundle(raw.parts(), EXPECTED)
    assert (ref.number, ref.hash) == (NUMBER, raw.ledger["hash"])
    assert ref.block_time.timestamp() == CLOSED_AT
    assert ref == raw.bundle().ref


def test_an_empty_ledger_passes() -> None:
    assert verify_bundle(RawLedger([], ledger=a_ledger([])).parts(), EXPECTED).number == NUMBER


def test_the_order_of_the_answer_does_not_count() -> None:
    raw = a_raw_ledger()
    raw.transactions.reverse()
    assert verify_bundle(raw.parts(), EXPECTED).number == NUMBER


def drop_transaction(raw: RawLedger) -> None:
    del raw.transactions[1]


def drop_last_transaction(raw: RawLedger) -> None:
    del raw.transactions[2], raw.events[1]


def add_transaction(raw: RawLedger) -> None:
    raw.transactions.append(a_transaction(order=4))


def repeat_transaction(raw: RawLedger) -> None:
    raw.transactions.append(raw.transactions[2])


def swap_transactions(raw: RawLedger) -> None:
    raw.transactions[0]["applicationOrder"] = 2
    raw.transactions[1]["applicationOrder"] = 1


def change_result(raw: RawLedger) -> None:
    raw.transactions[0]["resultXdr"] = b64encode(b"another result !").decode()


def drop_result(raw: RawLedger) -> None:
    del raw.transactions[0]["resultXdr"]


def garble_result(raw: RawLedger) -> None:
    raw.transactions[0]["resultXdr"] = "???"


def change_hash(raw: RawLedger) -> None:
    raw.transactions[1]["txHash"] = "ab" * 32


def shorten_hash(raw: RawLedger) -> None:
    raw.transactions[1]["txHash"] = "ab" * 31


def negate_order(raw: RawLedger) -> None:
    raw.transactions[1]["applicationOrder"] = -2


def leave_a_hole(raw: RawLedger) -> None:
    raw.transactions[2]["applicationOrder"] = 9


def move_transaction(raw: RawLedger) -> None:
    raw.transactions[1]["ledger"] = NUMBER + 1


def move_event(raw: RawLedger) -> None:
    raw.events[0]["ledger"] = NUMBER + 1


def orphan_event(raw: RawLedger) -> None:
    raw.events[0]["txHash"] = "ab" * 32


def repeat_event(raw: RawLedger) -> None:
    raw.events.append(raw.events[0])


def change_ledger_hash(raw: RawLedger) -> None:
    raw.ledger["hash"] = "ab" * 32


def change_close_time(raw: RawLedger) -> None:
    raw.ledger["ledgerCloseTime"] = str(CLOSED_AT + 1)


def change_sequence(raw: RawLedger) -> None:
    raw.ledger["sequence"] = NUMBER + 1


def change_header(raw: RawLedger) -> None:
    header = bytearray(b64decode(raw.ledger["headerXdr"]))
    header[40] ^= 1  # within the parent's hash
    raw.ledger["headerXdr"] = b64encode(header).decode()


def cut_header(raw: RawLedger) -> None:
    raw.ledger["headerXdr"] = b64encode(b64decode(raw.ledger["headerXdr"])[:100]).decode()


def garble_header(raw: RawLedger) -> None:
    raw.ledger["headerXdr"] = "no base64"


def drop_header(raw: RawLedger) -> None:
    del raw.ledger["headerXdr"]


LIES = [
    drop_transaction,
    drop_last_transaction,
    add_transaction,
    repeat_transaction,
    swap_transactions,
    change_result,
    drop_result,
    garble_result,
    change_hash,
    shorten_hash,
    negate_order,
    leave_a_hole,
    move_transaction,
    move_event,
    orphan_event,
    repeat_event,
    change_ledger_hash,
    change_close_time,
    change_sequence,
    change_header,
    cut_header,
    garble_header,
    drop_header,
]


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_malformed(lie: Callable[[RawLedger], None]) -> None:
    raw = a_raw_ledger()
    lie(raw)
    with pytest.raises(MalformedBlockError):
        verify_bundle(raw.parts(), EXPECTED)


def test_another_ledger_than_asked_for_is_malformed() -> None:
    with pytest.raises(MalformedBlockError, match="asked for ledger 7"):
        verify_ledger(json.dumps(a_ledger([])).encode(), 7)


def test_a_close_time_beyond_belief_is_malformed() -> None:
    with pytest.raises(MalformedBlockError, match="too far in the future"):
        verify_ledger(json.dumps(a_ledger([], closed_at=2**63)).encode(), NUMBER)


def a_listed_event(kind: stellar_xdr.ContractEventType) -> str:
    return base64(
        stellar_xdr.ContractEvent(
            ext=stellar_xdr.ExtensionPoint(0),
            contract_id=stellar_xdr.ContractID(stellar_xdr.Hash(bytes(32))),
            type=kind,
            body=stellar_xdr.ContractEventBody(
                0, v0=stellar_xdr.ContractEventV0([scval.to_symbol("e")], scval.to_void())
            ),
        )
    )


CONTRACT, SYSTEM = (
    a_listed_event(stellar_xdr.ContractEventType.CONTRACT),
    a_listed_event(stellar_xdr.ContractEventType.SYSTEM),
)


def listing(*groups: list[str] | None) -> RawLedger:
    raw = a_raw_ledger()
    raw.transactions[0]["events"] = {"contractEventsXdr": groups}
    return raw


def test_an_event_that_its_transaction_lists_may_not_be_missing() -> None:
    with pytest.raises(MalformedBlockError, match="events of transaction 1 are missing"):
        verify_bundle(listing([CONTRACT], [CONTRACT]).parts(), EXPECTED)


@pytest.mark.parametrize(
    "groups", [([CONTRACT, SYSTEM],), ([SYSTEM] * 3,), (None, []), ([CONTRACT, "garbage"],), ()]
)
def test_more_events_than_a_transaction_lists_are_welcome(
    groups: tuple[list[str] | None, ...],
) -> None:
    assert verify_bundle(listing(*groups).parts(), EXPECTED).number == NUMBER


def recorded(raw: RawLedger, **changes: bytes) -> dict[str, bytes]:
    return raw.parts() | changes


def envelope(result: Json | list[Json]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def test_a_recorded_ledger_becomes_a_bundle() -> None:
    raw = a_raw_ledger()
    bundle = StellarFamily().bundle_from_json(NETWORK_ID, raw.parts())
    assert bundle.ref == raw.bundle().ref
    assert json.loads(bundle.parts["transactions"]) == raw.transactions


def test_a_recorded_ledger_leaves_its_metadata_behind() -> None:
    bundle = StellarFamily().bundle_from_json(NETWORK_ID, a_raw_ledger().parts())
    assert "metadataXdr" not in json.loads(bundle.parts["ledger"])


def test_recorded_answers_may_be_whole_pages() -> None:
    raw = a_raw_ledger()
    later = a_transaction(number=NUMBER + 1)
    bundle = StellarFamily().bundle_from_json(
        NETWORK_ID,
        {
            "ledger": envelope({"ledgers": [raw.ledger], "latestLedger": NUMBER}),
            "transactions": envelope({"transactions": [*raw.transactions, later]}),
            "events": envelope({"events": raw.events, "cursor": "x"}),
        },
    )
    assert json.loads(bundle.parts["transactions"]) == raw.transactions
    assert json.loads(bundle.parts["events"]) == raw.events


def test_a_recording_may_lack_transactions() -> None:
    raw = a_raw_ledger()
    drop_transaction(raw)
    assert StellarFamily().bundle_from_json(NETWORK_ID, raw.parts()).ref.number == NUMBER


def test_a_recording_without_transactions_needs_no_events() -> None:
    parts = {"ledger": json.dumps(a_ledger([])).encode(), "transactions": b"[]"}
    assert StellarFamily().bundle_from_json(NETWORK_ID, parts).parts["events"] == b"[]"


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("ledger", b"[]"),
        ("ledger", b'{"ledgers":[]}'),
        ("ledger", b'{"ledgers":5}'),
        ("ledger", b'{"error":{"code":1}}'),
        ("ledger", b"{"),
        ("transactions", b'{"error":{"code":1}}'),
        ("transactions", b"{}"),
        ("transactions", b"[5]"),
        ("events", b'{"events":5}'),
        ("events", b"\xff"),
    ],
)
def test_a_recording_that_is_none_is_malformed(part: str, content: bytes) -> None:
    with pytest.raises(MalformedBlockError):
        StellarFamily().bundle_from_json(NETWORK_ID, recorded(a_raw_ledger(), **{part: content}))
