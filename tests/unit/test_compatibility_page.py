"""The page of deviations names a test for each of them, and every test it names exists."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(test_\w+)`")


@cache
def defined() -> frozenset[str]:
    """Return the names of all tests."""
    found = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
    files = (ROOT / "tests").rglob("test_*.py")
    return frozenset(
        name
        for path in files
        if "node_modules" not in path.parts
        for name in found.findall(path.read_text(encoding="utf-8"))
    )


def deviations() -> list[list[str]]:
    """Return the cells of each row of the table of deviations in matching."""
    table = PAGE.partition("## Matching")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return rows[1:]


def test_every_test_that_the_page_names_exists() -> None:
    assert set(NAMED.findall(PAGE)) - defined() == set()


def test_every_deviation_in_matching_names_the_test_that_proves_it() -> None:
    rows = deviations()
    assert len(rows) > 20
    assert [row for row in rows if len(row) != 4 or not NAMED.search(row[-1])] == []


def test_every_deviation_says_which_quirk_or_vector_it_is_about() -> None:
    known = re.compile("Q[0-9]+|[A-Z]-[0-9]+|\N{EN DASH}")
    assert [row[0] for row in deviations() if not known.match(row[0])] == []
