"""Operations as conditions name them: their fields, and how an operation's content gives them.

Amounts count the asset's smallest unit (10⁻⁷), assets are ``native`` or ``CODE:ISSUER``, accounts
are ``G…`` whatever id they carry. What an operation leaves open is absent.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256

import msgspec

from tocsin.chains.stellar.codec import strkey
from tocsin.chains.stellar.codec.bodies import (
    ACCOUNT,
    ACCOUNT_ID,
    ADDRESS,
    ASSET,
    BALANCE,
    CLAIMANTS,
    CODE,
    CONTRACTS,
    DATA_VALUE,
    HASH,
    HASHES,
    HOME_DOMAIN,
    I32,
    I64,
    NAME,
    OPTIONAL_ACCOUNT,
    OPTIONAL_ADDRESS,
    OPTIONAL_ASSET,
    OPTIONAL_HASH,
    OPTIONAL_U32,
    PATH,
    SIGNER,
    TRUSTED,
    U32,
    Piece,
)
from tocsin.chains.stellar.codec.envelope import INVOKE_HOST_FUNCTION, Envelope, Slot
from tocsin.chains.stellar.codec.scval import read_account, read_address, read_symbol
from tocsin.chains.stellar.codec.xdr import XdrReader
from tocsin.chains.stellar.kinds import value_type_of
from tocsin.model.interface import Argument, Layout, Parameter, Value
from tocsin.model.network import ChainFamily

OPERATION = "operation"
"""The first of a layout's ``details``; the second is the type's name."""

CONTRACT_UPGRADE = "contract_upgrade"

Values = dict[str, Value]
_Read = Callable[[XdrReader, Envelope], Values]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperationType:
    """One type of operation: its name, and its fields by name after ``source``."""

    name: str
    fields: Mapping[str, Piece]
    read: _Read

    @property
    def layout(self) -> Layout:
        """Return the fields as conditions see them."""
        pieces = {"source": ACCOUNT, **self.fields}
        return Layout(
            family=ChainFamily.STELLAR.value,
            parameters=tuple(
                Parameter(name=name, kind=piece.kind, type=value_type_of(piece.kind))
                for name, piece in pieces.items()
            ),
            details=(OPERATION, self.name),
        )

    def accounts(self, values: Mapping[str, Value]) -> Iterator[str]:
        """Yield the accounts and contracts that an operation with these values names."""
        yield from ACCOUNT.accounts(values["source"])
        for name, piece in self.fields.items():
            yield from piece.accounts(values.get(name))


def _plain(name: str, fields: Mapping[str, Piece]) -> OperationType:
    """Return a type whose content is its fields, one after another."""

    def read(reader: XdrReader, _: Envelope) -> Values:
        return {each: piece.read(reader) for each, piece in fields.items()}

    return OperationType(name=name, fields=fields, read=read)


_OFFER = {"selling": ASSET, "buying": ASSET, "amount": I64, "price_n": I32, "price_d": I32}

_PLAIN: dict[int, OperationType] = {
    0: _plain("create_account", {"destination": ACCOUNT_ID, "starting_balance": I64}),
    1: _plain("payment", {"destination": ACCOUNT, "asset": ASSET, "amount": I64}),
    2: _plain(
        "path_payment_strict_receive",
        {
            "send_asset": ASSET, "send_max": I64, "destination": ACCOUNT, "dest_asset": ASSET,
            "dest_amount": I64, "path": PATH,
        },
    ),
    3: _plain("manage_sell_offer", {**_OFFER, "offer_id": I64}),
    4: _plain("create_passive_sell_offer", _OFFER),
    5: _plain(
        "set_options",
        {
            "inflation_destination": OPTIONAL_ACCOUNT, "clear_flags": OPTIONAL_U32,
            "set_flags": OPTIONAL_U32, "master_weight": OPTIONAL_U32,
            "low_threshold": OPTIONAL_U32, "medium_threshold": OPTIONAL_U32,
            "high_threshold": OPTIONAL_U32, "home_domain": HOME_DOMAIN, "signer": SIGNER,
        },
    ),
    6: _plain("change_trust", {"asset": TRUSTED, "limit": I64}),
    7: _plain("allow_trust", {"trustor": ACCOUNT_ID, "asset_code": CODE, "authorize": U32}),
    8: _plain("account_merge", {"destination": ACCOUNT}),
    9: _plain("inflation", {}),
    10: _plain("manage_data", {"name": NAME, "value": DATA_VALUE}),
    11: _plain("bump_sequence", {"bump_to": I64}),
    12: _plain("manage_buy_offer", {**_OFFER, "offer_id": I64}),
    13: _plain(
        "path_payment_strict_send",
        {
            "send_asset": ASSET, "send_amount": I64, "destination": ACCOUNT, "dest_asset": ASSET,
            "dest_min": I64, "path": PATH,
        },
    ),
    14: _plain(
        "create_claimable_balance", {"asset": ASSET, "amount": I64, "claimants": CLAIMANTS}
    ),
    15: _plain("claim_claimable_balance", {"balance_id": BALANCE}),
    16: _plain("begin_sponsoring_future_reserves", {"sponsored": ACCOUNT_ID}),
    17: _plain("end_sponsoring_future_reserves", {}),
    19: _plain("clawback", {"asset": ASSET, "from": ACCOUNT, "amount": I64}),
    20: _plain("clawback_claimable_balance", {"balance_id": BALANCE}),
    21: _plain(
        "set_trust_line_flags",
        {"trustor": ACCOUNT_ID, "asset": ASSET, "clear_flags": U32, "set_flags": U32},
    ),
    22: _plain(
        "liquidity_pool_deposit",
        {
            "pool_id": HASH, "max_amount_a": I64, "max_amount_b": I64, "min_price_n": I32,
            "min_price_d": I32, "max_price_n": I32, "max_price_d": I32,
        },
    ),
    23: _plain(
        "liquidity_pool_withdraw",
        {"pool_id": HASH, "amount": I64, "min_amount_a": I64, "min_amount_b": I64},
    ),
}  # fmt: skip


def _read_revocation(reader: XdrReader, _: Envelope) -> Values:
    """Return what is no longer sponsored, and whose it is where the operation says so."""
    if reader.signed() == 1:
        return {"entry": "signer", "account": read_account(reader)}
    entry = _SPONSORED.get(reader.signed(), "other")
    return {"entry": entry, "account": read_account(reader) if entry in _OWNED else None}


_OWNED = ("account", "trust_line", "offer", "data")
_SPONSORED = {
    **dict(enumerate(_OWNED)),
    4: "claimable_balance",
    5: "liquidity_pool",
}


def _read_creation(reader: XdrReader, _: Envelope) -> Values:
    """Return who deploys a contract and from what; a token of an asset has neither."""
    values: Values = {"deployer": None, "asset": None, "wasm_hash": None}
    if reader.signed() == 0:
        values["deployer"] = read_address(reader)
        reader.skip(32)  # salt
    else:
        values["asset"] = ASSET.read(reader)
    if reader.signed() == 0:
        values["wasm_hash"] = HASH.read(reader)
    return values


def _read_upload(reader: XdrReader, _: Envelope) -> Values:
    code = reader.opaque()
    return {"wasm_hash": sha256(code).hexdigest(), "size_bytes": len(code)}


def _read_call(reader: XdrReader, _: Envelope) -> Values:
    return {"contract": read_address(reader), "function": read_symbol(reader)}


def _read_restored(_: XdrReader, envelope: Envelope) -> Values:
    contracts, code = envelope.footprint()
    return {"contracts": [*contracts], "wasm_hashes": [*code]}


def _read_extended(reader: XdrReader, envelope: Envelope) -> Values:
    reader.skip(4)  # extension
    return {"extend_to": reader.unsigned(), **_read_restored(reader, envelope)}


_FOOTPRINT = {"contracts": CONTRACTS, "wasm_hashes": HASHES}

_SPECIAL: dict[int, OperationType] = {
    18: OperationType(
        name="revoke_sponsorship",
        fields={"entry": NAME, "account": OPTIONAL_ACCOUNT},
        read=_read_revocation,
    ),
    25: OperationType(
        name="extend_footprint_ttl", fields={"extend_to": U32, **_FOOTPRINT}, read=_read_extended
    ),
    26: OperationType(name="restore_footprint", fields=_FOOTPRINT, read=_read_restored),
}

_CREATION = OperationType(
    name="create_contract",
    fields={"deployer": OPTIONAL_ADDRESS, "asset": OPTIONAL_ASSET, "wasm_hash": OPTIONAL_HASH},
    read=_read_creation,
)
_HOST_FUNCTIONS: dict[int, OperationType] = {
    0: OperationType(
        name="invoke_contract", fields={"contract": ADDRESS, "function": NAME}, read=_read_call
    ),
    1: _CREATION,
    2: OperationType(
        name="upload_contract_wasm",
        fields={"wasm_hash": HASH, "size_bytes": U32},
        read=_read_upload,
    ),
    3: _CREATION,
}

_UPGRADE = _plain(
    CONTRACT_UPGRADE,
    {"contract": ADDRESS, "old_wasm_hash": OPTIONAL_HASH, "new_wasm_hash": OPTIONAL_HASH},
)
"""No operation of its own: the host tells of it wherever a call exchanged a contract's code."""

