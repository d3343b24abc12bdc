"""A bundle → transactions with keyed calls and events, whose fields decode when asked.

Garbage in one transaction or event never stops a ledger: it counts as malformed and matches
nothing.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TypeVar, cast

import msgspec

from tocsin.chains.stellar.activity import FORMS, EventActivity, StellarActivity, access_to
from tocsin.chains.stellar.codec.envelope import may_call
from tocsin.chains.stellar.parts import EVENTS_PART, LEDGER_PART, TRANSACTIONS_PART, part
from tocsin.chains.stellar.transaction import StellarTransaction
from tocsin.chains.stellar.types import EventEntry, LedgerEntry, TransactionEntry, parse
from tocsin.model.activity import (
    Access,
    Activity,
    ActivityKind,
    Record,
    TransactionRef,
    Waiting,
)
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.interface import Layout

CONTRACT_EVENT = "contract"
SYSTEM_EVENT = "system"

_EVENT, _FUNCTION, _OPERATION = (
    FORMS[each] for each in (ActivityKind.EVENT, ActivityKind.FUNCTION, ActivityKind.OPERATION)
)

_Waiting = TypeVar("_Waiting")
_ByDetail = Mapping[str, _Waiting]
_Found = list[tuple[int, StellarActivity, _Waiting]]
_Facts = dict[str, object]


class StellarLedger:
    """A decoded bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._parts = bundle.parts
        parse(part(bundle.parts, LEDGER_PART), LedgerEntry, LEDGER_PART)
        self.network_id = bundle.network_id
        self.ref: BlockRef = bundle.ref
        self.malformed_count = 0
        entries = parse(
            part(bundle.parts, TRANSACTIONS_PART), tuple[TransactionEntry, ...], TRANSACTIONS_PART
        )
        self._entries = sorted(entries, key=attrgetter("application_order"))
        self._events, self._system_events = _by_transaction(bundle.parts)
        self._made: list[StellarTransaction | None] = [None] * len(entries)

    @property
    def transactions(self) -> Sequence[StellarTransaction]:
        """Return its transactions in chain order, the same objects every time."""
        return [self._transaction(place) for place in range(len(self._entries))]

    def _transaction(self, place: int) -> StellarTransaction:
        made = self._made[place]
        if made is None:
            entry = self._entries[place]
            events = self._events.get(entry.tx_hash, ())
            system = self._system_events.get(entry.tx_hash, ())
            made = self._made[place] = StellarTransaction(entry, events, self, system)
        return made

    def find_waiting(self, waiting: Waiting[_Waiting]) -> _Found[_Waiting]:
        """Return each activity somebody waits for: the transaction's place, it, and who waits.

        Keys of calls and events without a contract stand for any, and so do those of operations
        without an account. An operation is filed under each account and contract it names.
        """
        found: _Found[_Waiting] = []
        calls, events, operations = map(waiting.get, (_FUNCTION, _EVENT, _OPERATION))
        for place, entry in enumerate(self._entries):
            if calls and may_call(entry.envelope_xdr or ""):
                for call in self._transaction(place).find_calls():
                    _add_waiting(found, place, call, calls)
            if events and entry.tx_hash in self._events:
                for event in _watched_events(self._transaction(place), events):
                    _add_waiting(found, place, event, events)
            if operations:
                _add_operations(found, place, self._transaction(place), operations)
        return found

    def access(self, layout: Layout) -> Access:
        """Return how activities are looked at by a layout."""
        return access_to(layout)

    def activity(self, place: int, record: Record) -> Activity:
        """Return the activity of a record: what is found are activities already."""
        return cast("StellarActivity", record)

    def count_malformed(self) -> None:
        """Take note that an activity did not fit what its place promised."""
        self.malformed_count += 1

    def document(self, ref: TransactionRef) -> bytes:
        """Return the document of one of its transactions."""
        transactions, events = self._documents
        facts = {
            "transaction": transactions.get(ref.hash, {}),
            "events": events.get(ref.hash, []),
            "ledger": self._ledger_facts,
        }
        return msgspec.json.encode(facts, order="sorted")

    @cached_property
    def _documents(self) -> tuple[dict[str, _Facts], dict[str, list[_Facts]]]:
        transactions = parse(part(self._parts, TRANSACTIONS_PART), list[_Facts], TRANSACTIONS_PART)
        events: dict[str, list[_Facts]] = {}
        for event in parse(part(self._parts, EVENTS_PART), list[_Facts], EVENTS_PART):
            events.setdefault(str(event.get("txHash")), []).append(event)
        return {str(each.get("txHash")): each for each in transactions}, events

    @cached_property
    def _ledger_facts(self) -> _Facts:
        return parse(part(self._parts, LEDGER_PART), _Facts, LEDGER_PART)


def decode(bundle: Bundle) -> StellarLedger:
    """Return the bundle with its activities keyed and their fields decoded when asked.

    Raises:
        MalformedBlockError: a part is missing or does not have the shape of a node's answer.
    """
    return StellarLedger(bundle)


_Events = dict[str, list[EventEntry]]


def _by_transaction(parts: Mapping[str, bytes]) -> tuple[_Events, _Events]:
    """Return the contracts' events and the host's, by the transaction's hash."""
    contracts: _Events = {}
    system: _Events = {}
    for event in parse(part(parts, EVENTS_PART), tuple[EventEntry, ...], EVENTS_PART):
        if event.type == CONTRACT_EVENT:
            contracts.setdefault(event.tx_hash, []).append(event)
        elif event.type == SYSTEM_EVENT:
            system.setdefault(event.tx_hash, []).append(event)
    return contracts, system


def _watched_events(
    transaction: StellarTransaction, waiting: Mapping[str, _ByDetail[_Waiting]]
) -> list[EventActivity]:
    """Return the events of contracts that somebody looks at; others are not even named."""
    activities = [
        transaction.emitted_at(place)
        for place, event in enumerate(transaction.events)
        if event.contract_id in waiting or "" in waiting
    ]
    return [each for each in activities if each is not None]


def _add_waiting(
    found: _Found[_Waiting],
    place: int,
    activity: StellarActivity,
    waiting: Mapping[str, _ByDetail[_Waiting]],
) -> None:
    """Add who waits for what a contract does, then who waits for what any contract does."""
    for contract in (activity.scope, ""):
        details = waiting.get(contract)
        if details is not None and activity.detail in details:
            found.append((place, activity, details[activity.detail]))


def _add_operations(
    found: _Found[_Waiting],
    place: int,
    transaction: StellarTransaction,
    waiting: Mapping[str, _ByDetail[_Waiting]],
) -> None:
    for activity, operation in transaction.operations:
        details = waiting.get(activity.scope)
        if details is None:
            continue
        if "" in details:
            found.append((place, activity, details[""]))
        if len(details) > 1 or "" not in details:
            found += [
                (place, activity, details[party])
                for party in transaction.parties(operation)
                if party in details
            ]
