"""What the client asks of nodes, and what it makes of their answers."""

import json
from typing import Any

import pytest

from tests.support.stellar_ledgers import (
    NUMBER,
    PASSPHRASE,
    Json,
    RawLedger,
    ScriptedNodes,
    a_ledger,
    a_transaction,
    a_transfer,
    network,
    refused,
)
from tocsin.chains.stellar.rpc import MAX_PAGES, StellarClient, passphrase
from tocsin.errors import (
    BlockNotFoundError,
    MalformedBlockError,
    RpcRefusedError,
    WrongChainError,
)

TRANSACTIONS = [a_transaction(order=order) for order in (1, 2, 3)]
EVENTS = [a_transfer(each) for each in TRANSACTIONS]
RAW = RawLedger(TRANSACTIONS, EVENTS)
LATER_TRANSACTION = a_transaction(number=NUMBER + 1)
LATER_EVENT = a_transfer(LATER_TRANSACTION)


def a_page(name: str, *entries: Json, cursor: str | None = "next", latest: int = NUMBER) -> Json:
    page: Json = {name: list(entries), "latestLedger": latest}
    return page if cursor is None else page | {"cursor": cursor}


LEDGERS = a_page("ledgers", RAW.ledger)
ALL_EVENTS = a_page("events", *EVENTS, LATER_EVENT)


def nodes(**answers: list[Any]) -> ScriptedNodes:
    """Return nodes that have the ledger, with other answers where a test speaks."""
    usual: dict[str, list[Any]] = {
        "getLedgers": [LEDGERS],
        "getTransactions": [a_page("transactions", *TRANSACTIONS, LATER_TRANSACTION)],
        "getEvents": [ALL_EVENTS],
        "getHealth": [{"latestLedger": NUMBER, "oldestLedger": 10}],
        "getNetwork": [{"passphrase": PASSPHRASE}],
        "getLatestLedger": [{"id": RAW.ledger["hash"], "sequence": NUMBER}],
    }
    return ScriptedNodes(**(usual | answers))


def client(caller: ScriptedNodes) -> StellarClient:
    return StellarClient(network(), caller)


async def test_a_bundle_holds_the_entries_as_the_node_wrote_them() -> None:
    bundle = await client(nodes()).bundle_at(NUMBER)
    assert bundle.ref == RAW.bundle().ref
    assert json.loads(bundle.parts["transactions"]) == TRANSACTIONS
    assert json.loads(bundle.parts["events"]) == EVENTS
    assert "metadataXdr" not in json.loads(bundle.parts["ledger"])


async def test_pages_are_followed_by_their_cursors() -> None:
    caller = nodes(
        getTransactions=[
            a_page("transactions", TRANSACTIONS[0], cursor="one"),
            a_page("transactions", *TRANSACTIONS[1:], cursor="two"),
            a_page("transactions"),
        ],
        getEvents=[a_page("events", EVENTS[0]), a_page("events", *EVENTS[1:], cursor=None)],
    )
    await client(caller).bundle_at(NUMBER)
    filters = [{"type": "contract"}]
    assert caller.calls == [
        ("getLedgers", {"startLedger": NUMBER, "pagination": {"limit": 1}}),
        ("getTransactions", {"startLedger": NUMBER, "pagination": {"limit": 200}}),
        ("getTransactions", {"pagination": {"limit": 200, "cursor": "one"}}),
        ("getTransactions", {"pagination": {"limit": 200, "cursor": "two"}}),
        (
            "getEvents",
            {"startLedger": NUMBER, "filters": filters, "pagination": {"limit": 200}},
        ),
        ("getEvents", {"filters": filters, "pagination": {"limit": 200, "cursor": "next"}}),
    ]


@pytest.mark.parametrize("cursor", [None, "", "next"])
async def test_an_empty_page_at_the_newest_ledger_is_the_end(cursor: str | None) -> None:
    caller = nodes(getEvents=[a_page("events", *EVENTS), a_page("events", cursor=cursor)])
    await client(caller).bundle_at(NUMBER)
    assert caller.count("getEvents") == 2


async def test_nobody_is_asked_for_the_events_of_no_transactions() -> None:
    caller = nodes(
        getLedgers=[a_page("ledgers", a_ledger([]))], getTransactions=[a_page("transactions")]
    )
    bundle = await client(caller).bundle_at(NUMBER)
    assert (bundle.parts["events"], caller.count("getEvents")) == (b"[]", 0)


