"""Transactions and a parent → a block with a true header hash, roots, bloom and fees."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from tocsin.devnet.evm.encoding import keccak, rlp_bytes, rlp_integer, rlp_list
from tocsin.devnet.evm.intents import GWEI
from tocsin.devnet.evm.roots import EMPTY_ROOT, logs_bloom, ordered_root
from tocsin.devnet.evm.transactions import LEGACY, Receipt, Transaction, receipt_of

EMPTY_UNCLES = keccak(rlp_list())
EMPTY_REQUESTS = sha256(b"").digest()
EXTRA_DATA = b"tocsin devnet"
MINER = keccak(b"tocsin devnet miner")[12:]
ZERO_WORD = bytes(32)
ZERO_NONCE = bytes(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What differs between the headers of two blocks; the rest are this module's constants.

    Units: ``timestamp`` Unix seconds, ``base_fee`` wei a gas. Each hash has 32 bytes.
    """

    number: int
    parent_hash: bytes
    timestamp: int
    gas_limit: int
    base_fee: int
    state_root: bytes
    mix_hash: bytes
    gas_used: int = 0
    transactions_root: bytes = EMPTY_ROOT
    receipts_root: bytes = EMPTY_ROOT
    bloom: bytes = bytes(256)

    def encoded(self) -> bytes:
        """Return the RLP whose keccak is the block's hash.

        Source: Ethereum execution-specs, ``Header`` of the Prague fork.
        """
        return rlp_list(
            rlp_bytes(self.parent_hash),
            rlp_bytes(EMPTY_UNCLES),
            rlp_bytes(MINER),
            rlp_bytes(self.state_root),
            rlp_bytes(self.transactions_root),
            rlp_bytes(self.receipts_root),
            rlp_bytes(self.bloom),
            rlp_integer(0),  # difficulty
            rlp_integer(self.number),
            rlp_integer(self.gas_limit),
            rlp_integer(self.gas_used),
            rlp_integer(self.timestamp),
            rlp_bytes(EXTRA_DATA),
            rlp_bytes(self.mix_hash),
            rlp_bytes(ZERO_NONCE),
            rlp_integer(self.base_fee),
            rlp_bytes(EMPTY_ROOT),  # withdrawals
            rlp_integer(0),  # blob gas used
            rlp_integer(0),  # excess blob gas
            rlp_bytes(ZERO_WORD),  # parent beacon block root
            rlp_bytes(EMPTY_REQUESTS),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block; ``hash`` is canonical text, ``size`` the bytes of its RLP.

    ``produced_at_ms`` is the wall time in Unix milliseconds at which nodes could first see it.
    """

    header: Header
    hash: str
    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]
    size: int
    produced_at_ms: int


def first_header(random: Random, *, timestamp: int, gas_limit: int) -> Header:
    """Return the header of a genesis block: no parent, a base fee of one gwei."""
    return Header(
        number=0,
        parent_hash=ZERO_WORD,
        timestamp=timestamp,
        gas_limit=gas_limit,
        base_fee=GWEI,
        state_root=random.randbytes(32),
        mix_hash=random.randbytes(32),
    )


def next_base_fee(parent: Header) -> int:
    """Return the base fee (wei a gas) of a block's child. Source: EIP-1559."""
    target = parent.gas_limit // 2
    distance = parent.gas_used - target
    if distance > 0:
        return parent.base_fee + max(parent.base_fee * distance // target // 8, 1)
    return parent.base_fee - parent.base_fee * -distance // target // 8


def seal(header: Header, transactions: Sequence[Transaction], *, produced_at_ms: int) -> Block:
    """Return the block of these transactions; the header's roots, bloom and gas are filled in."""
    receipts: list[Receipt] = []
    gas = logs = 0
    for transaction in transactions:
        receipt = receipt_of(
            transaction, base_fee=header.base_fee, gas_before=gas, logs_before=logs
        )
        receipts.append(receipt)
        gas, logs = receipt.cumulative_gas_used, logs + len(receipt.logs)
    sealed = Header(
        number=header.number,
        parent_hash=header.parent_hash,
        timestamp=header.timestamp,
        gas_limit=header.gas_limit,
        base_fee=header.base_fee,
        state_root=header.state_root,
        mix_hash=header.mix_hash,
        gas_used=gas,
        transactions_root=ordered_root([transaction.raw for transaction in transactions]),
        receipts_root=ordered_root(
            [
                receipt.encoded(transaction.kind)
                for receipt, transaction in zip(receipts, transactions, strict=True)
            ]
        ),
        bloom=logs_bloom(
            part
            for receipt in receipts
            for log in receipt.logs
            for part in (log.address, *log.topics)
        ),
    )
    encoded = sealed.encoded()
    body = rlp_list(
        *(each.raw if each.kind == LEGACY else rlp_bytes(each.raw) for each in transactions)
    )
    return Block(
        header=sealed,
        hash="0x" + keccak(encoded).hex(),
        transactions=tuple(transactions),
        receipts=tuple(receipts),
        size=len(rlp_list(encoded, body, rlp_list(), rlp_list())),  # no uncles, no withdrawals
        produced_at_ms=produced_at_ms,
    )
