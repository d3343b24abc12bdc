"""The simulated network, whose code is not ours, says what it planted; decoding must find that."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.support.stellar_ledgers import NETWORK_ID, network
from tests.support.stellar_node import SimulatedNode, a_stellar_chain
from tocsin.chains.stellar.family import StellarFamily
from tocsin.chains.stellar.rpc import StellarClient
from tocsin.devnet.network import TransactionFacts
from tocsin.devnet.stellar.chain import StellarChain
from tocsin.devnet.stellar.contracts import CONTRACTS
from tocsin.errors import BlockNotFoundError
from tocsin.model.activity import ActivityKind, DecodedTransaction, TransactionStatus
from tocsin.model.interface import Layout
from tocsin.model.monitor import AddressDraft, ConditionDraft, MonitorDraft

LEDGER_COUNT = 30
CONDITIONS = [
    (ActivityKind.EVENT, "transfer(Address,Address,I128)"),
    (ActivityKind.EVENT, "swap(Address,Symbol,I128,I128,I32)"),
    (ActivityKind.EVENT, "price_set(Symbol,U128,U64)"),
    (ActivityKind.FUNCTION, "transfer(Address,Address,I128)"),
    (ActivityKind.FUNCTION, "swap(Address,Symbol,U32,Vec<Symbol>,I128)"),
    (ActivityKind.FUNCTION, "set_price(Symbol,U128,U64)"),
]


@pytest.fixture(params=[22, 23], scope="module")
def chain(request: pytest.FixtureRequest) -> StellarChain:
    return a_stellar_chain(ledgers=LEDGER_COUNT, protocol=request.param)


def layouts() -> dict[str, tuple[str, Layout]]:
    """Return each key's name and layout, as a monitor of all contracts has them."""
    draft = MonitorDraft(
        name="m",
        networks=(),
        paused=False,
        addresses=tuple(
            AddressDraft(
                address=each.address, contract_spec=msgspec.Raw(msgspec.json.encode(each.spec()))
            )
            for each in CONTRACTS
        ),
        conditions=tuple(ConditionDraft(kind=kind, signature=text) for kind, text in CONDITIONS),
        triggers=(),
    )
    keyed = StellarFamily().key_monitor(draft).conditions
    return {each.key: (each.signature.partition("(")[0], each.layout) for each in keyed}


def found(transaction: DecodedTransaction) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for activity in transaction.activities:
        name, layout = layouts()[activity.key]
        arguments = activity.arguments(layout)
        assert arguments is not None
        named = {each.name: each.value for each in arguments if not isinstance(each.value, list)}
        yield activity.kind.value, name, named


def planted(facts: TransactionFacts) -> list[tuple[str, str, dict[str, Any]]]:
    calls = [("function", each.name, dict(each.arguments)) for each in facts.calls]
    return calls + [("event", each.name, dict(each.arguments)) for each in facts.events]


async def test_decoding_finds_exactly_what_was_planted(chain: StellarChain) -> None:
    client = StellarClient(network(), SimulatedNode(chain))
    counted = 0
    for block in chain.facts():
        ledger = StellarFamily().decode(await client.bundle_at(block.number))
        assert (ledger.ref.hash, ledger.ref.parent_hash) == (block.hash, block.parent_hash)
        for transaction, facts in zip(ledger.transactions, block.transactions, strict=True):
            assert transaction.ref.hash == facts.hash
            assert (transaction.status is TransactionStatus.SUCCESS) == facts.succeeded
            assert list(found(transaction)) == planted(facts)
            counted += len(facts.events)
        assert ledger.malformed_count == 0
    assert counted > LEDGER_COUNT


async def test_transactions_show_who_pays_whom(chain: StellarChain) -> None:
    client = StellarClient(network(), SimulatedNode(chain))
    for block in chain.facts(since_number=2):
        ledger = StellarFamily().decode(await client.bundle_at(block.number))
        for transaction, facts in zip(ledger.transactions, block.transactions, strict=True):
            view = {each.name: each.value for each in transaction.views()[0]}
            assert (view["value"], view["from"], view["to"]) == (
                facts.value,
                facts.sender,
                facts.receiver,
            )


async def test_the_head_is_the_network_s(chain: StellarChain) -> None:
    head = await StellarClient(network(), SimulatedNode(chain)).head()
    assert (head.number, head.hash) == (chain.head_number, chain.facts()[-1].hash)


async def test_a_ledger_that_is_not_closed_yet_is_not_found(chain: StellarChain) -> None:
    with pytest.raises(BlockNotFoundError, match="beyond the newest"):
        await StellarClient(network(), SimulatedNode(chain)).bundle_at(chain.head_number + 1)


async def test_an_answer_to_one_ledger_is_a_recording_too(chain: StellarChain) -> None:
    bundle = await StellarClient(network(), SimulatedNode(chain)).bundle_at(5)
    assert StellarFamily().bundle_from_json(NETWORK_ID, bundle.parts) == bundle
