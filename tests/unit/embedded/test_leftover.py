import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.embedded.leftover import marked_processes, outlast_predecessor, read_pid
from tocsin.embedded.process import Launch, failure_in, launch, log_size
from tocsin.errors import SettingsError

MARK = "tocsin_test_mark"
NOBODY_THERE = 2**22 + 1  # above the largest process id of Linux


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.communicate(b"\n")


def outlast(pid_file: Path) -> None:
    outlast_predecessor(pid_file, pid_file.with_name("other"), mark=MARK, answers=lambda: False)


@pytest.mark.parametrize("text", ["", "x\n", "-5\n", "1\n", "0\n", "\n7\n"])
def test_a_pid_file_without_a_process_id_names_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    assert read_pid(tmp_path / "pid") is None


def test_the_process_id_is_on_the_first_line(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("        4711\n/data\n")
    assert read_pid(tmp_path / "pid") == 4711


def test_a_missing_pid_file_names_none(tmp_path: Path) -> None:
    assert read_pid(tmp_path / "pid") is None


def test_a_pid_file_with_the_number_of_a_bystander_is_removed(
    tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "pid").write_text(f"{bystander.pid}\n")
    outlast(tmp_path / "pid")
    assert not (tmp_path / "pid").exists()
    assert bystander.poll() is None


def test_a_pid_file_of_a_dead_server_is_left_to_postgresql(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(f"{NOBODY_THERE}\n")
    outlast(tmp_path / "pid")
    assert (tmp_path / "pid").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_process_is_found_by_its_mark() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "print('up', flush=True); input()", MARK],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as marked:
        assert marked.stdout is not None
        marked.stdout.readline()
        found = marked_processes(MARK)
        marked.communicate(b"\n")
    assert found == {marked.pid}


def test_a_program_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    order = Launch(
        argv=(str(tmp_path / "absent"),),
        death_signal=signal.SIGKILL,
        user=None,
        working_dir=tmp_path,
        log_path=tmp_path / "log",
    )
    with pytest.raises(SettingsError, match="absent cannot be run"):
        launch(order)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("starting\nFATAL:  no room\nLOG:  shut down\n", "FATAL:  no room"),
        ("initdb: error: no room\ninitdb: removing\n", "initdb: error: no room"),
        ("starting\nthe last\n\n  \n", "the last"),
        ("", ""),
    ],
)
def test_the_reason_of_a_failure_is_taken_from_the_log(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "log").write_text(text)
    assert failure_in(tmp_path / "log", since=0) == reason


def test_what_an_earlier_run_wrote_is_no_reason(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("FATAL: long ago\n")
    assert failure_in(tmp_path / "log", since=log_size(tmp_path / "log")) == ""


def test_this_process_has_no_mark() -> None:
    assert os.getpid() not in marked_processes("tocsin_" + "0" * 16)
