"""Tells which optional extra a command lacks, in one line instead of a traceback."""

from importlib.util import find_spec

from tocsin.errors import SettingsError


def require_extra(extra: str, *modules: str) -> None:
    """Make sure that an extra's modules can be imported.

    Raises:
        SettingsError: one cannot; says what to install.
    """
    for module in modules:
        if find_spec(module) is None:
            raise SettingsError(f"{module} is missing: install tocsin[{extra}]")
