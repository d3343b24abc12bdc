"""The law of every reader: a draft or an InputError, whatever the document."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.openzeppelin import a_monitor_file, a_network_file, a_trigger
from tocsin.errors import InputError
from tocsin.openzeppelin.monitors import parse_monitor
from tocsin.openzeppelin.networks import parse_network
from tocsin.openzeppelin.triggers import parse_triggers_file

Reader = Callable[[bytes | str], object]

READERS: dict[str, tuple[Reader, dict[str, Any]]] = {
    "monitor": (lambda raw: parse_monitor(raw, source="m.json"), a_monitor_file()),
    "network": (lambda raw: parse_network(raw, source="n.json"), a_network_file()),
    "triggers": (lambda raw: parse_triggers_file(raw, source="t.json"), {"ops": a_trigger()}),
}

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["plain", "webhook", "EVM", "Any", "http://", "https://[", "\ud800", "\0"]),
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every part of a document."""
    parts: list[tuple[Any, Any]] = []
    if isinstance(value, list):
        parts = list(enumerate(value))
    elif isinstance(value, dict):
        parts = list(value.items())
    return [path, *(place for key, part in parts for place in places(part, (*path, key)))]


def with_part(document: Any, path: tuple[Any, ...], part: Any) -> Any:
    """Return a copy of a document with one part exchanged."""
    if not path:
        return part
    changed = deepcopy(document)
    outer = changed
    for key in path[:-1]:
        outer = outer[key]
    outer[path[-1]] = part
    return changed


def is_read_or_refused(reader: Reader, raw: bytes | str) -> bool:
    try:
        reader(raw)
    except InputError:
        return True
    return True


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_a_document_with_one_part_exchanged_is_read_or_refused(
    name: str, data: st.DataObject
) -> None:
    reader, valid = READERS[name]
    path = data.draw(st.sampled_from(places(valid)))
    document = with_part(valid, path, data.draw(trees))
    assert is_read_or_refused(reader, json.dumps(document))


@pytest.mark.parametrize("name", READERS)
@given(raw=st.binary(max_size=60) | st.text('{}[]",:0-9.eEtrufalsn\\', max_size=60))
def test_any_bytes_are_read_or_refused(name: str, raw: bytes | str) -> None:
    assert is_read_or_refused(READERS[name][0], raw)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_a_document_cut_short_is_refused(name: str, data: st.DataObject) -> None:
    reader, valid = READERS[name]
    text = json.dumps(valid)
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(InputError):
        reader(text[:cut])
