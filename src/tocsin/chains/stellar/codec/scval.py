"""ScVal, the value of a smart contract: XDR → type name, texts and a comparable value.

Source: Stellar-contract.x (``SCVal``) of protocol 23, and what is announced after it; type names
and renderings as restated from OpenZeppelin Monitor.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, cast

from tocsin.chains.stellar.codec import strkey
from tocsin.chains.stellar.codec.xdr import XdrReader
from tocsin.model.interface import Simple, Value

_WIDE = frozenset({"U128", "I128", "U256", "I256"})
SYMBOL_LIMIT_BYTES = 32
_ESCAPES = {0: "\\0", 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}

VecItems = tuple["ScValue", ...]
MapItems = dict[str, "ScValue"]


class ScValue(NamedTuple):
    """One decoded value.

    ``base`` is the type name without its parameters. ``content`` is an integer, a boolean, text
    (bytes as hex, strings with escapes, addresses as StrKey), None for what has no rendering,
    a tuple (Vec) or a dict in the order of its keys (Map).
    """

    base: str
    content: int | bool | str | VecItems | MapItems | None

    @property
    def kind(self) -> str:
        """Return the type name as observed: ``U32``, ``Bytes32``, ``Vec<U32>``, ``Map<String,…>``.

        The parameters are those of the elements, without consecutive repetitions.
        """
        content = self.content
        if type(content) is str:
            is_sized = self.base == "Bytes" and content
            return f"Bytes{len(content) // 2}" if is_sized else self.base
        if type(content) is tuple:
            return f"Vec<{joined_kinds(each.kind for each in content)}>"
        if type(content) is dict:
            return f"Map<String,{joined_kinds(each.kind for each in content.values())}>"
        return self.base

    @property
    def text(self) -> str:
        """Return the value as text: ``[a,b]``, ``{k:v}``, ``null``, decimal integers."""
        content = self.content
        if type(content) is str:
            return content
        match content:
            case None:
                return "null"
            case bool(flag):
                return "true" if flag else "false"
            case tuple(items):
                return f"[{','.join(item.text for item in items)}]"
            case dict(items):
                return f"{{{','.join(f'{key}:{item.text}' for key, item in items.items())}}}"
            case _:
                return str(content)

    @property
    def json(self) -> object:
        """Return the value for JSON; integers of 128 and 256 bits as ``{"type", "value"}``."""
        match self.content:
            case tuple(items):
                return [item.json for item in items]
            case dict(items):
                return {key: item.json for key, item in items.items()}
            case int(number) if self.base in _WIDE:
                return {"type": self.base, "value": str(number)}
            case _:
                return self.content

    @property
    def comparable(self) -> Value:
        """Return what expressions compare: exact integers, text, lists and dicts of them."""
        content = self.content
        if type(content) is tuple:
            return [item.comparable for item in content]
        if type(content) is dict:
            return {key: item.comparable for key, item in content.items()}
        return cast("Simple", content)


_VOID = ScValue("Void", None)


def read_value(reader: XdrReader) -> ScValue:
    """Return the value at the reader's position, which moves past it.

    Raises:
        ValueError: not a value.
    """
    tag = reader.signed()
    integer = INTEGERS.get(tag)
    if integer is not None:
        base, size_bytes, is_signed = integer
        read_integer = reader.signed if is_signed else reader.unsigned
        return ScValue(base, read_integer(size_bytes))
    simple = _SIMPLE.get(tag)
    if simple is not None:
        base, read = simple
        return ScValue(base, read(reader))
    nested = _NESTED.get(tag)
    if nested is None:
        raise ValueError(f"no kind of value has the number {tag}")
    reader.enter()
    value = nested(reader)
    reader.leave()
    return value


def read_values(reader: XdrReader) -> tuple[ScValue, ...]:
    """Return an array of values.

    Raises:
        ValueError: not an array of values.
    """
    return tuple([read_value(reader) for _ in range(reader.count())])


def decode_value(data: bytes) -> ScValue:
    """Return the one value that these bytes are.

    Raises:
        ValueError: not a value, or more than one.
    """
    reader = XdrReader(data)
    value = read_value(reader)
    if reader.position != len(data):
        raise ValueError("bytes follow the value")
    return value


def read_address(reader: XdrReader) -> str:
    """Return an ``SCAddress`` as StrKey."""
    match reader.signed():
        case 0:
            return read_account(reader)
        case 1:
            return strkey.encode_strkey(strkey.CONTRACT, reader.fixed(32))
        case 2:
            identity = reader.fixed(8)
            return strkey.encode_strkey(strkey.MUXED, reader.fixed(32) + identity)
        case 3:
            version = reader.unsigned()
            if version:
                raise ValueError(f"a claimable balance id has version {version}")
            return strkey.encode_strkey(strkey.CLAIMABLE_BALANCE, b"\0" + reader.fixed(32))
        case 4:
            return strkey.encode_strkey(strkey.LIQUIDITY_POOL, reader.fixed(32))
        case tag:
            raise ValueError(f"no kind of address has the number {tag}")


def read_account(reader: XdrReader) -> str:
    """Return an ``AccountID`` as StrKey ``G…``."""
    if reader.signed() != 0:
        raise ValueError("an account has an unknown kind of key")
    return strkey.encode_strkey(strkey.ACCOUNT, reader.fixed(32))


def read_symbol(reader: XdrReader) -> str:
    """Return an ``SCSymbol`` as text."""
    return symbol_text(reader.opaque(SYMBOL_LIMIT_BYTES))


@lru_cache(maxsize=16_384)  # the same names stand in every call and map of a contract
def symbol_text(raw: bytes) -> str:
    """Return the bytes of a symbol as text."""
    return escaped(raw)


def escaped(raw: bytes) -> str:
    r"""Return bytes as printable ASCII: others become ``\n``, ``\t``, ``\r``, ``\0``, ``\xNN``."""
    text = raw.decode("latin-1")
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(_ESCAPES.get(byte) or _plain_or_hex(byte) for byte in raw)


def _plain_or_hex(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"


def joined_kinds(kinds: Iterable[str]) -> str:
    """Return the kinds of elements as a container shows them: each repetition once."""
    return ",".join([kind for kind, _ in groupby(kinds)]) or "Void"


def _read_vec(reader: XdrReader) -> ScValue:
    return ScValue("Vec", read_values(reader)) if reader.flag() else _VOID


def _read_map(reader: XdrReader) -> ScValue:
    if not reader.flag():
        return _VOID
    return _read_entries(reader)


def _read_entries(reader: XdrReader) -> ScValue:
    items: MapItems = {}
    for _ in range(reader.count()):
        key = read_value(reader).text
        items[key] = read_value(reader)
    return ScValue("Map", dict(sorted(items.items())))


def _read_error(reader: XdrReader) -> ScValue:
    reader.skip(8)
    return _VOID


def _read_instance(reader: XdrReader) -> ScValue:
    match reader.signed():
        case 0:
            reader.skip(32)
        case 2:  # code that somebody else owns, by his name for it
            read_address(reader)
            reader.opaque()
        case _:
            pass
    if reader.flag():
        _read_entries(reader)
    return _VOID


def _read_nonce(reader: XdrReader) -> ScValue:
    reader.skip(8)
    return _VOID


INTEGERS = {
    3: ("U32", 4, False),
    4: ("I32", 4, True),
    5: ("U64", 8, False),
    6: ("I64", 8, True),
    7: ("Timepoint", 8, False),
    8: ("Duration", 8, False),
    9: ("U128", 16, False),
    10: ("I128", 16, True),
    11: ("U256", 32, False),
    12: ("I256", 32, True),
}


def _read_tag(reader: XdrReader) -> ScValue:
    reader.opaque()
    return _VOID


Content = int | bool | str | None
_SIMPLE: dict[int, tuple[str, Callable[[XdrReader], Content]]] = {
    0: ("Bool", lambda reader: reader.flag()),
    1: ("Void", lambda _: None),
    13: ("Bytes", lambda reader: reader.opaque().hex()),
    14: ("String", lambda reader: escaped(reader.opaque())),
    15: ("Symbol", read_symbol),
    18: ("Address", read_address),
}
_NESTED: dict[int, Callable[[XdrReader], ScValue]] = {
    2: _read_error,
    16: _read_vec,
    17: _read_map,
    19: _read_instance,
    20: lambda _: _VOID,
    21: _read_nonce,
    22: _read_tag,
}


def leading_text(value: ScValue) -> str | None:
    """Return the text of a topic that can be part of an event's name, or None."""
    return cast(str, value.content) if value.base in {"Symbol", "String"} else None
