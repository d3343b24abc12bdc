"""Recorded answers and configuration files → matches, without database, cache or network."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from tocsin.chains.base import ChainFamilyCode
from tocsin.chains.registry import family_code
from tocsin.errors import InputError
from tocsin.matching.compiled import compile_monitor
from tocsin.matching.engine import match_bundle
from tocsin.matching.plan import MatchPlan
from tocsin.matching.report import reasons_document
from tocsin.model.ids import MonitorId, NetworkId, TenantId
from tocsin.model.match import Match
from tocsin.model.monitor import MonitorRef
from tocsin.model.network import ChainFamily, NetworkDraft
from tocsin.openzeppelin.monitors import find_networks, parse_monitor
from tocsin.openzeppelin.networks import parse_network

_REQUIRED_PARTS = {
    ChainFamily.EVM: ("block", "receipts"),
    ChainFamily.STELLAR: ("ledger", "transactions"),
}
_OPTIONAL_PARTS = {ChainFamily.EVM: (), ChainFamily.STELLAR: ("events",)}
_TENANT = TenantId(UUID(int=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineResult:
    """What one recorded block gave.

    ``lines`` are JSON objects, one per match, without line ends; ``notes`` say which monitors
    were left out and why, and what of them was not applied.
    """

    lines: tuple[bytes, ...]
    notes: tuple[str, ...]


def match_offline(
    network: tuple[str, bytes], monitors: Mapping[str, bytes], parts: Mapping[str, bytes]
) -> OfflineResult:
    """Match one recorded block against monitors.

    ``network`` is a file's name and content, ``monitors`` contents by file name, in
    OpenZeppelin Monitor's format. ``parts`` are the recorded answers by name: ``block`` and
    ``receipts``, or ``ledger``, ``transactions`` and ``events``, each as a bare result or in
    its JSON-RPC envelope.

    Raises:
        InputError: a file is not what it should be; it is named.
        MalformedBlockError: the parts do not make one block.
    """
    name, content = network
    draft = parse_network(content, source=name).draft
    _require_parts(draft, parts)
    code = family_code(draft.family)
    plan, names, notes = _plan(draft, code, monitors)
    network_id = NetworkId(uuid5(NAMESPACE_URL, draft.slug))
    bundle = code.decode(code.bundle_from_json(network_id, parts))
    matches = match_bundle(bundle, plan, network_id)
    return OfflineResult(
        lines=tuple(_render(match, names[match.monitor.id], draft.slug) for match in matches),
        notes=tuple(notes),
    )


def _require_parts(network: NetworkDraft, parts: Mapping[str, bytes]) -> None:
    required = _REQUIRED_PARTS[network.family]
    for part in required:
        if part not in parts:
            raise InputError(f"a recorded block of an {network.family} network needs --{part}")
    for part in parts:
        if part not in (*required, *_OPTIONAL_PARTS[network.family]):
            raise InputError(f"--{part} is not a part of a block of an {network.family} network")


def _plan(
    network: NetworkDraft, code: ChainFamilyCode, monitors: Mapping[str, bytes]
) -> tuple[MatchPlan, dict[MonitorId, str], list[str]]:
    plan = MatchPlan()
    names: dict[MonitorId, str] = {}
    notes: list[str] = []
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
        # Names are unique without regard to case and outer blanks, so an id can follow from one.
        monitor_id = MonitorId(uuid5(NAMESPACE_URL, draft.name.strip().lower()))
        if monitor_id in names:
            raise InputError(f"there are two monitors of this name (in {source})", field="name")
        names[monitor_id] = draft.name
        ref = MonitorRef(id=monitor_id, tenant_id=_TENANT, version=1)
        try:
            plan.add(compile_monitor(ref, code.key_monitor(draft)))
        except InputError as cause:
            raise InputError(f"{cause} (in {source})") from cause
    return plan, names, notes


def _render(match: Match, monitor: str, network: str) -> bytes:
    reasons = msgspec.json.decode(reasons_document(match.reasons), type=dict[str, msgspec.Raw])
    place = match.transaction
    return msgspec.json.encode(
        {
            "monitor": monitor,
            "network": network,
            "block_number": place.block_number,
            "block_hash": place.block_hash,
            "transaction_hash": place.hash,
            "transaction_index": place.index,
            **reasons,
        }
    )
