"""What a ledger's transactions say of themselves, and what garbage among them does."""

import json

import pytest
from stellar_sdk import (
    Account,
    Address,
    HashMemo,
    InvokeHostFunction,
    ManageData,
    MuxedAccount,
    TextMemo,
    TransactionBuilder,
    scval,
)
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import (
    NUMBER,
    PASSPHRASE,
    SENDER,
    TOKEN,
    Json,
    RawLedger,
    a_call,
    a_payment,
    a_transaction,
    a_transfer,
    account,
    an_envelope,
    an_event,
)
from tocsin.chains.stellar.declaration import observed_event
from tocsin.chains.stellar.decode import StellarLedger, decode
from tocsin.chains.stellar.transaction import StellarTransaction
from tocsin.errors import MalformedBlockError
from tocsin.model.activity import ActivityKind, TransactionStatus

EVENT, FUNCTION = ActivityKind.EVENT, ActivityKind.FUNCTION
symbol, u32 = scval.to_symbol, scval.to_uint32
GARBAGE = ["", "!!!", "AAAA", "AAAAEAAAAAE=", "/////w=="]


def decoded(transaction: Json | None = None, *events: Json) -> StellarLedger:
    return decode(RawLedger([transaction or a_transaction()], list(events)).bundle())


def only_transaction(ledger: StellarLedger) -> StellarTransaction:
    (transaction,) = ledger.transactions
    return transaction


def view(transaction: StellarTransaction, place: int = 0) -> dict[str, object]:
    return {each.name: each.value for each in transaction.views()[place]}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("SUCCESS", TransactionStatus.SUCCESS),
        ("FAILED", TransactionStatus.FAILURE),
        ("NOT FOUND", TransactionStatus.FAILURE),
        ("NOT_FOUND", TransactionStatus.UNKNOWN),
        ("success", TransactionStatus.UNKNOWN),
    ],
)
def test_a_status_is_read(text: str, status: TransactionStatus) -> None:
    assert only_transaction(decoded(a_transaction(status=text))).status is status


def test_there_is_one_view_per_payment() -> None:
    envelope = an_envelope(a_payment("1"), a_payment("2.5", to=account(3)))
    transaction = only_transaction(decoded(a_transaction(envelope)))
    assert len(transaction.views()) == 2
    assert view(transaction, 1) == {
        "hash": transaction.ref.hash,
        "ledger": NUMBER,
        "value": 25_000_000,
        "from": SENDER,
        "to": account(3),
        "source": SENDER,
    }


def test_a_view_tells_for_whom_an_operation_acts() -> None:
    payment = a_payment()
    payment.source = MuxedAccount(account(9))
    transaction = only_transaction(decoded(a_transaction(an_envelope(payment, a_payment()))))
    assert [(view(transaction, i)["from"], view(transaction, i)["source"]) for i in (0, 1)] == [
        (SENDER, account(9)),
        (SENDER, SENDER),
    ]


def test_a_call_s_view_has_no_value() -> None:
    transaction = only_transaction(decoded(a_transaction(a_call("f"))))
    assert view(transaction)["value"] == 0
    assert view(transaction)["to"] == TOKEN


def test_a_transaction_without_parties_has_one_view_without_them() -> None:
    from stellar_sdk import BumpSequence

    transaction = only_transaction(decoded(a_transaction(an_envelope(BumpSequence(5)))))
    assert len(transaction.views()) == 1
    assert (view(transaction)["value"], view(transaction)["from"]) == (0, None)


def test_addresses_are_all_who_take_part() -> None:
    transaction = a_transaction(an_envelope(a_payment(to=account(3))))
    found = only_transaction(decoded(transaction, a_transfer(transaction))).addresses
    assert set(found) == {SENDER, account(3), TOKEN}


def test_a_document_holds_what_the_node_gave() -> None:
    transaction = a_transaction()
    raw = RawLedger([transaction, a_transaction(order=2)], [a_transfer(transaction)])
    document = json.loads(decode(raw.bundle()).transactions[0].document())
    assert document == {
        "transaction": transaction,
        "events": raw.events,
        "ledger": raw.ledger,
    }


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_garbage_envelope_is_counted_and_harmless(garbage: str) -> None:
    ledger = decode(
        RawLedger([a_transaction(garbage), a_transaction(a_call("f"), order=2)]).bundle()
    )
    assert [len(each.activities) for each in ledger.transactions] == [0, 1]
    assert view(ledger.transactions[0])["from"] is None
    assert ledger.malformed_count == 1


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_garbage_name_is_counted_and_harmless(garbage: str) -> None:
    transaction = a_transaction()
    bad = a_transfer(transaction) | {"topic": [garbage]}
    ledger = decoded(transaction, bad, a_transfer(transaction, index=1))
    assert len(only_transaction(ledger).activities) == 1
    assert ledger.malformed_count == 1


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_data_are_counted_and_never_match(garbage: str) -> None:
    transaction = a_transaction()
    ledger = decoded(transaction, a_transfer(transaction) | {"value": garbage})
    (activity,) = only_transaction(ledger).activities
    wanted = observed_event("transfer(Address,Address,I128)").layout
    assert [activity.arguments(wanted), activity.arguments(wanted)] == [None, None]
    assert ledger.malformed_count == 1


