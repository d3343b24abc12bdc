"""TransactionEnvelope → its source and the operations we look at, without decoding the rest.

Only what precedes an operation has to be walked through; signatures and everything after the
last operation are never read. Source: Stellar-transaction.x and Stellar-ledger-entries.x of
protocol 23.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.chains.stellar.codec import strkey
from tocsin.chains.stellar.codec.operations import (
    SKIP_ASSET,
    SKIP_MEMO,
    SKIP_OPERATION,
    SKIP_PRECONDITIONS,
)
from tocsin.chains.stellar.codec.scval import ScValue, read_address, read_symbol, read_values
from tocsin.chains.stellar.codec.xdr import XdrReader, skip_fixed, skip_optional

_PAYMENT = 1
_INVOKE_HOST_FUNCTION = 24
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A transaction's source account and its payments and host functions, in order.

    Of a fee bump: the inner transaction's.
    """

    source: str
    operations: tuple[Operation, ...]


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
    return Envelope(source=source, operations=_read_operations(reader))


def _read_v1(reader: XdrReader) -> Envelope:
    source = read_muxed_account(reader)
    reader.skip(12)  # fee, sequence number
    SKIP_PRECONDITIONS(reader)
    SKIP_MEMO(reader)
    return Envelope(source=source, operations=_read_operations(reader))


def _read_operations(reader: XdrReader) -> tuple[Operation, ...]:
    count = reader.count()
    if count > _MAX_OPERATIONS:
        raise ValueError(f"a transaction has {count} operations, not at most {_MAX_OPERATIONS}")
    found: list[Operation] = []
    for index in range(count):
        if reader.flag():
            read_muxed_account(reader)
        start = reader.position
        read = _READERS.get(reader.signed())
        if read is not None:
            found.append(read(reader))
        if index + 1 < count:
            reader.position = start
            SKIP_OPERATION(reader)
    return tuple(found)


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
    _INVOKE_HOST_FUNCTION: _read_invocation,
}
