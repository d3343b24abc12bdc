"""Bundles on their way through the feed."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import MalformedBlockError
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.ids import NetworkId
from tocsin.orchestrator.bundles import (
    pack_bundle,
    pack_document,
    unpack_bundle,
    unpack_document,
)

NETWORK = NetworkId(UUID(int=1))


@given(parts=st.dictionaries(st.text(max_size=9), st.binary(max_size=500), max_size=4))
def test_what_is_packed_comes_out_again(parts: dict[str, bytes]) -> None:
    ref = BlockRef(
        number=7, hash="0xa", parent_hash="0xb", block_time=datetime(2026, 1, 1, tzinfo=UTC)
    )
    bundle = Bundle(network_id=NETWORK, ref=ref, parts=parts)
    assert unpack_bundle(pack_bundle(bundle), NETWORK) == bundle


@given(st.binary(max_size=200))
def test_noise_is_no_bundle(noise: bytes) -> None:
    with pytest.raises(MalformedBlockError):
        unpack_bundle(noise, NETWORK)


@given(st.binary(max_size=500))
def test_a_document_comes_out_again(document: bytes) -> None:
    assert unpack_document(pack_document(document)) == document
