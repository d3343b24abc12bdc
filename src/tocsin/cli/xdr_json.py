"""The XDR of a Stellar transaction → its JSON form, for documents that people and scripts read.

Source: SEP-51, "XDR-JSON". It needs ``stellar-sdk``, which the devnet extra brings; matching never
does.
"""

from collections.abc import Mapping
from importlib.util import find_spec

Json = dict[str, object]

_PARTS = {
    "envelope": ("envelopeXdr", "TransactionEnvelope"),
    "result": ("resultXdr", "TransactionResult"),
    "meta": ("resultMetaXdr", "TransactionMeta"),
}


def can_decode() -> bool:
    """Return whether the library that decodes is installed."""
    return find_spec("stellar_sdk") is not None


def decoded_xdr(transaction: Mapping[str, object]) -> Json:
    """Return ``envelope``, ``result`` and ``meta`` as JSON; null where they cannot be decoded."""
    if not can_decode():
        return dict.fromkeys(_PARTS)
    return {part: _decoded(transaction.get(key), name) for part, (key, name) in _PARTS.items()}


def _decoded(text: object, name: str) -> object:
    # Here and not above: it takes a third of a second, and only this needs it.
    from stellar_sdk import xdr

    if not isinstance(text, str):
        return None
    try:
        found: object = getattr(xdr, name).from_xdr(text).to_json_dict()
    except (ValueError, EOFError, RecursionError):
        return None  # what is damaged has no decoded form; the XDR beside it shows what there is
    return found
