import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tocsin.embedded.directory import claim_data_dir
from tocsin.embedded.process import ServerUser
from tocsin.embedded.programs import first_barrier, reachable_wheel
from tocsin.errors import SettingsError

AS_ROOT = os.geteuid() == 0
STRANGER = ServerUser(name="stranger", uid=54_321, gid=54_321)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_claim_is_refused_with_the_owners_process_id(data_dir: Path) -> None:
    with (
        claim_data_dir(data_dir),
        pytest.raises(SettingsError, match=f"in use by process {os.getpid()}"),
    ):
        claim_data_dir(data_dir)


def test_a_refused_claim_leaves_the_owner_its_lock(data_dir: Path) -> None:
    with claim_data_dir(data_dir):
        for _ in range(2):
            with pytest.raises(SettingsError, match="in use"):
                claim_data_dir(data_dir)


def test_closing_lets_the_next_in(data_dir: Path) -> None:
    claim_data_dir(data_dir).close()
    with claim_data_dir(data_dir) as directory:
        assert directory.path == data_dir.resolve()


def test_a_child_does_not_keep_its_parents_lock(data_dir: Path) -> None:
    directory = claim_data_dir(data_dir)
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        close_fds=False,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()  # until then it may still be what was forked, with our files
        directory.close()
        claim_data_dir(data_dir).close()
        child.communicate(b"\n")


def test_a_directory_with_other_things_in_it_is_left_alone(data_dir: Path) -> None:
    (data_dir / "thesis.txt").write_text("precious")
    before = mode_of(data_dir)
    with pytest.raises(SettingsError, match="neither empty nor a data directory"):
        claim_data_dir(data_dir)
    assert (mode_of(data_dir), [path.name for path in data_dir.iterdir()]) == (
        before,
        ["thesis.txt"],
    )


def test_a_fresh_volume_counts_as_empty(data_dir: Path) -> None:
    (data_dir / "lost+found").mkdir()
    claim_data_dir(data_dir).close()


def test_a_file_in_the_place_is_one_clear_line(data_dir: Path) -> None:
    file = data_dir / "file"
    file.touch()
    with pytest.raises(SettingsError, match=f"cannot use {file} as data directory"):
        claim_data_dir(file)


@pytest.mark.skipif(not AS_ROOT, reason="only root's servers run under another account")
def test_a_directory_below_one_that_is_closed_to_the_servers_is_refused(data_dir: Path) -> None:
    data_dir.chmod(0o700)
    with pytest.raises(SettingsError, match=f"may not enter {data_dir}:"):
        claim_data_dir(data_dir / "below")


@pytest.mark.skipif(not AS_ROOT, reason="only root's servers run under another account")
def test_a_refused_directory_is_not_kept_locked(data_dir: Path) -> None:
    data_dir.chmod(0o700)
    for _ in range(2):
        with pytest.raises(SettingsError, match="may not enter"):
            claim_data_dir(data_dir / "below")


def test_what_is_kept_is_made_once(data_dir: Path) -> None:
    with claim_data_dir(data_dir) as directory:
        directory.kept_text("key", lambda: "first")
        assert directory.kept_text("key", lambda: "second") == "first"


def test_what_is_kept_is_for_its_owner_only(data_dir: Path) -> None:
    with claim_data_dir(data_dir) as directory:
        directory.kept_text("key", lambda: "hunter2")
    assert mode_of(data_dir / "key") == 0o600


def test_nothing_is_kept_half_made(data_dir: Path) -> None:
    def fail() -> str:
        raise KeyboardInterrupt

    with claim_data_dir(data_dir) as directory:
        with pytest.raises(KeyboardInterrupt):
            directory.kept_text("key", fail)
        assert directory.kept_text("key", lambda: "whole") == "whole"


@pytest.mark.parametrize("name", ["l" * 90, "with spaces", "with,comma"])
def test_sockets_move_where_their_path_is_short_and_plain(data_dir: Path, name: str) -> None:
    with claim_data_dir(data_dir), claim_data_dir(data_dir / name) as directory:
        place = directory.run_dir
        place.rmdir()
    assert place.parent == Path(tempfile.gettempdir())


def test_a_socket_directory_that_somebody_prepared_is_refused(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir.chmod(0o711)
    (data_dir / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(data_dir / "tmp"))
    with claim_data_dir(data_dir / ("l" * 90)) as directory:
        place = directory.run_dir
    place.rmdir()
    place.symlink_to(data_dir)
    with pytest.raises(SettingsError, match="belongs to somebody else"):
        claim_data_dir(data_dir / ("l" * 90))


@pytest.mark.skipif(not AS_ROOT, reason="only root's servers run under another account")
def test_a_temporary_directory_closed_to_the_servers_is_refused(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir.chmod(0o711)
    (data_dir / "tmp").mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(data_dir / "tmp"))
    with pytest.raises(SettingsError, match="set TMPDIR"):
        claim_data_dir(data_dir / ("l" * 90))


def test_the_first_closed_directory_on_the_way_is_found(data_dir: Path) -> None:
    (data_dir / "open" / "closed" / "deep").mkdir(parents=True)
    data_dir.chmod(0o755)
    (data_dir / "open" / "closed").chmod(0o700)
    found = first_barrier(data_dir / "open" / "closed" / "deep", STRANGER)
    assert found == data_dir / "open" / "closed"


def test_an_open_way_has_no_barrier(data_dir: Path) -> None:
    data_dir.chmod(0o711)
    assert first_barrier(data_dir, STRANGER) is None


def test_programs_that_the_servers_cannot_reach_are_copied(data_dir: Path) -> None:
    wheel = data_dir / "closed" / "wheel"
    (wheel / "bin").mkdir(parents=True)
    (wheel / "bin" / "server").touch(mode=0o700)
    (wheel / "__init__.py").touch()
    (data_dir / "closed" / "wheel.libs").mkdir()
    (data_dir / "closed").chmod(0o700)
    data_dir.chmod(0o755)
    copy = reachable_wheel(wheel, STRANGER, data_dir / "programs")
    assert mode_of(copy / "bin" / "server") & 0o555 == 0o555
    assert first_barrier(copy / "bin", STRANGER) is None
    assert (copy.parent / "wheel.libs").is_dir()
    assert not (copy / "__init__.py").exists()


def test_programs_within_reach_stay_where_they_are(data_dir: Path) -> None:
    assert reachable_wheel(data_dir, None, data_dir / "programs") == data_dir
