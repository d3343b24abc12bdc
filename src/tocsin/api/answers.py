"""Shapes → responses: JSON with exact numbers, and the version of single things as ETag."""

from typing import Annotated, Any

import msgspec
from fastapi import Response
from pydantic import BaseModel, ConfigDict, WithJsonSchema

# JSON that somebody else wrote goes out as the bytes it came in: nothing in it can be lost,
# rounded, or break the encoder.
RawObject = Annotated[msgspec.Raw, WithJsonSchema({"type": "object"})]
RawList = Annotated[msgspec.Raw, WithJsonSchema({"type": "array"})]


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
