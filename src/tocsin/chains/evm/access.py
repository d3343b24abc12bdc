"""A layout → how its logs or calls are read while it is not known whether anybody cares.

Fields of one word are cut out of the hex text that the node gave, spelled as Python source from
positions and sizes alone; for the others everything is decoded. Of a log every bit around a value
is checked, but only once somebody was found for it; of a call contracts ignore them.

What is read is lower-case hex, as ``canonical`` leaves it, with as many topics as its key says.
"""

from binascii import unhexlify
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, cast

from tocsin.chains.evm.abi import WORD, AbiType, Form
from tocsin.chains.evm.activity import Opened, open_call, open_log
from tocsin.chains.evm.keys import SELECTOR_END
from tocsin.chains.evm.layout import Decoder, decoder_of
from tocsin.chains.evm.types import LogRecord, TransactionRecord
from tocsin.model.activity import Access, Comparing, Reader, Record
from tocsin.model.interface import Layout, Simple, Value, simple_value

_DIGITS = 2 * WORD
_PREFIX = len("0x")


def access_to(layout: Layout) -> Access:
    """Return how records are read by a layout.

    Raises:
        ValueError: it is not of an EVM activity.
    """
    decoder = decoder_of(layout)
    if decoder is None:
        raise ValueError(f"a layout of {layout.family}")
    whole = _Whole(decoder)

    def reader(position: int) -> Reader:
        value_type = layout.parameters[position].type

        def read(record: Record) -> Simple:
            values = whole.values(record)
            return None if values is None else simple_value(values[position], value_type)

        return read

    places = list(_places(decoder))
    spell = _call_source if decoder.is_call else _log_source
    return Access(
        reader=reader,
        sources={at: spell(each) for at, each in enumerate(places) if each is not None},
        opening=_opening(decoder),
        fits=_fits(decoder, places),
        constants={
            "fits": lambda record: whole.values(record) is not None,
            "from_bytes": int.from_bytes,
            "unhexlify": unhexlify,
        },
        comparing={} if decoder.is_call else dict(_comparing(places)),
    )


class _Whole:
    """All values of a record; those of the last one are kept, since several fields are asked."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._last: tuple[Record, Sequence[Value] | None] = (None, None)

    def values(self, record: Record) -> Sequence[Value] | None:
        """Return them, or None where the record does not fit."""
        known, values = self._last
        if known is not record:
            values = self._decode(record)
            self._last = (record, values)
        return values

    def _decode(self, record: Record) -> Sequence[Value] | None:
        decoder = self._decoder
        opened: Opened
        if decoder.is_call:
            opened = open_call(cast("TransactionRecord", record))
        else:
            opened = open_log(cast("LogRecord", record))
        return decoder.read(opened.topics, opened.data)


class _Place(NamedTuple):
    """Where a value's word lies: in which text, and from which character."""

    type: AbiType
    text: str
    start: int

    def cut(self, first: int, last: int = _DIGITS) -> str:
        """Return the source of some digits of the word."""
        return f"{self.text}[{self.start + first}:{self.start + last}]"


def _places(decoder: Decoder) -> Iterator[_Place | None]:
    """Yield where each value lies, or None for those that are not one elementary word."""
    topic, word = decoder.first_topic, SELECTOR_END if decoder.is_call else _PREFIX
    for parameter, kind in zip(decoder.parameters, decoder.types, strict=True):
        is_word = not (kind.dynamic or kind.depth)
        if parameter.indexed:
            yield _Place(kind, f"topics[{topic}]", _PREFIX) if is_word else None
            topic += 1
        else:
            yield _Place(kind, "data", word) if is_word else None
            word += 2 * kind.head_size


def _opening(decoder: Decoder) -> tuple[str, ...]:
    """Return the statements that name the texts, and end where the data are too short."""
    prefix = SELECTOR_END if decoder.is_call else _PREFIX
    pairs = zip(decoder.parameters, decoder.types, strict=True)
    head = sum(kind.head_size for parameter, kind in pairs if not parameter.indexed)
    lines = ["data = record.input" if decoder.is_call else "data = record.data"]
    if any(parameter.indexed for parameter in decoder.parameters):
        lines.append("topics = record.topics")
    if head:
        lines.append(f"if len(data) < {prefix + 2 * head}: return None")
    return tuple(lines)


