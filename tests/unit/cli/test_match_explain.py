"""What ``--explain`` says of a monitor and a transaction, in words."""

import json

from tests.support.evm_blocks import a_log
from tests.support.evm_matching import (
    CONTRACT,
    ERC20,
    ERC721,
    OTHER,
    SEND,
    SEND_ABI,
    TRANSFER,
    Json,
    Sent,
    a_monitor,
    event_of,
    input_of,
    item,
    mined,
    sent,
    topic,
    transfer,
)
from tests.support.openzeppelin import a_network_file
from tocsin.chains.evm.codec import topic_of
from tocsin.cli.offline import explain_offline
from tocsin.matching.explain import render_explanation


def explained(monitor: Json, transaction: Sent) -> list[str]:
    """Return the lines of an explanation without their indent, the hash left out."""
    block = mined(transaction)
    (wanted,) = [each["hash"] for each in block.block["transactions"]]
    found = explain_offline(
        ("network.json", json.dumps(a_network_file()).encode()),
        {"monitor.json": json.dumps(monitor).encode()},
        dict(zip(("block", "receipts"), block.parts(), strict=True)),
        transaction_hash=wanted,
    )
    lines = [line for each in found.found.items() for line in render_explanation(*each)]
    return [line.strip().replace(f" {wanted}", "") for line in lines]


def test_a_match_says_which_kinds_of_conditions_hold() -> None:
    monitor = a_monitor(ERC20, events=[TRANSFER], transactions=["Success"])
    assert explained(monitor, sent(transfer(1))) == [
        "Whales matches: event and transaction conditions hold",
        f"event {TRANSFER}: met",
        f"event at {CONTRACT}: met (the condition has no expression)",
        "transaction status Success: met",
        "fields of the transaction: met (the condition has no expression)",
    ]


def test_a_monitor_without_conditions_matches_by_its_address_alone() -> None:
    assert explained(a_monitor(), sent()) == [
        "Whales matches: it has no conditions, and a watched address takes part"
    ]


def test_an_address_that_takes_no_part_is_named_as_the_reason() -> None:
    (line, *_) = explained(a_monitor(transactions=["Any"]), sent(to=OTHER))
    assert line.startswith("Whales does not match: no watched address sends or receives it")


def test_a_status_that_does_not_fit_is_named() -> None:
    lines = explained(a_monitor(transactions=["Failure"]), sent())
    assert lines[-1] == (
        "transaction status Failure: not met (the transaction's status is Success)"
    )


def test_events_are_counted_over_all_layouts_of_a_condition() -> None:
    erc721 = a_log(address=CONTRACT, topics=[topic_of(TRANSFER), *map(topic, (1, 2, 7))], data="0x")
    lines = explained(a_monitor(ERC20, ERC721, events=[TRANSFER]), sent(transfer(1), erc721))
    assert [line.partition(":")[0] for line in lines[2:]] == [
        f"event 1 of 2 at {CONTRACT}",
        f"event 2 of 2 at {CONTRACT}",
    ]


def test_other_events_of_the_contract_are_counted() -> None:
    lines = explained(
        a_monitor(ERC20, events=[TRANSFER]), sent(event_of("Other()", address=CONTRACT))
    )
    assert lines[1].endswith("not met (the contract emits 1 here, none of them this one)")


def test_no_event_at_all_is_said() -> None:
    lines = explained(a_monitor(ERC20, events=[TRANSFER]), sent())
    assert lines[1].endswith("not met (no such event in this transaction)")


def test_a_call_of_another_function_is_told_from_none_at_all() -> None:
    monitor = a_monitor(SEND_ABI, functions=[SEND])
    other = explained(monitor, sent(input=input_of("other(uint256)", 1)))
    assert other[1].endswith("not met (the contract is called, but not this function)")
    none = explained(monitor, sent(to=OTHER))
    assert none[1].endswith("calls inside calls are not seen)")


def test_data_that_do_not_fit_are_named() -> None:
    lines = explained(a_monitor(ERC20, events=[TRANSFER]), sent(transfer(1) | {"data": "0x12"}))
    assert lines[2] == f"event at {CONTRACT}: not met (its data do not fit the declaration)"


def test_every_kind_of_clause_shows_the_values_it_looks_at() -> None:
    address = "0x" + "2".rjust(40, "0")
    clauses = {
        "amount * 2 + 1 > 5": "met (amount = 3)",
        f"recipient IN ({address}, {OTHER})": f"met (recipient = {address})",
        "amount == $amount": "met (amount = 3)",
        "NOT amount > 5": "met",
    }
    monitor = a_monitor(SEND_ABI, functions=[(SEND, " AND ".join(clauses))])
    lines = explained(monitor, sent(input=input_of(SEND, address, 3)))
    shown = [line.rpartition(": ")[2] for line in lines[4:]]
    assert shown == [*clauses.values(), "not met (amount = 3)"]


def test_what_cannot_be_compared_spoils_the_rest_and_says_so() -> None:
    abi = item("event", "L", "uint256[] l")
    monitor = a_monitor(abi, events=[("L(uint256[])", "l[5] == 1 OR l contains 3")])
    lines = explained(monitor, sent(event_of("L(uint256[])", [[1, 2, 3]])))
    assert [line.rpartition(": ")[2] for line in lines[3:]] == [
        "cannot be compared",
        "cannot be compared (l = [1,2,3])",
        "not looked at",
    ]


def test_a_long_or_unprintable_value_is_shortened() -> None:
    abi = item("event", "Said", "string text")
    monitor = a_monitor(abi, events=[("Said(string)", "text == 'x'")])
    lines = explained(monitor, sent(event_of("Said(string)", ["\n" + "a" * 200])))
    assert "(text = '\\na" in lines[-1]
    assert lines[-1].endswith("a…)")
    assert len(lines[-1]) < 150
