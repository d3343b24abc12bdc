"""What an EVM monitor finds, rule by rule of OpenZeppelin Monitor's filters."""

from typing import Any

import pytest

from tests.support.evm_blocks import a_log, word
from tests.support.evm_matching import (
    CONTRACT,
    ERC20,
    ERC721,
    OTHER,
    SEND,
    SEND_ABI,
    TRANSFER,
    Sent,
    a_monitor,
    event_of,
    found,
    input_of,
    item,
    places,
    sent,
    shown,
    topic,
    transfer,
)
from tocsin.chains.evm.codec import selector_of, topic_of

ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20


def signatures(line: dict[str, Any], kind: str) -> list[str]:
    return [each["signature"] for each in line["matched_on"][kind]]


def test_an_indexed_value_of_dynamic_type_shows_the_hash_of_its_topic_under_its_own_kind() -> None:
    inputs = ["string indexed s", "bytes indexed b", "uint256[] indexed list", "uint256 plain"]
    log = event_of("Complex(string,bytes,uint256[],uint256)", [100], [topic(5), topic(6), topic(7)])
    monitor = a_monitor(
        item("event", "Complex", *inputs), events=["Complex(string,bytes,uint256[],uint256)"]
    )
    (line,) = found(monitor, sent(log))
    (entry,) = line["matched_on_args"]["events"]
    assert [(each["kind"], each["value"], each["indexed"]) for each in entry["args"]] == [
        ("string", topic(5), True),
        ("bytes", topic(6), True),
        ("uint256[]", topic(7), True),
        ("uint256", "100", False),
    ]


def test_an_indexed_tuple_leaves_a_hash_too() -> None:
    pair = {"type": "tuple", "name": "pair", "indexed": True}
    pair["components"] = [{"type": "uint256", "name": "a"}, {"type": "address", "name": "b"}]
    log = event_of("Paired((uint256,address),bool)", [True], [topic(9)])
    monitor = a_monitor(
        item("event", "Paired", pair, "bool ok"),
        events=[("Paired((uint256,address),bool)", f"pair == {topic(9)} AND ok == true")],
    )
    (line,) = found(monitor, sent(log))
    assert shown(line, "events") == [{"pair": topic(9), "ok": "true"}]


def test_both_events_of_one_topic_are_found_each_with_its_own_parameters() -> None:
    erc721 = a_log(address=CONTRACT, topics=[topic_of(TRANSFER), *map(topic, (1, 2, 7))], data="0x")
    monitor = a_monitor(ERC20, ERC721, events=[TRANSFER])
    lines = found(monitor, sent(transfer(100)), sent(erc721))
    assert [sorted(shown(line, "events")[0]) for line in lines] == [
        ["from", "to", "value"],
        ["from", "id", "to"],
    ]


def test_a_condition_on_the_parameter_of_one_of_two_such_events_is_for_that_one_alone() -> None:
    erc721 = a_log(address=CONTRACT, topics=[topic_of(TRANSFER), *map(topic, (1, 2, 7))], data="0x")
    monitor = a_monitor(ERC20, events=[(TRANSFER, "value == 7")])
    assert places(monitor, sent(erc721), sent(transfer(7))) == [1]


def test_each_log_is_reported_in_the_order_of_the_chain() -> None:
    monitor = a_monitor(ERC20, events=[(TRANSFER, "value > 1")])
    (line,) = found(monitor, sent(transfer(3), transfer(1), transfer(2), transfer(3)))
    assert [each["value"] for each in shown(line, "events")] == ["3", "2", "3"]
    assert len(line["matched_on"]["events"]) == 3


def test_the_first_condition_that_holds_is_reported_for_a_log() -> None:
    monitor = a_monitor(ERC20, events=[(TRANSFER, "value > 5"), TRANSFER, (TRANSFER, "value > 0")])
    (line,) = found(monitor, sent(transfer(9), transfer(1)))
    assert [each["expression"] for each in line["matched_on"]["events"]] == ["value > 5", None]


