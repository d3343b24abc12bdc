"""The interface of the asset contract, which is part of the protocol and has no code to read.

Events are given in each shape they have had: with the administrator among the topics (up to
protocol 22) and without, with one amount as data or a map that says for whom at a muxed account.

Source: CAP-46-6 "Smart Contract Standardized Asset", CAP-67 "Unified Asset Events", SEP-41.
"""

import msgspec

_Typed = tuple[str, object]

_HASH = {"bytes_n": {"n": 32}}
_ASSET = "sep0011_asset"

_FUNCTIONS: dict[str, tuple[_Typed, ...]] = {
    "admin": (),
    "allowance": (("from", "address"), ("spender", "address")),
    "approve": (
        ("from", "address"),
        ("spender", "address"),
        ("amount", "i128"),
        ("expiration_ledger", "u32"),
    ),
    "authorized": (("id", "address"),),
    "balance": (("id", "address"),),
    "burn": (("from", "address"), ("amount", "i128")),
    "burn_from": (("spender", "address"), ("from", "address"), ("amount", "i128")),
    "clawback": (("from", "address"), ("amount", "i128")),
    "decimals": (),
    "mint": (("to", "address"), ("amount", "i128")),
    "name": (),
    "set_admin": (("new_admin", "address"),),
    "set_authorized": (("id", "address"), ("authorize", "bool")),
    "symbol": (),
    "transfer": (("from", "address"), ("to", "address"), ("amount", "i128")),
    "transfer_from": (
        ("spender", "address"),
        ("from", "address"),
        ("to", "address"),
        ("amount", "i128"),
    ),
}
_OUTPUTS = {
    "admin": "address",
    "allowance": "i128",
    "authorized": "bool",
    "balance": "i128",
    "decimals": "u32",
    "name": "string",
    "symbol": "string",
}

_AMOUNT: tuple[_Typed, ...] = (("amount", "i128"),)
_MUXED_AMOUNTS: tuple[tuple[_Typed, ...], ...] = tuple(
    (("amount", "i128"), ("to_muxed_id", kind)) for kind in ("u64", "string", _HASH)
)

# Name, topics behind the name (all of them addresses, but for the asset's name), data.
_EVENTS: tuple[tuple[str, tuple[str, ...], tuple[_Typed, ...]], ...] = (
    ("approve", ("from", "spender"), (("amount", "i128"), ("expiration_ledger", "u32"))),
    ("burn", ("from",), _AMOUNT),
    ("clawback", ("from",), _AMOUNT),
    ("clawback", ("admin", "from"), _AMOUNT),
    ("mint", ("to",), _AMOUNT),
    ("mint", ("admin", "to"), _AMOUNT),
    *(("mint", ("to",), data) for data in _MUXED_AMOUNTS),
    ("set_admin", ("admin",), (("new_admin", "address"),)),
    ("set_authorized", ("id",), (("authorize", "bool"),)),
    ("set_authorized", ("admin", "id"), (("authorize", "bool"),)),
    ("transfer", ("from", "to"), _AMOUNT),
    *(("transfer", ("from", "to"), data) for data in _MUXED_AMOUNTS),
)


def asset_contract_spec() -> bytes:
    """Return the interface as SEP-48 JSON."""
    functions = [_function(name, inputs) for name, inputs in _FUNCTIONS.items()]
    events = [_event(name, topics, data) for name, topics, data in _EVENTS]
    return msgspec.json.encode(functions + events)


def _function(name: str, inputs: tuple[_Typed, ...]) -> dict[str, object]:
    body = {
        "doc": "",
        "name": name,
        "inputs": [_parameter(*each) for each in inputs],
        "outputs": [_OUTPUTS[name]] if name in _OUTPUTS else [],
    }
    return {"function_v0": body}


def _event(name: str, topics: tuple[str, ...], data: tuple[_Typed, ...]) -> dict[str, object]:
    indexed = [(topic, "address") for topic in topics] + [(_ASSET, "string")]
    body = {
        "doc": "",
        "lib": "",
        "name": name,
        "prefix_topics": [name],
        "params": [
            *(_parameter(*each) | {"location": "topic_list"} for each in indexed),
            *(_parameter(*each) | {"location": "data"} for each in data),
        ],
        "data_format": _data_format(data),
    }
    return {"event_v0": body}


def _data_format(data: tuple[_Typed, ...]) -> str:
    if len(data) == 1:
        return "single_value"
    return "map" if data in _MUXED_AMOUNTS else "vec"


def _parameter(name: str, kind: object) -> dict[str, object]:
    return {"doc": "", "name": name, "type_": kind}
