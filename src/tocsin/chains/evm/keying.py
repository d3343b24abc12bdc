"""A monitor as written → its conditions, resolved against the ABIs of its own addresses.

An activity's key is the text that a decoded log or call (``decode``) and a condition share.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.chains.evm.codec import is_address, shown
from tocsin.chains.evm.interface import (
    AbiItem,
    ContractInterface,
    Declaration,
    normalised,
    parse_interface,
    written_signature,
)
from tocsin.chains.evm.keys import anonymous_key, event_key, function_key, plain_call_key
from tocsin.chains.evm.signature import items_of
from tocsin.chains.evm.transaction import TRANSACTION_LAYOUT
from tocsin.errors import InputError, InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout
from tocsin.model.monitor import (
    AddressDraft,
    ConditionDraft,
    KeyedCondition,
    KeyedMonitor,
    MonitorDraft,
)

ANY = "any"
"""The address that stands for every contract."""

_Contracts = dict[str | None, list[ContractInterface]]
"""Interfaces by canonical address; None stands for any contract."""


def key_monitor(draft: MonitorDraft) -> KeyedMonitor:
    """Resolve a draft's addresses and signatures against its contracts' ABIs.

    Raises:
        InterfaceError: an ABI does not parse, is missing, or lacks what a condition names.
        InputError: no addresses, or one that is none.
    """
    _refuse_operations(draft)
    if not draft.addresses:
        raise InputError(
            'a monitor on an EVM network needs an address, or "addresses": "any"', field="addresses"
        )
    is_any = any(watched.address.strip().lower() == ANY for watched in draft.addresses)
    contracts = _any_contract(draft) if is_any else _contracts(draft)
    return KeyedMonitor(
        addresses=tuple(address for address in contracts if address is not None),
        gated=not is_any,
        has_event_conditions=_has(draft, ActivityKind.EVENT),
        has_function_conditions=_has(draft, ActivityKind.FUNCTION),
        has_transaction_conditions=_has(draft, ActivityKind.TRANSACTION),
        conditions=tuple(_keyed_conditions(draft, contracts)),
    )


def _refuse_operations(draft: MonitorDraft) -> None:
    for condition in draft.conditions:
        if condition.kind is ActivityKind.OPERATION:
            raise InputError(
                "operations are those of Stellar; an EVM network has none", field=condition.field
            )


def _has(draft: MonitorDraft, kind: ActivityKind) -> bool:
    return any(condition.kind is kind for condition in draft.conditions)


def _any_contract(draft: MonitorDraft) -> _Contracts:
    """Return the one interface of any contract: an ABI, or what the signatures say."""
    if len(draft.addresses) > 1:
        raise InputError(f"{ANY!r} stands alone: it includes every address", field="addresses")
    field = "addresses[0].contract_spec"
    spec = _spec_of(draft.addresses[0])
    if spec is not None:
        return {None: [parse_interface(spec, field)]}
    items: list[AbiItem] = []
    for condition in draft.conditions:
        if condition.kind is not ActivityKind.TRANSACTION:
            try:
                items += items_of(condition.kind, condition.signature)
            except ValueError as cause:
                raise InterfaceError(str(cause), field=f"{condition.field}.signature") from cause
    return {None: [ContractInterface(list(dict.fromkeys(items)), field)]}


def _contracts(draft: MonitorDraft) -> _Contracts:
    """Return the interfaces of each canonical address; one given twice has two."""
    needs_spec = _has(draft, ActivityKind.EVENT) or _has(draft, ActivityKind.FUNCTION)
    contracts: _Contracts = {}
    for place, watched in enumerate(draft.addresses):
        field = f"addresses[{place}]"
        interfaces = contracts.setdefault(
            canonical_address(watched.address, f"{field}.address"), []
        )
        spec = _spec_of(watched)
        if spec is not None:
            interfaces.append(parse_interface(spec, f"{field}.contract_spec"))
        elif needs_spec:
            raise InterfaceError(
                "event and function conditions need the contract's ABI; [] says that none of "
                "them is meant for this address",
                field=f"{field}.contract_spec",
            )
    return contracts


def _spec_of(watched: AddressDraft) -> bytes | None:
    spec = None if watched.contract_spec is None else bytes(watched.contract_spec)
    return None if spec is None or spec.strip() == b"null" else spec


def canonical_address(text: str, field: str) -> str:
    """Return an address in canonical text; blanks, letter case and a missing 0x do not count.

    Raises:
        InputError: it is no 20 bytes of hex.
    """
    compact = "".join(text.split())
    canonical = (compact if compact[:2] in ("0x", "0X") else f"0x{compact}").lower()
    if not is_address(canonical):
        raise InputError(
            f"expected an address, 0x and 40 hex digits, got {shown(text)}", field=field
        )
    return canonical


def _keyed_conditions(draft: MonitorDraft, contracts: _Contracts) -> Iterator[KeyedCondition]:
    ordinals = dict.fromkeys(ActivityKind, 0)
    for condition in draft.conditions:
        ordinal = ordinals[condition.kind]
        ordinals[condition.kind] += 1
        if condition.kind is ActivityKind.TRANSACTION:
            yield KeyedCondition(
                kind=condition.kind,
                ordinal=ordinal,
                key="",
                signature="",
                layout=TRANSACTION_LAYOUT,
                status=condition.status,
                expression=condition.expression,
                field=condition.field,
            )
        else:
            yield from _keyed_by_contract(condition, ordinal, contracts)


def _keyed_by_contract(
    condition: ConditionDraft, ordinal: int, contracts: _Contracts
) -> Iterator[KeyedCondition]:
    """Yield the condition once per address and layout that declare its signature."""
    seen: set[tuple[str, Layout]] = set()
    for address, interfaces in contracts.items():
        for interface in interfaces:
            for declaration in _declarations(condition, address, interface):
                key = _key(condition, address, declaration)
                if (key, declaration.layout) in seen:
                    continue
                seen.add((key, declaration.layout))
                yield KeyedCondition(
                    kind=condition.kind,
                    ordinal=ordinal,
                    key=key,
                    signature=declaration.signature,
                    layout=declaration.layout,
                    hex_signature=declaration.hex_signature,
                    status=condition.status,
                    expression=condition.expression,
                    field=condition.field,
                )
    if not seen:
        raise _unknown(condition, ordinal, contracts)


def _declarations(
    condition: ConditionDraft, address: str | None, interface: ContractInterface
) -> tuple[Declaration, ...]:
    found = interface.find(condition.kind, condition.signature)
    if found or address is not None:
        return found
    try:
        named = items_of(condition.kind, condition.signature)
    except ValueError:
        return ()
    return interface.find(condition.kind, written_signature(named[0]))


def _key(condition: ConditionDraft, address: str | None, declaration: Declaration) -> str:
    is_call = declaration.kind is ActivityKind.FUNCTION
    if declaration.hex_signature is not None:
        if is_call:
            return function_key(address, declaration.hex_signature)
        return event_key(address, declaration.hex_signature, declaration.topic_count)
    if address is None:
        raise InterfaceError(
            f"{declaration.signature} has no signature on the chain: it needs an address",
            field=f"{condition.field}.signature",
        )
    return plain_call_key(address) if is_call else anonymous_key(address, declaration.topic_count)


def _unknown(condition: ConditionDraft, ordinal: int, contracts: _Contracts) -> InterfaceError:
    """Return the error for a signature that no contract declares, with the closest one."""
    known = {
        signature
        for interfaces in contracts.values()
        for interface in interfaces
        for signature in interface.signatures(condition.kind)
    }
    message = f"no {condition.kind.value} {shown(condition.signature)} in the contract's ABI"
    closest = _closest(condition.signature, known)
    if closest is not None:
        message += f"; did you mean {closest}?"
        if " " in condition.signature.strip().replace(", ", ","):
            message += " A signature has types only, no names and no 'indexed'."
    field = condition.field or f"match_conditions.{condition.kind.value}s[{ordinal}]"
    return InterfaceError(message, field=f"{field}.signature")


def _closest(signature: str, known: set[str]) -> str | None:
    """Return the known signature that a reader most likely meant: first by name."""
    name = normalised(signature).partition("(")[0]
    by_name = sorted(each for each in known if normalised(each).partition("(")[0] == name)
    if len(by_name) == 1:
        return by_name[0]
    wanted = {normalised(each): each for each in by_name or sorted(known)}
    close = get_close_matches(normalised(signature), wanted, n=1, cutoff=0.5)
    return wanted[close[0]] if close else (by_name[0] if by_name else None)
