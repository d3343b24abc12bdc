"""Which simulated networks a devnet has, and where it serves them."""

import re
from dataclasses import dataclass
from typing import assert_never

from tocsin.devnet.evm.chain import DEFAULT_GENESIS_TIME, EvmChain, EvmOptions
from tocsin.devnet.network import SimulatedNetwork
from tocsin.errors import SettingsError

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_RESERVED = "control"
DEFAULT_NETWORK_NAME = "Tocsin Devnet ; January 2026"


@dataclass(frozen=True, slots=True, kw_only=True)
class StellarOptions:
    """What sort of Stellar network it is.

    Units: ``close_seconds`` between two ledgers, ``genesis_time`` Unix seconds. ``protocol`` is 23
    or 22. ``transactions_per_ledger`` are the least and the most. RPC answers reach back
    ``retention`` ledgers.
    """

    slug: str = "stellar"
    passphrase: str = DEFAULT_NETWORK_NAME
    protocol: int = 23
    close_seconds: int = 5
    genesis_time: int = DEFAULT_GENESIS_TIME
    transactions_per_ledger: tuple[int, int] = (4, 12)
    retention: int = 1000


NetworkOptions = EvmOptions | StellarOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class DevnetConfig:
    """A whole devnet. Port 0 takes any free one; ``paused`` is how every network starts.

    ``seed`` decides the content of every block: the same seed, options and requests give the same
    hashes.

    Raises:
        SettingsError: no such port, no network, or a slug that is taken or no path.
    """

    host: str = "127.0.0.1"
    port: int = 8645
    seed: int = 1
    paused: bool = False
    networks: tuple[NetworkOptions, ...] = (EvmOptions(), StellarOptions())

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError("expected 0 to 65535", field="port")
        slugs = [options.slug for options in self.networks]
        if not slugs:
            raise SettingsError("expected at least one network", field="networks")
        for slug in slugs:
            if not _SLUG.fullmatch(slug) or slug == _RESERVED:
                raise SettingsError(
                    f"{slug!r} cannot be a path: expected a-z 0-9 _ -, not {_RESERVED!r}",
                    field="networks",
                )
        if len(set(slugs)) < len(slugs):
            raise SettingsError("two networks have the same slug", field="networks")


def block_seconds(options: NetworkOptions) -> float:
    """Return the seconds between two blocks of a network."""
    return options.block_seconds if isinstance(options, EvmOptions) else options.close_seconds


def build_network(options: NetworkOptions, seed: int) -> SimulatedNetwork:
    """Return the network that options ask for, at its genesis.

    Raises:
        SettingsError: no such network can be.
    """
    match options:
        case EvmOptions():
            return EvmChain(seed=seed, options=options)
        case StellarOptions():
            return _build_stellar(options, seed)
        case _:
            assert_never(options)


def _build_stellar(options: StellarOptions, seed: int) -> SimulatedNetwork:
    # Here and not above: stellar-sdk takes long to import, and only this network needs it.
    from tocsin.devnet.stellar.chain import StellarChain

    try:
        return StellarChain(
            seed=seed,
            slug=options.slug,
            passphrase=options.passphrase,
            protocol=options.protocol,
            genesis_time=options.genesis_time,
            close_seconds=options.close_seconds,
            transactions_per_ledger=options.transactions_per_ledger,
            retention=options.retention,
        )
    except ValueError as cause:
        raise SettingsError(str(cause), field=options.slug) from cause
