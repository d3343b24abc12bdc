"""Specs that a monitor's author left to us: which, from where, and what came of asking.

A save has three steps, because nobody may hold a database's transaction while a node is asked:
``find_wanted`` in a session of the tenant, ``read_endpoints`` in one that may read the platform's
endpoints too, then ``SpecDesk.fetch`` without any.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.chains.registry import family_code
from tocsin.control.access import Actor, Permission
from tocsin.control.drafts import parse_monitor_body
from tocsin.errors import ChainError, MalformedBlockError, WrongChainError
from tocsin.model.contract_spec import NO_SPECS, PinnedSpec, Specs, SpecSource, SpecsRead
from tocsin.model.ids import NetworkId, TenantId
from tocsin.model.network import Network
from tocsin.storage.networks import TenantNetworks, read_endpoint_urls
from tocsin.storage.pool import Session
from tocsin.storage.secrets import SecretBox

FETCH_SECONDS = 5.0
"""For all networks of a save together."""

MOST_CONTRACTS = 20
"""Whose specs are fetched for one save."""

MOST_AT_ONCE = 4
"""Saves of one tenant that wait for nodes."""

Urls = tuple[str, ...]
ReadSpecs = Callable[[Network, Urls, Sequence[str]], Awaitable[SpecsRead]]
"""Ask a network's endpoints for contracts' specs; raises ChainError where none answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSpecs:
    """Contracts without a spec, and the networks to ask, in the order of the monitor's."""

    tenant_id: TenantId
    addresses: tuple[str, ...]
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedSpecs:
    """What was found, and a warning for each contract of which nothing was."""

    specs: tuple[PinnedSpec, ...] = ()
    warnings: tuple[str, ...] = ()


NOTHING_FETCHED = FetchedSpecs()


@dataclass(slots=True, kw_only=True)
class _Findings:
    """What is known while networks are asked one after the other."""

    specs: dict[str, PinnedSpec] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


async def find_wanted(session: Session, actor: Actor, raw: bytes) -> WantedSpecs | None:
    """Return which specs a monitor's definition leaves to us, or None where it leaves none.

    Raises:
        InputError: the definition does not parse.
    """
    scope = actor.require_in_tenant(Permission.WRITE_MONITORS)
    draft = parse_monitor_body(raw).draft
    enabled = await TenantNetworks(session, scope).find_by_slugs(draft.networks)
    networks = [enabled[slug].network for slug in draft.networks if slug in enabled]
    by_family = {
        family: family_code(family).addresses_without_spec(draft)
        for family in {network.family for network in networks}
    }
    addresses = tuple(dict.fromkeys(each for found in by_family.values() for each in found))
    if not addresses:
        return None
    return WantedSpecs(
        tenant_id=scope.tenant_id,
        addresses=addresses,
        networks=tuple(each for each in networks if by_family[each.family]),
    )


async def read_endpoints(
    session: Session, box: SecretBox, wanted: WantedSpecs
) -> dict[NetworkId, Urls]:
    """Return the endpoints of the networks to ask; those of one that is gone are none."""
    return {
        network.id: await read_endpoint_urls(session, box, network.id)
        for network in wanted.networks
    }


class SpecDesk:
    """Fetches specs for those who save monitors, and keeps one tenant from taking all of us."""

    def __init__(self, read: ReadSpecs, now: Callable[[], datetime]) -> None:
        self._read = read
        self._now = now
        self._under_way: Counter[TenantId] = Counter()

    async def fetch(self, wanted: WantedSpecs, endpoints: Mapping[NetworkId, Urls]) -> FetchedSpecs:
        """Return what the networks say, in at most FETCH_SECONDS; failing is a warning."""
        with self._turn(wanted.tenant_id) as is_free:
            if not is_free:
                return _nothing(wanted, "too many monitors are being saved at once")
            findings = _Findings()
            try:
                async with asyncio.timeout(FETCH_SECONDS):
                    await self._ask_all(wanted, endpoints, findings)
            except TimeoutError:
                reason = f"no answer within {FETCH_SECONDS:g} s"
                for address in wanted.addresses[:MOST_CONTRACTS]:
                    findings.reasons.setdefault(address, reason)
            return _fetched(wanted, findings)

    async def _ask_all(
        self,
        wanted: WantedSpecs,
        endpoints: Mapping[NetworkId, Urls],
        findings: _Findings,
    ) -> None:
        addresses = wanted.addresses[:MOST_CONTRACTS]
        for network in wanted.networks:
            left = [each for each in addresses if each not in findings.specs]
            if left:
                await self._ask(network, endpoints.get(network.id, ()), left, findings)

    async def _ask(
        self, network: Network, urls: Urls, addresses: Sequence[str], findings: _Findings
    ) -> None:
        try:
            read = await self._read(network, urls, addresses)
        except ChainError as error:
            # By its kind only: what a platform's endpoints answer is the operator's business.
            read = SpecsRead(found={}, missing=dict.fromkeys(addresses, _reason(error)))
        for address, reason in read.missing.items():
            findings.reasons[address] = f"{network.slug}: {reason}"
        for address, found in read.found.items():
            findings.specs[address] = PinnedSpec(
                found=found, network=network.slug, fetched_at=self._now()
            )

    @contextmanager
    def _turn(self, tenant_id: TenantId) -> Iterator[bool]:
        if self._under_way[tenant_id] >= MOST_AT_ONCE:
            yield False
            return
        self._under_way[tenant_id] += 1
        try:
            yield True
        finally:
            self._under_way[tenant_id] -= 1
            if not self._under_way[tenant_id]:
                del self._under_way[tenant_id]


def specs_of(pinned: Sequence[PinnedSpec]) -> Specs:
    """Return pinned specs by address, as a chain family takes them."""
    return {each.found.address: each.found.spec for each in pinned} if pinned else NO_SPECS


def choices_of(fetched: FetchedSpecs) -> Iterator[tuple[PinnedSpec, ...]]:
    """Yield with which specs to check a monitor, until it passes: all, the chain's own, none.

    An author who wrote by position before anybody knew names is understood that way too.
    """
    yield fetched.specs
    own = tuple(each for each in fetched.specs if each.found.source is SpecSource.LEDGER)
    if own and own != fetched.specs:
        yield own
    if fetched.specs:
        yield ()


def _reason(error: ChainError) -> str:
    match error:
        case WrongChainError():
            return "its nodes serve another chain"
        case MalformedBlockError():
            return "a node's answer was malformed"
        case _:
            return "none of its nodes answered"


def _nothing(wanted: WantedSpecs, reason: str) -> FetchedSpecs:
    return FetchedSpecs(warnings=tuple(_warning(each, reason) for each in wanted.addresses))


def _fetched(wanted: WantedSpecs, findings: _Findings) -> FetchedSpecs:
    specs, warnings = [], []
    for address in wanted.addresses:
        if address in findings.specs:
            specs.append(findings.specs[address])
        else:
            beyond = f"specs are fetched of {MOST_CONTRACTS} contracts at most"
            warnings.append(_warning(address, findings.reasons.get(address, beyond)))
    return FetchedSpecs(specs=tuple(specs), warnings=tuple(warnings))


def _warning(address: str, reason: str) -> str:
    return (
        f"addresses: the spec of {address} was not found ({reason}); its parameters are known by "
        "position only. Save again to try again, or give it as contract_spec"
    )
