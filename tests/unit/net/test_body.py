import gzip
import tracemalloc
import zlib

import pytest

from tocsin.errors import ChannelUnavailableError, PayloadTooLargeError
from tocsin.net.body import Gzip, Plain

HOST = "node.example"


def unpack(packed: bytes, max_bytes: int, piece_bytes: int = 7) -> bytes:
    unpacker = Gzip(HOST, max_bytes)
    for start in range(0, len(packed), piece_bytes):
        unpacker.feed(packed[start : start + piece_bytes])
    return unpacker.finish()


def test_a_plain_body_may_be_exactly_as_long_as_allowed() -> None:
    body = Plain(HOST, 4)
    body.feed(b"ab")
    body.feed(b"cd")
    assert body.finish() == b"abcd"


def test_a_plain_body_may_not_be_longer() -> None:
    body = Plain(HOST, 4)
    body.feed(b"abcd")
    with pytest.raises(PayloadTooLargeError):
        body.feed(b"e")


def test_a_packed_body_may_be_exactly_as_long_as_allowed() -> None:
    assert unpack(gzip.compress(b"x" * 1000), 1000) == b"x" * 1000


def test_a_packed_body_may_not_be_longer_unpacked() -> None:
    with pytest.raises(PayloadTooLargeError):
        unpack(gzip.compress(b"x" * 1001), 1000)


def test_a_bomb_is_never_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    unpacker = Gzip(HOST, 1000)
    tracemalloc.start()
    with pytest.raises(PayloadTooLargeError):
        unpacker.feed(bomb)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_an_empty_packed_answer_is_empty() -> None:
    assert unpack(b"", 10) == b""


@pytest.mark.parametrize(
    "packed",
    [
        b"not gzip at all",
        zlib.compress(b"another wrapper"),
        gzip.compress(b"cut off", mtime=0)[:-1],
        gzip.compress(b"followed", mtime=0) + b"by something",
        gzip.compress(b"", mtime=0) * 3,
        gzip.compress(b"checksum", mtime=0)[:-8] + bytes(8),
    ],
)
def test_broken_gzip_may_be_whole_next_time(packed: bytes) -> None:
    with pytest.raises(ChannelUnavailableError):
        unpack(packed, 1000)
