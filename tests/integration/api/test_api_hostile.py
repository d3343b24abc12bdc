"""Input that nobody sends by accident: always a problem document, never our failure."""

import json
from typing import Any

from tests.support.api import (
    SECRET_ENDPOINT,
    SECRET_HEADER,
    SECRET_PATH,
    SIGNING_SECRET,
    RunningApi,
    a_monitor,
    a_network,
    a_trigger,
)
from tocsin.api.app import PUBLIC_PATHS

ROUTES = (
    ("POST", "/tenants"),
    ("PATCH", "/tenants/acme"),
    ("POST", "/tenants/acme/api-keys"),
    ("POST", "/networks"),
    ("POST", "/tenants/acme/networks"),
    ("POST", "/tenants/acme/monitors"),
    ("POST", "/tenants/acme/monitors:validate"),
    ("PUT", "/tenants/acme/monitors/{monitor}"),
    ("PATCH", "/tenants/acme/monitors/{monitor}"),
    ("POST", "/tenants/acme/triggers"),
    ("PUT", "/tenants/acme/triggers/{trigger}"),
    ("POST", "/expressions:validate"),
)

GARBAGE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "a bare word": b"NaN",
    "bad UTF-8": b'{"slug": "\xff\xfe", "name": "x"}',
    "a NUL": b'{"slug": "a", "name": "a\\u0000b", "role": "owner", "status": "\\u0000"}',
    "half a surrogate pair": b'{"slug": "a", "name": "\\ud800", "role": "owner"}',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"name":' * 50_000,
    "a deep member": b'{"name": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a huge number": b'{"paused": ' + b"9" * 10_000 + b"}",
    "an array": b"[]",
    "a text": b'"text"',
    "null": b"null",
    "wrong types": b'{"slug": 1, "name": [], "status": {}, "role": 2.5, "paused": "yes"}',
    "a repeated key": b'{"slug": "a", "slug": "b"}',
    "an unknown key": b'{"slug": "a", "name": "x", "role": "owner", "paused": true, "other": 1}',
    "many keys": b'{%s"a":1}' % b"".join(b'"k%d":0,' % number for number in range(60_000)),
}

Found = list[tuple[str, str, str]]


async def _set_up(api: RunningApi) -> tuple[str, Found]:
    owner = await api.create_tenant("acme")
    trigger, monitor = await api.configure("acme", owner)
    routes = [
        (
            method,
            path.format(monitor=monitor, trigger=trigger),
            api.operator if path in ("/tenants", "/networks", "/tenants/acme") else owner,
        )
        for method, path in ROUTES
    ]
    return owner, routes


async def _send_to_all(api: RunningApi, routes: Found, **request: Any) -> set[int]:
    statuses = set()
    for method, path, key in routes:
        reply = await api.client.ask(method, f"/api/v1{path}", key=key, **request)
        assert 400 <= reply.status < 500, f"{method} {path}: {reply.status} {reply.body[:300]!r}"
        assert reply.headers["content-type"] == "application/problem+json"
        problem = reply.json()
        assert {"type", "title", "status", "code", "detail", "request_id"} <= set(problem)
        statuses.add(reply.status)
    return statuses


async def test_garbage_is_a_problem_of_its_sender(api: RunningApi) -> None:
    _, routes = await _set_up(api)
    answered = {name: await _send_to_all(api, routes, raw=raw) for name, raw in GARBAGE.items()}
    assert answered == {name: {422} for name in GARBAGE}


async def test_an_announced_long_body_is_not_read(api: RunningApi) -> None:
    raw = b'{"name": "' + b"x" * 10_000_000 + b'"}'
    _, routes = await _set_up(api)
    assert await _send_to_all(api, routes, raw=raw) == {413}


async def test_a_long_body_of_unannounced_length_is_not_read_to_its_end(api: RunningApi) -> None:
    _, routes = await _set_up(api)
    assert await _send_to_all(api, routes, raw=[b"x" * 65536] * 160) == {413}


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


