"""One line of ``tocsin expr`` → its answer; whatever is in the line, there is one."""

import json
import re
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from tocsin.errors import (
    ExpressionSyntaxError,
    ExpressionTypeError,
    InputError,
    PayloadTooLargeError,
)
from tocsin.matching.expression.parser import MAX_LENGTH, parse_expression
from tocsin.matching.expression.samples import Sample, Unmade, evaluate_samples
from tocsin.matching.expression.syntax import render_expression
from tocsin.matching.expression.tree import encode_folded
from tocsin.matching.expression.values import Dialect, Fault

MAX_LINE_BYTES = 1024 * 1024
MAX_KEPT_BYTES = 16 * MAX_LINE_BYTES  # a longer line is refused, but by its id
MAX_ID_BYTES = 1024
MAX_PARAMS = 1024
HEAD_BYTES = 2048

_ID = re.compile(rb"""\s*\{\s*"id"\s*:\s*("(?:[^"\\\x00-\x1f]|\\.)*+"|-?[0-9]++)\s*[,}]""")


@dataclass(frozen=True, slots=True)
class TooLongLine:
    """Stands for a line of more than 16 MiB, of which only the beginning was kept."""

    head: bytes


Line = bytes | TooLongLine


class _Identified(msgspec.Struct, kw_only=True):
    id: msgspec.Raw = msgspec.Raw(b"null")


class _Text(_Identified, kw_only=True):
    expr: str


class _Param(msgspec.Struct):
    name: str
    kind: str
    value: msgspec.Raw


class _Trial(_Text, kw_only=True):
    chain: str
    params: list[_Param]
    lists: dict[str, list[str]] = {}


class _Error(msgspec.Struct, rename={"fault": "class"}):
    fault: Fault
    code: str
    message: str
    column: int | None


_T = TypeVar("_T", bound=_Text)
_Answered = bool | dict[str, object] | _Error


class _RepeatedKeyError(ValueError):
    """Two members of one object have the same name, so it is not clear which was meant."""


def evaluate_line(line: Line) -> bytes:
    """Return the answer to one line of ``tocsin expr eval``, without its line break."""
    trial = _read(line, _Trial)
    return trial if isinstance(trial, bytes) else _answer(trial, _evaluated(trial))


def parse_line(line: Line) -> bytes:
    """Return the answer to one line of ``tocsin expr parse``, without its line break."""
    asked = _read(line, _Text)
    return asked if isinstance(asked, bytes) else _answer(asked, _parsed(asked))


def _evaluated(trial: _Trial) -> _Answered:
    if trial.chain not in list(Dialect):
        known = " and ".join(Dialect)
        message = f"expressions of this chain are not supported yet, only {known}"
        return _Error(Fault.TYPE, InputError.code, message, None)
    if len(trial.params) > MAX_PARAMS:
        message = f"more than {MAX_PARAMS} parameters"
        return _Error(Fault.PARSE, PayloadTooLargeError.code, message, None)
    try:
        node = parse_expression(trial.expr)
        samples = [Sample(each.name, each.kind, _text_of(each.value)) for each in trial.params]
    except ExpressionSyntaxError as error:
        return _syntax_error(error)
    result = evaluate_samples(node, Dialect(trial.chain), samples, trial.lists)
    if isinstance(result, Unmade):
        code = ExpressionTypeError.code
        return _Error(result.fault, code, result.message, result.column)
    return result


def _text_of(value: msgspec.Raw) -> str:
    """Return a text as it is, and any other JSON as it was written; the line is sound JSON."""
    raw = bytes(value)
    return msgspec.json.decode(raw, type=str) if raw.startswith(b'"') else raw.decode()


def _parsed(asked: _Text) -> _Answered:
    try:
        node = parse_expression(asked.expr)
    except ExpressionSyntaxError as error:
        return _syntax_error(error)
    tree = msgspec.Raw(encode_folded(node))
    return {"result": True, "ast": tree, "text": render_expression(node)}


def _syntax_error(error: ExpressionSyntaxError) -> _Error:
    return _Error(Fault.PARSE, error.code, str(error), error.column)


def _read(line: Line, shape: type[_T]) -> _T | bytes:
    """Return what a line asks, or the answer that says why it asks nothing."""
    if isinstance(line, TooLongLine):
        return _too_long(_identified(line.head))
    try:
        asked = msgspec.json.decode(line, type=shape)
        if len(asked.id) > MAX_ID_BYTES:
            return _refused(line, f"id: more than {MAX_ID_BYTES} bytes")
        if len(line) > MAX_LINE_BYTES and len(asked.expr) <= MAX_LENGTH:
            return _too_long(asked)
        if len(line) <= MAX_LINE_BYTES:
            json.loads(line, object_pairs_hook=_unrepeated, parse_int=len, parse_float=len)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        return _refused(line, f"not a line of the expected shape: {error}")
    return asked


def _unrepeated(members: list[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise _RepeatedKeyError(f"the key {json.dumps(name[:64])} is repeated")
        seen.add(name)


def _refused(line: bytes, message: str) -> bytes:
    error = _Error(Fault.PARSE, InputError.code, message, None)
    return _answer(_identified(line), error)


def _too_long(asked: _Identified) -> bytes:
    message = f"a line has at most {MAX_LINE_BYTES} bytes"
    return _answer(asked, _Error(Fault.PARSE, PayloadTooLargeError.code, message, None))


def _identified(line: bytes) -> _Identified:
    """Return the id of a line that is of another shape, or with which it at least begins."""
    found = _ID.match(line, 0, HEAD_BYTES)
    for part in (line, b"" if found is None else b'{"id":' + found[1] + b"}"):
        try:
            asked = msgspec.json.decode(part, type=_Identified)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        return asked if len(asked.id) <= MAX_ID_BYTES else _Identified()
    return _Identified()


def _answer(asked: _Identified, answered: _Answered) -> bytes:
    match answered:
        case bool():
            members: dict[str, object] = {"result": answered}
        case _Error():
            members = {"error": answered}
        case _:
            members = answered
    return msgspec.json.encode({"id": asked.id, **members})
