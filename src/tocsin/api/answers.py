"""Shapes → responses: JSON with exact numbers, and the version of single things as ETag."""

import re
from typing import Annotated, Any

import msgspec
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, WithJsonSchema

from tocsin.errors import MalformedRequestError

# JSON that somebody else wrote goes out as the bytes it came in: nothing in it can be lost,
# rounded, or break the encoder.
RawObject = Annotated[msgspec.Raw, WithJsonSchema({"type": "object"})]

ETAG = re.compile(r'"(?P<version>[0-9]{1,18})"')


class Answer(BaseModel):
    """What every response shape has in common."""

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)


def answer(shape: Answer, *, status: int = 200, version: int | None = None) -> Response:
    """Return a shape as a JSON response; ``version`` becomes its ETag."""
    headers = {} if version is None else {"ETag": f'"{version}"'}
    body = msgspec.json.encode(shape.model_dump())
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def answer_nothing() -> Response:
    """Return the response that says only that it is done."""
    return Response(status_code=204)


def shaped(shape: type[Answer], description: str) -> dict[str, Any]:
    """Return how the API document describes a response of that shape."""
    return {"model": shape, "description": description}


def expected_version(request: Request) -> int | None:
    """Return the version that If-Match asks for; None where any will do.

    Raises:
        MalformedRequestError: the header is no ETag of ours.
    """
    text = request.headers.get("if-match", "*").strip()
    if text == "*":
        return None
    tag = ETAG.fullmatch(text)
    if tag is None:
        raise MalformedRequestError("If-Match takes one ETag as it was read, or *")
    return int(tag["version"])
