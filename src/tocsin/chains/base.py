"""The seams of a chain: who calls its nodes, what its client promises, what its pure part decides.

The docstrings of these protocols are the contract that ``tests/conformance/test_chains.py``
tests on every family.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from tocsin.model.activity import DecodedBundle
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.contract_spec import NO_SPECS, Specs, SpecsRead
from tocsin.model.ids import NetworkId
from tocsin.model.monitor import KeyedMonitor, MonitorDraft
from tocsin.model.network import ChainFamily

Ask = Callable[[str, object], Awaitable[bytes]]
"""Put one method with its params to one endpoint; the bytes of ``result`` come back."""

IdentityProbe = Callable[[Ask], Awaitable[str]]
"""Ask one endpoint which chain it serves; the answer is compared with the network's identity.

Raises MalformedBlockError when the answer names no chain.
"""


class RpcCaller(Protocol):
    """Calls the nodes of one network, whichever of them answers.

    Answers that break JSON-RPC 2.0, and nodes that are busy or down, are not the caller's
    concern: another endpoint is tried. Only when none is left the call fails.
    """

    async def call(self, method: str, params: object) -> bytes:
        """Return the bytes of ``result`` as the node wrote them.

        ``params`` is a list or an object of JSON values.

        Raises:
            RpcUnavailableError: no endpoint gave a usable answer.
            RpcRefusedError: the same, and at least one answered with a JSON-RPC error object;
                ``rpc_code`` is that of the most preferred one (-32601: no such method).
            WrongChainError: every endpoint serves another chain.
        """
        ...

    async def call_batch(self, calls: Sequence[tuple[str, object]]) -> Sequence[bytes]:
        """Return one ``result`` per call, in the order of the calls, all from one endpoint.

        Raises:
            RpcUnavailableError, RpcRefusedError, WrongChainError: as for ``call``.
        """
        ...

    def require_identity(self, probe: IdentityProbe, expected: str) -> None:
        """From now on use an endpoint only after its probe gave ``expected``.

        Each endpoint is asked before its first use and again after each failure.
        """
        ...

    def distrust(self) -> None:
        """Prefer other endpoints for a while: the last answers did not make a whole block."""
        ...


class ChainClient(Protocol):
    """Reads one network through its nodes. Everything it returns is complete and verified."""

    @property
    def can_fork(self) -> bool:
        """Return whether a block of this chain can be orphaned."""
        ...

    async def check_identity(self) -> None:
        """Return if the network's nodes serve the chain it is meant to be.

        Raises:
            WrongChainError: every endpoint serves another chain.
            RpcUnavailableError: no endpoint answers.
        """
        ...

    async def head(self) -> BlockRef:
        """Return the newest block a node knows.

        Raises:
            RpcUnavailableError, WrongChainError: see ``RpcCaller.call``.
            MalformedBlockError: the answer is no block header.
        """
        ...

    async def ref_at(self, number: int) -> BlockRef:
        """Return the block that is canonical at a height now.

        Raises:
            BlockNotFoundError: the node does not have that height.
            MalformedBlockError: the answer is not a header of that height.
        """
        ...

    async def bundle_at(self, number: int) -> Bundle:
        """Return the block at a height, complete and verified.

        Raises:
            BlockNotFoundError: the node does not have it, or dropped it while we were reading.
            MalformedBlockError: the parts do not make one consistent block.
        """
        ...

    async def bundle_of(self, block_hash: str, number: int) -> Bundle:
        """Return the block of that hash and height, complete and verified.

        Raises:
            BlockNotFoundError: the node does not have that block; it may have been orphaned.
            MalformedBlockError: the parts do not make that block.
        """
        ...

    def distrust(self) -> None:
        """Prefer other nodes for a while: what was last returned does not fit what is known.

        The client itself distrusts a node whose answers make no whole block.
        """
        ...


class SpecReader(Protocol):
    """Reads from one network what contracts declare of themselves."""

    async def read_specs(self, addresses: Sequence[str]) -> SpecsRead:
        """Return the specs of contracts by their canonical addresses.

        Every address is either found or missing. A spec found does parse.

        Raises:
            RpcUnavailableError, RpcRefusedError, WrongChainError: see ``RpcCaller.call``.
            MalformedBlockError: the answer has not the shape of the method's.
        """
        ...


class ChainFamilyCode(Protocol):
    """The pure part of a chain family: no network, no clock, the same answer every time."""

    @property
    def family(self) -> ChainFamily:
        """Return which family it is."""
        ...

    def addresses_without_spec(self, draft: MonitorDraft) -> Sequence[str]:
        """Return the contracts whose spec matters, is not given and could be read from a chain.

        Canonical, each once, in the draft's order. None where something is no address:
        ``key_monitor`` says what.
        """
        ...

    def key_monitor(self, draft: MonitorDraft, specs: Specs = NO_SPECS) -> KeyedMonitor:
        """Resolve a draft's addresses and signatures against its contracts' specs.

        ``specs`` are of contracts for which the draft gives none. They add names; where one
        lacks what a condition names, the condition is resolved as if there were no spec, and
        ``notes`` say so.

        Raises:
            InterfaceError: a spec does not parse, or lacks what a condition names.
            InputError: an address or signature is not of this chain. The error's ``field`` is
                a JSON path: ``addresses[0].address``, ``match_conditions.events[0].signature``.
        """
        ...

    def decode(self, bundle: Bundle) -> DecodedBundle:
        """Return the bundle with its activities keyed and their fields decoded when asked.

        Raises:
            MalformedBlockError: a part is missing or does not have the shape of its family.
        """
        ...

    def bundle_from_json(self, network_id: NetworkId, parts: Mapping[str, bytes]) -> Bundle:
        """Return a bundle made of recorded JSON answers, without a node.

        Each part is the family's (``model.block.Bundle``), as a bare result or inside its
        JSON-RPC envelope. The parts must belong together; what a header commits to (its own
        hash, the bloom) is not checked, because whoever recorded the files is trusted.

        Raises:
            MalformedBlockError: the parts do not make one consistent block.
        """
        ...
