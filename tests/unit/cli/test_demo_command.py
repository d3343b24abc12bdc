"""The command and its working directory: refused in one line, left clean."""

import asyncio
import tempfile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tocsin.cli import extras
from tocsin.cli.demo import demo_command
from tocsin.cli.demo_children import DemoError, first_of, working_directory
from tocsin.errors import SettingsError


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda module: None if module == "rich" else object())
    result = CliRunner().invoke(demo_command, [], standalone_mode=False)
    assert isinstance(result.exception, SettingsError)
    assert "tocsin[devnet]" in str(result.exception)


def test_a_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(click.BadParameter, match="is not empty"), working_directory(tmp_path):
        pass
    assert (tmp_path / "mine").exists()


def test_a_file_is_no_directory_to_work_in(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(click.BadParameter, match="cannot use"),
        working_directory(tmp_path / "file" / "below"),
    ):
        pass


def test_a_given_directory_is_kept(tmp_path: Path) -> None:
    with working_directory(tmp_path / "new") as directory:
        (directory / "tocsin.log").touch()
    assert (tmp_path / "new" / "tocsin.log").exists()


def test_a_directory_of_our_own_is_removed() -> None:
    with working_directory(None) as directory:
        (directory / "data").mkdir()
        (directory / "tocsin.log").touch()
    assert not directory.exists()


def test_a_stopped_demo_leaves_nothing() -> None:
    def stop() -> Path:
        with working_directory(None) as directory:
            raise click.Abort(directory)

    with pytest.raises(click.Abort) as stopped:
        stop()
    assert not stopped.value.args[0].exists()


def test_after_a_failure_only_the_logs_are_left() -> None:
    def fail() -> None:
        with working_directory(None) as directory:
            (directory / "data").mkdir()
            (directory / "acme.header").touch()
            (directory / "tocsin.log").touch()
            raise DemoError(str(directory))

    with pytest.raises(DemoError) as failed:
        fail()
    left = {path.name for path in Path(failed.value.message).iterdir()}
    assert left == {"tocsin.log"}


async def test_the_first_part_to_end_ends_the_others() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting part")

    async def fail() -> None:
        raise DemoError("broken")

    with pytest.raises(DemoError, match="broken"):
        await first_of(wait(), fail())
    assert ended == ["waiting part"]
