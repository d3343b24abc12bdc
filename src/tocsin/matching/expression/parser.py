"""Expression text → tree, or one error with its column.

Source: the expression grammar of OpenZeppelin Monitor 1.6, whose ordered alternatives leave no
choice that needs going back; every text it accepts gives the same tree here.
"""

from tocsin.errors import ExpressionSyntaxError
from tocsin.matching.expression.lexer import Lexer
from tocsin.matching.expression.syntax import AllOf, AnyOf, Comparison, Node

MAX_LENGTH = 4096  # characters
MAX_DEPTH = 64  # parentheses inside one another
MAX_COMPARISONS = 256


def parse_expression(text: str, *, field: str = "") -> Node:
    """Return the tree of an expression.

    ``field`` is the JSON path that errors name.

    Raises:
        ExpressionSyntaxError: the text is not an expression, or larger than the limits above.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionSyntaxError(
            f"an expression has at most {MAX_LENGTH} characters, this one has {len(text)}",
            column=MAX_LENGTH + 1,
            field=field,
        )
    return _Parser(Lexer(text, field=field)).parse()


class _Parser:
    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._comparison_count = 0

    def parse(self) -> Node:
        node = self._any_of(depth=0)
        if not self._lexer.at_end:
            raise self._lexer.fail("expected AND, OR or the end of the expression")
        return node

    def _any_of(self, depth: int) -> Node:
        terms = [self._all_of(depth)]
        while self._lexer.take_word("or"):
            terms.append(self._all_of(depth))
        return terms[0] if len(terms) == 1 else AnyOf(tuple(terms))

    def _all_of(self, depth: int) -> Node:
        terms = [self._term(depth)]
        while self._lexer.take_word("and"):
            terms.append(self._term(depth))
        return terms[0] if len(terms) == 1 else AllOf(tuple(terms))

    def _term(self, depth: int) -> Node:
        self._lexer.skip_blanks()
        node = self._group(depth + 1) if self._lexer.take_sign("(") else self._comparison()
        self._lexer.skip_blanks()
        return node

    def _group(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._lexer.fail(f"more than {MAX_DEPTH} parentheses inside one another")
        node = self._any_of(depth)
        if not self._lexer.take_sign(")"):
            raise self._lexer.fail("expected AND, OR or a closing parenthesis")
        return node

    def _comparison(self) -> Comparison:
        self._comparison_count += 1
        if self._comparison_count > MAX_COMPARISONS:
            raise self._lexer.fail(f"more than {MAX_COMPARISONS} comparisons")
        column = self._lexer.column
        name = self._lexer.read_name()
        path = []
        while (step := self._lexer.read_step()) is not None:
            path.append(step)
        self._lexer.skip_blanks()
        operator = self._lexer.read_operator()
        self._lexer.skip_blanks()
        literal_column = self._lexer.column
        literal = self._lexer.read_literal()
        return Comparison(
            name=name,
            path=tuple(path),
            operator=operator,
            literal=literal,
            column=column,
            literal_column=literal_column,
        )
