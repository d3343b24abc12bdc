"""A bundle → transactions with keyed calls and events, whose fields decode when asked.

Garbage in one transaction or event never stops a ledger: it counts as malformed and matches
nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar, cast

import msgspec

from tocsin.chains.stellar.activity import FORMS, StellarActivity, access_to
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
        events, system = _by_transaction(bundle.parts)
        self.transactions: Sequence[StellarTransaction] = tuple(
            StellarTransaction(
                each,
                events.get(each.tx_hash, ()),
                self,
                system.get(each.tx_hash, ()),
            )
            for each in sorted(entries, key=lambda each: each.application_order)
        )

    def find_waiting(
        self, waiting: Waiting[_Waiting]
    ) -> Iterator[tuple[int, StellarActivity, _Waiting]]:
        """Yield each activity somebody waits for: the transaction's place, it, and who waits.

        Keys of calls and events without a contract stand for any, and so do those of operations
        without an account. An operation is filed under each account and contract it names.
        """
        calls, events, operations = map(waiting.get, (_FUNCTION, _EVENT, _OPERATION))
        for place, transaction in enumerate(self.transactions):
            if calls:
                for activity, found in _waiting_for(transaction.calls, calls):
                    yield place, activity, found
            if events and ("" in events or not events.keys().isdisjoint(transaction.emitters)):
                for activity, found in _waiting_for(transaction.emitted, events):
                    yield place, activity, found
            if operations:
                for activity, found in _waiting_for_operations(transaction, operations):
                    yield place, activity, found

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


def _waiting_for(
    activities: Sequence[StellarActivity], waiting: Mapping[str, _ByDetail[_Waiting]]
) -> Iterator[tuple[StellarActivity, _Waiting]]:
    anywhere = waiting.get("")
    for activity in activities:
        there = waiting.get(activity.scope)
        for details in (there, anywhere):
            found = None if details is None else details.get(activity.detail)
            if found is not None:
                yield activity, found


def _waiting_for_operations(
    transaction: StellarTransaction, waiting: Mapping[str, _ByDetail[_Waiting]]
) -> Iterator[tuple[StellarActivity, _Waiting]]:
    for activity, operation in transaction.operations:
        details = waiting.get(activity.scope)
        if details is None:
            continue
        if "" in details:
            yield activity, details[""]
        if len(details) > 1 or "" not in details:
            for party in transaction.parties(operation):
                if party in details:
                    yield activity, details[party]
