"""What a document is made of later can be read whole now, known to us or not."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.evm_blocks import NETWORK_ID, a_block, a_log
from tests.support.stellar_ledgers import NUMBER, RawLedger, a_transaction, a_transfer
from tocsin.chains import readable
from tocsin.chains.evm.decode import decode as decode_evm
from tocsin.chains.evm.verify import Expectation as EvmExpectation
from tocsin.chains.evm.verify import verify_bundle as verify_evm
from tocsin.chains.readable import DEEPEST, require_readable
from tocsin.chains.stellar.decode import decode as decode_stellar
from tocsin.chains.stellar.verify import Expectation as StellarExpectation
from tocsin.chains.stellar.verify import verify_bundle as verify_stellar
from tocsin.errors import MalformedBlockError
from tocsin.model.block import Bundle


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"[]" + b"}" * (levels - 1)


UNREADABLE = {
    "no number": b"1e999",
    "too long a number": b"1" * 5_000,
    "half a character": b'"\\ud800"',
    "broken text": b'"\xff"',
    "too deep": nested(DEEPEST),
    "far too deep": nested(990),
}


@pytest.mark.parametrize("junk", UNREADABLE.values(), ids=list(UNREADABLE))
@pytest.mark.parametrize("part", ["ledger", "transactions", "events"])
def test_a_ledger_with_something_unreadable_is_malformed(part: str, junk: bytes) -> None:
    transaction = a_transaction()
    raw = RawLedger([transaction], [a_transfer(transaction)])
    parts = raw.parts()
    parts[part] = parts[part].replace(b"{", b'{"junk":' + junk + b",", 1)
    with pytest.raises(MalformedBlockError):
        verify_stellar(parts, StellarExpectation(number=NUMBER))


@pytest.mark.parametrize("junk", UNREADABLE.values(), ids=list(UNREADABLE))
@pytest.mark.parametrize("part", ["block", "receipts"])
def test_a_block_with_something_unreadable_is_malformed(part: str, junk: bytes) -> None:
    parts = dict(zip(("block", "receipts"), a_block([[a_log()]]).parts(), strict=True))
    parts[part] = parts[part].replace(b"{", b'{"junk":' + junk + b",", 1)
    with pytest.raises(MalformedBlockError):
        verify_evm(parts["block"], parts["receipts"], EvmExpectation())


def test_a_block_as_deep_as_allowed_has_documents() -> None:
    raw = a_block([[a_log()]])
    raw.block["transactions"][0]["junk"] = json.loads(nested(DEEPEST - 3))
    block, receipts = raw.parts()
    ref = verify_evm(block, receipts, EvmExpectation())
    bundle = Bundle(network_id=NETWORK_ID, ref=ref, parts={"block": block, "receipts": receipts})
    [transaction] = decode_evm(bundle).transactions
    assert b"junk" in transaction.document()


def test_a_ledger_as_deep_as_allowed_has_documents() -> None:
    raw = RawLedger()
    raw.transactions[0]["junk"] = json.loads(nested(DEEPEST - 2))
    bundle = raw.bundle()
    verify_stellar(bundle.parts, StellarExpectation(number=NUMBER))
    [transaction] = decode_stellar(bundle).transactions
    assert b"junk" in transaction.document()


@pytest.mark.parametrize("levels", [1, 2, DEEPEST - 1, DEEPEST])
def test_allowed_levels_are_counted(levels: int) -> None:
    require_readable(nested(levels), "part")


def test_one_level_more_is_too_deep() -> None:
    with pytest.raises(MalformedBlockError, match=f"more than {DEEPEST} levels"):
        require_readable(nested(DEEPEST + 1), "part")


def test_brackets_in_text_are_no_levels() -> None:
    require_readable(json.dumps({"[[{{" * 99: '\\"[' * 99}).encode(), "part")


def test_many_tiny_values_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readable, "MOST_VALUES", 1_000)
    require_readable(b"[" + b",".join([b"1"] * 900) + b"]", "part")
    with pytest.raises(MalformedBlockError, match="more than 1000 values"):
        require_readable(b"[" + b",".join([b"[]"] * 900) + b"]", "part")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_ordinary_json_is_readable(value: object) -> None:
    require_readable(json.dumps(value).encode(), "part")
    require_readable(msgspec.json.encode(value), "part")
