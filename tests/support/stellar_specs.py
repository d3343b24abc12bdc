"""SEP-48 JSON → XDR and Wasm, by the SDK: what our reader of specs is tested against."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from stellar_sdk import Address
from stellar_sdk import xdr as stellar_xdr

HEADER = b"\0asm\x01\0\0\0"
# Types of SEP-48 that are a name alone.
PRIMITIVES = (
    "val",
    "bool",
    "void",
    "error",
    "u32",
    "i32",
    "u64",
    "i64",
    "timepoint",
    "duration",
    "u128",
    "i128",
    "u256",
    "i256",
    "bytes",
    "string",
    "symbol",
    "address",
    "muxed_address",
)


def encode_entry(entry: Mapping[str, Any]) -> bytes:
    """Return the XDR of one entry."""
    return stellar_xdr.SCSpecEntry.from_json_dict(_renamed(entry)).to_xdr_bytes()


def encode_spec(entries: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the XDR of entries, one after the other."""
    return b"".join(map(encode_entry, entries))


def a_module(spec: bytes, *, section: bytes = b"contractspecv0") -> bytes:
    """Return a Wasm module with one custom section."""
    body = bytes((len(section),)) + section + spec
    size = bytes((len(body) & 0x7F | 0x80, len(body) >> 7 & 0x7F | 0x80, len(body) >> 14))
    return HEADER + b"\0" + size + body


def an_instance(address: str, executable: stellar_xdr.ContractExecutable) -> tuple[str, str]:
    """Return key and data of the entry of a contract's instance, as a node gives them."""
    key = stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_LEDGER_KEY_CONTRACT_INSTANCE)
    durability = stellar_xdr.ContractDataDurability.PERSISTENT
    contract = Address(address).to_xdr_sc_address()
    value = stellar_xdr.SCVal(
        stellar_xdr.SCValType.SCV_CONTRACT_INSTANCE,
        instance=stellar_xdr.SCContractInstance(executable=executable, storage=None),
    )
    place = stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_DATA,
        contract_data=stellar_xdr.LedgerKeyContractData(contract, key, durability),
    )
    data = stellar_xdr.LedgerEntryData(
        stellar_xdr.LedgerEntryType.CONTRACT_DATA,
        contract_data=stellar_xdr.ContractDataEntry(
            stellar_xdr.ExtensionPoint(0), contract, key, durability, value
        ),
    )
    return place.to_xdr(), data.to_xdr()


def a_code(module: bytes, *, with_costs: bool = False) -> tuple[str, str]:
    """Return key and data of the entry of Wasm code, as a node gives them."""
    code_hash = stellar_xdr.Hash(sha256(module).digest())
    place = stellar_xdr.LedgerKey(
        stellar_xdr.LedgerEntryType.CONTRACT_CODE,
        contract_code=stellar_xdr.LedgerKeyContractCode(hash=code_hash),
    )
    entry = stellar_xdr.ContractCodeEntry(_extension(with_costs=with_costs), code_hash, module)
    data = stellar_xdr.LedgerEntryData(
        stellar_xdr.LedgerEntryType.CONTRACT_CODE, contract_code=entry
    )
    return place.to_xdr(), b64encode(data.to_xdr_bytes()).decode()


def runs_code(module: bytes) -> stellar_xdr.ContractExecutable:
    """Return the executable of a contract that runs this module."""
    return stellar_xdr.ContractExecutable(
        stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_WASM,
        wasm_hash=stellar_xdr.Hash(sha256(module).digest()),
    )


IS_ASSET = stellar_xdr.ContractExecutable(
    stellar_xdr.ContractExecutableType.CONTRACT_EXECUTABLE_STELLAR_ASSET
)


def _extension(*, with_costs: bool) -> stellar_xdr.ContractCodeEntryExt:
    if not with_costs:
        return stellar_xdr.ContractCodeEntryExt(0)
    counters = [stellar_xdr.Uint32(each) for each in range(1, 11)]
    costs = stellar_xdr.ContractCodeCostInputs(stellar_xdr.ExtensionPoint(0), *counters)
    return stellar_xdr.ContractCodeEntryExt(
        1, v1=stellar_xdr.ContractCodeEntryV1(stellar_xdr.ExtensionPoint(0), costs)
    )


def _renamed(value: Any) -> Any:
    """Return SEP-48 JSON with ``type_`` spelled ``type``, as the SDK's reader wants it."""
    if isinstance(value, Mapping):
        return {
            "type" if key == "type_" else key: _renamed(member) for key, member in value.items()
        }
    return [_renamed(member) for member in value] if isinstance(value, list) else value
