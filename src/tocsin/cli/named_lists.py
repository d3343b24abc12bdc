"""Named lists in a JSON object → lists for expressions, for ``tocsin match --lists``."""

from collections.abc import Mapping

from tocsin.errors import InputError, PayloadTooLargeError
from tocsin.matching.expression.lexer import is_list_name
from tocsin.openzeppelin.document import read_document

MAX_LISTS = 64
MAX_ENTRIES = 65_536  # of all lists together
MAX_ENTRY_CHARACTERS = 1_024


def read_lists(raw: bytes, *, source: str) -> Mapping[str, tuple[str, ...]]:
    """Return the lists of ``{"name": ["entry", …], …}`` by name.

    Raises:
        InputError: it is not that.
        PayloadTooLargeError: more than 64 lists or 65,536 entries.
    """
    document, place = read_document(raw, source=source)
    if not isinstance(document, dict):
        place.expect("an object of lists", document)
    if len(document) > MAX_LISTS:
        raise PayloadTooLargeError(f"more than {MAX_LISTS} lists (in {source})")
    lists = {name: _entries(name, entries, source) for name, entries in document.items()}
    if sum(map(len, lists.values())) > MAX_ENTRIES:
        raise PayloadTooLargeError(f"more than {MAX_ENTRIES} entries in lists (in {source})")
    return lists


def _entries(name: str, entries: object, source: str) -> tuple[str, ...]:
    if not is_list_name(name):
        message = f"the name of a list has letters, digits, _ and -, unlike {name[:64]!r}"
        raise InputError(f"{message} (in {source})")
    if not isinstance(entries, list):
        raise InputError(f"expected an array of texts (in {source})", field=name)
    for place, entry in enumerate(entries):
        if not isinstance(entry, str) or len(entry) > MAX_ENTRY_CHARACTERS:
            expected = f"expected a text of at most {MAX_ENTRY_CHARACTERS} characters"
            raise InputError(f"{expected} (in {source})", field=f"{name}[{place}]")
    return tuple(entries)
