"""A node's block and receipts → the same with lower-case hex, which is what decoding expects.

Nodes write hex in lower case, but nothing obliges them to. Matching compares the texts they give,
so what is written otherwise is mended here, once, where a block comes in; a node that shouts must
not be able to hide anything.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from tocsin.chains.evm.codec import decode_json
from tocsin.chains.evm.types import BlockRecord, ReceiptRecord, TransactionRecord

_OF_TRANSACTION = frozenset({"hash", "input", "from", "to"})
_OF_LOG = frozenset({"address", "data"})

_Members = dict[str, msgspec.Raw]


def canonical_parts(block: bytes, receipts: bytes) -> tuple[bytes, bytes]:
    """Return a block and its receipts with the hex that is matched in lower case.

    They are the same bytes where it is already; else everything else in them stays as it was.

    Raises:
        MalformedBlockError: they do not have the shape of a node's answer.
    """
    transactions = decode_json(block, BlockRecord, "block").transactions
    found = decode_json(receipts, list[ReceiptRecord], "receipts")
    return (
        block if _is_lower(_transaction_texts(transactions)) else _lower_block(block),
        receipts if _is_lower(_log_texts(found)) else _lower_receipts(receipts),
    )


def _is_lower(texts: Iterable[str]) -> bool:
    text = "".join(texts)
    return text == text.lower()


def _transaction_texts(transactions: Sequence[TransactionRecord]) -> Iterator[str]:
    for each in transactions:
        yield from (each.hash, each.input, each.sender or "", each.to or "")


def _log_texts(receipts: Sequence[ReceiptRecord]) -> Iterator[str]:
    for receipt in receipts:
        for log in receipt.logs:
            yield log.address
            yield log.data
            yield from log.topics


def _lower_block(block: bytes) -> bytes:
    members = msgspec.json.decode(block, type=_Members)
    transactions = msgspec.json.decode(members["transactions"], type=list[_Members])
    lowered = [_lowered(each, _OF_TRANSACTION) for each in transactions]
    return msgspec.json.encode(members | {"transactions": _raw(lowered)})


def _lower_receipts(receipts: bytes) -> bytes:
    entries = msgspec.json.decode(receipts, type=list[_Members])
    return msgspec.json.encode([each | {"logs": _lower_logs(each["logs"])} for each in entries])


def _lower_logs(logs: msgspec.Raw) -> msgspec.Raw:
    entries = msgspec.json.decode(logs, type=list[_Members])
    return _raw(
        [_lowered(each, _OF_LOG) | {"topics": _lower_all(each["topics"])} for each in entries]
    )


def _lower_all(texts: msgspec.Raw) -> msgspec.Raw:
    return _raw([text.lower() for text in msgspec.json.decode(texts, type=list[str])])


def _lowered(members: Mapping[str, msgspec.Raw], names: frozenset[str]) -> _Members:
    return {
        name: _raw(text.lower()) if name in names and (text := _text(value)) is not None else value
        for name, value in members.items()
    }


def _text(value: msgspec.Raw) -> str | None:
    return msgspec.json.decode(value, type=str | None)


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
