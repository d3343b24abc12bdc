"""``tocsin expr``: an answer to every line, whatever is in it."""

import io
import json
from typing import Any

import pytest
from click.testing import CliRunner

from tocsin.cli.expr import expr_command, read_lines
from tocsin.cli.expr_lines import (
    HEAD_BYTES,
    MAX_ID_BYTES,
    MAX_KEPT_BYTES,
    MAX_LINE_BYTES,
    TooLongLine,
    evaluate_line,
)
from tocsin.cli.main import cli
from tocsin.errors import PayloadTooLargeError
from tocsin.matching.expression.parser import MAX_LENGTH


def answers(command: str, *lines: str | bytes) -> list[dict[str, Any]]:
    raw = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    result = CliRunner().invoke(expr_command, [command], input=raw)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def a_line(expr: str, kind: str = "uint256", value: Any = "5", **more: Any) -> str:
    params = [{"name": "v", "kind": kind, "value": value}]
    return json.dumps({"id": 1, "chain": "EVM", "expr": expr, "params": params, **more})


def test_an_expression_is_met_or_not() -> None:
    assert answers("eval", a_line("v > 4"), a_line("v > 5", id="b")) == [
        {"id": 1, "result": True},
        {"id": "b", "result": False},
    ]


@pytest.mark.parametrize(
    ("line", "class_", "code", "column"),
    [
        (a_line("v >"), "ParseError", "expression.syntax", 4),
        (a_line(""), "ParseError", "expression.syntax", 1),
        (a_line("missing == 1"), "VariableNotFound", "expression.type", 1),
        (a_line("v == true"), "TypeMismatch", "expression.type", 6),
        (a_line("v == 1", value="x"), "ParseError", "expression.type", 6),
        (a_line("v contains 1"), "UnsupportedOperator", "expression.type", 12),
        (a_line("v[3] == 1", "array", "[1]"), "IndexOutOfBounds", "expression.type", 1),
        (a_line("v.b == 1", "string", '{"a":1}'), "FieldNotFound", "expression.type", 1),
        (a_line("v[3] == 1", "tuple", "(1)"), "ParseError", "expression.type", 1),
        (a_line("v > $missing"), "VariableNotFound", "expression.type", 5),
        (a_line("v IN @list"), "VariableNotFound", "expression.type", 6),
        (a_line("v matches 'x'"), "TypeMismatch", "expression.type", 11),
        (a_line("v matches 'x'", "string[]", "x"), "TypeMismatch", "expression.type", 11),
        (a_line("v matches '('", "string", "x"), "ParseError", "expression.type", 11),
        (a_line("v / 0 > 1"), "ParseError", "expression.type", 9),
        (a_line("v == 1", chain="Solana"), "TypeMismatch", "input.invalid", None),
        (a_line("v > 1", params=[]), "VariableNotFound", "expression.type", 1),
    ],
)
def test_what_cannot_be_told_is_an_error_of_the_originals_classes(
    line: str, class_: str, code: str, column: int | None
) -> None:
    [answer] = answers("eval", line)
    error = answer["error"]
    assert (error["class"], error["code"], error["column"]) == (class_, code, column)
    assert error["message"]


def test_an_unknown_parameter_comes_with_the_closest_or_with_those_there_are() -> None:
    params = [{"name": name, "kind": "uint256", "value": "1"} for name in ("value", "fee")]
    lines = [a_line(text, params=params) for text in ("valeu > 1", "xyz > 1", "fee > $vlaue")]
    errors = [answer["error"] for answer in answers("eval", *lines)]
    assert [error["message"] for error in errors] == [
        "there is no parameter valeu; did you mean value?",
        "there is no parameter xyz; there are value, fee",
        "there is no parameter vlaue; did you mean value?",
    ]
    assert {tuple(error) for error in errors} == {("class", "code", "message", "column")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v == 5 OR missing == 1", True),
        ("NOT v == 4", True),
        ("v IN (4, 5)", True),
        ("v * 2 == 10", True),
        ("units(v, 1) == 0.5 * 1", True),
    ],
)
def test_what_is_skipped_is_not_looked_at_and_extensions_are_read(
    text: str, *, expected: bool
) -> None:
    assert answers("eval", a_line(text)) == [{"id": 1, "result": expected}]


