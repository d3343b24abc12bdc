"""The rules of the original language at their edges, one line for each, through ``expr eval``.

Written from the description of the language; each line is a kind, a value, an expression about
``v`` and what the original makes of it.
"""

import json
from random import Random

import pytest

from tests.support.expression_cases import Cases
from tests.support.expression_reference import evaluate
from tests.support.reference_grammar import parse
from tocsin.cli.expr_lines import evaluate_line, parse_line

A40 = "0x" + "aB" * 20
TOP = 2**256 - 1
LOW = -(2**255)
G56 = "GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7"
P, T, U = "ParseError", "TypeMismatch", "UnsupportedOperator"
V, N, F = "VariableNotFound", "IndexOutOfBounds", "FieldNotFound"

EVM: list[tuple[str, str, str, bool | str]] = [
    # unsigned: the left, the literal, the right, the operator, in this order
    ("uint256", str(TOP), f"v == 0x{TOP:x}", True),
    ("uint256", "0", f"v < {TOP + 1}", P),
    ("uint256", "7", "v == 0X7", True),
    ("uint256", "7", "v == '\u00a07\t'", True),
    ("uint256", "7", "v == '\x1c7'", P),
    (
        "uint256",
        "7",
        "v == 00000000000000000000000000000000000000000000000000000000000000000007",
        True,
    ),
    ("uint256", "0" * 5000 + "7", "v == 7", True),
    ("uint256", "7", "v == +7", P),
    ("uint256", "7", "v == -0", P),
    ("uint256", "7", "v == 7.0", P),
    ("uint256", "7", "v == 7e0", P),
    ("uint256", "1000", "v == 1_000", True),
    ("uint256", "5", "v == 0b101", True),
    ("uint256", "x", "v contains true", P),
    ("uint256", "7", "v contains true", T),
    ("uint256", "7", "v contains x", P),
    ("uint256", "7", "v contains 7", U),
    ("uint256", "7", "v == '\uff17'", P),
    ("number", "0xff", "v > '254'", True),
    ("UINT8", "300", "v == 300", True),
    # signed
    ("int256", "-1", f"v == 0x{TOP:X}", True),
    ("int256", str(LOW), f"v == -0x8{'0' * 63}", True),
    ("int256", str(LOW), f"v == 0x8{'0' * 63}", True),
    ("int256", "0", f"v > {LOW - 1}", P),
    ("int256", "0", f"v > {2**255}", P),
    ("int256", "-0", "v == 0", True),
    ("int256", "5", "v == '-1_0'", P),
    ("int256", "5", "v == '- 5'", P),
    ("int256", "5", "v == '+0x5'", True),
    ("int256", "0x", "v == 0", P),
    # addresses
    ("address", A40, f"v == {A40.lower()}", True),
    ("address", A40, f"v == 0X{A40[2:]}", False),
    ("address", A40, f"v == ' {A40[2:12]} {A40[12:]} '", True),
    ("address", A40, f"v == '\x1c{A40[2:]}'", False),
    ("address", A40, "v == 5", T),
    ("address", A40, "v contains '5'", U),
    ("address", "", "v == ''", True),
    # text and bytes
    ("string", "STRASSE", "v == 'straße'", False),
    ("string", "ΣΑΣ", "v == 'σας'", True),
    ("string", "\u0130", "v contains i", True),
    ("string", "it's", 'v == "it\'s"', True),
    ("string", "it\\'s", "v == 'it\\'s'", True),
    ("string", "it's", "v == 'it\\'s'", False),
    ("string", "a", "v > true", T),
    ("string", "a", "v > 'a'", U),
    ("string", "", "v ends_with ''", True),
    ("bytes", "0xABCD", "v ends_with CD", True),
    ("bytes32", "0x" + "11" * 32, f"v == 0x{'11' * 32}", True),
    # booleans
    ("bool", "TRUE", "v == 'x'", P),
    ("bool", "true", "v > 'x'", T),
    ("bool", "true", "v > true", U),
    # arrays: what is JSON is decided in lower case where both are compared
    ("bool[]", "[TRUE]", "v == '[true]'", True),
    ("bool[]", "[TRUE]", "v contains true", T),
    ("bool[]", "[TRUE]", "v contains 'true'", P),
    ("string[]", '["\\u00C9"]', "v == '[\"\\\\u00C9\"]'", False),
    ("string[]", '["É"]', "v == '[\"é\"]'", True),
    ("array", "[1]", "v == '[1.0]'", False),
    ("array", "[1E5]", "v == '[1e5]'", True),
    ("array", '{"a":1}', "v == '[1]'", T),
    ("array", "x", "v == '[1]'", P),
    ("array", "[1]", "v == '{}'", T),
    ("array", '[{"a":1,"B":2}]', 'v == \'[{"b":2,"a":1}]\'', True),
    ("array", "[1]", "v > 1", T),
    ("array", "[1]", "v > '1'", U),
    ("array", "[123.450]", "v contains 123.45", True),
    ("array", "[1]", "v contains 1.0", True),
    ("array", "[1]", "v contains ' 1'", False),
    ("array", f"[{2**96}]", f"v contains {2**96}.0", False),
    ("array", f"[{2**96}]", f"v contains {2**96}", True),
    ("array", "[1e2]", "v contains 100", False),
    ("array", "[0]", f"v contains '{'0' * 5000}'", True),
    ("array", f'["{A40}"]', f"v contains {A40[2:]}", True),
    ("array", f'["0X{A40[2:]}"]', f"v contains {A40}", False),
    ("array", '["abc"]', "v contains ab", False),
    ("array", "[null,[[true]]]", "v contains 'TRUE'", True),
    ("array", "[null]", "v contains 'NULL'", False),
    ("array", '[{"k":"x"}]', "v contains k", False),
    ("array", '["\\ud800"]', "v contains x", P),
    ("array", "[NaN]", "v contains x", P),
    ("array", "[01]", "v contains 1", P),
    ("array", "[1] ", "v contains 1", True),
    ("array", "[1]x", "v contains 1", P),
    ("array", "[" * 128 + "]" * 128, "v contains x", False),
    ("array", "[" * 129 + "]" * 129, "v contains x", P),
    ("tuple[]", '[(1,"a")]', "v contains 1", P),
    # tuples
    ("tuple", '(1, "a b")', "v == '(1,\"a b\")'", True),
    ("tuple", '(1,"a")', "v == '(1,\"A\")'", False),
    ("tuple", "(1,2)", "v contains 2", True),
    ("tuple", "()", "v contains ''", False),
    ("tuple", "(,,1)", "v contains 1", True),
    ("tuple", "(1,(2,(3)))", "v contains 3", True),
    ("tuple", "(1, (3))", "v contains 3", False),
    ("tuple", "(1, (3))", "v contains ' (3)'", True),
    ("tuple", "(1,[x])", "v contains 1", P),
    ("tuple", "(1,[(2)])", "v contains 1", P),
    ("tuple", '("a,b","c\\"d,e")', "v contains 'a,b'", True),
    ("tuple", "1,2", "v contains 1", P),
    ("tuple", "(1)", "v > 1", T),
    ("tuple", "(1)", "v > '1'", U),
    ("tuple", "[1,2]", "v[1] == 2", True),
    ("tuple", '"x"', "v.a == 2", T),
    # paths
    ("array", "[1]", "v[00] == 1", True),
    ("array", "[1]", "v[1] == 1", N),
    ("array", "[1]", "v.a == 1", T),
    ("object", '{"a":1}', "v[0] == 1", T),
    ("object", '{"a":1}', "v.A == 1", F),
    ("object", '{"a":1,"a":2}', "v.a == 2", True),
    ("object", '{"true":{"1":"x"}}', "v.true.1 == X", True),
    ("object", '{"a":{"c":1,"b":[1, 2]}}', "v.a == 1", T),
    ("object", '{"a":[1, {"c":1,"b":2}]}', 'v.a == \'[1,{"b":2,"c":1}]\'', True),
    ("uint256", "5", "v[0] == 1", T),
    ("string", "x", "v[0] == 1", P),
    ("array", "[-5]", "v[0] > -6", True),
    ("array", "[5]", "v[0] > -6", P),
    ("array", "[1.0]", "v[0] == 1", P),
    ("array", "[1e1]", "v[0] == true", P),
    ("array", "[null]", "v[0] == 'null'", T),
    ("array", f"[{TOP}]", f"v[0] == 0x{TOP:x}", True),
    ("array", f"[{TOP + 1}]", "v[0] > 1", P),
    ("array", f'["{A40}"]', f"v[0] == {A40.lower()}", True),
    ("array", f'["{A40}"]', "v[0] contains 'ab'", U),
    ("array", '["0xab"]', "v[0] contains AB", True),
    # order and skipping
    ("uint256", "1", "v == 1 OR w == 1", True),
    ("uint256", "1", "w == 1 OR v == 1", V),
    ("uint256", "1", "v == 2 AND w == 1", False),
    ("uint256", "1", "v == 2 AND w == 1 OR v == 1", True),
    ("uint256", "1", "v == 1 ORDER == 2", True),
    ("uint256", "1", "V == 1", V),
    ("uint256", "1", " \t ", P),
    ("fixed", "1", "v == 1", T),
    ("uint", "1", "v == 1", T),
    ("number[]", "[1]", "v contains 1", T),
]
STELLAR: list[tuple[str, str, str, bool | str]] = [
    ("U32", "4294967295", "v == 4294967295", True),
    ("U32", "4294967296", "v == '1'", P),
    ("U32", "1", "v < 4294967296", P),
    ("U64", "1", "v > '0'", T),
    ("U64", "1", "v > 0x0", T),
    ("U64", "1", "v == +1", True),
    ("U64", "0", "v == -0", P),
    ("I64", "0", "v == -0", True),
    ("U64", "1", "v > 0.5", P),
    ("U64", "1", "v contains true", T),
    ("U64", "1", "v contains 0.5", P),
    ("U64", "1", "v contains 1", U),
    ("U64", " 1", "v == 1", P),
    ("I128", str(-(2**127)), f"v == {-(2**127)}", True),
    ("I128", "0", f"v < {2**127}", P),
    ("Timepoint", "-1", "v == 1", P),
    ("Duration", str(2**64 - 1), f"v == {2**64 - 1}", True),
    ("U256", "007", "v == 007", True),
    ("U256", "7", "v == '7'", True),
    ("U256", "7", "v contains 7", U),
    ("U256", "7", "v < true", T),
    ("Symbol", "Mint", "v starts_with MI", True),
    ("Symbol", "5", "v == 5", T),
    ("Bytes", "ABCD", "v == abcd", True),
    ("Bytes", "abcd", "v > 'a'", U),
    ("Address", "G A", "v == ga", True),
    ("Address", "G A", "v contains ga", False),
    ("Bool", "false", "v != true", True),
    ("Bool", "x", "v > 1", P),
    ("Vec<U32>", "[1,2]", "v contains 2", True),
    ("vec", "[[1, 2]]", "v contains '[1,2]'", True),
    ("vec", '["Straße"]', "v contains 'STRASSE'", False),
    ("vec", '["É"]', "v contains 'é'", False),
    ("vec", '[{"k":{"value":"A"}}]', "v contains a", False),
    ("vec", '[{"k":{"value":"A"}}]', "v contains A", True),
    ("vec", '[{"k":{"value":[1, "x"]}}]', "v contains '[1,\"x\"]'", True),
    ("vec", '[{"k":{"val":"A"}}]', "v contains A", False),
    ("vec", '[{"value":{"a":1}}]', "v contains 1", False),
    ("vec", "[null,true]", "v contains 'true'", True),
    ("vec", "[a, B]", "v contains B", True),
    ("vec", "[a, B]", "v contains b", False),
    ("vec", "[", "v contains '['", True),
    ("vec", "[a,b]", "v == '[A,B]'", True),
    ("vec", "[a,b]", "v == 'a,b'", False),
    ("vec", "a,b", "v == ' A , B '", True),
    ("vec", "[1]", "v == 1", False),
    ("vec", "[1]", "v != 1", True),
    ("vec", "1", "v == '1.0'", False),
    ("vec", "TRUE", "v == 'true'", False),
    ("vec", "[1]", "v == '[1]'", True),
    ("vec", "[1]", "v > 1", U),
    ("vec", "[1]", "v > true", T),
    ("Map<String,U32>", '{"a":1}', "v == '{ \"a\" : 1 }'", True),
    ("map", '{"a":1}', "v == 'x'", P),
    ("map", "x", "v == '[]'", P),
    ("map", '{"a":1}', "v == '[]'", T),
    ("map", "[1]", "v contains 1", P),
    ("map", '{"a":{"value":"X"}}', "v contains X", True),
    ("map", '{"a":[1]}', "v contains 1", False),
    ("map", '{"a":1}', "v > 1", T),
    ("map", '{"a":1}', "v > '1'", U),
    ("map", '{"a":5}', "v.a > 4", True),
    ("map", '{"a":-5}', "v.a < -4", True),
    ("map", '{"a":-0}', "v.a == 0", True),
    ("map", '{"a":5}', "v.a > '4'", T),
    ("map", '{"a":1.5}', "v.a > 1", T),
    ("map", '{"a":null}', "v.a == null", T),
    ("map", f'{{"a":"{G56}"}}', f"v.a == ' {G56.lower()}'", True),
    ("map", f'{{"a":"{G56[:-1]}8"}}', f"v.a == ' {G56[:-1]}8'", False),
    ("map", f'{{"a":"{G56[:-1]}6"}}', f"v.a == ' {G56[:-1]}6'", False),
    ("map", '{"a":[1,2]}', "v.a contains 2", True),
    ("map", '{"a":{"b":1}}', "v.a contains 1", True),
    ("Tuple<U32>", "(1)", "v == 1", T),
    ("Bytes<4>", "abcd", "v == abcd", True),
    ("Void", "", "v == ''", T),
    ("array", "[1]", "v == '[1]'", T),
]
CASES = [("EVM", *case) for case in EVM] + [("Stellar", *case) for case in STELLAR]


