"""Who waits for what in a ledger: contracts, any contract, accounts, any account."""

from base64 import b64encode
from collections.abc import Sequence
from time import process_time
from typing import Any

import pytest
from stellar_sdk import Account as SdkAccount
from stellar_sdk import Address, TransactionBuilder, scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import (
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
    base64,
    contract,
)
from tests.support.stellar_operations import OPERATIONS
from tocsin.chains.stellar.decode import StellarLedger, decode
from tocsin.chains.stellar.operations import TYPES
from tocsin.model.activity import file_by_key

OTHER = contract(2)
OLD, NEW = "11" * 32, "22" * 32


def found(ledger: StellarLedger, *keys: str) -> list[tuple[int, str, str]]:
    """Return place, kind and the key somebody waited with."""
    waiting = file_by_key({key: key for key in keys})
    return [(place, each.kind.value, key) for place, each, key in ledger.find_waiting(waiting)]


def a_ledger_of(transaction: Json, *events: Json) -> StellarLedger:
    return decode(RawLedger([transaction], list(events)).bundle())


def shown(ledger: StellarLedger, key: str) -> list[dict[str, Any]]:
    """Return the fields of every operation that a key finds."""
    _, type_name, _ = key.split(":")
    layout = TYPES[type_name].layout
    return [
        {each.name: each.value for each in activity.arguments(layout) or ()}
        for _, activity, _ in ledger.find_waiting(file_by_key({key: key}))
    ]


@pytest.mark.parametrize("party", [SENDER, account(2), ""])
def test_a_payment_is_found_under_each_party_and_under_none(party: str) -> None:
    ledger = a_ledger_of(a_transaction())
    assert found(ledger, f"o:payment:{party}") == [(0, "operation", f"o:payment:{party}")]


def test_a_payment_is_not_found_under_a_stranger() -> None:
    ledger = a_ledger_of(a_transaction())
    assert found(ledger, f"o:payment:{account(7)}", "o:clawback:", f"o:clawback:{SENDER}") == []


def test_what_is_found_twice_is_one_and_the_same() -> None:
    ledger = a_ledger_of(a_transaction())
    waiting = file_by_key({f"o:payment:{SENDER}": 1, f"o:payment:{account(2)}": 2, "o:payment:": 3})
    activities = [activity for _, activity, _ in ledger.find_waiting(waiting)]
    assert len(activities) == 3
    assert len(set(map(id, activities))) == 1
    assert ledger.activity(0, activities[0]) is activities[0]


def test_the_issuer_of_an_asset_is_a_party() -> None:
    ledger = a_ledger_of(a_transaction(an_envelope(OPERATIONS["payment, issued"])))
    assert found(ledger, f"o:payment:{account(3)}") != []


def test_calls_and_events_of_any_contract_have_no_contract_in_their_key() -> None:
    transaction = a_transaction(a_call("Pay"))
    ledger = a_ledger_of(transaction, a_transfer(transaction))
    assert found(ledger, "e::transfer", "f::pay", "e::other") == [
        (0, "function", "f::pay"),
        (0, "event", "e::transfer"),
    ]


def test_an_event_may_be_waited_for_twice() -> None:
    transaction = a_transaction()
    ledger = a_ledger_of(transaction, a_transfer(transaction))
    assert [key for _, _, key in found(ledger, f"e:{TOKEN}:transfer", "e::transfer")] == [
        f"e:{TOKEN}:transfer",
        "e::transfer",
    ]


def test_events_of_other_contracts_are_not_looked_at() -> None:
    transaction = a_transaction()
    broken = a_transfer(transaction) | {"topic": ["garbage"]}
    ledger = a_ledger_of(transaction, broken)
    assert found(ledger, f"e:{OTHER}:transfer") == []
    assert ledger.malformed_count == 0
    assert found(ledger, f"e:{TOKEN}:transfer") == []
    assert ledger.malformed_count == 1


def test_every_operation_of_a_transaction_is_found_in_order() -> None:
    ledger = a_ledger_of(a_transaction(an_envelope(a_payment("1"), a_payment("2"))))
    assert [each["amount"] for each in shown(ledger, "o:payment:")] == [10_000_000, 20_000_000]


def test_operations_of_a_failed_transaction_are_found() -> None:
    assert found(a_ledger_of(a_transaction(status="FAILED")), "o:payment:") != []


def test_an_operation_that_cannot_be_read_is_malformed_and_the_others_are_found() -> None:
    envelope = bytearray(an_envelope(OPERATIONS["change trust"]).to_xdr_bytes())
    (transaction,) = [a_transaction(b64encode(bytes(envelope[:-30])).decode())]
    ledger = a_ledger_of(transaction)
    assert shown(ledger, "o:change_trust:") == [{}]
    assert found(ledger, f"o:change_trust:{SENDER}") == []
    assert ledger.malformed_count == 2


