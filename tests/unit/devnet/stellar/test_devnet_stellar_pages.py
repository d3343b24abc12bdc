from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tocsin.devnet.network import RpcCallError
from tocsin.devnet.stellar.chain import StellarChain

Ask = Callable[..., Any]
METHODS = {"getLedgers": "ledgers", "getTransactions": "transactions", "getEvents": "events"}
LIMITS = (1, 3, 7, 200)
MORE_PAGES_THAN_THERE_ARE = 300


def walk(ask: Ask, method: str, *, start: int, limit: int) -> Iterator[list[dict[str, Any]]]:
    """Yield page after page up to the first that is empty, or refused at the newest ledger."""
    page = ask(method, startLedger=start, pagination={"limit": limit})
    for _ in range(MORE_PAGES_THAN_THERE_ARE):
        if not page[METHODS[method]]:
            return
        yield page[METHODS[method]]
        try:
            page = ask(method, pagination={"limit": limit, "cursor": page["cursor"]})
        except RpcCallError:
            assert method == "getLedgers"
            return


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [row["sequence"] for row in rows]


@pytest.mark.parametrize("limit", LIMITS)
def test_ledgers_are_walked_exactly_once(ask: Ask, limit: int) -> None:
    pages = list(walk(ask, "getLedgers", start=1, limit=limit))
    assert numbers([row for page in pages for row in page]) == list(range(1, 32))


@pytest.mark.parametrize("limit", LIMITS)
def test_transactions_are_walked_exactly_once(chain: StellarChain, ask: Ask, limit: int) -> None:
    pages = list(walk(ask, "getTransactions", start=1, limit=limit))
    walked = [row["txHash"] for page in pages for row in page]
    assert walked == [each.hash for block in chain.facts() for each in block.transactions]


@pytest.mark.parametrize("limit", LIMITS)
def test_events_are_walked_exactly_once(chain: StellarChain, ask: Ask, limit: int) -> None:
    pages = list(walk(ask, "getEvents", start=1, limit=limit))
    walked = [row["txHash"] for page in pages for row in page]
    assert walked == [
        each.hash for block in chain.facts() for each in block.transactions for _ in each.events
    ]


@pytest.mark.parametrize("method", METHODS)
def test_a_walk_starts_where_it_is_told(ask: Ask, method: str) -> None:
    rows = next(walk(ask, method, start=20, limit=200))
    assert {row.get("ledger", row.get("sequence")) for row in rows} <= set(range(20, 32))


@pytest.mark.parametrize("method", METHODS)
def test_ids_and_places_rise(ask: Ask, method: str) -> None:
    rows = [row for page in walk(ask, method, start=1, limit=50) for row in page]
    places = [
        (row.get("ledger", row.get("sequence")), row.get("applicationOrder"), row.get("id"))
        for row in rows
    ]
    assert places == sorted(set(places))


def test_ledgers_refuse_their_own_cursor_at_the_newest(ask: Ask) -> None:
    page = ask("getLedgers", startLedger=31)
    with pytest.raises(RpcCallError, match="must be between the oldest ledger: 1 and") as refusal:
        ask("getLedgers", pagination={"cursor": page["cursor"]})
    assert refusal.value.code == -32602


def test_transactions_give_an_empty_page_at_the_newest(ask: Ask) -> None:
    page = ask("getTransactions", startLedger=31)
    empty = ask("getTransactions", pagination={"cursor": page["cursor"]})
    assert (empty["transactions"], int(empty["cursor"]) >> 32) == ([], 31)


def test_the_cursor_of_an_empty_page_of_transactions_leads_back(ask: Ask) -> None:
    # As real servers up to 25 did: a client that resends it reads the newest ledger again.
    page = ask("getTransactions", startLedger=31)
    empty = ask("getTransactions", pagination={"cursor": page["cursor"]})
    again = ask("getTransactions", pagination={"cursor": empty["cursor"]})
    assert again["transactions"] == page["transactions"]


def test_a_cursor_beyond_the_newest_ledger_gives_no_transaction(ask: Ask) -> None:
    page = ask("getTransactions", pagination={"cursor": str(99 << 32)})
    assert (page["transactions"], page["cursor"]) == ([], "0")


def test_events_give_empty_pages_at_the_newest_for_ever(ask: Ask) -> None:
    page = ask("getEvents", startLedger=31, pagination={"limit": 10_000})
    empty = ask("getEvents", pagination={"cursor": page["cursor"]})
    assert (empty["events"], empty["cursor"]) == ([], page["cursor"])


