"""The token contracts of a simulated chain: their addresses, ABI, calldata and logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tocsin.devnet.evm.encoding import bytes_of, hex_data, keccak
from tocsin.devnet.network import CallFact, EventFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An ERC-20 contract that exists from genesis.

    ``fee_basis_points`` (1/10,000) of each transfer goes to the contract itself, as a second
    ``Transfer`` of the same transaction; zero means no fee and one ``Transfer``.
    """

    address: str
    symbol: str
    decimals: int
    fee_basis_points: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvmLog:
    """One log as a contract writes it, without its place in a block."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


def _address(name: str) -> str:
    return hex_data(keccak(b"tocsin devnet token " + name.encode())[12:])


DUSD = Token(address=_address("DUSD"), symbol="DUSD", decimals=6)
DETH = Token(address=_address("DETH"), symbol="DETH", decimals=18)
DFEE = Token(address=_address("DFEE"), symbol="DFEE", decimals=18, fee_basis_points=100)
TOKENS = (DUSD, DETH, DFEE)

_PARAMETERS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "Transfer": (("from", "address"), ("to", "address"), ("value", "uint256")),
        "Approval": (("owner", "address"), ("spender", "address"), ("value", "uint256")),
        "transfer": (("to", "address"), ("value", "uint256")),
        "approve": (("spender", "address"), ("value", "uint256")),
        "transferFrom": (("from", "address"), ("to", "address"), ("value", "uint256")),
    }
)


def _event_entry(name: str) -> dict[str, object]:
    return {
        "type": "event",
        "name": name,
        "anonymous": False,
        "inputs": [
            {"name": parameter, "type": kind, "indexed": kind == "address"}
            for parameter, kind in _PARAMETERS[name]
        ],
    }


def _function_entry(name: str) -> dict[str, object]:
    return {
        "type": "function",
        "name": name,
        "stateMutability": "nonpayable",
        "inputs": [{"name": parameter, "type": kind} for parameter, kind in _PARAMETERS[name]],
        "outputs": [{"name": "", "type": "bool"}],
    }


def erc20_abi() -> list[dict[str, object]]:
    """Return the JSON ABI of every token: two events, three functions. Source: EIP-20."""
    events = [_event_entry(name) for name in ("Transfer", "Approval")]
    functions = [_function_entry(name) for name in ("transfer", "approve", "transferFrom")]
    return [*functions, *events]


def _hash_of_signature(name: str) -> bytes:
    return keccak(f"{name}({','.join(kind for _, kind in _PARAMETERS[name])})".encode())


_SIGNATURE_HASHES = {name: _hash_of_signature(name) for name in _PARAMETERS}


def _word(value: int | str) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    return bytes_of(value).rjust(32, b"\0")


def encode_call(call: CallFact) -> bytes:
    """Return the calldata of a planted call: selector, then one word a parameter."""
    words = (_word(call.arguments[name]) for name, _ in _PARAMETERS[call.name])
    return _SIGNATURE_HASHES[call.name][:4] + b"".join(words)


def encode_event(event: EventFact) -> EvmLog:
    """Return the log of a planted event: both addresses indexed, the amount as data."""
    first, second, amount = (_word(event.arguments[name]) for name, _ in _PARAMETERS[event.name])
    return EvmLog(
        address=bytes_of(event.contract),
        topics=(_SIGNATURE_HASHES[event.name], first, second),
        data=amount,
    )


def transfer_events(token: Token, sender: str, receiver: str, amount: int) -> tuple[EventFact, ...]:
    """Return what a token emits when an amount moves: a second event if there is a fee."""
    fee = amount * token.fee_basis_points // 10_000
    moved = _transfer(token, sender, receiver, amount - fee)
    return (moved, _transfer(token, sender, token.address, fee)) if fee else (moved,)


def _transfer(token: Token, sender: str, receiver: str, amount: int) -> EventFact:
    arguments: dict[str, int | str] = {"from": sender, "to": receiver, "value": amount}
    return EventFact(contract=token.address, name="Transfer", arguments=arguments)


def approval_event(token: Token, owner: str, spender: str, amount: int) -> EventFact:
    """Return what a token emits when an allowance (smallest unit) is set."""
    arguments: dict[str, int | str] = {"owner": owner, "spender": spender, "value": amount}
    return EventFact(contract=token.address, name="Approval", arguments=arguments)
