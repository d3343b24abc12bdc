"""The facts against what stellar-sdk reads out of the answers."""

from collections.abc import Callable, Iterator
from typing import Any

from stellar_sdk import (
    Address,
    InvokeHostFunction,
    Operation,
    Payment,
    TransactionBuilder,
    TransactionEnvelope,
    scval,
)
from stellar_sdk import xdr as stellar_xdr
from stellar_sdk.fee_bump_transaction_envelope import FeeBumpTransactionEnvelope

from tocsin.devnet.network import CallFact, EventFact, TransactionFacts
from tocsin.devnet.stellar.chain import NETWORK_NAME, StellarChain
from tocsin.devnet.stellar.contracts import CONTRACT_SPECS, CONTRACTS

Ask = Callable[..., Any]
BY_ADDRESS = {contract.address: contract for contract in CONTRACTS}


def planted(chain: StellarChain) -> list[TransactionFacts]:
    return [transaction for block in chain.facts() for transaction in block.transactions]


def event_rows(ask: Ask) -> list[dict[str, Any]]:
    page = ask("getEvents", startLedger=1, pagination={"limit": 10_000})
    rows: list[dict[str, Any]] = page["events"]
    return rows


def transaction_rows(ask: Ask) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ask("getTransactions", startLedger=1, pagination={"limit": 200})[
        "transactions"
    ]
    return rows


def inner(row: dict[str, Any]) -> TransactionEnvelope:
    envelope = TransactionBuilder.from_xdr(row["envelopeXdr"], NETWORK_NAME)
    if isinstance(envelope, FeeBumpTransactionEnvelope):
        return envelope.transaction.inner_transaction_envelope
    return envelope


def native(value: stellar_xdr.SCVal | str) -> Any:
    read = scval.to_native(value)
    return read.address if isinstance(read, Address) else read


def event_fact(row: dict[str, Any]) -> EventFact:
    """Read an event by the published spec, as a client would."""
    entries = [each["event_v0"] for each in CONTRACT_SPECS[row["contractId"]] if "event_v0" in each]
    spec: Any = entries[0]
    topics = [native(topic) for topic in row["topic"]]
    leading = len(spec["prefix_topics"])
    assert topics[:leading] == list(spec["prefix_topics"])
    indexed = [each["name"] for each in spec["params"] if each["location"] == "topic_list"]
    plain = [each["name"] for each in spec["params"] if each["location"] == "data"]
    arguments = dict(zip(indexed, topics[leading:], strict=True))
    data: Any = scval.to_native(row["value"])
    match spec["data_format"]:
        case "single_value":
            arguments[plain[0]] = data
        case "vec":
            arguments |= dict(zip(plain, data, strict=True))
        case _:
            arguments |= data
    return EventFact(contract=row["contractId"], name=spec["name"], arguments=arguments)


def call_fact(operation: InvokeHostFunction) -> CallFact:
    invocation = operation.host_function.invoke_contract
    assert invocation is not None
    contract = Address.from_xdr_sc_address(invocation.contract_address).address
    name = invocation.function_name.sc_symbol.decode()
    names = [each.name for each in BY_ADDRESS[contract].function(name).inputs]
    values = [native(argument) for argument in invocation.args]
    arguments = dict(zip(names, values, strict=True))
    scalars = {key: value for key, value in arguments.items() if not isinstance(value, list)}
    return CallFact(contract=contract, name=name, arguments=scalars)


def first(operations: list[Operation]) -> tuple[str, int]:
    match operations[0]:
        case Payment() as payment:
            return payment.destination.account_id, Operation.to_xdr_amount(payment.amount)
        case InvokeHostFunction() as call:
            return call_fact(call).contract, 0
        case other:
            raise AssertionError(other)


def meta_events(row: dict[str, Any]) -> Iterator[stellar_xdr.ContractEvent]:
    meta = stellar_xdr.TransactionMeta.from_xdr(row["resultMetaXdr"])
    if meta.v4:
        for operation in meta.v4.operations:
            yield from operation.events
    elif meta.v3 and meta.v3.soroban_meta:
        yield from meta.v3.soroban_meta.events


def test_every_transaction_is_a_fact_in_its_place(chain: StellarChain, ask: Ask) -> None:
    rows = [
        (row["txHash"], row["applicationOrder"] - 1, row["status"] == "SUCCESS")
        for row in transaction_rows(ask)
    ]
    assert rows == [(each.hash, each.index, each.succeeded) for each in planted(chain)]


def test_senders_and_first_operations_are_the_planted_ones(chain: StellarChain, ask: Ask) -> None:
    read = []
    for row in transaction_rows(ask):
        transaction = inner(row).transaction
        read.append((transaction.source.account_id, *first(list(transaction.operations))))
    assert read == [(each.sender, each.receiver, each.value) for each in planted(chain)]


def test_calls_are_the_planted_ones(chain: StellarChain, ask: Ask) -> None:
    read = [
        tuple(
            call_fact(operation)
            for operation in inner(row).transaction.operations
            if isinstance(operation, InvokeHostFunction)
        )
        for row in transaction_rows(ask)
    ]
    assert read == [each.calls for each in planted(chain)]


def test_events_are_the_planted_ones(chain: StellarChain, ask: Ask) -> None:
    read: dict[str, list[EventFact]] = {}
    for row in event_rows(ask):
        read.setdefault(row["txHash"], []).append(event_fact(row))
    assert read == {each.hash: list(each.events) for each in planted(chain) if each.events}


def test_events_are_those_of_the_meta(ask: Ask) -> None:
    bodies = [
        event.body.v0
        for row in transaction_rows(ask)
        for event in meta_events(row)
        if event.body.v0 is not None
    ]
    from_meta = [([topic.to_xdr() for topic in v0.topics], v0.data.to_xdr()) for v0 in bodies]
    assert [(row["topic"], row["value"]) for row in event_rows(ask)] == from_meta


def test_later_operations_pay_neither_more_nor_anybody_watched(
    chain: StellarChain, ask: Ask
) -> None:
    watched = {each.sender for each in planted(chain)}
    count = 0
    for row in transaction_rows(ask):
        for later in inner(row).transaction.operations[1:]:
            receiver, value = first([later])
            count += 1
            assert receiver not in watched
            assert value <= first(list(inner(row).transaction.operations))[1]
    assert count > 0


def test_a_failed_call_leaves_diagnostics_and_no_event(chain: StellarChain, ask: Ask) -> None:
    failed = {each.hash for each in planted(chain) if each.calls and not each.succeeded}
    rows = [row for row in transaction_rows(ask) if row["txHash"] in failed]
    assert failed
    for row in rows:
        events = [stellar_xdr.DiagnosticEvent.from_xdr(text) for text in row["diagnosticEventsXdr"]]
        assert not any(event.in_successful_contract_call for event in events)
    assert failed.isdisjoint(row["txHash"] for row in event_rows(ask))


def test_everything_that_the_network_can_do_happens(chain: StellarChain) -> None:
    facts = planted(chain)
    assert {(call.contract, call.name) for each in facts for call in each.calls} == {
        (contract.address, function.name)
        for contract in CONTRACTS
        for function in contract.functions
    }


def test_some_amounts_pass_64_bits() -> None:
    chain = StellarChain(seed=3)
    for number in range(10):
        chain.produce(produced_at_ms=number)
    amounts = [
        event.arguments["amount"]
        for each in planted(chain)
        for event in each.events
        if event.name == "transfer"
    ]
    assert any(isinstance(amount, int) and amount >= 2**64 for amount in amounts)
