"""A monitor as written → its conditions, resolved against the specs of its own contracts.

An activity's key is the text that a decoded event or call (``decode``) and a condition share.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.chains.stellar.codec.strkey import canonical_address
from tocsin.chains.stellar.declaration import (
    Declaration,
    find_events,
    find_functions,
    observed_event,
    observed_function,
)
from tocsin.chains.stellar.kinds import normalized
from tocsin.chains.stellar.spec import ContractSpec, parse_spec
from tocsin.errors import InputError, InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout, Parameter, ValueType
from tocsin.model.monitor import ConditionDraft, KeyedCondition, KeyedMonitor, MonitorDraft
from tocsin.model.network import ChainFamily

TRANSACTION_LAYOUT = Layout(
    family=ChainFamily.STELLAR.value,
    parameters=(
        Parameter(name="hash", kind="String", type=ValueType.TEXT),
        Parameter(name="ledger", kind="I64", type=ValueType.NATIVE_INT),
        Parameter(name="value", kind="I64", type=ValueType.NATIVE_INT),
        Parameter(name="from", kind="Address", type=ValueType.ADDRESS),
        Parameter(name="to", kind="Address", type=ValueType.ADDRESS),
    ),
)
"""The fields of a transaction condition. Source: OpenZeppelin Monitor's Stellar parameters."""

Contracts = dict[str, list[ContractSpec]]
"""The specs of each canonical address; none where nobody gave one."""


def event_key(contract: str, key_name: str) -> str:
    """Return the key of an event; the name is as ``kinds.normalized`` leaves it."""
    return f"e:{contract}:{key_name}"


def function_key(contract: str, key_name: str) -> str:
    """Return the key of a call; the name is as ``kinds.normalized`` leaves it."""
    return f"f:{contract}:{key_name}"


def key_monitor(draft: MonitorDraft) -> KeyedMonitor:
    """Resolve a draft's addresses and signatures against its contracts' specs.

    Raises:
        InterfaceError: a spec does not parse, or lacks what a condition names.
        InputError: an address or signature that is none, or no address to look at.
    """
    kinds = {condition.kind for condition in draft.conditions}
    has_event = ActivityKind.EVENT in kinds
    has_function = ActivityKind.FUNCTION in kinds
    if (has_event or has_function) and not draft.addresses:
        raise InputError("event and function conditions need a contract", field="addresses")
    contracts = _contracts(draft)
    return KeyedMonitor(
        addresses=tuple(contracts),
        gated=False,
        has_event_conditions=has_event,
        has_function_conditions=has_function,
        has_transaction_conditions=ActivityKind.TRANSACTION in kinds,
        conditions=tuple(_keyed_conditions(draft, contracts)),
    )


def _contracts(draft: MonitorDraft) -> Contracts:
    contracts: Contracts = {}
    for place, watched in enumerate(draft.addresses):
        field = f"addresses[{place}]"
        try:
            address = canonical_address(watched.address)
        except ValueError as cause:
            raise InputError(str(cause), field=f"{field}.address") from cause
        specs = contracts.setdefault(address, [])
        if watched.contract_spec is not None:
            spec = parse_spec(bytes(watched.contract_spec), f"{field}.contract_spec")
            if spec is not None:
                specs.append(spec)
    return contracts


def _keyed_conditions(draft: MonitorDraft, contracts: Contracts) -> Iterator[KeyedCondition]:
    ordinals = dict.fromkeys(ActivityKind, 0)
    for condition in draft.conditions:
        ordinal = ordinals[condition.kind]
        ordinals[condition.kind] += 1
        for key, signature, layout in _places(condition, contracts):
            yield KeyedCondition(
                kind=condition.kind,
                ordinal=ordinal,
                key=key,
                signature=signature,
                layout=layout,
                status=condition.status,
                expression=condition.expression,
                field=condition.field,
            )


Place = tuple[str, str, Layout]


def _places(condition: ConditionDraft, contracts: Contracts) -> Iterator[Place]:
    """Yield key, signature and layout for each contract where the condition can hold."""
    if condition.kind is ActivityKind.TRANSACTION:
        yield "", "", TRANSACTION_LAYOUT
        return
    make_key = event_key if condition.kind is ActivityKind.EVENT else function_key
    declared = _declared(condition, contracts)
    borrowed = _without_repeats([each for found in declared.values() for each in found])
    for address in contracts:
        # A contract without a spec of its own speaks like its neighbours in the same monitor.
        found = declared.get(address, borrowed or [_observed(condition)])
        for each in found:
            yield make_key(address, each.key_name), each.signature, each.layout


def _declared(condition: ConditionDraft, contracts: Contracts) -> dict[str, list[Declaration]]:
    """Return what each contract with a spec declares under the condition's signature.

    Raises:
        InterfaceError: all of them have specs, and none declares it.
    """
    find = find_events if condition.kind is ActivityKind.EVENT else find_functions
    found: dict[str, list[Declaration]] = {}
    known: list[str] = []
    for address, specs in contracts.items():
        signatures = [each for spec in specs for each in _signatures(spec, condition.kind)]
        # A spec without any event says nothing of events: they joined the format late.
        if signatures or (specs and condition.kind is ActivityKind.FUNCTION):
            matching = [each for spec in specs for each in find(spec, condition.signature)]
            found[address] = _without_repeats(matching)
            known += signatures
    if len(found) == len(contracts) and not any(found.values()):
        raise _unknown(condition, known)
    return found


def _without_repeats(declarations: list[Declaration]) -> list[Declaration]:
    return list({(each.key_name, each.layout): each for each in declarations}.values())


def _signatures(spec: ContractSpec, kind: ActivityKind) -> list[str]:
    declared = spec.events if kind is ActivityKind.EVENT else spec.functions
    return [each.signature for each in declared]


def _observed(condition: ConditionDraft) -> Declaration:
    read = observed_event if condition.kind is ActivityKind.EVENT else observed_function
    try:
        return read(condition.signature)
    except ValueError as cause:
        raise InputError(str(cause), field=_field(condition)) from cause


def _field(condition: ConditionDraft) -> str:
    return f"{condition.field}.signature" if condition.field else "signature"


def _unknown(condition: ConditionDraft, known: list[str]) -> InterfaceError:
    """Return the error for a signature that no spec declares, with the closest one."""
    message = f"the contract's spec has no such {condition.kind.value}"
    closest = _closest(condition.signature, known)
    if closest is not None:
        message += f"; did you mean {closest}?"
    return InterfaceError(message, field=_field(condition))


def _closest(signature: str, known: list[str]) -> str | None:
    wanted = normalized(signature)
    by_text = {normalized(each): each for each in known}
    by_name = [each for each in by_text if each.partition("(")[0] == wanted.partition("(")[0]]
    close = by_name[:1] or get_close_matches(wanted, list(by_text), n=1, cutoff=0.5)
    return by_text[close[0]] if close else None
