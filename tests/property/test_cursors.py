"""Laws of cursors."""

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from tocsin.api.paging import parse_cursor, render_cursor
from tocsin.errors import InputError
from tocsin.model.page import Position

positions = st.builds(
    Position,
    at=st.datetimes(timezones=st.just(UTC)),
    id=st.one_of(st.uuids().map(str), st.text("0123456789abcdef", min_size=16, max_size=16)),
)


@given(position=positions)
def test_a_cursor_leads_back_to_its_place(position: Position) -> None:
    assert parse_cursor(render_cursor(position) or "") == position


@given(text=st.text(max_size=200))
def test_any_text_is_a_place_or_refused(text: str) -> None:
    try:
        position = parse_cursor(text)
    except InputError:
        return
    assert position.at.utcoffset() is not None
