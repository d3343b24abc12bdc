from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.devnet.network import RpcCallError
from tocsin.devnet.stellar.chain import StellarChain

METHODS = (
    "getHealth",
    "getNetwork",
    "getVersionInfo",
    "getLatestLedger",
    "getLedgers",
    "getTransactions",
    "getTransaction",
    "getEvents",
    "getLedgerEntries",
)
CHAIN = StellarChain(seed=1)


@pytest.mark.parametrize("params", [[], [1], "text", 1, True, 1.5], ids=repr)
@pytest.mark.parametrize("method", METHODS)
def test_params_that_are_no_object_are_refused(method: str, params: object) -> None:
    with pytest.raises(RpcCallError) as refusal:
        CHAIN.answer(method, params)
    assert refusal.value.code == -32602


@pytest.mark.parametrize("number", ["1", -1, 2**32, 2**70, 1.5, True, [], {}], ids=repr)
@pytest.mark.parametrize("method", ["getLedgers", "getTransactions", "getEvents"])
def test_a_start_that_is_no_number_of_a_ledger_is_refused(method: str, number: object) -> None:
    with pytest.raises(RpcCallError) as refusal:
        CHAIN.answer(method, {"startLedger": number})
    assert refusal.value.code == -32602


@pytest.mark.parametrize(
    "pagination",
    [[], "5", {"limit": -1}, {"limit": "5"}, {"limit": 2**70}, {"cursor": 5}],
    ids=repr,
)
@pytest.mark.parametrize("method", ["getLedgers", "getTransactions", "getEvents"])
def test_a_pagination_of_the_wrong_shape_is_refused(method: str, pagination: object) -> None:
    with pytest.raises(RpcCallError) as refusal:
        CHAIN.answer(method, {"startLedger": 1, "pagination": pagination})
    assert refusal.value.code == -32602


@pytest.mark.parametrize(
    "cursor",
    ["x", " 1", "-1", "1_0", "٣", "9" * 19, "9" * 5000, "1-", "1-99999999999", "\ud800"],
    ids=ascii,
)
@pytest.mark.parametrize("method", ["getLedgers", "getTransactions", "getEvents"])
def test_a_cursor_that_is_none_is_refused(method: str, cursor: str) -> None:
    with pytest.raises(RpcCallError) as refusal:
        CHAIN.answer(method, {"pagination": {"cursor": cursor}})
    assert refusal.value.code == -32602


@pytest.mark.parametrize("digest", ["", "ab", "zz" * 32, "٣" * 64, "ab" * 33, 5, None], ids=ascii)
def test_a_hash_that_is_none_is_refused(digest: object) -> None:
    with pytest.raises(RpcCallError) as refusal:
        CHAIN.answer("getTransaction", {"hash": digest})
    assert refusal.value.code == -32602


@pytest.mark.parametrize("method", METHODS)
def test_xdr_in_another_form_is_refused(method: str) -> None:
    with pytest.raises(RpcCallError) as refusal:
        CHAIN.answer(method, {"xdrFormat": "json", "startLedger": 1})
    assert refusal.value.code == -32602


def test_null_means_absent() -> None:
    nothing = {"pagination": None, "filters": None, "endLedger": None, "xdrFormat": None}
    assert CHAIN.answer("getEvents", {"startLedger": 1} | nothing) == CHAIN.answer(
        "getEvents", {"startLedger": 1}
    )


def test_unknown_members_are_ignored() -> None:
    assert CHAIN.answer("getHealth", {"unheard": "of"}) == CHAIN.answer("getHealth", None)


def test_a_refusal_names_the_member_and_not_its_value() -> None:
    with pytest.raises(RpcCallError, match=r"\$\.startLedger") as refusal:
        CHAIN.answer("getLedgers", {"startLedger": "a secret"})
    assert "a secret" not in str(refusal.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
members = st.sampled_from(
    ["startLedger", "endLedger", "pagination", "filters", "keys", "hash", "xdrFormat"]
)
paginations = st.fixed_dictionaries(
    {},
    optional={
        "cursor": json_values | st.from_regex(r"[0-9]{1,20}(-[0-9]{1,11})?", fullmatch=True),
        "limit": json_values,
    },
)
filters = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "type": json_values,
            "contractIds": st.lists(json_values, max_size=3),
            "topics": st.lists(st.lists(st.sampled_from(["*", "**", "AAAA"]) | json_values)),
        },
    ),
    max_size=3,
)
requests = st.dictionaries(members, json_values | paginations | filters, max_size=4) | json_values


@given(method=st.sampled_from(METHODS), params=requests)
def test_whatever_is_asked_there_is_an_answer_or_a_refusal(method: str, params: Any) -> None:
    with suppress(RpcCallError):
        assert isinstance(CHAIN.answer(method, params), dict)