def test_an_event_without_a_name_is_left_out() -> None:
    transaction = a_transaction()
    events = [an_event(transaction, []), an_event(transaction, [u32(1)], index=1)]
    ledger = decoded(transaction, *events)
    assert only_transaction(ledger).activities == ()
    assert ledger.malformed_count == 0


@pytest.mark.parametrize("part", ["ledger", "transactions", "events"])
@pytest.mark.parametrize("content", [b"", b"{}", b"[5]", b'[{"txHash":5}]', b"[" * 9999, b"\xff"])
def test_a_part_that_cannot_be_listed_is_malformed(part: str, content: bytes) -> None:
    bundle = RawLedger().bundle()
    bundle.parts[part] = content
    with pytest.raises(MalformedBlockError):
        decode(bundle)


@pytest.mark.parametrize("part", ["ledger", "transactions", "events"])
def test_a_missing_part_is_malformed(part: str) -> None:
    bundle = RawLedger().bundle()
    del bundle.parts[part]
    with pytest.raises(MalformedBlockError, match=part):
        decode(bundle)


def test_a_transaction_without_its_envelope_has_only_events() -> None:
    transaction = a_transaction()
    del transaction["envelopeXdr"]
    found = only_transaction(decoded(transaction, a_transfer(transaction)))
    assert [each.kind for each in found.activities] == [EVENT]
    assert set(found.addresses) == {TOKEN}


def test_what_was_read_once_is_kept() -> None:
    transaction = a_transaction(a_call("f"))
    found = only_transaction(decoded(transaction, a_transfer(transaction)))
    assert list(map(id, found.activities)) == list(map(id, found.activities))
    (call, event) = found.activities
    wanted = observed_event("transfer(Address,Address,I128)").layout
    assert event.fits(wanted)
    other = observed_event("transfer(Address,Address,Val)").layout
    assert event.arguments(other) is None
    assert event.arguments(wanted) is event.arguments(wanted)
    assert not call.fits(wanted)


def test_an_event_without_data_does_not_fit_one_with_data() -> None:
    transaction = a_transaction()
    event = {k: v for k, v in a_transfer(transaction).items() if k != "value"}
    (activity,) = only_transaction(decoded(transaction, event)).activities
    assert activity.arguments(observed_event("transfer(Address,Address,I128)").layout) is None


def test_an_event_s_name_may_be_longer_than_any_symbol() -> None:
    transaction = a_transaction()
    event = an_event(transaction, [scval.to_string("n" * 200)], u32(1))
    (activity,) = only_transaction(decoded(transaction, event)).activities
    assert activity.key.endswith(":" + "n" * 200)


def test_a_call_for_another_account_is_found() -> None:
    envelope = a_call("f")
    assert envelope.v1 is not None
    operation = envelope.v1.tx.operations[0]
    operation.source_account = MuxedAccount(account(9)).to_xdr_object()
    (call,) = only_transaction(decoded(a_transaction(envelope))).activities
    assert call.key.endswith(":f")


@pytest.mark.parametrize("memo", [None, TextMemo("n" * 24), HashMemo(bytes(31) + b"\x18")])
@pytest.mark.parametrize("rare", [False, True])
def test_a_call_is_found_behind_every_memo_and_precondition(
    memo: TextMemo | HashMemo | None, *, rare: bool
) -> None:
    builder = TransactionBuilder(Account(SENDER, 1), PASSPHRASE, base_fee=100)
    if rare:
        builder.set_min_sequence_age(5)
    if memo is not None:
        builder.add_memo(memo)
    builder.set_timeout(0)
    builder.append_invoke_contract_function_op(TOKEN, "f", [])
    envelope = builder.build().to_xdr_object()
    (call,) = only_transaction(decoded(a_transaction(envelope))).activities
    assert call.key == f"f:{TOKEN}:f"


@pytest.mark.parametrize("value", [b"\0\0\0\x18" * 2, b"\1\0\0\0\x18"])
def test_the_number_of_a_call_elsewhere_makes_no_call(value: bytes) -> None:
    data = ManageData("name", value)
    transaction = only_transaction(decoded(a_transaction(an_envelope(data, a_payment()))))
    assert transaction.activities == ()


def test_calls_among_several_operations_are_all_found() -> None:
    calls = [
        InvokeHostFunction(
            stellar_xdr.HostFunction(
                stellar_xdr.HostFunctionType.HOST_FUNCTION_TYPE_INVOKE_CONTRACT,
                invoke_contract=stellar_xdr.InvokeContractArgs(
                    Address(TOKEN).to_xdr_sc_address(), stellar_xdr.SCSymbol(name), []
                ),
            ),
            [],
        )
        for name in (b"one", b"two")
    ]
    transaction = only_transaction(decoded(a_transaction(an_envelope(*calls, a_payment()))))
    assert [each.key for each in transaction.activities] == [f"f:{TOKEN}:one", f"f:{TOKEN}:two"]
