"""TransactionEnvelope → its source and the operations we look at, without decoding the rest.

Only what precedes an operation has to be walked through; signatures and everything after the
last operation are never read. Source: Stellar-transaction.x and Stellar-ledger-entries.x of
protocol 23.
"""

import struct
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
from tocsin.chains.stellar.codec.scval import ScValue, read_address, read_symbol, read_values
from tocsin.chains.stellar.codec.xdr import XdrReader, skip_fixed, skip_optional

_PAYMENT = 1
INVOKE_HOST_FUNCTION = 24
_MAX_OPERATIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment operation; ``amount`` counts the asset's smallest unit (10⁻⁷)."""

    destination: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A host function; ``contract`` and ``function`` are empty unless it calls a contract."""

    contract: str = ""
    function: str = ""
    data: bytes = b""
    position: int = 0

    def arguments(self) -> tuple[ScValue, ...]:
        """Return the call's arguments, decoded now.

        Raises:
            ValueError: they are not values.
        """
        return read_values(XdrReader(self.data, self.position))


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


def find_only_call(data: bytes) -> Invocation | None:
    """Return the call of a contract that is a transaction's only operation, at the usual place.

    One without a contract says that the only operation calls none. None says nothing: then
    ``decode_envelope`` has to tell, which costs several times as much.
    """
    try:
        position = _first_operation(data)
        if data[position + 3]:  # it has a source of its own
            position += _OWN_SOURCE_BYTES[_NUMBER(data, position + 4)[0]]
        number, host_function, address = _OPENING(data, position + 4)
        if number != INVOKE_HOST_FUNCTION or host_function or address != _CONTRACT:
            return Invocation()
        reader = XdrReader(data, position + 12)
        contract = read_address(reader)
        function = read_symbol(reader)
    except (struct.error, LookupError, ValueError):
        return None
    return Invocation(contract=contract, function=function, data=data, position=reader.position)


_CONTRACT = 1
_NUMBER = struct.Struct(">I").unpack_from
_OPENING = struct.Struct(">III").unpack_from
_FEE_BUMP_BYTES = {0: 4 + 36 + 8, 0x100: 4 + 44 + 8}
_SOURCE_BYTES = {0: 36 + 12, 0x100: 44 + 12}
_OWN_SOURCE_BYTES = {0: 36, 0x100: 44}
_PRECONDITION_BYTES = {0: 4, 1: 20}
_MEMO_BYTES = {0: 4, 1: 8, 2: 12, 3: 36, 4: 36}


def _first_operation(data: bytes) -> int:
    """Return where a version 1 transaction's only operation starts.

    Raises:
        ValueError: it is of another shape, or has a rare part.
    """
    position = 0
    if data[3:4] == b"\5":
        position = _FEE_BUMP_BYTES.get(_NUMBER(data, 4)[0], 0)
    if _NUMBER(data, position)[0] != _VERSION_1:
        raise ValueError("of another shape")
    position += 4
    for sizes in (_SOURCE_BYTES, _PRECONDITION_BYTES, _MEMO_BYTES):
        tag = _NUMBER(data, position)[0]
        size = sizes.get(tag)
        if size is None:
            raise ValueError("a rare part")
        position += size
        if tag == 1 and sizes is _MEMO_BYTES:
            position += _NUMBER(data, position - 4)[0] + 3 & ~3
    if _NUMBER(data, position)[0] != 1:
        raise ValueError("several operations")
    return position + 4


_VERSION_1 = 2


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
        has_resources=has_resources and bool(slots),
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
    return Invocation(
        contract=contract, function=function, data=reader.data, position=reader.position
    )


_READERS: dict[int, Callable[[XdrReader], Operation]] = {
    _PAYMENT: _read_payment,
    INVOKE_HOST_FUNCTION: _read_invocation,
}
