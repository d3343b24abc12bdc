"""Compiled monitors → the plan that a network's blocks are matched against.

A plan is changed one monitor at a time, and finding who waits for an activity costs lookups,
however many monitors there are.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from tocsin.matching.compiled import CompiledCondition, CompiledMonitor
from tocsin.matching.index import Index
from tocsin.matching.ready import ReadyMonitor, ready_monitor
from tocsin.matching.shapes import ALWAYS, Conjunct, with_few_shapes
from tocsin.model.activity import ActivityKind, TransactionStatus, key_parts
from tocsin.model.ids import MonitorId
from tocsin.model.interface import Layout, Parameter, Simple
from tocsin.model.monitor import StatusFilter

MAX_READY = 65_536  # monitors whose functions are kept after a match

Fields = Sequence[Simple]
"""The fields that a transaction condition is tried on."""

_Indexes = dict[str, tuple[Index, ...]]
"""Indexes by what is left of a key, one per layout."""

_NO_FIELDS = Layout(family="", parameters=())


_Waiting = tuple[ActivityKind, str, CompiledCondition]


class Entry(NamedTuple):
    """What has to be filed where: a monitor's conditions of one kind, key and layout."""

    kind: ActivityKind
    key: str
    layout: Layout
    conjuncts: tuple[Conjunct, ...]


def entries_of(compiled: CompiledMonitor) -> list[Entry]:
    """Return all that is filed for a monitor; the same for the same monitor, always."""
    if (
        compiled.has_event_conditions
        or compiled.has_function_conditions
        or compiled.has_operation_conditions
    ):
        waiting: list[_Waiting] = [
            (condition.kind, condition.key, condition)
            for condition in compiled.conditions
            if condition.kind is not ActivityKind.TRANSACTION
        ]
        return _entries(compiled, waiting)
    places = tuple(dict.fromkeys(compiled.addresses)) if compiled.gated else ("",)
    if not compiled.has_transaction_conditions:
        return [
            Entry(ActivityKind.TRANSACTION, _place(StatusFilter.ANY, each), _NO_FIELDS, (ALWAYS,))
            for each in places
        ]
    waiting = [
        (condition.kind, _place(condition.status, place), condition)
        for condition in compiled.conditions
        if condition.kind is ActivityKind.TRANSACTION
        for place in places
    ]
    return _entries(compiled, waiting)


def _entries(compiled: CompiledMonitor, waiting: Iterable[_Waiting]) -> list[Entry]:
    made = {(each.tree, each.layout): each.conjuncts for each in compiled.lookups}
    filed: dict[tuple[ActivityKind, str, int], tuple[Conjunct, ...]] = {}
    for kind, key, condition in waiting:
        tree = condition.tree
        conjuncts = (ALWAYS,) if tree is None else made[tree, condition.layout]
        # without an expression not even a field set is looked for
        is_bare = kind is ActivityKind.TRANSACTION and condition.tree is None
        place = (kind, key, -1 if is_bare else condition.layout)
        known = filed.get(place)
        filed[place] = conjuncts if known is None else tuple(dict.fromkeys((*known, *conjuncts)))
    return [
        Entry(
            kind,
            key,
            _filed_layout(compiled.layouts[layout]) if layout >= 0 else _NO_FIELDS,
            with_few_shapes(conjuncts),
        )
        for (kind, key, layout), conjuncts in filed.items()
        if conjuncts
    ]


def _filed_layout(layout: Layout) -> Layout:
    """Return the layout under which conditions are filed.

    Where names do not matter to decoding it is without them: what tenants call the parameters of
    a contract must not multiply the lookups that each of its events takes.
    """
    known = _FILED.get(id(layout))
    if known is not None and known[0] is layout:
        return known[1]
    filed = _nameless(layout) if layout.positional else layout
    if len(_FILED) >= MAX_READY:
        _FILED.clear()
    _FILED[id(layout)] = (layout, filed)
    return filed


_FILED: dict[int, tuple[Layout, Layout]] = {}
"""Layouts seen lately with what they are filed under: comparing layouts costs more."""


@lru_cache(maxsize=MAX_READY)
def _nameless(layout: Layout) -> Layout:
    bare = [_without_name(each) for each in layout.parameters]
    return _one(msgspec.structs.replace(layout, parameters=tuple(bare)))


@lru_cache(maxsize=MAX_READY)
def _one(layout: Layout) -> Layout:
    """Return the same object for equal layouts."""
    return layout


def _without_name(parameter: Parameter) -> Parameter:
    components = tuple([_without_name(each) for each in parameter.components])
    return msgspec.structs.replace(parameter, name="", components=components)


def _place(status: StatusFilter, address: str) -> str:
    return f"{status.value} {address}"


