"""Contracts' specs from a ledger's entries, and nodes that lie about them."""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

import pytest
from stellar_sdk import StrKey
from typing_extensions import override

from tests.support.stellar_ledgers import network
from tests.support.stellar_node import SimulatedNode, a_stellar_chain
from tests.support.stellar_specs import (
    IS_ASSET,
    a_code,
    a_module,
    an_instance,
    encode_spec,
    runs_code,
)
from tocsin.chains.base import IdentityProbe
from tocsin.chains.registry import open_specs
from tocsin.chains.stellar.codec.ledger_entries import code_key, instance_key
from tocsin.chains.stellar.spec_rpc import StellarSpecs
from tocsin.devnet.stellar.contracts import CONTRACTS
from tocsin.errors import MalformedBlockError, RpcUnavailableError
from tocsin.model.contract_spec import SpecSource, SpecsRead

TOKEN = StrKey.encode_contract(b"t" * 32)
OTHER = StrKey.encode_contract(b"o" * 32)
SPEC = [
    {
        "function_v0": {
            "doc": "",
            "name": "pay",
            "inputs": [{"doc": "", "name": "amount", "type_": "i128"}],
            "outputs": [],
        }
    }
]
MODULE = a_module(encode_spec(SPEC))


class Ledger:
    """An RpcCaller that has these entries, data by key, and remembers what it was asked."""

    def __init__(self, *entries: tuple[str, str]) -> None:
        self.entries = dict(entries)
        self.asked: list[list[str]] = []
        self.expected: list[str] = []

    async def call(self, method: str, params: object) -> bytes:
        assert method == "getLedgerEntries"
        assert isinstance(params, dict)
        keys = params["keys"]
        self.asked.append(keys)
        found = [{"key": k, "xdr": self.entries[k]} for k in keys if k in self.entries]
        return json.dumps({"entries": found or None, "latestLedger": 7}).encode()

    async def call_batch(self, calls: Sequence[tuple[str, object]]) -> Sequence[bytes]:
        return [await self.call(*each) for each in calls]

    def require_identity(self, probe: IdentityProbe, expected: str) -> None:
        self.expected.append(expected)

    def distrust(self) -> None:
        """There is no other node."""


async def read(ledger: Ledger, *addresses: str) -> SpecsRead:
    return await StellarSpecs(network(), ledger).read_specs(addresses)


async def test_a_spec_is_read_from_the_code_that_the_instance_names() -> None:
    ledger = Ledger(an_instance(TOKEN, runs_code(MODULE)), a_code(MODULE))
    answer = await read(ledger, TOKEN)
    assert answer.missing == {}
    found = answer.found[TOKEN]
    assert json.loads(found.spec) == SPEC
    assert found.source is SpecSource.LEDGER
    assert ledger.asked == [[instance_key(TOKEN)], [code_key(bytes.fromhex(found.code_hash))]]
    assert ledger.expected == [network().chain_identity]


async def test_code_with_its_costs_is_read_too() -> None:
    ledger = Ledger(an_instance(TOKEN, runs_code(MODULE)), a_code(MODULE, with_costs=True))
    assert json.loads((await read(ledger, TOKEN)).found[TOKEN].spec) == SPEC


async def test_code_of_two_contracts_is_asked_for_once() -> None:
    instances = [an_instance(each, runs_code(MODULE)) for each in (TOKEN, OTHER)]
    ledger = Ledger(*instances, a_code(MODULE))
    assert set((await read(ledger, TOKEN, OTHER)).found) == {TOKEN, OTHER}
    assert len(ledger.asked) == 2


async def test_an_asset_contract_has_the_interface_of_the_protocol() -> None:
    found = (await read(Ledger(an_instance(TOKEN, IS_ASSET)), TOKEN)).found[TOKEN]
    assert found.source is SpecSource.BUILT_IN
    assert found.code_hash == ""
    assert b'"transfer_from"' in found.spec


async def test_every_contract_of_the_devnet_is_read_as_its_own_spec() -> None:
    reader = open_specs(network(), SimulatedNode(a_stellar_chain(ledgers=1)))
    assert reader is not None
    answer = await reader.read_specs([each.address for each in CONTRACTS])
    for contract in CONTRACTS:
        read = json.loads(answer.found[contract.address].spec)
        expected = [
            *(each.name for each in contract.functions),
            *(each.name for each in contract.events),
        ]
        assert [next(iter(each.values()))["name"] for each in read] == expected


