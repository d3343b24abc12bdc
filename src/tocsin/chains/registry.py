"""Chain family → the code for it. The only place that knows them all."""

from typing import assert_never

from tocsin.chains.base import ChainClient, ChainFamilyCode, RpcCaller, SpecReader
from tocsin.chains.evm.family import EvmFamily
from tocsin.chains.evm.rpc import EvmClient
from tocsin.chains.stellar.family import StellarFamily
from tocsin.chains.stellar.rpc import StellarClient
from tocsin.chains.stellar.spec_rpc import StellarSpecs
from tocsin.model.network import ChainFamily, Network


def family_code(family: ChainFamily) -> ChainFamilyCode:
    """Return the pure part of a chain family."""
    match family:
        case ChainFamily.EVM:
            return EvmFamily()
        case ChainFamily.STELLAR:
            return StellarFamily()
        case _:
            assert_never(family)


def open_client(network: Network, caller: RpcCaller) -> ChainClient:
    """Return the client of a network; ``caller`` calls its nodes."""
    match network.family:
        case ChainFamily.EVM:
            return EvmClient(network, caller)
        case ChainFamily.STELLAR:
            return StellarClient(network, caller)
        case _:
            assert_never(network.family)


def open_specs(network: Network, caller: RpcCaller) -> SpecReader | None:
    """Return what reads contracts' specs from a network, or None where chains hold none."""
    match network.family:
        case ChainFamily.EVM:
            return None
        case ChainFamily.STELLAR:
            return StellarSpecs(network, caller)
        case _:
            assert_never(network.family)
