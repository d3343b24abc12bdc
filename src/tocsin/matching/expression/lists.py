"""Named lists: a tree that names them → the same tree with what is in them now.

A list is bound when a monitor is compiled. What is compiled needs no list any more; when a list
changes, the monitors that name it are compiled again.
"""

from msgspec.structs import replace

from tocsin.matching.expression.computing import Lists
from tocsin.matching.expression.syntax import AllOf, AnyOf, Listed, Negation, Node


def bind_lists(node: Node, lists: Lists) -> Node:
    """Return a tree whose named lists hold their entries; a name that is not known stays open."""
    match node:
        case Listed(list_name=name) if name in lists:
            return replace(node, entries=tuple(sorted(set(lists[name]))))
        case AllOf(terms=terms):
            return AllOf(tuple(bind_lists(term, lists) for term in terms))
        case AnyOf(terms=terms):
            return AnyOf(tuple(bind_lists(term, lists) for term in terms))
        case Negation(term=term):
            return Negation(bind_lists(term, lists))
        case _:
            return node
