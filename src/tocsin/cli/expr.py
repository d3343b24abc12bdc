"""``tocsin expr``: JSON lines with expressions → JSON lines with what they come to."""

import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

import click

from tocsin.cli.expr_lines import (
    HEAD_BYTES,
    MAX_KEPT_BYTES,
    Line,
    TooLongLine,
    evaluate_line,
    parse_line,
)

_CHUNK_BYTES = 1024 * 1024


@click.group("expr")
def expr_command() -> None:
    """Try expressions: JSON lines on standard input, one JSON line out for each."""


@expr_command.command("eval")
def eval_command() -> None:
    """Evaluate expressions against sample parameters.

    A line is {"id", "chain": "EVM" or "Stellar", "expr", "params": [{"name", "kind", "value"}]},
    with "lists": {"name": ["entry"]} where the expression names some; the answer is
    {"id", "result"} or {"id", "error": {"class", "code", "message", "column"}}.
    """
    _answer_each(evaluate_line)


@expr_command.command("parse")
def parse_command() -> None:
    """Parse expressions.

    A line is {"id", "expr"}; the answer is {"id", "result": true, "ast", "text"} or an error.
    """
    _answer_each(parse_line)


def _answer_each(answer: Callable[[Line], bytes]) -> None:
    for line in read_lines(sys.stdin.buffer):
        sys.stdout.buffer.write(answer(line) + b"\n")
        sys.stdout.buffer.flush()


def read_lines(source: BinaryIO) -> Iterator[Line]:
    """Yield the lines that are not blank; of one of more than 16 MiB only how it begins."""
    while line := source.readline(MAX_KEPT_BYTES + 1):
        if len(line) > MAX_KEPT_BYTES and not line.endswith(b"\n"):
            _skip_rest(source)
            yield TooLongLine(line[:HEAD_BYTES])
        elif line.strip():
            yield line


def _skip_rest(source: BinaryIO) -> None:
    while rest := source.readline(_CHUNK_BYTES):
        if rest.endswith(b"\n"):
            return
