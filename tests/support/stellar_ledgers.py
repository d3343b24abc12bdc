"""Builders of Stellar ledgers: valid wholes whose headers commit to their transactions."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from stellar_sdk import (
    Account,
    Asset,
    Keypair,
    Payment,
    StrKey,
    TransactionBuilder,
    scval,
)
from stellar_sdk import xdr as stellar_xdr
from stellar_sdk.operation import Operation

from tocsin.chains.base import IdentityProbe
from tocsin.chains.stellar.codec.envelope import Invocation
from tocsin.chains.stellar.codec.scval import ScValue, read_values
from tocsin.chains.stellar.codec.xdr import XdrReader
from tocsin.errors import RpcRefusedError
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.ids import NetworkId
from tocsin.model.network import ChainFamily, Network

NETWORK_ID = NetworkId(UUID(int=9))
PASSPHRASE = "A network for tests"
NUMBER = 1_000
CLOSED_AT = 1_800_000_000

Json = dict[str, Any]


def account(number: int) -> str:
    """Return an account's address."""
    return StrKey.encode_ed25519_public_key(number.to_bytes(32, "big"))


def contract(number: int) -> str:
    """Return a contract's address."""
    return StrKey.encode_contract(number.to_bytes(32, "big"))


SENDER = Keypair.from_raw_ed25519_seed(bytes(32)).public_key
TOKEN = contract(1)


def network() -> Network:
    """Return the network whose ledgers these are."""
    return Network(
        id=NETWORK_ID,
        tenant_id=None,
        slug="stellar_test",
        name="Stellar test",
        family=ChainFamily.STELLAR,
        chain_identity=PASSPHRASE,
        block_time=timedelta(seconds=5),
        confirmation_count=0,
        start_number=None,
    )


def base64(value: Any) -> str:
    """Return an XDR value as RPC shows it."""
    return b64encode(value.to_xdr_bytes()).decode()


def a_payment(amount: str = "1.5", *, to: str | None = None) -> Payment:
    """Return a payment of lumens."""
    return Payment(to or account(2), Asset.native(), amount)


def an_envelope(*operations: Operation, source: str = SENDER) -> stellar_xdr.TransactionEnvelope:
    """Return an unsigned envelope of protocol 13 and later."""
    builder = TransactionBuilder(Account(source, 1), PASSPHRASE, base_fee=100)
    builder.add_time_bounds(0, 0)
    for operation in operations:
        builder.append_operation(operation)
    return builder.build().to_xdr_object()


def a_call(
    function: str, *arguments: stellar_xdr.SCVal, to: str = TOKEN
) -> stellar_xdr.TransactionEnvelope:
    """Return an envelope that calls a contract."""
    builder = TransactionBuilder(Account(SENDER, 1), PASSPHRASE, base_fee=100)
    builder.add_time_bounds(0, 0)
    builder.append_invoke_contract_function_op(to, function, list(arguments))
    return builder.build().to_xdr_object()


def call_arguments(raw: bytes, call: Invocation) -> tuple[ScValue, ...]:
    """Return the arguments of a call found in the bytes of an envelope."""
    return read_values(XdrReader(raw, call.position))


def a_transaction(
    envelope: stellar_xdr.TransactionEnvelope | str | None = None,
    *,
    order: int = 1,
    status: str = "SUCCESS",
    number: int = NUMBER,
) -> Json:
    """Return an entry of getTransactions; by default one payment."""
    encoded = (
        envelope if isinstance(envelope, str) else base64(envelope or an_envelope(a_payment()))
    )
    result = f"result {order}".encode().ljust(16)
    return {
        "status": status,
        "txHash": sha256(f"{number}/{order}".encode()).hexdigest(),
        "applicationOrder": order,
        "feeBump": False,
        "envelopeXdr": encoded,
        "resultXdr": b64encode(result).decode(),
        "ledger": number,
        "createdAt": CLOSED_AT,
    }


def an_event(
    transaction: Json,
    topics: Sequence[stellar_xdr.SCVal],
    data: stellar_xdr.SCVal | None = None,
    *,
    emitter: str = TOKEN,
    index: int = 0,
) -> Json:
    """Return an entry of getEvents, emitted by a transaction."""
    event: Json = {
        "type": "contract",
        "ledger": transaction["ledger"],
        "ledgerClosedAt": "2027-01-15T08:00:00Z",
        "contractId": emitter,
        "id": f"{transaction['applicationOrder']:019d}-{index:010d}",
        "inSuccessfulContractCall": True,
        "txHash": transaction["txHash"],
        "topic": [base64(topic) for topic in topics],
    }
    return event if data is None else event | {"value": base64(data)}


def a_transfer(transaction: Json, amount: int = 100, *, index: int = 0) -> Json:
    """Return the event of a token transfer from account 1 to account 2."""
    topics = [
        scval.to_symbol("transfer"),
        scval.to_address(account(1)),
        scval.to_address(account(2)),
    ]
    return an_event(transaction, topics, scval.to_int128(amount), index=index)


