"""Expression text → tree, or one error with its column.

Source: the expression grammar of OpenZeppelin Monitor 1.6, whose ordered alternatives leave no
choice that needs going back; every text it accepts gives the same tree here. Only a text that it
refuses is read by the extended grammar.
"""

from tocsin.errors import ExpressionSyntaxError
from tocsin.matching.expression.extended import ExtendedParser
from tocsin.matching.expression.grammar import MAX_COMPARISONS, MAX_DEPTH, GrammarParser
from tocsin.matching.expression.lexer import Lexer
from tocsin.matching.expression.syntax import Node

__all__ = ["MAX_COMPARISONS", "MAX_DEPTH", "MAX_LENGTH", "parse_expression"]

MAX_LENGTH = 65_536  # characters


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
    original = GrammarParser(Lexer(text, field=field))
    try:
        return original.parse()
    except ExpressionSyntaxError as refused:
        if original.over_limit:
            raise
        first = refused
    try:
        return ExtendedParser(Lexer(text, field=field)).parse()
    except ExpressionSyntaxError as refused:
        further = refused if refused.column > first.column else first
    raise further
