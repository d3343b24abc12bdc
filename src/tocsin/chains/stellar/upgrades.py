"""What a transaction's node told of it → the contracts whose code it exchanged.

The host, and nobody else, emits events of the type *system*; it emits ``executable_update``
wherever a contract exchanges its code. Nodes list these events beside the transaction (since
protocol 23), among its diagnostics, or among all events where somebody asked for them.
Source: Stellar-contract.x (``ContractEvent``) and the Soroban host's system events.
"""

from collections.abc import Iterator, Sequence

from tocsin.chains.stellar.codec.scval import ScValue, decode_value, read_values
from tocsin.chains.stellar.codec.strkey import CONTRACT, encode_strkey
from tocsin.chains.stellar.codec.xdr import XdrReader, from_base64
from tocsin.chains.stellar.operations import Operation, upgrade_of
from tocsin.chains.stellar.types import EventEntry, TransactionEntry

_SYSTEM = 0
_EXECUTABLE_UPDATE = "executable_update"

_Told = tuple[str, Sequence[ScValue]]
"""A contract, and the topics of what the host said of it."""


def find_upgrades(
    entry: TransactionEntry, system_events: Sequence[EventEntry], source: str | None
) -> Iterator[Operation]:
    """Yield the upgrades of a transaction, each once; what cannot be read tells of none."""
    for told in (_listed(entry), _diagnosed(entry), map(_emitted, system_events)):
        found = [each for each in told if each is not None and _is_update(each[1])]
        if found:
            for contract, (_, old, new) in found:
                yield upgrade_of(contract, _code_hash(old), _code_hash(new), source)
            return


def _is_update(topics: Sequence[ScValue]) -> bool:
    return len(topics) == 3 and topics[0] == ScValue("Symbol", _EXECUTABLE_UPDATE)


def _code_hash(executable: ScValue) -> str | None:
    """Return the hash of ``[Wasm, hash]``, or None for the code of the host's own token."""
    match executable.content:
        case (_, ScValue(base="Bytes", content=str(text))):
            return text
        case _:
            return None


def _listed(entry: TransactionEntry) -> Iterator[_Told | None]:
    for group in (entry.events and entry.events.contract_events_xdr) or ():
        for text in group or ():
            yield _read(text, diagnostic=False)


def _diagnosed(entry: TransactionEntry) -> Iterator[_Told | None]:
    for text in entry.diagnostic_events_xdr or ():
        yield _read(text, diagnostic=True)


def _read(text: str, *, diagnostic: bool) -> _Told | None:
    """Return what a ``ContractEvent`` of the host says; None for others and for garbage."""
    try:
        reader = XdrReader(from_base64(text))
        if diagnostic and not reader.flag():
            return None  # of a call that was rolled back
        reader.skip(4)  # extension
        if not reader.flag():
            return None
        contract = encode_strkey(CONTRACT, reader.fixed(32))
        if reader.signed() != _SYSTEM or reader.signed() != 0:
            return None
        return contract, read_values(reader)
    except ValueError:
        return None


def _emitted(event: EventEntry) -> _Told | None:
    try:
        topics = [decode_value(from_base64(topic)) for topic in event.topic or ()]
    except ValueError:
        return None
    return event.contract_id, topics
