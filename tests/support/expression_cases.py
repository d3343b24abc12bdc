"""Random expressions with random parameters, near what has a meaning and at its edges."""

from random import Random


def _words(text: str) -> list[str]:
    return text.split()


Params = list[tuple[str, str, str]]  # name, kind, value

_ADDRESS = "0x" + "aB" * 20
_POWERS = [2**bits + more for bits in (32, 63, 64, 127, 128, 255, 256) for more in (-1, 0)]
INTEGERS = [
    *_words(
        "0 1 5 -1 -0 +1 007 -007 0x 0x0 0xff 0XFF 0xFg -0x10 +0x10 1_000 _1 0b101 0B1 "
        "0o17 0b2 0x1_1 -1_0 1.0 1.5 1e5 abc - + --1"
    ),
    *(
        "\uff12",
        "\u0663",
        "",
        " 12 ",
        "\t7",
        "\x1c7",
        "- 1",
        "\u00a05",
        "0" * 5000 + "3",
        "0x" + "f" * 64,
        "0x1" + "0" * 64,
        "0x8" + "0" * 63,
        "-0x8" + "0" * 63,
    ),
    *map(str, _POWERS),
    *(str(-each) for each in _POWERS),
]
TEXTS = [
    *_words(
        "a Alice ALICE alice 0x 0xAB 0xab 0XAB true True false null 5 100 [1] GABC gabc "
        "12345 value -5 123.45 123.450 1.0 +1 1. .5 0.1 it's"
    ),
    *(
        "É",
        "é",
        "ß",
        "\u0130",
        "i̇",
        "ς",
        "Σ",
        "\u212a",
        "a\\b",
        "x\ny",
        "",
        'say "hi"',
        'a\\"b',
        " a b ",
        " g a b c ",
        "G\x1cABC",
        '{"a":1}',
        '"x"',
        _ADDRESS,
        _ADDRESS.lower(),
        _ADDRESS.upper(),
        _ADDRESS[2:],
        _ADDRESS.replace("x", "X"),
        "0x" + "11" * 32,
        str(2**96),
        str(2**96 - 1),
    ),
]
_NUMBERS = [
    *_words("0 1 5 -5 -0 1.0 1.00 123.450 1e5 1E5 100 -100 007 +1 1. .5 NaN"),
    *map(str, [2**64 - 1, -(2**63), 2**96, 2**256 - 1, 2**256]),
]
_STRINGS = [
    *_words("'a' abc"),
    *(
        '"a"',
        '"A"',
        '"Alice"',
        '"É"',
        '"\\u00C9"',
        '"\\n"',
        '"\\N"',
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        '"0x"',
        '"5"',
        '"100"',
        '"true"',
        '"a b"',
        '""',
        '"say "hi""',
        '"a\\"b"',
        '"a,b"',
        '"GABC"',
    ),
    *(f'"{each}"' for each in (_ADDRESS, _ADDRESS.upper(), _ADDRESS.lower(), "0x" + "11" * 32)),
]
EVM_KINDS = [
    *_words(
        "uint8 uint64 uint256 UINT256 number int8 int128 int256 Address address string "
        "bytes bytes32 bool tuple array uint256[] int64[] string[] address[] bool[] "
        "bytes[] tuple[] function map null object number[] array[] uint int uint7 bytes33 "
        "fixed"
    ),
]
STELLAR_KINDS = [
    *_words(
        "U32 I32 U64 I64 U128 I128 u128 Timepoint Duration U256 I256 String Symbol "
        "Address Bytes Bool Vec Vec<U32> vec Map Map<String,U32> Tuple<U32> Void Null F64 "
        "object array Request U8 U64<x> string< uint256"
    ),
    *("",),
]
# Kinds whose comparisons were errors in the original and have a meaning here.
MEANT_EVM_KINDS = ["uint96", "int24", "bytes4", "uint256[3]", "uint24[]", "bytes4[]", "uint8[][]"]
MEANT_STELLAR_KINDS = ["Bytes32", "Bytes4"]

_OPERATORS = ["==", "!=", ">", ">=", "<", "<=", "contains", "starts_with", "ends_with", "CONTAINS"]
_STEPS = ["[0]", "[1]", "[2]", ".a", ".b", ".A", ".value", ".1", ".true", "[00]"]


def quoted(text: str) -> str:
    """Return a literal that denotes a text, or one near it where none does."""
    if "\\" in text or ("'" in text and '"' in text):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f'"{text}"' if "'" in text else f"'{text}'"