def a_ledger(
    transactions: Sequence[Json], *, number: int = NUMBER, closed_at: int = CLOSED_AT
) -> Json:
    """Return an entry of getLedgers that commits to these transactions."""
    results = [bytes.fromhex(each["txHash"]) + _raw(each["resultXdr"]) for each in transactions]
    digest = sha256(len(results).to_bytes(4, "big") + b"".join(results)).digest()
    header = _header(number, closed_at, digest)
    own_hash = sha256(header.to_xdr_bytes()).digest()
    entry = stellar_xdr.LedgerHeaderHistoryEntry(
        hash=stellar_xdr.Hash(own_hash),
        header=header,
        ext=stellar_xdr.LedgerHeaderHistoryEntryExt(0),
    )
    return {
        "hash": own_hash.hex(),
        "sequence": number,
        "ledgerCloseTime": str(closed_at),
        "headerXdr": base64(entry),
        "metadataXdr": "AAAA",
    }


@dataclass
class RawLedger:
    """A ledger, its transactions and events as JSON values; change them, then take ``parts``."""

    transactions: list[Json] = field(default_factory=lambda: [a_transaction()])
    events: list[Json] = field(default_factory=list)
    ledger: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ledger = self.ledger or a_ledger(self.transactions)

    def parts(self) -> dict[str, bytes]:
        """Return the parts of a bundle."""
        return {
            "ledger": json.dumps(self.ledger).encode(),
            "transactions": json.dumps(self.transactions).encode(),
            "events": json.dumps(self.events).encode(),
        }

    def bundle(self) -> Bundle:
        """Return the bundle without asking whether it is true."""
        header = stellar_xdr.LedgerHeaderHistoryEntry.from_xdr(self.ledger["headerXdr"]).header
        return Bundle(
            network_id=NETWORK_ID,
            ref=BlockRef(
                number=self.ledger["sequence"],
                hash=self.ledger["hash"],
                parent_hash=header.previous_ledger_hash.hash.hex(),
                block_time=_time(self.ledger),
            ),
            parts=self.parts(),
        )


class ScriptedNodes:
    """An RpcCaller that gives prepared answers, one after another for each method.

    The last answer of a method repeats. ``calls`` lists what was asked.
    """

    def __init__(self, **answers: Sequence[object]) -> None:
        self._answers = {method: list(given) for method, given in answers.items()}
        self.calls: list[tuple[str, Any]] = []
        self.distrust_count = 0

    async def call(self, method: str, params: object) -> bytes:
        """Return the next answer; an exception among them is raised."""
        self.calls.append((method, params))
        given = self._answers[method]
        answer = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(answer, Exception):
            raise answer
        return json.dumps(answer).encode()

    async def call_batch(self, calls: Sequence[tuple[str, object]]) -> Sequence[bytes]:
        """Return the next answer of each method."""
        return [await self.call(method, params) for method, params in calls]

    def require_identity(self, probe: IdentityProbe, expected: str) -> None:
        """Accept the requirement."""

    def distrust(self) -> None:
        """Count it."""
        self.distrust_count += 1

    def count(self, method: str) -> int:
        """Return how often a method was asked."""
        return sum(asked == method for asked, _ in self.calls)


def refused(code: int = -32600) -> RpcRefusedError:
    """Return a node's refusal."""
    return RpcRefusedError("refused", rpc_code=code)


def _raw(text: str) -> bytes:
    return b64decode(text)


def _time(ledger: Json) -> datetime:
    return datetime.fromtimestamp(int(ledger["ledgerCloseTime"]), UTC)


def _header(number: int, closed_at: int, results: bytes) -> stellar_xdr.LedgerHeader:
    zero = stellar_xdr.Hash(bytes(32))
    return stellar_xdr.LedgerHeader(
        ledger_version=stellar_xdr.Uint32(23),
        previous_ledger_hash=stellar_xdr.Hash(sha256(b"%d" % (number - 1)).digest()),
        scp_value=stellar_xdr.StellarValue(
            tx_set_hash=zero,
            close_time=stellar_xdr.TimePoint(stellar_xdr.Uint64(closed_at)),
            upgrades=[stellar_xdr.UpgradeType(b"upgrade")],
            ext=stellar_xdr.StellarValueExt(
                stellar_xdr.StellarValueType.STELLAR_VALUE_SIGNED,
                lc_value_signature=stellar_xdr.LedgerCloseValueSignature(
                    node_id=stellar_xdr.NodeID(_key(SENDER)),
                    signature=stellar_xdr.Signature(bytes(64)),
                ),
            ),
        ),
        tx_set_result_hash=stellar_xdr.Hash(results),
        bucket_list_hash=zero,
        ledger_seq=stellar_xdr.Uint32(number),
        total_coins=stellar_xdr.Int64(10**18),
        fee_pool=stellar_xdr.Int64(1),
        inflation_seq=stellar_xdr.Uint32(0),
        id_pool=stellar_xdr.Uint64(1),
        base_fee=stellar_xdr.Uint32(100),
        base_reserve=stellar_xdr.Uint32(5_000_000),
        max_tx_set_size=stellar_xdr.Uint32(1000),
        skip_list=[zero] * 4,
        ext=stellar_xdr.LedgerHeaderExt(0),
    )


def _key(address: str) -> stellar_xdr.PublicKey:
    return Keypair.from_public_key(address).xdr_account_id().account_id
