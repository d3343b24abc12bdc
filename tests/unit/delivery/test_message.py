from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import pytest

from tocsin.delivery.message import MessageFacts, render_message
from tocsin.errors import InputError
from tocsin.model.delivery import DeliveryKind
from tocsin.model.ids import DeliveryId, MatchId, MonitorId, OccurrenceId
from tocsin.model.network import ChainFamily

NOW = datetime(2026, 11, 23, 12, 0, 3, tzinfo=UTC)
HUGE = 2**256 - 1

FACTS = MessageFacts(
    delivery_id=DeliveryId(UUID(int=1)),
    match_id=MatchId(UUID(int=2)),
    occurrence_id=OccurrenceId(UUID(int=3)),
    kind=DeliveryKind.ALERT,
    generation=1,
    tenant="acme",
    monitor_id=MonitorId(UUID(int=4)),
    monitor_name='Big "transfers" — ü',
    network="ethereum_mainnet",
    family=ChainFamily.EVM,
    block_number=16_899_757,
    block_hash="0xb1",
    block_time=datetime(2026, 11, 23, 11, 59, 59, tzinfo=UTC),
    transaction_hash="0x71",
    transaction_index=7,
    reasons=b'{ "matched_on": {"events": []}, "matched_on_args": {"value": %d}}' % HUGE,
    document=b'{"gas": %d, "note": "a  b"}' % HUGE,
    matched_at=datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC),
)


def test_a_message_says_everything_in_the_documented_shape() -> None:
    facts = replace(
        FACTS,
        reasons=b'{"matched_on":{"events":[]},"matched_on_args":{"events":[]}}',
        document=b'{"gas":21000}',
    )
    body = orjson.loads(render_message(facts, NOW).body)
    assert body == {
        "type": "match.alert",
        "timestamp": "2026-11-23T12:00:00.250000Z",
        "data": {
            "delivery_id": "00000000-0000-0000-0000-000000000001",
            "match_id": "00000000-0000-0000-0000-000000000002",
            "occurrence_id": "00000000-0000-0000-0000-000000000003",
            "kind": "alert",
            "generation": 1,
            "tenant": "acme",
            "monitor": {
                "id": "00000000-0000-0000-0000-000000000004",
                "name": 'Big "transfers" — ü',
            },
            "network": {"slug": "ethereum_mainnet", "family": "EVM"},
            "block": {"number": 16899757, "hash": "0xb1", "time": "2026-11-23T11:59:59Z"},
            "transaction": {"hash": "0x71", "index": 7, "document": {"gas": 21000}},
            "matched_on": {"events": []},
            "matched_on_args": {"events": []},
            "matched_at": "2026-11-23T12:00:00.250000Z",
        },
    }


def test_the_id_is_the_delivery_s() -> None:
    assert render_message(FACTS, NOW).id == "00000000-0000-0000-0000-000000000001"


def test_another_attempt_says_the_same_bytes() -> None:
    later = render_message(FACTS, NOW + timedelta(days=1))
    assert later.body == render_message(FACTS, NOW).body


def test_stamping_changes_only_the_time() -> None:
    message = render_message(FACTS, NOW)
    later = NOW + timedelta(hours=1)
    assert message.stamped(later) == replace(message, timestamp=later)


def test_the_body_has_no_idle_spaces_and_keeps_those_inside_texts() -> None:
    body = render_message(FACTS, NOW).body
    assert b'"gas":%d,"note":"a  b"' % HUGE in body
    assert b'"matched_on":{"events":[]}' in body


def test_integers_of_256_bits_pass_through_digit_by_digit() -> None:
    assert b'"matched_on_args":{"value":%d}' % HUGE in render_message(FACTS, NOW).body


def test_a_message_may_go_without_the_document() -> None:
    assert b'"document":null' in render_message(replace(FACTS, document=None), NOW).body


@pytest.mark.parametrize("kind", list(DeliveryKind))
def test_the_type_names_the_kind(kind: DeliveryKind) -> None:
    body = orjson.loads(render_message(replace(FACTS, kind=kind), NOW).body)
    assert body["type"] == f"match.{kind.value}"


@pytest.mark.parametrize(
    "reasons",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"matched_on":{}}',
        b'{"matched_on":{},"matched_on_args":{}',
        b'{"matched_on":{},"matched_on_args":{}}}',
        b'{"matched_on":{},"matched_on_args":{},"x":}',
        b"\xff",
    ],
)
def test_reasons_of_another_form_are_refused(reasons: bytes) -> None:
    with pytest.raises(InputError, match=r"^reasons: "):
        render_message(replace(FACTS, reasons=reasons), NOW)


@pytest.mark.parametrize(
    "document", [b"", b"null", b"[]", b'"text"', b'{"a":1}x', b'{"a":}', b'{"a":1', b"{\xff}"]
)
def test_a_document_that_would_break_the_body_is_refused(document: bytes) -> None:
    with pytest.raises(InputError, match=r"^document: "):
        render_message(replace(FACTS, document=document), NOW)


DEEP = b'{"matched_on":' + b"[" * 100_000 + b"]" * 100_000 + b',"matched_on_args":{}}'


@pytest.mark.parametrize("facts", [replace(FACTS, reasons=DEEP), replace(FACTS, document=DEEP)])
def test_endless_nesting_is_refused(facts: MessageFacts) -> None:
    with pytest.raises(InputError):
        render_message(facts, NOW)
