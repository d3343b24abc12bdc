"""Recorded answers and configuration files → matches, without database, cache or network."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from tocsin.chains.base import ChainFamilyCode
from tocsin.chains.registry import family_code
from tocsin.cli.xdr_json import can_decode, decoded_xdr
from tocsin.errors import InputError
from tocsin.matching.compiled import CompiledMonitor, compile_monitor
from tocsin.matching.engine import match_bundle
from tocsin.matching.explain import Explanation, explain
from tocsin.matching.expression.computing import NO_LISTS, Lists
from tocsin.matching.plan import MatchPlan
from tocsin.matching.report import reasons_document
from tocsin.model.activity import ActivityKind
from tocsin.model.ids import MonitorId, NetworkId, TenantId
from tocsin.model.match import Match
from tocsin.model.monitor import MonitorDraft, MonitorRef
from tocsin.model.network import ChainFamily, NetworkDraft
from tocsin.openzeppelin.matches import MatchParts, match_document
from tocsin.openzeppelin.monitors import find_networks, parse_monitor
from tocsin.openzeppelin.networks import parse_network

SCHEMA_VERSION = 1
"""Of a match in our shape: a change that a reader could trip over makes it the next one."""

_REQUIRED_PARTS = {
    ChainFamily.EVM: ("block", "receipts"),
    ChainFamily.STELLAR: ("ledger", "transactions"),
}
_OPTIONAL_PARTS = {ChainFamily.EVM: (), ChainFamily.STELLAR: ("events",)}
_TENANT = TenantId(UUID(int=0))


class MatchFormat(StrEnum):
    """In whose shape matches are shown: ours, or OpenZeppelin Monitor's match document."""

    TOCSIN = "tocsin"
    OPENZEPPELIN = "oz"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineResult:
    """What one recorded block gave.

    ``lines`` are JSON objects, one per match, without line ends; ``notes`` say which monitors
    do not apply and why, and what of the others does not. ``refused`` tells of each monitor
    that could never match as it is written, and was left out: its file, name, error code, field
    and column.
    """

    lines: tuple[bytes, ...]
    notes: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineExplanations:
    """Why a transaction matches each monitor or not, by the monitors' names.

    ``notes`` and ``refused`` as for ``OfflineResult``.
    """

    found: Mapping[str, Explanation]
    notes: tuple[str, ...]
    refused: tuple[str, ...]


def match_offline(
    network: tuple[str, bytes],
    monitors: Mapping[str, bytes],
    parts: Mapping[str, bytes],
    *,
    match_format: MatchFormat = MatchFormat.TOCSIN,
    lists: Lists = NO_LISTS,
) -> OfflineResult:
    """Match one recorded block against monitors.

    ``network`` is a file's name and content, ``monitors`` contents by file name, in
    OpenZeppelin Monitor's format. ``parts`` are the recorded answers by name: ``block`` and
    ``receipts``, or ``ledger``, ``transactions`` and ``events``, each as a bare result or in
    its JSON-RPC envelope. ``lists`` are what expressions name with ``@``.

    Raises:
        InputError: a file is not what it should be; it is named. A monitor that is one, but
            whose addresses, signatures or expressions cannot be meant, is left out instead.
        MalformedBlockError: the parts do not make one block.
    """
    stage = _Stage(network, monitors, parts, lists)
    plan = MatchPlan(read.compiled for read in stage.monitors.values())
    matches = match_bundle(stage.bundle, plan, stage.network_id)
    if match_format is MatchFormat.TOCSIN:
        lines = tuple(stage.line(match) for match in matches)
    else:
        lines = tuple(stage.document(match) for match in matches)
        stage.note_missing_decoder()
    return OfflineResult(lines=lines, notes=tuple(stage.notes), refused=tuple(stage.refused))


