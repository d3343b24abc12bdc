"""Blocks, transactions, receipts and logs → JSON, field by field as geth gives it.

Source: Ethereum execution-apis (``src/schemas``). Not asked for and left out: geth's own additions
``totalDifficulty`` (removed since) and ``blockTimestamp`` of transactions.
"""

from tocsin.devnet.evm.blocks import (
    EMPTY_REQUESTS,
    EMPTY_UNCLES,
    EXTRA_DATA,
    MINER,
    ZERO_NONCE,
    ZERO_WORD,
    Block,
)
from tocsin.devnet.evm.encoding import (
    bytes_of,
    hex_data,
    keccak,
    quantity,
    rlp_bytes,
    rlp_integer,
    rlp_list,
)
from tocsin.devnet.evm.roots import EMPTY_ROOT
from tocsin.devnet.evm.transactions import LEGACY, Transaction, legacy_v

Json = dict[str, object]


def render_block(block: Block, *, full: bool) -> Json:
    """Return a block with its transactions, or only their hashes."""
    header = block.header
    transactions = [
        render_transaction(block, index) if full else hex_data(transaction.hash)
        for index, transaction in enumerate(block.transactions)
    ]
    return {
        "baseFeePerGas": quantity(header.base_fee),
        "blobGasUsed": "0x0",
        "difficulty": "0x0",
        "excessBlobGas": "0x0",
        "extraData": hex_data(EXTRA_DATA),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "hash": block.hash,
        "logsBloom": hex_data(header.bloom),
        "miner": hex_data(MINER),
        "mixHash": hex_data(header.mix_hash),
        "nonce": hex_data(ZERO_NONCE),
        "number": quantity(header.number),
        "parentBeaconBlockRoot": hex_data(ZERO_WORD),
        "parentHash": hex_data(header.parent_hash),
        "receiptsRoot": hex_data(header.receipts_root),
        "requestsHash": hex_data(EMPTY_REQUESTS),
        "sha3Uncles": hex_data(EMPTY_UNCLES),
        "size": quantity(block.size),
        "stateRoot": hex_data(header.state_root),
        "timestamp": quantity(header.timestamp),
        "transactions": transactions,
        "transactionsRoot": hex_data(header.transactions_root),
        "uncles": [],
        "withdrawals": [],
        "withdrawalsRoot": hex_data(EMPTY_ROOT),
    }


def render_transaction(block: Block, index: int) -> Json:
    """Return one transaction of a block, with its place there."""
    transaction = block.transactions[index]
    intent = transaction.intent
    _, r, s = transaction.signature
    return {
        "blockHash": block.hash,
        "blockNumber": quantity(block.header.number),
        "from": intent.sender,
        "gas": quantity(transaction.gas_limit),
        "gasPrice": quantity(transaction.effective_gas_price(block.header.base_fee)),
        "hash": hex_data(transaction.hash),
        "input": hex_data(transaction.data),
        "nonce": quantity(transaction.nonce),
        "to": intent.receiver or None,
        "transactionIndex": quantity(index),
        "value": quantity(intent.value),
        "type": quantity(transaction.kind),
        "chainId": quantity(transaction.chain_id),
        "r": quantity(r),
        "s": quantity(s),
    } | _typed_fields(transaction)


def _typed_fields(transaction: Transaction) -> Json:
    if transaction.kind == LEGACY:
        return {"v": quantity(legacy_v(transaction.chain_id, transaction.signature[0]))}
    parity = quantity(transaction.signature[0])
    return {
        "maxFeePerGas": quantity(transaction.max_fee),
        "maxPriorityFeePerGas": quantity(transaction.tip),
        "accessList": [],
        "v": parity,
        "yParity": parity,
    }


def render_receipt(block: Block, index: int) -> Json:
    """Return the receipt of one transaction of a block."""
    transaction, receipt = block.transactions[index], block.receipts[index]
    return {
        "blockHash": block.hash,
        "blockNumber": quantity(block.header.number),
        "contractAddress": _created_address(transaction),
        "cumulativeGasUsed": quantity(receipt.cumulative_gas_used),
        "effectiveGasPrice": quantity(receipt.gas_price),
        "from": transaction.intent.sender,
        "gasUsed": quantity(receipt.gas_used),
        "logs": render_logs(block, index),
        "logsBloom": hex_data(receipt.bloom),
        "status": quantity(int(receipt.succeeded)),
        "to": transaction.intent.receiver or None,
        "transactionHash": hex_data(transaction.hash),
        "transactionIndex": quantity(index),
        "type": quantity(transaction.kind),
    }


def render_logs(block: Block, index: int) -> list[Json]:
    """Return the logs of one transaction of a block, numbered through the block."""
    receipt, transaction = block.receipts[index], block.transactions[index]
    return [
        {
            "address": hex_data(log.address),
            "topics": [hex_data(topic) for topic in log.topics],
            "data": hex_data(log.data),
            "blockNumber": quantity(block.header.number),
            "transactionHash": hex_data(transaction.hash),
            "transactionIndex": quantity(index),
            "blockHash": block.hash,
            "blockTimestamp": quantity(block.header.timestamp),
            "logIndex": quantity(receipt.first_log_index + offset),
            "removed": False,
        }
        for offset, log in enumerate(receipt.logs)
    ]


def _created_address(transaction: Transaction) -> str | None:
    """Return where a creation's contract lives (yellow paper, section 7), or None for a call."""
    if transaction.intent.receiver:
        return None
    creator = rlp_bytes(bytes_of(transaction.intent.sender))
    return hex_data(keccak(rlp_list(creator, rlp_integer(transaction.nonce)))[12:])
