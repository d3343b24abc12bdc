"""What the demo counts, and what it says of a match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.cli.demo_api import ListedMatch
from tocsin.cli.demo_tally import (
    LineKind,
    Place,
    Row,
    Tally,
    describe,
    percentile,
    shorten_number,
)
from tocsin.cli.receiver import (
    ActivityPart,
    ArgumentPart,
    BlockPart,
    ConditionPart,
    MatchedArguments,
    MatchedOn,
    MessageData,
    Named,
    NetworkPart,
    ReceivedMessage,
    TransactionPart,
)
from tocsin.devnet.network import BlockFacts

ARRIVED_AT_MS = 1_800_000_000_000


def a_message(
    *,
    kind: str = "alert",
    tenant: str = "acme",
    match_id: str = "match-1",
    on: MatchedOn | None = None,
    arguments: MatchedArguments | None = None,
) -> ReceivedMessage:
    return ReceivedMessage(
        data=MessageData(
            match_id=match_id,
            kind=kind,
            tenant=tenant,
            monitor=Named("Large transfers"),
            network=NetworkPart("demo_evm", "EVM"),
            block=BlockPart(7, "0xb7"),
            transaction=TransactionPart("0x71"),
            matched_on=on or MatchedOn(),
            matched_on_args=arguments or MatchedArguments(),
        ),
        received_at_ms=ARRIVED_AT_MS,
    )


def a_block(*, produced_at_ms: int, block_hash: str = "0xb7") -> BlockFacts:
    return BlockFacts(
        number=7,
        hash=block_hash,
        parent_hash="0xb6",
        canonical=True,
        produced_at_ms=produced_at_ms,
        transactions=(),
    )


@pytest.fixture
def tally() -> Tally:
    return Tally(["acme", "globex"], {"demo_evm": "EVM", "demo_stellar": "Stellar"})


def row(tally: Tally, tenant: str = "acme", family: str = "EVM") -> Row:
    return next(each for each in tally.rows() if each.place == Place(tenant, family))


def test_an_alert_counts_for_its_tenant_and_family_alone(tally: Tally) -> None:
    tally.note_message(a_message())
    counted = {each.place: each.alert_count for each in tally.rows() if each.alert_count}
    assert counted == {Place("acme", "EVM"): 1}


def test_a_message_proves_its_match_before_the_api_lists_it(tally: Tally) -> None:
    tally.note_message(a_message(match_id="one"))
    tally.note_matches("acme", [ListedMatch("two", "demo_evm"), ListedMatch("one", "demo_evm")])
    assert row(tally).match_count == 2


def test_a_retraction_is_no_alert(tally: Tally) -> None:
    tally.note_message(a_message())
    line = tally.note_message(a_message(kind="retraction"))
    assert (row(tally).alert_count, row(tally).retraction_count) == (1, 1)
    assert line.kind is LineKind.RETRACTION
    assert "match-1" in tally.retracted


def test_an_alert_that_came_back_is_no_longer_retracted(tally: Tally) -> None:
    for kind in ("alert", "retraction", "alert"):
        tally.note_message(a_message(kind=kind))
    assert not tally.retracted


@pytest.mark.parametrize("block_known_first", [True, False])
def test_latency_is_from_production_to_receipt(tally: Tally, block_known_first: bool) -> None:
    block = a_block(produced_at_ms=ARRIVED_AT_MS - 250)
    if block_known_first:
        tally.note_blocks([block])
    tally.note_message(a_message())
    tally.note_blocks([block])
    assert row(tally).p50_ms == 250


def test_a_block_told_twice_measures_once(tally: Tally) -> None:
    tally.note_message(a_message())
    tally.note_blocks([a_block(produced_at_ms=ARRIVED_AT_MS - 250)])
    tally.note_blocks([a_block(produced_at_ms=ARRIVED_AT_MS - 250)])
    tally.note_message(a_message(match_id="match-2"))
    assert (tally.total().p50_ms, tally.total().p99_ms) == (250, 250)


def test_retractions_do_not_count_as_latencies(tally: Tally) -> None:
    tally.note_blocks([a_block(produced_at_ms=0)])
    tally.note_message(a_message(kind="retraction"))
    assert tally.total().p99_ms is None


def test_a_page_is_known_when_its_last_match_is(tally: Tally) -> None:
    assert not tally.note_matches("acme", [ListedMatch("one", "demo_evm")])
    newer = [ListedMatch("two", "demo_evm"), ListedMatch("one", "demo_evm")]
    assert tally.note_matches("acme", newer)


def test_what_is_missing_is_named_until_alerts_and_a_latency_are_there(tally: Tally) -> None:
    for number in range(3):
        assert "acme on EVM" in "; ".join(tally.missing(3))
        tally.note_message(a_message(match_id=f"match-{number}"))
    assert "acme on EVM (3 of 3 alerts)" in tally.missing(3)
    tally.note_blocks([a_block(produced_at_ms=ARRIVED_AT_MS - 250)])
    assert tally.missing(3) == [
        f"{place} (0 of 3 alerts)" for place in ("acme on Stellar", "globex on EVM",
                                                 "globex on Stellar")
    ]  # fmt: skip


def test_of_an_event_only_what_the_condition_asked_about_is_told() -> None:
    arguments = (
        ArgumentPart("to", "0x" + "1" * 40, "address"),
        ArgumentPart("value", "1234567", "uint256"),
    )
    message = a_message(
        on=MatchedOn(events=(ConditionPart(expression="value > 5"),)),
        arguments=MatchedArguments(
            events=(ActivityPart("Transfer(address,address,uint256)", arguments),)
        ),
    )
    assert describe(message.data) == "Transfer value 1,234,567"


def test_further_events_of_the_same_transaction_are_counted() -> None:
    event = ActivityPart("Transfer(address,address,uint256)")
    condition = ConditionPart(expression=None)
    message = a_message(
        on=MatchedOn(events=(condition, condition)),
        arguments=MatchedArguments(events=(event, event)),
    )
    assert describe(message.data) == "Transfer and 1 more"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (ConditionPart(status="Failure"), "a failed transaction"),
        (ConditionPart(status="Success", expression="value > 2000000"), "value > 2,000,000"),
        (ConditionPart(status="Success"), "a transaction"),
    ],
)
def test_a_transaction_condition_is_told_in_words(condition: ConditionPart, expected: str) -> None:
    assert describe(a_message(on=MatchedOn(transactions=(condition,))).data) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-1234", "-1,234"),
        ("123456789", "123,456,789"),
        ("1000000000000", "1e12"),
        (str(2**256 - 1), "~1.15e77"),
        ("-12500000000", "-1.25e10"),
        ("XLM_USD", "XLM_USD"),
        ("0x10", "0x10"),
    ],
)
def test_long_numbers_are_told_by_their_size(text: str, expected: str) -> None:
    assert shorten_number(text) == expected


@given(values=st.lists(st.integers(0, 10_000), min_size=1), percent=st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_covers_so_many(
    values: list[int], percent: int
) -> None:
    found = percentile(values, percent)
    assert found in values
    assert found is not None
    not_above = sum(value <= found for value in values)
    below = sum(value < found for value in values)
    assert not_above * 100 >= percent * len(values) > below * 100


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 50) is None
