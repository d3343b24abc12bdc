"""A real ERC-20 on a real node, and what happened to it as its receipts tell.

Receipts are read with eth_abi and nothing of ours, so that they can judge us.
"""

import json
from pathlib import Path
from typing import Any, Self

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak

from tests.support.anvil import Anvil
from tocsin.devnet.network import BlockFacts, CallFact, EventFact, TransactionFacts

ARTEFACT = json.loads((Path(__file__).parents[1] / "e2e" / "contracts" / "token.json").read_text())
SUPPLY = 2**255
GAS = 200_000

TRANSFER_EVENT = "Transfer(address,address,uint256)"
TRANSFER_CALL = "transfer(address,uint256)"
_TOPIC = "0x" + keccak(text=TRANSFER_EVENT).hex()
_SELECTOR = "0x" + keccak(text=TRANSFER_CALL)[:4].hex()


class Token:
    """One deployed token; its deployer owns the whole supply."""

    def __init__(self, node: Anvil, address: str, block_number: int) -> None:
        self.address = address
        self.block_number = block_number
        self.owner = node.accounts[0]
        self._node = node

    @classmethod
    async def deploy(cls, node: Anvil) -> Self:
        """Mine a block with a new token in it."""
        data = ARTEFACT["bytecode"] + encode(["uint256"], [SUPPLY]).hex()
        transaction = await node.send(None, data=data)
        await node.mine()
        receipt = await node.ask("eth_getTransactionReceipt", transaction)
        assert receipt["status"] == "0x1"
        return cls(node, receipt["contractAddress"].lower(), int(receipt["blockNumber"], 16))

    @property
    def abi(self) -> list[dict[str, Any]]:
        abi: list[dict[str, Any]] = ARTEFACT["abi"]
        return abi

    async def transfer(self, amount: int, *, to: int = 1) -> str:
        """Send a transfer to one of the node's accounts; return the transaction's hash.

        Beyond what is left of the supply it fails once mined.
        """
        data = transfer_data(self._node.accounts[to], amount)
        return await self._node.send(self.address, data=data, gas=GAS)


def transfer_data(to: str, amount: int) -> str:
    """Return the input of a call of ``transfer``."""
    return _SELECTOR + encode(["address", "uint256"], [to, amount]).hex()


class Witness:
    """Remembers every block it saw on a node, those that are no longer there too."""

    def __init__(self, node: Anvil) -> None:
        self._node = node
        self._seen: dict[str, BlockFacts] = {}
        self._canonical: frozenset[str] = frozenset()

    async def look(self) -> None:
        """See all blocks of the node's chain."""
        hashes = []
        for number in range(await self._node.head_number() + 1):
            block = await self._node.ask("eth_getBlockByNumber", hex(number), True)
            hashes.append(block["hash"])
            if block["hash"] not in self._seen:
                self._seen[block["hash"]] = await self._read(block)
        self._canonical = frozenset(hashes)

    async def _read(self, block: dict[str, Any]) -> BlockFacts:
        transactions = []
        for each in block["transactions"]:
            receipt = await self._node.ask("eth_getTransactionReceipt", each["hash"])
            transactions.append(_to_facts(each, receipt))
        return BlockFacts(
            number=int(block["number"], 16),
            hash=block["hash"],
            parent_hash=block["parentHash"],
            canonical=True,
            produced_at_ms=0,
            transactions=tuple(transactions),
        )

    def facts(self, *, since_number: int) -> list[BlockFacts]:
        """Return the blocks seen from that number on, each with whether it is on the chain."""
        return [
            BlockFacts(
                number=block.number,
                hash=block.hash,
                parent_hash=block.parent_hash,
                canonical=block.hash in self._canonical,
                produced_at_ms=0,
                transactions=block.transactions,
            )
            for block in self._seen.values()
            if block.number >= since_number
        ]


def _to_facts(transaction: dict[str, Any], receipt: dict[str, Any]) -> TransactionFacts:
    return TransactionFacts(
        hash=transaction["hash"],
        index=int(transaction["transactionIndex"], 16),
        succeeded=receipt["status"] == "0x1",
        sender=transaction["from"],
        receiver=transaction["to"] or "",
        value=int(transaction["value"], 16),
        calls=_calls(transaction),
        events=tuple(_event(log) for log in receipt["logs"] if log["topics"][0] == _TOPIC),
    )


def _calls(transaction: dict[str, Any]) -> tuple[CallFact, ...]:
    data: str = transaction["input"]
    if transaction["to"] is None or not data.startswith(_SELECTOR):
        return ()
    receiver, amount = decode(["address", "uint256"], bytes.fromhex(data[10:]))
    arguments = {"receiver": receiver, "amount": amount}
    return (CallFact(contract=transaction["to"], name="transfer", arguments=arguments),)


def _event(log: dict[str, Any]) -> EventFact:
    sender, receiver = (
        decode(["address"], bytes.fromhex(each[2:]))[0] for each in log["topics"][1:]
    )
    (value,) = decode(["uint256"], bytes.fromhex(log["data"][2:]))
    arguments = {"sender": sender, "receiver": receiver, "value": value}
    return EventFact(contract=log["address"], name="Transfer", arguments=arguments)
