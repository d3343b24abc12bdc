"""Expressions tried through the API, and what saving a monitor says of a wrong one."""

from typing import Any

import pytest

from tests.support.api import ERC20_TRANSFER, TRANSFER, RunningApi, a_monitor

ROUTE = "/expressions:validate"


def about(text: str, **changes: Any) -> dict[str, Any]:
    """Return what to ask of an expression on the transfer of a token."""
    body = {
        "network_type": "EVM",
        "event": {"signature": TRANSFER},
        "contract_spec": [ERC20_TRANSFER],
        "expression": text,
    } | changes
    return {key: value for key, value in body.items() if value is not ...}


async def test_a_sound_expression_comes_with_its_tree_its_parameters_and_its_cost(
    api: RunningApi,
) -> None:
    body = about("value > 1000 AND from != $to AND to == '0xab'")
    reply = await api.expect(200, "POST", ROUTE, key=api.operator, body=body)
    assert reply.json() == {
        "valid": True,
        "faults": [],
        "ast": [
            "AND",
            [">", {"var": "value"}, {"num": "1000"}],
            ["!=", {"var": "from"}, {"var": "to"}],
            ["==", {"var": "to"}, {"str": "0xab"}],
        ],
        "parameters": [
            {"name": "value", "kind": "uint256"},
            {"name": "from", "kind": "address"},
            {"name": "to", "kind": "address"},
        ],
        "cost": {"filed": 1, "evaluated": 0},
        "warnings": [],
    }


async def test_every_fault_has_its_place_and_what_to_write_instead(api: RunningApi) -> None:
    body = about("valeu > 1 AND value == 'abc' OR to > 0xab")
    reply = (await api.expect(200, "POST", ROUTE, key=api.operator, body=body)).json()
    assert (reply["valid"], reply["parameters"], reply["cost"]) == (False, [], None)
    assert [(each["code"], each["line"], each["column"]) for each in reply["faults"]] == [
        ("expression.type", 1, 1),
        ("expression.type", 1, 24),
        ("expression.type", 1, 38),
    ]
    unknown, wrong, impossible = reply["faults"]
    assert unknown["message"] == "there is no parameter valeu"
    assert unknown["suggestion"] == "did you mean value?"
    assert "not a whole number" in wrong["message"]
    assert "value > 5" in wrong["suggestion"]
    assert "> is not defined here" in impossible["message"]
    assert "== or !=" in impossible["suggestion"]


async def test_a_text_that_does_not_parse_has_no_tree(api: RunningApi) -> None:
    body = about("value = 1")
    reply = (await api.expect(200, "POST", ROUTE, key=api.operator, body=body)).json()
    (fault,) = reply["faults"]
    assert (reply["valid"], reply["ast"]) == (False, None)
    assert (fault["code"], fault["column"]) == ("expression.syntax", 7)
    assert fault["suggestion"] == "did you mean ==?"


SUBJECTS: dict[str, dict[str, Any]] = {
    "an event by its signature alone": {
        "event": {"signature": "Transfer(address from, address to, uint256 value)"},
        "expression": "value > 1",
    },
    "a function": {"function": {"signature": "f(uint8)"}, "expression": "0 > 1"},
    "a transaction": {"transaction": {}, "expression": "gas_used > 1"},
    "a transaction of a status": {
        "transaction": {"status": "Failure"},
        "expression": "gas_used > 1",
    },
    "a Stellar operation": {
        "network_type": "Stellar",
        "operation": {"type": "payment"},
        "expression": "amount > 1",
    },
    "a Stellar function": {
        "network_type": "Stellar",
        "function": {"signature": "transfer(Address,Address,I128)"},
        "expression": "2 > 1",
    },
    "a Stellar transaction": {
        "network_type": "Stellar",
        "transaction": {},
        "expression": "value > 1",
    },
}