async def test_pages_without_end_are_malformed() -> None:
    caller = nodes(getTransactions=[a_page("transactions", TRANSACTIONS[0], cursor="again")])
    with pytest.raises(MalformedBlockError, match="does not end"):
        await client(caller).bundle_at(NUMBER)
    assert caller.count("getTransactions") == MAX_PAGES
    assert caller.distrust_count == 1


@pytest.mark.parametrize("method", ["getTransactions", "getEvents"])
async def test_a_node_that_is_behind_does_not_have_the_ledger(method: str) -> None:
    name = method.removeprefix("get").lower()
    caller = nodes(**{method: [a_page(name, latest=NUMBER - 1)]})
    with pytest.raises(BlockNotFoundError):
        await client(caller).bundle_at(NUMBER)
    assert caller.distrust_count == 1


async def test_an_earlier_ledger_s_entry_is_malformed() -> None:
    earlier = a_page("transactions", a_transaction(number=NUMBER - 1))
    with pytest.raises(MalformedBlockError):
        await client(nodes(getTransactions=[earlier])).bundle_at(NUMBER)


async def test_a_missing_transaction_is_malformed_and_the_node_distrusted() -> None:
    caller = nodes(
        getTransactions=[a_page("transactions", *TRANSACTIONS[:2], LATER_TRANSACTION)],
        getEvents=[a_page("events", *EVENTS[:2], LATER_EVENT)],
    )
    with pytest.raises(MalformedBlockError):
        await client(caller).bundle_at(NUMBER)
    assert caller.distrust_count == 1


@pytest.mark.parametrize("method", ["getLedgers", "getTransactions", "getEvents"])
@pytest.mark.parametrize("answer", [None, 5, [], {}, "x", {"latestLedger": "5"}])
async def test_an_answer_of_another_shape_is_malformed(method: str, answer: object) -> None:
    caller = nodes(**{method: [answer]})
    with pytest.raises(MalformedBlockError):
        await client(caller).bundle_at(NUMBER)
    assert caller.distrust_count == 1


@pytest.mark.parametrize("entry", [5, None, {}, {"ledger": "x"}])
async def test_an_entry_of_another_shape_is_malformed(entry: Any) -> None:
    caller = nodes(getTransactions=[a_page("transactions", entry)])
    with pytest.raises(MalformedBlockError):
        await client(caller).bundle_at(NUMBER)


@pytest.mark.parametrize(
    ("number", "message"), [(NUMBER + 1, "beyond the newest, 1000"), (9, "starts at 10")]
)
async def test_a_ledger_outside_the_window_is_not_found(number: int, message: str) -> None:
    with pytest.raises(BlockNotFoundError, match=message):
        await client(nodes(getLedgers=[refused()])).bundle_at(number)


async def test_a_refusal_inside_the_window_stays_one() -> None:
    with pytest.raises(RpcRefusedError):
        await client(nodes(getLedgers=[refused()])).bundle_at(NUMBER)


async def test_no_ledger_is_not_found() -> None:
    with pytest.raises(BlockNotFoundError):
        await client(nodes(getLedgers=[a_page("ledgers")])).ref_at(NUMBER)


async def test_the_head_is_the_newest_ledger() -> None:
    assert await client(nodes()).head() == RAW.bundle().ref


async def test_a_head_with_two_hashes_is_malformed() -> None:
    caller = nodes(getLatestLedger=[{"id": "ab" * 32, "sequence": NUMBER}])
    with pytest.raises(MalformedBlockError):
        await client(caller).head()


async def test_a_bundle_is_found_by_its_hash() -> None:
    bundle = await client(nodes()).bundle_of(RAW.ledger["hash"], NUMBER)
    assert bundle.ref.hash == RAW.ledger["hash"]


async def test_a_bundle_of_another_hash_is_not_found() -> None:
    with pytest.raises(BlockNotFoundError):
        await client(nodes()).bundle_of("ab" * 32, NUMBER)


async def test_the_right_passphrase_is_the_right_chain() -> None:
    caller = nodes()
    await client(caller).check_identity()
    assert await passphrase(caller.call) == PASSPHRASE


async def test_another_passphrase_is_another_chain() -> None:
    with pytest.raises(WrongChainError):
        await client(nodes(getNetwork=[{"passphrase": "another"}])).check_identity()


def test_a_ledger_is_final() -> None:
    assert not client(nodes()).can_fork
