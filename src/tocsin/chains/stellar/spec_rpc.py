"""Reads contracts' specs from a network's ledger through its RPC nodes.

Nothing that a node answers is taken on trust: an entry has to be the one asked for, and code has
to have the hash that the contract's instance names.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tocsin.chains.base import RpcCaller
from tocsin.chains.stellar.asset_contract import asset_contract_spec
from tocsin.chains.stellar.codec.contract_spec import read_spec
from tocsin.chains.stellar.codec.ledger_entries import (
    code_key,
    instance_key,
    read_code,
    read_executable,
)
from tocsin.chains.stellar.codec.wasm import custom_sections
from tocsin.chains.stellar.codec.xdr import from_base64
from tocsin.chains.stellar.rpc import passphrase
from tocsin.chains.stellar.spec import parse_spec
from tocsin.chains.stellar.types import EntriesResult, parse
from tocsin.errors import ChainError, InterfaceError
from tocsin.model.contract_spec import FoundSpec, SpecSource, SpecsRead
from tocsin.model.network import Network

MOST_JSON_BYTES = 256 << 10
"""Of one spec, which is stored and shown; several times what the largest live contracts have."""

_SECTION = b"contractspecv0"
_NO_CONTRACT = "the ledger has no such contract"
_NO_CODE = "the ledger does not have its code"
_NO_SPEC = "its code says nothing of functions and events"
_TOO_LARGE = "it is too large"
_UNREAD = "the node did not give its code"


class StellarSpecs:
    """The specs of one network's contracts; the contract is ``chains.base.SpecReader``."""

    def __init__(self, network: Network, caller: RpcCaller) -> None:
        self._caller = caller
        caller.require_identity(passphrase, network.chain_identity)

    async def read_specs(self, addresses: Sequence[str]) -> SpecsRead:
        """Return what those contracts declare, as their code or the protocol says it."""
        missing: dict[str, str] = {}
        hashes: dict[str, bytes] = {}
        found: dict[str, FoundSpec] = {}
        keys = {address: instance_key(address) for address in addresses}
        entries = await self._entries(keys.values())
        for address, key in keys.items():
            if key not in entries:
                missing[address] = _NO_CONTRACT
                continue
            try:
                code_hash = read_executable(from_base64(entries[key]), address).code_hash
            except ValueError as cause:
                missing[address] = _unreadable(cause)
                continue
            if code_hash is None:
                found[address] = _built_in(address)
            else:
                hashes[address] = code_hash
        specs = await self._specs(set(hashes.values()))
        for address, code_hash in hashes.items():
            spec = specs[code_hash]
            if isinstance(spec, str):
                missing[address] = spec
            else:
                found[address] = FoundSpec(
                    address=address,
                    spec=spec,
                    source=SpecSource.LEDGER,
                    code_hash=code_hash.hex(),
                )
        return SpecsRead(found=found, missing=missing)

    async def _specs(self, hashes: Iterable[bytes]) -> dict[bytes, bytes | str]:
        """Return for each code its spec, or as text why there is none."""
        ordered = sorted(hashes)
        read = await asyncio.gather(*(self._spec(each) for each in ordered))
        return dict(zip(ordered, read, strict=True))

    async def _spec(self, code_hash: bytes) -> bytes | str:
        key = code_key(code_hash)
        try:
            entries = await self._entries([key])
        except ChainError:
            return _UNREAD  # of one contract: the others' code may have come
        if key not in entries:
            return _NO_CODE
        # Aside: a large spec takes longer than the event loop may wait.
        return await asyncio.to_thread(spec_of_entry, entries[key], code_hash)

    async def _entries(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Return the data of the ledger's entries by key, both base64 of XDR."""
        wanted = list(dict.fromkeys(keys))
        raw = await self._caller.call("getLedgerEntries", {"keys": wanted})
        answer = parse(raw, EntriesResult, "getLedgerEntries")
        return {entry.key: entry.xdr for entry in answer.entries or ()}


def spec_of_entry(data: str, code_hash: bytes) -> bytes | str:
    """Return the spec that code carries, as SEP-48 JSON, or as text why there is none.

    ``data`` is the code's entry, base64 of XDR. What is returned as a spec does parse as one.
    """
    try:
        stream = custom_sections(read_code(from_base64(data), code_hash), _SECTION)
        if not stream:
            return _NO_SPEC
        spec = msgspec.json.encode(read_spec(stream))
        if len(spec) > MOST_JSON_BYTES:
            return _TOO_LARGE
        parse_spec(spec, "contract_spec")
    except (ValueError, InterfaceError) as cause:
        return _unreadable(cause)
    return spec


def _built_in(address: str) -> FoundSpec:
    return FoundSpec(address=address, spec=asset_contract_spec(), source=SpecSource.BUILT_IN)


def _unreadable(cause: Exception) -> str:
    # The end, for that is the reason; before it stands a path as deep as what was nested.
    return f"it cannot be read: {str(cause)[-200:]}"
