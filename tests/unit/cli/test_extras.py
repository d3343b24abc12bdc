"""Optional extras: what is asked for is what pyproject.toml brings."""

import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tocsin.cli.extras import EXTRAS, require_extra
from tocsin.errors import SettingsError

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


def distribution_name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found is not None
    return found[0].lower().replace("_", "-")


def test_every_extra_is_asked_for_by_what_it_brings() -> None:
    declared = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    owners = packages_distributions()
    asked = {
        extra: {distribution_name(owners[module][0]) for module in modules}
        for extra, modules in EXTRAS.items()
    }
    assert asked == {
        extra: {distribution_name(requirement) for requirement in requirements}
        for extra, requirements in declared.items()
    }


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_installed_extra_is_no_obstacle(extra: str) -> None:
    require_extra(extra)


def test_a_missing_part_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "devnet", ("no_such_module",))
    with pytest.raises(SettingsError, match=r"no_such_module is missing: install tocsin\[devnet\]"):
        require_extra("devnet")
