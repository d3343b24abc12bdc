"""What arrived and what is known of the chains → counts, latencies and lines to show. Pure."""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import NamedTuple

from tocsin.cli.demo_api import ListedMatch, NetworkCounts
from tocsin.cli.receiver import ActivityPart, ConditionPart, MessageData, ReceivedMessage
from tocsin.devnet.network import BlockFacts
from tocsin.model.delivery import DeliveryKind

MOST_LINES = 60
MOST_LATENCIES = 5000
"""Of each tenant and family, the newest; percentiles are over these."""

_LONGEST_NUMBER = 9  # digits that are still read at a glance
_INTEGER = re.compile(r"-?[0-9]+")
_DIGITS = re.compile(r"\b[0-9]+\b")
_WORD = re.compile(r"[A-Za-z_]\w*")


class Place(NamedTuple):
    """A tenant on a chain family: what the demo counts apart."""

    tenant: str
    family: str


class LineKind(StrEnum):
    """What a line tells."""

    ALERT = "alert"
    RETRACTION = "retraction"
    REORGANISATION = "reorganisation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that happened, ready to be shown; ``at_ms`` is Unix time.

    Of a reorganisation only ``at_ms``, ``network`` and ``what`` are told.
    """

    kind: LineKind
    at_ms: int
    network: str
    what: str
    tenant: str = ""
    monitor: str = ""
    block_number: int = 0
    transaction_hash: str = ""
    match_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The figures of one place. Latencies in milliseconds, None before the first."""

    place: Place
    match_count: int
    alert_count: int
    retraction_count: int
    p50_ms: int | None
    p99_ms: int | None


class _Figures:
    def __init__(self) -> None:
        self.match_ids: set[str] = set()
        self.alert_count = 0
        self.retraction_count = 0
        self.latencies_ms: deque[int] = deque(maxlen=MOST_LATENCIES)


class Tally:
    """Counts what the receiver really got, by tenant and family.

    ``families`` is the family of each network by slug.
    """

    def __init__(self, tenants: Sequence[str], families: Mapping[str, str]) -> None:
        self.lines: deque[Line] = deque(maxlen=MOST_LINES)
        self.retracted: set[str] = set()
        self.counts: dict[str, NetworkCounts] = {}
        self._families = families
        self._figures = {
            Place(tenant, family): _Figures() for tenant in tenants for family in families.values()
        }
        self._produced_at_ms: dict[str, int] = {}
        self._unplaced: dict[str, list[tuple[Place, int]]] = {}

    def note_message(self, message: ReceivedMessage) -> Line:
        """Count a message that came for the first time; return what there is to say of it."""
        data = message.data
        place = Place(data.tenant, data.network.family)
        figures = self._figures[place]
        # A message proves its match, whether or not the API was asked since.
        figures.match_ids.add(data.match_id)
        kind = LineKind.ALERT
        if data.kind == DeliveryKind.RETRACTION:
            kind = LineKind.RETRACTION
            figures.retraction_count += 1
            self.retracted.add(data.match_id)
        else:
            figures.alert_count += 1
            self.retracted.discard(data.match_id)
            self._note_latency(place, data.block.hash, message.received_at_ms)
        line = Line(
            kind=kind,
            at_ms=message.received_at_ms,
            network=data.network.slug,
            what=describe(data),
            tenant=data.tenant,
            monitor=data.monitor.name,
            block_number=data.block.number,
            transaction_hash=data.transaction.hash,
            match_id=data.match_id,
        )
        self.lines.append(line)
        return line

    def note_matches(self, tenant: str, matches: Iterable[ListedMatch]) -> bool:
        """Count matches that the API lists; return whether the last of them was known already."""
        known = False
        for match in matches:
            ids = self._figures[Place(tenant, self._families[match.network])].match_ids
            known = match.id in ids
            ids.add(match.id)
        return known

    def note_blocks(self, blocks: Iterable[BlockFacts]) -> None:
        """Take up when blocks could first be seen, so that latencies can be told."""
        for block in blocks:
            self._produced_at_ms[block.hash] = block.produced_at_ms
            for place, received_at_ms in self._unplaced.pop(block.hash, ()):
                self._note_latency(place, block.hash, received_at_ms)

    def note_reorganisation(self, network: str, what: str, at_ms: int) -> Line:
        """Remember that a chain was told to reorganise; return what there is to say of it."""
        line = Line(kind=LineKind.REORGANISATION, at_ms=at_ms, network=network, what=what)
        self.lines.append(line)
        return line

    def rows(self) -> list[Row]:
        """Return the figures of every place, in a fixed order."""
        return [
            Row(
                place=place,
                match_count=len(figures.match_ids),
                alert_count=figures.alert_count,
                retraction_count=figures.retraction_count,
                p50_ms=percentile(figures.latencies_ms, 50),
                p99_ms=percentile(figures.latencies_ms, 99),
            )
            for place, figures in self._figures.items()
        ]

    def total(self) -> Row:
        """Return the figures of all places together."""
        figures = self._figures.values()
        latencies = [each for one in figures for each in one.latencies_ms]
        return Row(
            place=Place("all", ""),
            match_count=sum(len(one.match_ids) for one in figures),
            alert_count=sum(one.alert_count for one in figures),
            retraction_count=sum(one.retraction_count for one in figures),
            p50_ms=percentile(latencies, 50),
            p99_ms=percentile(latencies, 99),
        )

    def missing(self, needed: int) -> list[str]:
        """Return which places have fewer alerts than needed, or none of whose latency is known."""
        return [
            f"{place.tenant} on {place.family} ({figures.alert_count} of {needed} alerts)"
            for place, figures in self._figures.items()
            if figures.alert_count < needed or not figures.latencies_ms
        ]

    def _note_latency(self, place: Place, block_hash: str, received_at_ms: int) -> None:
        produced_at_ms = self._produced_at_ms.get(block_hash)
        if produced_at_ms is None:
            self._unplaced.setdefault(block_hash, []).append((place, received_at_ms))
            return
        self._figures[place].latencies_ms.append(received_at_ms - produced_at_ms)


