"""A set of shapes → one function that looks a record up in all their tables.

The function is spelled out per set of shapes and way of access, with every field read once, and
compiled; many indexes share it. Its text is made of positions, fixed lines and what the chain
family spells. Tables and readers are bound to it, so what is filed later is found too.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, cast

from tocsin.matching.nodes import Slots
from tocsin.matching.shapes import Kind, Shape
from tocsin.model.activity import Access, Reader, Record

MAX_FACTORIES = 4_096

Found = list[Slots]

Undecided = tuple[Found, Found, bool]
"""Who is found, who has to be evaluated, and whether a field that others depend on is missing."""

Probe = Callable[[Record], Found | Undecided | None]
"""Looks a record up: who is found, or more if that is not all; None if it does not fit."""


class _Text(NamedTuple):
    """All that the text of a probe depends on; ``sources`` has None for fields with readers."""

    shapes: tuple[Shape, ...]
    positions: tuple[int, ...]
    sources: tuple[str | None, ...]
    needed: tuple[int, ...]
    opening: tuple[str, ...]
    fits: str
    constants: tuple[str, ...]


_Factory = Callable[[Sequence[object], Sequence[object], Sequence[object]], Probe]


def build_probe(
    tables: Mapping[Shape, object],
    needed: Sequence[int],
    access: Access,
    readers: Callable[[int], Reader],
) -> Probe:
    """Return the function for these tables.

    ``needed`` are the positions others depend on; ``readers`` give fields that are not spelled.
    """
    shapes = tuple(sorted(tables))
    positions = tuple(sorted({*needed, *_positions(shapes)}))
    text = _Text(
        shapes=shapes,
        positions=positions,
        sources=tuple([access.sources.get(each) for each in positions]),
        needed=tuple(each for each in needed if each not in access.sources),
        opening=access.opening,
        fits=access.fits,
        constants=tuple(access.constants),
    )
    unspelled = [readers(each) for each in positions if each not in access.sources]
    return _factory(text)(
        unspelled,
        [_access_to(shape, tables[shape]) for shape in shapes],
        list(access.constants.values()),
    )


def _positions(shapes: Sequence[Shape]) -> set[int]:
    bounded = {shape.position for shape in shapes if shape.position >= 0}
    return bounded.union(*(shape.equal for shape in shapes))


def _access_to(shape: Shape, table: object) -> object:
    """Return the one row of a table without equal fields, or the lookup of its rows."""
    return table


@lru_cache(maxsize=MAX_FACTORIES)
def _factory(text: _Text) -> _Factory:
    """Return what binds readers, accesses and constants, each in its order, to a probe."""
    source = "\n".join(_spell(text))
    space: dict[str, object] = {"bisect_left": bisect_left, "bisect_right": bisect_right}
    exec(compile(source, "<probe>", "exec"), space)  # noqa: S102 - spelled here, from no user text
    return cast("_Factory", space["bind"])


def _spell(text: _Text) -> list[str]:
    fields = _Fields(text)
    lines = ["def bind(readers, accesses, constants):"]
    lines += [f" {name} = constants[{place}]" for place, name in enumerate(text.constants)]
    lines += [f" r{each} = readers[{place}]" for place, each in enumerate(fields.unspelled)]
    lines += [f" a{place} = accesses[{place}]" for place in range(len(text.shapes))]
    names = [*text.constants, *(f"r{each}" for each in fields.unspelled)]
    names += [f"a{place}" for place in range(len(text.shapes))]
    # defaults are one row of pointers, where the cells of a closure are all over the memory
    lines.append(f" def probe({', '.join(['record', *(f'{each}={each}' for each in names)])}):")
    lines += [f"  {each}" for each in text.opening]
    lines.append("  found = []; asked = []" if _is_open(text) else "  found = []")
    lines += [f"  f{each} = {fields.read(each)}" for each in sorted(fields.always)]
    for place, shape in enumerate(text.shapes):
        lines += _spell_table(place, shape, fields)
    return [*lines, *_ending(text), " return probe"]


def _is_open(text: _Text) -> bool:
    """Return whether there may be more to say than who is found."""
    return bool(text.needed) or any(shape.verify for shape in text.shapes)


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
        alone = {shape.position for shape in text.shapes if not shape.equal and shape.position >= 0}
        self.always = {*text.needed, *alone}.union(*(shape.equal for shape in text.shapes))

    def read(self, position: int) -> str:
        """Return the source of a field."""
        return self._sources[position] or f"r{position}(record)"

    def may_be_missing(self, position: int) -> bool:
        """Return whether a field may read as None."""
        return self._sources[position] is None


def _spell_table(place: int, shape: Shape, fields: _Fields) -> list[str]:
    target = "asked" if shape.verify else "found"
    lines: list[str] = []
    indent, row = "  ", f"a{place}"
    if shape.equal:
        names = ", ".join(f"f{each}" for each in shape.equal)
        lines = [
            f"  row = a{place}.get({names if len(shape.equal) == 1 else f'({names})'})",
            "  if row is not None:",
        ]
        indent, row = "   ", "row"
    if shape.position < 0:
        return [*lines, f"{indent}{target}.append({row})"]
    field = f"f{shape.position}"
    if shape.position not in fields.always:
        lines.append(f"{indent}{field} = {fields.read(shape.position)}")
    if fields.may_be_missing(shape.position):
        lines.append(f"{indent}if {field} is not None:")
        indent += " "
    lines += [f"{indent}{each}" for each in _LINES[shape.kind]]
    return [each.format(row=row, field=field, target=target) for each in lines]


_LINES: dict[Kind, Sequence[str]] = {
    Kind.PLAIN: (),
    Kind.LOW: (
        "if {row}.pages is not None: {row}.up_to({field}, {target})",
        "else:",
        " place = bisect_right({row}.numbers, {field})",
        " if place: {target}.append({row}.slots[:place])",
    ),
    Kind.HIGH: (
        "if {row}.pages is not None: {row}.from_on({field}, {target})",
        "else:",
        " place = bisect_left({row}.numbers, {field})",
        " if place < len({row}.numbers): {target}.append({row}.slots[place:])",
    ),
    Kind.INTERVAL: ("{row}.around({field}, {target})",),
    Kind.PATTERN: ("{row}.inside({field}, {target})",),
}