@pytest.mark.parametrize("name", SUBJECTS)
async def test_an_expression_may_be_about_whatever_a_monitor_waits_for(
    api: RunningApi, name: str
) -> None:
    body = {"network_type": "EVM"} | SUBJECTS[name]
    reply = (await api.expect(200, "POST", ROUTE, key=api.operator, body=body)).json()
    assert reply["valid"], reply
    assert reply["cost"]["filed"] > 0


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no subject": ({"event": ...}, ""),
    "two subjects": ({"transaction": {}}, ""),
    "no expression": ({"expression": ...}, ""),
    "an expression that is no text": ({"expression": None}, "expression"),
    "another family": ({"network_type": "Solana"}, "network_type"),
    "a member that nobody knows": ({"expr": "value > 1"}, ""),
    "a condition's own expression": (
        {"event": {"signature": TRANSFER, "expression": "value > 1"}},
        "event",
    ),
    "a signature that the spec has not": (
        {"event": {"signature": "Transfers(address,address,uint256)"}},
        "event.signature",
    ),
    "a spec that is none": ({"contract_spec": [{"type": "event"}]}, "contract_spec[0]"),
    "a spec that is no list": ({"contract_spec": {}}, "contract_spec"),
    "a spec of too many": (
        {
            "event": {"signature": "E(bool)"},
            "contract_spec": [
                {"type": "event", "name": "E", "inputs": [{"name": f"v{n}", "type": "bool"}]}
                for n in range(10)
            ],
        },
        "contract_spec",
    ),
    "an address that is none": ({"address": "0x1"}, "address"),
    "operations on EVM": ({"event": ..., "operation": {"type": "payment"}}, "operation"),
    "an operation that nobody knows": (
        {"network_type": "Stellar", "event": ..., "contract_spec": ..., "operation": {"type": "x"}},
        "operation.type",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_the_expression_is_about_is_refused_at_its_place(
    api: RunningApi, name: str
) -> None:
    changes, field = WRONG[name]
    body = about("value > 1", **changes)
    refused = await api.expect(422, "POST", ROUTE, key=api.operator, body=body)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json().get("field", "").startswith(field)


async def test_any_key_of_an_active_tenant_may_ask_and_nobody_else(api: RunningApi) -> None:
    owner = await api.create_tenant("acme")
    made = await api.expect(
        201, "POST", "/tenants/acme/api-keys", key=owner, body={"name": "v", "role": "viewer"}
    )
    for key in (owner, made.json()["key"], api.operator):
        await api.expect(200, "POST", ROUTE, key=key, body=about("value > 1"))
    await api.expect(401, "POST", ROUTE, body=about("value > 1"))
    body = {"status": "suspended"}
    await api.expect(200, "PATCH", "/tenants/acme", key=api.operator, body=body)
    await api.expect(403, "POST", ROUTE, key=owner, body=about("value > 1"))


HOSTILE = [
    " AND ".join(["value > 1"] * 1024),
    " OR ".join(f"value == {number}" for number in range(1024)),
    " AND ".join(f"v{number} > 1" for number in range(1024)),
    "(" * 60_000,
    "value > " + "9" * 60_000,
    "from matches '(a*)*b'",
    " AND ".join(["value > 1"] * 60_000),
]


@pytest.mark.parametrize("expression", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_hostile_expression_has_an_answer_that_can_be_read(
    api: RunningApi, expression: str
) -> None:
    body = about(expression)
    reply = (await api.expect(200, "POST", ROUTE, key=api.operator, body=body)).json()
    assert reply["valid"] is (not reply["faults"])
    assert len(reply["faults"]) <= 10


async def test_the_example_of_the_document_is_sound(api: RunningApi) -> None:
    document = (await api.client.ask("GET", "/openapi.json")).json()
    route = document["paths"][f"/api/v1{ROUTE}"]["post"]
    body = route["requestBody"]["content"]["application/json"]["example"]
    reply = await api.expect(200, "POST", ROUTE, key=api.operator, body=body)
    assert reply.json()["valid"] is True


@pytest.mark.parametrize(
    ("expression", "code", "line", "column", "suggestion"),
    [
        ("value > 1 AND valeu == 2", "expression.type", 1, 15, "did you mean value?"),
        ("value > 'abc'", "expression.type", 1, 9, "with a whole number"),
        ("to contains 0xab", "expression.type", 1, 13, "compare it by == or !="),
        ("from == 'a\nb' AND valeu == 2", "expression.type", 2, 8, "did you mean value?"),
        ("value => 1", "expression.syntax", 1, 7, "did you mean"),
    ],
)
async def test_a_monitor_is_refused_with_line_column_and_a_suggestion(
    api: RunningApi, expression: str, code: str, line: int, column: int, suggestion: str
) -> None:
    owner = await api.create_tenant("acme")
    await api.configure("acme", owner)
    body = a_monitor(expression, name="Other")
    for path in ("/tenants/acme/monitors", "/tenants/acme/monitors:validate"):
        refused = (await api.expect(422, "POST", path, key=owner, body=body)).json()
        assert (refused["code"], refused["line"], refused["column"]) == (code, line, column)
        assert refused["field"] == "match_conditions.events[0].expression"
        assert suggestion in refused["suggestion"]
        assert refused["suggestion"] in refused["detail"]