def percentile(values: Iterable[int], percent: int) -> int | None:
    """Return the smallest value that at least so many percent do not exceed; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(ceil(len(ordered) * percent / 100) - 1, 0)]


def describe(data: MessageData) -> str:
    """Return in a few words what of a transaction matched."""
    arguments, conditions = data.matched_on_args, data.matched_on
    activities = [
        *zip(arguments.events or (), conditions.events, strict=False),
        *zip(arguments.functions or (), conditions.functions, strict=False),
    ]
    if activities:
        others = f" and {len(activities) - 1} more" if len(activities) > 1 else ""
        return _describe_activity(*activities[0]) + others
    for condition in conditions.transactions:
        if condition.status == "Failure":
            return "a failed transaction"
        return shorten_numbers(condition.expression or "a transaction")
    return "a transaction"


def _describe_activity(activity: ActivityPart, condition: ConditionPart) -> str:
    """Return a name with the arguments that the condition asked about."""
    name = activity.signature.partition("(")[0]
    asked = set(_WORD.findall(condition.expression or ""))
    arguments = [
        f"{each.name} {shorten_number(each.value)}" for each in activity.args if each.name in asked
    ]
    return " ".join([name, *arguments])


def shorten_numbers(text: str) -> str:
    """Return a text with its integers as ``shorten_number`` writes them."""
    return _DIGITS.sub(lambda found: shorten_number(found[0]), text)


def shorten_number(text: str) -> str:
    """Return an integer's text as people read it: grouped, or its size if it is very long.

    Other text is returned as it is.
    """
    if _INTEGER.fullmatch(text) is None:
        return text
    digits = text.removeprefix("-")
    sign = text[: len(text) - len(digits)]
    if len(digits) <= _LONGEST_NUMBER:
        return f"{int(text):,}"
    about = "~" if digits[3:].strip("0") else ""
    fraction = digits[1:3].rstrip("0")
    return f"{about}{sign}{digits[0]}{'.' if fraction else ''}{fraction}e{len(digits) - 1}"
