"""The contracts of the simulated network, and their interfaces in SEP-48 form."""

from typing import Literal

import msgspec

from tocsin.devnet.stellar.accounts import contract_address

TypeName = str | dict[str, dict[str, str]]
"""A type as SEP-48 JSON spells it: ``"i128"``, ``{"vec": {"element_type": "symbol"}}``."""


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a function."""

    doc: str = ""
    name: str
    type_: TypeName


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function that the devnet calls."""

    doc: str = ""
    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[TypeName, ...] = ()


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of an event, in its topics or its data."""

    doc: str = ""
    name: str
    type_: TypeName
    location: Literal["topic_list", "data"] = "data"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event that the devnet emits; ``name`` is its name in the facts."""

    doc: str = ""
    lib: str = ""
    name: str
    prefix_topics: tuple[str, ...]
    params: tuple[Field, ...]
    data_format: Literal["single_value", "vec", "map"]


class Contract(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One deployed contract; ``address`` is its StrKey (``C…``), the same for every seed."""

    address: str
    functions: tuple[Function, ...]
    events: tuple[Event, ...]

    def function(self, name: str) -> Function:
        """Return the function of that name, or raise KeyError."""
        return {function.name: function for function in self.functions}[name]

    def event(self, name: str) -> Event:
        """Return the event of that name, or raise KeyError."""
        return {event.name: event for event in self.events}[name]

    def spec(self) -> list[dict[str, object]]:
        """Return the interface as SEP-48 JSON, ready for a monitor's ``contract_spec``.

        Shape: a list of objects with the single key ``function_v0`` or ``event_v0``.
        """
        entries: list[dict[str, object]] = [
            {"function_v0": msgspec.to_builtins(function)} for function in self.functions
        ]
        entries += [{"event_v0": msgspec.to_builtins(event)} for event in self.events]
        return entries


TOKEN = Contract(
    address=contract_address("token"),
    functions=(
        Function(
            doc="Moves an amount from one account to another (SEP-41).",
            name="transfer",
            inputs=(
                Input(name="from", type_="address"),
                Input(name="to", type_="address"),
                Input(name="amount", type_="i128"),
            ),
        ),
    ),
    events=(
        Event(
            name="transfer",
            prefix_topics=("transfer",),
            params=(
                Field(name="from", type_="address", location="topic_list"),
                Field(name="to", type_="address", location="topic_list"),
                Field(name="amount", type_="i128"),
            ),
            data_format="single_value",
        ),
    ),
)
"""A SEP-41 token: the data of its event is one value. Swaps on the pool move it too."""

POOL = Contract(
    address=contract_address("pool"),
    functions=(
        Function(
            doc="Pays in one asset and takes out another.",
            name="swap",
            inputs=(
                Input(name="user", type_="address"),
                Input(name="pair", type_="symbol"),
                Input(name="fee_bps", type_="u32"),
                Input(name="path", type_={"vec": {"element_type": "symbol"}}),
                Input(name="amount_in", type_="i128"),
            ),
            outputs=("i128",),
        ),
    ),
    events=(
        Event(
            name="swap",
            prefix_topics=("swap",),
            params=(
                Field(name="user", type_="address", location="topic_list"),
                Field(name="pair", type_="symbol", location="topic_list"),
                Field(name="amount_in", type_="i128"),
                Field(name="amount_out", type_="i128"),
                Field(name="tick", type_="i32"),
            ),
            data_format="map",
        ),
    ),
)
"""An exchange: the data of its event is a map, one member of it often negative."""

ORACLE = Contract(
    address=contract_address("oracle"),
    functions=(
        Function(
            doc="Publishes the price of an asset.",
            name="set_price",
            inputs=(
                Input(name="asset", type_="symbol"),
                Input(name="price", type_="u128"),
                Input(name="round", type_="u64"),
            ),
        ),
    ),
    events=(
        Event(
            name="price_set",
            prefix_topics=("oracle", "price_set"),
            params=(
                Field(name="asset", type_="symbol", location="topic_list"),
                Field(name="price", type_="u128"),
                Field(name="round", type_="u64"),
            ),
            data_format="vec",
        ),
    ),
)
"""A price feed: its event has two leading topics, its data is a vector."""

CONTRACTS: tuple[Contract, ...] = (TOKEN, POOL, ORACLE)

CONTRACT_SPECS: dict[str, list[dict[str, object]]] = {
    contract.address: contract.spec() for contract in CONTRACTS
}
"""By contract address, the SEP-48 JSON to configure a monitor with."""
