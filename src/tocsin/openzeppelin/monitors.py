"""OpenZeppelin Monitor's monitor file → a draft of ours."""

import json

import msgspec

from tocsin.model.activity import ActivityKind
from tocsin.model.monitor import AddressDraft, ConditionDraft, MonitorDraft, StatusFilter
from tocsin.openzeppelin.document import Fields, Parsed, Place, read_document

ANY_ADDRESS = "any"
MAX_NAME_LENGTH = 255
MAX_ADDRESSES = 1000
MAX_CONDITIONS = 100  # of each kind
MAX_PAIRS = 10_000  # of a condition and an address
MAX_REFERENCES = 100  # to networks, and to triggers

_KEYS = (
    "name",
    "networks",
    "paused",
    "addresses",
    "match_conditions",
    "trigger_conditions",
    "triggers",
    "chain_configurations",
)


def parse_monitor(
    raw: bytes | str, *, source: str, allow_scripts: bool = False
) -> Parsed[MonitorDraft]:
    """Return the draft of one monitor; ``source`` is what errors call the document.

    Whether addresses, signatures and expressions make sense is for the chain family and the
    compiler to say. With ``allow_scripts``, scripts that would filter its matches are left
    out, with a warning, instead of refused.

    Raises:
        InputError: the document is not such a monitor, or asks for what is not supported yet.
    """
    value, place = read_document(raw, source=source)
    fields = Fields(value, place, _KEYS)
    name = fields.text("name", max_length=MAX_NAME_LENGTH)
    networks = fields.texts("networks", at_most=MAX_REFERENCES)
    if not networks:
        place.member("networks").fail("expected the slug of at least one network")
    warnings = _check_scripts(fields, allowed=allow_scripts)
    _refuse_chain_configurations(fields)
    draft = MonitorDraft(
        name=name,
        networks=networks,
        paused=fields.boolean("paused"),
        addresses=_parse_addresses(fields),
        conditions=_parse_conditions(fields),
        triggers=fields.texts("triggers", at_most=MAX_REFERENCES),
    )
    if len(draft.addresses) * len(draft.conditions) > MAX_PAIRS:
        place.member("addresses").fail(
            f"addresses times conditions are more than {MAX_PAIRS}; split the monitor"
        )
    return Parsed(draft=draft, warnings=warnings)


def find_networks(raw: bytes | str) -> frozenset[str]:
    """Return the networks a monitor's document names, whatever else is wrong with it."""
    try:
        named = msgspec.json.decode(raw, type=_Named).networks
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return frozenset()
    return frozenset(name for name in named if isinstance(name, str))


class _Named(msgspec.Struct):
    networks: list[object]


def _check_scripts(fields: Fields, *, allowed: bool) -> tuple[str, ...]:
    scripts = list(fields.items("trigger_conditions", at_most=MAX_REFERENCES))
    if not scripts:
        return ()
    if not allowed:
        _, place = scripts[0]
        place.fail("scripts that filter matches are not supported yet; leave the array empty")
    return ("trigger_conditions: scripts are not run, so nothing is filtered out",)


def _refuse_chain_configurations(fields: Fields) -> None:
    if "chain_configurations" not in fields:
        return
    for value, place in fields.items("chain_configurations", at_most=MAX_REFERENCES):
        if "midnight" in Fields(value, place):
            place.member("midnight").fail("Midnight is not supported")


def _parse_addresses(fields: Fields) -> tuple[AddressDraft, ...]:
    """Return the addresses; the text ``any`` stands for every contract."""
    if fields.required("addresses") == ANY_ADDRESS:
        return (AddressDraft(address=ANY_ADDRESS),)
    listed = fields.items("addresses", at_most=MAX_ADDRESSES)
    return tuple(_parse_address(item, at) for item, at in listed)


def _parse_address(value: object, place: Place) -> AddressDraft:
    fields = Fields(value, place, ("address", "contract_spec"))
    spec = fields.optional("contract_spec")
    if spec is None:
        return AddressDraft(address=fields.text("address"))
    if not isinstance(spec, list):
        place.member("contract_spec").expect(
            "an array, the ABI of an EVM contract or the spec of a Stellar contract", spec
        )
    return AddressDraft(
        address=fields.text("address"), contract_spec=msgspec.Raw(json.dumps(spec).encode())
    )


def _parse_conditions(fields: Fields) -> tuple[ConditionDraft, ...]:
    place = fields.place.member("match_conditions")
    lists = Fields(
        fields.required("match_conditions"),
        place,
        ("functions", "events", "transactions", "operations"),
    )
    conditions = []
    for key, kind in (("functions", ActivityKind.FUNCTION), ("events", ActivityKind.EVENT)):
        for value, at in lists.items(key, at_most=MAX_CONDITIONS):
            conditions.append(_parse_activity_condition(value, at, kind))
    for value, at in lists.items("transactions", at_most=MAX_CONDITIONS):
        conditions.append(_parse_transaction_condition(value, at))
    if "operations" in lists:
        for value, at in lists.items("operations", at_most=MAX_CONDITIONS):
            conditions.append(_parse_operation_condition(value, at))
    return tuple(conditions)


def _parse_activity_condition(value: object, place: Place, kind: ActivityKind) -> ConditionDraft:
    fields = Fields(value, place, ("signature", "expression"))
    return ConditionDraft(
        kind=kind,
        signature=fields.text("signature"),
        expression=fields.optional_text("expression"),
        field=place.path,
    )


def _parse_transaction_condition(value: object, place: Place) -> ConditionDraft:
    fields = Fields(value, place, ("status", "expression"))
    return ConditionDraft(
        kind=ActivityKind.TRANSACTION,
        status=StatusFilter(fields.choice("status", tuple(StatusFilter))),
        expression=fields.optional_text("expression"),
        field=place.path,
    )


def _parse_operation_condition(value: object, place: Place) -> ConditionDraft:
    """Return a condition on operations; ours, the original has none."""
    fields = Fields(value, place, ("type", "expression"))
    return ConditionDraft(
        kind=ActivityKind.OPERATION,
        signature=fields.text("type"),
        expression=fields.optional_text("expression"),
        field=place.path,
    )