def _log_source(place: _Place) -> str:
    kind = place.type
    match kind.form:
        case Form.BOOL:
            return f"({place.cut(_DIGITS - 1)} == '1')"
        case Form.UINT:
            return f"from_bytes(unhexlify({place.cut(0)}))"
        case Form.INT:
            return f"({_signed(place.cut(0), WORD)})"
        case _:
            return _shown(place)


def _comparing(places: Sequence[_Place | None]) -> Iterator[tuple[int, Comparing]]:
    """Yield the fields that are a topic: a constant is written as one, once, when it is filed."""
    for at, place in enumerate(places):
        if place is not None and place.text != "data" and place.type.form in _WRITERS:
            yield at, Comparing(place.text, _WRITERS[place.type.form])


def _write_address(constant: Simple) -> Simple:
    return f"0x{str(constant)[_PREFIX:]:0>{_DIGITS}}"


def _write_number(constant: Simple) -> Simple:
    """Return the topic of a truth or a number, of which there are none beyond 256 bits."""
    return f"0x{int(constant or 0) % (1 << 8 * WORD):0{_DIGITS}x}"


_WRITERS: dict[Form, Callable[[Simple], Simple]] = {
    Form.ADDRESS: _write_address,
    Form.UINT: _write_number,
    Form.BOOL: _write_number,
    Form.INT: _write_number,
}


def _call_source(place: _Place) -> str:
    """Return the source of the bits that contracts look at."""
    kind = place.type
    used = place.cut(_DIGITS - 2 * kind.size)
    match kind.form:
        case Form.BOOL:
            return f"(int({place.cut(0)}, 16) != 0)"
        case Form.UINT:
            return f"from_bytes(unhexlify({used}))"
        case Form.INT:
            return f"({_signed(used, kind.size)})"
        case _:
            return _shown(place)


def _signed(digits: str, size: int) -> str:
    bound = 1 << 8 * size
    return f"w if (w := from_bytes(unhexlify({digits}))) < {bound >> 1} else w - {bound}"


def _shown(place: _Place) -> str:
    used = 2 * place.type.size
    if place.type.form is Form.ADDRESS:
        return f"'0x' + {place.cut(_DIGITS - used)}"
    if used == _DIGITS and place.start == _PREFIX and place.text != "data":
        return place.text
    return f"'0x' + {place.cut(0, used)}"


_MANY = 32  # checks that are spelled; with more, decoding is as fast


def _fits(decoder: Decoder, places: Sequence[_Place | None]) -> str:
    """Return the source that tells whether a record of sufficient length fits."""
    if decoder.is_choosy or None in places or len(places) > _MANY:
        return "fits(record)"
    if decoder.is_call:
        return "True"
    checks = [_check(each) for each in places if each is not None]
    return " and ".join(filter(None, checks)) or "True"


def _check(place: _Place) -> str:
    kind = place.type
    unused = _DIGITS - 2 * kind.size
    match kind.form:
        case Form.INT if unused:
            half = 1 << 8 * kind.size - 1
            return f"{-half} <= {_log_source(place)} < {half}"
        case Form.BOOL:
            last = place.start + _DIGITS - 1
            return f"{_zeros(place, place.start, _DIGITS - 1)} and {place.text}[{last}] in '01'"
        case Form.SIZED if unused:
            return _zeros(place, place.start + 2 * kind.size, unused)
        case _ if unused:
            return _zeros(place, place.start, unused)
        case _:
            return ""


def _zeros(place: _Place, start: int, count: int) -> str:
    if start == _PREFIX:
        # of lower-case hex with 0x: every digit before the last one would make it greater
        return f"{place.text} < '0x{'0' * (count - 1)}1'"
    return f"{place.text}.startswith('{'0' * count}', {start})"
