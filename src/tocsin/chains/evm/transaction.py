"""A transaction and its receipt → the fields that a transaction condition compares.

The first twelve are OpenZeppelin Monitor's and 0, or empty, where a transaction lacks them. The
others are ours: those that later upgrades brought, and what only the receipt knows.
"""

from collections.abc import Sequence

from tocsin.chains.evm.codec import parse_quantity
from tocsin.chains.evm.types import Receipt, Transaction, quantity
from tocsin.model.interface import Argument, Layout, Parameter, Value, ValueType
from tocsin.model.network import ChainFamily

TRANSACTION_LAYOUT = Layout(
    family=ChainFamily.EVM.value,
    parameters=tuple(
        Parameter(name=name, kind=kind, type=value_type)
        for name, kind, value_type in (
            ("value", "uint256", ValueType.UINT),
            ("from", "address", ValueType.ADDRESS),
            ("to", "address", ValueType.ADDRESS),
            ("hash", "string", ValueType.TEXT),
            ("gas_price", "uint256", ValueType.UINT),
            ("max_fee_per_gas", "uint256", ValueType.UINT),
            ("max_priority_fee_per_gas", "uint256", ValueType.UINT),
            ("gas_limit", "uint256", ValueType.UINT),
            ("nonce", "uint256", ValueType.UINT),
            ("input", "string", ValueType.TEXT),
            ("gas_used", "uint256", ValueType.UINT),
            ("transaction_index", "uint64", ValueType.UINT),
            ("type", "uint64", ValueType.UINT),
            ("effective_gas_price", "uint256", ValueType.UINT),
            ("max_fee_per_blob_gas", "uint256", ValueType.UINT),
            ("blob_gas_used", "uint256", ValueType.UINT),
            ("blob_count", "uint64", ValueType.UINT),
            ("access_list_count", "uint64", ValueType.UINT),
            ("authorization_count", "uint64", ValueType.UINT),
            ("log_count", "uint64", ValueType.UINT),
            ("contract_address", "address", ValueType.ADDRESS),
        )
    ),
)
"""The fields of a transaction condition. Source: OpenZeppelin Monitor's EVM parameters for the
first twelve; EIP-2718, 2930, 1559, 4844 and 7702 for the others."""


def transaction_view(
    transaction: Transaction, receipt: Receipt, index: int
) -> tuple[Argument, ...]:
    """Return the fields of ``TRANSACTION_LAYOUT``; ``index`` is the place in the block."""
    values: tuple[Value, ...] = (
        quantity(transaction.value),
        (transaction.sender or "").lower(),
        (transaction.to or "").lower(),
        transaction.hash.lower(),
        quantity(transaction.gas_price),
        quantity(transaction.max_fee_per_gas),
        quantity(transaction.max_priority_fee_per_gas),
        quantity(transaction.gas),
        quantity(transaction.nonce),
        transaction.input.lower(),
        quantity(receipt.gas_used),
        index,
        _later(transaction.type),
        _later(receipt.effective_gas_price),
        _later(transaction.max_fee_per_blob_gas),
        _later(receipt.blob_gas_used),
        _count(transaction.blob_versioned_hashes),
        _count(transaction.access_list),
        _count(transaction.authorization_list),
        len(receipt.logs),
        (receipt.contract_address or "").lower(),
    )
    return tuple(
        Argument(
            name=parameter.name,
            kind=parameter.kind,
            type=parameter.type,
            value=value,
            text="" if value is None else str(value),
        )
        for parameter, value in zip(TRANSACTION_LAYOUT.parameters, values, strict=True)
    )


def _later(text: str | None) -> int | None:
    """Return a quantity that ``verify`` has not seen: None where it is none."""
    try:
        return 0 if text is None else parse_quantity(text)
    except ValueError:
        return None


def _count(entries: Sequence[object] | None) -> int:
    return 0 if entries is None else len(entries)
