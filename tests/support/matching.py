"""Decoded blocks made by hand, and monitors keyed by hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar, cast
from uuid import UUID

from tocsin.model.activity import (
    Access,
    Activity,
    ActivityKind,
    Reader,
    Record,
    TransactionRef,
    TransactionStatus,
    Waiting,
    key_parts,
)
from tocsin.model.block import BlockRef
from tocsin.model.ids import MonitorId, NetworkId, TenantId
from tocsin.model.interface import (
    Argument,
    Layout,
    Parameter,
    Simple,
    Value,
    ValueType,
    simple_value,
)
from tocsin.model.monitor import KeyedCondition, KeyedMonitor, MonitorRef, StatusFilter

_Waiting = TypeVar("_Waiting")

NETWORK = NetworkId(UUID(int=7))
TENANT = TenantId(UUID(int=9))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_layout(*types: tuple[str, ValueType], family: str = "EVM") -> Layout:
    """Return a layout of named parameters."""
    return Layout(
        family=family,
        parameters=tuple(Parameter(name=name, kind=kind, type=kind) for name, kind in types),
    )


AMOUNT = a_layout(("v", ValueType.UINT))
FIELDS = a_layout(("value", ValueType.UINT), ("from", ValueType.ADDRESS))


def arguments_of(layout: Layout, *values: Value) -> tuple[Argument, ...]:
    """Return values in a layout's order, shown as Python shows them."""
    return tuple(
        Argument(
            name=parameter.name,
            kind=parameter.kind,
            type=parameter.type,
            value=value,
            text=str(value),
        )
        for parameter, value in zip(layout.parameters, values, strict=True)
    )


@dataclass(frozen=True, kw_only=True)
class HandMadeActivity:
    """An activity whose values fit one layout and no other."""

    kind: ActivityKind
    key: str
    layout: Layout = AMOUNT
    values: tuple[Value, ...] = (1,)

    def arguments(self, layout: Layout) -> Sequence[Argument] | None:
        """Return the values, or None for another layout."""
        return arguments_of(layout, *self.values) if layout == self.layout else None

    def fits(self, layout: Layout) -> bool:
        """Return whether the layout is its own."""
        return self.arguments(layout) is not None


def an_event(key: str, *values: Value, layout: Layout = AMOUNT) -> HandMadeActivity:
    """Return an event."""
    return HandMadeActivity(kind=ActivityKind.EVENT, key=key, values=values or (1,), layout=layout)


def a_call(key: str, *values: Value, layout: Layout = AMOUNT) -> HandMadeActivity:
    """Return a call."""
    return HandMadeActivity(
        kind=ActivityKind.FUNCTION, key=key, values=values or (1,), layout=layout
    )


@dataclass(frozen=True, kw_only=True)
class HandMadeTransaction:
    """A transaction whose views are given as values of ``FIELDS``."""

    index: int = 0
    status: TransactionStatus = TransactionStatus.SUCCESS
    activities: Sequence[Activity] = ()
    addresses: Sequence[str] = ()
    fields: Sequence[tuple[Value, Value]] = ((0, "0x"),)

    @property
    def ref(self) -> TransactionRef:
        """Return a place that follows from the index."""
        return TransactionRef(
            network_id=NETWORK,
            block_hash="0xb10c",
            block_number=1,
            block_time=NOON,
            hash=f"0x{self.index:064x}",
            index=self.index,
        )

    def views(self) -> Sequence[Sequence[Argument]]:
        """Return the fields as arguments."""
        return [arguments_of(FIELDS, *each) for each in self.fields]

    def document(self) -> bytes:
        """Return an empty object."""
        return b"{}"


def activity_access(layout: Layout) -> Access:
    """Return the access of a family whose records are activities that decode all at once."""

    def reader(position: int) -> Reader:
        value_type = layout.parameters[position].type

        def read(activity: Activity) -> Simple:
            arguments = activity.arguments(layout)
            if arguments is None:
                return None
            return simple_value(arguments[position].value, value_type)

        return cast("Reader", read)

    def fits(activity: Activity) -> bool:
        return activity.fits(layout)

    return Access(reader=reader, constants={"fits": fits})


@dataclass(frozen=True, kw_only=True)
class HandMadeBundle:
    """A block of hand-made transactions."""

    transactions: Sequence[HandMadeTransaction]
    malformed_count: int = 0
    ref: BlockRef = field(
        default=BlockRef(number=1, hash="0xb10c", parent_hash="0xb10b", block_time=NOON)
    )

    def find_waiting(self, waiting: Waiting[_Waiting]) -> Iterable[tuple[int, Record, _Waiting]]:
        """Yield each activity somebody waits for."""
        for place, transaction in enumerate(self.transactions):
            for activity in transaction.activities:
                form, scope, detail = key_parts(activity.key)
                found = waiting.get(form, {}).get(scope, {}).get(detail)
                if found is not None:
                    yield place, activity, found

    def access(self, layout: Layout) -> Access:
        """Return how an activity is looked at."""
        return activity_access(layout)

    def activity(self, place: int, record: Record) -> Activity:
        """Return the record, which is an activity."""
        return cast("Activity", record)


def a_block(*transactions: HandMadeTransaction) -> HandMadeBundle:
    """Return a block of these transactions."""
    return HandMadeBundle(transactions=transactions)


def a_ref(number: int = 1) -> MonitorRef:
    """Return the reference of a monitor."""
    return MonitorRef(id=MonitorId(UUID(int=number)), tenant_id=TENANT, version=1)


def a_condition(
    kind: ActivityKind,
    key: str = "",
    expression: str | None = None,
    *,
    ordinal: int = 0,
    status: StatusFilter = StatusFilter.ANY,
    layout: Layout | None = None,
) -> KeyedCondition:
    """Return a keyed condition; transactions look at ``FIELDS``, all else at ``AMOUNT``."""
    default = FIELDS if kind is ActivityKind.TRANSACTION else AMOUNT
    return KeyedCondition(
        kind=kind,
        ordinal=ordinal,
        key=key,
        signature=f"{key}()" if key else "",
        layout=layout or default,
        status=status,
        expression=expression,
        field=f"match_conditions.{kind}s[{ordinal}]",
    )


def a_keyed_monitor(
    *conditions: KeyedCondition,
    addresses: tuple[str, ...] = ("0xa",),
    gated: bool = True,
    has: Mapping[ActivityKind, bool] | None = None,
) -> KeyedMonitor:
    """Return a monitor that has the kinds of condition that are given, unless ``has`` differs."""
    kinds = dict.fromkeys((condition.kind for condition in conditions), True) | dict(has or {})
    return KeyedMonitor(
        addresses=addresses,
        gated=gated,
        has_event_conditions=kinds.get(ActivityKind.EVENT, False),
        has_function_conditions=kinds.get(ActivityKind.FUNCTION, False),
        has_transaction_conditions=kinds.get(ActivityKind.TRANSACTION, False),
        conditions=conditions,
    )