def test_lists_and_patterns_of_text_are_tried() -> None:
    [answer] = answers("eval", a_line("v matches '^ab' AND v IN (x, ABC)", "string", "abc"))
    assert answer == {"id": 1, "result": True}


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("uint256", 5, "v == 5"),
        ("uint256[]", [1, 10**40], f"v contains {10**40}"),
        ("bool", True, "v == true"),
        ("tuple", '(1,(2,"a, b"),[3])', "v contains 'A, b'"),
        ("tuple", "(1,(2,3))", "v contains 3"),
        ("tuple(uint256 a,bool b)", "(1,true)", "v[1] == true"),
    ],
)
def test_a_value_may_be_text_or_json(kind: str, value: Any, text: str) -> None:
    assert answers("eval", a_line(text, kind, value)) == [{"id": 1, "result": True}]


HOSTILE: list[str | bytes] = [
    "garbage",
    "[]",
    "{}",
    '{"id":1}',
    b"\xff\xfe",
    '{"id":1,"expr":5,"chain":"EVM","params":[]}',
    a_line("v == 1", params=[{"name": "v"}]),
    a_line("v == 1", params="x"),
    '{"id":' + "[" * 5000,
    "x" * (MAX_LINE_BYTES + 5),
    a_line("v == 1", "string", "\ud800"),
    a_line("v == 1", params=[{"name": "v", "kind": "", "value": ""}] * 1025),
    a_line("v contains 1", "tuple", "(" * 5000 + ")" * 5000),
    a_line("v contains 1", "tuple", "(" + "()," * 100_000 + "(" * 100 + "," * 200_000 + ")" * 101),
    a_line("v contains 1", "array", "[" * 100_000),
    a_line("v == 1", value="9" * 100_000),
    a_line("v == " + "(" * 5000),
]


