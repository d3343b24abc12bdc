"""Cursors: places in lists as opaque text, and back, trusting nothing."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import Field

from tocsin.api.answers import Answer
from tocsin.errors import InputError
from tocsin.model.page import Page, PageRequest, Position

MOST_ITEMS = 200
POSITION_ID = re.compile(r"[0-9a-f-]{1,36}")

Shape = TypeVar("Shape", bound=Answer)
Noun = TypeVar("Noun")


class ListAnswer(Answer, Generic[Shape]):
    """One page of a list."""

    items: list[Shape]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page.")


def render_cursor(position: Position | None) -> str | None:
    """Return a place in a list as text without meaning to others."""
    if position is None:
        return None
    text = f"{position.at.isoformat()} {position.id} {position.list_name}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_cursor(text: str) -> Position:
    """Return the place that a cursor names.

    Raises:
        InputError: it is none of ours.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        clear = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        at_text, id_text, list_name = clear.split(" ")
        at = datetime.fromisoformat(at_text)
    except (binascii.Error, ValueError) as cause:
        raise _no_cursor() from cause
    # A time zone far from UTC could push the time out of what the database can hold.
    offset = at.utcoffset()
    if offset is None or offset.total_seconds() != 0 or POSITION_ID.fullmatch(id_text) is None:
        raise _no_cursor()
    return Position(at=at, id=id_text, list_name=list_name)


def _no_cursor() -> InputError:
    return InputError("expected the next_cursor of an earlier answer", field="cursor")


def get_page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> PageRequest:
    """Return which page a request asks for.

    Raises:
        InputError: the cursor is none of ours, or another list's.
    """
    list_name = str(request.scope["route"].path)
    after = parse_cursor(cursor) if cursor is not None else None
    if after is not None and after.list_name != list_name:
        raise InputError("belongs to another list", field="cursor")
    return PageRequest(limit=limit, after=after, list_name=list_name)


PageAsked = Annotated[PageRequest, Depends(get_page_request)]


def list_answer(page: Page[Noun], to_shape: Callable[[Noun], Shape]) -> ListAnswer[Shape]:
    """Return a page in the shape of its answer."""
    return ListAnswer(
        items=[to_shape(item) for item in page.items], next_cursor=render_cursor(page.next)
    )
