"""A match → the document that OpenZeppelin Monitor gives to webhooks and scripts.

Shape: ``{"EVM": {…}}`` or ``{"Stellar": {…}}``, compact, keys sorted. Keys, casing and where null
stands are the original's; unlike it, an EVM match always has its receipt.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin.model.network import ChainFamily

Json = dict[str, object]

_HEX = re.compile(r"0[xX][0-9a-fA-F]*")
_QUANTITIES = frozenset(
    {
        "nonce", "value", "gas", "gasPrice", "blockNumber", "transactionIndex", "type", "v", "r",
        "s", "yParity", "maxFeePerGas", "maxPriorityFeePerGas", "cumulativeGasUsed", "gasUsed",
        "status", "effectiveGasPrice", "logIndex", "transactionLogIndex", "mint",
        "depositReceiptVersion",
    }
)  # fmt: skip
_TEXTS = frozenset(
    {
        "hash", "input", "blockHash", "to", "from", "transactionHash", "contractAddress", "address",
        "data", "logsBloom", "root", "raw", "sourceHash",
    }
)  # fmt: skip
_ALWAYS = {"hash": "0x", "nonce": "0x0", "value": "0x0", "gas": "0x0", "input": "0x"}
_NULLABLE = ("blockHash", "blockNumber", "transactionIndex", "to", "gasPrice")
_SKIPPED_IF_NULL = frozenset(
    {
        "from", "v", "r", "s", "raw", "type", "accessList", "maxFeePerGas", "maxPriorityFeePerGas",
        "depositReceiptVersion", "sourceHash", "mint", "yParity",
    }
)  # fmt: skip
_RECEIPT = (
    "transactionHash", "transactionIndex", "blockHash", "blockNumber", "from", "to",
    "cumulativeGasUsed", "gasUsed", "contractAddress", "status", "root", "logsBloom",
    "effectiveGasPrice",
)  # fmt: skip
_LOG = (
    "address", "topics", "data", "blockHash", "blockNumber", "transactionHash", "transactionIndex",
    "logIndex", "transactionLogIndex", "logType", "removed",
)  # fmt: skip
_STELLAR_TRANSACTION = ("status", "txHash", "applicationOrder", "feeBump", "ledger", "createdAt")
_STELLAR_XDR = (
    "envelopeXdr", "envelopeJson", "resultXdr", "resultJson", "resultMetaXdr", "resultMetaJson",
    "diagnosticEventsXdr", "diagnosticEventsJson",
)  # fmt: skip
_DECODED = ("envelope", "result", "meta")
_LEDGER = ("hash", "sequence", "ledgerCloseTime")
_LEDGER_XDR = ("headerXdr", "headerJson", "metadataXdr", "metadataJSON")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchParts:
    """What a document is put together from.

    ``monitor`` is its configuration as its author wrote it; ``facts`` the chain's document of the
    transaction, where an EVM receipt has to be whole, and a Stellar transaction may have its
    ``decoded`` XDR; ``reasons`` the JSON object with ``matched_on`` and ``matched_on_args``.
    """

    family: ChainFamily
    network_slug: str
    monitor: bytes
    facts: Mapping[str, object]
    reasons: bytes


def match_document(parts: MatchParts) -> bytes:
    """Return the document of one match."""
    is_evm = parts.family is ChainFamily.EVM
    reasons = _object(json.loads(parts.reasons))
    content: Json = {
        "monitor": _monitor(_object(json.loads(parts.monitor)), with_specs=not is_evm),
        "network_slug": parts.network_slug,
        "matched_on": reasons["matched_on"],
        "matched_on_args": _arguments(_object(reasons["matched_on_args"]), with_hex=is_evm),
        **(_evm_facts(parts.facts) if is_evm else _stellar_facts(parts.facts)),
    }
    return json.dumps(
        {parts.family.value: content}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()


def _monitor(written: Json, *, with_specs: bool) -> Json:
    conditions = _object(written.get("match_conditions"))
    addresses = written.get("addresses")
    if isinstance(addresses, str):
        addresses = [{"address": addresses}]
    operations = _list(conditions, "operations")
    beyond = {"operations": [_condition(each, "type") for each in operations]}
    return {
        "name": written.get("name"),
        "networks": written.get("networks"),
        "paused": written.get("paused"),
        "addresses": [
            {
                "address": each.get("address"),
                "contract_spec": each.get("contract_spec") if with_specs else None,
            }
            for each in _objects(addresses)
        ],
        "match_conditions": {
            "functions": [_condition(each, "signature") for each in _list(conditions, "functions")],
            "events": [_condition(each, "signature") for each in _list(conditions, "events")],
            "transactions": [
                _condition(each, "status") for each in _list(conditions, "transactions")
            ],
            **(beyond if operations else {}),
        },
        "trigger_conditions": [
            {"arguments": None, **each} for each in _list(written, "trigger_conditions")
        ],
        "triggers": written.get("triggers"),
        "chain_configurations": written.get("chain_configurations") or [],
    }


def _condition(written: Json, key: str) -> Json:
    return {key: written.get(key), "expression": written.get("expression")}


def _arguments(written: Mapping[str, object], *, with_hex: bool) -> Json:
    if not with_hex:
        return dict(written)
    return {
        kind: None if entries is None else [_with_hex(each) for each in _objects(entries)]
        for kind, entries in written.items()
    }


def _with_hex(entry: Json) -> Json:
    return {"hex_signature": None, **entry}


def _evm_facts(facts: Mapping[str, object]) -> Json:
    receipt = _object(facts.get("receipt"))
    logs = [_log(each) for each in _list(receipt, "logs")]
    return {
        "transaction": _evm_transaction(_object(facts.get("transaction"))),
        "receipt": _receipt(receipt, logs),
        "logs": logs,
    }


def _evm_transaction(given: Json) -> Json:
    """Return a transaction; keys that the original does not know are copied as they are."""
    shown: Json = {**_ALWAYS, **dict.fromkeys(_NULLABLE)}
    for key, value in given.items():
        if value is not None or key not in _SKIPPED_IF_NULL:
            shown[key] = _value(key, value)
    return shown


def _receipt(given: Json, logs: Sequence[Json]) -> Json:
    shown: Json = {key: _value(key, given.get(key)) for key in _RECEIPT}
    if given.get("type") is not None:
        shown["type"] = _value("type", given["type"])
    return {**shown, "logs": logs}


def _log(given: Json) -> Json:
    shown: Json = {key: _value(key, given.get(key)) for key in _LOG}
    topics = given.get("topics")
    shown["topics"] = [_value("data", each) for each in topics] if isinstance(topics, list) else []
    return shown


def _value(key: str, value: object) -> object:
    """Return quantities as minimal hex, addresses and data in lower case, the rest as it is."""
    if key == "accessList":
        return [_access(each) for each in _objects(value)]
    if not isinstance(value, str) or _HEX.fullmatch(value) is None:
        return value
    if key in _QUANTITIES:
        return hex(int(value[2:] or "0", 16))
    return value.lower() if key in _TEXTS else value


def _access(given: Json) -> Json:
    keys = given.get("storageKeys")
    return {
        "address": _value("address", given.get("address")),
        "storageKeys": [_value("data", each) for each in keys] if isinstance(keys, list) else [],
    }


def _stellar_facts(facts: Mapping[str, object]) -> Json:
    transaction = _object(facts.get("transaction"))
    ledger = _object(facts.get("ledger"))
    return {
        "transaction": {
            **{key: transaction.get(key) for key in _STELLAR_TRANSACTION},
            **_present(transaction, _STELLAR_XDR),
            "decoded": {**dict.fromkeys(_DECODED), **_object(transaction.get("decoded"))},
        },
        "ledger": {
            **{key: ledger.get(key) for key in _LEDGER},
            **_present(ledger, _LEDGER_XDR),
        },
    }


def _present(given: Json, keys: Sequence[str]) -> Json:
    return {key: given[key] for key in keys if given.get(key) is not None}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _list(outer: Mapping[str, object], key: str) -> list[Json]:
    return _objects(outer.get(key))
