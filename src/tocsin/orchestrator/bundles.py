"""Bundles as the feed carries them: the provider's bytes, zstd level 1 (pure)."""

import msgspec
import zstandard

from tocsin.errors import MalformedBlockError
from tocsin.model.block import BlockRef, Bundle
from tocsin.model.ids import NetworkId

# A bundle larger than this unpacked is not a block we know how to serve.
MOST_BYTES = 256 * 1024 * 1024


class _Packed(msgspec.Struct, array_like=True):
    ref: BlockRef
    parts: dict[str, bytes]


def pack_bundle(bundle: Bundle) -> bytes:
    """Return a bundle as compressed MessagePack, without its network."""
    packed = msgspec.msgpack.encode(_Packed(ref=bundle.ref, parts=bundle.parts))
    return zstandard.ZstdCompressor(level=1).compress(packed)


def unpack_bundle(payload: bytes, network_id: NetworkId) -> Bundle:
    """Return what ``pack_bundle`` packed.

    Raises:
        MalformedBlockError: it is something else.
    """
    try:
        packed = zstandard.ZstdDecompressor().decompress(payload, max_output_size=MOST_BYTES)
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
        return zstandard.ZstdDecompressor().decompress(payload, max_output_size=MOST_BYTES)
    except zstandard.ZstdError as cause:
        raise MalformedBlockError(f"stored transaction: {cause}") from cause
