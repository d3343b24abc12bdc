"""Specs that nobody gave, as they are stored."""

from tocsin.model.contract_spec import NO_SPECS, unpack_specs


def test_stored_specs_come_back_as_they_were_written() -> None:
    assert unpack_specs('{"C1":[{"a": 1.0}],"C2":[]}') == {"C1": b'[{"a": 1.0}]', "C2": b"[]"}


def test_where_none_are_stored_there_are_none() -> None:
    assert unpack_specs(None) is NO_SPECS
