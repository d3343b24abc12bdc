"""The original's expression grammar once more, from its description alone: slow and literal.

Shares no code with the product. ``parse`` returns a tree of lists, or None for a syntax error.
"""

from collections.abc import Callable
from typing import Any

KEYWORDS = {"true", "false", "and", "or", "contains", "starts_with", "ends_with"}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
HEX_DIGITS = DIGITS + "abcdefABCDEF"
DELIMITERS = " \t)(,=!><&|]"


class RefusedError(Exception):
    """No alternative of the grammar fits here."""


class Grammar:
    """Reads by ordered alternatives, one character after another."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def peek(self, offset: int = 0) -> str:
        place = self.at + offset
        return self.text[place] if place < len(self.text) else ""

    def blanks(self) -> None:
        while self.peek() in (" ", "\t"):
            self.at += 1

    def run(self, characters: str) -> str:
        start = self.at
        while self.peek() and self.peek() in characters:
            self.at += 1
        return self.text[start : self.at]

    def word(self, spelling: str) -> bool:
        piece = self.text[self.at : self.at + len(spelling)]
        if len(piece) != len(spelling) or not piece.isascii() or piece.lower() != spelling:
            return False
        self.at += len(spelling)
        return True

    def whole(self) -> Any:
        tree = self.expr()
        if self.at != len(self.text):
            raise RefusedError
        return tree

    def expr(self) -> Any:
        self.blanks()
        tree = self.joined("or", lambda: self.joined("and", self.term))
        self.blanks()
        return tree

    def joined(self, word: str, part: Callable[[], Any]) -> Any:
        tree = part()
        while True:
            start = self.at
            try:
                self.blanks()
                if not self.word(word):
                    raise RefusedError
                self.blanks()
                tree = [word.upper(), tree, part()]
            except RefusedError:
                self.at = start
                return tree

    def term(self) -> Any:
        self.blanks()
        if self.peek() == "(":
            self.at += 1
            tree = self.expr()
            if self.peek() != ")":
                raise RefusedError
            self.at += 1
        else:
            tree = self.condition()
        self.blanks()
        return tree

    def condition(self) -> Any:
        left = self.left()
        self.blanks()
        operator = self.operator()
        self.blanks()
        literal = self.literal()
        self.blanks()
        return [operator, left, literal]

    def identifier(self) -> str:
        if not self.peek() or self.peek() not in LETTERS + "_":
            return ""
        return self.run(LETTERS + DIGITS + "_")

    def left(self) -> dict[str, Any]:
        name = self.identifier()
        if name.lower() in KEYWORDS:
            raise RefusedError
        if not name:
            name = self.run(DIGITS)
            two = self.peek() + self.peek(1)
            if not name or (
                (self.peek() not in ("[", ".", " ", "\t", ">", "<", ""))
                and (two not in ("==", "!=", ">=", "<="))
            ):
                raise RefusedError
        path = []
        while (step := self.accessor()) is not None:
            path.append(step)
        return {"var": name, "path": path} if path else {"var": name}

    def accessor(self) -> Any:
        start = self.at
        if self.peek() == "[":
            self.at += 1
            digits = self.run(DIGITS)
            if digits and self.peek() == "]" and int(digits) < 2**64:
                self.at += 1
                return {"index": int(digits)}
        elif self.peek() == ".":
            self.at += 1
            key = self.identifier() or self.run(DIGITS)
            if key and self.peek() in (" ", "\t", "", "[", ".", "=", "!", ">", "<", ")", "("):
                return {"key": key}
        self.at = start
        return None

    def operator(self) -> str:
        for spelling in ("contains", "starts_with", "ends_with"):
            if self.word(spelling):
                return spelling
        for spelling in (">=", "<=", "==", "!=", ">", "<"):
            if self.text.startswith(spelling, self.at):
                self.at += len(spelling)
                return spelling
        raise RefusedError

    def delimited(self) -> bool:
        return self.peek() == "" or self.peek() in DELIMITERS

    def literal(self) -> dict[str, Any]:
        start = self.at
        for alternative in (self.quoted, self.boolean, self.hexadecimal, self.number, self.bare):
            self.at = start
            found: dict[str, Any] | None = alternative()
            if found is not None:
                return found
        raise RefusedError

    def quoted(self) -> Any:
        quote = self.peek()
        if quote not in ("'", '"'):
            return None
        self.at += 1
        start = self.at
        while self.peek() and self.peek() != quote:
            if self.peek() == "\\":
                if self.peek(1) not in (quote, "\\"):
                    return None
                self.at += 1
            self.at += 1
        if not self.peek():
            return None
        self.at += 1
        return {"str": self.text[start : self.at - 1]}

    def boolean(self) -> Any:
        for spelling in ("true", "false"):
            if self.text.startswith(spelling, self.at):
                self.at += len(spelling)
                return {"bool": spelling == "true"} if self.delimited() else None
        return None

    def hexadecimal(self) -> Any:
        start = self.at
        if self.peek() != "0" or self.peek(1) not in ("x", "X"):
            return None
        self.at += 2
        digits = self.run(HEX_DIGITS)
        return {"str": self.text[start : self.at]} if digits and self.delimited() else None

    def number(self) -> Any:
        start = self.at
        if self.peek() in ("+", "-"):
            self.at += 1
        if not self.run(DIGITS):
            return None
        if self.peek() == "." and self.peek(1) and self.peek(1) in DIGITS:
            self.at += 1
            self.run(DIGITS)
        return {"num": self.text[start : self.at]} if self.delimited() else None

    def bare(self) -> Any:
        word = self.run(LETTERS + DIGITS + "_-")
        vetoed = (
            not word
            or word.lower() in KEYWORDS
            or all(character in DIGITS + "+-" for character in word)
            or (word[:2] in ("0x", "0X") and all(each in HEX_DIGITS for each in word[2:]))
        )
        return None if vetoed else {"str": word}


def parse(text: str) -> Any:
    """Return the tree of a text, or None for a syntax error."""
    try:
        return Grammar(text).whole()
    except RefusedError:
        return None
