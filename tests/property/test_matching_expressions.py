"""Laws of expressions: rendering parses back, and nothing that comes from outside can raise."""

import re
import string

from hypothesis import given
from hypothesis import strategies as st

from tests.support.matching import a_layout, arguments_of
from tocsin.errors import ExpressionSyntaxError, ExpressionTypeError
from tocsin.matching.expression.compiler import compile_expression
from tocsin.matching.expression.lexer import KEYWORDS
from tocsin.matching.expression.parser import parse_expression
from tocsin.matching.expression.regex import compile_pattern
from tocsin.matching.expression.syntax import (
    AllOf,
    AnyOf,
    Arithmetic,
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
    Operator,
    Pattern,
    Reference,
    Relation,
    Scaled,
    Sign,
    render_expression,
)
from tocsin.matching.expression.syntax import references as references_of
from tocsin.model.interface import Argument, Layout, Parameter, Value, ValueType

words = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=6).filter(
    lambda word: word[0] not in string.digits and word.lower() not in KEYWORDS
)
names = words | st.from_regex(r"[0-9]{1,3}", fullmatch=True)
quoted = st.one_of(
    st.lists(st.sampled_from(["a", "é", "\n", '"', "\\\\", "\\'"])).map("".join),
    st.lists(st.sampled_from(["a", "é", "\n", "'", "\\\\", '\\"'])).map("".join),
)
literals = st.one_of(
    st.builds(Literal, st.just(LiteralKind.TEXT), quoted),
    st.builds(Literal, st.just(LiteralKind.BOOLEAN), st.sampled_from(["true", "false"])),
    st.builds(
        Literal,
        st.just(LiteralKind.NUMBER),
        st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{1,3})?", fullmatch=True),
    ),
)
comparisons = st.builds(
    Comparison,
    name=names,
    path=st.lists(st.integers(0, 2**64 - 1) | names, max_size=3).map(tuple),
    operator=st.sampled_from(Operator),
    literal=literals,
)
references = st.builds(Reference, names, st.lists(st.integers(0, 9) | names, max_size=2).map(tuple))
numbers = st.builds(
    Number, st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{1,3})?|0x[0-9a-f]{1,6}", fullmatch=True)
)
arithmetic = st.recursive(
    st.builds(Arithmetic, st.sampled_from(Sign), references | numbers, references | numbers)
    | st.builds(Scaled, references, st.integers(0, 77)),
    lambda inner: (
        st.builds(Arithmetic, st.sampled_from(Sign), inner, inner | references)
        | st.builds(Scaled, inner, st.integers(0, 77))
    ),
    max_leaves=4,
)
signs = st.sampled_from([operator for operator in Operator if not operator[0].isalpha()])
patterns = st.lists(st.sampled_from(["a", "'", "\\'", '\\"', "\\d", "[a-c]", "(", "|", ")"])).map(
    "".join
)
extensions = st.one_of(
    st.builds(Relation, arithmetic | references, signs, arithmetic),
    st.builds(Relation, references, st.sampled_from(Operator), references),
    st.builds(Membership, references, st.lists(literals, min_size=1, max_size=4).map(tuple)),
    st.builds(Listed, references, st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True)),
    st.builds(Pattern, references, patterns),
)


