"""A monitor as written → its conditions, resolved against the specs of its own contracts.

An activity's key is the text that a decoded event or call (``decode``) and a condition share.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.chains.stellar.codec.strkey import canonical_address, is_account, is_contract
from tocsin.chains.stellar.declaration import (
    Declaration,
    find_events,
    find_functions,
    observed_event,
    observed_function,
)
from tocsin.chains.stellar.kinds import normalized
from tocsin.chains.stellar.operations import TYPES, OperationType, closest_type
from tocsin.chains.stellar.spec import ContractSpec, parse_spec
from tocsin.errors import InputError, InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.contract_spec import NO_SPECS, Specs
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
        Parameter(name="source", kind="Address", type=ValueType.ADDRESS),
    ),
)
"""The fields of a transaction condition. Source: OpenZeppelin Monitor's Stellar parameters.

``source`` is ours: for whom an operation acts, where that is not the transaction's own account.
"""

ANY = "any"
"""What stands in place of an address where every contract is meant, or every account."""

_ANYWHERE = ""

Contracts = dict[str, list[ContractSpec]]
"""The specs of each canonical address; none where nobody gave one."""

Unasked = dict[str, ContractSpec]
"""Specs that nobody gave, by canonical address."""

_SHOWN_CHARACTERS = 64

_OF_CONTRACTS = frozenset({ActivityKind.EVENT, ActivityKind.FUNCTION})


def event_key(contract: str, key_name: str) -> str:
    """Return the key of an event; the name is as ``kinds.normalized`` leaves it.

    Without a contract it stands for that of any.
    """
    return f"e:{contract}:{key_name}"


def function_key(contract: str, key_name: str) -> str:
    """Return the key of a call; the name is as ``kinds.normalized`` leaves it.

    Without a contract it stands for that of any.
    """
    return f"f:{contract}:{key_name}"


def operation_key(type_name: str, account: str) -> str:
    """Return the key of an operation that names an account; without one, of any."""
    return f"o:{type_name}:{account}"


def addresses_without_spec(draft: MonitorDraft) -> tuple[str, ...]:
    """Return the contracts that calls or events are waited for from, without a spec.

    ``[]`` is a spec too: of an author who wants none.
    """
    if not any(each.kind in _OF_CONTRACTS for each in draft.conditions):
        return ()
    given: dict[str, bool] = {}
    for watched in draft.addresses:
        try:
            address = canonical_address(watched.address)
        except ValueError:
            return ()
        given[address] = given.get(address, False) or watched.contract_spec is not None
    return tuple(each for each, known in given.items() if not known and is_contract(each))


def key_monitor(draft: MonitorDraft, specs: Specs = NO_SPECS) -> KeyedMonitor:
    """Resolve a draft's addresses and signatures against its contracts' specs.

    ``specs`` are of contracts for which the draft gives none.

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
    unasked = _unasked(contracts, specs)
    return KeyedMonitor(
        addresses=tuple(each for each in contracts if each != _ANYWHERE),
        gated=False,
        has_event_conditions=has_event,
        has_function_conditions=has_function,
        has_transaction_conditions=ActivityKind.TRANSACTION in kinds,
        has_operation_conditions=ActivityKind.OPERATION in kinds,
        conditions=tuple(_keyed_conditions(draft, contracts, unasked)),
        notes=tuple(_notes(draft, unasked)),
    )


def _contracts(draft: MonitorDraft) -> Contracts:
    contracts: Contracts = {}
    for place, watched in enumerate(draft.addresses):
        field = f"addresses[{place}]"
        address = _address(watched.address, f"{field}.address")
        if address == _ANYWHERE and len(draft.addresses) > 1:
            raise InputError(f"{ANY!r} stands alone: it includes every address", field="addresses")
        specs = contracts.setdefault(address, [])
        if watched.contract_spec is not None:
            spec = parse_spec(bytes(watched.contract_spec), f"{field}.contract_spec")
            if spec is not None:
                specs.append(spec)
    return contracts


def _address(text: str, field: str) -> str:
    if text.strip().lower() == ANY:
        return _ANYWHERE
    try:
        return canonical_address(text)
    except ValueError as cause:
        raise InputError(str(cause), field=field) from cause


def _unasked(contracts: Contracts, specs: Specs) -> Unasked:
    """Return the specs that nobody gave, of those contracts that have no other."""
    parsed = {
        address: parse_spec(spec, f"the spec of {address}")
        for address, spec in specs.items()
        if contracts.get(address) == []
    }
    return {address: spec for address, spec in parsed.items() if spec is not None}


