"""Every text the original accepts keeps its meaning; what it refuses is refused or explained."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.expression_vectors import Vector, to_arguments, to_layout, vectors
from tocsin.errors import ExpressionSyntaxError, ExpressionTypeError
from tocsin.matching.expression.checker import check_expression
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.expression.parts import to_argument
from tocsin.matching.expression.samples import Sample, evaluate_samples
from tocsin.matching.expression.syntax import AllOf, AnyOf, Comparison, Literal, LiteralKind, Node
from tocsin.matching.expression.values import (
    Dialect,
    Fault,
    IncomparableError,
    parse_signed,
    parse_unsigned,
    read_json,
)

# The original finds a wrong name only when it evaluates it, so one that is skipped does no harm
# there; here it is refused when the monitor is saved.
REFUSED_WHEN_SAVED = frozenset({"E-288", "E-290"})

# Errors of the original that have a meaning here, and which. `docs/compatibility.md` lists each
# by its id, with the reason; nothing that the original decides is ever decided otherwise.
GIVEN_A_MEANING = {
    "E-050": True,
    "E-051": True,
    "E-052": True,
    "E-053": True,
    "E-054": True,
    "E-234": True,
}

# The same, and the order of Stellar's integers of 256 bits.
TRIALS_GIVEN_A_MEANING = {**GIVEN_A_MEANING, "S-032": False}

# Types whose comparisons were errors: bytes4, uint96, fixed arrays; the order of Stellar's
# 256-bit integers; Stellar's fixed-size bytes.
TYPES_GIVEN_A_MEANING = frozenset({"X-015", "X-016", "X-017", "X-029", "X-035"})


def _named(section: str) -> pytest.MarkDecorator:
    rows = vectors(section)
    return pytest.mark.parametrize("vector", rows, ids=[row["id"] for row in rows])


def outcome(family: str, params: Sequence[Vector], text: str) -> bool | str:
    """Return what becomes of an expression: met, not met, or refused when saved."""
    layout = to_layout(family, params)
    try:
        node = parse_expression(text)
        check_expression(node, layout)
    except (ExpressionSyntaxError, ExpressionTypeError):
        return "refused"
    return compile_expression(node, layout)(to_arguments(layout, params))


@_named("parse")
def test_a_text_has_the_tree_of_the_original(vector: Vector) -> None:
    if not vector["ok"]:
        with pytest.raises(ExpressionSyntaxError):
            parse_expression(vector["expr"])
        return
    assert _tree(parse_expression(vector["expr"])) == vector["ast"]


def _tree(node: Node) -> list[Any]:
    match node:
        case Comparison():
            left: dict[str, Any] = {"var": node.name}
            if node.path:
                left["path"] = [
                    {"index": step} if isinstance(step, int) else {"key": step}
                    for step in node.path
                ]
            return [node.operator.value, left, _literal(node.literal)]
        case AllOf(terms=terms):
            return _folded("AND", terms)
        case AnyOf(terms=terms):
            return _folded("OR", terms)
        case _:
            return [type(node).__name__]


def _folded(name: str, terms: tuple[Node, ...]) -> list[Any]:
    tree = _tree(terms[0])
    for term in terms[1:]:
        tree = [name, tree, _tree(term)]
    return tree


def _literal(literal: Literal) -> dict[str, Any]:
    match literal.kind:
        case LiteralKind.NUMBER:
            return {"num": literal.text}
        case LiteralKind.TEXT:
            return {"str": literal.text}
        case LiteralKind.BOOLEAN:
            return {"bool": literal.text == "true"}


@_named("eval")
def test_an_expression_comes_out_as_in_the_original(vector: Vector) -> None:
    result = outcome(vector["chain"], vector["params"], vector["expr"])
    if vector["id"] in REFUSED_WHEN_SAVED:
        assert result == "refused"
    elif isinstance(vector["expect"], bool):
        assert result is vector["expect"]
    elif vector["id"] in GIVEN_A_MEANING:
        assert result is GIVEN_A_MEANING[vector["id"]]
    else:
        assert result in {False, "refused"}


def trial(chain: str, params: Sequence[Vector], text: str) -> bool | str:
    """Return what evaluating an expression comes to: met, not met, or the class of the error."""
    try:
        node = parse_expression(text)
    except ExpressionSyntaxError:
        return Fault.PARSE.value
    samples = [Sample(each["name"], each["kind"], each["value"]) for each in params]
    result = evaluate_samples(node, Dialect(chain), samples)
    return result if isinstance(result, bool) else result.fault.value


@_named("eval")
def test_a_trial_gives_the_result_or_the_error_of_the_original(vector: Vector) -> None:
    result = trial(vector["chain"], vector["params"], vector["expr"])
    if vector["id"] in TRIALS_GIVEN_A_MEANING:
        assert result is TRIALS_GIVEN_A_MEANING[vector["id"]]
    elif isinstance(vector["expect"], bool):
        assert result is vector["expect"]
    else:
        assert result == vector["expect"]["error"]


@_named("operator_matrix")
def test_a_trial_knows_the_operators_of_the_original(vector: Vector) -> None:
    params = [{"name": "v", "kind": vector["kind"], "value": vector["value"]}]
    for operator, results in vector["results"].items():
        for literal, expected in results.items():
            text = f"v {operator} {vector['literals'][literal]}"
            result = trial(vector["chain"], params, text)
            if vector["id"] in TYPES_GIVEN_A_MEANING and isinstance(result, bool):
                assert not isinstance(expected, bool) or result is expected, text
            else:
                assert result == expected, text


@_named("operator_matrix")
def test_an_operator_is_defined_for_the_types_of_the_original(vector: Vector) -> None:
    params = [{"name": "v", "kind": vector["kind"], "value": vector["value"]}]
    for operator, results in vector["results"].items():
        for literal, expected in results.items():
            text = f"v {operator} {vector['literals'][literal]}"
            result = outcome(vector["chain"], params, text)
            if isinstance(expected, bool):
                assert result is expected, text
            else:
                meant = vector["id"] in TYPES_GIVEN_A_MEANING
                assert meant or result in {False, "refused"}, text


@_named("integer_parse")
def test_a_literal_becomes_the_integer_of_the_original(vector: Vector) -> None:
    parse = parse_signed if vector["kind"] == "int256" else parse_unsigned
    if vector["value"] is None:
        with pytest.raises(IncomparableError):
            parse(vector["text"])
    else:
        assert parse(vector["text"]) == int(vector["value"])


KINDS = {
    "string": "text",
    "bytes": "text",
    "bytes32": "text",
    "address": "address",
    "int64": "int",
    "array": "array",
    "bool": "bool",
    "i64": "native_int",
    "u64": "native_int",
    "vec": "array",
    "map": "map",
}


@_named("json_kind")
def test_a_part_of_a_structured_value_has_the_kind_of_the_original(vector: Vector) -> None:
    dialect = Dialect(vector["chain"])
    kind = vector["kind"].lower()
    part = read_json(vector["json"])
    if kind == "null" or (kind == "map" and dialect is Dialect.EVM):
        with pytest.raises(IncomparableError):
            to_argument(part, dialect)
    else:
        assert to_argument(part, dialect).type == KINDS[kind]


def listed_deviations() -> dict[str, str]:
    """Return the vectors that the page on compatibility lists, with their quirk."""
    page = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")
    table = page.split("<!-- deviations -->\n")[1].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    return {vector.strip("`"): row[1].strip() for row in rows for vector in row[0].split(", ")}


def test_the_page_on_compatibility_lists_every_deviation_and_no_other() -> None:
    deviations = {*TRIALS_GIVEN_A_MEANING, *TYPES_GIVEN_A_MEANING}
    assert listed_deviations().keys() == deviations
    assert all(re.fullmatch(r"Q[0-9]+", quirk) for quirk in listed_deviations().values())


def test_the_page_on_compatibility_lists_what_is_refused_when_saved() -> None:
    page = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("- <!-- refused -->")]
    assert set(re.findall(r"`([A-Z]-[0-9]+)`", line)) == REFUSED_WHEN_SAVED


def test_a_deviation_is_always_from_an_error() -> None:
    expected = {row["id"]: row["expect"] for row in vectors("eval")}
    assert not any(isinstance(expected[name], bool) for name in TRIALS_GIVEN_A_MEANING)
    for row in vectors("operator_matrix"):
        if row["id"] in TYPES_GIVEN_A_MEANING:
            classes = {each for results in row["results"].values() for each in results.values()}
            assert classes - {True, False}, row["id"]
