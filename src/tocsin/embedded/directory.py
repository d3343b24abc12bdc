"""The data directory: one process at a time keeps its servers, sockets and keys in it.

    <data-dir>/lock          held with flock by its owner, whose process id it contains
    <data-dir>/run/          sockets, 0700 (elsewhere when the path is too long for a socket)
    <data-dir>/postgres/     0700, the servers' user's
    <data-dir>/valkey/       0700, the servers' user's
    <data-dir>/*.log         what the servers say, 0600
    <data-dir>/programs/     copies of the servers, only where root's are out of their reach

A crash leaves the files; the kernel gives the lock back.
"""

import fcntl
import os
import pwd
import re
import stat
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from tocsin.embedded.process import ServerUser
from tocsin.embedded.programs import first_barrier
from tocsin.errors import SettingsError

_LOCK = "lock"
SOCKET_NAME = ".s.PGSQL.5432"  # PostgreSQL's choice; the longest in the directory
_SOCKET_PATH_BYTES = 107  # Linux unix(7): 108 with the final zero
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")  # needs no quoting in a URL or a setting
# The first that exists. An operator who wants an account of our own creates `tocsin`.
_UNPRIVILEGED = ("tocsin", "nobody")


class DataDirectory:
    """A data directory that this process alone may use until it is closed."""

    def __init__(self, path: Path, lock_fd: int) -> None:
        self.path = path
        self._lock_fd: int | None = lock_fd
        self.server_user = _server_user(path)
        if self.server_user is not None:
            _let_in(self.server_user, path)
        self.run_dir = self._place_for_sockets()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others use the directory. Stop the servers first."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def room(self, name: str) -> Path:
        """Return a subdirectory that only the servers' user (and root) can enter."""
        path = self.path / name
        _make_private(path, self.server_user)
        return path

    def kept_text(self, name: str, make: Callable[[], str], *, for_servers: bool = False) -> str:
        """Return the text of a file that only its owner can read, made the first time.

        The owner is us, or with ``for_servers`` the servers' user.
        """
        path = self.path / name
        if not path.exists():
            unfinished = path.with_name(f"{name}.new")
            unfinished.unlink(missing_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(make())
                file.flush()
                os.fsync(descriptor)
                if for_servers and self.server_user is not None:
                    os.fchown(descriptor, self.server_user.uid, self.server_user.gid)
            unfinished.replace(path)
        return path.read_text()

    def _place_for_sockets(self) -> Path:
        key = sha256(os.fsencode(self.path)).hexdigest()[:16]
        shared = Path(tempfile.gettempdir())
        for place in (self.path / "run", shared / f"tocsin-{key}"):
            if _fits_a_socket(place) and self._is_reachable(place.parent):
                _make_private(place, self.server_user)
                return place
        raise SettingsError(
            f"{self.path} is too long a path for a socket, and {shared} will not do instead: "
            "set TMPDIR to a short directory that all may enter"
        )

    def _is_reachable(self, path: Path) -> bool:
        return self.server_user is None or first_barrier(path, self.server_user) is None


def claim_data_dir(path: Path) -> DataDirectory:
    """Return the directory, made if need be, locked for this process.

    Raises:
        SettingsError: another process holds it (named), it holds something else, or it cannot
            be used by us or by the account the servers need when we are root.
    """
    path = path.expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_ours(path)
        with ExitStack() as undo:
            lock_fd = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            undo.callback(os.close, lock_fd)
            _lock(path, lock_fd)
            directory = DataDirectory(path, lock_fd)
            undo.pop_all()
            return directory
    except OSError as cause:
        raise SettingsError(f"cannot use {path} as data directory: {cause.strerror}") from cause


def _require_ours(path: Path) -> None:
    """Refuse a directory with somebody's things in it, as we are about to change its mode."""
    names = {entry.name for entry in path.iterdir()}
    if _LOCK not in names and names - {"lost+found"}:  # a fresh volume has that one
        raise SettingsError(f"{path} is neither empty nor a data directory of Tocsin")


def _lock(path: Path, lock_fd: int) -> None:
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as cause:
        owner = os.pread(lock_fd, 20, 0).decode(errors="replace").strip() or "unknown"
        raise SettingsError(f"{path} is in use by process {owner}") from cause
    os.ftruncate(lock_fd, 0)
    os.pwrite(lock_fd, f"{os.getpid()}\n".encode(), 0)


def _server_user(data_dir: Path) -> ServerUser | None:
    """Return the account for the servers: None is ours; root's servers need another."""
    if os.geteuid() != 0:
        return None
    earlier = data_dir / "postgres"
    if earlier.exists() and earlier.stat().st_uid != 0:
        status = earlier.stat()
        return ServerUser(name=f"uid {status.st_uid}", uid=status.st_uid, gid=status.st_gid)
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise SettingsError("PostgreSQL refuses to run as root: create the user account tocsin for it")


def _let_in(user: ServerUser, data_dir: Path) -> None:
    """Let the servers' user pass through the data directory, and refuse where it cannot come."""
    os.chown(data_dir, -1, user.gid)
    data_dir.chmod(0o710)
    barrier = first_barrier(data_dir, user)
    if barrier is not None:
        raise SettingsError(
            f"PostgreSQL refuses to run as root, and the account for it ({user.name}) may not "
            f"enter {barrier}: choose a data directory elsewhere, or do not run as root"
        )


def _fits_a_socket(place: Path) -> bool:
    path = os.fsencode(place / SOCKET_NAME)
    return len(path) <= _SOCKET_PATH_BYTES and bool(_PLAIN_PATH.fullmatch(str(place)))


def _make_private(path: Path, user: ServerUser | None) -> None:
    """Ensure a directory that only its owner can enter, never one that somebody else prepared."""
    owner = os.geteuid() if user is None else user.uid
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {owner, os.geteuid()}:
        raise SettingsError(f"{path} belongs to somebody else: remove it")
    if user is not None:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    path.chmod(0o700)
