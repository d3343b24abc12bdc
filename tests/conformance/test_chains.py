"""What every chain family promises, asked of each. A new family joins by one line in CHAINS."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.support.evm_blocks import TOKEN, FakeEvmNode, a_block, a_log
from tests.support.stellar_node import SimulatedNode, a_stellar_chain
from tocsin.chains.base import ChainClient, ChainFamilyCode, IdentityProbe, RpcCaller
from tocsin.chains.registry import family_code, open_client
from tocsin.devnet.stellar.contracts import TOKEN as STELLAR_TOKEN
from tocsin.errors import (
    BlockNotFoundError,
    ChainError,
    InputError,
    InterfaceError,
    MalformedBlockError,
    WrongChainError,
)
from tocsin.model.activity import Activity, ActivityKind
from tocsin.model.block import Bundle
from tocsin.model.ids import NetworkId
from tocsin.model.interface import Layout
from tocsin.model.monitor import AddressDraft, ConditionDraft, KeyedMonitor, MonitorDraft
from tocsin.model.network import ChainFamily, Network

NETWORK_ID = NetworkId(UUID(int=7))


@dataclass(frozen=True, kw_only=True)
class ChainCase:
    """A chain to ask: a node that serves a block with one call and one event of a contract.

    ``open_node`` makes an ``RpcCaller`` whose newest block is ``number``; ``signatures`` are
    those of the call and the event, ``spec`` is the contract's interface as JSON.
    """

    family: ChainFamily
    chain_identity: str
    open_node: Callable[[], RpcCaller]
    number: int
    unknown_hash: str
    address: str
    spec: Any
    signatures: dict[ActivityKind, str]


TRANSFER_INPUTS = [("from", "address", True), ("to", "address", True), ("value", "uint256", False)]

EVM = ChainCase(
    family=ChainFamily.EVM,
    chain_identity="1",
    open_node=lambda: FakeEvmNode(a_block(number=4), a_block([[], [a_log(), a_log()]])),
    number=5,
    unknown_hash="0x" + "00" * 32,
    address=TOKEN,
    spec=[
        {
            "type": "event",
            "name": "Transfer",
            "anonymous": False,
            "inputs": [{"name": n, "type": k, "indexed": i} for n, k, i in TRANSFER_INPUTS],
        },
        {
            "type": "function",
            "name": "transfer",
            "inputs": [{"name": n, "type": k} for n, k, _ in TRANSFER_INPUTS[1:]],
            "outputs": [],
        },
    ],
    signatures={
        ActivityKind.EVENT: "Transfer(address,address,uint256)",
        ActivityKind.FUNCTION: "transfer(address,uint256)",
    },
)

STELLAR = ChainCase(
    family=ChainFamily.STELLAR,
    chain_identity=a_stellar_chain(ledgers=0).passphrase,
    open_node=lambda: SimulatedNode(a_stellar_chain(ledgers=2, transactions=(40, 40))),
    number=3,
    unknown_hash="00" * 32,
    address=STELLAR_TOKEN.address,
    spec=STELLAR_TOKEN.spec(),
    signatures={
        ActivityKind.EVENT: "transfer(Address,Address,I128)",
        ActivityKind.FUNCTION: "transfer(Address,Address,I128)",
    },
)

CHAINS: dict[str, ChainCase] = {
    "evm": EVM,
    "stellar": STELLAR,
}


class SpoilingNode:
    """A node whose every answer goes through ``spoil`` first."""

    def __init__(self, node: RpcCaller, spoil: Callable[[bytes], bytes]) -> None:
        self._node = node
        self._spoil = spoil
        self.distrust_count = 0

    def require_identity(self, probe: IdentityProbe, expected: str) -> None:
        self._node.require_identity(probe, expected)

    def distrust(self) -> None:
        self.distrust_count += 1

    async def call(self, method: str, params: object) -> bytes:
        return self._spoil(await self._node.call(method, params))

    async def call_batch(self, calls: Sequence[tuple[str, object]]) -> Sequence[bytes]:
        return [self._spoil(each) for each in await self._node.call_batch(calls)]


@pytest.fixture(params=CHAINS.values(), ids=list(CHAINS))
def chain(request: pytest.FixtureRequest) -> ChainCase:
    chosen = request.param
    assert isinstance(chosen, ChainCase)
    return chosen


@pytest.fixture
def code(chain: ChainCase) -> ChainFamilyCode:
    return family_code(chain.family)


@pytest.fixture
def client(chain: ChainCase) -> ChainClient:
    return open_client(a_network(chain), chain.open_node())


@pytest.fixture
async def bundle(chain: ChainCase, client: ChainClient) -> Bundle:
    return await client.bundle_at(chain.number)


def a_network(chain: ChainCase, chain_identity: str | None = None) -> Network:
    return Network(
        id=NETWORK_ID,
        tenant_id=None,
        slug="tested",
        name="Tested",
        family=chain.family,
        chain_identity=chain_identity or chain.chain_identity,
        block_time=timedelta(seconds=5),
        confirmation_count=1,
        start_number=None,
    )


def a_draft(
    chain: ChainCase, *conditions: ConditionDraft, address: str | None = None
) -> MonitorDraft:
    spec = msgspec.Raw(json.dumps(chain.spec).encode())
    return MonitorDraft(
        name="m",
        networks=("tested",),
        paused=False,
        addresses=(AddressDraft(address=address or chain.address, contract_spec=spec),),
        conditions=conditions,
        triggers=(),
    )


def every_condition(chain: ChainCase) -> list[ConditionDraft]:
    named = [
        ConditionDraft(kind=kind, signature=signature, field=f"match_conditions.{kind.value}s[0]")
        for kind, signature in chain.signatures.items()
    ]
    return [*named, ConditionDraft(kind=ActivityKind.TRANSACTION)]


def keyed_by_kind(keyed: KeyedMonitor) -> dict[ActivityKind, Any]:
    return {condition.kind: condition for condition in keyed.conditions}


def activities_of(code: ChainFamilyCode, bundle: Bundle) -> list[Activity]:
    return [each for t in code.decode(bundle).transactions for each in t.activities]


async def test_a_client_tells_one_story_of_a_block(chain: ChainCase, client: ChainClient) -> None:
    head = await client.head()
    assert head.number == chain.number
    assert await client.ref_at(chain.number) == head
    assert (await client.bundle_at(chain.number)).ref == head
    assert (await client.bundle_of(head.hash, chain.number)).ref == head


async def test_a_bundle_names_its_network_and_decodes_to_its_own_block(
    code: ChainFamilyCode, bundle: Bundle
) -> None:
    assert bundle.network_id == NETWORK_ID
    assert code.decode(bundle).ref == bundle.ref
    assert bundle.ref.block_time.utcoffset() == timedelta(0)


async def test_a_height_nobody_reached_is_not_found(chain: ChainCase, client: ChainClient) -> None:
    for asking in (client.ref_at(chain.number + 9), client.bundle_at(chain.number + 9)):
        with pytest.raises(BlockNotFoundError):
            await asking


async def test_an_unknown_hash_is_not_taken_for_the_block_at_its_height(
    chain: ChainCase, client: ChainClient
) -> None:
    with pytest.raises((BlockNotFoundError, MalformedBlockError)):
        await client.bundle_of(chain.unknown_hash, chain.number)


async def test_the_right_chain_is_recognised(client: ChainClient) -> None:
    await client.check_identity()


async def test_another_chain_is_refused(chain: ChainCase) -> None:
    client = open_client(a_network(chain, chain_identity="12345"), chain.open_node())
    with pytest.raises(WrongChainError):
        await client.check_identity()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda _: b"",
        lambda _: b"{}",
        lambda _: b"[]",
        lambda _: b"12",
        lambda _: b'"\xff"',
        lambda _: b"[" * 100_000,
    ],
    ids=["truncated", "nothing", "object", "list", "number", "not UTF-8", "endless"],
)
async def test_a_spoilt_answer_is_a_retryable_chain_error(
    chain: ChainCase, spoil: Callable[[bytes], bytes]
) -> None:
    client = open_client(a_network(chain), SpoilingNode(chain.open_node(), spoil))
    for asking in (client.head(), client.ref_at(chain.number), client.bundle_at(chain.number)):
        with pytest.raises(ChainError) as caught:
            await asking
        assert caught.value.retryable


async def test_after_a_malformed_block_another_endpoint_is_preferred(chain: ChainCase) -> None:
    node = SpoilingNode(chain.open_node(), lambda _: b"{}")
    with pytest.raises(MalformedBlockError):
        await open_client(a_network(chain), node).bundle_at(chain.number)
    assert node.distrust_count >= 1


async def test_a_recorded_bundle_is_the_same_block(
    chain: ChainCase, code: ChainFamilyCode, bundle: Bundle
) -> None:
    again = code.bundle_from_json(NETWORK_ID, bundle.parts)
    assert again.ref == bundle.ref
    keys = [each.key for each in activities_of(code, again)]
    assert keys == [each.key for each in activities_of(code, bundle)]


async def test_a_bundle_without_one_of_its_parts_is_malformed(
    code: ChainFamilyCode, bundle: Bundle
) -> None:
    for name in bundle.parts:
        rest = {key: part for key, part in bundle.parts.items() if key != name}
        with pytest.raises(MalformedBlockError):
            code.decode(Bundle(network_id=NETWORK_ID, ref=bundle.ref, parts=rest))


async def test_a_bundle_cut_short_is_malformed(code: ChainFamilyCode, bundle: Bundle) -> None:
    for name, part in bundle.parts.items():
        parts = {**bundle.parts, name: part[:-2]}
        with pytest.raises(MalformedBlockError):
            code.decode(Bundle(network_id=NETWORK_ID, ref=bundle.ref, parts=parts))


async def test_each_condition_meets_an_activity_under_its_key(
    chain: ChainCase, code: ChainFamilyCode, bundle: Bundle
) -> None:
    keyed = keyed_by_kind(code.key_monitor(a_draft(chain, *every_condition(chain))))
    for kind in chain.signatures:
        met = [each for each in activities_of(code, bundle) if each.key == keyed[kind].key]
        assert met
        assert {each.kind for each in met} == {kind}
        arguments = met[0].arguments(keyed[kind].layout)
        assert arguments is not None
        names = [parameter.name for parameter in keyed[kind].layout.parameters]
        assert [argument.name for argument in arguments] == names


async def test_a_layout_survives_storage_and_still_decodes(
    chain: ChainCase, code: ChainFamilyCode, bundle: Bundle
) -> None:
    keyed = keyed_by_kind(code.key_monitor(a_draft(chain, *every_condition(chain))))
    for kind in chain.signatures:
        stored = msgspec.json.decode(msgspec.json.encode(keyed[kind].layout), type=Layout)
        (first, *_) = [e for e in activities_of(code, bundle) if e.key == keyed[kind].key]
        assert stored == keyed[kind].layout
        assert first.arguments(stored) == first.arguments(keyed[kind].layout)


async def test_an_activity_never_raises_over_a_layout_that_is_not_its_own(
    chain: ChainCase, code: ChainFamilyCode, bundle: Bundle
) -> None:
    keyed = keyed_by_kind(code.key_monitor(a_draft(chain, *every_condition(chain))))
    layouts = [each.layout for each in keyed.values()]
    layouts.append(Layout(family="Solana", parameters=layouts[0].parameters))
    for activity in activities_of(code, bundle):
        for layout in layouts:
            arguments = activity.arguments(layout)
            assert arguments is None or len(arguments) == len(layout.parameters)


async def test_the_views_of_a_transaction_follow_the_transaction_layout(
    chain: ChainCase, code: ChainFamilyCode, bundle: Bundle
) -> None:
    keyed = keyed_by_kind(code.key_monitor(a_draft(chain, *every_condition(chain))))
    layout = keyed[ActivityKind.TRANSACTION].layout
    for transaction in code.decode(bundle).transactions:
        assert transaction.views()
        for view in transaction.views():
            assert [each.name for each in view] == [p.name for p in layout.parameters]
            assert [each.kind for each in view] == [p.kind for p in layout.parameters]


async def test_transactions_know_their_place_and_their_facts(
    code: ChainFamilyCode, bundle: Bundle
) -> None:
    for index, transaction in enumerate(code.decode(bundle).transactions):
        assert transaction.ref.index == index
        assert transaction.ref.block_hash == bundle.ref.hash
        assert transaction.ref.network_id == NETWORK_ID
        assert isinstance(json.loads(transaction.document()), dict)


async def test_calls_come_before_events(code: ChainFamilyCode, bundle: Bundle) -> None:
    for transaction in code.decode(bundle).transactions:
        kinds = [each.kind for each in transaction.activities]
        assert kinds == sorted(kinds, key=[ActivityKind.FUNCTION, ActivityKind.EVENT].index)


def test_the_same_draft_is_always_keyed_the_same(chain: ChainCase, code: ChainFamilyCode) -> None:
    draft = a_draft(chain, *every_condition(chain))
    assert code.key_monitor(draft) == code.key_monitor(draft)
    assert code.family is chain.family


def test_an_unknown_signature_is_refused_at_its_field(
    chain: ChainCase, code: ChainFamilyCode
) -> None:
    for kind in chain.signatures:
        field = f"match_conditions.{kind.value}s[1]"
        condition = ConditionDraft(kind=kind, signature="no_such_thing()", field=field)
        with pytest.raises(InterfaceError) as caught:
            code.key_monitor(a_draft(chain, *every_condition(chain), condition))
        assert caught.value.field == f"{field}.signature"


def test_an_address_that_is_none_is_refused_at_its_field(
    chain: ChainCase, code: ChainFamilyCode
) -> None:
    with pytest.raises(InputError) as caught:
        code.key_monitor(a_draft(chain, *every_condition(chain), address="nonsense"))
    assert caught.value.field == "addresses[0].address"


def test_no_spec_is_wanted_where_one_is_given_or_no_address_is(
    chain: ChainCase, code: ChainFamilyCode
) -> None:
    conditions = every_condition(chain)
    assert list(code.addresses_without_spec(a_draft(chain, *conditions))) == []
    unknown = a_draft(chain, *conditions, address="nonsense")
    assert list(code.addresses_without_spec(unknown)) == []


def test_specs_that_nobody_gave_never_take_the_place_of_given_ones(
    chain: ChainCase, code: ChainFamilyCode
) -> None:
    draft = a_draft(chain, *every_condition(chain))
    specs = {each.address: b"[]" for each in draft.addresses}
    assert code.key_monitor(draft, specs) == code.key_monitor(draft)
