"""``--lists``: what a file of named lists may hold, and that matching uses it."""

import json
from typing import Any

import pytest

from tocsin.cli.named_lists import MAX_ENTRIES, MAX_ENTRY_CHARACTERS, MAX_LISTS, read_lists
from tocsin.errors import InputError, PayloadTooLargeError


def test_lists_are_read_by_name() -> None:
    lists = read_lists(b'{"desks": ["0xAb", "x"], "none-yet": []}', source="lists.json")
    assert lists == {"desks": ("0xAb", "x"), "none-yet": ()}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"a b": []},
        {"": []},
        {"1a": []},
        {"a": "x"},
        {"a": [1]},
        {"a": ["x" * (MAX_ENTRY_CHARACTERS + 1)]},
        {"a": ["x"] * (MAX_ENTRIES + 1)},
        {f"a{number}": [] for number in range(MAX_LISTS + 1)},
    ],
    ids=range(9),
)
def test_what_is_no_file_of_lists_is_refused(document: Any) -> None:
    with pytest.raises((InputError, PayloadTooLargeError), match=r"lists\.json"):
        read_lists(json.dumps(document).encode(), source="lists.json")
