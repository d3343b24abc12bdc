import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from stellar_sdk import Address, scval, soroban_rpc
from stellar_sdk import xdr as stellar_xdr
from xdrlib3 import Unpacker

from tocsin.devnet.network import RpcCallError
from tocsin.devnet.stellar.chain import NETWORK_NAME, StellarChain
from tocsin.devnet.stellar.contracts import CONTRACT_SPECS, CONTRACTS, Contract

Ask = Callable[..., Any]


def test_health_names_the_window(ask: Ask) -> None:
    assert ask("getHealth") == {
        "status": "healthy",
        "latestLedger": 31,
        "oldestLedger": 1,
        "ledgerRetentionWindow": 1000,
    }


def test_the_network_is_told_by_its_passphrase(chain: StellarChain, ask: Ask) -> None:
    assert ask("getNetwork") == {
        "passphrase": NETWORK_NAME,
        "protocolVersion": chain.protocol,
    }


def test_the_version_is_that_of_the_protocol(chain: StellarChain, ask: Ask) -> None:
    info = soroban_rpc.GetVersionInfoResponse.model_validate(ask("getVersionInfo"))
    assert info.protocol_version == chain.protocol


def test_the_latest_ledger_is_the_head(chain: StellarChain, ask: Ask) -> None:
    assert ask("getLatestLedger") == {
        "id": chain.facts()[-1].hash,
        "protocolVersion": chain.protocol,
        "sequence": chain.head_number,
    }


def test_no_params_and_empty_params_mean_the_same(chain: StellarChain) -> None:
    assert chain.answer("getHealth", None) == chain.answer("getHealth", {})


def test_an_unknown_method_is_none(chain: StellarChain) -> None:
    with pytest.raises(RpcCallError) as refusal:
        chain.answer("eth_blockNumber", None)
    assert refusal.value.code == -32601


LEDGER_FIELDS = {"hash", "sequence", "ledgerCloseTime", "headerXdr", "metadataXdr"}
TRANSACTION_FIELDS = {
    "status",
    "txHash",
    "applicationOrder",
    "feeBump",
    "envelopeXdr",
    "resultXdr",
    "resultMetaXdr",
    "ledger",
    "createdAt",
}
EVENT_FIELDS = {
    "type",
    "ledger",
    "ledgerClosedAt",
    "contractId",
    "id",
    "txHash",
    "inSuccessfulContractCall",
    "topic",
    "value",
}


def test_a_ledger_has_the_fields_of_the_real_server(ask: Ask) -> None:
    page = ask("getLedgers", startLedger=2)
    assert all(set(row) == LEDGER_FIELDS for row in page["ledgers"])
    soroban_rpc.GetLedgersResponse.model_validate(page)


def test_a_transaction_has_the_fields_of_the_real_server(chain: StellarChain, ask: Ask) -> None:
    page = ask("getTransactions", startLedger=2)
    own = {22: set(), 23: {"events"}}[chain.protocol]
    for row in page["transactions"]:
        assert set(row) - {"diagnosticEventsXdr"} == TRANSACTION_FIELDS | own
    soroban_rpc.GetTransactionsResponse.model_validate(page)


def test_an_event_has_the_fields_of_the_real_server(chain: StellarChain, ask: Ask) -> None:
    own = {22: {"pagingToken"}, 23: {"operationIndex", "transactionIndex"}}[chain.protocol]
    for row in ask("getEvents", startLedger=2)["events"]:
        assert set(row) == EVENT_FIELDS | own


def test_a_page_of_events_has_the_fields_of_the_real_server(chain: StellarChain, ask: Ask) -> None:
    page = ask("getEvents", startLedger=2)
    if chain.protocol == 22:
        assert set(page) == {"events", "latestLedger", "cursor"}
    else:
        soroban_rpc.GetEventsResponse.model_validate(page)


def test_events_by_operation_are_those_of_the_transaction(chain: StellarChain, ask: Ask) -> None:
    by_operation = [
        event
        for row in ask("getTransactions", startLedger=1, pagination={"limit": 200})["transactions"]
        for events in row.get("events", {}).get("contractEventsXdr", [])
        for event in events
    ]
    planted = [
        event for block in chain.facts() for each in block.transactions for event in each.events
    ]
    assert len(by_operation) == {22: 0, 23: len(planted)}[chain.protocol]


def test_the_close_time_of_an_event_is_that_of_its_ledger(ask: Ask) -> None:
    (event,) = ask("getEvents", startLedger=2, pagination={"limit": 1})["events"]
    seconds = 5 * (event["ledger"] - 1)
    assert event["ledgerClosedAt"] == f"2026-01-01T00:00:{seconds:02d}Z"


def test_a_transaction_is_found_by_its_hash(chain: StellarChain, ask: Ask) -> None:
    fact = chain.facts()[-1].transactions[0]
    found = ask("getTransaction", hash=fact.hash.upper())
    row = soroban_rpc.GetTransactionResponse.model_validate(found)
    assert (row.transaction_hash, row.ledger) == (fact.hash, chain.head_number)


