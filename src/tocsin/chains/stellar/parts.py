"""The parts of a Stellar bundle: their names, and how they are cut out of a node's answers."""

from collections.abc import Iterable, Mapping

import msgspec

from tocsin.chains.stellar.types import Facts, Placed, parse
from tocsin.errors import MalformedBlockError

LEDGER_PART = "ledger"
TRANSACTIONS_PART = "transactions"
EVENTS_PART = "events"

_METADATA = ("metadataXdr", "metadataJSON", "metadataJson")


def part(parts: Mapping[str, bytes], name: str) -> bytes:
    """Return a part of a bundle.

    Raises:
        MalformedBlockError: it has no such part.
    """
    try:
        return parts[name]
    except KeyError as cause:
        raise MalformedBlockError(f"the bundle has no part {name!r}") from cause


def ledger_part(entry: bytes) -> bytes:
    """Return an entry of ``getLedgers`` without its metadata.

    They hold megabytes, all of which the transactions hold again.

    Raises:
        MalformedBlockError: it is no JSON object.
    """
    members = parse(entry, Facts, LEDGER_PART)
    return msgspec.json.encode(
        {name: each for name, each in members.items() if name not in _METADATA}
    )


def entry_list(entries: Iterable[bytes]) -> bytes:
    """Return entries as the JSON array that is a bundle's part, each as the node wrote it."""
    return b"[" + b",".join(entries) + b"]"


def ledger_of(entry: bytes, what: str) -> int:
    """Return to which ledger a transaction or event belongs.

    Raises:
        MalformedBlockError: it does not say.
    """
    return parse(entry, Placed, what).ledger
