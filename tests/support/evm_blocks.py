"""Builders of EVM blocks: valid wholes, with true blooms and header hashes, to be changed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import rlp
from eth_hash.auto import keccak

from tocsin.chains.base import IdentityProbe
from tocsin.errors import RpcRefusedError
from tocsin.model.ids import NetworkId

NETWORK_ID = NetworkId(UUID(int=7))
SENDER = "0x" + "11" * 20
TOKEN = "0x" + "aa" * 20
TRANSFER_TOPIC = "0x" + keccak(b"Transfer(address,address,uint256)").hex()

Json = dict[str, Any]


def word(value: int) -> str:
    """Return 32 bytes of hex digits, without 0x."""
    return f"{value:064x}"


def a_log(*, address: str = TOKEN, topics: Sequence[str] | None = None, data: str = "") -> Json:
    """Return a log; by default an ERC-20 transfer of 100 from 0x…01 to 0x…02."""
    default = [TRANSFER_TOPIC, "0x" + word(1), "0x" + word(2)]
    return {
        "address": address,
        "topics": list(default if topics is None else topics),
        "data": data or "0x" + word(100),
        "removed": False,
    }


@dataclass
class RawBlock:
    """A block and its receipts as JSON values; change them, then take ``parts``."""

    block: Json
    receipts: list[Json]

    @property
    def hash(self) -> str:
        """Return the block's hash as it says it."""
        return str(self.block["hash"])

    @property
    def number(self) -> int:
        """Return the block's number."""
        return int(self.block["number"], 16)

    def parts(self) -> tuple[bytes, bytes]:
        """Return the bytes of the two results."""
        return json.dumps(self.block).encode(), json.dumps(self.receipts).encode()


def a_block(
    logs: Sequence[Sequence[Json]] = ((), (), ()), *, number: int = 5, salt: int = 0
) -> RawBlock:
    """Return a block with one transaction per entry, each with those logs."""
    every = [log for entry in logs for log in entry]
    block = _header(number, salt, _bloom(every))
    transactions = [_transaction(block, place) for place in range(len(logs))]
    receipts = [_receipt(each, entry) for each, entry in zip(transactions, logs, strict=True)]
    placed = [log for receipt in receipts for log in receipt["logs"]]
    for place, log in enumerate(placed):
        log["logIndex"] = hex(place)
    return RawBlock({**block, "transactions": transactions}, receipts)


def _header(number: int, salt: int, bloom: bytes) -> Json:
    fields: list[tuple[str, bytes | int]] = [
        ("parentHash", keccak(b"parent %d" % (number - 1))),
        ("sha3Uncles", keccak(rlp.encode([]))),
        ("miner", bytes(20)),
        ("stateRoot", keccak(b"state %d" % salt)),
        ("transactionsRoot", keccak(b"transactions")),
        ("receiptsRoot", keccak(b"receipts")),
        ("logsBloom", bloom),
        ("difficulty", 0),
        ("number", number),
        ("gasLimit", 30_000_000),
        ("gasUsed", 63_000),
        ("timestamp", 1_700_000_000 + 12 * number),
        ("extraData", b"salt"),
        ("mixHash", keccak(b"mix")),
        ("nonce", bytes(8)),
        ("baseFeePerGas", 7),
    ]
    digest = keccak(rlp.encode([value for _, value in fields]))
    shown = {
        name: hex(value) if isinstance(value, int) else "0x" + value.hex() for name, value in fields
    }
    return {**shown, "hash": "0x" + digest.hex(), "size": "0x400", "uncles": []}


def _transaction(block: Json, place: int) -> Json:
    return {
        "hash": "0x" + keccak(f"{block['hash']}/{place}".encode()).hex(),
        "blockHash": block["hash"],
        "blockNumber": block["number"],
        "transactionIndex": hex(place),
        "from": SENDER,
        "to": TOKEN,
        "value": hex(10**18 * place),
        "nonce": hex(place),
        "gas": hex(90_000),
        "gasPrice": hex(3),
        "input": "0xa9059cbb" + word(2) + word(100),
        "type": "0x0",
    }


def _receipt(transaction: Json, logs: Sequence[Json]) -> Json:
    place = {key: transaction[key] for key in ("blockHash", "blockNumber", "transactionIndex")}
    place["transactionHash"] = transaction["hash"]
    return {
        **place,
        "from": transaction["from"],
        "to": transaction["to"],
        "gasUsed": hex(21_000),
        "status": "0x1",
        "logsBloom": "0x" + _bloom(logs).hex(),
        "logs": [{**log, **place} for log in logs],
    }


def _bloom(logs: Sequence[Json]) -> bytes:
    bits = 0
    for log in logs:
        for entry in (log["address"], *log["topics"]):
            digest = keccak(bytes.fromhex(entry[2:]))
            for at in (0, 2, 4):
                bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") % 2048)
    return bits.to_bytes(256, "big")


class FakeEvmNode:
    """A node with some blocks, as an RpcCaller; ``answers`` override a method's answer.

    ``refuses`` are methods it does not know.
    """

    def __init__(self, *blocks: RawBlock, chain_id: int = 1, refuses: Sequence[str] = ()) -> None:
        self._blocks = {each.number: each for each in blocks}
        self._chain_id = chain_id
        self._refuses = set(refuses)
        self.answers: dict[str, Callable[[Any], object]] = {}
        self.calls: list[str] = []
        self.distrust_count = 0
        self.required_identity = ""

    def require_identity(self, probe: IdentityProbe, expected: str) -> None:
        assert callable(probe)
        self.required_identity = expected

    def distrust(self) -> None:
        self.distrust_count += 1

    async def call(self, method: str, params: object) -> bytes:
        self.calls.append(method)
        if method in self._refuses:
            raise RpcRefusedError("no such method", rpc_code=-32601)
        answer = self.answers.get(method, lambda _: self._answer(method, params))
        result = answer(params)
        return result if isinstance(result, bytes) else json.dumps(result).encode()

    async def call_batch(self, calls: Sequence[tuple[str, object]]) -> Sequence[bytes]:
        return [await self.call(method, params) for method, params in calls]

    def _answer(self, method: str, params: Any) -> object:
        match method:
            case "eth_chainId":
                return hex(self._chain_id)
            case "eth_getBlockByNumber" | "eth_getBlockByHash":
                found = self._find(params[0])
                return found and self._shown(found, full=params[1])
            case "eth_getBlockReceipts":
                found = self._find(params[0])
                return found and found.receipts
            case "eth_getTransactionReceipt":
                every = (each for block in self._blocks.values() for each in block.receipts)
                return next((e for e in every if e["transactionHash"] == params[0]), None)
            case _:
                raise AssertionError(method)

    def _find(self, name: str) -> RawBlock | None:
        if name == "latest":
            return self._blocks[max(self._blocks)]
        every = self._blocks.values()
        return next((e for e in every if name in (e.hash, e.block["number"])), None)

    def _shown(self, found: RawBlock, *, full: bool) -> Json:
        if full:
            return found.block
        hashes = [each["hash"] for each in found.block["transactions"]]
        return {**found.block, "transactions": hashes}
