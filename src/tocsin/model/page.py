"""Pages: how a long list is read in parts that stay in place while rows are added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a list ordered by time and, where times are equal, by id.

    ``list_name`` tells lists apart, so that a place in one is not taken for one in another.
    """

    at: datetime
    id: str
    list_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """How many items of which list, and after which place; None starts at the beginning."""

    limit: int = 50
    after: Position | None = None
    list_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """One part of a list; ``next`` is where the following part starts, None at the end."""

    items: tuple[Item, ...]
    next: Position | None
