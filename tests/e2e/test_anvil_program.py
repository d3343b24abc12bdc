"""Without the node's program its tests are skipped; in CI that is a failure."""

from pathlib import Path

import pytest

from tests.support import anvil


@pytest.fixture(autouse=True)
def _nothing_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anvil, "MODULES", tmp_path)


def test_without_the_program_a_test_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="anvil is not installed"):
        anvil.anvil_program()


def test_without_the_program_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="anvil is not installed"):
        anvil.anvil_program()