TYPES: Mapping[str, OperationType] = {
    each.name: each
    for each in (*_PLAIN.values(), *_SPECIAL.values(), *_HOST_FUNCTIONS.values(), _UPGRADE)
}
"""Every type of operation, by name."""


class Operation:
    """One operation of a transaction, or an upgrade by one; ``values`` are read when asked.

    ``source`` is None where the envelope cannot be read, which tells of no upgrade less.
    """

    __slots__ = ("_source", "_values", "type")

    def __init__(
        self, kind: OperationType, source: str | None, values: Callable[[], Values]
    ) -> None:
        self.type = kind
        self._source = source
        self._values = values

    def accounts(self) -> Iterator[str]:
        """Yield the accounts and contracts that it names, in any order, also repeatedly.

        Raises:
            ValueError: the content cannot be read.
        """
        return self.type.accounts(self.values())

    def values(self) -> Values:
        """Return every field by name.

        Raises:
            ValueError: the content cannot be read.
        """
        source = None if self._source is None else strkey.base_account(self._source)
        return {"source": source, **self._values()}


def operation_at(envelope: Envelope, slot: Slot) -> Operation:
    """Return the operation of a slot.

    Raises:
        ValueError: there is no such type.
    """
    reader = XdrReader(envelope.data, slot.position)
    if slot.number == INVOKE_HOST_FUNCTION:
        found = _HOST_FUNCTIONS.get(reader.signed())
    else:
        found = _PLAIN.get(slot.number) or _SPECIAL.get(slot.number)
    if found is None:
        raise ValueError("no such type of operation")
    read, start = found.read, reader.position

    def values() -> Values:
        return read(XdrReader(envelope.data, start), envelope)

    return Operation(found, slot.source or envelope.source, values)


