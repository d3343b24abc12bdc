"""Request bodies → drafts: OpenZeppelin Monitor's objects, with the few members we add. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from tocsin.chains.registry import family_code
from tocsin.control.names import require_name, require_slug, require_trigger_slug
from tocsin.errors import ExpressionError
from tocsin.matching.compiled import compile_monitor, decode_compiled, encode_compiled
from tocsin.model.contract_spec import NO_SPECS, Specs
from tocsin.model.monitor import MonitorDraft, MonitorRef
from tocsin.model.network import ChainFamily, NetworkDraft
from tocsin.model.trigger import TriggerDraft
from tocsin.openzeppelin.document import Fields, Parsed, read_document
from tocsin.openzeppelin.monitors import parse_monitor
from tocsin.openzeppelin.networks import parse_network
from tocsin.openzeppelin.triggers import parse_trigger

SOURCE = "the body"
HIGHEST_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkChoice:
    """A platform network that a tenant wants to watch."""

    slug: str


def parse_monitor_body(raw: bytes) -> Parsed[MonitorDraft]:
    """Return the draft of a monitor.

    Raises:
        InputError: it is none.
    """
    parsed = parse_monitor(raw, source=SOURCE)
    require_name(parsed.draft.name, field="name")
    return parsed


def parse_network_body(raw: bytes) -> Parsed[NetworkDraft]:
    """Return the draft of a network.

    Beyond OpenZeppelin's members there is ``start_number``, the first block to watch, and
    ``confirmation_blocks`` may be 0: alerts go out as soon as a block is seen.

    Raises:
        InputError: it is none.
    """
    value, place = read_document(raw, source=SOURCE)
    if not isinstance(value, dict):
        place.expect("an object", value)
    fields = Fields(value, place)
    members: dict[str, object] = dict(value)
    start = None
    if members.pop("start_number", None) is not None:
        start = fields.integer("start_number", low=0, high=HIGHEST_NUMBER)
    at_once = members.get("confirmation_blocks") == 0
    if at_once:
        at_once = fields.integer("confirmation_blocks", low=0, high=0) == 0
        members["confirmation_blocks"] = 1
    parsed = parse_network(json.dumps(members), source=SOURCE)
    require_slug(parsed.draft.slug)
    require_name(parsed.draft.name, field="name")
    require_name(parsed.draft.chain_identity, field="network_passphrase")
    confirmations = 0 if at_once else parsed.draft.confirmation_count
    draft = replace(parsed.draft, start_number=start, confirmation_count=confirmations)
    return Parsed(draft=draft, warnings=parsed.warnings)


def parse_tenant_network_body(raw: bytes) -> NetworkChoice | Parsed[NetworkDraft]:
    """Return which platform network to enable, or the draft of a private one.

    Raises:
        InputError: it is neither ``{"slug": …}`` nor a network.
    """
    value, place = read_document(raw, source=SOURCE)
    if isinstance(value, dict) and set(value) == {"slug"}:
        return NetworkChoice(slug=require_slug(Fields(value, place).text("slug")))
    return parse_network_body(raw)


def parse_trigger_body(raw: bytes) -> Parsed[TriggerDraft]:
    """Return the draft of a trigger; its ``slug`` stands beside OpenZeppelin's members.

    Raises:
        InputError: it is none.
    """
    value, place = read_document(raw, source=SOURCE)
    if not isinstance(value, dict):
        place.expect("an object", value)
    slug = require_trigger_slug(Fields(value, place).text("slug"))
    members = {key: member for key, member in value.items() if key != "slug"}
    parsed = parse_trigger(json.dumps(members), slug=slug, source=SOURCE)
    require_name(parsed.draft.name, field="name")
    return parsed


def gives_headers(raw: bytes) -> bool:
    """Return whether the body of a trigger mentions headers.

    Raises:
        InputError: it is no strict JSON.
    """
    value, _ = read_document(raw, source=SOURCE)
    config = value.get("config") if isinstance(value, dict) else None
    return isinstance(config, dict) and config.get("headers") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledDraft:
    """What the workers need of a monitor, by the families of its networks.

    ``notes`` are what its author should know.
    """

    by_family: Mapping[ChainFamily, bytes]
    notes: tuple[str, ...]


def compile_draft(
    ref: MonitorRef,
    draft: MonitorDraft,
    families: frozenset[ChainFamily],
    specs: Specs = NO_SPECS,
) -> CompiledDraft:
    """Check a monitor for each family of its networks; ``specs`` are those that nobody gave.

    Raises:
        InputError: the draft does not compile; ``field`` is the path of the offending part.
    """
    keyed = {family: family_code(family).key_monitor(draft, specs) for family in sorted(families)}
    try:
        by_family = {
            family: encode_compiled(compile_monitor(ref, each)) for family, each in keyed.items()
        }
    except ExpressionError as error:
        _locate(error, draft)
        raise
    return CompiledDraft(
        by_family=by_family,
        notes=tuple(note for each in keyed.values() for note in each.notes),
    )


def _locate(error: ExpressionError, draft: MonitorDraft) -> None:
    for condition in draft.conditions:
        if error.field == f"{condition.field}.expression":
            error.locate(condition.expression or "")


def pack_compiled(compiled: Mapping[ChainFamily, bytes]) -> bytes:
    """Return the bytes that a monitor's row holds: msgpack of family to compiled bytes."""
    return msgspec.msgpack.encode({family.value: each for family, each in compiled.items()})


def reissue_compiled(packed: bytes, ref: MonitorRef) -> bytes | None:
    """Return the same checked form as another version of its monitor.

    None where another version of the compiler made it, and it has to be compiled again.
    """
    issued: dict[ChainFamily, bytes] = {}
    stored = msgspec.msgpack.decode(packed, type=dict[ChainFamily, bytes])
    for family, each in stored.items():
        compiled = decode_compiled(each)
        if compiled is None:
            return None
        issued[family] = encode_compiled(msgspec.structs.replace(compiled, ref=ref))
    return pack_compiled(issued)


def set_paused_in(definition: bytes, *, paused: bool) -> bytes:
    """Return a monitor's definition with ``paused`` changed and all else as it was written."""
    members = msgspec.json.decode(definition, type=dict[str, msgspec.Raw])
    members["paused"] = msgspec.Raw(b"true" if paused else b"false")
    return msgspec.json.encode(members)
