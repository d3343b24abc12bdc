"""Request bodies: bounded while they are read, decoded strictly, never quoted back."""

from typing import TypeVar

import msgspec
from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.errors import InputError, PayloadTooLargeError
from tocsin.openzeppelin.document import read_document

MOST_BODY_BYTES = 1024 * 1024

Shape = TypeVar("Shape")


class BodyLimit:
    """Stops reading a request's body at a limit, whether or not its length was announced."""

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BODY_BYTES) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        too_long = announced.isdecimal() and (
            len(announced) > 18 or int(announced) > self._most_bytes
        )
        read = 0

        async def bounded() -> Message:
            nonlocal read
            if too_long:
                raise self._refusal()
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most_bytes:
                raise self._refusal()
            return message

        await self._app(scope, bounded, send)

    def _refusal(self) -> PayloadTooLargeError:
        return PayloadTooLargeError(f"a request has at most {self._most_bytes} bytes")


async def read_body(request: Request) -> bytes:
    """Return the body of a request, as it came.

    Raises:
        PayloadTooLargeError: it is longer than we read.
    """
    return await request.body()


async def read_shape(request: Request, shape: type[Shape]) -> Shape:
    """Return the body of a request as a shape: a msgspec Struct.

    Raises:
        PayloadTooLargeError: it is longer than we read.
        InputError: no strict JSON (a repeated key is none), or not of that shape; ``field`` is
            the path of the first wrong part.
    """
    value, _ = read_document(await read_body(request), source="the body")
    try:
        return msgspec.convert(value, type=shape)
    except msgspec.ValidationError as cause:
        message, _, path = str(cause).partition(" - at `$")
        raise InputError(message, field=path.strip("`.")) from cause
