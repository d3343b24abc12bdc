"""An intent plus terms → a transaction with its true hash; its outcome → a receipt."""

from dataclasses import dataclass
from random import Random

from tocsin.devnet.evm.encoding import (
    bytes_of,
    keccak,
    rlp_bytes,
    rlp_integer,
    rlp_list,
)
from tocsin.devnet.evm.erc20 import EvmLog, encode_call, encode_event
from tocsin.devnet.evm.intents import GWEI, Intent
from tocsin.devnet.evm.roots import logs_bloom
from tocsin.devnet.network import TransactionFacts

LEGACY = 0
DYNAMIC_FEE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A transaction as it travels, whichever block it is in.

    ``kind`` is the EIP-2718 type, 0 or 2. Units: ``max_fee`` and ``tip`` wei a gas; a legacy
    transaction pays ``max_fee``, whatever the block asks. ``raw`` is the typed encoding whose
    keccak is ``hash``. The signature has the right shape, but no key signed it.
    """

    intent: Intent
    kind: int
    chain_id: int
    nonce: int
    gas_limit: int
    max_fee: int
    tip: int
    signature: tuple[int, int, int]  # y parity, r, s
    data: bytes
    raw: bytes
    hash: bytes

    def effective_gas_price(self, base_fee: int) -> int:
        """Return the wei a gas it pays in a block of that base fee. Source: EIP-1559."""
        if self.kind == LEGACY:
            return self.max_fee
        return min(self.max_fee, base_fee + self.tip)

    def facts(self, index: int) -> TransactionFacts:
        """Return the planted truth, at that position of a block."""
        intent = self.intent
        return TransactionFacts(
            hash="0x" + self.hash.hex(),
            index=index,
            succeeded=intent.succeeded,
            sender=intent.sender,
            receiver=intent.receiver,
            value=intent.value,
            calls=() if intent.call is None else (intent.call,),
            events=intent.events,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a transaction left in one block. Units: gas; ``gas_price`` wei a gas.

    ``first_log_index`` counts the logs of the block's earlier transactions.
    """

    succeeded: bool
    gas_used: int
    cumulative_gas_used: int
    gas_price: int
    bloom: bytes
    logs: tuple[EvmLog, ...]
    first_log_index: int

    def encoded(self, kind: int) -> bytes:
        """Return the typed encoding that enters the receipts' trie. Source: EIP-2718."""
        payload = rlp_list(
            rlp_integer(int(self.succeeded)),
            rlp_integer(self.cumulative_gas_used),
            rlp_bytes(self.bloom),
            rlp_list(*map(_encoded_log, self.logs)),
        )
        return _typed(kind, payload)


def legacy_v(chain_id: int, parity: int) -> int:
    """Return the ``v`` of a legacy signature. Source: EIP-155."""
    return chain_id * 2 + 35 + parity


def sign_intent(
    intent: Intent, random: Random, *, chain_id: int, nonce: int, base_fee: int
) -> Transaction:
    """Return the transaction an intent becomes; one in four is a legacy one.

    It offers four times the base fee (wei a gas), so that it stays payable on another branch.
    """
    kind = LEGACY if random.randrange(4) == 0 else DYNAMIC_FEE
    tip = random.randrange(1, 20) * GWEI // 10
    max_fee = base_fee * 4 + tip
    gas_limit = intent.gas_used if intent.gas_used == 21_000 else intent.gas_used * 3 // 2
    # Both below 2**254, hence in the curve's order and its lower half, as nodes require.
    signature = (random.randrange(2), random.getrandbits(254) | 1, random.getrandbits(254) | 1)
    data = intent.code if intent.call is None else encode_call(intent.call)
    recipient = rlp_bytes(bytes_of(intent.receiver) if intent.receiver else b"")
    what = (rlp_integer(gas_limit), recipient, rlp_integer(intent.value), rlp_bytes(data))
    if kind == LEGACY:
        parts = [rlp_integer(nonce), rlp_integer(max_fee), *what]
        signed = (legacy_v(chain_id, signature[0]), *signature[1:])
    else:
        fees = (rlp_integer(nonce), rlp_integer(tip), rlp_integer(max_fee))
        parts = [rlp_integer(chain_id), *fees, *what, rlp_list()]
        signed = signature
    raw = _typed(kind, rlp_list(*parts, *map(rlp_integer, signed)))
    return Transaction(
        intent=intent,
        kind=kind,
        chain_id=chain_id,
        nonce=nonce,
        gas_limit=gas_limit,
        max_fee=max_fee,
        tip=tip,
        signature=signature,
        data=data,
        raw=raw,
        hash=keccak(raw),
    )


def receipt_of(
    transaction: Transaction, *, base_fee: int, gas_before: int, logs_before: int
) -> Receipt:
    """Return the receipt of a transaction, after so much gas and so many logs of its block."""
    intent = transaction.intent
    logs = tuple(encode_event(event) for event in intent.events)
    return Receipt(
        succeeded=intent.succeeded,
        gas_used=intent.gas_used,
        cumulative_gas_used=gas_before + intent.gas_used,
        gas_price=transaction.effective_gas_price(base_fee),
        bloom=logs_bloom(part for log in logs for part in (log.address, *log.topics)),
        logs=logs,
        first_log_index=logs_before,
    )


def _encoded_log(log: EvmLog) -> bytes:
    topics = rlp_list(*map(rlp_bytes, log.topics))
    return rlp_list(rlp_bytes(log.address), topics, rlp_bytes(log.data))


def _typed(kind: int, payload: bytes) -> bytes:
    """Return an EIP-2718 envelope; a legacy payload stands alone."""
    return payload if kind == LEGACY else bytes((kind,)) + payload
