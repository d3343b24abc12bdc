"""A plan and a recorded block → how long matching takes, in units of parsing the block."""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from statistics import median
from time import process_time

import orjson

from tocsin.chains.base import ChainFamilyCode
from tocsin.matching.compiled import (
    CompiledMonitor,
    compile_monitor,
    decode_compiled,
    encode_compiled,
)
from tocsin.matching.engine import find_hits, find_met
from tocsin.matching.hits import Findings, Hit, group_hits
from tocsin.matching.plan import MatchPlan, entries_of
from tocsin.matching.ready import ReadyMonitor, ready_monitor
from tocsin.model.activity import DecodedBundle, DecodedTransaction
from tocsin.model.block import Bundle
from tocsin.model.monitor import KeyedCondition, KeyedMonitor
from tocsin.orchestrator.memory import long_lived

_TURNS = 17
_IN_A_ROW = 5
_SAMPLE = 1_000
_CHANGES = 5
_NAIVE_SAMPLE = 100
_WEIGHED = 50_000


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is measured: monitors by name, the code of their chain, one block of it."""

    monitors: Sequence[tuple[str, CompiledMonitor]]
    code: ChainFamilyCode
    bundle: Bundle


def measure(subject: Subject) -> dict[str, object]:
    """Return the figures by name; ratios are to ``orjson.loads`` of the same block."""
    plan, load_seconds = _load(subject)
    pause = _seconds(gc.collect)
    times = _time_rounds(subject, plan)
    found, activity_matches = _group_all(subject.code.decode(subject.bundle), plan)
    matches, digest = _digest(subject, plan)
    figures: dict[str, object] = {
        "monitors": len(subject.monitors),
        "p_ms": round(times.unit * 1e3, 4),
        "parse_ratio": round(times.parse, 3),
        "match_ratio": round(times.match, 3),
        "total_ratio": round(times.total, 3),
        "matches": matches,
        "activity_matches": activity_matches,
        "digest": digest,
        "group_ns_per_match": round(found * 1e9 / max(activity_matches, 1), 1),
    }
    figures |= _time_changes(subject, plan)
    figures["build_seconds"] = round(load_seconds, 3)
    figures["gc_pause_ms"] = round(pause * 1e3, 3)
    figures["naive_ratio"] = round(_time_naive(subject) / (times.match * times.unit))
    gc.unfreeze()
    figures["bytes_per_monitor"] = _weigh(subject)
    return figures


@dataclass(frozen=True)
class _Times:
    """Medians over turns: the unit in seconds, the others in units of the same turn."""

    unit: float
    parse: float
    match: float
    total: float


def _seconds(work: Callable[[], object]) -> float:
    started = process_time()
    work()
    return process_time() - started


def _load(subject: Subject) -> tuple[MatchPlan, float]:
    """Return the plan made from the monitors' stored form, and how long that took."""
    stored = [encode_compiled(compiled) for _, compiled in subject.monitors]
    plan = MatchPlan()
    started = process_time()
    with long_lived(len(stored)):
        for each in stored:
            compiled = decode_compiled(each)
            if compiled is not None:
                plan.add(compiled)
    return plan, process_time() - started


def _time_rounds(subject: Subject, plan: MatchPlan) -> _Times:
    """Return medians of many turns: the best of some times the unit, and of as often the rest.

    Whatever else a machine does only ever adds. Both meet the same machine in a turn, and neither
    pays each time for what the other put into the processor's caches: where blocks are matched no
    other JSON parser runs in between.
    """
    turns: list[tuple[float, float, float, float]] = []
    parts = list(subject.bundle.parts.values())
    for _ in range(_TURNS):
        unit = min(
            _seconds(lambda: [orjson.loads(part) for part in parts]) for _ in range(_IN_A_ROW)
        )
        rounds = [_parse_and_match(subject, plan) for _ in range(_IN_A_ROW)]
        parse, match, total = (min(each) / unit for each in zip(*rounds, strict=True))
        turns.append((unit, parse, match, total))
    return _Times(*(median(each) for each in zip(*turns, strict=True)))


def _parse_and_match(subject: Subject, plan: MatchPlan) -> tuple[float, float, float]:
    """Return the seconds of parsing, of matching, and of both."""
    started = process_time()
    decoded = subject.code.decode(subject.bundle)
    parsed = process_time()
    _decide_all(decoded, plan)
    finished = process_time()
    return parsed - started, finished - parsed, finished - started


def _decide_all(decoded: DecodedBundle, plan: MatchPlan) -> dict[int, list[Hit]]:
    hits = find_hits(decoded, plan)
    if plan.has_transaction_indexes:
        for transaction in decoded.transactions:
            for _ in find_met(transaction, {}, plan):
                pass
    return hits