def _notes(draft: MonitorDraft, unasked: Unasked) -> Iterator[str]:
    """Yield what conditions name that the specs which nobody gave do not have."""
    for condition in draft.conditions:
        for address, spec in unasked.items():
            if condition.kind not in _OF_CONTRACTS:
                continue
            known = _signatures(spec, condition.kind)
            if known and not _find(spec, condition):
                yield (
                    f"{_field(condition)}: the spec that was found of {address} has no such "
                    f"{condition.kind.value}{_suggestion(condition, known)}; it is looked for "
                    "by its name and the kinds of its values"
                )


def _keyed_conditions(
    draft: MonitorDraft, contracts: Contracts, unasked: Unasked
) -> Iterator[KeyedCondition]:
    ordinals = dict.fromkeys(ActivityKind, 0)
    for condition in draft.conditions:
        ordinal = ordinals[condition.kind]
        ordinals[condition.kind] += 1
        for key, signature, layout in _places(condition, contracts, unasked):
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


def _places(condition: ConditionDraft, contracts: Contracts, unasked: Unasked) -> Iterator[Place]:
    """Yield key, signature and layout for each contract where the condition can hold."""
    if condition.kind is ActivityKind.TRANSACTION:
        yield "", "", TRANSACTION_LAYOUT
        return
    if condition.kind is ActivityKind.OPERATION:
        found_type = _operation_type(condition)
        for address in contracts or (_ANYWHERE,):
            yield operation_key(found_type.name, address), found_type.name, found_type.layout
        return
    # an account emits nothing and cannot be called: it is listed for other conditions
    contracts = {
        address: specs for address, specs in contracts.items() if not is_account(address)
    } or contracts
    make_key = event_key if condition.kind is ActivityKind.EVENT else function_key
    declared = _declared(condition, contracts)
    for address, spec in unasked.items():
        # Nobody gave it, so it only adds names, and never takes a condition away.
        if matching := _find(spec, condition):
            declared[address] = _without_repeats(matching)
    borrowed = _without_repeats([each for found in declared.values() for each in found])
    for address in contracts:
        # A contract without a spec of its own speaks like its neighbours in the same monitor.
        found = declared.get(address, borrowed or [_observed(condition)])
        for each in found:
            yield make_key(address, each.key_name), each.signature, each.layout


def _operation_type(condition: ConditionDraft) -> OperationType:
    name = condition.signature.strip().lower()
    if name in TYPES:
        return TYPES[name]
    message = f"no type of operation is called {condition.signature[:_SHOWN_CHARACTERS]!r}"
    closest = closest_type(name)
    raise InputError(
        message if closest is None else f"{message}; did you mean {closest}?",
        field=f"{condition.field}.type" if condition.field else "type",
    )


def _declared(condition: ConditionDraft, contracts: Contracts) -> dict[str, list[Declaration]]:
    """Return what each contract with a spec declares under the condition's signature.

    Raises:
        InterfaceError: all of them have specs, and none declares it.
    """
    found: dict[str, list[Declaration]] = {}
    known: list[str] = []
    for address, specs in contracts.items():
        signatures = [each for spec in specs for each in _signatures(spec, condition.kind)]
        # A spec without any event says nothing of events: they joined the format late.
        if signatures or (specs and condition.kind is ActivityKind.FUNCTION):
            matching = [each for spec in specs for each in _find(spec, condition)]
            found[address] = _without_repeats(matching)
            known += signatures
    if len(found) == len(contracts) and not any(found.values()):
        raise _unknown(condition, known)
    return found


def _find(spec: ContractSpec, condition: ConditionDraft) -> list[Declaration]:
    find = find_events if condition.kind is ActivityKind.EVENT else find_functions
    return find(spec, condition.signature)


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
    return InterfaceError(message + _suggestion(condition, known), field=_field(condition))


def _suggestion(condition: ConditionDraft, known: list[str]) -> str:
    closest = _closest(condition.signature, known)
    return "" if closest is None else f"; did you mean {closest}?"


def _closest(signature: str, known: list[str]) -> str | None:
    wanted = normalized(signature)
    by_text = {normalized(each): each for each in known}
    by_name = [each for each in by_text if each.partition("(")[0] == wanted.partition("(")[0]]
    close = by_name[:1] or get_close_matches(wanted, list(by_text), n=1, cutoff=0.5)
    return by_text[close[0]] if close else None
