"""Planned values → contract values (SCVal), by the types that the interface promises."""

from collections.abc import Callable, Mapping

from stellar_sdk import scval
from stellar_sdk import xdr as stellar_xdr

from tocsin.devnet.stellar.accounts import raw_account, raw_contract
from tocsin.devnet.stellar.contracts import Event, Function, TypeName

PlannedValue = int | str | tuple[str, ...]
"""What a plan holds: integers exact, symbols and addresses as text, vectors of symbols."""


def account_id(address: str) -> stellar_xdr.AccountID:
    """Return the XDR account of a ``G…`` address."""
    return stellar_xdr.AccountID(
        stellar_xdr.PublicKey(
            stellar_xdr.PublicKeyType.PUBLIC_KEY_TYPE_ED25519,
            ed25519=stellar_xdr.Uint256(raw_account(address)),
        )
    )


def contract_id(address: str) -> stellar_xdr.ContractID:
    """Return the XDR contract id of a ``C…`` address."""
    return stellar_xdr.ContractID(stellar_xdr.Hash(raw_contract(address)))


def contract_scaddress(address: str) -> stellar_xdr.SCAddress:
    """Return the XDR address of a ``C…`` address."""
    return stellar_xdr.SCAddress(
        stellar_xdr.SCAddressType.SC_ADDRESS_TYPE_CONTRACT, contract_id=contract_id(address)
    )


def encode_address(address: str) -> stellar_xdr.SCVal:
    """Return the contract value of a ``G…`` or ``C…`` address."""
    if address.startswith("C"):
        inner = contract_scaddress(address)
    else:
        inner = stellar_xdr.SCAddress(
            stellar_xdr.SCAddressType.SC_ADDRESS_TYPE_ACCOUNT, account_id=account_id(address)
        )
    return stellar_xdr.SCVal(stellar_xdr.SCValType.SCV_ADDRESS, address=inner)


_OF_TEXT: Mapping[str, Callable[[str], stellar_xdr.SCVal]] = {
    "address": encode_address,
    "symbol": scval.to_symbol,
}
_OF_INTEGER: Mapping[str, Callable[[int], stellar_xdr.SCVal]] = {
    "u32": scval.to_uint32,
    "i32": scval.to_int32,
    "u64": scval.to_uint64,
    "u128": scval.to_uint128,
    "i128": scval.to_int128,
}


def encode_value(type_: TypeName, value: PlannedValue) -> stellar_xdr.SCVal:
    """Return a planned value as the SCVal of a SEP-48 type.

    Raises:
        ValueError: the value is outside the type's range.
        TypeError: the type is not one that the devnet's contracts use for such a value.
    """
    match type_, value:
        case {"vec": {"element_type": element}}, tuple():
            return scval.to_vec([encode_value(element, each) for each in value])
        case str(), str() if type_ in _OF_TEXT:
            return _OF_TEXT[type_](value)
        case str(), int() if type_ in _OF_INTEGER:
            return _OF_INTEGER[type_](value)
        case _:
            raise TypeError(f"no {type_} can hold a {type(value).__name__}")


def encode_arguments(
    function: Function, arguments: Mapping[str, PlannedValue]
) -> list[stellar_xdr.SCVal]:
    """Return the arguments of a call in the function's order."""
    return [encode_value(each.type_, arguments[each.name]) for each in function.inputs]


def encode_topics(event: Event, arguments: Mapping[str, PlannedValue]) -> list[stellar_xdr.SCVal]:
    """Return the topics of an event: the fixed leading symbols, then the indexed parameters."""
    leading = [scval.to_symbol(text) for text in event.prefix_topics]
    return leading + [
        encode_value(each.type_, arguments[each.name])
        for each in event.params
        if each.location == "topic_list"
    ]


def encode_data(event: Event, arguments: Mapping[str, PlannedValue]) -> stellar_xdr.SCVal:
    """Return the data of an event in the shape of its ``data_format``.

    Shape of a map: keys are symbols in ascending order, as the host requires; the SDK sorts them.
    """
    values = {
        each.name: encode_value(each.type_, arguments[each.name])
        for each in event.params
        if each.location == "data"
    }
    match event.data_format:
        case "single_value":
            (value,) = values.values()
            return value
        case "vec":
            return scval.to_vec(list(values.values()))
        case "map":
            return scval.to_map({scval.to_symbol(name): each for name, each in values.items()})