@pytest.mark.parametrize(
    "changes",
    [
        {"topics": [topic_of(TRANSFER)]},
        {"topics": [topic_of(TRANSFER), topic(1)]},
        {"topics": [topic_of("Other()"), topic(1), topic(2)]},
        {"topics": []},
        {"data": "0x12"},
        {"data": "0x"},
        {"address": OTHER},
    ],
)
def test_a_log_that_is_not_of_the_event_is_none(changes: dict[str, Any]) -> None:
    log = transfer(100) | changes
    assert places(a_monitor(ERC20, events=[TRANSFER]), sent(log)) == []


def test_bytes_behind_the_data_of_a_log_are_tolerated() -> None:
    log = transfer(100)
    log["data"] += "ff" * 32
    (line,) = found(a_monitor(ERC20, events=[(TRANSFER, "value == 100")]), sent(log))
    assert shown(line, "events")[0]["value"] == "100"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("address", "ff" * 12 + "a1" * 20),
        ("uint8", word(1 << 8)),
        ("int16", word(1 << 15)),
        ("bool", word(2)),
        ("bytes4", word(1)),
    ],
)
def test_a_log_with_dirty_bits_is_malformed_and_matches_nothing(kind: str, data: str) -> None:
    signature = f"Set({kind},uint256)"
    topics = [topic_of(signature)]
    monitor = a_monitor(item("event", "Set", f"{kind} x", "uint256 y"), events=[signature])
    log = a_log(address=CONTRACT, topics=topics, data="0x" + data + word(1))
    assert places(monitor, sent(log)) == []
    indexed = a_monitor(item("event", "Set", f"{kind} indexed x", "uint256 y"), events=[signature])
    log = a_log(address=CONTRACT, topics=[*topics, "0x" + data], data="0x" + word(1))
    assert places(indexed, sent(log)) == []


@pytest.mark.parametrize(
    "data",
    [
        word(32) + word(3) + "616263" + "ff" * 29,
        word(32) + word(2) + "fffe" + "00" * 30,
        word(0),
        word(32) + word(1 << 255) + word(0),
    ],
)
def test_text_that_is_no_text_makes_a_log_malformed(data: str) -> None:
    log = a_log(address=CONTRACT, topics=[topic_of("Said(string)")], data="0x" + data)
    abi = item("event", "Said", "string text")
    assert places(a_monitor(abi, events=["Said(string)"]), sent(log)) == []


def test_a_parameter_without_a_name_has_the_empty_name() -> None:
    abi = item("event", "Bare", "uint256")
    (line,) = found(a_monitor(abi, events=["Bare(uint256)"]), sent(event_of("Bare(uint256)", [4])))
    assert shown(line, "events") == [{"": "4"}]


def test_a_log_of_another_contract_counts_for_nobody() -> None:
    monitor = a_monitor(ERC20, events=[TRANSFER])
    assert places(monitor, sent(transfer(1, address=OTHER), to=CONTRACT)) == []


@pytest.mark.parametrize(
    "text", ["TRANSFER( address , address,uint256 )", " transfer(address,address,uint256)\n"]
)
def test_case_and_blanks_of_a_signature_do_not_count_and_the_canonical_one_is_shown(
    text: str,
) -> None:
    (line,) = found(a_monitor(ERC20, events=[text]), sent(transfer(1)))
    assert signatures(line, "events") == [TRANSFER]
    assert line["matched_on_args"]["events"][0]["signature"] == TRANSFER
    assert line["matched_on_args"]["events"][0]["hex_signature"] == topic_of(TRANSFER)


def call(value: int = 1_000, **members: Any) -> Sent:
    return sent(input=input_of(SEND, ALICE, value), **members)


@pytest.mark.parametrize(
    ("expression", "count"), [(None, 1), ("amount > 500", 1), ("amount > 1000", 0)]
)
def test_a_call_is_found_by_its_selector_and_arguments(expression: str | None, count: int) -> None:
    lines = found(a_monitor(SEND_ABI, functions=[(SEND, expression)]), call())
    assert len(lines) == count
    for line in lines:
        assert shown(line, "functions") == [{"recipient": ALICE, "amount": "1000"}]
        assert line["matched_on_args"]["functions"][0]["hex_signature"] == "0xa9059cbb"
        assert line["matched_on_args"]["events"] is None


