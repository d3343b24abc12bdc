"""Recorded cases of OpenZeppelin Monitor's Stellar filter, replayed through the offline path."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from stellar_sdk import Asset, BumpSequence, Payment, scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import (
    TOKEN,
    Json,
    RawLedger,
    a_call,
    a_payment,
    a_transaction,
    account,
    an_envelope,
    an_event,
    contract,
)
from tests.support.stellar_matching import (
    a_function,
    a_json_value,
    a_value,
    an_event_spec,
    found,
)
from tests.support.stellar_operations import a_fee_bump
from tocsin.chains.stellar.codec.scval import decode_value
from tocsin.chains.stellar.kinds import normalized
from tocsin.errors import InputError

VECTORS: Mapping[str, Any] = json.loads(
    (Path(__file__).parent / "vectors" / "stellar.json").read_text(encoding="utf-8")
)
PAGE = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")

# The original plainly fails to match, or loses what it matched with: `docs/compatibility.md`.
MATCHED = frozenset({"M-077", "M-085", "M-088", "M-089", "M-090", "M-091", "M-092", "R-047"})
REPORTED_ONCE = frozenset({"M-105", "M-107"})
# No monitor can wait for data of another shape than the spec gives them.
REFUSED = frozenset({"M-115", "M-118"})
# What is said of a filter's inner result that no document shows; a text that is no address.
INSIDE = frozenset({"M-071", "M-099"})

TOPIC = scval.to_symbol("e")


def _named(*names: str) -> pytest.MarkDecorator:
    rows = [row for row in VECTORS["matching"] if row["id"] in names]
    assert len(rows) == len(names)
    return pytest.mark.parametrize("vector", rows, ids=[row["id"] for row in rows])


def as_fee_bump(inner: stellar_xdr.TransactionEnvelope) -> stellar_xdr.TransactionEnvelope:
    envelope = a_fee_bump()
    assert envelope.fee_bump is not None
    envelope.fee_bump.tx.inner_tx.v1 = inner.v1
    return envelope


def an_envelope_of(given: Json) -> stellar_xdr.TransactionEnvelope:
    """Return the envelope of operations, amounts in stroops."""
    operations = [
        Payment(account(2), Asset.native(), f"{each['payment']['amount'] / 10**7:.7f}")
        if "payment" in each
        else BumpSequence(1)
        for each in given.get("ops") or given.get("inner_ops") or [{"payment": {"amount": 1}}]
    ]
    inner = an_envelope(*operations)
    return as_fee_bump(inner) if given.get("envelope") == "fee bump" else inner


@_named("M-065", "M-067", "M-068", "M-069", "M-073", "M-075", "M-077", "M-079")
def test_transactions_match_as_in_the_original(vector: Json) -> None:
    given, expected = vector["given"], vector["expect"]
    if "status" in expected:
        given["transactions"] = [{"status": expected["status"]}]
    transaction = a_transaction(an_envelope_of(given), status=given.get("status", "SUCCESS"))
    lines = found(RawLedger([transaction]), transactions=given["transactions"])
    reported = [each for line in lines for each in line["matched_on"]["transactions"]]
    wanted = expected.get("matched_on.transactions", 1)
    if vector["id"] in MATCHED:
        assert len(reported) == 1
    elif isinstance(wanted, int):
        assert len(reported) == wanted
    else:
        assert reported == wanted


def spec_of(functions: list[Json]) -> list[Json]:
    return [
        a_function(each["name"], *[(name, kind.lower()) for name, kind in each["inputs"]])
        for each in functions
    ]


@_named("M-080", "M-081", "M-083", "M-085", "M-087")
def test_functions_match_as_in_the_original(vector: Json) -> None:
    given, expected, call = vector["given"], vector["expect"], vector["given"]["call"]
    address = call.get("contract", TOKEN)
    envelope = a_call(call["function"], *map(a_value, call["args"]), to=address)
    if given.get("envelope") == "fee bump":
        envelope = as_fee_bump(envelope)
    conditions = given.get("functions") or [{"signature": expected["signature"]}]
    spec = spec_of(given["spec_functions"]) if "spec_functions" in given else None
    known = {normalized(f"{each['name']}({','.join(kind for _, kind in each['inputs'])})")
             for each in given.get("spec_functions", ())}  # fmt: skip
    if spec is not None:
        # one that the spec does not have is refused when saved
        conditions = [each for each in conditions if normalized(each["signature"]) in known]
    lines = found(RawLedger([a_transaction(envelope)]), spec, address, functions=conditions)
    reported = [each for line in lines for each in line["matched_on"]["functions"]]
    if vector["id"] in MATCHED:
        assert len(reported) == 1
        return
    wanted = expected.get("matched_on.functions", 1)
    assert (len(reported) if isinstance(wanted, int) else reported) == wanted
    if "signature" in expected:
        assert reported[0]["signature"] == expected["signature"]


REQUEST: Json = {
    "udt_struct_v0": {
        "doc": "",
        "lib": "",
        "name": "Request",
        "fields": [
            {"doc": "", "name": "amount", "type_": "i128"},
            {"doc": "", "name": "note", "type_": "string"},
        ],
    }
}


@_named("M-086")
@pytest.mark.parametrize("which", ["signature_with_spec", "signature_without_spec"])
def test_a_call_has_the_signature_of_the_original(vector: Json, which: str) -> None:
    request = {"map": {"amount": {"i128": "1"}, "note": {"string": "x"}}}
    arguments: list[Json] = [{"address": account(1)}, {"vec": [request]}]
    user_type = {"vec": {"element_type": {"udt": {"name": "Request"}}}}
    spec = [REQUEST, a_function("process_request", ("a", "address"), ("r", user_type))]
    signature = vector["expect"][which]
    (line,) = found(
        RawLedger(
            [a_transaction(a_call("process_request", *[a_value(each) for each in arguments]))]
        ),
        spec if which == "signature_with_spec" else None,
        functions=[{"signature": signature}],
    )
    assert line["matched_on"]["functions"] == [{"signature": signature, "expression": None}]


UNMATCHABLE: Mapping[str, tuple[object, Json]] = {
    "Void (option)": ({"option": {"value_type": "u32"}}, {"u32": 1}),
    "Request (struct)": ({"udt": {"name": "Request"}}, {"map": {"amount": {"u32": 1}}}),
    "Bytes": ("bytes", {"bytes": "0102030405"}),
    "Tuple<U32,U32>": ({"tuple": {"value_types": ["u32", "u32"]}}, {"vec": [{"u32": 1}] * 2}),
    "Void (muxed_address)": ("muxed_address", {"address": account(1)}),
}


@_named("M-088", "M-089", "M-090", "M-091", "M-092")
def test_what_the_original_cannot_match_is_matched(vector: Json) -> None:
    declared, value = UNMATCHABLE[vector["given"]["spec_type"]]
    spec = [REQUEST, a_function("f", ("a", declared))]
    ledger = RawLedger([a_transaction(a_call("f", a_value(value)))])
    shown = decode_value(a_value(value).to_xdr_bytes()).kind
    assert shown == vector["given"]["runtime_type"]
    printed = vector["given"]["spec_type"].partition(" ")[0]
    for kind in (printed, shown):
        assert len(found(ledger, spec, functions=[{"signature": f"f({kind})"}])) == 1
    assert vector["expect"] == {"function_matches": False}


@_named("M-095", "M-096", "M-097", "M-098", "M-100", "M-101", "M-102", "M-103")
def test_an_argument_is_shown_as_in_the_original(vector: Json) -> None:
    value = a_json_value(vector["given"]["json"])
    kind = decode_value(value.to_xdr_bytes()).kind
    ledger = RawLedger([a_transaction(a_call("f", value))])
    (line,) = found(ledger, functions=[{"signature": f"f({kind})"}])
    (entry,) = line["matched_on_args"]["functions"]
    (shown,) = entry["args"]
    assert shown == shown | vector["expect"]


@_named("M-104", "M-105", "M-107")
def test_events_match_as_in_the_original(vector: Json) -> None:
    given, expected = vector["given"], vector["expect"]
    (argument,) = given["event"]["args"]
    name = given["event"]["signature"].partition("(")[0]
    # the original's test has a signature that no event with this argument shows
    conditions = [each | {"signature": f"{name}({argument['kind']})"} for each in given["events"]]
    transaction = a_transaction()
    data = a_value({argument["kind"]: int(argument["value"])})
    ledger = RawLedger([transaction], [an_event(transaction, [scval.to_symbol(name)], data)])
    (line,) = found(ledger, events=conditions)
    counts = [len(line[part]["events"]) for part in ("matched_on", "matched_on_args")]
    if vector["id"] in REPORTED_ONCE:
        assert counts == [1, 1]
    else:
        assert counts == [expected["matched_on.events"], expected["matched_on_args.events"]]


@_named("M-106")
def test_an_event_belongs_to_its_transaction(vector: Json) -> None:
    first, second = a_transaction(order=1), a_transaction(order=2)
    ledger = RawLedger([first, second], [an_event(second, [TOPIC], a_value({"u32": 1}))])
    lines = found(ledger, events=[{"signature": "e(U32)"}])
    assert [line["transaction_index"] for line in lines] == [1]
    assert vector["expect"] == {"matched_on.events": []}


@_named("M-108")
def test_an_event_without_spec_is_shown_as_in_the_original(vector: Json) -> None:
    given, expected = vector["given"], vector["expect"]
    transaction = a_transaction()
    event = an_event(transaction, [], emitter=given["contractId"])
    event |= {"topic": given["topic"], "value": given["value"]}
    (line,) = found(
        RawLedger([transaction], [event]),
        given["spec"],
        given["contractId"],
        events=[{"signature": expected["signature"]}],
    )
    (entry,) = line["matched_on_args"]["events"]
    assert (entry["signature"], entry["args"]) == (expected["signature"], expected["args"])


@_named("M-110")
def test_an_event_of_another_contract_is_not_seen(vector: Json) -> None:
    transaction = a_transaction()
    event = an_event(
        transaction, [TOPIC], a_value({"u32": 1}), emitter=vector["given"]["contractId"]
    )
    ledger = RawLedger([transaction], [event])
    assert len(found(ledger, None, event["contractId"], events=[{"signature": "e(U32)"}])) == 1
    assert found(ledger, None, contract(7), events=[{"signature": "e(U32)"}]) == []


@_named("M-113")
@pytest.mark.parametrize("spec", [None, [a_function("f")]])
def test_an_event_that_no_spec_describes_is_known_by_position(
    vector: Json, spec: list[Json] | None
) -> None:
    expected = vector["expect"]
    person = {"name": {"string": "John"}, "age": {"u32": 20}, "email": {"string": "john@email.com"}}
    topics = [scval.to_symbol(each) for each in ("user", "a", "b")]
    transaction = a_transaction()
    ledger = RawLedger([transaction], [an_event(transaction, topics, a_value({"map": person}))])
    (line,) = found(ledger, spec, events=[{"signature": expected["signature"]}])
    (entry,) = line["matched_on_args"]["events"]
    assert entry["signature"] == expected["signature"]
    assert [each["name"] for each in entry["args"]] == expected["args_names"]
    assert entry["args"][2]["value"] == expected["args[2].value"]


def unpacked(vector: Json, kinds: list[str]) -> list[Json]:
    """Return the matches of an event whose spec names its data, given what they show."""
    described, names = vector["given"]["value"], vector["given"]["data_params"]
    ((container, content),) = described.items()
    inside = content.values() if isinstance(content, dict) else content
    types = [next(iter(each)) for each in inside] if container in ("map", "vec") else [container]
    if isinstance(content, dict):
        types = [next(iter(content[name])) if name in content else "u32" for name in names]
    spec = an_event_spec(
        "e",
        *zip(names, types, strict=False),
        data_format=container if container in ("map", "vec") else "single_value",
    )
    transaction = a_transaction()
    ledger = RawLedger([transaction], [an_event(transaction, [TOPIC], a_value(described))])
    return found(ledger, [spec], events=[{"signature": f"e({','.join(kinds)})"}])


@_named("M-114", "M-117", "M-119", "M-121")
def test_data_are_unpacked_as_in_the_original(vector: Json) -> None:
    expected = vector["expect"]["args"]
    (line,) = unpacked(vector, [kind for _, _, kind in expected])
    (entry,) = line["matched_on_args"]["events"]
    assert [[each["name"], each["value"], each["kind"]] for each in entry["args"]] == expected


@_named("M-116")
def test_data_without_any_value_match_nothing(vector: Json) -> None:
    assert unpacked(vector, ["U32"]) == []
    assert vector["expect"] == {"args": []}


@_named("M-115", "M-118")
def test_data_of_another_shape_than_the_spec_s_cannot_be_waited_for(vector: Json) -> None:
    with pytest.raises(InputError, match="no such event"):
        unpacked(vector, [kind for _, _, kind in vector["expect"]["args"]])


def test_every_vector_is_replayed_or_said_to_be_another_s() -> None:
    text = Path(__file__).read_text(encoding="utf-8").partition("@_named")[2]
    names = {row["id"] for row in VECTORS["matching"]}
    assert {name for name in names if f'"{name}"' not in text} == INSIDE


def test_the_page_on_compatibility_lists_what_differs() -> None:
    table = PAGE.partition("## Matching")[2].partition("\n## ")[0]
    listed = {"M-089", "M-090", "M-091"}  # between "M-088 to M-092"
    for name in (MATCHED | REPORTED_ONCE | REFUSED) - listed:
        assert name in table


IMPOSSIBLE = ("tuple", "spec_type")
"""Values that do not exist, and types: ``test_stellar_spec`` has those."""

RENDERED = [row for row in VECTORS["render"] if not set(IMPOSSIBLE) & row["input"].keys()]


@pytest.mark.parametrize("vector", RENDERED, ids=[row["id"] for row in RENDERED])
def test_a_value_is_shown_as_in_the_original(vector: Json) -> None:
    ((kind, content),) = vector["input"].items()
    if kind.endswith("_parts"):
        number = 0
        for part in content:
            number = number << 64 | part
        kind, content = kind.partition("_")[0], str(number)
    value = decode_value(a_value({kind: content}).to_xdr_bytes())
    expected = vector["expect"]
    if vector["id"] in MATCHED:
        assert value.text == f"-{expected['text']}"
        return
    assert value.text == expected["text"]
    assert value.kind == expected.get("type", value.kind)
    assert value.json == expected.get("json", value.json)


@pytest.mark.parametrize("vector", VECTORS["normalise"], ids=lambda row: str(row["id"]))
def test_signatures_and_addresses_compare_as_in_the_original(vector: Json) -> None:
    given, expected = vector["input"], vector["expect"]
    match vector["rule"]:
        case "stellar_signature":
            assert normalized(given) == expected
        case "same_stellar_signature":
            assert (normalized(given[0]) == normalized(given[1])) is expected
        case _:
            with pytest.raises(InputError, match="address"):
                found(RawLedger([a_transaction(an_envelope(a_payment()))]), None, given,
                      events=[{"signature": "e(U32)"}])  # fmt: skip