def upgrade_of(contract: str, old: str | None, new: str | None, source: str | None) -> Operation:
    """Return that a contract's code was exchanged; ``source`` is the transaction's."""
    return Operation(
        _UPGRADE,
        source,
        lambda: {"contract": contract, "old_wasm_hash": old, "new_wasm_hash": new},
    )


@dataclass(frozen=True, slots=True)
class OperationFields:
    """The fields of an operation in a layout's order."""

    layout: Layout
    values: Mapping[str, Value]

    def simple(self, position: int) -> Value:
        """Return the value of a field as expressions compare it."""
        return self.values.get(self.layout.parameters[position].name)

    def arguments(self) -> tuple[Argument, ...]:
        """Return all of them, in the layout's order."""
        return tuple(
            Argument(
                name=each.name,
                kind=each.kind,
                type=each.type,
                value=self.values.get(each.name),
                text=_text(self.values.get(each.name)),
            )
            for each in self.layout.parameters
        )


def operation_fields(layout: Layout, operation: Operation) -> OperationFields | None:
    """Return an operation's fields, or None by another type's layout.

    Raises:
        ValueError: its content cannot be read.
    """
    if layout.details != (OPERATION, operation.type.name):
        return None
    return OperationFields(layout, operation.values())


def _text(value: Value) -> str:
    if value is None:
        return ""
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else str(value)


def closest_type(name: str) -> str | None:
    """Return the type that somebody most likely meant."""
    close = get_close_matches(name.strip().lower().replace(" ", "_"), list(TYPES), n=1, cutoff=0.5)
    return close[0] if close else None
