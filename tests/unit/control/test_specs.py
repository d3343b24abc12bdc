"""Fetching specs for those who save monitors: bounded, and never a reason to fail."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tocsin.control import specs
from tocsin.control.specs import (
    MOST_AT_ONCE,
    MOST_CONTRACTS,
    FetchedSpecs,
    SpecDesk,
    WantedSpecs,
    choices_of,
    specs_of,
)
from tocsin.errors import (
    ChainError,
    MalformedBlockError,
    RpcRefusedError,
    RpcUnavailableError,
    WrongChainError,
)
from tocsin.model.contract_spec import FoundSpec, PinnedSpec, SpecSource, SpecsRead
from tocsin.model.ids import NetworkId, TenantId
from tocsin.model.network import ChainFamily, Network

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINE, THEIRS = TenantId(UUID(int=1)), TenantId(UUID(int=2))


def a_network(number: int) -> Network:
    return Network(
        id=NetworkId(UUID(int=number)),
        tenant_id=None,
        slug=f"n{number}",
        name="n",
        family=ChainFamily.STELLAR,
        chain_identity="p",
        block_time=timedelta(seconds=5),
        confirmation_count=0,
        start_number=None,
    )


def wanted(*addresses: str, networks: int = 1, tenant_id: TenantId = MINE) -> WantedSpecs:
    asked = tuple(a_network(each) for each in range(1, networks + 1))
    return WantedSpecs(tenant_id=tenant_id, addresses=addresses, networks=asked)


def found(address: str, source: SpecSource = SpecSource.LEDGER) -> FoundSpec:
    return FoundSpec(address=address, spec=b"[]", source=source)


class Ledgers:
    """Networks that know contracts, by slug; what they raise instead; what they were asked."""

    def __init__(self, **known: Sequence[str] | ChainError) -> None:
        self.known = known
        self.asked: list[tuple[str, tuple[str, ...], list[str]]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def read(
        self, network: Network, urls: tuple[str, ...], addresses: Sequence[str]
    ) -> SpecsRead:
        self.asked.append((network.slug, urls, list(addresses)))
        await self.open.wait()
        known = self.known[network.slug]
        if isinstance(known, ChainError):
            raise known
        return SpecsRead(
            found={each: found(each) for each in addresses if each in known},
            missing={each: "not here" for each in addresses if each not in known},
        )

    def desk(self) -> SpecDesk:
        return SpecDesk(self.read, lambda: NOW)


async def test_what_is_found_says_where_and_when() -> None:
    ledgers = Ledgers(n1=["A"])
    fetched = await ledgers.desk().fetch(wanted("A"), {NetworkId(UUID(int=1)): ("u",)})
    assert fetched.warnings == ()
    assert fetched.specs == (PinnedSpec(found=found("A"), network="n1", fetched_at=NOW),)
    assert ledgers.asked == [("n1", ("u",), ["A"])]


async def test_the_next_network_is_asked_for_what_the_first_does_not_have() -> None:
    ledgers = Ledgers(n1=["A"], n2=["B"], n3=[])
    fetched = await ledgers.desk().fetch(wanted("A", "B", networks=3), {})
    assert [(each.found.address, each.network) for each in fetched.specs] == [
        ("A", "n1"),
        ("B", "n2"),
    ]
    assert [(slug, asked) for slug, _, asked in ledgers.asked] == [
        ("n1", ["A", "B"]),
        ("n2", ["B"]),
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RpcUnavailableError("SECRET"), "none of its nodes answered"),
        (RpcRefusedError("SECRET", rpc_code=-1), "none of its nodes answered"),
        (WrongChainError("SECRET"), "serve another chain"),
        (MalformedBlockError("SECRET"), "malformed"),
    ],
)
async def test_a_network_that_fails_is_a_warning_without_its_words(
    error: ChainError, words: str
) -> None:
    fetched = await Ledgers(n1=error).desk().fetch(wanted("A"), {})
    assert fetched.specs == ()
    [warning] = fetched.warnings
    assert f"A was not found (n1: {words}" in warning or words in warning
    assert "SECRET" not in warning


async def test_a_network_that_fails_leaves_the_next() -> None:
    ledgers = Ledgers(n1=RpcUnavailableError("down"), n2=["A"])
    fetched = await ledgers.desk().fetch(wanted("A", networks=2), {})
    assert [each.network for each in fetched.specs] == ["n2"]
    assert fetched.warnings == ()


async def test_no_more_than_so_many_contracts_are_asked_for() -> None:
    addresses = [f"A{number}" for number in range(MOST_CONTRACTS + 1)]
    ledgers = Ledgers(n1=addresses)
    fetched = await ledgers.desk().fetch(wanted(*addresses), {})
    assert len(fetched.specs) == len(ledgers.asked[0][2]) == MOST_CONTRACTS
    [warning] = fetched.warnings
    assert addresses[-1] in warning


async def test_a_slow_network_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specs, "FETCH_SECONDS", 0.001)
    ledgers = Ledgers(n1=["A"])
    ledgers.open.clear()
    fetched = await ledgers.desk().fetch(wanted("A"), {})
    assert fetched.specs == ()
    assert "no answer within" in fetched.warnings[0]


async def test_a_tenant_waits_for_nodes_so_often_at_once_and_no_other_notices() -> None:
    ledgers = Ledgers(n1=["A"])
    ledgers.open.clear()
    desk = ledgers.desk()
    waiting = [asyncio.create_task(desk.fetch(wanted("A"), {})) for _ in range(MOST_AT_ONCE)]
    await asyncio.sleep(0)
    refused = await desk.fetch(wanted("A"), {})
    other = asyncio.create_task(desk.fetch(wanted("A", tenant_id=THEIRS), {}))
    await asyncio.sleep(0)
    ledgers.open.set()
    assert refused.specs == ()
    assert "at once" in refused.warnings[0]
    assert all(each.specs for each in await asyncio.gather(*waiting, other))
    assert (await desk.fetch(wanted("A"), {})).specs != ()


def pinned(address: str, source: SpecSource) -> PinnedSpec:
    return PinnedSpec(found=found(address, source), network="n1", fetched_at=NOW)


def test_the_built_in_specs_are_left_aside_first() -> None:
    own, built_in = pinned("A", SpecSource.LEDGER), pinned("B", SpecSource.BUILT_IN)
    assert list(choices_of(FetchedSpecs(specs=(own, built_in)))) == [(own, built_in), (own,), ()]
    assert list(choices_of(FetchedSpecs(specs=(own,)))) == [(own,), ()]
    assert list(choices_of(FetchedSpecs(specs=(built_in,)))) == [(built_in,), ()]
    assert list(choices_of(FetchedSpecs())) == [()]


def test_specs_go_to_a_chain_by_address() -> None:
    assert specs_of([pinned("A", SpecSource.LEDGER)]) == {"A": b"[]"}
    assert specs_of([]) == {}
