"""Compiled forms of a monitor, as they are stored together."""

import msgspec
import pytest

from tocsin.model.monitor import unpack_compiled


def test_what_is_stored_comes_back_by_family() -> None:
    assert unpack_compiled(msgspec.msgpack.encode({"EVM": b"\1"})) == {"EVM": b"\1"}


@pytest.mark.parametrize("stored", [b"", b"\xc1", msgspec.msgpack.encode([1]), b"\x81\xa3EVM"])
def test_bytes_of_something_else_hold_no_compiled_form(stored: bytes) -> None:
    assert unpack_compiled(stored) == {}
