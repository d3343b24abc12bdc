"""Regular expressions: what they mean, what is refused, and that no text makes them slow."""

from random import Random

import pytest

from tocsin.matching.expression.regex import MAX_TEXT, compile_pattern
from tocsin.matching.expression.values import IncomparableError


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("b+", "abbc", True),
        ("^b", "ab", False),
        ("^a.c$", "abc", True),
        ("^ab?c$", "ac", True),
        ("a{2,3}$", "xaa", True),
        ("^a{2}$", "aaa", False),
        ("^a{2,}$", "aaaa", True),
        ("^(?:ab|cd)+$", "abcdab", True),
        ("[^0-9]", "123", False),
        ("[]a]", "]", True),
        ("[a-]", "-", True),
        (r"^\d{3}-\w\s\.$", "123-x .", True),
        (r"^[\d\-x]+$", "1-x", True),
        (r"\D", "12", False),
        (r"\n", "a\nb", True),
        ("É", "é", True),
        ("[A-Z]+$", "abc", True),
        ("[^A]", "a", False),
        ("", "x", True),
        ("^^a$$", "a", True),
        ("a*?b", "aab", True),
        (".", "\n", True),
    ],
)
def test_a_pattern_is_found_or_not(pattern: str, text: str, *, expected: bool) -> None:
    assert compile_pattern(pattern)(text) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "*a",
        "a**",
        "^*",
        "[a",
        "[b-a]",
        r"[a-\d]",
        r"[\s\S]{0}[^\s\S]",
        "a{",
        "a{2,1}",
        "a{999}",
        r"\b",
        r"\1",
        "(?=a)",
        "(?P<n>a)",
        "a\\",
        "(" * 40 + "a" + ")" * 40,
        "a{100}b{100}",
        "((a{0,100}){0,100}){0,100}",
        "(((){128}){128}){128}",
        "[" + "".join(chr(300 + 2 * place) for place in range(1000)) + "]{20}",
    ],
)
def test_what_is_no_pattern_or_too_large_is_refused(pattern: str) -> None:
    with pytest.raises(IncomparableError):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|aa)+$", "(x+x+)+y", "(a?){60}a{60}c"])
def test_a_pattern_that_would_go_back_looks_at_each_character_once(pattern: str) -> None:
    assert not compile_pattern(pattern)("a" * (MAX_TEXT - 1) + "!")


def test_a_text_that_is_too_long_is_not_searched() -> None:
    with pytest.raises(IncomparableError, match="16384"):
        compile_pattern("a")("b" * (MAX_TEXT + 1))


def test_what_is_remembered_of_a_search_has_a_bound() -> None:
    found = compile_pattern("a.{15}z")
    text = "".join(Random(1).choices("ab", k=MAX_TEXT - 17))
    assert not found(text + "b" * 17)
    assert found(text + "a" + "b" * 15 + "z")


def test_the_characters_of_all_brackets_together_have_a_bound() -> None:
    bracket = "[" + "".join(chr(0x4E00 + 2 * place) for place in range(200)) + "]"
    compile_pattern(bracket * 10)
    with pytest.raises(IncomparableError, match="brackets"):
        compile_pattern(bracket * 11)
