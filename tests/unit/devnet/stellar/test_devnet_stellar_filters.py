from collections.abc import Callable
from typing import Any

import pytest
from stellar_sdk import Address, scval

from tocsin.devnet.network import RpcCallError
from tocsin.devnet.stellar.accounts import ACCOUNTS
from tocsin.devnet.stellar.contracts import ORACLE, POOL, TOKEN

Ask = Callable[..., Any]
TRANSFER = scval.to_symbol("transfer").to_xdr()
SENDER = scval.to_address(Address(ACCOUNTS[0])).to_xdr()


def found(ask: Ask, *filters: dict[str, object]) -> list[dict[str, Any]]:
    page = ask("getEvents", startLedger=1, filters=list(filters), pagination={"limit": 10_000})
    rows: list[dict[str, Any]] = page["events"]
    assert rows == [row for row in everything(ask) if row in rows]
    return rows


def everything(ask: Ask) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask("getEvents", startLedger=1, pagination={"limit": 10_000})[
        "events"
    ]
    return rows


def test_no_filter_and_an_empty_one_admit_all(ask: Ask) -> None:
    assert found(ask, {}) == everything(ask)


def test_a_type_admits_its_own(ask: Ask) -> None:
    assert found(ask, {"type": "contract"}) == everything(ask)


def test_system_events_do_not_happen(ask: Ask) -> None:
    assert found(ask, {"type": "system"}) == []


def test_types_can_be_joined(ask: Ask) -> None:
    assert found(ask, {"type": "system,contract"}) == everything(ask)


def test_a_contract_admits_its_own(ask: Ask) -> None:
    rows = found(ask, {"contractIds": [POOL.address, ORACLE.address]})
    assert rows == [row for row in everything(ask) if row["contractId"] != TOKEN.address]


def test_filters_are_alternatives(ask: Ask) -> None:
    rows = found(ask, {"contractIds": [POOL.address]}, {"contractIds": [ORACLE.address]})
    assert rows == [row for row in everything(ask) if row["contractId"] != TOKEN.address]


def test_parts_of_a_filter_must_all_hold(ask: Ask) -> None:
    assert found(ask, {"contractIds": [POOL.address], "topics": [[TRANSFER, "**"]]}) == []


def test_a_topic_with_one_wildcard_needs_as_many_topics(ask: Ask) -> None:
    rows = found(ask, {"topics": [[TRANSFER, "*", "*"]]})
    assert rows == [row for row in everything(ask) if row["contractId"] == TOKEN.address]


def test_too_few_segments_admit_nothing_longer(ask: Ask) -> None:
    assert found(ask, {"topics": [[TRANSFER, "*"]]}) == []


def test_an_open_end_admits_any_number_of_topics(ask: Ask) -> None:
    assert found(ask, {"topics": [[TRANSFER, "**"]]}) == found(
        ask, {"topics": [[TRANSFER, "*", "*"]]}
    )


def test_an_open_end_alone_admits_all(ask: Ask) -> None:
    assert found(ask, {"topics": [["**"]]}) == everything(ask)


def test_a_value_in_the_middle_must_be_equal(ask: Ask) -> None:
    rows = found(ask, {"topics": [[TRANSFER, SENDER, "*"]]})
    assert rows == [row for row in everything(ask) if row["topic"][:2] == [TRANSFER, SENDER]]
    assert rows


def test_topics_of_a_filter_are_alternatives(ask: Ask) -> None:
    swap = scval.to_symbol("swap").to_xdr()
    rows = found(ask, {"topics": [[TRANSFER, "**"], [swap, "**"]]})
    assert rows == [row for row in everything(ask) if row["contractId"] != ORACLE.address]


@pytest.mark.parametrize(
    "wrong",
    [
        [{"type": "diagnostic"}],
        [{"type": "contract,"}],
        [{"contractIds": ["C"]}],
        [{"contractIds": [ACCOUNTS[0]]}],
        [{"contractIds": ["\ud800"]}],
        [{"contractIds": [TOKEN.address] * 6}],
        [{"topics": [[]]}],
        [{"topics": [["**", "*"]]}],
        [{"topics": [["*"] * 5]}],
        [{"topics": [["*"]] * 6}],
        [{"topics": [["transfer"]]}],
        [{"topics": [[""]]}],
        [{"topics": [["\ud800"]]}],
        [{"topics": [["AAAADwAAAAh0cmFuc2Zlcg==AAAA"]]}],
        [{"topics": [["AAAADw=="]]}],
        [{"topics": [["A" * 5000]]}],
        [{}] * 6,
    ],
    ids=lambda wrong: str(wrong)[:40].encode("ascii", "replace").decode(),
)
def test_a_bad_filter_is_refused(ask: Ask, wrong: list[object]) -> None:
    with pytest.raises(RpcCallError) as refusal:
        ask("getEvents", startLedger=1, filters=wrong)
    assert refusal.value.code == -32602