def test_an_unknown_type_of_operation_is_malformed() -> None:
    raw = an_envelope(OPERATIONS["inflation"]).to_xdr_bytes()
    tail = (9).to_bytes(4, "big") + bytes(8)
    assert raw.endswith(tail)
    envelope = raw[: -len(tail)] + (99).to_bytes(4, "big") + bytes(8)
    ledger = a_ledger_of(a_transaction(b64encode(envelope).decode()))
    assert found(ledger, "o:inflation:") == []
    assert ledger.malformed_count == 1


def test_an_envelope_that_cannot_be_read_has_no_operations() -> None:
    ledger = a_ledger_of(a_transaction("AAAA"))
    assert found(ledger, "o:payment:", f"f:{TOKEN}:pay") == []
    assert ledger.malformed_count == 1


def a_footprint(
    operation: str, *, archived: Sequence[int] | None = None
) -> stellar_xdr.TransactionEnvelope:
    """Return an operation with contracts and code in its footprint."""
    data = stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_DATA,
        contract_data=stellar_xdr.LedgerKeyContractData(
            Address(TOKEN).to_xdr_sc_address(),
            scval.to_symbol("k"),
            stellar_xdr.ContractDataDurability.PERSISTENT,
        ),
    )
    code = stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_CODE,
        contract_code=stellar_xdr.LedgerKeyContractCode(stellar_xdr.Hash(bytes.fromhex(NEW))),
    )
    owner = stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.ACCOUNT,
        account=stellar_xdr.LedgerKeyAccount(
            stellar_xdr.AccountID.from_xdr_bytes(bytes(4) + bytes(32))
        ),
    )
    zero = stellar_xdr.Uint32(0)
    soroban = stellar_xdr.SorobanTransactionData(
        ext=stellar_xdr.SorobanTransactionDataExt(0),
        resources=stellar_xdr.SorobanResources(
            stellar_xdr.LedgerFootprint([data, owner], [code, data]), zero, zero, zero
        ),
        resource_fee=stellar_xdr.Int64(0),
    )
    if archived is not None:
        soroban.ext = stellar_xdr.SorobanTransactionDataExt(
            1,
            resource_ext=stellar_xdr.SorobanResourcesExtV0(
                [stellar_xdr.Uint32(each) for each in archived]
            ),
        )
    builder = TransactionBuilder(SdkAccount(SENDER, 1), PASSPHRASE, base_fee=100)
    builder.add_time_bounds(0, 0)
    builder.append_operation(OPERATIONS[operation])
    builder.set_soroban_data(soroban)
    return builder.build().to_xdr_object()


@pytest.mark.parametrize("archived", [None, (), (0, 1)])
def test_a_longer_life_shows_whose_data_and_which_code_live_longer(
    archived: Sequence[int] | None,
) -> None:
    ledger = a_ledger_of(a_transaction(a_footprint("extend", archived=archived)))
    (fields,) = shown(ledger, f"o:extend_footprint_ttl:{TOKEN}")
    assert fields == {
        "source": SENDER,
        "extend_to": 100,
        "contracts": [TOKEN],
        "wasm_hashes": [NEW],
    }


def test_a_restored_contract_is_a_party() -> None:
    ledger = a_ledger_of(a_transaction(a_footprint("restore")))
    assert [each["contracts"] for each in shown(ledger, f"o:restore_footprint:{TOKEN}")] == [
        [TOKEN]
    ]


def a_crowd(count: int, footprint: bytes | None) -> StellarLedger:
    """Return a ledger with that many restorations in one transaction, and its footprint if any."""
    opening = [(2).to_bytes(4), bytes(4 + 32), bytes(12), bytes(4 + 4), count.to_bytes(4)]
    restore = bytes(4) + (26).to_bytes(4) + bytes(4)
    resources = bytes(4) if footprint is None else (1).to_bytes(4) + bytes(4) + footprint
    envelope = b"".join(opening) + restore * count + resources
    return a_ledger_of(a_transaction(b64encode(envelope).decode()))


def code_keys(count: int) -> bytes:
    """Return a footprint that reads that much code."""
    keys = ((7).to_bytes(4) + each.to_bytes(32) for each in range(count))
    return count.to_bytes(4) + b"".join(keys) + bytes(4)


def test_who_has_no_resources_has_an_empty_footprint() -> None:
    (fields,) = shown(a_crowd(1, None), "o:restore_footprint:")
    assert (fields["contracts"], fields["wasm_hashes"]) == ([], [])


def test_a_footprint_has_a_limit() -> None:
    (fields,) = shown(a_crowd(1, code_keys(1000)), "o:restore_footprint:")
    assert len(fields["wasm_hashes"]) == 1000
    ledger = a_crowd(1, code_keys(1001))
    assert shown(ledger, "o:restore_footprint:") == [{}]
    assert ledger.malformed_count == 1


def test_a_footprint_is_not_read_for_each_of_many_operations() -> None:
    # the Soroban host takes one operation alone; more would cost minutes of a hostile ledger
    key = (6).to_bytes(4) + (1).to_bytes(4) + bytes(32) + (16).to_bytes(4) + (1).to_bytes(4)
    value = (20_000).to_bytes(4) + ((3).to_bytes(4) + bytes(4)) * 20_000
    ledger = a_crowd(100, (1).to_bytes(4) + key + value + bytes(8))
    before = process_time()
    assert {len(each["contracts"]) for each in shown(ledger, "o:restore_footprint:")} == {0}
    assert process_time() - before < 1


