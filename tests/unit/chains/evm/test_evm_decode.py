"""What a decoded block offers to the matching engine."""

import json
from typing import Any

import msgspec
import pytest

from tests.support.evm_blocks import (
    NETWORK_ID,
    SENDER,
    TOKEN,
    TRANSFER_TOPIC,
    RawBlock,
    a_block,
    a_log,
    word,
)
from tests.support.recorded import recorded_file
from tocsin.chains.evm.decode import EvmBlock
from tocsin.chains.evm.family import EvmFamily
from tocsin.chains.evm.keys import event_key
from tocsin.chains.evm.layout import to_parameter
from tocsin.chains.evm.transaction import TRANSACTION_LAYOUT
from tocsin.errors import MalformedBlockError
from tocsin.model.activity import Activity, ActivityKind, TransactionStatus
from tocsin.model.block import Bundle
from tocsin.model.interface import Layout

TRANSFER = Layout(
    family="EVM",
    parameters=(
        to_parameter("from", "address", indexed=True),
        to_parameter("to", "address", indexed=True),
        to_parameter("value", "uint256"),
    ),
)
CALL = Layout(
    family="EVM", parameters=(to_parameter("to", "address"), to_parameter("value", "uint256"))
)
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
WETH = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"


def a_bundle(raw: RawBlock) -> Bundle:
    block, receipts = raw.parts()
    return EvmFamily().bundle_from_json(NETWORK_ID, {"block": block, "receipts": receipts})


def decoded(raw: RawBlock) -> EvmBlock:
    return EvmBlock(a_bundle(raw))


def the_event(**changes: Any) -> tuple[EvmBlock, Activity]:
    block = decoded(a_block([[a_log(**changes)]]))
    return block, block.transactions[0].activities[1]


def test_calls_come_before_events_each_under_its_key() -> None:
    block = decoded(a_block([[a_log(), a_log(topics=["0x" + "AB" * 32])]]))
    (transaction,) = block.transactions
    assert [(each.kind, each.key) for each in transaction.activities] == [
        (ActivityKind.FUNCTION, f"f:{TOKEN}:0xa9059cbb"),
        (ActivityKind.EVENT, f"e3:{TOKEN}:{TRANSFER_TOPIC}"),
        (ActivityKind.EVENT, f"e1:{TOKEN}:0x{'ab' * 32}"),
    ]


def test_an_event_gives_its_arguments_in_the_layouts_order() -> None:
    _, event = the_event()
    arguments = event.arguments(TRANSFER)
    assert arguments is not None
    assert [(each.name, each.value, each.text, each.indexed) for each in arguments] == [
        ("from", "0x" + "0" * 39 + "1", "0x" + "0" * 39 + "1", True),
        ("to", "0x" + "0" * 39 + "2", "0x" + "0" * 39 + "2", True),
        ("value", 100, "100", False),
    ]


def test_a_call_gives_its_arguments() -> None:
    call = decoded(a_block([[]])).transactions[0].activities[0]
    arguments = call.arguments(CALL)
    assert arguments is not None
    assert [each.value for each in arguments] == ["0x" + "0" * 39 + "2", 100]


def test_an_activity_decodes_once_per_layout() -> None:
    _, event = the_event()
    same = msgspec.json.decode(msgspec.json.encode(TRANSFER), type=Layout)
    assert same is not TRANSFER
    assert event.arguments(TRANSFER) is event.arguments(same)


def test_bytes_behind_the_data_are_ignored() -> None:
    _, event = the_event(data="0x" + word(100) + "ff" * 32)
    arguments = event.arguments(TRANSFER)
    assert arguments is not None
    assert arguments[2].value == 100


@pytest.mark.parametrize(
    "changes",
    [
        {"data": "0x00"},
        {"data": "0x"},
        {"topics": [TRANSFER_TOPIC]},
        {"topics": [TRANSFER_TOPIC, "0x" + "ff" * 32, "0x" + word(2)]},
    ],
)
def test_an_event_that_does_not_fit_counts_once_and_matches_nothing(changes: Any) -> None:
    block, event = the_event(**changes)
    assert event.arguments(TRANSFER) is None
    assert event.arguments(TRANSFER) is None
    assert block.malformed_count == 1


def test_an_indexed_string_shows_the_hash_its_topic_holds() -> None:
    layout = Layout(family="EVM", parameters=(to_parameter("name", "string", indexed=True),))
    _, event = the_event(topics=[TRANSFER_TOPIC, "0x" + "CD" * 32])
    arguments = event.arguments(layout)
    assert arguments is not None
    assert (arguments[0].kind, arguments[0].value) == ("string", "0x" + "cd" * 32)


def test_a_layout_of_another_family_fits_nothing_and_blames_nobody() -> None:
    block, event = the_event()
    assert event.arguments(Layout(family="Stellar", parameters=TRANSFER.parameters)) is None
    assert block.malformed_count == 0


def test_a_log_without_topics_is_no_event_but_its_contract_takes_part() -> None:
    block = decoded(a_block([[a_log(address="0x" + "BB" * 20, topics=[])]]))
    assert len(block.transactions[0].activities) == 1
    assert block.transactions[0].addresses == {SENDER, TOKEN, "0x" + "bb" * 20}


@pytest.mark.parametrize("data", ["0x", "0xa9059c"])
def test_a_transaction_without_a_selector_makes_no_call(data: str) -> None:
    raw = a_block([[]])
    raw.block["transactions"][0]["input"] = data
    assert decoded(raw).transactions[0].activities == ()


