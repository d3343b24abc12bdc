"""Contracts' specs that nobody gave: what a chain says of a contract, and for which version."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec


class SpecSource(StrEnum):
    """Where a spec that nobody gave comes from."""

    LEDGER = "ledger"  # the contract's code carries it
    BUILT_IN = "built_in"  # a contract of the protocol itself, whose interface we know


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSpec:
    """What one contract declares.

    ``spec`` is JSON as a monitor's ``contract_spec``; ``code_hash`` the SHA-256 of the code it
    was read from, in hex, empty where there is no code.
    """

    address: str
    spec: bytes
    source: SpecSource
    code_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecsRead:
    """What was found of the contracts asked for, and why nothing of the others; by address."""

    found: Mapping[str, FoundSpec]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedSpec:
    """A spec that one version of a monitor was checked with, on the network of that slug."""

    found: FoundSpec
    network: str
    fetched_at: datetime


Specs = Mapping[str, bytes]
"""Specs that nobody gave, as JSON, by canonical address."""

NO_SPECS: Specs = {}


def unpack_specs(stored: str | None) -> Specs:
    """Return specs from the JSON object of address to spec that they are stored as."""
    if stored is None:
        return NO_SPECS
    members = msgspec.json.decode(stored, type=dict[str, msgspec.Raw])
    return {address: bytes(spec) for address, spec in members.items()}
