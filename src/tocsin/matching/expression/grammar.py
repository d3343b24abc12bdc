"""The original grammar: lexemes → tree, and the limits that every grammar keeps."""

from collections.abc import Callable

from tocsin.matching.expression.lexer import Lexer
from tocsin.matching.expression.syntax import AllOf, AnyOf, Comparison, Node

MAX_DEPTH = 64  # parentheses inside one another
MAX_COMPARISONS = 1024


class GrammarParser:
    """Reads what the original grammar accepts; ``over_limit`` says that only its size is wrong.

    ``condition`` reads what stands between AND and OR, given how deep that is; without it
    this is one of the original's comparisons or a group.
    """

    def __init__(self, lexer: Lexer, condition: Callable[[int], Node] | None = None) -> None:
        self._lexer = lexer
        self._condition = condition or self._original_condition
        self._comparison_count = 0
        self.over_limit = False

    def parse(self) -> Node:
        """Return the tree of the whole text.

        Raises:
            ExpressionSyntaxError: it is not of this grammar, or larger than the limits.
        """
        node = self._any_of(depth=0)
        if not self._lexer.at_end:
            raise self._lexer.fail("expected AND, OR or the end of the expression")
        return node

    def group(self, depth: int) -> Node:
        """Return what stands in a parenthesis that has just been opened.

        Raises:
            ExpressionSyntaxError: it is not of this grammar, or not closed, or too deep.
        """
        self.require_depth(depth)
        node = self._any_of(depth)
        if not self._lexer.take_sign(")"):
            raise self._lexer.fail("expected AND, OR or a closing parenthesis")
        return node

    def require_depth(self, depth: int) -> None:
        """Raise ExpressionSyntaxError where parentheses are too many inside one another."""
        if depth > MAX_DEPTH:
            self.over_limit = True
            raise self._lexer.fail(f"more than {MAX_DEPTH} parentheses inside one another")

    def count_comparison(self) -> None:
        """Raise ExpressionSyntaxError if the comparison that is next is one too many."""
        self._comparison_count += 1
        if self._comparison_count > MAX_COMPARISONS:
            self.over_limit = True
            raise self._lexer.fail(f"more than {MAX_COMPARISONS} comparisons")

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
        node = self._condition(depth)
        self._lexer.skip_blanks()
        return node

    def _original_condition(self, depth: int) -> Node:
        if self._lexer.take_sign("("):
            return self.group(depth + 1)
        return self._comparison()

    def _comparison(self) -> Comparison:
        self.count_comparison()
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