@pytest.mark.parametrize("line", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_line_is_answered_by_an_error_and_the_next_is_read(line: str | bytes) -> None:
    bad, good = answers("eval", line, a_line("v == 5"))
    assert bad["error"]["class"] == "ParseError"
    assert good == {"id": 1, "result": True}


def test_a_bad_line_keeps_its_id_where_it_has_one() -> None:
    [answer] = answers("eval", '{"id":{"a":1},"expr":5}')
    assert answer["id"] == {"a": 1}


def test_blank_lines_are_passed_over() -> None:
    assert answers("eval", "", "  ", a_line("v == 5"), "") == [{"id": 1, "result": True}]


def test_a_long_line_is_not_kept_and_the_last_needs_no_break() -> None:
    longer = MAX_KEPT_BYTES + 2 * 1024 * 1024
    source = io.BytesIO(b"x" * longer + b"\n{}\n" + b"y" * longer)
    heads = [TooLongLine(letter * HEAD_BYTES) for letter in (b"x", b"y")]
    assert list(read_lines(source)) == [heads[0], b"{}\n", heads[1]]


@pytest.mark.parametrize("identity", ["7", '"b"', '"\\u00e9\\""'])
@pytest.mark.parametrize(
    "rest", ['"x": NaN}', '"expr": "' + "x" * MAX_LINE_BYTES + '", "expr": 5}']
)
def test_a_line_that_cannot_be_read_keeps_the_id_that_it_begins_with(
    identity: str, rest: str
) -> None:
    [answer] = answers("eval", f'{{"id": {identity}, {rest}')
    assert answer["id"] == json.loads(identity)
    assert "error" in answer


def test_a_line_far_too_long_keeps_the_id_that_it_begins_with() -> None:
    answer = json.loads(evaluate_line(TooLongLine(b'{"id":"far","expr":"aaaa')))
    assert answer["id"] == "far"
    assert answer["error"]["code"] == PayloadTooLargeError.code


def test_an_id_is_not_repeated_whatever_its_length() -> None:
    [answer] = answers("eval", a_line("v == 5", id="x" * MAX_ID_BYTES))
    assert answer["id"] is None
    assert "id" in answer["error"]["message"]


def test_an_expression_beyond_a_line_is_refused_for_its_own_length() -> None:
    [answer] = answers("eval", a_line(" AND ".join(["v == 5"] * 200_000), id="nodes"))
    assert answer["id"] == "nodes"
    assert answer["error"]["code"] == "expression.syntax"
    assert answer["error"]["column"] == MAX_LENGTH + 1


def test_a_line_that_is_long_for_another_reason_keeps_its_id() -> None:
    [answer] = answers("eval", a_line("v == 5", "string", "x" * MAX_LINE_BYTES))
    assert answer["id"] == 1
    assert answer["error"]["code"] == PayloadTooLargeError.code


def test_repeated_keys_are_refused_since_either_could_be_meant() -> None:
    twice = a_line("v == 5").replace('"expr"', '"expr": "v == 6", "expr"')
    [answer] = answers("eval", twice)
    assert answer["id"] == 1
    assert '\\"expr\\" is repeated' in json.dumps(answer["error"]["message"])


def test_lists_come_with_the_line() -> None:
    given = a_line(
        "v IN @known AND NOT v IN @none",
        "address",
        "0xAB",
        lists={
            "known": ["0xab", "0xcd"],
            "none": [],
        },
    )
    assert answers("eval", given) == [{"id": 1, "result": True}]


def test_parsing_shows_the_tree() -> None:
    [answer] = answers("parse", '{"id":1,"expr":"a[0].b == 0xff and (b == true or c > 1)"}')
    assert answer["ast"] == [
        "AND",
        ["==", {"var": "a", "path": [{"index": 0}, {"key": "b"}]}, {"str": "0xff"}],
        ["OR", ["==", {"var": "b"}, {"bool": True}], [">", {"var": "c"}, {"num": "1"}]],
    ]
    assert answer["text"] == "a[0].b == '0xff' AND (b == true OR c > 1)"


def test_parsing_shows_the_trees_of_the_extended_grammar() -> None:
    lines = [
        json.dumps({"expr": text})
        for text in (
            "NOT a IN (1, 'x')",
            "a IN @list",
            "a matches '^x'",
            "a + 1 > units($b, 6)",
        )
    ]
    assert [answer["ast"] for answer in answers("parse", *lines)] == [
        ["NOT", ["IN", {"var": "a"}, [{"num": "1"}, {"str": "x"}]]],
        ["IN", {"var": "a"}, {"list": "list"}],
        ["matches", {"var": "a"}, {"str": "^x"}],
        [">", ["+", {"var": "a"}, {"num": "1"}], ["units", {"var": "b"}, {"num": "6"}]],
    ]


def test_parsing_shows_the_tree_of_the_largest_expression() -> None:
    line = json.dumps({"id": 1, "expr": " AND ".join(["v == 5"] * 1024)})
    result = CliRunner().invoke(expr_command, ["parse"], input=line)
    assert result.exit_code == 0
    assert result.output.count('"AND"') == 1023


def test_a_text_that_does_not_parse_is_an_error_with_its_column() -> None:
    [answer] = answers("parse", '{"id":1,"expr":"a = 1"}')
    assert (answer["error"]["class"], answer["error"]["column"]) == ("ParseError", 3)


def test_the_command_is_found() -> None:
    result = CliRunner().invoke(cli, ["expr", "--help"])
    assert "eval" in result.output
    assert "parse" in result.output
