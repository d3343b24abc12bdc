"""The pure part of the EVM family, as one object."""

from collections.abc import Mapping, Sequence

import msgspec

from tocsin.chains.evm.canonical import canonical_parts
from tocsin.chains.evm.codec import decode_json
from tocsin.chains.evm.decode import BLOCK_PART, RECEIPTS_PART, decode
from tocsin.chains.evm.keying import key_monitor
from tocsin.chains.evm.verify import Commitment, Expectation, verify_bundle
from tocsin.errors import MalformedBlockError
from tocsin.model.activity import DecodedBundle
from tocsin.model.block import Bundle
from tocsin.model.contract_spec import NO_SPECS, Specs
from tocsin.model.ids import NetworkId
from tocsin.model.monitor import KeyedMonitor, MonitorDraft
from tocsin.model.network import ChainFamily


class EvmFamily:
    """Monitors and bundles of EVM networks; the contract is ``chains.base.ChainFamilyCode``."""

    family = ChainFamily.EVM

    def addresses_without_spec(self, draft: MonitorDraft) -> Sequence[str]:
        """Return none: this chain does not hold ABIs."""
        del draft
        return ()

    def key_monitor(self, draft: MonitorDraft, specs: Specs = NO_SPECS) -> KeyedMonitor:
        """Resolve a draft's addresses and signatures against its contracts' ABIs."""
        del specs  # there are none to be had
        return key_monitor(draft)

    def decode(self, bundle: Bundle) -> DecodedBundle:
        """Return the bundle with its activities keyed and their fields decoded when asked."""
        return decode(bundle)

    def bundle_from_json(self, network_id: NetworkId, parts: Mapping[str, bytes]) -> Bundle:
        """Return a bundle of a recorded block (with full transactions) and its receipts."""
        block = _bare_result(parts, BLOCK_PART)
        receipts = _bare_result(parts, RECEIPTS_PART)
        ref = verify_bundle(block, receipts, Expectation(commitment=Commitment.NONE))
        block, receipts = canonical_parts(block, receipts)
        return Bundle(
            network_id=network_id,
            ref=ref,
            parts={BLOCK_PART: block, RECEIPTS_PART: receipts},
        )


def _bare_result(parts: Mapping[str, bytes], name: str) -> bytes:
    """Return a part without the JSON-RPC envelope it may be in."""
    raw = parts.get(name)
    if raw is None:
        raise MalformedBlockError(f"missing: {name}")
    if not raw.lstrip().startswith(b"{"):
        return raw
    members = decode_json(raw, dict[str, msgspec.Raw], name)
    if "error" in members:
        raise MalformedBlockError(f"{name}: the recorded answer is a JSON-RPC error")
    return bytes(members["result"]) if "result" in members else raw
