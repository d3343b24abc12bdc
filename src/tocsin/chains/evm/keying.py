"""A monitor as written → its conditions, resolved against the ABIs of its own addresses.

An activity's key is the text that a decoded log or call (``decode``) and a condition share.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from tocsin.chains.evm.codec import is_address, shown
from tocsin.chains.evm.interface import (
    ContractInterface,
    Declaration,
    normalised,
    parse_interface,
)
from tocsin.errors import InputError, InterfaceError
from tocsin.model.activity import ActivityKind
from tocsin.model.interface import Layout, Parameter, ValueType
from tocsin.model.monitor import ConditionDraft, KeyedCondition, KeyedMonitor, MonitorDraft
from tocsin.model.network import ChainFamily

TRANSACTION_LAYOUT = Layout(
    family=ChainFamily.EVM.value,
    parameters=tuple(
        Parameter(name=name, kind=kind, type=value_type)
        for name, kind, value_type in (
            ("value", "uint256", ValueType.UINT),
            ("from", "address", ValueType.ADDRESS),
            ("to", "address", ValueType.ADDRESS),
            ("hash", "string", ValueType.TEXT),
            ("gas_price", "uint256", ValueType.UINT),
            ("max_fee_per_gas", "uint256", ValueType.UINT),
            ("max_priority_fee_per_gas", "uint256", ValueType.UINT),
            ("gas_limit", "uint256", ValueType.UINT),
            ("nonce", "uint256", ValueType.UINT),
            ("input", "string", ValueType.TEXT),
            ("gas_used", "uint256", ValueType.UINT),
            ("transaction_index", "uint64", ValueType.UINT),
        )
    ),
)
"""The fields of a transaction condition. Source: OpenZeppelin Monitor's EVM parameters."""


def event_key(address: str, topic: str, topic_count: int) -> str:
    """Return the key of a log; the number of topics tells ERC-20 and ERC-721 Transfer apart."""
    return f"e:{address}:{topic}:{topic_count}"


def function_key(address: str, selector: str) -> str:
    """Return the key of a call."""
    return f"f:{address}:{selector}"


def key_monitor(draft: MonitorDraft) -> KeyedMonitor:
    """Resolve a draft's addresses and signatures against its contracts' ABIs.

    Raises:
        InterfaceError: an ABI does not parse, is missing, or lacks what a condition names.
        InputError: no addresses, or one that is none.
    """
    if not draft.addresses:
        raise InputError("a monitor on an EVM network needs an address", field="addresses")
    contracts = _contracts(draft)
    return KeyedMonitor(
        addresses=tuple(contracts),
        gated=True,
        has_event_conditions=_has(draft, ActivityKind.EVENT),
        has_function_conditions=_has(draft, ActivityKind.FUNCTION),
        has_transaction_conditions=_has(draft, ActivityKind.TRANSACTION),
        conditions=tuple(_keyed_conditions(draft, contracts)),
    )


def _has(draft: MonitorDraft, kind: ActivityKind) -> bool:
    return any(condition.kind is kind for condition in draft.conditions)


def _contracts(draft: MonitorDraft) -> dict[str, list[ContractInterface]]:
    """Return the interfaces of each canonical address; one given twice has two."""
    needs_spec = _has(draft, ActivityKind.EVENT) or _has(draft, ActivityKind.FUNCTION)
    contracts: dict[str, list[ContractInterface]] = {}
    for place, watched in enumerate(draft.addresses):
        field = f"addresses[{place}]"
        interfaces = contracts.setdefault(
            canonical_address(watched.address, f"{field}.address"), []
        )
        spec = None if watched.contract_spec is None else bytes(watched.contract_spec)
        if spec is not None and spec.strip() != b"null":
            interfaces.append(parse_interface(spec, f"{field}.contract_spec"))
        elif needs_spec:
            raise InterfaceError(
                "event and function conditions need the contract's ABI; [] says that none of "
                "them is meant for this address",
                field=f"{field}.contract_spec",
            )
    return contracts


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


def _keyed_conditions(
    draft: MonitorDraft, contracts: dict[str, list[ContractInterface]]
) -> Iterator[KeyedCondition]:
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
    condition: ConditionDraft, ordinal: int, contracts: dict[str, list[ContractInterface]]
) -> Iterator[KeyedCondition]:
    """Yield the condition once per address and layout that declare its signature."""
    seen: set[tuple[str, Layout]] = set()
    for address, interfaces in contracts.items():
        for interface in interfaces:
            for declaration in interface.find(condition.kind, condition.signature):
                key = _key(address, declaration)
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


def _key(address: str, declaration: Declaration) -> str:
    if declaration.kind is ActivityKind.FUNCTION:
        return function_key(address, declaration.hex_signature)
    return event_key(address, declaration.hex_signature, declaration.topic_count)


def _unknown(
    condition: ConditionDraft, ordinal: int, contracts: dict[str, list[ContractInterface]]
) -> InterfaceError:
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
