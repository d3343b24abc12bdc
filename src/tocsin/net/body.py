"""The body of an answer → bytes, unpacked and never longer than asked for."""

import zlib

import aiohttp

from tocsin.errors import ChannelUnavailableError, PayloadTooLargeError

# zlib's window size for a gzip wrapper around the largest window.
_GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS


async def read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Return the whole body, at most ``max_bytes`` after unpacking.

    Memory never holds more than the limit and one network piece, so that an answer that
    unpacks to gigabytes costs no more than one that does not.

    Raises:
        PayloadTooLargeError: it is longer.
        ChannelUnavailableError: it is packed otherwise than we asked, or broken.
    """
    host = response.url.raw_host or ""
    unpack = _to_unpacker(response.headers.get("content-encoding", ""), host, max_bytes)
    async for piece in response.content.iter_any():
        unpack.feed(piece)
    return unpack.finish()


class Plain:
    """Collects a body that is not packed."""

    def __init__(self, host: str, max_bytes: int) -> None:
        self._host = host
        self._max_bytes = max_bytes
        self._body = bytearray()

    def feed(self, piece: bytes) -> None:
        """Add what arrived.

        Raises:
            PayloadTooLargeError: the body is longer than allowed.
        """
        if len(self._body) + len(piece) > self._max_bytes:
            raise _too_large(self._host, self._max_bytes)
        self._body += piece

    def finish(self) -> bytes:
        """Return the body."""
        return bytes(self._body)


class Gzip:
    """Unpacks a gzip body of one member, as every HTTP server makes it. Source: RFC 1952 2.2."""

    def __init__(self, host: str, max_bytes: int) -> None:
        self._host = host
        self._max_bytes = max_bytes
        self._body = bytearray()
        self._member = zlib.decompressobj(_GZIP_WINDOW_BITS)
        self._begun = False

    def feed(self, piece: bytes) -> None:
        """Add what arrived.

        Raises:
            PayloadTooLargeError: the body is longer than allowed.
            ChannelUnavailableError: the bytes are not one gzip member.
        """
        self._begun = True
        # One byte more than allowed shows that there is more, and no more is unpacked.
        room = self._max_bytes - len(self._body) + 1
        try:
            self._body += self._member.decompress(piece, room)
        except zlib.error as cause:
            raise ChannelUnavailableError(f"{self._host}: the answer's gzip is broken") from cause
        if len(self._body) > self._max_bytes:
            raise _too_large(self._host, self._max_bytes)
        # A second member is refused: a million empty ones cost much and say nothing.
        if self._member.unused_data:
            raise ChannelUnavailableError(f"{self._host}: the answer's gzip goes on after its end")

    def finish(self) -> bytes:
        """Return the body; nothing at all is an empty one.

        Raises:
            ChannelUnavailableError: it has no end.
        """
        if self._begun and not self._member.eof:
            raise ChannelUnavailableError(f"{self._host}: the answer's gzip has no end")
        return bytes(self._body)


def _too_large(host: str, max_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"{host}: the answer has more than {max_bytes} bytes")


def _to_unpacker(encoding: str, host: str, max_bytes: int) -> Plain | Gzip:
    match encoding.strip().lower():
        case "" | "identity":
            return Plain(host, max_bytes)
        case "gzip" | "x-gzip":
            return Gzip(host, max_bytes)
        case _:
            raise ChannelUnavailableError(f"{host}: the answer is packed otherwise than we asked")
