"""ScVal, the value of a smart contract: XDR → type name, texts and a comparable value.

Source: Stellar-contract.x (``SCVal``) of protocol 23; type names and renderings as restated from
OpenZeppelin Monitor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import cast

from tocsin.chains.stellar.codec import strkey
from tocsin.chains.stellar.codec.xdr import XdrReader
from tocsin.model.interface import Value

_WIDE = frozenset({"U128", "I128", "U256", "I256"})
_SYMBOL_LIMIT_BYTES = 32
_ESCAPES = {0: "\\0", 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}

VecItems = tuple["ScValue", ...]
MapItems = dict[str, "ScValue"]


@dataclass(frozen=True, slots=True)
class ScValue:
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
        match self.content:
            case tuple(items):
                return f"Vec<{_element_kinds(items)}>"
            case dict(items):
                return f"Map<String,{_element_kinds(tuple(items.values()))}>"
            case str(text) if self.base == "Bytes" and text:
                return f"Bytes{len(text) // 2}"
            case _:
                return self.base

    @property
    def text(self) -> str:
        """Return the value as text: ``[a,b]``, ``{k:v}``, ``null``, decimal integers."""
        match self.content:
            case None:
                return "null"
            case bool(flag):
                return "true" if flag else "false"
            case tuple(items):
                return f"[{','.join(item.text for item in items)}]"
            case dict(items):
                return f"{{{','.join(f'{key}:{item.text}' for key, item in items.items())}}}"
            case _:
                return str(self.content)

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
        match self.content:
            case tuple(items):
                return [item.comparable for item in items]
            case dict(items):
                return {key: item.comparable for key, item in items.items()}
            case _:
                return self.content


_VOID = ScValue("Void", None)


def read_value(reader: XdrReader) -> ScValue:
    """Return the value at the reader's position, which moves past it.

    Raises:
        ValueError: not a value.
    """
    tag = reader.signed()
    simple = _SIMPLE.get(tag)
    if simple is not None:
        base, read = simple
        return ScValue(base, read(reader))
    nested = _NESTED.get(tag)
    if nested is None:
        raise ValueError(f"no kind of value has the number {tag}")
    with reader.nested():
        return nested(reader)


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
    return escaped(reader.opaque(_SYMBOL_LIMIT_BYTES))


def escaped(raw: bytes) -> str:
    r"""Return bytes as printable ASCII: others become ``\n``, ``\t``, ``\r``, ``\0``, ``\xNN``."""
    text = raw.decode("latin-1")
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(_ESCAPES.get(byte) or _plain_or_hex(byte) for byte in raw)


def _plain_or_hex(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"


def _element_kinds(items: VecItems) -> str:
    kinds = [kind for kind, _ in groupby(item.kind for item in items)]
    return ",".join(kinds) or "Void"


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
    if reader.signed() == 0:
        reader.skip(32)
    if reader.flag():
        _read_entries(reader)
    return _VOID


def _read_nonce(reader: XdrReader) -> ScValue:
    reader.skip(8)
    return _VOID


Content = int | bool | str | None
_SIMPLE: dict[int, tuple[str, Callable[[XdrReader], Content]]] = {
    0: ("Bool", lambda reader: reader.flag()),
    1: ("Void", lambda _: None),
    3: ("U32", lambda reader: reader.unsigned(4)),
    4: ("I32", lambda reader: reader.signed(4)),
    5: ("U64", lambda reader: reader.unsigned(8)),
    6: ("I64", lambda reader: reader.signed(8)),
    7: ("Timepoint", lambda reader: reader.unsigned(8)),
    8: ("Duration", lambda reader: reader.unsigned(8)),
    9: ("U128", lambda reader: reader.unsigned(16)),
    10: ("I128", lambda reader: reader.signed(16)),
    11: ("U256", lambda reader: reader.unsigned(32)),
    12: ("I256", lambda reader: reader.signed(32)),
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
}


def leading_text(value: ScValue) -> str | None:
    """Return the text of a topic that can be part of an event's name, or None."""
    return cast(str, value.content) if value.base in {"Symbol", "String"} else None
