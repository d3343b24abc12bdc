"""Conjuncts of one key and layout → who of thousands is met, in a few lookups.

Conjuncts are filed by shape: which fields are to be equal to something, and which one field has
a bound, an interval or a pattern. Per set of equal fields it takes one hash lookup, whatever else
is asked, and for each bound on its own one bisection.

Source of the idea: tuple-space search (Srinivasan, Suri, Varghese 1999) on access predicates
(Fabret et al. 2001).
"""

from collections.abc import Iterable, Iterator, Sequence

from tocsin.matching.nodes import Found, no_slots, slots_in
from tocsin.matching.probes import Probe, build_probe
from tocsin.matching.shapes import Conjunct, coarser, is_simple, shape_of
from tocsin.matching.tables import Table, Trunk, part_of
from tocsin.model.activity import Access, Reader, Record
from tocsin.model.interface import Layout, Simple, ValueType

MAX_SHAPES = 64
"""Shapes of one index; conjuncts of further ones are filed by one equality, and evaluated.

Beyond it only simple shapes are made, of which there are no more than fields allow: nobody's
shapes may cost others their lookups.
"""


class Index:
    """Who waits for the activities of one key, by one layout.

    ``key`` is where it is filed. A monitor is a slot; filed under several conjuncts it may be
    found several times. ``probe`` is the lookup, or None while ``bind`` has to make it.
    """

    __slots__ = ("_fragile", "_needed", "_tables", "_trunk", "key", "layout", "probe")

    def __init__(self, key: str, layout: Layout) -> None:
        self.key = key
        self.layout = layout
        self.probe: Probe | None = None
        self._trunk: Trunk | None = None
        self._tables: list[Table] = []
        self._fragile: set[int] | None = None
        self._needed: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self._trunk is not None or bool(self._tables)

    @property
    def shapes(self) -> int:
        """Return how many shapes are filed; one record takes no more lookups than that."""
        return sum(table.shapes for table in self._all())

    def insert(self, conjuncts: Sequence[Conjunct], slot: int) -> None:
        """File a monitor that is met where one of the conjuncts is."""
        needs = {position for each in conjuncts for position in each.needs}
        if needs:
            self._watch(needs, slot)
        for conjunct in conjuncts:
            self._put(conjunct, slot)

    def remove(self, conjuncts: Iterable[Conjunct], slot: int) -> None:
        """Take a monitor out that was filed with these conjuncts."""
        if self._fragile is not None:
            self._fragile.discard(slot)
        for conjunct in conjuncts:
            if not self._take(conjunct, slot):
                self._take(coarser(conjunct), slot)

    def _watch(self, positions: set[int], slot: int) -> None:
        self._fragile = self._fragile or set()
        self._fragile.add(slot)
        if not positions <= self._needed:
            self._needed |= positions
            self.probe = None

    def _put(self, conjunct: Conjunct, slot: int) -> None:
        part = part_of(conjunct)
        table = self._find(conjunct)
        if table is None or not table.asks(part):
            if self.shapes >= MAX_SHAPES and not is_simple(shape_of(conjunct)):
                self._put(coarser(conjunct), slot)
                return
            self.probe = None
        if table is None:
            table = self._grow(tuple([position for position, _ in conjunct.equal]))
        table.put(conjunct, part, slot)

    def _take(self, conjunct: Conjunct, slot: int) -> bool:
        table = self._find(conjunct)
        if table is None:
            return False
        parts = table.parts
        was_there = table.take(conjunct, part_of(conjunct), slot)
        if not table:
            self._drop(table)
        if not table or table.parts is not parts:
            self.probe = None
        return was_there

    def _find(self, conjunct: Conjunct) -> Trunk | Table | None:
        """Return where conjuncts with the same equal fields are filed."""
        equal = conjunct.equal
        if not equal:
            return self._trunk
        for table in self._tables:
            known = table.equal
            if known[0] == equal[0][0] and len(known) == len(equal) and known[-1] == equal[-1][0]:
                return table
        return None

    def _grow(self, equal: tuple[int, ...]) -> Trunk | Table:
        if not equal:
            self._trunk = Trunk()
            return self._trunk
        self._tables.append(Table(equal))
        return self._tables[-1]

    def _drop(self, table: Trunk | Table) -> None:
        if table is self._trunk:
            self._trunk = None
        else:
            self._tables = [each for each in self._tables if each is not table]

    def _all(self) -> Iterator[Trunk | Table]:
        if self._trunk is not None:
            yield self._trunk
        yield from self._tables

    def bind(self, access: Access) -> Probe:
        """Return ``probe`` made anew, given how the records of the layout are read."""
        for table in self._tables:
            table.write_keys(access.comparing)
        self.probe = build_probe(
            self._trunk,
            self._tables,
            sorted(self._needed),
            access,
            lambda position: self._reader(position, access.reader(position)),
        )
        return self.probe

    def _reader(self, position: int, read: Reader) -> Reader:
        if self.layout.parameters[position].type is not ValueType.TEXT:
            return read

        def read_lower(record: Record) -> Simple:
            value = read(record)
            return value.lower() if isinstance(value, str) else None

        return read_lower

    def without_fragile(self, found: Found) -> tuple[Found, set[int]]:
        """Part what was found where a needed field is missing.

        Returns the slots that are met all the same, and those that have to be evaluated.
        """
        several = self._fragile or set()
        plain = no_slots()
        plain.extend(slot for slot in slots_in(found) if slot not in several)
        again = {slot for slot in slots_in(found) if slot in several}
        return ([(plain, 0, len(plain))] if plain else []), again
