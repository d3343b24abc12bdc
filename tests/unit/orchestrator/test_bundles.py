"""Bundles on their way through the feed."""

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import MalformedBlockError
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.ids import NetworkId
from tocsin.orchestrator import bundles
from tocsin.orchestrator.bundles import (
    MOST_BYTES,
    pack_bundle,
    pack_document,
    unpack_bundle,
    unpack_document,
)

NETWORK = NetworkId(UUID(int=1))


def a_bundle(parts: dict[str, bytes]) -> Bundle:
    ref = BlockRef(
        number=7, hash="0xa", parent_hash="0xb", block_time=datetime(2026, 1, 1, tzinfo=UTC)
    )
    return Bundle(network_id=NETWORK, ref=ref, parts=parts)


@given(parts=st.dictionaries(st.text(max_size=9), st.binary(max_size=500), max_size=4))
def test_what_is_packed_comes_out_again(parts: dict[str, bytes]) -> None:
    bundle = a_bundle(parts)
    assert unpack_bundle(pack_bundle(bundle), NETWORK) == bundle


@given(st.binary(max_size=200))
def test_noise_is_no_bundle(noise: bytes) -> None:
    with pytest.raises(MalformedBlockError):
        unpack_bundle(noise, NETWORK)


@given(st.binary(max_size=500))
def test_a_document_comes_out_again(document: bytes) -> None:
    assert unpack_document(pack_document(document)) == document


def peak_bytes_of_refusing(unpack: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(MalformedBlockError, match="more than"):
            unpack()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("states_its_size", [True, False])
def test_a_small_frame_that_holds_too_much_costs_no_memory(states_its_size: bool) -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=states_its_size).compress(
        bytes(MOST_BYTES + 1)
    )
    peaks = [
        peak_bytes_of_refusing(unpack)
        for unpack in (lambda: unpack_bundle(bomb, NETWORK), lambda: unpack_document(bomb))
    ]
    assert max(peaks) < 1_000_000


def test_what_would_not_be_unpacked_is_not_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MOST_BYTES", 1_000)
    with pytest.raises(MalformedBlockError, match="more than"):
        pack_bundle(a_bundle({"block": bytes(1_001)}))


def test_a_frame_that_was_cut_short_is_no_bundle() -> None:
    with pytest.raises(MalformedBlockError):
        unpack_bundle(pack_bundle(a_bundle({}))[:-3], NETWORK)


def test_a_frame_that_holds_more_than_it_states_is_no_document() -> None:
    frame = bytearray(zstandard.ZstdCompressor().compress(bytes(200)))
    assert zstandard.frame_content_size(bytes(frame)) == frame[5] == 200
    frame[5] = 100
    with pytest.raises(MalformedBlockError):
        unpack_document(bytes(frame))
