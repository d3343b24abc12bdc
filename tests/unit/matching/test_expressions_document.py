"""The examples of docs/expressions.md."""

import re
from pathlib import Path

import pytest

from tests.support.matching import a_layout
from tocsin.errors import InputError
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.parser import parse_expression
from tocsin.model.interface import ValueType

PAGE = (Path(__file__).parents[3] / "docs" / "expressions.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
ACCEPTED = BLOCKS[0][1].splitlines()
REFUSED = [line for kind, block in BLOCKS if kind == "refused" for line in block.splitlines()]
LAYOUT = a_layout(
    ("value", ValueType.UINT),
    ("from", ValueType.ADDRESS),
    ("memo", ValueType.TEXT),
    ("active", ValueType.BOOL),
    ("flag", ValueType.BOOL),
    ("amounts", ValueType.ARRAY),
    ("order", ValueType.TUPLE),
)


@pytest.mark.parametrize("text", ACCEPTED)
def test_an_example_compiles(text: str) -> None:
    assert callable(compile_expression(parse_expression(text), LAYOUT))


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_page_calls_refused_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        compile_expression(parse_expression(text), LAYOUT)
