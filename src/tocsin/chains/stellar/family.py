"""The pure part of the Stellar family, as one object."""

from collections.abc import Mapping, Sequence

import msgspec

from tocsin.chains.stellar.decode import decode
from tocsin.chains.stellar.keying import addresses_without_spec, key_monitor
from tocsin.chains.stellar.parts import (
    EVENTS_PART,
    LEDGER_PART,
    TRANSACTIONS_PART,
    entry_list,
    ledger_of,
    ledger_part,
    part,
)
from tocsin.chains.stellar.types import Facts, LedgerEntry, parse
from tocsin.chains.stellar.verify import Expectation, verify_bundle
from tocsin.errors import MalformedBlockError
from tocsin.model.activity import DecodedBundle
from tocsin.model.block import Bundle
from tocsin.model.contract_spec import NO_SPECS, Specs
from tocsin.model.ids import NetworkId
from tocsin.model.monitor import KeyedMonitor, MonitorDraft
from tocsin.model.network import ChainFamily


class StellarFamily:
    """Monitors and bundles of Stellar networks; the contract is ``chains.base.ChainFamilyCode``."""

    family = ChainFamily.STELLAR

    def addresses_without_spec(self, draft: MonitorDraft) -> Sequence[str]:
        """Return the contracts that calls or events are waited for from, without a spec."""
        return addresses_without_spec(draft)

    def key_monitor(self, draft: MonitorDraft, specs: Specs = NO_SPECS) -> KeyedMonitor:
        """Resolve a draft's addresses and signatures against its contracts' specs."""
        return key_monitor(draft, specs)

    def decode(self, bundle: Bundle) -> DecodedBundle:
        """Return the bundle with its activities keyed and their fields decoded when asked."""
        return decode(bundle)

    def bundle_from_json(self, network_id: NetworkId, parts: Mapping[str, bytes]) -> Bundle:
        """Return a bundle of a recorded ledger, its transactions and its events.

        ``ledger`` is the answer of ``getLedgers`` or one entry of it, ``transactions`` and
        ``events`` are answers of their methods or lists of entries; entries of other ledgers
        are left out, and some of the ledger's own may be missing. Without transactions
        ``events`` may be absent.
        """
        ledger = ledger_part(_recorded_ledger(parts))
        number = parse(ledger, LedgerEntry, LEDGER_PART).sequence
        transactions = _recorded_entries(parts, TRANSACTIONS_PART, number)
        events = (
            _recorded_entries(parts, EVENTS_PART, number)
            if transactions or EVENTS_PART in parts
            else []
        )
        recorded = {
            LEDGER_PART: ledger,
            TRANSACTIONS_PART: entry_list(transactions),
            EVENTS_PART: entry_list(events),
        }
        ref = verify_bundle(recorded, Expectation(complete=False))
        return Bundle(network_id=network_id, ref=ref, parts=recorded)


def _recorded_ledger(parts: Mapping[str, bytes]) -> bytes:
    raw = _bare_result(part(parts, LEDGER_PART), LEDGER_PART)
    members = parse(raw, Facts, LEDGER_PART)
    if "ledgers" not in members:
        return raw
    entries = parse(bytes(members["ledgers"]), list[msgspec.Raw], LEDGER_PART)
    if len(entries) != 1:
        raise MalformedBlockError(f"ledger: expected one, got {len(entries)}")
    return bytes(entries[0])


def _recorded_entries(parts: Mapping[str, bytes], name: str, number: int) -> list[bytes]:
    raw = _bare_result(part(parts, name), name)
    if raw.lstrip().startswith(b"{"):
        raw = part({key: bytes(each) for key, each in parse(raw, Facts, name).items()}, name)
    entries = [bytes(each) for each in parse(raw, list[msgspec.Raw], name)]
    return [each for each in entries if ledger_of(each, name) == number]


def _bare_result(raw: bytes, name: str) -> bytes:
    """Return a part without the JSON-RPC envelope it may be in."""
    if not raw.lstrip().startswith(b"{"):
        return raw
    members = parse(raw, Facts, name)
    if "error" in members:
        raise MalformedBlockError(f"{name}: the recorded answer is a JSON-RPC error")
    return bytes(members["result"]) if "result" in members else raw