class MatchPlan:
    """The monitors that wait for blocks of one network, filed by what they wait for.

    ``waiting`` has the indexes of events, calls and operations by the parts of their key, one per
    layout, for ``DecodedBundle.find_waiting``. Indexes speak of slots: small numbers that stand
    for monitors.
    """

    def __init__(self, monitors: Iterable[CompiledMonitor] = ()) -> None:
        self.waiting: dict[str, dict[str, _Indexes]] = {}
        self._transactions: _Indexes = {}
        self._slots: dict[MonitorId, int] = {}
        self._held: list[CompiledMonitor | None] = []
        self._free: list[int] = []
        self._ready: dict[int, ReadyMonitor] = {}
        for compiled in monitors:
            self.add(compiled)

    @property
    def monitors(self) -> int:
        """Return how many monitors are in the plan."""
        return len(self._slots)

    def __contains__(self, monitor_id: MonitorId) -> bool:
        return monitor_id in self._slots

    def add(self, compiled: CompiledMonitor) -> None:
        """File a monitor, in place of an earlier version of it."""
        self.remove(compiled.ref.id)
        self.insert(compiled, entries_of(compiled))

    def insert(self, compiled: CompiledMonitor, entries: Iterable[Entry]) -> None:
        """File a monitor that is not in the plan, given its entries."""
        if self._free:
            slot = self._free.pop()
            self._held[slot] = compiled
        else:
            slot = len(self._held)
            self._held.append(compiled)
        self._slots[compiled.ref.id] = slot
        for entry in entries:
            if entry.kind is ActivityKind.TRANSACTION:
                _file(self._transactions, entry.key, entry, slot)
                continue
            form, scope, detail = key_parts(entry.key)
            _file(self.waiting.setdefault(form, {}).setdefault(scope, {}), detail, entry, slot)

    def remove(self, monitor_id: MonitorId) -> None:
        """Take a monitor out; one that is not there is no error."""
        slot = self._slots.get(monitor_id)
        compiled = None if slot is None else self._held[slot]
        if compiled is not None:
            self.discard(compiled, entries_of(compiled))

    def discard(self, compiled: CompiledMonitor, entries: Iterable[Entry]) -> None:
        """Take a monitor out that is in the plan, given its entries."""
        slot = self._slots.pop(compiled.ref.id)
        for entry in entries:
            if entry.kind is ActivityKind.TRANSACTION:
                _unfile(self._transactions, entry.key, entry, slot)
            else:
                self._unfile_activity(entry, slot)
        self._ready.pop(slot, None)
        self._held[slot] = None
        self._free.append(slot)

    def _unfile_activity(self, entry: Entry, slot: int) -> None:
        form, scope, detail = key_parts(entry.key)
        scopes = self.waiting[form]
        _unfile(scopes[scope], detail, entry, slot)
        if not scopes[scope]:
            del scopes[scope]
        if not scopes:
            del self.waiting[form]

    def ready(self, slot: int) -> ReadyMonitor:
        """Return the monitor of a slot, with its expressions as functions."""
        found = self._ready.get(slot)
        if found is None:
            if len(self._ready) >= MAX_READY:
                self._ready.clear()
            found = self._ready[slot] = ready_monitor(self.compiled(slot))
        return found

    def compiled(self, slot: int) -> CompiledMonitor:
        """Return the monitor of a slot that some index found."""
        compiled = self._held[slot]
        if compiled is None:
            raise KeyError(slot)
        return compiled

    @property
    def has_transaction_indexes(self) -> bool:
        """Return whether anybody looks only at transactions."""
        return bool(self._transactions)

    def waiting_for_transactions(
        self, status: TransactionStatus, addresses: Iterable[str]
    ) -> Iterator[Index]:
        """Yield the indexes of who looks only at transactions, given who takes part."""
        for wanted in {StatusFilter.ANY.value: None, status.value: None}:
            for address in ("", *addresses):
                yield from self._transactions.get(f"{wanted} {address}", ())


def _file(indexes: _Indexes, name: str, entry: Entry, slot: int) -> None:
    """File a slot in the index of an entry's layout."""
    known = indexes.get(name, ())
    for index in known:
        if index.layout is entry.layout or index.layout == entry.layout:
            index.insert(entry.conjuncts, slot)
            return
    index = Index(entry.key, entry.layout)
    index.insert(entry.conjuncts, slot)
    indexes[name] = (*known, index)


def _unfile(indexes: _Indexes, name: str, entry: Entry, slot: int) -> None:
    """Take a slot out; an index that is left empty goes, and a name without indexes."""
    known = indexes[name]
    for index in known:
        if index.layout is entry.layout or index.layout == entry.layout:
            index.remove(entry.conjuncts, slot)
            if not index:
                break
    else:
        return
    if len(known) == 1:
        del indexes[name]
    else:
        indexes[name] = tuple([each for each in known if each is not index])
