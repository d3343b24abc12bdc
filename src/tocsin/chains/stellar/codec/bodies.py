"""What stands inside an operation, piece by piece: XDR → exact integers, assets and accounts.

Source: Stellar-transaction.x and Stellar-ledger-entries.x of protocol 23.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import NamedTuple

from tocsin.chains.stellar.codec import strkey
from tocsin.chains.stellar.codec.operations import (
    MAX_ENTRIES,
    SKIP_POOL_PARAMETERS,
    skip_predicate,
)
from tocsin.chains.stellar.codec.scval import escaped, read_account, read_address
from tocsin.chains.stellar.codec.xdr import XdrReader
from tocsin.model.interface import Value

NATIVE = "native"
_MAX_CLAIMANTS = 10
_MAX_PATH = 5
_LIQUIDITY_POOL = 3


def _no_accounts(_: Value) -> Iterable[str]:
    return ()


class Piece(NamedTuple):
    """One part of an operation: the kind it is shown under, how it is read, whom it names."""

    kind: str
    read: Callable[[XdrReader], Value]
    accounts: Callable[[Value], Iterable[str]] = _no_accounts


def read_base_account(reader: XdrReader) -> str:
    """Return a ``MuxedAccount`` as ``G…``: whose account it is, without the id it may carry."""
    match reader.signed():
        case 0:
            return strkey.encode_strkey(strkey.ACCOUNT, reader.fixed(32))
        case 0x100:
            reader.skip(8)
            return strkey.encode_strkey(strkey.ACCOUNT, reader.fixed(32))
        case tag:
            raise ValueError(f"no kind of account has the number {tag}")


def read_asset(reader: XdrReader) -> str:
    """Return an ``Asset`` as ``native`` or ``CODE:ISSUER``."""
    return _asset(reader, reader.signed())


def _asset(reader: XdrReader, tag: int) -> str:
    if tag == 0:
        return NATIVE
    code = _code(reader, tag)
    return f"{code}:{read_account(reader)}"


def _code(reader: XdrReader, tag: int) -> str:
    if tag not in (1, 2):
        raise ValueError(f"no kind of asset has the number {tag}")
    return escaped(reader.fixed(4 * tag if tag == 1 else 12).rstrip(b"\0"))


def _pool_or_asset(reader: XdrReader) -> str:
    """Return a ``ChangeTrustAsset``: an asset, or ``pool:`` and the hash of its parameters."""
    tag = reader.signed()
    if tag != _LIQUIDITY_POOL:
        return _asset(reader, tag)
    start = reader.position
    SKIP_POOL_PARAMETERS(reader)
    return f"pool:{sha256(reader.data[start : reader.position]).hexdigest()}"


def _optional(piece: Piece) -> Piece:
    read = piece.read
    return piece._replace(read=lambda reader: read(reader) if reader.flag() else None)


def _array(piece: Piece, limit: int) -> Piece:
    def read(reader: XdrReader) -> Value:
        count = reader.count()
        if count > limit:
            raise ValueError(f"{count} of what there are at most {limit}")
        return [piece.read(reader) for _ in range(count)]

    def accounts(value: Value) -> Iterable[str]:
        for each in value if isinstance(value, list) else ():
            yield from piece.accounts(each)

    return Piece(f"Vec<{piece.kind}>", read, accounts)


def _itself(value: Value) -> Iterable[str]:
    return (value,) if isinstance(value, str) else ()


def _issuer(value: Value) -> Iterable[str]:
    return (value[-56:],) if isinstance(value, str) and value[-57:-56] == ":" else ()


def _claimant(reader: XdrReader) -> str:
    if reader.signed() != 0:
        raise ValueError("a claimant of an unknown kind")
    account = read_account(reader)
    skip_predicate(reader)
    return account


def _balance(reader: XdrReader) -> str:
    if reader.signed() != 0:
        raise ValueError("a claimable balance of an unknown kind")
    return "00000000" + reader.fixed(32).hex()


def _signer(reader: XdrReader) -> Value:
    """Return a ``Signer``: whose key in StrKey, and its weight."""
    tag = reader.signed()
    if tag not in _SIGNERS:
        raise ValueError(f"no kind of signer has the number {tag}")
    payload = reader.fixed(32)
    if tag == _SIGNED_PAYLOAD:
        start = reader.position
        reader.opaque(64)
        payload += reader.data[start : reader.position]
    return {"key": strkey.encode_strkey(_SIGNERS[tag], payload), "weight": reader.unsigned()}


_SIGNED_PAYLOAD = 3
_SIGNERS = {
    0: strkey.ACCOUNT,
    1: strkey.PRE_AUTHORIZED,
    2: strkey.HASH_X,
    _SIGNED_PAYLOAD: strkey.SIGNED_PAYLOAD,
}


def _data_value(reader: XdrReader) -> str:
    return reader.opaque(64).hex()


I64 = Piece("I64", lambda reader: reader.signed(8))
U32 = Piece("U32", lambda reader: reader.unsigned())
I32 = Piece("I32", lambda reader: reader.signed())
ACCOUNT = Piece("Address", read_base_account, _itself)
ACCOUNT_ID = Piece("Address", read_account, _itself)
ADDRESS = Piece("Address", read_address, _itself)
ASSET = Piece("String", read_asset, _issuer)
TRUSTED = Piece("String", _pool_or_asset, _issuer)
CODE = Piece("String", lambda reader: _code(reader, reader.signed()))
PATH = _array(ASSET, _MAX_PATH)
CLAIMANTS = _array(Piece("Address", _claimant, _itself), _MAX_CLAIMANTS)
BALANCE = Piece("String", _balance)
HASH = Piece("Bytes32", lambda reader: reader.fixed(32).hex())
NAME = Piece("String", lambda reader: escaped(reader.opaque(64)))
HOME_DOMAIN = _optional(Piece("String", lambda reader: escaped(reader.opaque(32))))
DATA_VALUE = _optional(Piece("Bytes", _data_value))
OPTIONAL_U32 = _optional(U32)
OPTIONAL_ACCOUNT = _optional(ACCOUNT_ID)
OPTIONAL_ADDRESS = _optional(ADDRESS)
OPTIONAL_ASSET = _optional(ASSET)
OPTIONAL_HASH = _optional(HASH)
CONTRACTS = _array(ADDRESS, MAX_ENTRIES)
HASHES = _array(HASH, MAX_ENTRIES)
SIGNER = _optional(Piece("Map", _signer))
