"""The extended grammar: NOT, IN, matches, arithmetic, ``$`` parameters and named lists.

It is asked only about text that the original grammar refuses. Each of its terms is one of the
original's where it can be, so a part that both have means the same in both.
"""

from tocsin.matching.expression.grammar import GrammarParser
from tocsin.matching.expression.lexer import Lexer
from tocsin.matching.expression.syntax import (
    Arithmetic,
    Comparison,
    Listed,
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
)

MAX_SIGNS = 64  # arithmetic signs in one expression
MAX_PATTERNS = 8
MAX_DECIMALS = 77  # digits of a number of 256 bits, less one
MAX_NUMERAL = 160  # characters of a number

_ORDERINGS = {
    Operator.EQUAL,
    Operator.UNEQUAL,
    Operator.GREATER,
    Operator.GREATER_EQUAL,
    Operator.LESS,
    Operator.LESS_EQUAL,
}


class ExtendedParser:
    """Reads the extended grammar: the original one, with more between AND and OR."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._frame = GrammarParser(lexer, self._condition)
        self._sign_count = 0
        self._pattern_count = 0

    def parse(self) -> Node:
        """Return the tree of the whole text.

        Raises:
            ExpressionSyntaxError: it is not of this grammar, or larger than the limits.
        """
        return self._frame.parse()

    def _condition(self, depth: int) -> Node:
        start = self._lexer.position
        if self._lexer.take_keyword("not") and not self._lexer.sees_operator():
            self._frame.require_depth(depth + 1)
            self._lexer.skip_blanks()
            return Negation(self._condition(depth + 1))
        self._lexer.position = start
        if not self._lexer.sees_operand_group() and self._lexer.take_sign("("):
            return self._frame.group(depth + 1)
        return self._extended_comparison(depth)

    def _extended_comparison(self, depth: int) -> Node:
        self._frame.count_comparison()
        column = self._lexer.column
        left = self._left(depth)
        self._lexer.skip_blanks()
        if isinstance(left, Reference):
            found = self._after_reference(left)
            if found is not None:
                return found
        operator = self._lexer.read_operator()
        self._lexer.skip_blanks()
        right_column = self._lexer.column
        if isinstance(left, Reference) and not self._lexer.sees_computation():
            return Comparison(
                name=left.name,
                path=left.path,
                operator=operator,
                literal=self._lexer.read_literal(),
                column=column,
                literal_column=right_column,
            )
        right = self._sum(depth, names=False)
        if operator not in _ORDERINGS and not isinstance(right, Reference):
            raise self._lexer.fail(f"{operator} does not compare numbers")
        return Relation(
            left=left, operator=operator, right=right, column=column, right_column=right_column
        )

    def _left(self, depth: int) -> Operand:
        """Return a parameter alone, by the original's rules, or else a computed operand."""
        start = self._lexer.position
        column = self._lexer.column
        if not self._lexer.sees_computation():
            name, path = self._lexer.read_reference()
            if not self._lexer.read_sign("+-*/"):
                return Reference(name=name, path=path, column=column)
            self._lexer.position = start
        return self._sum(depth, names=True)

    def _after_reference(self, reference: Reference) -> Node | None:
        """Return what IN or matches make of a parameter, or None before another operator."""
        if self._lexer.take_keyword("matches"):
            self._count_pattern()
            self._lexer.skip_blanks()
            column = self._lexer.column
            return Pattern(reference, self._lexer.read_pattern(), column)
        start = self._lexer.position
        negated = self._lexer.take_keyword("not")
        if negated:
            self._lexer.skip_blanks()
        if not self._lexer.take_keyword("in"):
            self._lexer.position = start
            return None
        self._lexer.skip_blanks()
        member = self._members(reference)
        return Negation(member) if negated else member

    def _count_pattern(self) -> None:
        self._pattern_count += 1
        if self._pattern_count > MAX_PATTERNS:
            raise self._lexer.fail(f"more than {MAX_PATTERNS} regular expressions")

    def _members(self, reference: Reference) -> Node:
        column = self._lexer.column
        if self._lexer.take_sign("@"):
            return Listed(reference, self._lexer.read_list_name(), column)
        if not self._lexer.take_sign("("):
            raise self._lexer.fail("expected a list in parentheses, or @ and the name of one")
        self._lexer.skip_blanks()
        literals = [self._lexer.read_literal()]
        self._lexer.skip_blanks()
        while self._lexer.take_sign(","):
            self._frame.count_comparison()
            self._lexer.skip_blanks()
            literals.append(self._lexer.read_literal())
            self._lexer.skip_blanks()
        if not self._lexer.take_sign(")"):
            raise self._lexer.fail("expected a comma or a closing parenthesis")
        return Membership(reference, tuple(literals), column)

    def _sum(self, depth: int, *, names: bool) -> Operand:
        left = self._product(depth, names=names)
        while sign := self._lexer.read_sign("+-"):
            left = self._joined(sign, left, depth, names=names)
        return left

    def _product(self, depth: int, *, names: bool) -> Operand:
        left = self._factor(depth, names=names)
        while sign := self._lexer.read_sign("*/"):
            left = self._joined(sign, left, depth, names=names)
        return left

    def _joined(self, sign: str, left: Operand, depth: int, *, names: bool) -> Operand:
        self._sign_count += 1
        if self._sign_count > MAX_SIGNS:
            raise self._lexer.fail(f"more than {MAX_SIGNS} arithmetic signs")
        self._lexer.skip_blanks()
        read = self._product if sign in "+-" else self._factor
        return Arithmetic(Sign(sign), left, read(depth, names=names))

    def _factor(self, depth: int, *, names: bool) -> Operand:
        self._frame.require_depth(depth)
        column = self._lexer.column
        if self._lexer.take_sign("("):
            return self._grouped(depth + 1, names=names)
        if self._lexer.take_sign("$"):
            return Reference(*self._lexer.read_reference(), column)
        if self._lexer.sees_computation() and self._lexer.take_keyword("units"):
            return self._scaled(depth + 1, names=names)
        if number := self._lexer.read_number():
            if len(number) > MAX_NUMERAL:
                raise self._lexer.fail("the number is too long")
            return Number(number, column)
        if not names:
            raise self._lexer.fail("expected a number, or a parameter with $ before its name")
        return Reference(*self._lexer.read_reference(), column)

    def _grouped(self, depth: int, *, names: bool) -> Operand:
        self._lexer.skip_blanks()
        inner = self._sum(depth, names=names)
        if not isinstance(inner, Arithmetic):
            raise self._lexer.fail("expected one of + - * / between two numbers")
        self._close()
        return inner

    def _scaled(self, depth: int, *, names: bool) -> Operand:
        self._lexer.skip_blanks()
        self._lexer.take_sign("(")
        self._lexer.skip_blanks()
        operand = self._sum(depth, names=names)
        self._lexer.skip_blanks()
        if not self._lexer.take_sign(","):
            raise self._lexer.fail("expected a comma and a number of decimals, as in units(x, 6)")
        self._lexer.skip_blanks()
        decimals = self._lexer.read_number()
        if not decimals.isdecimal() or len(decimals) > 2 or int(decimals) > MAX_DECIMALS:
            raise self._lexer.fail(f"expected a number of decimals from 0 to {MAX_DECIMALS}")
        if isinstance(operand, Number):
            raise self._lexer.fail("units() takes a parameter, as in units(value, 6) > 1.5")
        self._close()
        return Scaled(operand, int(decimals))

    def _close(self) -> None:
        self._lexer.skip_blanks()
        if not self._lexer.take_sign(")"):
            raise self._lexer.fail("expected a closing parenthesis")
