"""The tree of an expression → JSON, as users are shown it."""

import msgspec

from tocsin.matching.expression.syntax import (
    AllOf,
    AnyOf,
    Comparison,
    Extension,
    Listed,
    Literal,
    LiteralKind,
    Membership,
    Negation,
    Node,
    Number,
    Operand,
    Reference,
    Relation,
    Scaled,
)


def render_tree(node: Node) -> list[object]:
    """Return ``[operator, left, right]``; AND and OR have two sides or more.

    Shape: a parameter is ``{"var", "path"}`` with ``{"index"}`` and ``{"key"}`` steps, a literal
    ``{"num"}``, ``{"str"}`` or ``{"bool"}``.
    """
    match node:
        case Comparison(name=name, path=path, operator=operator, literal=literal):
            return [operator.value, _parameter(name, path), _literal(literal)]
        case AllOf(terms=terms):
            return ["AND", *map(render_tree, terms)]
        case AnyOf(terms=terms):
            return ["OR", *map(render_tree, terms)]
        case Negation(term=term):
            return ["NOT", render_tree(term)]
        case _:
            return _extension(node)


def encode_folded(node: Node) -> bytes:
    """Return the JSON of a tree in which AND and OR have two sides each, from the left."""
    match node:
        case AllOf(terms=terms):
            return _folded(b'["AND",', terms)
        case AnyOf(terms=terms):
            return _folded(b'["OR",', terms)
        case Negation(term=term):
            return b'["NOT",%b]' % encode_folded(term)
        case _:
            return msgspec.json.encode(render_tree(node))


def _folded(opening: bytes, terms: tuple[Node, ...]) -> bytes:
    # Written from the outside in: a thousand levels are more than an encoder goes down.
    first, *others = map(encode_folded, terms)
    closed = b"".join(b",%b]" % each for each in others)
    return opening * len(others) + first + closed


def _extension(node: Extension) -> list[object]:
    match node:
        case Relation(left=left, operator=operator, right=right):
            return [operator.value, _operand(left), _operand(right)]
        case Membership(reference=reference, literals=literals):
            return ["IN", _operand(reference), [_literal(literal) for literal in literals]]
        case Listed(reference=reference, list_name=list_name):
            return ["IN", _operand(reference), {"list": list_name}]
        case _:
            return ["matches", _operand(node.reference), {"str": node.pattern}]


def _operand(operand: Operand) -> object:
    match operand:
        case Reference(name=name, path=path):
            return _parameter(name, path)
        case Number(text=text):
            return {"num": text}
        case Scaled(operand=inner, decimals=decimals):
            return ["units", _operand(inner), {"num": str(decimals)}]
        case _:
            return [operand.sign.value, _operand(operand.left), _operand(operand.right)]


def _parameter(name: str, path: tuple[int | str, ...]) -> dict[str, object]:
    steps = [{"index": step} if isinstance(step, int) else {"key": step} for step in path]
    return {"var": name, "path": steps} if steps else {"var": name}


def _literal(literal: Literal) -> dict[str, object]:
    match literal.kind:
        case LiteralKind.NUMBER:
            return {"num": literal.text}
        case LiteralKind.TEXT:
            return {"str": literal.text}
        case _:
            return {"bool": literal.text == "true"}
