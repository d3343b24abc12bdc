"""Ledgers from a seed, some of whose transactions are spoilt, and what the sound ones hold."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from stellar_sdk import xdr as stellar_xdr

from tests.support.stellar_ledgers import Json, a_transaction, an_event, base64
from tests.support.stellar_oracle import as_ours, calls_of
from tests.support.stellar_random import an_emitted, an_envelope, spoil
from tocsin.chains.stellar.codec.scval import ScValue
from tocsin.chains.stellar.declaration import observed_event, observed_function
from tocsin.model.interface import Layout, Value

X = stellar_xdr


class Scene(NamedTuple):
    """A ledger: which places are spoilt, and what the SDK made of each."""

    spoilt: frozenset[int]
    envelopes: list[X.TransactionEnvelope]
    said: list[list[X.ContractEventV0]]
    transactions: list[Json]
    events: list[list[Json]]


def a_scene(rng: Random) -> Scene:
    """Return transactions and their events, some of them spoilt."""
    envelopes = [an_envelope(rng) for _ in range(rng.randint(1, 5))]
    spoilt = frozenset(each for each in range(len(envelopes)) if rng.random() < 0.4)
    scene = Scene(spoilt, envelopes, [], [], [])
    for place, envelope in enumerate(envelopes):
        transaction = a_transaction(envelope, order=place + 1)
        told = [an_emitted(rng, is_update=rng.random() < 0.3) for _ in range(rng.randrange(4))]
        transaction["events"] = {"contractEventsXdr": [[base64(each) for each in told]]}
        said = [each.body.v0 for each in told if each.type.value == 1 and each.body.v0]
        events = [
            an_event(transaction, each.topics, each.data, index=index)
            for index, each in enumerate(said)
        ]
        if place in spoilt:
            _spoil_transaction(rng, transaction, events)
        scene.said.append(said)
        scene.transactions.append(transaction)
        scene.events.append(events)
    return scene


def _spoil_transaction(rng: Random, transaction: Json, events: list[Json]) -> None:
    transaction["envelopeXdr"] = _spoil_text(rng, transaction["envelopeXdr"])
    (told,) = transaction["events"]["contractEventsXdr"]
    told[:] = [_spoil_text(rng, each) for each in told]
    transaction["diagnosticEventsXdr"] = told[:1]
    for event in events:
        event["topic"] = [_spoil_text(rng, each) for each in event["topic"]]
        event["value"] = _spoil_text(rng, event["value"])
        if rng.random() < 0.1:
            del event[rng.choice(("topic", "value"))]


def _spoil_text(rng: Random, text: str) -> str:
    """Return base64 of what is spoilt, or as it was, or no base64."""
    spoilt = b64encode(spoil(rng, b64decode(text))).decode()
    return rng.choice((text, spoilt, spoilt, spoilt, text[:-1], text + "=", "\u00e9" + text, ""))


class Expected(NamedTuple):
    """A call or event that a sound transaction has, and how it is looked for."""

    place: int
    key: str
    layout: Layout
    values: list[Value]


def expected_of(scene: Scene) -> Iterator[Expected]:
    """Yield the calls, then the events of each transaction as it was before it was spoilt."""
    for place, (envelope, said) in enumerate(zip(scene.envelopes, scene.said, strict=True)):
        for call in calls_of(envelope):
            found = observed_function(f"{call.name}({_kinds(call.arguments)})")
            values = [each.comparable for each in call.arguments]
            yield Expected(place, f"f::{found.key_name}", found.layout, values)
        for event in said:
            name, *shown = map(as_ours, (*event.topics, event.data))
            found = observed_event(f"{name.text}({_kinds(shown)})")
            values = [each.comparable for each in shown]
            yield Expected(place, f"e::{found.key_name}", found.layout, values)


def _kinds(values: list[ScValue]) -> str:
    return ",".join(each.kind for each in values)
