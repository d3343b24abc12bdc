"""Values of ABI types by themselves, read by a decoder made for one of them."""

from collections.abc import Sequence

from tocsin.chains.evm.abi import AbiType
from tocsin.chains.evm.generator import generate_decoder
from tocsin.model.interface import Value


def read_values(types: Sequence[AbiType], data: bytes) -> Sequence[Value]:
    """Return the values that data hold of types listed one after the other."""
    return generate_decoder((), types)((), "0x" + data.hex())
