"""Names that people choose → the same names, or an error that says what a name may be."""

import re
import unicodedata

from tocsin.errors import InputError

LONGEST_NAME = 200
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode: general categories
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
TRIGGER_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def require_name(name: str, *, field: str) -> str:
    """Return a name that people, databases and terminals can show.

    Shape: 1 to 200 characters, not all spaces, none of them a control character, a lone
    surrogate, a line separator or a mark that turns the direction of text.

    Raises:
        InputError: anything else.
    """
    if not name.strip():
        raise InputError("expected a name, not an empty one", field=field)
    if len(name) > LONGEST_NAME:
        raise InputError(f"expected at most {LONGEST_NAME} characters", field=field)
    if any(unicodedata.category(character) in _UNSHOWN for character in name):
        raise InputError("expected no control characters", field=field)
    return name


def require_slug(slug: str, *, field: str = "slug") -> str:
    """Return the slug of a tenant or network.

    Raises:
        InputError: it is not 1 to 63 of ``a-z 0-9 _ -`` that start with a letter or digit.
    """
    if SLUG.fullmatch(slug) is None:
        raise InputError(
            "expected 1 to 63 of a-z, 0-9, _ and -, first a letter or digit", field=field
        )
    return slug


def require_trigger_slug(slug: str, *, field: str = "slug") -> str:
    """Return the slug of a trigger.

    Raises:
        InputError: it is not 1 to 128 of ``A-Z a-z 0-9 _ . -``, first a letter or digit.
    """
    if TRIGGER_SLUG.fullmatch(slug) is None:
        raise InputError(
            "expected 1 to 128 of A-Z, a-z, 0-9, _, . and -, first a letter or digit", field=field
        )
    return slug
