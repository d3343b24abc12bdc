"""Cursors."""

import pytest

from tocsin.api.paging import parse_cursor
from tocsin.errors import InputError


@pytest.mark.parametrize("text", ["", "x", "====", "ä", "\ud800", "MjAyNg", "A" * 199, "\0", " "])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^cursor: "):
        parse_cursor(text)
