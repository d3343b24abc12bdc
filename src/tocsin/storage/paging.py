"""A page's worth of rows → a page: one row more than asked tells whether another follows."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from tocsin.errors import InputError
from tocsin.model.page import Page, PageRequest, Position
from tocsin.storage.pool import Row

Item = TypeVar("Item")


def after_at(request: PageRequest) -> datetime | None:
    """Return the time of the place to continue after."""
    return request.after.at if request.after else None


def after_text(request: PageRequest) -> str | None:
    """Return the id, as text, of the place to continue after."""
    return request.after.id if request.after else None


def after_id(request: PageRequest) -> UUID | None:
    """Return the id of the place to continue after, in a list whose ids are UUIDs.

    Raises:
        InputError: the place belongs to another kind of list.
    """
    if request.after is None:
        return None
    try:
        return UUID(request.after.id)
    except ValueError as cause:
        raise InputError("belongs to another list", field="cursor") from cause


def to_page(rows: list[Row], request: PageRequest, to_item: Callable[[Row], Item]) -> Page[Item]:
    """Build a page of at most ``limit`` items from up to ``limit + 1`` rows.

    Every row has ``position_at`` and ``position_id``.
    """
    kept = rows[: request.limit]
    more = len(rows) > request.limit
    last = kept[-1] if more and kept else None
    following = None
    if last is not None:
        following = Position(
            at=last["position_at"], id=str(last["position_id"]), list_name=request.list_name
        )
    return Page(items=tuple(to_item(row) for row in kept), next=following)
