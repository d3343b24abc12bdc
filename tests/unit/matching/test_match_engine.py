"""Block and plan → matches: who is asked, what counts, what is reported."""

import pytest

from tests.support.expression_vectors import Vector, vectors
from tests.support.matching import (
    NETWORK,
    TENANT,
    HandMadeTransaction,
    a_block,
    a_call,
    a_condition,
    a_keyed_monitor,
    a_layout,
    a_ref,
    an_event,
)
from tocsin.matching.compiled import compile_monitor
from tocsin.matching.engine import match_bundle
from tocsin.matching.plan import MatchPlan
from tocsin.model.activity import ActivityKind, TransactionStatus
from tocsin.model.ids import match_id, occurrence_id
from tocsin.model.interface import ValueType
from tocsin.model.match import Match
from tocsin.model.monitor import KeyedMonitor, StatusFilter

EVENT, CALL, TRANSACTION = ActivityKind.EVENT, ActivityKind.FUNCTION, ActivityKind.TRANSACTION


def matches(*transactions: HandMadeTransaction, monitors: list[KeyedMonitor]) -> list[Match]:
    plan = MatchPlan(
        compile_monitor(a_ref(number), keyed) for number, keyed in enumerate(monitors, start=1)
    )
    return list(match_bundle(a_block(*transactions), plan, NETWORK))


@pytest.mark.parametrize("vector", vectors("combination_logic"), ids=lambda row: row["id"])
def test_conditions_combine_as_in_the_original(vector: Vector) -> None:
    wanted, matched = vector["has_conditions"], vector["matched"]
    conditions = []
    if wanted["events"]:
        conditions.append(a_condition(EVENT, "e", None if matched["events"] else "v > 9"))
    if wanted["functions"]:
        conditions.append(a_condition(CALL, "f", None if matched["functions"] else "v > 9"))
    if wanted["transactions"]:
        status = StatusFilter.SUCCESS if matched["transactions"] else StatusFilter.FAILURE
        conditions.append(a_condition(TRANSACTION, status=status))
    transaction = HandMadeTransaction(activities=[a_call("f"), an_event("e")], addresses=["0xa"])
    for gated in (True, False):
        found = matches(transaction, monitors=[a_keyed_monitor(*conditions, gated=gated)])
        assert bool(found) is vector["match"]


def test_a_gated_monitor_without_conditions_matches_where_its_address_takes_part() -> None:
    near = HandMadeTransaction(index=0, addresses=["0xb", "0xa"])
    far = HandMadeTransaction(index=1, addresses=["0xb"])
    (found,) = matches(near, far, monitors=[a_keyed_monitor(addresses=("0xa",))])
    assert found.transaction.index == 0


def test_a_gated_monitor_without_addresses_matches_nothing() -> None:
    monitor = a_keyed_monitor(a_condition(TRANSACTION), addresses=())
    assert not matches(HandMadeTransaction(addresses=["0xa"]), monitors=[monitor])


def test_an_open_monitor_matches_every_transaction() -> None:
    monitor = a_keyed_monitor(a_condition(TRANSACTION), addresses=(), gated=False)
    transactions = [HandMadeTransaction(index=index) for index in range(3)]
    assert len(matches(*transactions, monitors=[monitor])) == 3


def test_a_monitor_of_two_addresses_of_one_transaction_matches_once() -> None:
    transaction = HandMadeTransaction(addresses=["0xa", "0xb"])
    assert len(matches(transaction, monitors=[a_keyed_monitor(addresses=("0xa", "0xb"))])) == 1


def test_a_monitor_with_event_conditions_that_found_no_contract_matches_nothing() -> None:
    monitor = a_keyed_monitor(a_condition(TRANSACTION), has={EVENT: True})
    assert not matches(HandMadeTransaction(addresses=["0xa"]), monitors=[monitor])


def test_one_event_is_reported_once_by_the_first_condition_that_holds() -> None:
    monitor = a_keyed_monitor(
        a_condition(EVENT, "e", "v > 3", ordinal=2),
        a_condition(EVENT, "e", "v > 5", ordinal=0),
        a_condition(EVENT, "e", "v > 2", ordinal=1),
    )
    transaction = HandMadeTransaction(activities=[an_event("e", 4), an_event("e", 6)])
    (found,) = matches(transaction, monitors=[monitor])
    assert [reason.expression for reason in found.reasons.events] == ["v > 2", "v > 5"]


