"""The tables of an index → one function that looks a record up in all of them.

The function is spelled out per set of tables and way of access, with every field read once, and
compiled; many indexes share it. Its text is made of positions, fixed lines and what the chain
family spells. Tables and readers are bound to it, so what is filed later is found too.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, cast

from tocsin.matching.nodes import Found
from tocsin.matching.shapes import Kind
from tocsin.matching.tables import Part, Table, Trunk, pick
from tocsin.model.activity import Access, Reader, Record

MAX_FACTORIES = 4_096

Undecided = tuple[Found, Found, bool]
"""Who is found, who has to be evaluated, and whether a field that others depend on is missing."""

Probe = Callable[[Record], Found | Undecided | None]
"""Looks a record up: who is found, or more if that is not all; None if it does not fit."""


class _Lookup(NamedTuple):
    """One table: the positions of its equal fields, and what is asked at its leaves."""

    equal: tuple[int, ...]
    parts: tuple[Part, ...]


class _Text(NamedTuple):
    """All that the text of a probe depends on.

    ``sources`` has None for fields with readers, ``comparing`` for fields that are read.
    """

    rows: tuple[Part, ...]
    lookups: tuple[_Lookup, ...]
    positions: tuple[int, ...]
    sources: tuple[str | None, ...]
    comparing: tuple[str | None, ...]
    needed: tuple[int, ...]
    opening: tuple[str, ...]
    fits: str
    constants: tuple[str, ...]


_Factory = Callable[
    [Sequence[Reader], Sequence[object], Sequence[tuple[object, object]], Sequence[object]], Probe
]


def build_probe(
    trunk: Trunk | None,
    tables: Sequence[Table],
    needed: Sequence[int],
    access: Access,
    readers: Callable[[int], Reader],
) -> Probe:
    """Return the function for a trunk and tables.

    ``needed`` are the positions others depend on; ``readers`` give fields that are not spelled.
    """
    tables = sorted(tables, key=lambda each: each.equal)
    rows = () if trunk is None else trunk.parts
    lookups = tuple([_Lookup(each.equal, each.parts) for each in tables])
    positions = tuple(sorted({*needed, *_positions(rows, lookups)}))
    text = _Text(
        rows=rows,
        lookups=lookups,
        positions=positions,
        sources=tuple([access.sources.get(each) for each in positions]),
        comparing=tuple([_comparing(access, each) for each in positions]),
        needed=tuple(each for each in needed if each not in access.sources),
        opening=access.opening,
        fits=access.fits,
        constants=tuple(access.constants),
    )
    unspelled = [readers(each) for each in positions if each not in access.sources]
    return _factory(text)(
        unspelled,
        [] if trunk is None else trunk.rows,
        [(each.leaves.get, each.parts) for each in tables],
        list(access.constants.values()),
    )


def _comparing(access: Access, position: int) -> str | None:
    comparing = access.comparing.get(position)
    return None if comparing is None else comparing.source


def _positions(rows: Sequence[Part], lookups: Sequence[_Lookup]) -> set[int]:
    parts = [*rows, *(part for each in lookups for part in each.parts)]
    bounded = {part.position for part in parts if part.position >= 0}
    return bounded.union(*(each.equal for each in lookups))


@lru_cache(maxsize=MAX_FACTORIES)
def _factory(text: _Text) -> _Factory:
    """Return what binds readers, tables and constants, each in its order, to a probe."""
    source = "\n".join(_spell(text))
    space: dict[str, object] = {
        "bisect_left": bisect_left,
        "bisect_right": bisect_right,
        "pick": pick,
    }
    exec(compile(source, "<probe>", "exec"), space)  # noqa: S102 - spelled here, from no user text
    return cast("_Factory", space["bind"])


def _spell(text: _Text) -> list[str]:
    fields = _Fields(text)
    target = "asked" if _is_open(text) else "found"
    lines = ["def bind(readers, rows, tables, constants):"]
    lines += [f" {name} = constants[{place}]" for place, name in enumerate(text.constants)]
    lines += [f" r{each} = readers[{place}]" for place, each in enumerate(fields.unspelled)]
    lines += [f" row{place} = rows[{place}]" for place in range(len(text.rows))]
    lines += [f" get{place}, parts{place} = tables[{place}]" for place in range(len(text.lookups))]
    # what every record needs are defaults, one row of pointers, and what few need are cells:
    # whatever is a default is touched by every call
    names = [f"r{each}" for each in fields.unspelled if each in fields.always]
    names += [f"row{place}" for place in range(len(text.rows))]
    names += [f"get{place}" for place in range(len(text.lookups))]
    lines.append(f" def probe({', '.join(['record', *(f'{each}={each}' for each in names)])}):")
    lines += [f"  {each}" for each in text.opening]
    lines.append("  found = []; asked = []" if _is_open(text) else "  found = []")
    lines += [f"  f{each} = {fields.read(each)}" for each in sorted(fields.always)]
    for place, part in enumerate(text.rows):
        lines += _spell_row(f"row{place}", part, fields)
    for place, lookup in enumerate(text.lookups):
        lines += _spell_lookup(place, lookup, fields, target)
    return [*lines, *_ending(text), " return probe"]


def _is_open(text: _Text) -> bool:
    """Return whether there may be more to say than who is found."""
    parts = [*text.rows, *(part for each in text.lookups for part in each.parts)]
    return bool(text.needed) or any(part.verify for part in parts)


def _ending(text: _Text) -> list[str]:
    unfit = [] if text.fits == "True" else [f"  if not ({text.fits}): return None"]
    if not _is_open(text):
        return ["  if not found: return found", *unfit, "  return found"]
    missing = " or ".join(f"f{each} is None" for each in text.needed) or "False"
    return [
        "  if not found and not asked: return found",
        *unfit,
        f"  return found, asked, {missing}",
    ]


class _Fields:
    """How the fields are read, and which ones of every record."""

    def __init__(self, text: _Text) -> None:
        self._sources = dict(zip(text.positions, text.sources, strict=True))
        self.unspelled = [each for each, source in self._sources.items() if source is None]
        bounded = {part.position for part in text.rows if part.position >= 0}
        self._comparing = dict(zip(text.positions, text.comparing, strict=True))
        equal = {position for each in text.lookups for position in each.equal}
        read = {position for position in equal if self._comparing[position] is None}
        self.always = bounded.union(text.needed, read)

    def read(self, position: int) -> str:
        """Return the source of a field."""
        return self._sources[position] or f"r{position}(record)"

    def may_be_missing(self, position: int) -> bool:
        """Return whether a field may read as None."""
        return self._sources[position] is None

    def compared(self, position: int) -> str:
        """Return the source of what constants are compared with."""
        return self._comparing[position] or f"f{position}"

    def asked(self, part: Part) -> str:
        """Return the source of what a part looks at."""
        if part.position < 0:
            return "None"
        return f"f{part.position}" if part.position in self.always else self.read(part.position)


def _spell_lookup(number: int, lookup: _Lookup, fields: _Fields, target: str) -> list[str]:
    compared = ", ".join(map(fields.compared, lookup.equal))
    key = compared if len(lookup.equal) == 1 else f"({compared})"
    asked = "".join(f"{fields.asked(each)}, " for each in lookup.parts)
    return [
        f"  leaf = get{number}({key})",
        "  if leaf is not None:",
        f"   pick(leaf, parts{number}, ({asked}), found, {target})",
    ]


def _spell_row(row: str, part: Part, fields: _Fields) -> list[str]:
    target, indent = "asked" if part.verify else "found", "  "
    if part.position < 0:
        return [f"  {target}.append(({row}, 0, len({row})))"]
    field = f"f{part.position}"
    lines: list[str] = []
    if fields.may_be_missing(part.position):
        lines.append(f"  if {field} is not None:")
        indent += " "
    lines += [f"{indent}{each}" for each in _LINES[part.kind]]
    return [each.format(row=row, field=field, target=target) for each in lines]


# The same as ``Thresholds.up_to`` and ``from_on``, without a call for what is most asked.
_LINES: dict[Kind, Sequence[str]] = {
    Kind.LOW: (
        "digests = {row}.digests",
        "if digests is None: place = bisect_right({row}.numbers, {field})",
        "else:",
        " digest = float({field})",
        " place = bisect_right(digests, digest)",
        " if place and digests[place - 1] == digest: place = {row}.right({field})",
        "if place: {target}.append(({row}.slots, 0, place))",
        "elif {row}.pages is not None: {row}.pages.up_to({field}, {target})",
    ),
    Kind.HIGH: (
        "digests = {row}.digests",
        "if digests is None: place = bisect_left({row}.numbers, {field})",
        "else:",
        " digest = float({field})",
        " place = bisect_left(digests, digest)",
        " if place < len(digests) and digests[place] == digest: place = {row}.left({field})",
        "if place < len({row}.slots): {target}.append(({row}.slots, place, len({row}.slots)))",
        "elif {row}.pages is not None: {row}.pages.from_on({field}, {target})",
    ),
    Kind.INTERVAL: ("{row}.around({field}, {target})",),
    Kind.PATTERN: ("{row}.inside({field}, {target})",),
}
