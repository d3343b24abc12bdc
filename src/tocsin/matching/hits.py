"""What the indexes found → who found what in a transaction."""

from collections.abc import Sequence

from tocsin.matching.nodes import Found
from tocsin.model.activity import Record

Hit = tuple[Record, str, Found]
"""One record, the key it was found by, and the monitors that it means something to."""

Findings = dict[int, tuple[Hit, ...]]
"""Who found what in one transaction: hits by slot, in chain order."""


def group_hits(hits: Sequence[Hit]) -> Findings:
    """Return who found what, given all hits of one transaction in chain order."""
    findings: Findings = {}
    for hit in hits:
        alone = (hit,)
        # most who found the same before found the same with this: one tuple serves them all
        longer: dict[int, tuple[Hit, ...]] | None = None
        for whole, start, stop in hit[2]:
            slots = whole[start:stop]
            if not findings:
                findings = dict.fromkeys(slots, alone)
                continue
            for slot in slots:
                known = findings.setdefault(slot, alone)
                if known is not alone:
                    if longer is None:
                        longer = {}
                    findings[slot] = longer.get(id(known)) or _with(known, hit, longer)
    return findings


def _with(known: tuple[Hit, ...], hit: Hit, longer: dict[int, tuple[Hit, ...]]) -> tuple[Hit, ...]:
    found = known if known[-1] is hit else (*known, hit)
    longer[id(known)] = longer[id(found)] = found
    return found
