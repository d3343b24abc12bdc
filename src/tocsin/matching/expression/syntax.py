"""The tree of an expression, and its text again."""

import re
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


class Reference(msgspec.Struct, frozen=True, tag="r"):
    """A parameter, or a part of it, by the same rules as the left of a comparison."""

    name: str
    path: tuple[int | str, ...] = ()
    column: int = 1


class Number(msgspec.Struct, frozen=True, tag="n"):
    """A number inside arithmetic, spelled as written: decimal, or ``0x`` digits."""

    text: str
    column: int = 1


class Scaled(msgspec.Struct, frozen=True, tag="u"):
    """An operand divided by ten to the power of ``decimals``, exactly."""

    operand: "Operand"
    decimals: int


class Sign(StrEnum):
    """What arithmetic does with two numbers."""

    PLUS = "+"
    MINUS = "-"
    TIMES = "*"
    OVER = "/"


class Arithmetic(msgspec.Struct, frozen=True, tag="x"):
    """Two operands made into one number, exactly."""

    sign: Sign
    left: "Operand"
    right: "Operand"


Operand = Reference | Number | Scaled | Arithmetic


class Relation(msgspec.Struct, frozen=True, tag="e"):
    """Two operands compared: arithmetic, or a parameter on the right.

    A parameter alone on both sides may be of any type that has the operator.
    """

    left: Operand
    operator: Operator
    right: Operand
    column: int = 1
    right_column: int = 1


class Membership(msgspec.Struct, frozen=True, tag="i"):
    """A parameter equal to one of some literals."""

    reference: Reference
    literals: tuple[Literal, ...]
    literal_column: int = 1

    def alternatives(self) -> tuple[Comparison, ...]:
        """Return the comparisons that are together as much as this, in their order."""
        return tuple(
            Comparison(
                name=self.reference.name,
                path=self.reference.path,
                operator=Operator.EQUAL,
                literal=literal,
                column=self.reference.column,
                literal_column=self.literal_column,
            )
            for literal in self.literals
        )


class Listed(msgspec.Struct, frozen=True, tag="l"):
    """A parameter equal to an entry of a named list.

    ``entries`` are what was in the list when it was bound, or None before.
    """

    reference: Reference
    list_name: str
    list_column: int = 1
    entries: tuple[str, ...] | None = None


class Pattern(msgspec.Struct, frozen=True, tag="p"):
    """A text in which a regular expression is found."""

    reference: Reference
    pattern: str
    pattern_column: int = 1


class Negation(msgspec.Struct, frozen=True, tag="d"):
    """True where its term is false; where the term cannot be told, neither can this."""

    term: "Node"


class AllOf(msgspec.Struct, frozen=True, tag="a"):
    """Two or more terms joined by AND, evaluated from the left."""

    terms: tuple["Node", ...]


class AnyOf(msgspec.Struct, frozen=True, tag="o"):
    """Two or more terms joined by OR, evaluated from the left."""

    terms: tuple["Node", ...]


Extension = Relation | Membership | Listed | Pattern
Node = Comparison | AllOf | AnyOf | Negation | Extension


def references(operand: Operand) -> Iterator[Reference]:
    """Yield the parameters of an operand from left to right."""
    match operand:
        case Reference():
            yield operand
        case Scaled(operand=inner):
            yield from references(inner)
        case Arithmetic(left=left, right=right):
            yield from references(left)
            yield from references(right)
        case _:
            return


def render_expression(node: Node) -> str:
    """Return text that parses to the same tree, apart from its columns."""
    match node:
        case Comparison():
            left = render_path(node.name, node.path)
            return f"{left} {node.operator} {_render_literal(node.literal)}"
        case AllOf(terms=terms):
            return " AND ".join(_render_term(term, inside_all=True) for term in terms)
        case AnyOf(terms=terms):
            return " OR ".join(_render_term(term, inside_all=False) for term in terms)
        case Negation(term=term):
            return f"NOT ({render_expression(term)})"
        case _:
            return _render_extension(node)


def _render_extension(node: Extension) -> str:
    match node:
        case Relation(left=Reference(name=name, path=path)):
            return f"{render_path(name, path)} {node.operator} {render_operand(node.right)}"
        case Relation():
            return f"{render_operand(node.left)} {node.operator} {render_operand(node.right)}"
        case Membership(reference=reference, literals=literals):
            items = ", ".join(map(_render_literal, literals))
            return f"{render_path(reference.name, reference.path)} IN ({items})"
        case Listed(reference=reference, list_name=list_name):
            return f"{render_path(reference.name, reference.path)} IN @{list_name}"
        case _:
            text = _quoted(node.pattern, _without_escapes(node.pattern))
            return f"{render_path(node.reference.name, node.reference.path)} matches {text}"


def _render_term(term: Node, *, inside_all: bool) -> str:
    text = render_expression(term)
    grouped = isinstance(term, AnyOf) or (isinstance(term, AllOf) and inside_all)
    return f"({text})" if grouped else text


def render_path(name: str, path: tuple[int | str, ...]) -> str:
    """Return the text of a parameter or a part of it."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return name + "".join(steps)


def render_operand(operand: Operand) -> str:
    """Return the text of an operand; parameters with ``$``, so that it may stand anywhere."""
    match operand:
        case Reference(name=name, path=path):
            return f"${render_path(name, path)}"
        case Number(text=text):
            return text
        case Scaled(operand=inner, decimals=decimals):
            return f"units({render_operand(inner)}, {decimals})"
        case _:
            left, right = _render_factor(operand.left), _render_factor(operand.right)
            return f"{left} {operand.sign} {right}"


def _render_factor(operand: Operand) -> str:
    text = render_operand(operand)
    return f"({text})" if isinstance(operand, Arithmetic) else text


def _render_literal(literal: Literal) -> str:
    if literal.kind is not LiteralKind.TEXT:
        return literal.text
    return _quoted(literal.text, literal.text.replace("\\\\", "").replace("\\'", ""))


def _quoted(text: str, bare: str) -> str:
    # Escapes are part of the text, so it was quoted by the quote that it does not hold bare.
    quote = '"' if "'" in bare or '\\"' in bare else "'"
    return f"{quote}{text}{quote}"


def _without_escapes(pattern: str) -> str:
    return re.sub(r"\\.", "", pattern, flags=re.DOTALL)
