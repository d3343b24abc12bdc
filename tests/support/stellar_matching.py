"""Stellar ledgers and monitors made from a few words, through the whole offline path."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stellar_sdk import scval
from stellar_sdk import xdr as stellar_xdr

from tests.support.offline import sound
from tests.support.openzeppelin import a_monitor_file, a_network_file
from tests.support.stellar_ledgers import PASSPHRASE, TOKEN, Json, RawLedger
from tocsin.cli.offline import match_offline

_SCALARS: Mapping[str, Callable[[Any], stellar_xdr.SCVal]] = {
    "bool": scval.to_bool,
    "void": lambda _: scval.to_void(),
    "u32": scval.to_uint32,
    "i32": scval.to_int32,
    "u64": scval.to_uint64,
    "i64": scval.to_int64,
    "timepoint": scval.to_timepoint,
    "duration": scval.to_duration,
    "u128": lambda value: scval.to_uint128(int(value)),
    "i128": lambda value: scval.to_int128(int(value)),
    "u256": lambda value: scval.to_uint256(int(value)),
    "i256": lambda value: scval.to_int256(int(value)),
    "string": scval.to_string,
    "symbol": scval.to_symbol,
    "bytes": lambda value: scval.to_bytes(bytes.fromhex(value)),
    "address": scval.to_address,
}


def a_value(described: Mapping[str, Any]) -> stellar_xdr.SCVal:
    """Return the value that ``{"u32": 1}`` describes; maps are objects or lists of pairs."""
    ((kind, content),) = described.items()
    if kind == "vec":
        return scval.to_vec([a_value(each) for each in content])
    if kind == "map":
        pairs = content.items() if isinstance(content, dict) else content
        return scval.to_map({scval.to_symbol(key): a_value(each) for key, each in pairs})
    return _SCALARS[kind](content)


def a_json_value(content: Any) -> stellar_xdr.SCVal:
    """Return the value that shows this JSON; ``{"type", "value"}`` is an integer or address."""
    match content:
        case None:
            return scval.to_void()
        case {"type": str(kind), "value": str(text)}:
            shown: Any = text == "true" if kind == "Bool" else text
            return a_value({kind.lower(): int(text) if kind[0] in "IU" else shown})
        case dict():
            return scval.to_map(
                {scval.to_symbol(key): a_json_value(each) for key, each in content.items()}
            )
        case list():
            return scval.to_vec([a_json_value(each) for each in content])
        case str():
            return scval.to_string(content)
        case _:
            return scval.to_uint32(content)


def a_function(name: str, *inputs: tuple[str, object]) -> Json:
    """Return what a spec says of a function, by the names and SEP-48 types of its inputs."""
    shown = [{"doc": "", "name": each, "type_": kind} for each, kind in inputs]
    return {"function_v0": {"doc": "", "name": name, "inputs": shown, "outputs": []}}


def an_event_spec(name: str, *data: tuple[str, object], data_format: str) -> Json:
    """Return what a spec says of an event, by the names and SEP-48 types of its data."""
    params = [{"doc": "", "name": each, "type_": kind, "location": "data"} for each, kind in data]
    return {
        "event_v0": {
            "doc": "",
            "lib": "",
            "name": name,
            "prefix_topics": [name],
            "params": params,
            "data_format": data_format,
        }
    }


def found(
    ledger: RawLedger, spec: Sequence[Json] | None = None, address: str = TOKEN, **conditions: Any
) -> list[Json]:
    """Return what a monitor of a contract finds, as our documents; ``conditions`` by their kind."""
    network = a_network_file(
        network_type="Stellar", slug="stellar_test", chain_id=..., network_passphrase=PASSPHRASE
    )
    monitor = a_monitor_file(
        networks=["stellar_test"],
        addresses=[{"address": address, "contract_spec": spec}],
        match_conditions={"functions": [], "events": [], "transactions": [], **conditions},
    )
    result = match_offline(
        ("network.json", json.dumps(network).encode()),
        {"monitor.json": json.dumps(monitor).encode()},
        ledger.parts(),
    )
    return [json.loads(line) for line in sound(result).lines]
