"""A compiled monitor → what it costs the others, known before it is ever matched."""

from typing import NamedTuple

from tocsin.matching.compiled import CompiledMonitor
from tocsin.matching.plan import entries_of
from tocsin.matching.shapes import Conjunct


class MonitorCost(NamedTuple):
    """What a monitor adds to a plan.

    ``filed`` counts its alternatives over all its keys. ``evaluated`` counts those that no lookup
    narrows down: each is evaluated on every log or call of its key.
    """

    filed: int
    evaluated: int


def cost_of(compiled: CompiledMonitor) -> MonitorCost:
    """Return what a monitor adds to a plan."""
    conjuncts = [each for entry in entries_of(compiled) for each in entry.conjuncts]
    return MonitorCost(len(conjuncts), sum(map(_is_evaluated, conjuncts)))


def _is_evaluated(conjunct: Conjunct) -> bool:
    return conjunct.verify and not conjunct.equal and conjunct.position < 0
