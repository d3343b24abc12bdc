"""Keys of the ledger's entries, and what we need of the entries of a contract.

Source: Stellar-ledger-entries.x (``LedgerKey``, ``LedgerEntry``) and Stellar-contract.x.
"""

import base64
from dataclasses import dataclass
from hashlib import sha256

from tocsin.chains.stellar.codec.strkey import contract_payload
from tocsin.chains.stellar.codec.wasm import MOST_MODULE_BYTES
from tocsin.chains.stellar.codec.xdr import XdrReader

_CONTRACT_DATA = 6
_CONTRACT_CODE = 7
_ADDRESS_CONTRACT = 1
_INSTANCE_KEY = 20  # SCV_LEDGER_KEY_CONTRACT_INSTANCE
_INSTANCE = 19  # SCV_CONTRACT_INSTANCE
_PERSISTENT = 1
_WASM = 0
_ASSET = 1
_HASH_BYTES = 32
_COST_INPUT_BYTES = 4 + 4 + 10 * 4  # an ext of its own, the costs' ext, ten counters


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """What runs a contract: Wasm by its hash, or, with None, the built-in asset contract."""

    code_hash: bytes | None


def instance_key(address: str) -> str:
    """Return the key of a contract's instance, as base64 of XDR; the address is canonical."""
    return _to_text(_integers(_CONTRACT_DATA) + _instance_place(address))


def code_key(code_hash: bytes) -> str:
    """Return the key of Wasm code, as base64 of XDR; the hash has 32 bytes."""
    return _to_text(_integers(_CONTRACT_CODE) + code_hash)


def read_executable(data: bytes, address: str) -> Executable:
    """Return what runs a contract, from the data of the entry of its instance.

    Raises:
        ValueError: not that entry.
    """
    reader = XdrReader(data)
    _expect(reader, _CONTRACT_DATA, 0)
    place = _instance_place(address)
    if reader.fixed(len(place)) != place:
        raise ValueError("the entry is not the contract's instance")
    _expect(reader, _INSTANCE)
    kind = reader.unsigned()
    if kind == _WASM:
        return Executable(code_hash=reader.fixed(_HASH_BYTES))
    if kind == _ASSET:
        return Executable(code_hash=None)
    raise ValueError(f"there is no executable {kind}")


def read_code(data: bytes, code_hash: bytes) -> bytes:
    """Return the Wasm module of that hash, from the data of its entry.

    Raises:
        ValueError: not that entry, or the module is another one.
    """
    reader = XdrReader(data)
    _expect(reader, _CONTRACT_CODE)
    if reader.flag():
        reader.skip(_COST_INPUT_BYTES)
    if reader.fixed(_HASH_BYTES) != code_hash:
        raise ValueError("the entry is of other code")
    code = reader.opaque(MOST_MODULE_BYTES)
    if sha256(code).digest() != code_hash:
        raise ValueError("the code does not have its hash")
    return code


def _instance_place(address: str) -> bytes:
    return (
        _integers(_ADDRESS_CONTRACT)
        + contract_payload(address)
        + _integers(_INSTANCE_KEY, _PERSISTENT)
    )


def _expect(reader: XdrReader, *integers: int) -> None:
    for expected in integers:
        found = reader.unsigned()
        if found != expected:
            raise ValueError(f"the entry has {found} where {expected} should be")


def _integers(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def _to_text(key: bytes) -> str:
    return base64.b64encode(key).decode()
