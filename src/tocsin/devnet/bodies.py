"""The body of an HTTP request, read within its limit, or an error of ours."""

from aiohttp import web

from tocsin.errors import InputError, PayloadTooLargeError


async def read_body(request: web.Request) -> bytes:
    """Return the whole body.

    Raises:
        PayloadTooLargeError: more bytes than the application's limit.
        InputError: it breaks off, or is not compressed as it says.
    """
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as cause:
        raise PayloadTooLargeError("the body is larger than we read") from cause
    except web.RequestPayloadError as cause:
        raise InputError("the body cannot be read") from cause