@pytest.mark.parametrize(
    "members",
    [
        {"to": OTHER},
        {"to": None},
        {"input": "0x"},
        {"input": "0xa9059c"},
        {"input": "0xa9059cbb"},
        {"input": "0xa9059cbb" + word(1)},
        {"input": "0xdeadbeef" + word(1) + word(2)},
    ],
)
def test_a_transaction_that_is_no_such_call_is_none(members: dict[str, Any]) -> None:
    assert places(a_monitor(SEND_ABI, functions=[SEND]), sent(**members)) == []


def test_a_function_without_arguments_needs_no_more_than_its_selector() -> None:
    monitor = a_monitor(item("function", "pause"), functions=["pause()"])
    bare = selector_of("pause()")
    assert places(monitor, sent(input=bare), sent(input=bare + "ff" * 5)) == [0, 1]


def test_overloads_are_told_apart_by_their_selectors() -> None:
    abi = [
        item("function", "mint", "address to"),
        item("function", "mint", "address to", "uint256 id"),
    ]
    monitor = a_monitor(*abi, functions=["mint(address,uint256)"])
    first, second = input_of("mint(address)", ALICE), input_of("mint(address,uint256)", ALICE, 7)
    assert places(monitor, sent(input=first), sent(input=second)) == [1]


def test_the_first_condition_that_holds_is_reported_for_a_call() -> None:
    monitor = a_monitor(SEND_ABI, functions=[(SEND, "amount > 5000"), (SEND, "amount > 5"), SEND])
    (line,) = found(monitor, call())
    assert [each["expression"] for each in line["matched_on"]["functions"]] == ["amount > 5"]


def test_functions_of_one_selector_are_both_tried() -> None:
    # the two best known ones that share 0x42966c68
    abi = [
        item("function", "burn", "uint256 amount"),
        item("function", "collate_propagate_storage", "bytes16 x"),
    ]
    monitor = a_monitor(*abi, functions=["collate_propagate_storage(bytes16)"])
    (line,) = found(monitor, sent(input=input_of("burn(uint256)", 7)))
    assert signatures(line, "functions") == ["collate_propagate_storage(bytes16)"]


WORDS = {
    "an address with dirty bits": ("f(address)", "ff" * 12 + "a1" * 20, ALICE),
    "a small integer with dirty bits": ("f(uint8)", "ff" * 31 + "07", "7"),
    "a negative integer with dirty bits": ("f(int16)", "01" * 30 + "fffe", "-2"),
    "a flag that is more than one": ("f(bool)", word(2), "true"),
    "a flag with a high bit": ("f(bool)", "80" + "00" * 31, "true"),
    "bytes with a tail": ("f(bytes4)", "deadbeef" + "ff" * 28, "0xdeadbeef" + "00" * 28),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_call_with_dirty_bits_is_read_as_contracts_read_it(name: str) -> None:
    signature, data, text = WORDS[name]
    kind = signature[2:-1]
    abi = item("function", "f", f"{kind} x")
    literal = text if kind not in ("bytes4",) else "0xdeadbeef"
    monitor = a_monitor(abi, functions=[(signature, f"x == {literal}")])
    assert [
        shown(line, "functions")
        for line in found(monitor, sent(input=selector_of(signature) + data))
    ] == [[{"x": text}]]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (word(32) + word(3) + "616263" + "ff" * 29, "abc"),
        (word(32) + word(3) + "61ff62" + "00" * 29, "a\N{REPLACEMENT CHARACTER}b"),
        (word(0), ""),
    ],
)
def test_text_in_a_call_is_read_as_contracts_read_it(data: str, text: str) -> None:
    monitor = a_monitor(item("function", "f", "string x"), functions=["f(string)"])
    (line,) = found(monitor, sent(input=selector_of("f(string)") + data))
    assert shown(line, "functions") == [{"x": text}]


def test_a_call_cut_short_matches_nothing() -> None:
    monitor = a_monitor(item("function", "f", "string x"), functions=["f(string)"])
    data = word(32) + word(40) + "61" * 32
    assert places(monitor, sent(input=selector_of("f(string)") + data)) == []