def _group_all(decoded: DecodedBundle, plan: MatchPlan) -> tuple[float, int]:
    """Return the seconds that grouping all hits takes, and how many there are."""
    hits = list(find_hits(decoded, plan).values())
    count = sum(stop - start for each in hits for _, _, found in each for _, start, stop in found)

    def group() -> list[Findings]:
        return [group_hits(each) for each in hits]

    return median(_seconds(group) for _ in range(5)), count


def _digest(subject: Subject, plan: MatchPlan) -> tuple[int, str]:
    """Return how many pairs of monitor and transaction match, and SHA-256 over them.

    Over the sorted lines ``name``, tab, transaction hash, newline.
    """
    names = {compiled.ref.id: name for name, compiled in subject.monitors}
    decoded = subject.code.decode(subject.bundle)
    hits = find_hits(decoded, plan)
    lines = sorted(
        f"{names[plan.compiled(slot).ref.id]}\t{transaction.ref.hash}\n"
        for place, transaction in enumerate(decoded.transactions)
        for slot in find_met(transaction, group_hits(hits.get(place, ())), plan)
    )
    return len(lines), sha256("".join(lines).encode()).hexdigest()


def _time_changes(subject: Subject, plan: MatchPlan) -> dict[str, object]:
    """Return what compiling, inserting and removing one monitor costs, in microseconds."""
    step = max(len(subject.monitors) // _SAMPLE, 1)
    sample = [compiled for _, compiled in subject.monitors[::step]][:_SAMPLE]
    entries = [entries_of(compiled) for compiled in sample]
    keyed = [_keyed(compiled) for compiled in sample]
    compiling = _seconds(
        lambda: [
            entries_of(compile_monitor(compiled.ref, each))
            for compiled, each in zip(sample, keyed, strict=True)
        ]
    )
    pairs = list(zip(sample, entries, strict=True))

    def remove() -> None:
        for pair in pairs:
            plan.discard(*pair)

    def insert() -> None:
        for pair in pairs:
            plan.insert(*pair)

    changes = [(_seconds(remove), _seconds(insert)) for _ in range(_CHANGES)]
    removing, inserting = (median(each) for each in zip(*changes, strict=True))
    count = max(len(sample), 1)
    return {
        "compile_us": round(compiling * 1e6 / count, 2),
        "insert_us": round(inserting * 1e6 / count, 2),
        "remove_us": round(removing * 1e6 / count, 2),
    }


def _keyed(compiled: CompiledMonitor) -> KeyedMonitor:
    return KeyedMonitor(
        addresses=compiled.addresses,
        gated=compiled.gated,
        has_event_conditions=compiled.has_event_conditions,
        has_function_conditions=compiled.has_function_conditions,
        has_transaction_conditions=compiled.has_transaction_conditions,
        has_operation_conditions=compiled.has_operation_conditions,
        conditions=tuple(
            KeyedCondition(
                kind=each.kind,
                ordinal=each.ordinal,
                key=each.key,
                signature=each.signature,
                layout=compiled.layouts[each.layout],
                hex_signature=each.hex_signature,
                status=each.status,
                expression=each.expression,
            )
            for each in compiled.conditions
        ),
    )


def _time_naive(subject: Subject) -> float:
    """Return the seconds of asking every monitor about everything, from a sample of them."""
    step = max(len(subject.monitors) // _NAIVE_SAMPLE, 1)
    sample = [ready_monitor(each) for _, each in subject.monitors[::step]][:_NAIVE_SAMPLE]
    decoded = subject.code.decode(subject.bundle)

    def ask() -> None:
        for monitor in sample:
            for transaction in decoded.transactions:
                _ask(monitor, transaction)

    return _seconds(ask) * len(subject.monitors) / max(len(sample), 1)


def _ask(monitor: ReadyMonitor, transaction: DecodedTransaction) -> None:
    for activity in transaction.activities:
        for condition in monitor.waiting(activity.kind, (activity.key,)):
            arguments = activity.arguments(condition.layout)
            if arguments is not None and condition.predicate is not None:
                condition.predicate(arguments)
    for condition in monitor.transactions:
        if condition.predicate is not None:
            any(condition.predicate(view) for view in transaction.views())


def _weigh(subject: Subject) -> int:
    """Return the bytes that the index takes per monitor, its definition not counted."""
    sample = [compiled for _, compiled in subject.monitors[:_WEIGHED]]
    gc.collect()
    tracemalloc.start()
    try:
        plan = MatchPlan(sample)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return round(taken / max(plan.monitors, 1))
