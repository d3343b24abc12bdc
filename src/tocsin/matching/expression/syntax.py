"""The tree of an expression, and its text again."""

from collections.abc import Iterator
from enum import StrEnum

import msgspec


class Operator(StrEnum):
    """How a comparison compares."""

    EQUAL = "=="
    UNEQUAL = "!="
    GREATER = ">"
    GREATER_EQUAL = ">="
    LESS = "<"
    LESS_EQUAL = "<="
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


class LiteralKind(StrEnum):
    """What a literal is by its spelling; hex digits and bare words are TEXT."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"


class Literal(msgspec.Struct, frozen=True):
    """The right side of a comparison, spelled as written; quotes are taken off, escapes kept."""

    kind: LiteralKind
    text: str


class Comparison(msgspec.Struct, frozen=True, tag="c"):
    """One parameter, or a part of it, compared with one literal.

    ``path`` leads into the parameter's value: an int is an index, a str a key. Columns count
    characters from 1.
    """

    name: str
    path: tuple[int | str, ...]
    operator: Operator
    literal: Literal
    column: int = 1
    literal_column: int = 1


class AllOf(msgspec.Struct, frozen=True, tag="a"):
    """Two or more terms joined by AND, evaluated from the left."""

    terms: tuple["Node", ...]


class AnyOf(msgspec.Struct, frozen=True, tag="o"):
    """Two or more terms joined by OR, evaluated from the left."""

    terms: tuple["Node", ...]


Node = Comparison | AllOf | AnyOf


def comparisons(node: Node) -> Iterator[Comparison]:
    """Yield the comparisons of a tree from left to right."""
    match node:
        case Comparison():
            yield node
        case AllOf(terms=terms) | AnyOf(terms=terms):
            for term in terms:
                yield from comparisons(term)


def render_expression(node: Node) -> str:
    """Return text that parses to the same tree, apart from its columns."""
    match node:
        case Comparison():
            return f"{_render_path(node)} {node.operator} {_render_literal(node.literal)}"
        case AllOf(terms=terms):
            return " AND ".join(_render_term(term, inside_all=True) for term in terms)
        case AnyOf(terms=terms):
            return " OR ".join(_render_term(term, inside_all=False) for term in terms)


def _render_term(term: Node, *, inside_all: bool) -> str:
    text = render_expression(term)
    binds = isinstance(term, Comparison) or (isinstance(term, AllOf) and not inside_all)
    return text if binds else f"({text})"


def _render_path(comparison: Comparison) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in comparison.path)
    return comparison.name + "".join(steps)


def _render_literal(literal: Literal) -> str:
    if literal.kind is not LiteralKind.TEXT:
        return literal.text
    # Escapes are part of the text, so it was quoted by the quote that it does not hold bare.
    unescaped = literal.text.replace("\\\\", "").replace("\\'", "")
    quote = '"' if "'" in unescaped or '\\"' in unescaped else "'"
    return f"{quote}{literal.text}{quote}"