def test_the_issuer_of_an_asset_with_a_colon_in_its_code_is_a_party() -> None:
    raw = an_envelope(OPERATIONS["payment, issued"]).to_xdr_bytes()
    ledger = a_ledger_of(a_transaction(b64encode(raw.replace(b"LONGCODE", b"LONG:ODE")).decode()))
    assert found(ledger, f"o:payment:{account(3)}") != []


def an_update(
    old: stellar_xdr.SCVal | None = None, *, kind: int = 0, name: str = "executable_update"
) -> stellar_xdr.ContractEvent:
    """Return what the host emits where a contract exchanges its code."""
    topics = [
        scval.to_symbol(name),
        old or scval.to_vec([scval.to_symbol("Wasm"), scval.to_bytes(bytes.fromhex(OLD))]),
        scval.to_vec([scval.to_symbol("Wasm"), scval.to_bytes(bytes.fromhex(NEW))]),
    ]
    return stellar_xdr.ContractEvent(
        ext=stellar_xdr.ExtensionPoint(0),
        contract_id=stellar_xdr.ContractID(stellar_xdr.Hash((1).to_bytes(32, "big"))),
        type=stellar_xdr.ContractEventType(kind),
        body=stellar_xdr.ContractEventBody(
            0, v0=stellar_xdr.ContractEventV0(topics, scval.to_vec([]))
        ),
    )


def listed(*events: Any) -> Json:
    return {"events": {"contractEventsXdr": [[base64(each) for each in events], None]}}


def diagnosed(event: stellar_xdr.ContractEvent, *, successful: bool = True) -> Json:
    return {"diagnosticEventsXdr": [base64(stellar_xdr.DiagnosticEvent(successful, event))]}


UPGRADE = {"source": SENDER, "contract": TOKEN, "old_wasm_hash": OLD, "new_wasm_hash": NEW}


@pytest.mark.parametrize("told", [listed(an_update()), diagnosed(an_update())])
def test_an_upgrade_is_found_where_the_node_tells_of_it(told: Json) -> None:
    ledger = a_ledger_of(a_transaction(a_call("upgrade")) | told)
    assert shown(ledger, "o:contract_upgrade:") == [UPGRADE]
    assert shown(ledger, f"o:contract_upgrade:{TOKEN}") == [UPGRADE]
    assert shown(ledger, f"o:contract_upgrade:{OTHER}") == []


def test_an_upgrade_is_found_although_the_envelope_cannot_be_read() -> None:
    garbled = a_transaction(a_call("upgrade")) | listed(an_update()) | {"envelopeXdr": "AAAA"}
    expected = UPGRADE | {"source": None}
    assert shown(a_ledger_of(garbled), f"o:contract_upgrade:{TOKEN}") == [expected]


def test_an_upgrade_told_twice_is_one() -> None:
    told = listed(an_update()) | diagnosed(an_update())
    transaction = a_transaction(a_call("upgrade")) | told
    ledger = a_ledger_of(transaction, a_system_event(transaction))
    assert shown(ledger, "o:contract_upgrade:") == [UPGRADE]


def a_system_event(transaction: Json) -> Json:
    body = an_update().body.v0
    assert body is not None
    return an_event(transaction, body.topics) | {"type": "system"}


def test_an_upgrade_is_found_among_all_events() -> None:
    transaction = a_transaction(a_call("upgrade"))
    ledger = a_ledger_of(transaction, a_system_event(transaction))
    assert shown(ledger, "o:contract_upgrade:") == [UPGRADE]


def test_the_host_s_own_token_has_no_code() -> None:
    token = scval.to_vec([scval.to_symbol("StellarAsset")])
    ledger = a_ledger_of(a_transaction(a_call("upgrade")) | listed(an_update(token)))
    assert [each["old_wasm_hash"] for each in shown(ledger, "o:contract_upgrade:")] == [None]


def without_contract(event: stellar_xdr.ContractEvent) -> stellar_xdr.ContractEvent:
    event.contract_id = None
    return event


@pytest.mark.parametrize(
    "told",
    [
        listed(an_update(kind=1)),
        listed(an_update(name="other")),
        listed(without_contract(an_update())),
        diagnosed(an_update(), successful=False),
        {"diagnosticEventsXdr": ["garbage", "AAAA"]},
        {"diagnosticEventsXdr": None},
    ],
    ids=["a contract's own", "another name", "nobody's", "rolled back", "garbage", "none"],
)
def test_what_only_looks_like_an_upgrade_is_none(told: Json) -> None:
    ledger = a_ledger_of(a_transaction(a_call("upgrade")) | told)
    assert shown(ledger, "o:contract_upgrade:") == []


def test_a_system_event_of_garbage_tells_of_nothing() -> None:
    transaction = a_transaction(a_call("upgrade"))
    event = a_system_event(transaction) | {"topic": ["garbage"]}
    assert shown(a_ledger_of(transaction, event), "o:contract_upgrade:") == []