def test_reasons_come_in_chain_order() -> None:
    monitor = a_keyed_monitor(
        a_condition(EVENT, "e1"), a_condition(EVENT, "e2", ordinal=1), a_condition(CALL, "f1")
    )
    activities = [a_call("f1"), an_event("e2"), an_event("e1"), an_event("e2")]
    (found,) = matches(HandMadeTransaction(activities=activities), monitors=[monitor])
    assert [reason.signature for reason in found.reasons.events] == ["e2()", "e1()", "e2()"]
    assert [reason.signature for reason in found.reasons.functions] == ["f1()"]


def test_a_condition_whose_layout_does_not_fit_leaves_the_next_its_turn() -> None:
    other = a_layout(("w", ValueType.TEXT))
    monitor = a_keyed_monitor(
        a_condition(EVENT, "e", ordinal=0, layout=other),
        a_condition(EVENT, "e", "v == 1", ordinal=1),
    )
    (found,) = matches(HandMadeTransaction(activities=[an_event("e")]), monitors=[monitor])
    assert found.reasons.events[0].expression == "v == 1"


def test_the_reported_status_is_the_transactions_own() -> None:
    failed = HandMadeTransaction(status=TransactionStatus.FAILURE, addresses=["0xa"])
    (found,) = matches(failed, monitors=[a_keyed_monitor(a_condition(TRANSACTION))])
    (reason,) = found.reasons.transactions
    assert (reason.status, reason.expression) == (TransactionStatus.FAILURE, None)


def test_an_unknown_status_fits_only_any() -> None:
    unknown = HandMadeTransaction(status=TransactionStatus.UNKNOWN, addresses=["0xa"])
    strict = [StatusFilter.SUCCESS, StatusFilter.FAILURE]
    monitors = [a_keyed_monitor(a_condition(TRANSACTION, status=status)) for status in strict]
    assert not matches(unknown, monitors=monitors)


def test_a_transaction_condition_holds_if_one_view_of_the_transaction_meets_it() -> None:
    monitor = a_keyed_monitor(a_condition(TRANSACTION, expression="value > 5 AND from == 0xb"))
    split = HandMadeTransaction(addresses=["0xa"], fields=[(9, "0xa"), (1, "0xb")])
    joined = HandMadeTransaction(addresses=["0xa"], fields=[(1, "0xa"), (9, "0xb")], index=1)
    (found,) = matches(split, joined, monitors=[monitor])
    assert found.transaction.index == 1


def test_ids_follow_from_the_place_and_the_monitor() -> None:
    transaction = HandMadeTransaction(addresses=["0xa"])
    (found,) = matches(transaction, monitors=[a_keyed_monitor()])
    monitor, place = a_ref().id, transaction.ref
    assert found.id == match_id(TENANT, monitor, NETWORK, place.block_hash, place.hash)
    assert found.occurrence_id == occurrence_id(TENANT, monitor, NETWORK, place.hash)


def test_a_new_version_of_a_monitor_takes_the_place_of_the_old() -> None:
    plan = MatchPlan([compile_monitor(a_ref(), a_keyed_monitor(a_condition(EVENT, "old")))])
    plan.add(compile_monitor(a_ref(), a_keyed_monitor(a_condition(EVENT, "new"))))
    activities = [an_event("old"), an_event("new")]
    (found,) = match_bundle(a_block(HandMadeTransaction(activities=activities)), plan, NETWORK)
    assert [reason.signature for reason in found.reasons.events] == ["new()"]
    assert plan.monitors == 1


def test_a_removed_monitor_matches_nothing() -> None:
    plan = MatchPlan()
    for number, keyed in enumerate(
        (
            a_keyed_monitor(a_condition(EVENT, "e")),
            a_keyed_monitor(a_condition(CALL, "f")),
            a_keyed_monitor(),
            a_keyed_monitor(gated=False),
        )
    ):
        plan.add(compile_monitor(a_ref(number), keyed))
        assert a_ref(number).id in plan
        plan.remove(a_ref(number).id)
        assert a_ref(number).id not in plan
    transaction = HandMadeTransaction(activities=[a_call("f"), an_event("e")], addresses=["0xa"])
    assert not list(match_bundle(a_block(transaction), plan, NETWORK))
    assert plan.monitors == 0


def test_removing_a_monitor_that_is_not_there_is_no_error() -> None:
    MatchPlan().remove(a_ref().id)
