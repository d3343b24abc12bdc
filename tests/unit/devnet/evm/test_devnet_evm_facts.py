"""What the chain planted is what another library decodes from its bytes."""

from typing import Any

import pytest
from eth_abi.abi import decode
from eth_hash.auto import keccak

from tests.support.devnet import an_evm_chain, ask, block_at
from tocsin.devnet.evm.chain import EvmChain
from tocsin.devnet.evm.erc20 import DFEE, TOKENS, erc20_abi
from tocsin.devnet.network import BlockFacts, TransactionFacts

HEIGHT = 40


@pytest.fixture(scope="module")
def chain() -> EvmChain:
    return an_evm_chain(blocks=HEIGHT)


@pytest.fixture(scope="module")
def transactions(chain: EvmChain) -> list[TransactionFacts]:
    return [each for block in chain.facts() for each in block.transactions]


@pytest.fixture(scope="module")
def receipts(chain: EvmChain) -> dict[str, Any]:
    return {
        receipt["transactionHash"]: receipt
        for height in range(HEIGHT + 1)
        for receipt in ask(chain, "eth_getBlockReceipts", hex(height))
    }


def abi_entries() -> dict[bytes, dict[str, Any]]:
    entries: dict[bytes, dict[str, Any]] = {}
    for entry in erc20_abi():
        inputs: Any = entry["inputs"]
        signature = f"{entry['name']}({','.join(each['type'] for each in inputs)})"
        topic = keccak(signature.encode())
        entries[topic if entry["type"] == "event" else topic[:4]] = entry
    return entries


def decoded_log(log: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
    entry = abi_entries()[topics[0]]
    words = b"".join([*topics[1:], bytes.fromhex(log["data"][2:])])  # indexed ones come first
    values = decode([each["type"] for each in entry["inputs"]], words)
    names = [each["name"] for each in entry["inputs"]]
    return log["address"], entry["name"], dict(zip(names, values, strict=True))


def test_logs_decode_to_the_planted_events(
    transactions: list[TransactionFacts], receipts: dict[str, Any]
) -> None:
    for facts in transactions:
        planted = [(event.contract, event.name, event.arguments) for event in facts.events]
        assert [decoded_log(log) for log in receipts[facts.hash]["logs"]] == planted


def test_calldata_decodes_to_the_planted_calls(
    chain: EvmChain, transactions: list[TransactionFacts]
) -> None:
    for facts in transactions:
        transaction = ask(chain, "eth_getTransactionByHash", facts.hash)
        calldata = bytes.fromhex(transaction["input"][2:])
        for call in facts.calls:
            entry = abi_entries()[calldata[:4]]
            values = decode([each["type"] for each in entry["inputs"]], calldata[4:])
            names = [each["name"] for each in entry["inputs"]]
            assert (entry["name"], transaction["to"]) == (call.name, call.contract)
            assert dict(zip(names, values, strict=True)) == call.arguments


def test_the_json_of_a_transaction_says_what_was_planted(
    chain: EvmChain, transactions: list[TransactionFacts], receipts: dict[str, Any]
) -> None:
    for facts in transactions:
        transaction = ask(chain, "eth_getTransactionByHash", facts.hash)
        assert transaction["from"] == facts.sender
        assert (transaction["to"] or "") == facts.receiver
        assert int(transaction["value"], 16) == facts.value
        assert int(transaction["transactionIndex"], 16) == facts.index
        assert (receipts[facts.hash]["status"] == "0x1") == facts.succeeded


def test_a_failed_transaction_leaves_no_log(transactions: list[TransactionFacts]) -> None:
    failed = [facts for facts in transactions if not facts.succeeded]
    assert failed
    assert not any(facts.events for facts in failed)


def test_a_failed_token_call_still_has_its_calldata(transactions: list[TransactionFacts]) -> None:
    failed = {call.name for facts in transactions if not facts.succeeded for call in facts.calls}
    assert failed == {"transfer", "transferFrom"}


def test_every_kind_of_call_on_every_token_occurs(transactions: list[TransactionFacts]) -> None:
    seen = {(call.contract, call.name) for facts in transactions for call in facts.calls}
    names = ("transfer", "approve", "transferFrom")
    assert seen == {(token.address, name) for token in TOKENS for name in names}


def test_plain_payments_creations_and_both_types_occur(
    chain: EvmChain, transactions: list[TransactionFacts]
) -> None:
    plain = [facts for facts in transactions if not facts.calls]
    assert any(facts.value > 0 and facts.succeeded for facts in plain)
    assert any(facts.receiver == "" for facts in plain)
    kinds = {each["type"] for each in block_at(chain, HEIGHT)["transactions"]}
    assert kinds == {"0x0", "0x2"}


def test_amounts_span_many_magnitudes(transactions: list[TransactionFacts]) -> None:
    amounts = [int(event.arguments["value"]) for facts in transactions for event in facts.events]
    assert min(amounts) == 0
    assert any(2**128 < amount < 2**256 - 1 for amount in amounts)
    assert len({amount.bit_length() // 10 for amount in amounts}) > 10


def test_a_fee_makes_two_transfers_of_one_transaction(transactions: list[TransactionFacts]) -> None:
    pairs = [
        facts.events
        for facts in transactions
        if len(facts.events) == 2 and facts.events[1].arguments.get("to") == DFEE.address
    ]
    assert pairs
    assert {event.name for pair in pairs for event in pair} == {"Transfer"}


def test_nonces_of_a_sender_count_without_holes(chain: EvmChain) -> None:
    nonces: dict[str, list[int]] = {}
    for height in range(HEIGHT + 1):
        for transaction in block_at(chain, height)["transactions"]:
            nonces.setdefault(transaction["from"], []).append(int(transaction["nonce"], 16))
    assert all(counted == list(range(len(counted))) for counted in nonces.values())


def test_a_creation_names_the_new_contract(
    transactions: list[TransactionFacts], receipts: dict[str, Any]
) -> None:
    for facts in transactions:
        created = receipts[facts.hash]["contractAddress"]
        assert (created is None) == bool(facts.receiver)


def test_facts_can_be_asked_from_a_number_on(chain: EvmChain) -> None:
    assert [block.number for block in chain.facts(since_number=HEIGHT - 1)] == [HEIGHT - 1, HEIGHT]


def test_facts_say_when_a_block_could_be_seen() -> None:
    chain = an_evm_chain(blocks=0)
    chain.produce(produced_at_ms=123)
    newest: BlockFacts = chain.facts()[-1]
    assert newest.produced_at_ms == 123