def explain_offline(
    network: tuple[str, bytes],
    monitors: Mapping[str, bytes],
    parts: Mapping[str, bytes],
    *,
    transaction_hash: str,
    lists: Lists = NO_LISTS,
) -> OfflineExplanations:
    """Return why a transaction of a recorded block matches each monitor or not.

    The other arguments are those of ``match_offline``.

    Raises:
        InputError: a file is not what it should be, or the block has no such transaction.
        MalformedBlockError: the parts do not make one block.
    """
    stage = _Stage(network, monitors, parts, lists)
    wanted = transaction_hash.strip().lower()
    for place, transaction in enumerate(stage.bundle.transactions):
        if transaction.ref.hash.lower() == wanted:
            found = {
                read.name: explain(read.compiled, stage.bundle, place)
                for read in stage.monitors.values()
            }
            return OfflineExplanations(
                found=found, notes=tuple(stage.notes), refused=tuple(stage.refused)
            )
    raise InputError(f"the block has no transaction {shown(transaction_hash)}", field="explain")


def shown(text: str) -> str:
    """Return a text short enough for a message, quoted."""
    return repr(text if len(text) <= 80 else text[:79] + "…")


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadMonitor:
    name: str
    written: bytes
    compiled: CompiledMonitor


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadDraft:
    id: MonitorId
    draft: MonitorDraft
    source: str
    written: bytes


class _Stage:
    """A network, its monitors that are not left out, and one decoded block."""

    def __init__(
        self,
        network: tuple[str, bytes],
        monitors: Mapping[str, bytes],
        parts: Mapping[str, bytes],
        lists: Lists,
    ) -> None:
        name, content = network
        self._network = parse_network(content, source=name).draft
        parts = _taken_apart(self._network, parts)
        _require_parts(self._network, parts)
        code = family_code(self._network.family)
        self.notes: list[str] = []
        self.refused: list[str] = []
        drafts = _read_drafts(self._network, monitors, self.notes)
        self.monitors = dict(self._compiled(drafts, code, lists))
        self.network_id = NetworkId(uuid5(NAMESPACE_URL, self._network.slug))
        self._bundle = code.bundle_from_json(self.network_id, parts)
        self.bundle = code.decode(self._bundle)

    def _compiled(
        self, drafts: Iterable[_ReadDraft], code: ChainFamilyCode, lists: Lists
    ) -> Iterator[tuple[MonitorId, _ReadMonitor]]:
        """Yield the monitors that can match; one that never could is left out, and told of."""
        for read in drafts:
            ref = MonitorRef(id=read.id, tenant_id=_TENANT, version=1)
            try:
                compiled = compile_monitor(ref, code.key_monitor(read.draft), lists=lists)
            except InputError as error:
                self.refused.append(
                    f"{read.draft.name} ({read.source}) is left out: {error.code}: {error}"
                )
                continue
            monitor = _ReadMonitor(name=read.draft.name, written=read.written, compiled=compiled)
            yield read.id, monitor

    def line(self, match: Match) -> bytes:
        """Return a match in our shape; ``docs/match-document.md`` describes it."""
        reasons = msgspec.json.decode(reasons_document(match.reasons), type=dict[str, msgspec.Raw])
        place = match.transaction
        return msgspec.json.encode(
            {
                "schema_version": SCHEMA_VERSION,
                "monitor": self.monitors[match.monitor.id].name,
                "network": self._network.slug,
                "family": self._network.family,
                "block_number": place.block_number,
                "block_hash": place.block_hash,
                "block_time": place.block_time,
                "transaction_hash": place.hash,
                "transaction_index": place.index,
                **reasons,
            }
        )

    def document(self, match: Match) -> bytes:
        """Return a match in OpenZeppelin Monitor's shape."""
        index = match.transaction.index
        transaction = next(e for e in self.bundle.transactions if e.ref.index == index)
        facts = msgspec.json.decode(transaction.document(), type=dict[str, object])
        if self._network.family is ChainFamily.EVM:
            facts["receipt"] = self._receipts[index]
        else:
            stellar = msgspec.convert(facts["transaction"], dict[str, object])
            facts["transaction"] = {**stellar, "decoded": decoded_xdr(stellar)}
        return match_document(
            MatchParts(
                family=self._network.family,
                network_slug=self._network.slug,
                monitor=self.monitors[match.monitor.id].written,
                facts=facts,
                reasons=reasons_document(match.reasons),
            )
        )

    def note_missing_decoder(self) -> None:
        """Note that documents lack what only an extra's library can decode."""
        if self._network.family is ChainFamily.STELLAR and not can_decode():
            self.notes.append("transaction.decoded has only null: install tocsin[devnet]")

    @cached_property
    def _receipts(self) -> list[object]:
        """Return whole receipts, with the blooms that a transaction's document leaves out."""
        return msgspec.json.decode(self._bundle.parts["receipts"], type=list[object])


