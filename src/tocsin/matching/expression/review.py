"""Tree and layout → everything that is wrong with it, or the parameters that it looks at.

For those who write an expression; ``checker`` stops at the first fault.
"""

from collections.abc import Iterator

from tocsin.errors import ExpressionTypeError
from tocsin.matching.expression.checker import check_expression, find_place
from tocsin.matching.expression.syntax import (
    AllOf,
    AnyOf,
    Comparison,
    Negation,
    Node,
    Reference,
    Relation,
    references,
    render_path,
)
from tocsin.model.interface import Layout


def find_faults(node: Node, layout: Layout) -> Iterator[ExpressionTypeError]:
    """Yield what ``check_expression`` refuses: the first fault of each comparison, in order."""
    match node:
        case AllOf(terms=terms) | AnyOf(terms=terms):
            for term in terms:
                yield from find_faults(term, layout)
        case Negation(term=term):
            yield from find_faults(term, layout)
        case _:
            try:
                check_expression(node, layout)
            except ExpressionTypeError as fault:
                yield fault


def list_parameters(node: Node, layout: Layout) -> dict[str, str | None]:
    """Return the parameters of an expression without faults, in order, with their kinds.

    A part of a parameter is listed with its path. A kind is None where only the value tells.
    """
    found: dict[str, str | None] = {}
    for reference in _references(node):
        parameter = find_place(reference, layout).parameter
        kind = None if parameter is None else parameter.kind
        found.setdefault(render_path(reference.name, reference.path), kind)
    return found


def _references(node: Node) -> Iterator[Comparison | Reference]:
    match node:
        case Comparison():
            yield node
        case AllOf(terms=terms) | AnyOf(terms=terms):
            for term in terms:
                yield from _references(term)
        case Negation(term=term):
            yield from _references(term)
        case Relation(left=left, right=right):
            yield from references(left)
            yield from references(right)
        case _:
            yield node.reference
