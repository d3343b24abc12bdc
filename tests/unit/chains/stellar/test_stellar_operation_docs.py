"""The documented types of operations and their fields are those that there are."""

import re
from pathlib import Path

from tocsin.chains.stellar.operations import TYPES

PAGE = Path(__file__).parents[4] / "docs" / "expressions.md"


def test_the_table_of_operations_is_the_code_s() -> None:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("### Operations on Stellar")
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", section.partition("\n## ")[0], re.MULTILINE)
    documented = {name: re.findall(r"`([a-z_]+)`", fields) for name, fields in rows}
    assert documented == {name: list(each.fields) for name, each in TYPES.items()}
