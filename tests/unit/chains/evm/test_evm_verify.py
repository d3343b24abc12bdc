"""What makes a block whole, and what each lie is called."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.evm_blocks import RawBlock, a_block, a_log
from tests.support.recorded import recorded_file
from tocsin.chains.evm.verify import Commitment, Expectation, verify_bundle, verify_header
from tocsin.errors import MalformedBlockError

RECORDED = [("ethereum_11098450", 11098450), ("ethereum_16899757", 16899757)]
ANYTHING = Expectation()


def a_whole_block() -> RawBlock:
    return a_block([[a_log(), a_log()], [], [a_log(address="0x" + "bb" * 20)]])


def move(raw: RawBlock, receipt: int, **changes: Any) -> None:
    raw.receipts[receipt].update(changes)


def change_header(raw: RawBlock, **changes: Any) -> None:
    raw.block.update(changes)


LIES: dict[str, tuple[Callable[[RawBlock], object], str]] = {
    "a receipt is missing": (lambda raw: raw.receipts.pop(), "3 transactions but 2 receipts"),
    "receipts are swapped": (lambda raw: raw.receipts.reverse(), "of another transaction"),
    "a receipt of another block": (
        lambda raw: move(raw, 1, blockHash="0x" + "cc" * 32),
        "receipt 1: of another block",
    ),
    "a receipt of another height": (
        lambda raw: move(raw, 1, blockNumber="0x6"),
        "receipt 1: of another block number",
    ),
    "a receipt at another place": (
        lambda raw: move(raw, 1, transactionIndex="0x2"),
        "receipt 1: out of order",
    ),
    "an unheard-of status": (lambda raw: move(raw, 0, status="0x2"), "status"),
    "a log in the middle is missing": (
        lambda raw: raw.receipts[0]["logs"].pop(0),
        "one is missing or moved",
    ),
    "the last log is missing": (
        lambda raw: raw.receipts[2]["logs"].pop(),
        "logsBloom: logs are missing",
    ),
    "every log is missing": (
        lambda raw: [each["logs"].clear() for each in raw.receipts],
        "logsBloom: logs are missing",
    ),
    "a log is invented": (
        lambda raw: raw.receipts[2]["logs"].append(a_log(address="0x" + "ee" * 20)),
        "logs that the header does not know",
    ),
    "a log of another transaction": (
        lambda raw: raw.receipts[0]["logs"][0].update(transactionHash="0x" + "dd" * 32),
        "a log of another transaction",
    ),
    "a log of another block": (
        lambda raw: raw.receipts[0]["logs"][0].update(blockHash="0x" + "dd" * 32),
        "a log of receipt 0: of another block",
    ),
    "a log that was removed": (
        lambda raw: raw.receipts[0]["logs"][0].update(removed=True),
        "marked as removed",
    ),
    "a topic that is no topic": (
        lambda raw: raw.receipts[0]["logs"][0].update(topics=["0x12"]),
        "topics are malformed",
    ),
    "data that are no hex": (
        lambda raw: raw.receipts[0]["logs"][0].update(data="0x0g"),
        "expected 0x data",
    ),
    "a transaction twice": (
        lambda raw: raw.block["transactions"].__setitem__(1, raw.block["transactions"][0]),
        "hash missing or repeated",
    ),
    "a transaction of another block": (
        lambda raw: raw.block["transactions"][1].update(blockHash="0x" + "cc" * 32),
        "transaction 1: of another block",
    ),
    "an amount that is no quantity": (
        lambda raw: raw.block["transactions"][1].update(value="0x01"),
        "transaction 1: expected a 0x quantity",
    ),
    "a sender that is no address": (
        lambda raw: raw.block["transactions"][1].update({"from": "0x12"}),
        "no address",
    ),
    "another hash": (lambda raw: change_header(raw, hash="0x" + "cc" * 32), "its fields hash to"),
    "a hash that is none": (lambda raw: change_header(raw, hash="0x12"), "expected 32 bytes"),
    "another parent": (
        lambda raw: change_header(raw, parentHash="0x" + "cc" * 32),
        "its fields hash to",
    ),
    "a time in another age": (
        lambda raw: change_header(raw, timestamp="0xffffffffff"),
        "too far in the future",
    ),
    "a number beyond reason": (
        lambda raw: change_header(raw, number="0x" + "f" * 64),
        "beyond 63 bits",
    ),
    "a bloom of another size": (
        lambda raw: change_header(raw, logsBloom="0x00", extra="so that no hash is known"),
        "expected 256 bytes",
    ),
    "no transactions at all": (lambda raw: raw.block.pop("transactions"), "transactions"),
    "transactions as hashes only": (
        lambda raw: change_header(raw, transactions=[e["hash"] for e in raw.block["transactions"]]),
        "Expected `object`",
    ),
}


@pytest.mark.parametrize(("tell", "named"), LIES.values(), ids=list(LIES))
def test_a_lie_is_found_and_named(tell: Callable[[RawBlock], object], named: str) -> None:
    raw = a_whole_block()
    tell(raw)
    with pytest.raises(MalformedBlockError, match=named):
        verify_bundle(*raw.parts(), ANYTHING)


def test_a_whole_block_is_accepted() -> None:
    raw = a_whole_block()
    ref = verify_bundle(*raw.parts(), Expectation(number=5, hash=raw.hash))
    assert (ref.number, ref.hash, ref.parent_hash) == (5, raw.hash, raw.block["parentHash"])
    assert ref.block_time == datetime.fromtimestamp(1_700_000_060, UTC)


def test_a_block_without_transactions_is_whole() -> None:
    assert verify_bundle(*a_block([]).parts(), ANYTHING).number == 5


@pytest.mark.parametrize(
    "expected", [Expectation(number=6), Expectation(hash="0x" + "cc" * 32)], ids=["number", "hash"]
)
def test_another_block_than_asked_for_is_refused(expected: Expectation) -> None:
    with pytest.raises(MalformedBlockError, match="asked for block"):
        verify_bundle(*a_whole_block().parts(), expected)


def test_hashes_are_compared_without_regard_to_case() -> None:
    raw = a_whole_block()
    expected = Expectation(hash=raw.hash.upper().replace("X", "x"))
    assert verify_bundle(*raw.parts(), expected).hash == raw.hash


def test_a_block_may_not_be_later_than_the_caller_says() -> None:
    early = Expectation(no_later_than=datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(MalformedBlockError, match="future"):
        verify_header(a_whole_block().parts()[0], early)


@pytest.mark.parametrize("cut", [1, 100, 2000])
def test_truncated_parts_are_refused(cut: int) -> None:
    block, receipts = a_whole_block().parts()
    for parts in ((block[:-cut], receipts), (block, receipts[:-cut])):
        with pytest.raises(MalformedBlockError):
            verify_bundle(*parts, ANYTHING)


@pytest.mark.parametrize(
    "hostile", [b"", b"null", b"[]", b"3", b"{}", b'"\xff"', b"[" * 100_000, b'{"hash":"\\ud800"}']
)
def test_what_is_no_block_is_refused(hostile: bytes) -> None:
    with pytest.raises(MalformedBlockError):
        verify_bundle(hostile, b"[]", ANYTHING)


def test_unreadable_text_in_a_field_nobody_reads_is_refused() -> None:
    block, receipts = a_whole_block().parts()
    broken = block.replace(b'"size": "0x400"', b'"size": "\\ud800"')
    assert broken != block
    with pytest.raises(MalformedBlockError):
        verify_bundle(broken, receipts, ANYTHING)


def test_a_chain_that_hashes_in_its_own_way_is_only_asked_for_its_logs() -> None:
    raw = a_whole_block()
    for place in (raw.block, *raw.block["transactions"], *raw.receipts):
        place["hash" if "parentHash" in place else "blockHash"] = "0x" + "cc" * 32
    for log in (log for receipt in raw.receipts for log in receipt["logs"]):
        log["blockHash"] = "0x" + "cc" * 32
    logs_only = Expectation(commitment=Commitment.LOGS)
    assert verify_bundle(*raw.parts(), logs_only).hash == "0x" + "cc" * 32
    raw.receipts[2]["logs"].clear()
    with pytest.raises(MalformedBlockError, match="logs are missing"):
        verify_bundle(*raw.parts(), logs_only)


@pytest.mark.parametrize("bloom", [None, "0x", "0x" + "ff" * 256])
def test_a_header_without_a_telling_bloom_is_accepted(bloom: str | None) -> None:
    raw = a_whole_block()
    raw.block["logsBloom"] = bloom
    assert verify_bundle(*raw.parts(), Expectation(commitment=Commitment.LOGS)).number == 5


@pytest.mark.parametrize(("name", "number"), RECORDED)
def test_a_recorded_mainnet_block_is_true(name: str, number: int) -> None:
    block = recorded_file("mainnet", f"{name}_block.json.gz")
    receipts = recorded_file("mainnet", f"{name}_receipts.json.gz")
    assert verify_bundle(block, receipts, Expectation(number=number)).number == number


@pytest.mark.parametrize(("name", "number"), RECORDED)
def test_a_recorded_mainnet_block_with_one_bit_changed_is_found(name: str, number: int) -> None:
    block = recorded_file("mainnet", f"{name}_block.json.gz")
    receipts = recorded_file("mainnet", f"{name}_receipts.json.gz")
    changed = block.replace(b'"gasUsed": "0x', b'"gasUsed": "0x1', 1)
    changed = block.replace(b'"gasUsed":"0x', b'"gasUsed":"0x1', 1) if changed == block else changed
    with pytest.raises(MalformedBlockError, match=f"block {number}: its fields hash to"):
        verify_bundle(changed, receipts, Expectation(number=number))