def test_events_that_come_later_are_found_with_the_cursor_of_an_empty_page() -> None:
    chain = StellarChain(seed=1, transactions_per_ledger=(30, 30))
    page = chain.answer("getEvents", {"startLedger": 1})
    assert isinstance(page, dict)
    chain.produce(produced_at_ms=0)
    later = chain.answer("getEvents", {"pagination": {"cursor": page["cursor"], "limit": 10_000}})
    assert isinstance(later, dict)
    planted = [event for each in chain.facts()[1].transactions for event in each.events]
    assert (page["events"], len(later["events"])) == ([], len(planted))


def test_events_end_before_the_end_ledger(ask: Ask) -> None:
    page = ask("getEvents", startLedger=2, endLedger=9, pagination={"limit": 10_000})
    assert {row["ledger"] for row in page["events"]} <= set(range(2, 9))
    assert int(page["cursor"].split("-")[0]) >> 32 == 8


def test_a_page_has_a_default_size() -> None:
    chain = StellarChain(seed=1, transactions_per_ledger=(5, 5))
    for number in range(60):
        chain.produce(produced_at_ms=number)
    answers: dict[str, Any] = {
        method: chain.answer(method, {"startLedger": 1}) for method in METHODS
    }
    sizes = {method: len(answers[method][key]) for method, key in METHODS.items()}
    assert sizes == {"getLedgers": 50, "getTransactions": 50, "getEvents": 100}


def retained() -> StellarChain:
    chain = StellarChain(seed=1, retention=3)
    for number in range(9):
        chain.produce(produced_at_ms=number)
    return chain


@pytest.mark.parametrize("start", [0, 1, 7, 11])
@pytest.mark.parametrize("method", ["getLedgers", "getTransactions"])
def test_a_start_outside_retention_is_refused(method: str, start: int) -> None:
    with pytest.raises(RpcCallError) as refusal:
        retained().answer(method, {"startLedger": start})
    assert (refusal.value.code, str(refusal.value)) == (
        -32600,
        "start ledger must be between the oldest ledger: 8 and the latest ledger: 10 "
        "for this rpc instance",
    )


@pytest.mark.parametrize("start", [1, 7, 11])
def test_events_outside_retention_are_refused(start: int) -> None:
    with pytest.raises(RpcCallError) as refusal:
        retained().answer("getEvents", {"startLedger": start})
    assert (refusal.value.code, str(refusal.value)) == (
        -32600,
        "startLedger must be within the ledger range: 8 - 10",
    )


def test_events_after_a_cursor_outside_retention_are_refused() -> None:
    cursor = f"{2 << 32:019d}-0000000000"
    with pytest.raises(RpcCallError) as refusal:
        retained().answer("getEvents", {"pagination": {"cursor": cursor}})
    assert refusal.value.code == -32600


@pytest.mark.parametrize(("method", "cursor"), [("getLedgers", "3"), ("getTransactions", "99")])
def test_a_cursor_outside_retention_is_refused(method: str, cursor: str) -> None:
    with pytest.raises(RpcCallError) as refusal:
        retained().answer(method, {"pagination": {"cursor": cursor}})
    assert refusal.value.code == -32602


@pytest.mark.parametrize(
    ("method", "code", "cursor"),
    [
        ("getLedgers", -32600, "5"),
        ("getTransactions", -32600, "21474840577"),
        ("getEvents", -32602, "0000000021474840576-0000000000"),
    ],
)
def test_a_start_and_a_cursor_together_are_refused(
    ask: Ask, method: str, code: int, cursor: str
) -> None:
    with pytest.raises(RpcCallError, match="cannot both be set") as refusal:
        ask(method, startLedger=5, pagination={"cursor": cursor})
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("method", "code", "maximum"),
    [
        ("getLedgers", -32600, 200),
        ("getTransactions", -32600, 200),
        ("getEvents", -32602, 10_000),
    ],
)
def test_a_page_has_a_largest_size(ask: Ask, method: str, code: int, maximum: int) -> None:
    with pytest.raises(RpcCallError, match=f"limit must not exceed {maximum}") as refusal:
        ask(method, startLedger=1, pagination={"limit": maximum + 1})
    assert refusal.value.code == code
