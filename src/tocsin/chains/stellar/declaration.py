"""A spec and a signature as written → the layout that decodes what the signature names.

A layout's ``details`` are, for a call, nothing; for an event: ``declared`` or ``observed`` (do
the kinds come from a spec or from what values show) or ``named`` (as ``observed``, and the name
is a parameter too), the data format (empty without a spec: the
data are one value), and the texts that lead the topics, as names are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.chains.stellar.kinds import (
    is_compatible,
    normalized,
    parse_signature,
    value_type_of,
)
from tocsin.chains.stellar.spec import ContractSpec, SpecEvent, SpecFunction, SpecParameter
from tocsin.chains.stellar.spectype import SpecType
from tocsin.model.interface import Layout, Parameter
from tocsin.model.network import ChainFamily

DECLARED = "declared"
OBSERVED = "observed"
NAMED = "named"
ONE_VALUE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a condition waits for; ``key_name`` is the name under which activities offer it."""

    key_name: str
    signature: str
    layout: Layout


def find_functions(spec: ContractSpec, signature: str) -> list[Declaration]:
    """Return the functions of a spec that can show that signature: one or none.

    The kinds may be the declared ones, or those that values show: ``Address`` for a muxed one.
    """
    wanted = normalized(signature)
    found = [
        _declared_function(function)
        for function in spec.functions
        if wanted in _spellings(function.name, function.signature, function.parameters)
    ]
    if found:
        return found
    name = wanted.partition("(")[0]
    named = [function for function in spec.functions if normalized(function.name) == name]
    return [each for item in named if (each := _observed_call(item, signature)) is not None]


def find_events(spec: ContractSpec, signature: str) -> list[Declaration]:
    """Return the events of a spec that can show that signature.

    The kinds may be the declared ones, or those that values show: ``Bytes5`` for ``bytes``,
    ``Map<String,U32>`` for a struct.
    """
    wanted = normalized(signature)
    named = [event for event in spec.events if normalized(event.name) == wanted.partition("(")[0]]
    found = [
        _declared_event(event)
        for event in named
        if wanted in _spellings(event.name, event.signature, event.topics + event.data)
    ]
    if found:
        return found
    for read in (_observed_in_spec, _named_in_spec):
        found = [each for event in named if (each := read(event, signature)) is not None]
        if found:
            break
    return found


def observed_function(signature: str) -> Declaration:
    """Return a function known only by its signature: parameters are named by position.

    Raises:
        ValueError: not a signature.
    """
    parsed = parse_signature(signature)
    return Declaration(
        key_name=normalized(parsed.name),
        signature=parsed.text,
        layout=_layout([_observed(str(i), kind) for i, kind in enumerate(parsed.kinds)]),
    )


def observed_event(signature: str) -> Declaration:
    """Return an event known only by its signature: parameters are named by position.

    Raises:
        ValueError: not a signature.
    """
    parsed = parse_signature(signature)
    last = len(parsed.kinds) - 1
    name = normalized(parsed.name)
    return Declaration(
        key_name=name,
        signature=parsed.text,
        layout=_layout(
            [_observed(str(i), kind, indexed=i < last) for i, kind in enumerate(parsed.kinds)],
            (OBSERVED, ONE_VALUE, name),
        ),
    )


def _declared_function(function: SpecFunction) -> Declaration:
    return Declaration(
        key_name=normalized(function.name),
        signature=function.signature,
        layout=_layout([_declared(each) for each in function.parameters]),
    )


def _observed_call(function: SpecFunction, signature: str) -> Declaration | None:
    """Return the function with the kinds that its arguments show, where they can show these."""
    kinds = _shown_kinds(function.parameters, signature)
    if kinds is None:
        return None
    pairs = zip(function.parameters, kinds, strict=True)
    return Declaration(
        key_name=normalized(function.name),
        signature=f"{function.name}({','.join(kinds)})",
        layout=_layout([_observed(each.name, kind) for each, kind in pairs]),
    )


