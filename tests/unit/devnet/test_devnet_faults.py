from random import Random

import msgspec
import pytest

from tests.support.devnet import an_evm_chain, ask
from tocsin.devnet.faults import (
    FaultDice,
    Faults,
    Hang,
    Occasion,
    Refusal,
    Verdict,
    distorted,
    without_a_log,
)

POLL = ["eth_blockNumber"]
RECEIPTS = ["eth_getBlockReceipts"]


def dice(faults: Faults, seed: int = 1) -> FaultDice:
    return FaultDice(faults, Random(seed))


def test_without_faults_nothing_happens() -> None:
    assert dice(Faults()).decide(RECEIPTS) == Verdict()


def test_the_next_requests_are_refused_and_then_no_more() -> None:
    thrower = dice(Faults(refuse=Refusal(requests=2)))
    refused = [thrower.decide(POLL).refusal is not None for _ in range(4)]
    assert refused == [True, True, False, False]


def test_a_fault_without_a_count_stays() -> None:
    thrower = dice(Faults(truncate=Occasion()))
    assert all(thrower.decide(POLL).truncated for _ in range(20))


def test_a_probable_fault_is_decided_by_its_seed() -> None:
    faults = Faults(truncate=Occasion(probability=0.3))
    one, same, other = dice(faults), dice(faults), dice(faults, seed=2)
    first = [one.decide(POLL).truncated for _ in range(200)]
    assert 30 < sum(first) < 90
    assert first == [same.decide(POLL).truncated for _ in range(200)]
    assert first != [other.decide(POLL).truncated for _ in range(200)]


def test_a_count_is_spent_only_by_requests_that_suffer() -> None:
    thrower = dice(Faults(refuse=Refusal(requests=5, probability=0.2)))
    assert sum(thrower.decide(POLL).refusal is not None for _ in range(500)) == 5


def test_a_fault_of_some_methods_spares_the_others() -> None:
    thrower = dice(Faults(refuse=Refusal(requests=1, methods=("eth_getBlockReceipts",))))
    assert thrower.decide(POLL).refusal is None
    assert thrower.decide([*POLL, *RECEIPTS]).refusal is not None


def test_a_log_is_dropped_only_where_logs_are_given() -> None:
    thrower = dice(Faults(drop_log=Occasion(requests=1)))
    assert [thrower.decide(each).log_dropped for each in (POLL, RECEIPTS, RECEIPTS)] == [
        False,
        True,
        False,
    ]


def test_a_refusal_may_come_late() -> None:
    verdict = dice(Faults(hang=Hang(seconds=3), refuse=Refusal(status=500))).decide(POLL)
    assert (verdict.hang_seconds, verdict.refusal) == (3, Refusal(status=500))


def test_one_occasion_used_for_two_faults_counts_for_each() -> None:
    once = Occasion(requests=1)
    assert dice(Faults(truncate=once, drop_log=once)).decide(RECEIPTS) == Verdict(
        truncated=True, log_dropped=True
    )


@pytest.mark.parametrize(
    ("method", "truth", "lie"),
    [
        ("eth_chainId", "0x7a69", "0x5"),
        ("net_version", "31337", "5"),
        ("eth_blockNumber", "0x9", "0x9"),
        (
            "getNetwork",
            {"passphrase": "true", "protocolVersion": 23},
            {
                "passphrase": "false",
                "protocolVersion": 23,
            },
        ),
    ],
)
def test_a_node_lies_about_its_chain(method: str, truth: object, lie: object) -> None:
    assert distorted(Faults(chain_id=5, passphrase="false"), method, truth) == lie


@pytest.mark.parametrize("method", ["eth_chainId", "net_version", "getNetwork"])
def test_a_node_without_faults_tells_the_truth(method: str) -> None:
    truth = {"passphrase": "true"}
    assert distorted(Faults(), method, truth) == truth


def test_receipts_lack_one_log_and_nothing_else() -> None:
    receipts = ask(an_evm_chain(), "eth_getBlockReceipts", "latest")
    short = without_a_log("eth_getBlockReceipts", receipts)
    assert isinstance(short, list)
    assert sum(len(each["logs"]) for each in short) == sum(len(r["logs"]) for r in receipts) - 1
    for receipt in (*short, *receipts):
        receipt["logs"] = []
    assert short == receipts


@pytest.mark.parametrize(
    ("method", "result", "short"),
    [
        ("eth_getTransactionReceipt", {"logs": [1, 2], "to": None}, {"logs": [1], "to": None}),
        ("eth_getTransactionReceipt", None, None),
        ("eth_getLogs", [1, 2], [1]),
        ("eth_getLogs", [], []),
        ("getEvents", {"events": [1], "cursor": "c"}, {"events": [], "cursor": "c"}),
        ("eth_getBlockReceipts", None, None),
        ("eth_getBlockReceipts", [{"logs": []}], [{"logs": []}]),
        ("eth_blockNumber", "0x1", "0x1"),
    ],
)
def test_other_answers_lack_their_last_log(method: str, result: object, short: object) -> None:
    assert without_a_log(method, result) == short


@pytest.mark.parametrize(
    "body",
    [
        b'{"refuse":{"status":404}}',
        b'{"refuse":{"requests":0}}',
        b'{"truncate":{"probability":1.5}}',
        b'{"hang":{}}',
        b'{"hang":{"seconds":-1}}',
        b'{"lag_blocks":-1}',
        b'{"chain_id":"5"}',
        b'{"passphrase":""}',
        b'{"explode":true}',
        b"[]",
    ],
)
def test_faults_that_make_no_sense_are_refused(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=Faults)
