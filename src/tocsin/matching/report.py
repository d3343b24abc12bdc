"""Reasons → the JSON that people read, and a digest that tells whether they changed.

Source of the names: OpenZeppelin Monitor's match document, ``matched_on`` and
``matched_on_args``.
"""

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from tocsin.model.match import ActivityReason, Reasons


def reasons_document(reasons: Reasons) -> bytes:
    """Return ``{"matched_on": {…}, "matched_on_args": {…}}`` as compact JSON with sorted keys.

    The lists of ``matched_on`` are empty where nothing matched, the members of
    ``matched_on_args`` null; both run parallel. Every value is text, numbers too. The key
    ``operations`` is there only where some matched: no other family and not the original has it.
    """
    matched: dict[str, object] = {
        "functions": [_condition(reason) for reason in reasons.functions],
        "events": [_condition(reason) for reason in reasons.events],
        "transactions": [
            {"status": reason.status, "expression": reason.expression}
            for reason in reasons.transactions
        ],
    }
    arguments: dict[str, object] = {
        "functions": _entries(reasons.functions),
        "events": _entries(reasons.events),
    }
    if reasons.operations:
        matched["operations"] = [
            {"type": reason.signature, "expression": reason.expression}
            for reason in reasons.operations
        ]
        arguments["operations"] = [
            {"type": reason.signature, "args": _arguments(reason)} for reason in reasons.operations
        ]
    document = {"matched_on": matched, "matched_on_args": arguments}
    return msgspec.json.encode(document, order="sorted")


def _condition(reason: ActivityReason) -> dict[str, str | None]:
    return {"signature": reason.signature, "expression": reason.expression}


def _entries(reasons: Sequence[ActivityReason]) -> list[dict[str, object]] | None:
    return [_entry(reason) for reason in reasons] or None


def _entry(reason: ActivityReason) -> dict[str, object]:
    entry: dict[str, object] = {
        "signature": reason.signature,
        "args": _arguments(reason),
    }
    if reason.hex_signature is not None:
        entry["hex_signature"] = reason.hex_signature
    return entry


def _arguments(reason: ActivityReason) -> list[dict[str, object]]:
    return [
        {
            "name": argument.name,
            "value": argument.text,
            "kind": argument.kind,
            "indexed": argument.indexed,
        }
        for argument in reason.arguments
    ]


def arguments_digest(reasons: Reasons) -> bytes:
    """Return SHA-256 over what happened, apart from the words of the conditions.

    Equal for the same transaction on two branches if it moved unchanged: the same calls and
    events with the same arguments in the same order, and the same outcome.
    """
    facts: list[object] = [
        _entries(reasons.functions),
        _entries(reasons.events),
        [reason.status for reason in reasons.transactions],
    ]
    if reasons.operations:
        facts.append(_entries(reasons.operations))
    return sha256(msgspec.json.encode(facts, order="sorted")).digest()