@pytest.mark.parametrize(("chain", "kind", "value", "text", "expected"), CASES)
def test_an_edge_of_the_language_is_where_the_original_has_it(
    chain: str, kind: str, value: str, text: str, expected: bool | str
) -> None:
    params = [{"name": "v", "kind": kind, "value": value}]
    answer = evaluate_line(json.dumps({"chain": chain, "expr": text, "params": params}).encode())
    told = json.loads(answer)
    assert told.get("result", told.get("error", {}).get("class")) == expected


KNOWS_NO_CHECKSUMS = {case for case in CASES if G56[:40] in case[2]}


@pytest.mark.parametrize(("chain", "kind", "value", "text", "expected"), CASES)
def test_the_slow_reading_of_the_description_agrees(
    chain: str, kind: str, value: str, text: str, expected: bool | str
) -> None:
    if (chain, kind, value, text, expected) not in KNOWS_NO_CHECKSUMS:
        assert evaluate(chain, [("v", kind, value)], text) == expected


def test_a_tree_is_shown_as_the_description_has_it() -> None:
    seeds = Random(5)
    for _ in range(500):
        text = Cases(seeds.randrange(10**9)).syntax()
        answer = json.loads(parse_line(json.dumps({"expr": text}).encode()))
        if (expected := parse(text)) is not None:
            assert answer["ast"] == expected