OTHER_MODULE = a_module(encode_spec(SPEC) * 2)
INSTANCE = an_instance(TOKEN, runs_code(MODULE))
CODE_KEY = a_code(MODULE)[0]
BROKEN = a_module(b"\0\0\0\x09")
SPECLESS = a_module(b"", section=b"contractmetav0")


def runs(module: bytes) -> Ledger:
    return Ledger(an_instance(TOKEN, runs_code(module)), a_code(module))


NESTED = b"\0\0\0\0" * 3 + b"\0\0\0\x01" + b"\0\0\0\0" * 2 + b"\0\0\x03\xe8" * 20 + b"\0" * 8


@pytest.mark.parametrize(
    ("ledger", "reason"),
    [
        (Ledger(), "no such contract"),
        (Ledger(INSTANCE), "does not have its code"),
        (Ledger((INSTANCE[0], "%")), "not base64"),
        (Ledger((INSTANCE[0], "AAAA")), "ends too early"),
        (Ledger((INSTANCE[0], INSTANCE[1][:60])), "ends too early"),
        (Ledger((INSTANCE[0], a_code(MODULE)[1])), "where 6 should be"),
        (Ledger((INSTANCE[0], an_instance(OTHER, IS_ASSET)[1])), "not the contract's instance"),
        (Ledger(INSTANCE, (CODE_KEY, a_code(OTHER_MODULE)[1])), "of other code"),
        (Ledger(INSTANCE, (CODE_KEY, INSTANCE[1])), "where 7 should be"),
        (Ledger(INSTANCE, (CODE_KEY, a_code(MODULE)[1][:-12] + "AAAAAAAAAAA=")), "cannot be read"),
        (runs(SPECLESS), "says nothing"),
        (runs(b"no module"), "not a Wasm module"),
        (runs(BROKEN), "no entry 9"),
        (runs(a_module(NESTED)), "nested too deeply"),
        (runs(a_module(encode_spec(SPEC) * 2900)), "too large"),
    ],
)
async def test_what_cannot_be_read_is_missing_for_a_reason(ledger: Ledger, reason: str) -> None:
    answer = await read(ledger, TOKEN)
    assert answer.found == {}
    assert reason in answer.missing[TOKEN]


async def test_an_unknown_executable_is_missing() -> None:
    key, data = an_instance(TOKEN, IS_ASSET)
    raw = bytearray(b64decode(data))
    raw[-5] = 9  # the last of the executable; behind it stands that there is no storage
    answer = await read(Ledger((key, b64encode(raw).decode())), TOKEN)
    assert "no executable 9" in answer.missing[TOKEN]


async def test_code_that_does_not_have_its_hash_is_refused() -> None:
    key, data = a_code(MODULE)
    forged = data.replace(data[-16:-8], "AAAAAAAA")
    answer = await read(Ledger(INSTANCE, (key, forged)), TOKEN)
    assert "does not have its hash" in answer.missing[TOKEN]


async def test_one_contract_that_cannot_be_read_leaves_the_others() -> None:
    ledger = Ledger(INSTANCE, a_code(MODULE), (instance_key(OTHER), "AAAA"))
    answer = await read(ledger, OTHER, TOKEN)
    assert set(answer.found) == {TOKEN}
    assert set(answer.missing) == {OTHER}


class WithoutCode(Ledger):
    """Fails when it is asked for code."""

    @override
    async def call(self, method: str, params: Any) -> bytes:
        if params["keys"] == [CODE_KEY]:
            raise RpcUnavailableError("down")
        return await super().call(method, params)


async def test_a_node_that_fails_at_the_code_leaves_the_others() -> None:
    ledger = WithoutCode(INSTANCE, an_instance(OTHER, IS_ASSET))
    answer = await read(ledger, TOKEN, OTHER)
    assert set(answer.found) == {OTHER}
    assert "did not give its code" in answer.missing[TOKEN]


class Garbage(Ledger):
    """Answers with something else."""

    @override
    async def call(self, method: str, params: object) -> bytes:
        return b'{"entries": {"key": 1}}'


async def test_an_answer_of_another_shape_is_malformed() -> None:
    with pytest.raises(MalformedBlockError):
        await read(Garbage(), TOKEN)
