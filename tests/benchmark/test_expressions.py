"""Hostile expressions and values: each is answered at once, by an error or a result."""

import json
from collections.abc import Callable
from time import perf_counter

import pytest

from tocsin.cli.expr_lines import MAX_KEPT_BYTES, evaluate_line

MAX_MS = 50.0  # the promise: hostile expressions are refused in less
RUNS = 3


def a_line(text: str, kind: str = "uint256", value: str = "5", chain: str = "EVM") -> bytes:
    params = [{"name": "a", "kind": kind, "value": value}]
    return json.dumps({"id": 1, "chain": chain, "expr": text, "params": params}).encode()


def some(count: int, text: str) -> str:
    return " OR ".join([text] * count)


HOSTILE: dict[str, bytes] = {
    "a million nodes": a_line(" AND ".join(["a == 1"] * 1_000_000)),
    "deep": a_line("(" * 60_000),
    "deep and closed": a_line("(" * 30_000 + "a == 1" + ")" * 30_000),
    "many NOT": a_line("NOT " * 16_000 + "a == 1"),
    "a huge list": a_line(f"a IN ({', '.join(['1'] * 30_000)})"),
    "a list as long as allowed": a_line(f"a IN ({', '.join(['1'] * 1_024)})"),
    "a huge number": a_line(f"a == {'9' * 65_000}"),
    "huge hexadecimal": a_line(f"a == 0x{'f' * 65_000}"),
    "a huge index": a_line(f"a[{'0' * 65_000}1] == 1"),
    "a long path": a_line("a" + "[0]" * 20_000 + " == 1"),
    "escapes without end": a_line("a == '" + "\\'" * 30_000),
    "quotes without end": a_line("a IN (" + "'" * 60_001),
    "blanks": a_line("a" + " " * 65_000 + "== 1"),
    "arithmetic": a_line("a > 1" + " + 1" * 16_000),
    "opened arithmetic": a_line("a > " + "(" * 30_000 + "1"),
    "units in units": a_line("units(" * 10_000),
    "a pattern that goes back": a_line("a matches '(x+x+)+y'", "string", "x" * 16_000),
    "a pattern that grows": a_line("a matches '((x{0,99}){0,99}){0,99}'", "string", "x"),
    "a huge value": a_line("a > 5", value="9" * 1_000_000),
    "a long array": a_line("a contains 5", "array", f"[{','.join(['1'] * 15_000)}]"),
    "a long array, often": a_line(some(1_000, "a contains 5"), "array", "[1,2,3,4,5]" * 2_000),
    "a deep array": a_line("a contains 5", "array", "[" * 100_000),
    "a deep tuple": a_line("a contains 5", "tuple", "(" * 120 + "1," * 16_000 + ")" * 120),
    "commas, often": a_line(some(1_000, "a contains x"), "vec", "," * 30_000, "Stellar"),
    "text, often": a_line(some(1_000, "a contains x"), "string", "a" * 500_000),
    "binary": bytes(range(256)).replace(b"\n", b"") * 4_000,
    "ten megabytes": a_line("a == 5", "string", "x" * 10_000_000),
    "a deep line": b'{"id":' + b"[" * 1_000_000,
    "NaN": a_line("a == 5").replace(b'"5"', b"NaN"),
    "wrong types": b'{"id":1,"chain":5,"expr":[],"params":{}}',
    "twice": a_line("a == 5").replace(b'"expr"', b'"expr":"a == 6","expr"'),
}


def best_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        started = perf_counter()
        work()
        times.append((perf_counter() - started) * 1000)
    return min(times)


@pytest.mark.benchmark
@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_answered_at_once(name: str) -> None:
    line = HOSTILE[name]
    assert len(line) <= MAX_KEPT_BYTES
    elapsed = best_ms(lambda: evaluate_line(line))
    print(f"{name}: {elapsed:.1f} ms")
    assert elapsed < MAX_MS