_EVENT = {"signature": "Transfer(address,address,uint256)"}

MONITORS: dict[str, dict[str, Any]] = {
    "a name of spaces": {"name": "   "},
    "a name with a line break": {"name": "a\nb"},
    "a name that turns the text": {"name": "a\u202eb"},
    "a name of two lines": {"name": "a\u2028b"},
    "a long name": {"name": "x" * 201},
    "no network": {"networks": []},
    "an unknown network": {"networks": ["nowhere"]},
    "a network that breaks SQL": {"networks": ["'; DROP TABLE tenants; --"]},
    "an unknown trigger": {"triggers": ["nobody"]},
    "an address of no chain": {"addresses": [{"address": "0x12"}]},
    "no spec": {"addresses": [{"address": "0x" + "1" * 40}]},
    "a deep spec": {"addresses": [{"address": "0x" + "1" * 40, "contract_spec": _deep(100)}]},
    "a spec of numbers": {"addresses": [{"address": "0x" + "1" * 40, "contract_spec": [1]}]},
    "paused by text": {"paused": "false"},
    "a script": {"trigger_conditions": [{"script_path": "/etc/passwd"}]},
}


async def test_a_wrong_monitor_is_refused_with_its_field(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    fields = {}
    for name, change in MONITORS.items():
        body = a_monitor(**{"name": "Other", **change})
        for path in ("/tenants/acme/monitors", "/tenants/acme/monitors:validate"):
            refused = await api.expect(422, "POST", path, key=owner, body=body)
            fields[name] = refused.json().get("field")
    assert [name for name, field in fields.items() if not field] == []


EXPRESSIONS = {
    "value >": "expression.syntax",
    "value > 'abc'": "expression.type",
    "nobody > 1": "expression.type",
    "(" * 2000 + "value > 1": "expression.syntax",
    "value > " + "9" * 3000: "expression.type",
    "value > 1\x00": "input.invalid",
}


async def test_a_monitor_that_cannot_compile_is_refused(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    codes = {}
    for expression in EXPRESSIONS:
        body = a_monitor(expression, name="Other")
        refused = await api.expect(422, "POST", "/tenants/acme/monitors", key=owner, body=body)
        codes[expression] = refused.json()["code"]
    assert codes == EXPRESSIONS


async def test_a_bad_expression_is_named_with_its_field_and_column(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    body = a_monitor("value > 1 AND nobody == 2", name="Other")
    refused = await api.expect(422, "POST", "/tenants/acme/monitors", key=owner, body=body)
    problem = refused.json()
    assert problem["field"] == "match_conditions.events[0].expression"
    assert problem["column"] == 15


NETWORKS: dict[str, dict[str, Any]] = {
    "a slug of another alphabet": {"slug": "bitcoin₿"},
    "a slug that starts with a line": {"slug": "_x"},
    "a long slug": {"slug": "x" * 64},
    "a start below zero": {"start_number": -1},
    "a start beyond the database": {"start_number": 2**63},
    "a start of text": {"start_number": "1"},
    "confirmations of no number": {"confirmation_blocks": False},
    "confirmations by a point": {"confirmation_blocks": 0.0},
    "no endpoint": {"rpc_urls": []},
    "a secret of the environment": {
        "rpc_urls": [{"type_": "rpc", "url": {"type": "environment", "value": "PATH"}, "weight": 1}]
    },
    "a slow chain": {"block_time_ms": 2**63},
}


async def test_a_wrong_network_is_refused(api: RunningApi) -> None:
    for change in NETWORKS.values():
        body = a_network(slug="other") | change
        await api.expect(422, "POST", "/networks", key=api.operator, body=body)


TRIGGERS: dict[str, dict[str, Any]] = {
    "no slug": {"slug": None},
    "a slug of spaces": {"slug": "a b"},
    "another channel": {"trigger_type": "slack"},
    "our own network": {"config": {"url": {"type": "plain", "value": "http://10.0.0.1/"}}},
    "a header of ours": {
        "config": {
            "url": {"type": "plain", "value": "https://hooks.example.org/"},
            "headers": {"Webhook-Signature": "v1,x"},
        }
    },
    "a header of the body's": {
        "config": {
            "url": {"type": "plain", "value": "https://hooks.example.org/"},
            "headers": {"Content-Type": "text/plain"},
        }
    },
    "a header with a line break": {
        "config": {
            "url": {"type": "plain", "value": "https://hooks.example.org/"},
            "headers": {"x-a": "a\r\nx-b: c"},
        }
    },
    "a short secret": {
        "config": {
            "url": {"type": "plain", "value": "https://hooks.example.org/"},
            "secret": {"type": "plain", "value": "canary-short-secret"},
        }
    },
}


async def test_a_wrong_trigger_is_refused_without_its_secrets(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    for change in TRIGGERS.values():
        body = a_trigger(slug="other") | change
        refused = await api.expect(422, "POST", "/tenants/acme/triggers", key=owner, body=body)
        assert b"canary" not in refused.body


NO_IDS = (
    ("GET", "/tenants/%00"),
    ("GET", "/tenants/\x00"),
    ("GET", "/tenants/acme/monitors/\x00"),
    ("GET", "/tenants/acme/monitors/not-an-id"),
    ("GET", "/tenants/acme/triggers/'--"),
    ("GET", "/tenants/acme/matches/0"),
    ("GET", "/tenants/acme/deliveries/" + "9" * 5000),
    ("GET", "/networks/\x00"),
    ("GET", "/networks/" + "x" * 5000),
    ("DELETE", "/tenants/acme/api-keys/\x00"),
    ("DELETE", "/tenants/acme/networks/\x00"),
    ("DELETE", "/tenants/acme/monitors/\ud7ff"),
)


async def test_what_is_no_id_is_not_found(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    for method, path in NO_IDS:
        await api.expect(404, method, path, key=owner)


WRONG_PAGES = (
    "limit=0",
    "limit=201",
    "limit=many",
    "limit=" + "9" * 5000,
    "cursor=x",
    "cursor=%00",
    "cursor=MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSBh",
    "cursor=MjAyNi0wMS0wMVQwMDowMDowMCswMDowMCA5",
    "cursor=" + "x" * 5000,
)


async def test_a_wrong_page_is_refused(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    for query in WRONG_PAGES:
        for path in ("monitors", "matches", "deliveries", "triggers", "networks"):
            await api.expect(422, "GET", f"/tenants/acme/{path}?{query}", key=owner)


async def test_a_wrong_filter_is_refused(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    for query in ("monitor=x", "network=%00", "network=A'--", "status=lost"):
        await api.expect(422, "GET", f"/tenants/acme/matches?{query}", key=owner)


async def test_a_query_that_no_route_knows_is_refused(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    for target in ("matches?monitor_id=x", "matches?status=active&status=active", "networks?x"):
        await api.expect(422, "GET", f"/tenants/acme/{target}", key=owner)
    refused = await api.expect(422, "GET", "/tenants/acme/matches?monitr=x", key=owner)
    assert "did you mean monitor?" in refused.json()["detail"]


async def test_a_role_given_twice_is_none(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    raw = b'{"name": "x", "role": "viewer", "role": "owner"}'
    await api.expect(422, "POST", "/tenants/acme/api-keys", key=owner, raw=raw)
    raw = b'{"slug": "a", "name": "x", "slug": "b"}'
    await api.expect(422, "POST", "/tenants", key=api.operator, raw=raw)


async def test_a_cursor_of_another_list_is_refused(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    for number in range(2):
        body = a_monitor(name=f"Monitor {number}")
        await api.expect(201, "POST", "/tenants/acme/monitors", key=owner, body=body)
    page = await api.expect(200, "GET", "/tenants/acme/monitors?limit=1", key=owner)
    cursor = page.json()["next_cursor"]
    for path in ("triggers", "deliveries", "networks", "api-keys"):
        refused = await api.expect(422, "GET", f"/tenants/acme/{path}?cursor={cursor}", key=owner)
        assert refused.json()["field"] == "cursor"


async def test_a_key_in_the_url_is_refused(api: RunningApi) -> None:
    for query in (f"api_key={api.operator}", f"x={api.operator}", "Token=x"):
        refused = await api.expect(400, "GET", f"/tenants?{query}", key=api.operator)
        assert api.operator.encode() not in refused.body


async def test_either_header_carries_the_key_and_not_both(api: RunningApi) -> None:
    header = {"x-api-key": api.operator}
    await api.expect(200, "GET", "/tenants", headers=header)
    await api.expect(401, "GET", "/tenants", headers=header, key=api.operator)


async def test_no_route_answers_without_a_key_but_the_public_ones(api: RunningApi) -> None:
    document = (await api.client.ask("GET", "/openapi.json")).json()
    answered = {
        path
        for path, methods in document["paths"].items()
        for method in methods
        if (await api.client.ask(method.upper(), path)).status != 401
    }
    assert answered == PUBLIC_PATHS & set(document["paths"])


async def test_a_key_changed_in_any_part_is_no_key(api: RunningApi) -> None:
    for place in (5, 40, -1):  # in the id, the secret, the checksum
        letters = list(api.operator)
        letters[place] = "0" if letters[place] != "0" else "1"
        refused = await api.expect(401, "GET", "/tenants", key="".join(letters))
        assert refused.json()["code"] == "access.not_authenticated"


async def test_no_answer_holds_a_secret_that_was_sent(api: RunningApi) -> None:
    owner, _ = await _set_up(api)
    trigger = (await api.expect(200, "GET", "/tenants/acme/triggers", key=owner)).json()
    identity = trigger["items"][0]["id"]
    for path in ("", "/api-keys", "/networks", "/triggers", f"/triggers/{identity}", "/monitors"):
        await api.expect(200, "GET", f"/tenants/acme{path}", key=owner)
    broken = a_trigger(slug="other", name="")
    await api.expect(422, "POST", "/tenants/acme/triggers", key=owner, body=broken)
    broken = a_network(slug="BAD")
    await api.expect(422, "POST", "/tenants/acme/networks", key=owner, body=broken)
    secrets = [SECRET_ENDPOINT, SECRET_PATH, SECRET_HEADER, SIGNING_SECRET]
    answers = b"".join(reply.body for reply in api.client.replies)
    assert [secret for secret in secrets if secret.encode() in answers] == []


async def test_every_answer_says_that_nobody_may_keep_it(api: RunningApi) -> None:
    await api.client.ask("GET", "/nowhere")
    await api.client.ask("GET", "/api/v1/tenants", key="tsn_x")
    await api.client.ask("POST", "/api/v1/tenants", key=api.operator, raw=b"x" * 2_000_000)
    await api.client.ask("GET", "/api/v1/tenants", key=api.operator)
    assert {reply.headers["cache-control"] for reply in api.client.replies} == {"no-store"}
    assert all(reply.headers["x-request-id"] for reply in api.client.replies)


async def test_a_request_id_is_the_callers_where_it_is_harmless(api: RunningApi) -> None:
    ids = {"request-1234": True, "x": False, "a\tb234567": False}
    for given, kept in ids.items():
        reply = await api.client.ask("GET", "/livez", headers={"x-request-id": given})
        assert (reply.headers["x-request-id"] == given) is kept


async def test_json_that_is_a_network_in_every_other_way_is_stored_exactly(
    api: RunningApi,
) -> None:
    body = json.dumps(a_network(slug="other", chain_id=2**64 - 1)).encode()
    made = await api.expect(201, "POST", "/networks", key=api.operator, raw=body)
    assert made.json()["chain_identity"] == str(2**64 - 1)