def joined(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(AllOf, terms) | st.builds(AnyOf, terms)


nodes: st.SearchStrategy[Node] = st.recursive(comparisons, joined, max_leaves=8)
extended_nodes: st.SearchStrategy[Node] = st.recursive(
    comparisons | extensions,
    lambda inner: joined(inner) | st.builds(Negation, inner),
    max_leaves=6,
)


def without_columns(node: Node) -> Node:
    match node:
        case Comparison():
            return Comparison(node.name, node.path, node.operator, node.literal)
        case AllOf(terms=terms) | AnyOf(terms=terms):
            return type(node)(tuple(without_columns(term) for term in terms))
        case Negation(term=term):
            return Negation(without_columns(term))
        case _:
            return bare_extension(node)


def bare_extension(node: Extension) -> Node:
    match node:
        case Relation(left=left, operator=operator, right=right):
            return Relation(bare_operand(left), operator, bare_operand(right))
        case Membership(reference=reference, literals=literals):
            return Membership(bare_reference(reference), literals)
        case Listed(reference=reference, list_name=list_name):
            return Listed(bare_reference(reference), list_name)
        case Pattern(reference=reference, pattern=pattern):
            return Pattern(bare_reference(reference), pattern)


def bare_reference(reference: Reference) -> Reference:
    return Reference(reference.name, reference.path)


def bare_operand(operand: Operand) -> Operand:
    match operand:
        case Reference():
            return bare_reference(operand)
        case Number(text=text):
            return Number(text)
        case Scaled(operand=inner, decimals=decimals):
            return Scaled(bare_operand(inner), decimals)
        case Arithmetic(sign=sign, left=left, right=right):
            return Arithmetic(sign, bare_operand(left), bare_operand(right))


@given(nodes | extended_nodes)
def test_a_rendered_expression_parses_to_the_same_tree(node: Node) -> None:
    assert without_columns(parse_expression(render_expression(node))) == node


hostile_texts = st.lists(
    st.sampled_from(
        [
            *"ab01. \t'\"\\()[]=!<>xX-+_&|\n*/$@,",
            *("or", "AND", "contains", "é", "a == 1", "NOT ", " IN (", " matches '", "units("),
        ]
    ),
    max_size=40,
).map("".join)


def error_column(text: str) -> int:
    """Return where a text is at fault, or 1 where it parses and renders to its equal."""
    try:
        node = parse_expression(text)
    except ExpressionSyntaxError as refused:
        return refused.column
    assert without_columns(parse_expression(render_expression(node))) == without_columns(node)
    return 1


@given(hostile_texts)
def test_any_text_parses_or_is_refused_at_one_of_its_columns(text: str) -> None:
    assert 1 <= error_column(text) <= len(text) + 1


values: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**256), 2**256) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(
    node=nodes | extended_nodes,
    family=st.sampled_from(["EVM", "Stellar"]),
    types=st.lists(st.sampled_from(ValueType), min_size=1, max_size=3),
    value=values,
    text=st.text(max_size=8) | st.sampled_from(["[1]", '{"a":1}', "(1)", "[" * 2000]),
)
def test_whatever_compiles_can_be_asked_about_any_value(
    node: Node, family: str, types: list[ValueType], value: Value, text: str
) -> None:
    first = next(iter(_names(node)))
    layout = Layout(
        family=family,
        parameters=tuple(
            Parameter(name=name, kind=kind, type=kind)
            for name, kind in zip([first, "a", "b"], types, strict=False)
        ),
    )
    try:
        predicate = compile_expression(node, layout)
    except ExpressionTypeError:
        return
    arguments = [
        Argument(name=each.name, kind=each.kind, type=each.type, value=value, text=text)
        for each in layout.parameters
    ]
    assert predicate(arguments) in {True, False}


def _names(node: Node) -> list[str]:
    match node:
        case Comparison(name=name):
            return [name]
        case AllOf(terms=terms) | AnyOf(terms=terms):
            return [name for term in terms for name in _names(term)]
        case Negation(term=term):
            return _names(term)
        case Relation(left=left, right=right):
            used = (*references_of(left), *references_of(right))
            return [reference.name for reference in used] or ["none"]
        case Membership() | Listed() | Pattern():
            return [node.reference.name]


@given(
    value=st.integers(0, 2**256 - 1),
    limit=st.integers(0, 2**256 - 1),
    spell=st.sampled_from([str, hex]),
)
def test_unsigned_integers_compare_as_integers_do(value: int, limit: int, spell: type) -> None:
    layout = a_layout(("v", ValueType.UINT))
    for operator, expected in (
        (">", value > limit),
        ("<=", value <= limit),
        ("==", value == limit),
        ("!=", value != limit),
    ):
        node = parse_expression(f"v {operator} {spell(limit)}")
        assert compile_expression(node, layout)(arguments_of(layout, value)) is expected


pattern_atoms = st.sampled_from(["a", "B", "1", ".", "[ab]", "[^a]", r"\d", r"\W", "$", "(?:ab|)"])
regexes = st.recursive(
    pattern_atoms,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds(
            "(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}"])
        ),
    ),
    max_leaves=5,
)


@given(anchor=st.sampled_from(["", "^"]), body=regexes, text=st.text("abAB1 \n", max_size=6))
def test_a_pattern_is_found_where_another_engine_finds_it(
    anchor: str, body: str, text: str
) -> None:
    expected = re.compile(anchor + body.replace("$", r"\Z"), re.IGNORECASE | re.DOTALL | re.ASCII)
    assert compile_pattern(anchor + body)(text) is (expected.search(text) is not None)
