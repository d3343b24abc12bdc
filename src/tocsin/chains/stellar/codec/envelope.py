"""TransactionEnvelope → its source and the operations we look at, without decoding the rest.

Only what precedes an operation has to be walked through; signatures and everything after the
last operation are never read. Source: Stellar-transaction.x and Stellar-ledger-entries.x of
protocol 23.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from tocsin.chains.stellar.codec import strkey
from tocsin.chains.stellar.codec.operations import (
    SKIP_ASSET,
    SKIP_MEMO,
    SKIP_OPERATION,
    SKIP_PRECONDITIONS,
    read_footprint,
)
from tocsin.chains.stellar.codec.scval import read_address, read_symbol, symbol_text
from tocsin.chains.stellar.codec.xdr import XdrReader, from_base64, skip_fixed, skip_optional

_PAYMENT = 1
INVOKE_HOST_FUNCTION = 24
_MAX_OPERATIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment operation; ``amount`` counts the asset's smallest unit (10⁻⁷)."""

    destination: str
    amount: int


class Invocation(NamedTuple):
    """A host function; ``contract`` and ``function`` are empty unless it calls a contract.

    ``position`` is where the arguments of a call are in the envelope's bytes.
    """

    contract: str = ""
    function: str = ""
    position: int = 0


Operation = Payment | Invocation