def _shown_kinds(declared: Sequence[SpecParameter], signature: str) -> tuple[str, ...] | None:
    """Return the kinds in a signature if values of the declared types can show them."""
    try:
        kinds = parse_signature(signature).kinds
    except ValueError:
        return None
    if len(kinds) != len(declared):
        return None
    pairs = zip(declared, kinds, strict=True)
    return kinds if all(is_compatible(each.type.kind, kind) for each, kind in pairs) else None


def _declared_event(event: SpecEvent) -> Declaration:
    prefix = _prefix(event)
    return Declaration(
        key_name=prefix[0],
        signature=event.signature,
        layout=_layout(
            [_declared(each) for each in event.topics + event.data],
            (DECLARED, event.data_format, *prefix),
        ),
    )


def _observed_in_spec(event: SpecEvent, signature: str) -> Declaration | None:
    """Return the event with the kinds that its values show, where they can show these."""
    try:
        kinds = parse_signature(signature).kinds
    except ValueError:
        return None
    declared = event.topics + event.data
    if not event.data and kinds[len(declared) :] == ("Void",):
        declared += (_NO_DATA,)
    if len(kinds) != len(declared) or not all(
        is_compatible(each.type.kind, kind) for each, kind in zip(declared, kinds, strict=True)
    ):
        return None
    prefix = _prefix(event)
    return Declaration(
        key_name=prefix[0],
        signature=f"{event.name}({','.join(kinds)})",
        layout=_layout(
            [
                _observed(each.name, kind, indexed=each.indexed)
                for each, kind in zip(declared, kinds, strict=True)
            ],
            (OBSERVED, event.data_format, *prefix),
        ),
    )


def _named_in_spec(event: SpecEvent, signature: str) -> Declaration | None:
    """Return an event without prefix topics as OpenZeppelin Monitor reads it.

    Its name counts as the first parameter there, and names follow the spec's order by position,
    but for the data: ``Minted(Symbol,Address,I128)`` for ``Minted(to, amount)``.
    """
    try:
        kinds = parse_signature(signature).kinds
    except ValueError:
        return None
    declared = event.topics + event.data
    if (
        event.prefix_topics
        or len(kinds) != len(declared) + 1
        or kinds[0] not in ("Symbol", "String")
        or not all(
            is_compatible(each.type.kind, kind)
            for each, kind in zip(declared, kinds[1:], strict=True)
        )
    ):
        return None
    name = normalized(event.name)
    in_order = [each.name for each in event.parameters]
    topics = [
        _observed(in_order[i] if i < len(in_order) else str(i), kind, indexed=True)
        for i, kind in enumerate(kinds[: len(event.topics) + 1])
    ]
    data = [
        _observed(each.name, kind)
        for each, kind in zip(event.data, kinds[len(topics) :], strict=True)
    ]
    return Declaration(
        key_name=name,
        signature=f"{event.name}({','.join(kinds)})",
        layout=_layout([*topics, *data], (NAMED, event.data_format, name)),
    )


_NO_DATA = SpecParameter(
    name="0", type=SpecType(kind="Void", printed="Void", type=value_type_of("Void"))
)


def _prefix(event: SpecEvent) -> tuple[str, ...]:
    return tuple(normalized(each) for each in event.prefix_topics or (event.name,))


def _spellings(name: str, signature: str, parameters: Sequence[SpecParameter]) -> set[str]:
    full = f"{name}({','.join(each.type.kind for each in parameters)})"
    return {normalized(signature), normalized(full)}


def _layout(parameters: Sequence[Parameter], details: tuple[str, ...] = ()) -> Layout:
    return Layout(family=ChainFamily.STELLAR.value, parameters=tuple(parameters), details=details)


def _declared(parameter: SpecParameter) -> Parameter:
    return Parameter(
        name=parameter.name,
        kind=parameter.type.kind,
        type=parameter.type.type,
        indexed=parameter.indexed,
    )


def _observed(name: str, kind: str, *, indexed: bool = False) -> Parameter:
    return Parameter(name=name, kind=kind, type=value_type_of(kind), indexed=indexed)
