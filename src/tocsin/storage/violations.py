"""Constraints that PostgreSQL found broken → the errors that say what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors

from tocsin.errors import AlreadyExistsError, NotFoundError


@contextmanager
def refuse_duplicate(noun: str, name: object) -> Iterator[None]:
    """Turn a broken unique constraint into AlreadyExistsError."""
    try:
        yield
    except errors.UniqueViolation as cause:
        raise AlreadyExistsError(f"there is already a {noun} {name}") from cause


@contextmanager
def require_existing(noun: str, name: object) -> Iterator[None]:
    """Turn a broken foreign key into NotFoundError."""
    try:
        yield
    except errors.ForeignKeyViolation as cause:
        raise NotFoundError(noun, name) from cause