class Slot(NamedTuple):
    """Where an operation's content is; ``number`` is its type's.

    ``source`` is the operation's own source account, or None where it is the transaction's.
    """

    number: int
    source: str | None
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A transaction's source account and its payments and host functions, in order.

    ``slots`` are the places of all its operations in ``data``, ``sources`` the own sources of
    the payments and host functions. Of a fee bump: the inner transaction's.
    """

    source: str
    operations: tuple[Operation, ...]
    sources: tuple[str | None, ...] = ()
    slots: tuple[Slot, ...] = ()
    data: bytes = b""
    has_resources: bool = False

    def footprint(self) -> tuple[list[str], list[str]]:
        """Return the contracts and the hashes of the code that the footprint names.

        Raises:
            ValueError: it cannot be read.
        """
        if not self.has_resources:
            return [], []
        reader = XdrReader(self.data, self.slots[-1].position - 4)
        SKIP_OPERATION(reader)
        return read_footprint(reader)


def decode_envelope(data: bytes) -> Envelope:
    """Return what we look at in a transaction's envelope.

    Raises:
        ValueError: not an envelope.
    """
    reader = XdrReader(data)
    match reader.signed():
        case 0:
            return _read_v0(reader)
        case 2:
            return _read_v1(reader)
        case 5:
            read_muxed_account(reader)
            reader.skip(8)
            if reader.signed() != 2:
                raise ValueError("a fee bump holds an unknown kind of transaction")
            return _read_v1(reader)
        case tag:
            raise ValueError(f"no kind of envelope has the number {tag}")


class EncodedEnvelope:
    """An envelope in base64, of which no more is decoded than is asked for."""

    __slots__ = ("_opening", "_text", "_whole")

    def __init__(self, text: str) -> None:
        self._text = text
        self._opening: bytes | None = None
        self._whole: bytes | None = None

    @property
    def opening(self) -> bytes:
        """Return its first bytes, enough for where a call usually is; nothing of garbage."""
        if self._opening is None:
            try:
                self._opening = from_base64(self._text[:_OPENING_CHARACTERS])
            except ValueError:
                self._opening = b""
        return self._opening

    @property
    def whole(self) -> bytes:
        """Return all of it, or raise ValueError where it is not base64."""
        if self._whole is None:
            self._whole = from_base64(self._text)
        return self._whole


_OPENING_CHARACTERS = 640  # a multiple of 4; a name ends by byte 304, and arguments follow


def may_call(envelope: str) -> bool:
    """Return whether the number that stands for a call is anywhere in an envelope, in base64."""
    return _CALL_0 in envelope or _CALL_1 in envelope or _CALL_2 in envelope


def _written(mark: bytes, offset: int) -> str:
    """Return what base64 has of a mark, whatever is around it, that many bytes after a multiple.

    Of each digit's six bits all have to be the mark's.
    """
    text = b64encode(bytes(offset) + mark + bytes(2)).decode()
    return text[-(-offset * 8 // 6) : (offset + len(mark)) * 8 // 6]


_CALL_MARK = INVOKE_HOST_FUNCTION.to_bytes(4, "big") + bytes(4)
_CALL_0, _CALL_1, _CALL_2 = (_written(_CALL_MARK, offset) for offset in range(3))


def find_only_call(data: bytes) -> Invocation | None:
    """Return the call of a contract that is a transaction's only operation, at the usual place.

    None says nothing: then ``decode_envelope`` has to tell, which costs several times as much.
    """
    found = _ONLY_CALL.match(data)
    if found is None:
        return None
    contract, (size_bytes,) = found.groups()
    start = found.end()
    position = start + (size_bytes + 3 & ~3)
    if position > len(data):
        return None
    function = symbol_text(data[start : start + size_bytes])
    return Invocation(strkey.encode_strkey(strkey.CONTRACT, contract), function, position)


_ACCOUNT = rb"(?:\x00{4}.{32}|\x00\x00\x01\x00.{40})"
_MEMO_TEXTS = b"|".join(
    rb"\x00{3}[\x%02x-\x%02x].{%d}" % (size - 3, size, size) for size in range(4, 29, 4)
)
_ONLY_CALL = re.compile(
    rb"(?:\x00{3}\x05" + _ACCOUNT + rb".{8})?"  # a fee bump
    rb"\x00{3}\x02" + _ACCOUNT + rb".{12}"  # fee, sequence number
    rb"(?:\x00{4}|\x00{3}\x01.{16})"  # no preconditions, or times
    rb"(?:\x00{4}|\x00{3}\x01(?:\x00{4}|" + _MEMO_TEXTS + rb")"
    rb"|\x00{3}\x02.{8}|\x00{3}[\x03\x04].{32})"  # memo
    rb"\x00{3}\x01(?:\x00{4}|\x00{3}\x01" + _ACCOUNT + rb")"  # one operation, by whom
    rb"\x00{3}\x18\x00{7}\x01(.{32})"  # a call of a contract
    rb"\x00{3}([\x00-\x20])",  # the length of the function's name
    re.DOTALL,
)
"""The opening of a transaction whose only operation is a call, without what is rare."""


def read_muxed_account(reader: XdrReader) -> str:
    """Return a ``MuxedAccount`` as StrKey: ``G…``, or ``M…`` when it carries an id."""
    match reader.signed():
        case 0:
            return strkey.encode_strkey(strkey.ACCOUNT, reader.fixed(32))
        case 0x100:
            identity = reader.fixed(8)
            return strkey.encode_strkey(strkey.MUXED, reader.fixed(32) + identity)
        case tag:
            raise ValueError(f"no kind of account has the number {tag}")


def _read_v0(reader: XdrReader) -> Envelope:
    source = strkey.encode_strkey(strkey.ACCOUNT, reader.fixed(32))
    reader.skip(12)  # fee, sequence number
    skip_optional(skip_fixed(16))(reader)
    SKIP_MEMO(reader)
    return _read_operations(reader, source)


def _read_v1(reader: XdrReader) -> Envelope:
    source = read_muxed_account(reader)
    reader.skip(12)  # fee, sequence number
    SKIP_PRECONDITIONS(reader)
    SKIP_MEMO(reader)
    return _read_operations(reader, source, has_resources=True)


def _read_operations(reader: XdrReader, source: str, *, has_resources: bool = False) -> Envelope:
    count = reader.count()
    if count > _MAX_OPERATIONS:
        raise ValueError(f"a transaction has {count} operations, not at most {_MAX_OPERATIONS}")
    found: list[Operation] = []
    sources: list[str | None] = []
    slots: list[Slot] = []
    for index in range(count):
        own = read_muxed_account(reader) if reader.flag() else None
        start = reader.position
        number = reader.signed()
        slots.append(Slot(number, own, reader.position))
        read = _READERS.get(number)
        if read is not None:
            found.append(read(reader))
            sources.append(own)
        if index + 1 < count:
            reader.position = start
            SKIP_OPERATION(reader)
    return Envelope(
        source=source,
        operations=tuple(found),
        sources=tuple(sources),
        slots=tuple(slots),
        data=reader.data,
        # whoever has resources has one operation: each of many would walk through all of them
        has_resources=has_resources and count == 1,
    )


def _read_payment(reader: XdrReader) -> Payment:
    destination = read_muxed_account(reader)
    SKIP_ASSET(reader)
    return Payment(destination=destination, amount=reader.signed(8))


def _read_invocation(reader: XdrReader) -> Invocation:
    if reader.signed() != 0:
        return Invocation()
    contract = read_address(reader)
    function = read_symbol(reader)
    return Invocation(contract=contract, function=function, position=reader.position)


_READERS: dict[int, Callable[[XdrReader], Operation]] = {
    _PAYMENT: _read_payment,
    INVOKE_HOST_FUNCTION: _read_invocation,
}
