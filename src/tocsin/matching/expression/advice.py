"""What cannot be compared → what its author may have meant, in words."""

from collections.abc import Iterable
from difflib import get_close_matches

from tocsin.model.interface import Parameter, ValueType

SHOWN_CHARACTERS = 64
_LISTED_NAMES = 12

_NUMBERS = "compare it by == != > >= < <= with a whole number"
_FORMS = {
    ValueType.UINT: f"{_NUMBERS} from 0, as in {{0}} > 5",
    ValueType.INT: f"{_NUMBERS}, as in {{0}} > 5",
    ValueType.NATIVE_INT: f"{_NUMBERS} without quotes, as in {{0}} > 5",
    ValueType.BIG_INT: f"{_NUMBERS}, as in {{0}} > 5",
    ValueType.ADDRESS: "compare it by == or != with an address, as in {0} == '…'",
    ValueType.TEXT: (
        "compare it by == != contains starts_with ends_with matches with text in quotes, "
        "as in {0} contains '…'"
    ),
    ValueType.BOOL: "compare it by == or != with true or false, as in {0} == true",
    ValueType.ARRAY: "ask for an element, as in {0} contains '…', or compare one, as in {0}[0]",
    ValueType.MAP: "ask for a value, as in {0} contains '…', or compare one by its key: {0}.key",
}


def shown(name: str) -> str:
    """Return a name short enough for a message."""
    return name if len(name) <= SHOWN_CHARACTERS else f"{name[:SHOWN_CHARACTERS]}…"


def suggest_name(name: str, known: Iterable[str]) -> str:
    """Return which of some names was meant, or which there are where none is close."""
    # Long names are not compared: the effort grows with the product of the lengths.
    named = [each for each in known if 0 < len(each) <= SHOWN_CHARACTERS][:SHOWN_CHARACTERS]
    close = get_close_matches(name, named, n=1) if len(name) <= SHOWN_CHARACTERS else []
    if close:
        return f"did you mean {close[0]}?"
    if not named:
        return "there are none with a name"
    return f"there {'is' if len(named) == 1 else 'are'} {', '.join(named[:_LISTED_NAMES])}"


def suggest_comparison(path: str, parameter: Parameter) -> str:
    """Return how a value can be compared; ``path`` is how the expression names it."""
    if parameter.type is ValueType.TUPLE and parameter.components:
        part = parameter.components[0].name
        return f"compare a part of it: {shown(path)}{f'.{shown(part)}' if part else '[0]'}"
    form = _FORMS.get(parameter.type)
    if form is None:
        return "leave it out: it is shown in a match and cannot be compared"
    return form.format(shown(path))