def test_a_contract_creation_makes_no_call() -> None:
    raw = a_block([[]])
    raw.block["transactions"][0]["to"] = None
    (transaction,) = decoded(raw).transactions
    assert transaction.activities == ()
    assert transaction.addresses == {SENDER}
    assert transaction.views()[0][2].value == ""


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "0x1"}, TransactionStatus.SUCCESS),
        ({"status": "0x0"}, TransactionStatus.FAILURE),
        ({"status": None, "gasUsed": "0x1"}, TransactionStatus.SUCCESS),
        ({"status": None, "gasUsed": hex(90_000)}, TransactionStatus.UNKNOWN),
    ],
)
def test_the_status_is_the_receipts(changes: Any, status: TransactionStatus) -> None:
    raw = a_block([[]])
    raw.receipts[0].update(changes)
    assert decoded(raw).transactions[0].status is status


def test_a_receipt_with_logs_but_without_status_is_a_success() -> None:
    raw = a_block([[a_log()]])
    raw.receipts[0].update(status=None, gasUsed=hex(90_000))
    assert decoded(raw).transactions[0].status is TransactionStatus.SUCCESS


def test_a_transaction_offers_one_view_in_the_order_of_its_layout() -> None:
    raw = a_block([[], []])
    raw.block["transactions"][1]["maxFeePerGas"] = "0x7"
    (view,) = decoded(raw).transactions[1].views()
    assert [each.name for each in view] == [p.name for p in TRANSACTION_LAYOUT.parameters]
    shown = {each.name: each.value for each in view}
    assert shown["value"] == 10**18
    assert shown["from"] == SENDER
    assert shown["hash"] == raw.block["transactions"][1]["hash"]
    assert (shown["gas_price"], shown["max_fee_per_gas"]) == (3, 7)
    assert shown["max_priority_fee_per_gas"] == 0
    assert (shown["gas_limit"], shown["gas_used"], shown["transaction_index"]) == (
        90_000,
        21_000,
        1,
    )


def test_a_transaction_knows_its_place() -> None:
    raw = a_block([[], []])
    ref = decoded(raw).transactions[1].ref
    assert (ref.network_id, ref.block_hash, ref.block_number) == (NETWORK_ID, raw.hash, 5)
    assert (ref.index, ref.hash) == (1, raw.block["transactions"][1]["hash"])


def test_a_document_holds_the_transaction_and_its_receipt() -> None:
    raw = a_block([[], [a_log()]])
    document = json.loads(decoded(raw).transactions[1].document())
    del raw.receipts[1]["logsBloom"]
    assert document == {"receipt": raw.receipts[1], "transaction": raw.block["transactions"][1]}


@pytest.mark.parametrize("missing", ["block", "receipts"])
def test_a_bundle_without_a_part_is_refused(missing: str) -> None:
    whole = a_bundle(a_block())
    parts = {name: part for name, part in whole.parts.items() if name != missing}
    broken = Bundle(network_id=whole.network_id, ref=whole.ref, parts=parts)
    with pytest.raises(MalformedBlockError, match=missing):
        EvmFamily().decode(broken)


def test_a_bundle_with_too_few_receipts_is_refused() -> None:
    whole = a_bundle(a_block())
    broken = Bundle(
        network_id=whole.network_id, ref=whole.ref, parts={**whole.parts, "receipts": b"[]"}
    )
    with pytest.raises(MalformedBlockError, match="3 transactions but 0 receipts"):
        EvmFamily().decode(broken)


@pytest.mark.parametrize("envelope", ['{"jsonrpc":"2.0","id":1,"result":%s}', " \n%s"])
def test_recorded_files_may_be_bare_or_in_their_envelope(envelope: str) -> None:
    parts = [(envelope % part.decode()).encode() for part in a_block().parts()]
    bundle = EvmFamily().bundle_from_json(NETWORK_ID, {"block": parts[0], "receipts": parts[1]})
    assert len(EvmFamily().decode(bundle).transactions) == 3


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"block": b"{}"},
        {"block": b'{"jsonrpc":"2.0","id":1,"error":{}}', "receipts": b"[]"},
        {"block": b"null", "receipts": b"[]"},
        {"block": b"{", "receipts": b"[]"},
    ],
)
def test_recorded_files_that_make_no_block_are_refused(parts: dict[str, bytes]) -> None:
    with pytest.raises(MalformedBlockError):
        EvmFamily().bundle_from_json(NETWORK_ID, parts)


@pytest.mark.parametrize(
    ("name", "token", "log_count", "transaction_count"),
    [
        ("ethereum_11098450", USDC, 6, 5),
        ("ethereum_11098450", WETH, 14, 14),
        ("ethereum_16899757", USDC, 13, 9),
        ("ethereum_16899757", WETH, 49, 36),
    ],
)
def test_every_transfer_of_a_recorded_mainnet_block_is_found(
    name: str, token: str, log_count: int, transaction_count: int
) -> None:
    parts = {
        part: recorded_file("mainnet", f"{name}_{part}.json.gz") for part in ("block", "receipts")
    }
    block = EvmFamily().decode(EvmFamily().bundle_from_json(NETWORK_ID, parts))
    key = event_key(token, TRANSFER_TOPIC, 3)
    found = [
        (transaction.ref.hash, activity.arguments(TRANSFER))
        for transaction in block.transactions
        for activity in transaction.activities
        if activity.key == key
    ]
    assert all(arguments is not None for _, arguments in found)
    assert (len(found), len({each for each, _ in found})) == (log_count, transaction_count)
