"""What getLedgerEntries serves: each contract's instance, and the Wasm that carries its spec."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256

import msgspec
from stellar_sdk import scval
from stellar_sdk import xdr as stellar_xdr

from tocsin.devnet.stellar.contracts import CONTRACTS, Contract
from tocsin.devnet.stellar.values import contract_scaddress

_WASM_HEADER = b"\0asm\x01\0\0\0"
_SPEC_PROTOCOL = 22


class StoredEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One ledger entry: its LedgerKey and its LedgerEntryData, both base64 of XDR."""

    key: str
    data: str


def instance_key(contract: Contract) -> stellar_xdr.LedgerKey:
    """Return the key under which the ledger keeps a contract's instance."""
    return stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_DATA,
        contract_data=stellar_xdr.LedgerKeyContractData(
            contract=contract_scaddress(contract.address),
            key=_INSTANCE,
            durability=stellar_xdr.ContractDataDurability.PERSISTENT,
        ),
    )


def code_key(contract: Contract) -> stellar_xdr.LedgerKey:
    """Return the key under which the ledger keeps a contract's Wasm."""
    return stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_CODE,
        contract_code=stellar_xdr.LedgerKeyContractCode(hash=_code_hash(contract)),
    )


@cache
def contract_wasm(contract: Contract) -> bytes:
    """Return a Wasm module without code whose custom sections describe the contract.

    Shape: the module header, then the sections ``contractenvmetav0`` and ``contractspecv0``;
    the latter is the SCSpecEntry values one after the other.

    Source: SEP-46 and SEP-48; WebAssembly core specification, "Custom section".
    """
    meta = stellar_xdr.SCEnvMetaEntry(
        stellar_xdr.SCEnvMetaKind.SC_ENV_META_KIND_INTERFACE_VERSION,
        interface_version=stellar_xdr.SCEnvMetaEntryInterfaceVersion(
            protocol=stellar_xdr.Uint32(_SPEC_PROTOCOL), pre_release=stellar_xdr.Uint32(0)
        ),
    )
    spec = b"".join(
        stellar_xdr.SCSpecEntry.from_json_dict(_renamed(entry)).to_xdr_bytes()
        for entry in contract.spec()
    )
    return (
        _WASM_HEADER
        + _custom_section(b"contractenvmetav0", meta.to_xdr_bytes())
        + _custom_section(b"contractspecv0", spec)
    )


@cache
def stored_entries() -> Mapping[bytes, StoredEntry]:
    """Return every ledger entry there is, by the XDR of its key."""
    entries = {}
    for contract in CONTRACTS:
        for key, data in (
            (instance_key(contract), _instance_data(contract)),
            (code_key(contract), _code_data(contract)),
        ):
            entries[key.to_xdr_bytes()] = StoredEntry(
                key=key.to_xdr(), data=b64encode(data.to_xdr_bytes()).decode()
            )
    return entries


_INSTANCE = stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_LEDGER_KEY_CONTRACT_INSTANCE)


def _code_hash(contract: Contract) -> stellar_xdr.Hash:
    return stellar_xdr.Hash(sha256(contract_wasm(contract)).digest())


def _instance_data(contract: Contract) -> stellar_xdr.LedgerEntryData:
    instance = stellar_xdr.SCContractInstance(
        executable=stellar_xdr.ContractExecutable(
            stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_WASM,
            wasm_hash=_code_hash(contract),
        ),
        storage=stellar_xdr.SCMap(
            [stellar_xdr.SCMapEntry(scval.to_symbol("version"), scval.to_uint32(1))]
        ),
    )
    return stellar_xdr.LedgerEntryData(
        stellar_xdr.LedgerEntryType.CONTRACT_DATA,
        contract_data=stellar_xdr.ContractDataEntry(
            ext=stellar_xdr.ExtensionPoint(0),
            contract=contract_scaddress(contract.address),
            key=_INSTANCE,
            durability=stellar_xdr.ContractDataDurability.PERSISTENT,
            val=stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_CONTRACT_INSTANCE, instance=instance),
        ),
    )


def _code_data(contract: Contract) -> stellar_xdr.LedgerEntryData:
    return stellar_xdr.LedgerEntryData(
        stellar_xdr.LedgerEntryType.CONTRACT_CODE,
        contract_code=stellar_xdr.ContractCodeEntry(
            ext=stellar_xdr.ContractCodeEntryExt(0),
            hash=_code_hash(contract),
            code=contract_wasm(contract),
        ),
    )


def _custom_section(name: bytes, content: bytes) -> bytes:
    body = _unsigned_leb128(len(name)) + name + content
    return b"\0" + _unsigned_leb128(len(body)) + body


def _unsigned_leb128(number: int) -> bytes:
    digits = bytearray()
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def _renamed(entry: Mapping[str, object]) -> dict[str, object]:
    """Return SEP-48 JSON with ``type_`` spelled ``type``, as the SDK's reader wants it."""
    return {
        ("type" if key == "type_" else key): _renamed_within(member)
        for key, member in entry.items()
    }


def _renamed_within(value: object) -> object:
    match value:
        case dict():
            return _renamed(value)
        case list() | tuple():
            return [_renamed_within(member) for member in value]
        case _:
            return value
