"""One EVM block and monitors made from a few words, through the whole offline path."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode

from tests.support.evm_blocks import RawBlock, a_block, a_log, word
from tests.support.offline import sound
from tests.support.openzeppelin import a_monitor_file, a_network_file
from tocsin.chains.evm.codec import selector_of, topic_of
from tocsin.cli.offline import MatchFormat, OfflineResult, explain_offline, match_offline

Json = dict[str, Any]

CONTRACT = "0x0000000000000000000000000000000000004321"
OTHER = "0x0000000000000000000000000000000000001234"


@dataclass
class Sent:
    """One transaction: members that differ from the builder's, of it and of its receipt."""

    logs: Sequence[Json] = ()
    receipt: Mapping[str, Any] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=dict)


def sent(*logs: Json, receipt: Mapping[str, Any] | None = None, **members: Any) -> Sent:
    """Return a transaction to CONTRACT with these logs; ``from_`` is its sender."""
    renamed = {key.rstrip("_"): value for key, value in members.items()}
    return Sent(logs, receipt or {}, {"to": CONTRACT, "input": "0x", **renamed})


def mined(*transactions: Sent) -> RawBlock:
    """Return the block of transactions; a member that is ``...`` is taken out."""
    block = a_block([each.logs for each in transactions])
    for place, each in enumerate(transactions):
        _change(block.block["transactions"][place], each.members)
        _change(block.receipts[place], each.receipt)
    return block


def _change(whole: Json, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        whole[key] = value
        if value is ...:
            del whole[key]


def event_of(
    signature: str, values: Sequence[Any] = (), topics: Sequence[str] = (), address: str = CONTRACT
) -> Json:
    """Return the log of an event: ``topics`` behind topic 0, ``values`` of what is not indexed."""
    kinds = _kinds(signature)[len(topics) :]
    data = "0x" + encode(kinds, values).hex()
    return a_log(address=address, topics=[topic_of(signature), *topics], data=data)


def input_of(signature: str, *values: Any) -> str:
    """Return the input of a call."""
    return selector_of(signature) + encode(_kinds(signature), values).hex()


def _kinds(signature: str) -> list[str]:
    inner = signature.partition("(")[2][:-1]
    kinds, depth = [""], 0
    for character in inner:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            kinds.append("")
        else:
            kinds[-1] += character
    return [each for each in kinds if each]


def topic(value: int) -> str:
    """Return a number as a topic."""
    return "0x" + word(value)


def item(kind: str, name: str, *inputs: str | Json, **members: Any) -> Json:
    """Return an ABI item; an input is ``type name``, or ``type indexed name``."""
    shown = [_input(each) if isinstance(each, str) else each for each in inputs]
    rest: Json = {"anonymous": False} if kind == "event" else {"outputs": []}
    return {"type": kind, "name": name, "inputs": shown, **rest, **members}


def _input(text: str) -> Json:
    kind, *rest = text.split()
    found: Json = {"type": kind, "name": rest[-1] if rest[-1:] not in ([], ["indexed"]) else ""}
    return found | ({"indexed": True} if "indexed" in rest else {})


TRANSFER = "Transfer(address,address,uint256)"
ERC20 = item("event", "Transfer", "address indexed from", "address indexed to", "uint256 value")
ERC721 = item(
    "event", "Transfer", "address indexed from", "address indexed to", "uint256 indexed id"
)
SEND = "transfer(address,uint256)"
SEND_ABI = item("function", "transfer", "address recipient", "uint256 amount")


def transfer(value: int, **changes: Any) -> Json:
    """Return the log of a transfer as ERC-20 has it."""
    return event_of(TRANSFER, [value], [topic(1), topic(2)], **changes)


def a_monitor(
    *abi: Json,
    events: Sequence[Any] = (),
    functions: Sequence[Any] = (),
    transactions: Sequence[Any] = (),
    **changes: Any,
) -> Json:
    """Return a monitor of CONTRACT; a condition is its text, or that and an expression."""
    conditions = {
        "events": [_condition("signature", each) for each in events],
        "functions": [_condition("signature", each) for each in functions],
        "transactions": [_condition("status", each) for each in transactions],
    }
    whole = {
        "addresses": [{"address": CONTRACT, "contract_spec": list(abi)}],
        "match_conditions": conditions,
    }
    return a_monitor_file(**(whole | changes))


def _condition(key: str, given: Any) -> Json:
    first, expression = given if isinstance(given, tuple) else (given, None)
    return {key: first, "expression": expression}


def match(
    monitor: Json, *transactions: Sent, match_format: MatchFormat = MatchFormat.TOCSIN
) -> OfflineResult:
    """Return what one monitor finds in a block of transactions."""
    return match_all([monitor], *transactions, match_format=match_format)


def match_all(
    monitors: Sequence[Json], *transactions: Sent, match_format: MatchFormat = MatchFormat.TOCSIN
) -> OfflineResult:
    """Return what monitors find in a block of transactions."""
    return match_block(monitors, mined(*transactions), match_format=match_format)


def match_block(
    monitors: Sequence[Json], block: RawBlock, *, match_format: MatchFormat = MatchFormat.TOCSIN
) -> OfflineResult:
    """Return what monitors find in a block; the explanations agree with it."""
    files = (
        ("network.json", json.dumps(a_network_file()).encode()),
        {f"{place}.json": json.dumps(each).encode() for place, each in enumerate(monitors)},
        dict(zip(("block", "receipts"), block.parts(), strict=True)),
    )
    lines = [json.loads(line) for line in sound(match_offline(*files)).lines]
    matched = {(line["monitor"], line["transaction_hash"]) for line in lines}
    for each in block.block["transactions"]:
        wanted = each["hash"].lower()
        explained = explain_offline(*files, transaction_hash=wanted).found
        for name, explanation in explained.items():
            assert explanation.matches == ((name, wanted) in matched), explanation
    return match_offline(*files, match_format=match_format)


def found(monitor: Json, *transactions: Sent) -> list[Json]:
    """Return the matches as our documents."""
    return [json.loads(line) for line in match(monitor, *transactions).lines]


def places(monitor: Json, *transactions: Sent) -> list[int]:
    """Return which transactions match."""
    return [line["transaction_index"] for line in found(monitor, *transactions)]


def shown(line: Json, kind: str) -> list[Json]:
    """Return the arguments of a match's events or functions, each as text by name."""
    entries = line["matched_on_args"][kind] or []
    return [{each["name"]: each["value"] for each in entry["args"]} for entry in entries]