class Cases:
    """Makes cases from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def case(self, family: str, *, meant: bool = False) -> tuple[Params, str]:
        """Return parameters and an expression about them, of a family's kinds."""
        kinds = EVM_KINDS if family == "EVM" else STELLAR_KINDS
        if meant:
            kinds = MEANT_EVM_KINDS if family == "EVM" else MEANT_STELLAR_KINDS
        params = []
        for name in self._random.choice(["v", "v", "vw"]):
            kind = self._random.choice(kinds)
            params.append((name, kind, self.value(kind)))
        return params, self.expression(params)

    def value(self, kind: str) -> str:
        """Return a text that may be a value of a kind."""
        if self._random.random() < 0.08:
            pick = self._random.choice
            return pick([self.json(), self.tuple(), pick(TEXTS), pick(INTEGERS)])
        kind = kind.lower()
        if kind.startswith("vec") and self._random.random() < 0.4:
            return self._random.choice(
                ["a,b", "[a,b]", " a , B ", "[a, b", "a]", "[", "[]", "][", "", ",", "[a,]", "5"]
            )
        if "[" in kind or kind.startswith(("array", "vec", "map", "object")):
            return self.json()
        if kind.startswith("tuple"):
            return self.tuple()
        if kind == "bool":
            return self._random.choice(["true", "false", "true", "false", "TRUE", "", "1"])
        numeric = "int" in kind or kind[:2] in {"u3", "u6", "u1", "u2", "i3", "i6", "i1", "i2"}
        return self._random.choice(INTEGERS if numeric or kind in {"number", "duration"} else TEXTS)

    def json(self, depth: int = 0) -> str:
        """Return JSON, or what is nearly that."""
        choice = self._random.random()
        if choice < 0.25 or depth > 3:
            return self._random.choice(_NUMBERS)
        if choice < 0.55:
            return self._random.choice(_STRINGS)
        if choice < 0.65:
            return self._random.choice(["true", "false", "null", "True", "TRUE"])
        blank = self._random.choice(["", " "])
        parts = [self.json(depth + 1) for _ in range(self._random.randrange(4))]
        if choice < 0.85:
            return "[" + ("," + blank).join(parts) + "]"
        keys = ["a", "A", "b", "value", "type", "1", "true", "É"]
        members = (f'"{self._random.choice(keys)}"{blank}:{part}' for part in parts)
        return "{" + ("," + blank).join(members) + "}"

    def tuple(self, depth: int = 0) -> str:
        """Return a tuple as EVM values are shown, or nearly."""
        odd = [" (1)", " 5", "abc", " a b ", "", '"x y"', "'q'", '\\"', " ", "("]
        parts = []
        for _ in range(self._random.randrange(4)):
            choice = self._random.random()
            inner = self.tuple(depth + 1) if choice < 0.25 and depth < 3 else self.json()
            parts.append(inner if choice < 0.7 else self._random.choice(odd))
        return "(" + ",".join(parts) + ")"

    def literal(self, kind: str, value: str) -> str:
        """Return the text of a literal that may suit a value."""
        pick = self._random.choice
        choice = self._random.random()
        if choice < 0.12:
            return pick(["true", "false"])
        if choice < 0.4:
            text = pick(INTEGERS)
            return text if choice < 0.3 else quoted(text)
        if choice < 0.6:
            return value if choice > 0.55 and value else quoted(value)
        return quoted(pick(TEXTS) if choice < 0.8 else self.value(kind))

    def expression(self, params: Params) -> str:
        """Return one to three comparisons of parameters."""
        pick = self._random.choice
        terms = []
        for _ in range(pick([1, 1, 1, 2, 3])):
            name, kind, value = pick(params)
            name = "missing" if self._random.random() < 0.04 else name
            structured = "[" in kind or kind.lower() in {"array", "object", "map", "vec"}
            steps = pick([1, 1, 2]) if self._random.random() < (0.5 if structured else 0.08) else 0
            path = "".join(pick(_STEPS) for _ in range(steps))
            terms.append(f"{name}{path} {pick(_OPERATORS)} {self.literal(kind, value)}")
        text = terms[0]
        for term in terms[1:]:
            text += pick([" AND ", " OR ", " or ", " and "]) + pick([term, term, f"({term})"])
        return text

    def syntax(self) -> str:
        """Return a text near the grammar: an expression, a damaged one, or tokens at random."""
        pick = self._random.choice
        if self._random.random() < 0.3:
            return "".join(pick(_TOKENS) for _ in range(self._random.randrange(1, 12)))
        text = self._joined(0)
        for _ in range(pick([0, 0, 1, 2])):
            place = self._random.randrange(len(text) + 1)
            text = text[:place] + pick([pick(_TOKENS), ""]) + text[place + pick([0, 1]) :]
        return text

    def _joined(self, depth: int) -> str:
        pick = self._random.choice
        count = pick([1, 1, 2, 2, 3])
        joiner = pick([" AND ", " OR ", " and ", "AND", "OR", " ANd", " or"])
        return joiner.join(self._term(depth) for _ in range(count))

    def _term(self, depth: int) -> str:
        pick = self._random.choice
        if depth < 3 and self._random.random() < 0.4:
            blank = pick(["", " "])
            return f"({blank}{self._joined(depth + 1)}{blank})"
        left = pick(
            ["a", "b0", "0", "a[0]", "a.k", "0.1", "0[1]", "_", "a.true", "and1", "a.0[1].b"]
        )
        operator = pick(["==", "!=", ">", "<=", "contains", "starts_with ", " CONTAINS"])
        right = pick(["'x'", '"y"', "1", "-1.5", "true", "0x1f", "foo-bar", "1_0", "12e5", "TRUE"])
        return f"{left}{pick(['', ' ', chr(9)])}{operator}{pick(['', ' '])}{right}"


_TOKENS = [
    *_words(
        "a b0 _x 0 12 007 . .k .1 .true [0] [18446744073709551615] [18446744073709551616] "
        "[-1] [] == != >= <= > < = ! contains CONTAINS Ends_With and AND or oR true false "
        "TRUE 'x' '' ' 1 -1 +1 1.5 1. .5 1e5 0x1f 0X1F 0x 0xg 1_0 - + foo foo-bar -foo "
        "2024-01-01 ( ) && || & | ] , true_val NOT IN matches units $ @ * /"
    ),
    *(
        '"y"',
        "'it\\'s'",
        '"a\\""',
        "'a\\nb'",
        '"',
        "\\",
        "é",
        " ",
        "  ",
        "\t",
        "\n",
        "\r",
        "\xa0",
        "[ 0]",
        "'\n'",
        "\x00",
        "\ud7ff",
        " IN (",
        " NOT IN @l",
        " matches '",
        "units(a, 6)",
        " + 1",
        " - $b",
        "NOT (",
        " * 2 >",
    ),
]