def test_an_unknown_transaction_is_not_found(ask: Ask) -> None:
    found = soroban_rpc.GetTransactionResponse.model_validate(ask("getTransaction", hash="ab" * 32))
    assert found.status == soroban_rpc.GetTransactionStatus.NOT_FOUND


def test_a_transaction_older_than_retention_is_forgotten() -> None:
    chain = StellarChain(seed=1, retention=2)
    for number in range(4):
        chain.produce(produced_at_ms=number)
    old = chain.facts()[1].transactions[0]
    answer = chain.answer("getTransaction", {"hash": old.hash})
    assert isinstance(answer, dict)
    assert answer["status"] == "NOT_FOUND"


def instance_key(contract: Contract) -> str:
    return stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_DATA,
        contract_data=stellar_xdr.LedgerKeyContractData(
            Address(contract.address).to_xdr_sc_address(),
            stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_LEDGER_KEY_CONTRACT_INSTANCE),
            stellar_xdr.ContractDataDurability.PERSISTENT,
        ),
    ).to_xdr()


def entry_data(answer: Any) -> stellar_xdr.LedgerEntryData:
    (entry,) = soroban_rpc.GetLedgerEntriesResponse.model_validate(answer).entries or []
    return stellar_xdr.LedgerEntryData.from_xdr(entry.xdr)


def downloaded_code(ask: Ask, contract: Contract) -> stellar_xdr.ContractCodeEntry:
    instance = entry_data(ask("getLedgerEntries", keys=[instance_key(contract)]))
    assert instance.contract_data is not None
    assert instance.contract_data.val.instance is not None
    wasm_hash = instance.contract_data.val.instance.executable.wasm_hash
    assert wasm_hash is not None
    key = stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_CODE,
        contract_code=stellar_xdr.LedgerKeyContractCode(wasm_hash),
    )
    code = entry_data(ask("getLedgerEntries", keys=[key.to_xdr()])).contract_code
    assert code is not None
    return code


def custom_sections(wasm: bytes) -> dict[bytes, bytes]:
    """Read the custom sections of a module that has no others."""
    assert wasm[:8] == b"\0asm\1\0\0\0"
    sections, position = {}, 8
    while position < len(wasm):
        assert wasm[position] == 0
        size, position = leb128(wasm, position + 1)
        length, start = leb128(wasm, position)
        sections[wasm[start : start + length]] = wasm[start + length : position + size]
        position += size
    return sections


def leb128(data: bytes, position: int) -> tuple[int, int]:
    number, shift = 0, 0
    while data[position] & 0x80:
        number |= (data[position] & 0x7F) << shift
        position, shift = position + 1, shift + 7
    return number | data[position] << shift, position + 1


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.events[0].name)
def test_the_code_carries_the_published_spec(ask: Ask, contract: Contract) -> None:
    code = downloaded_code(ask, contract)
    assert sha256(code.code).digest() == code.hash.hash
    unpacker = Unpacker(custom_sections(code.code)[b"contractspecv0"])
    entries = []
    while unpacker.get_position() < len(unpacker.get_buffer()):
        entries.append(json.loads(stellar_xdr.SCSpecEntry.unpack(unpacker).to_json()))
    assert entries == sdk_spelling(CONTRACT_SPECS[contract.address])


def sdk_spelling(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key.removesuffix("_") if key == "type_" else key: sdk_spelling(member)
            for key, member in value.items()
        }
    return [sdk_spelling(each) for each in value] if isinstance(value, list | tuple) else value


def test_an_entry_that_is_not_there_is_left_out(ask: Ask) -> None:
    key = stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_DATA,
        contract_data=stellar_xdr.LedgerKeyContractData(
            Address(CONTRACTS[0].address).to_xdr_sc_address(),
            scval.to_symbol("no such thing".replace(" ", "_")),
            stellar_xdr.ContractDataDurability.PERSISTENT,
        ),
    ).to_xdr()
    assert ask("getLedgerEntries", keys=[key])["entries"] == []


def test_entries_come_in_the_order_of_their_keys_and_once(ask: Ask) -> None:
    keys = [instance_key(contract) for contract in reversed(CONTRACTS)]
    answer = ask("getLedgerEntries", keys=[*keys, keys[0]])
    assert [entry["key"] for entry in answer["entries"]] == keys


TTL_KEY = stellar_xdr.LedgerKey(
    stellar_xdr.LedgerEntryType.TTL, ttl=stellar_xdr.LedgerKeyTtl(stellar_xdr.Hash(bytes(32)))
).to_xdr()
TOO_LONG_KEY = b64encode(b64decode(TTL_KEY) + b"\0").decode()


@pytest.mark.parametrize(
    "keys",
    [["!"], [""], ["AAAA"], ["\ud800"], [TTL_KEY], [TOO_LONG_KEY], ["A" * 8192], [TTL_KEY] * 201],
    ids=["text", "empty", "short", "surrogate", "ttl", "trailing", "deep", "many"],
)
def test_a_bad_key_is_refused(ask: Ask, keys: list[str]) -> None:
    with pytest.raises(RpcCallError) as refusal:
        ask("getLedgerEntries", keys=keys)
    assert refusal.value.code == -32602