def _taken_apart(network: NetworkDraft, parts: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return the parts; a file given as the block may be one object that has all of them."""
    required = _REQUIRED_PARTS[network.family]
    if set(parts) != {"block"}:
        return parts
    try:
        members = msgspec.json.decode(parts["block"], type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return parts
    if not set(required) <= set(members):
        return parts
    known = (*required, *_OPTIONAL_PARTS[network.family])
    return {name: bytes(raw) for name, raw in members.items() if name in known}


def _require_parts(network: NetworkDraft, parts: Mapping[str, bytes]) -> None:
    required = _REQUIRED_PARTS[network.family]
    for part in required:
        if part not in parts:
            raise InputError(f"a recorded block of an {network.family} network needs --{part}")
    for part in parts:
        if part not in (*required, *_OPTIONAL_PARTS[network.family]):
            raise InputError(f"--{part} is not a part of a block of an {network.family} network")


def _read_drafts(
    network: NetworkDraft, monitors: Mapping[str, bytes], notes: list[str]
) -> list[_ReadDraft]:
    """Return the monitors that apply to a network; ``notes`` learn of the others."""
    found: dict[MonitorId, _ReadDraft] = {}
    for source, content in monitors.items():
        named = find_networks(content)
        if named and network.slug not in named:
            # Before anything else of it is read: it may be of a kind we do not support.
            notes.append(f"{source} is left out: it does not watch {network.slug}")
            continue
        parsed = parse_monitor(content, source=source, allow_scripts=True)
        draft = parsed.draft
        if draft.paused:
            notes.append(f"{draft.name} ({source}) is left out: it is paused")
            continue
        notes += [f"{draft.name} ({source}): {warning}" for warning in parsed.warnings]
        if network.family is ChainFamily.EVM:
            draft, unclear = _as_imported(draft)
            notes += [f"{draft.name} ({source}): {warning}" for warning in unclear]
            if not draft.addresses:
                continue
        # Names are unique without regard to case and outer blanks, so an id can follow from one.
        monitor_id = MonitorId(uuid5(NAMESPACE_URL, draft.name.strip().lower()))
        if monitor_id in found:
            raise InputError(f"there are two monitors of this name (in {source})", field="name")
        found[monitor_id] = _ReadDraft(id=monitor_id, draft=draft, source=source, written=content)
    return list(found.values())


def _as_imported(draft: MonitorDraft) -> tuple[MonitorDraft, list[str]]:
    """Return an EVM monitor as the original reads it, and what looks like an oversight in it.

    Saving it here would refuse both: no address at all, and one without an ABI beside others
    that have theirs, which only takes part in the address gate.
    """
    if not draft.addresses:
        return draft, ["it watches no address, so it matches nothing"]
    waits = any(each.kind is not ActivityKind.TRANSACTION for each in draft.conditions)
    bare = [place for place, each in enumerate(draft.addresses) if each.contract_spec is None]
    if not waits or len(bare) == len(draft.addresses):
        return draft, []
    addresses = [
        msgspec.structs.replace(each, contract_spec=msgspec.Raw(b"[]")) if place in bare else each
        for place, each in enumerate(draft.addresses)
    ]
    return msgspec.structs.replace(draft, addresses=tuple(addresses)), [
        f"addresses[{place}] has no contract_spec: none of its events and calls is found"
        for place in bare
    ]
