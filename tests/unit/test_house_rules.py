"""The rules of the house that neither ruff nor import-linter can see."""

import ast
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.reference import DOCS, PAGES, all_errors
from tocsin import errors
from tocsin.telemetry.metrics import CATALOGUE

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "tocsin"
MAX_LINES = 400
METRIC_NAME = re.compile(r"tocsin_[a-z_]+(_total|_seconds|_number|_blocks)")
SAY_NOTHING = frozenset(
    {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "misc",
        "base_",
        "manager",
        "handler",
        "service",
        "processor",
        "data",
        "info",
        "impl",
    }
)
# What pure packages may use of the standard library: nothing that reads, waits, varies or logs.
PURE_STANDARD_LIBRARY = frozenset(
    {
        "__future__",
        "abc",
        "array",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "hmac",
        "itertools",
        "json",
        "keyword",
        "math",
        "numbers",
        "operator",
        "re",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "uuid",
    }
)
PURE_LIBRARIES = frozenset({"msgspec", "re2", "ahocorasick"})
OURS_IN_PURE = ("tocsin.model", "tocsin.matching", "tocsin.errors")
KEPT_TEXT = frozenset(
    {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".sql", ".sh", ".txt", ".lock", ".cfg", ""}
)
NOT_OURS = frozenset(
    {
        ".git",
        ".venv",
        "node_modules",
        "build",
        "dist",
        "__pycache__",
        ".tocsin",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
        ".import_linter_cache",
        ".pytest_cache",
    }
)


def python_files(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


def is_pure(module: str) -> bool:
    top = module.partition(".")[0]
    if top == "tocsin":
        return any(module == ours or module.startswith(f"{ours}.") for ours in OURS_IN_PURE)
    return top in PURE_LIBRARIES or top in PURE_STANDARD_LIBRARY


def kept_files() -> Iterator[Path]:
    for directory, folders, names in os.walk(ROOT):
        folders[:] = [folder for folder in folders if folder not in NOT_OURS]
        yield from (Path(directory, name) for name in names if Path(name).suffix in KEPT_TEXT)


def places_of_this_machine() -> tuple[str, ...]:
    """Return what only a file written for this very checkout would contain."""
    absolute = (str(ROOT), str(ROOT.parent / "shared")) if len(ROOT.parts) > 2 else ()
    return (*absolute, "../" + "shared")


def test_no_file_is_over_400_lines() -> None:
    lengths = {
        name_of(path): len(path.read_bytes().splitlines())
        for path in python_files(PACKAGE, ROOT / "tests")
    }
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_an_init_file_holds_only_a_docstring() -> None:
    def holds_only_a_docstring(path: Path) -> bool:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        return len(body) == 1 and ast.get_docstring(ast.Module(body, [])) is not None

    inits = PACKAGE.rglob("__init__.py")
    assert [name_of(path) for path in inits if not holds_only_a_docstring(path)] == []


def test_every_package_has_an_init_file() -> None:
    folders = {path.parent for path in python_files(PACKAGE)}
    bare = {folder for folder in folders if not (folder / "__init__.py").exists()}
    assert {name_of(folder) for folder in bare if folder.name != "migrations"} == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {
        path: {path.stem, *path.relative_to(PACKAGE).parts[:-1]} for path in python_files(PACKAGE)
    }
    assert [name_of(path) for path, parts in names.items() if parts & SAY_NOTHING] == []


@pytest.mark.parametrize("folder", ["model", "matching"])
def test_the_pure_packages_import_nothing_but_pure_modules(folder: str) -> None:
    impure = {
        f"{name_of(path)}: {module}"
        for path in python_files(PACKAGE / folder)
        for module in imported_modules(path)
        if not is_pure(module)
    }
    assert impure == set()


def test_every_error_has_its_own_code() -> None:
    inherited = [error.__name__ for error in all_errors() if "code" not in vars(error)]
    counts = Counter(error.code for error in all_errors())
    assert (inherited, [code for code, count in counts.items() if count > 1]) == ([], [])


def test_every_error_says_what_it_means() -> None:
    assert [error.__name__ for error in all_errors() if not vars(error).get("__doc__")] == []


def test_every_error_is_in_the_one_module() -> None:
    ours = {error.__name__ for error in all_errors()}
    elsewhere = {
        f"{name_of(path)}: {node.name}"
        for path in python_files(PACKAGE)
        if path != PACKAGE / "errors.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id in ours for base in node.bases)
    }
    assert elsewhere == set()


def test_every_error_is_in_the_tree_at_the_top_of_its_module() -> None:
    tree = errors.__doc__ or ""
    assert [error.__name__ for error in all_errors() if error.__name__ not in tree] == []


def test_every_metric_is_named_once_and_after_the_rule() -> None:
    names = [entry.name for entry in CATALOGUE]
    assert len(names) == len(set(names))
    assert [name for name in names if METRIC_NAME.fullmatch(name) is None] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_up_to_date(page: str) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == PAGES[page](), "run `make docs`"


def test_no_file_names_a_path_of_this_machine() -> None:
    places = places_of_this_machine()
    found = {
        f"{name_of(path)}: {place}"
        for path in kept_files()
        for place in places
        if place in path.read_text(encoding="utf-8", errors="ignore")
    }
    assert {line for line in found if not line.startswith(".ci/")} == set()
