"""Bundles as the feed carries them: the provider's bytes, zstd level 1 (pure)."""

import msgspec
import zstandard

from tocsin.errors import MalformedBlockError
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.ids import NetworkId

# A bundle larger than this unpacked is not a block we know how to serve, nor one that is logged.
MOST_BYTES = 256 * 1024 * 1024


class _Packed(msgspec.Struct, array_like=True):
    ref: BlockRef
    parts: dict[str, bytes]


def pack_bundle(bundle: Bundle) -> bytes:
    """Return a bundle as compressed MessagePack, without its network.

    Raises:
        MalformedBlockError: it is larger than anybody would unpack again.
    """
    packed = msgspec.msgpack.encode(_Packed(ref=bundle.ref, parts=bundle.parts))
    if len(packed) > MOST_BYTES:
        raise MalformedBlockError(f"block {bundle.ref.number}: more than {MOST_BYTES} bytes")
    return zstandard.ZstdCompressor(level=1).compress(packed)


def unpack_bundle(payload: bytes, network_id: NetworkId) -> Bundle:
    """Return what ``pack_bundle`` packed.

    Raises:
        MalformedBlockError: it is something else.
    """
    try:
        packed = _decompress(payload)
        inner = msgspec.msgpack.decode(packed, type=_Packed)
    except (zstandard.ZstdError, msgspec.MsgspecError) as cause:
        raise MalformedBlockError(f"feed entry: {cause}") from cause
    return Bundle(network_id=network_id, ref=inner.ref, parts=inner.parts)


def pack_document(document: bytes) -> bytes:
    """Return a transaction's JSON as it is stored."""
    return zstandard.ZstdCompressor(level=1).compress(document)


def unpack_document(payload: bytes) -> bytes:
    """Return a stored transaction's JSON.

    Raises:
        MalformedBlockError: it is something else.
    """
    try:
        return _decompress(payload)
    except zstandard.ZstdError as cause:
        raise MalformedBlockError(f"stored transaction: {cause}") from cause


def _decompress(payload: bytes) -> bytes:
    """Return what a frame of ours holds; none of it is unpacked where that is too much.

    The library takes a frame's word for its size, whatever limit it is given. Every frame we
    write states it, and one that states less than it holds does not decompress.
    """
    size = zstandard.frame_content_size(payload)
    if not 0 <= size <= MOST_BYTES:
        raise MalformedBlockError(f"a frame states no size, or more than {MOST_BYTES} bytes")
    return zstandard.ZstdDecompressor().decompress(payload)
