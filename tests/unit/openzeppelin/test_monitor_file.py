"""Monitor files: what becomes of them, and what is said of those that are refused."""

import json
from typing import Any

import pytest

from tests.support.openzeppelin import ABI, a_monitor_file
from tocsin.errors import InputError, PayloadTooLargeError
from tocsin.model.activity import ActivityKind
from tocsin.model.monitor import MonitorDraft, StatusFilter
from tocsin.openzeppelin.document import MAX_BYTES
from tocsin.openzeppelin.monitors import parse_monitor


def parse(document: object) -> MonitorDraft:
    return parse_monitor(json.dumps(document), source="whales.json").draft


def test_a_valid_file_becomes_a_draft() -> None:
    draft = parse(a_monitor_file())
    assert (draft.name, draft.networks, draft.paused) == ("Whales", ("ethereum_mainnet",), False)
    assert draft.triggers == ("ops",)
    (address,) = draft.addresses
    assert address.address == "0xA0b8"
    assert address.contract_spec is not None
    assert json.loads(bytes(address.contract_spec)) == ABI


def test_conditions_know_their_place_in_the_file() -> None:
    found = [
        (each.kind, each.signature, each.status, each.expression, each.field)
        for each in parse(a_monitor_file()).conditions
    ]
    anyhow = StatusFilter.ANY
    assert found == [
        (ActivityKind.FUNCTION, "f()", anyhow, None, "match_conditions.functions[0]"),
        (ActivityKind.EVENT, "E()", anyhow, "v > 1", "match_conditions.events[0]"),
        (
            ActivityKind.TRANSACTION,
            "",
            StatusFilter.SUCCESS,
            None,
            "match_conditions.transactions[0]",
        ),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"addresses": [{"address": "0x1"}]},
        {"addresses": [{"address": "0x1", "contract_spec": None}]},
        {"addresses": []},
        {"triggers": []},
        {"chain_configurations": None},
        {"chain_configurations": [{"evm": {"anything": 1}, "stellar": {}}]},
        {"match_conditions": {"functions": [], "events": [], "transactions": []}},
    ],
)
def test_what_the_original_leaves_open_may_be_absent(changes: dict[str, Any]) -> None:
    assert parse(a_monitor_file(**changes)).name == "Whales"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ...}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"paused": "false"}, "paused"),
        ({"paused": 0}, "paused"),
        ({"networks": []}, "networks"),
        ({"networks": "ethereum"}, "networks"),
        ({"networks": [1]}, "networks[0]"),
        ({"adresses": []}, "adresses"),
        ({"addresses": None}, "addresses"),
        ({"addresses": [{"contract_spec": []}]}, "addresses[0].address"),
        ({"addresses": [{"address": "a", "abi": []}]}, "addresses[0].abi"),
        ({"addresses": [{"address": "a", "contract_spec": {}}]}, "addresses[0].contract_spec"),
        ({"match_conditions": {"functions": [], "events": []}}, "match_conditions.transactions"),
        ({"trigger_conditions": [{"script_path": "x.py"}]}, "trigger_conditions[0]"),
        ({"chain_configurations": [{"midnight": {}}]}, "chain_configurations[0].midnight"),
        ({"triggers": [None]}, "triggers[0]"),
    ],
)
def test_an_error_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(a_monitor_file(**changes))
    assert caught.value.field == field
    assert "whales.json" in str(caught.value)


@pytest.mark.parametrize(
    ("transactions", "field"),
    [
        ([{"status": "success"}], "match_conditions.transactions[0].status"),
        ([{"status": None}], "match_conditions.transactions[0].status"),
        ([{"expression": "value > 1"}], "match_conditions.transactions[0].status"),
        ([{"status": "Any", "expression": 5}], "match_conditions.transactions[0].expression"),
        ([{"status": "Any", "signature": "f()"}], "match_conditions.transactions[0].signature"),
        ([[]], "match_conditions.transactions[0]"),
    ],
)
def test_an_error_in_a_condition_names_its_field(transactions: object, field: str) -> None:
    conditions = {"functions": [], "events": [], "transactions": transactions}
    with pytest.raises(InputError) as caught:
        parse(a_monitor_file(match_conditions=conditions))
    assert caught.value.field == field


def test_an_error_says_what_was_expected_and_what_was_found() -> None:
    with pytest.raises(InputError, match=r'paused: expected true or false, found "no"'):
        parse(a_monitor_file(paused="no"))


def test_an_unknown_key_is_refused_with_the_closest_known_one() -> None:
    with pytest.raises(InputError, match="did you mean triggers"):
        parse(a_monitor_file(trigers=[]))


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(InputError) as caught:
        parse(a_monitor_file(paused="x" * 10_000))
    assert len(str(caught.value)) < 200


def test_many_addresses_times_many_conditions_are_refused() -> None:
    conditions = {
        "functions": [{"signature": "f()"}] * 11,
        "events": [],
        "transactions": [],
    }
    with pytest.raises(InputError, match="split the monitor"):
        parse(a_monitor_file(addresses=[{"address": "a"}] * 1000, match_conditions=conditions))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '{"name": "a", "name": "b"}',
        '{"name": NaN}',
        '{"name": 1e999}',
        '{"name": "a",}',
        "\ufeff{}",
        '{"name": "\\ud800"}',
        '{"name": "\\u0000"}',
        f'{{"name": {"9" * 5000}}}',
        "[" * 200 + "]" * 200,
        "[" * 100_000,
    ],
)
def test_loose_json_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_monitor(text, source="whales.json")


@pytest.mark.parametrize("raw", [b"\xff", json.dumps(a_monitor_file()).encode("utf-16")])
def test_other_encodings_are_refused(raw: bytes) -> None:
    with pytest.raises(InputError, match="UTF-8"):
        parse_monitor(raw, source="whales.json")


def test_a_document_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(PayloadTooLargeError):
        parse_monitor(b" " * (MAX_BYTES + 1), source="whales.json")
