"""ABI types → one Python function that reads all of their values.

The source is spelled from types alone, of which nothing but sizes gets into it: no name and no
text of a user. A hostile contract chooses its own bytes, so a length or an offset is never
trusted, and values listed through other values are charged to a budget that grows with the data.

Strict means: no dirty bits around a value, no byte but zero in the padding behind bytes and text,
text in UTF-8, offsets behind the head of their frame. Only padding that the end of the data cuts
off is forgiven, since some compilers leave it out and it holds nothing. Logs are read strictly: a
compiler wrote them.

The input of a call is read as contracts read it, and whoever calls chooses every bit of it. What
they ignore is ignored: dirty bits, padding, and where exactly an offset leads; text that is not
UTF-8 shows U+FFFD. Reading that strictly would let a caller hide from a monitor with one bit.

Source: Solidity contract ABI specification, "Formal Specification of the Encoding"; the checks
are those of eth-abi's strict decoder.
"""

from binascii import unhexlify
from collections.abc import Callable, Sequence
from struct import Struct
from typing import cast

from tocsin.chains.evm.abi import WORD, AbiType, Form
from tocsin.model.interface import Value

Decode = Callable[[Sequence[str], str], list[Value]]
"""Topics without topic 0, and 0x data → values in the order of the layout, or ValueError."""

_INTEGER_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_WORD_PAIR = Struct(">24sQ")
_FREE = 8
"""How many values that offsets lead to are read without a charge, if they are in no loop: so many
times the data is also the budget of all others."""


def generate_decoder(
    indexed: Sequence[tuple[int, AbiType]], body: Sequence[AbiType], *, is_call: bool = False
) -> Decode:
    """Return the function that reads topics and data, of a log or of a call.

    ``indexed`` are the values that lie in topics, each with its place among all values. The
    data are everything else in its order; bytes behind it are ignored.
    """
    return _Generator(is_call=is_call).decoder(indexed, body)


class _Generator:
    """Writes the source of one function, line by line, and collects the constants it uses."""

    def __init__(self, *, is_call: bool) -> None:
        self._is_strict = not is_call
        self._lines: list[str] = []
        self._constants: dict[str, object] = {
            "Err": ValueError,
            "F": int.from_bytes,
            "X": unhexlify,
            "word_at": _WORD_PAIR.unpack_from,
            "Z24": bytes(24),
        }
        self._indent = 1
        self._loops = 0
        self._free = _FREE
        self._names = 0

    def decoder(self, indexed: Sequence[tuple[int, AbiType]], body: Sequence[AbiType]) -> Decode:
        """Return the finished function."""
        topics = [each for _, each in indexed]
        names = [f"t{place}" for place in range(len(indexed))]
        self._write(f"[{', '.join(names)}] = topics")  # another number of them is a ValueError
        if names:
            lengths = " or ".join(f"len({name}) != 66" for name in names)
            self._write(f"if {lengths}: raise Err('a topic is no word')")
        words = " + ".join(f"{name}[2:]" for name in names)
        if not any(each.dynamic for each in body):
            # all of it is one head, read at once
            self._write(f"b = X({words + ' + ' if words else ''}data[2:]); n = len(b)")
            values = self._frame([*topics, *body], "0") if topics or body else []
        else:
            self._write(f"t = X({words or repr('')}); b = X(data[2:]); n = len(b)")
            self._write(f"w = n * {_FREE} // {WORD} + 64")
            values = [*self._head(topics, "t", "0"), *self._frame(body, "0")]
        shown = iter(values[len(indexed) :])
        placed = dict(zip([place for place, _ in indexed], values, strict=False))
        ordered = [placed.get(place) or next(shown) for place in range(len(values))]
        self._write(f"return [{', '.join(ordered)}]")
        return self._compile()

    def _compile(self) -> Decode:
        names = ", ".join(f"{name}={name}" for name in self._constants)
        source = "\n".join([f"def decode(topics, data, {names}):", *self._lines, ""])
        space = dict(self._constants)
        exec(compile(source, "<abi>", "exec"), space)  # noqa: S102 - spelled above, from sizes only
        return cast("Decode", space["decode"])

    def _write(self, line: str) -> None:
        self._lines.append(" " * self._indent + line)

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"

    def _constant(self, value: object) -> str:
        name = f"K{len(self._constants)}"
        self._constants[name] = value
        return name

    def _zeros(self, size: int) -> str:
        name = f"Z{size}"
        self._constants.setdefault(name, bytes(size))
        return name

    def _frame(self, types: Sequence[AbiType], base: str) -> list[str]:
        """Write how to read types listed from ``base`` of ``b``; return their expressions."""
        size = sum(each.head_size for each in types)
        self._write(f"if {base} + {size} > n: raise Err('the data end within a value')")
        return self._head(types, "b", base)

    def _head(self, types: Sequence[AbiType], source: str, base: str) -> list[str]:
        """Write how to read a head that is known to be there."""
        codes: list[str] = []
        targets: list[str] = []
        later: list[Callable[[], str]] = []
        checks: list[str] = []
        size = sum(each.head_size for each in types)
        self._collect(types, base, 0, size, _Head(codes, targets, later, checks))
        if targets:
            unpack = self._constant(Struct(">" + "".join(codes)).unpack_from)
            self._write(f"{', '.join(targets)}, = {unpack}({source}, {base})")
        if checks:
            self._write(f"if {' or '.join(checks)}: raise Err('dirty bits around a value')")
        return [make() for make in later]

    def _collect(
        self, types: Sequence[AbiType], base: str, at: int, size: int, head: "_Head"
    ) -> None:
        for each in types:
            head.later.append(self._listed(each, base, at, size, head))
            at += each.head_size

    def _listed(
        self, each: AbiType, base: str, at: int, size: int, head: "_Head"
    ) -> Callable[[], str]:
        if each.dynamic:
            offset = self._word(head)
            return lambda: self._behind(each, base, offset, size)
        if each.form is Form.TUPLE:
            inner = _Head(head.codes, head.targets, [], head.checks)
            self._collect(each.fields, base, at, size, inner)
            return lambda: f"[{', '.join([make() for make in inner.later])}]"
        if each.form is Form.ARRAY:
            head.codes.append(f"{each.head_size}x")
            # its words are charged to what lists it
            return lambda: self._items(each.fields[0], f"{base} + {at}", str(each.length))
        return self._leaf(each, head) if self._is_strict else self._lenient_leaf(each, head)

    def _word(self, head: "_Head") -> str:
        """Take a word that counts bytes or items; one of 64 bits or more is dirty."""
        zeros, value = self._name(), self._name()
        head.codes.append("24sQ")
        head.targets += [zeros, value]
        head.checks.append(f"{zeros} != Z24")
        return value

    def _leaf(self, each: AbiType, head: "_Head") -> Callable[[], str]:
        value = self._name()
        if each.form is Form.INT:
            head.codes.append("32s")
            head.targets.append(value)
            return lambda: self._signed(each, value)
        code = _INTEGER_CODES.get(each.size) if each.form in (Form.UINT, Form.BOOL) else None
        parts = [(value, code or f"{each.size}s")]
        if each.size < WORD:
            padding = self._name()
            head.checks.append(f"{padding} != {self._zeros(WORD - each.size)}")
            parts.insert(int(each.form is Form.SIZED), (padding, f"{WORD - each.size}s"))
        head.targets += [name for name, _ in parts]
        head.codes += [text for _, text in parts]
        if each.form is Form.BOOL:
            head.checks.append(f"{value} > 1")
            return lambda: f"{value} == 1"
        if each.form is Form.UINT:
            return lambda: value if code else f"F({value})"
        return lambda: f"'0x' + {value}.hex()"

    def _lenient_leaf(self, each: AbiType, head: "_Head") -> Callable[[], str]:
        """Take the bytes of a word that contracts look at; of a flag, all of them."""
        value = self._name()
        head.targets.append(value)
        size = WORD if each.form is Form.BOOL else each.size
        is_unsigned = each.form is Form.UINT
        code = _INTEGER_CODES.get(size) if is_unsigned else None
        padding = f"{WORD - size}x" if size < WORD else ""
        text = code or f"{size}s"
        head.codes.append(text + padding if each.form is Form.SIZED else padding + text)
        if each.form is Form.BOOL:
            return lambda: f"{value} != {self._zeros(WORD)}"
        if each.form is Form.INT:
            return lambda: f"F({value}, signed=True)"
        if is_unsigned:
            return lambda: value if code else f"F({value})"
        return lambda: f"'0x' + {value}.hex()"

    def _signed(self, each: AbiType, word: str) -> str:
        value = self._name()
        self._write(f"{value} = F({word}, signed=True)")
        if each.size < WORD:
            bound = 1 << 8 * each.size - 1
            self._write(f"if not {-bound} <= {value} < {bound}: raise Err('out of range')")
        return value

    def _behind(self, each: AbiType, base: str, offset: str, size: int) -> str:
        """Write how to read a value that an offset in a head of ``size`` bytes points at."""
        at = self._name()
        self._write(f"{at} = {base} + {offset}")
        return self._pointed(each, at, [f"{offset} < {size}"] if self._is_strict else [])

    def _pointed(self, each: AbiType, at: str, refusals: Sequence[str]) -> str:
        is_astray = " or ".join([*refusals, f"{at} >= n"])
        self._write(f"if {is_astray}: raise Err('an offset leads astray')")
        is_charged = self._loops > 0 or self._free == 0
        self._free = max(0, self._free - 1)
        if each.form is Form.TUPLE:
            if is_charged:
                self._charge(str(sum(field.head_size for field in each.fields) // WORD))
            return f"[{', '.join(self._frame(each.fields, at))}]"
        count, start = str(each.length), at
        if each.length is None:
            count = self._count(at)
            start = self._name()
            self._write(f"{start} = {at} + {WORD}")
        if each.form is not Form.ARRAY:
            return self._blob(each, start, count, is_charged=is_charged)
        if is_charged:
            self._charge(f"{count} * {each.fields[0].head_size // WORD}")
        return self._items(each.fields[0], start, count)

    def _count(self, at: str) -> str:
        zeros, count = self._name(), self._name()
        self._write(f"if {at} + {WORD} > n: raise Err('the data end within a value')")
        self._write(f"{zeros}, {count} = word_at(b, {at})")
        self._write(f"if {zeros} != Z24: raise Err('the data end within a value')")
        return count

    def _blob(self, each: AbiType, start: str, count: str, *, is_charged: bool) -> str:
        end, value = self._name(), self._name()
        self._write(f"{end} = {start} + {count}")
        self._write(f"if {end} > n: raise Err('the data end within bytes')")
        if is_charged:
            self._charge(f"{count} // {WORD} + 1")
        if self._is_strict:
            self._write(f"if {count} % {WORD} and any(b[{end}:{end} - {count} % -{WORD}]):")
            self._write(" raise Err('dirty bytes behind bytes')")
        found = f"b[{start}:{end}]"
        if each.form is not Form.STRING:
            self._write(f"{value} = '0x' + {found}.hex()")
        elif self._is_strict:
            self._write(f"{value} = {found}.decode()")
        else:
            self._write(f"{value} = {found}.decode('utf-8', 'replace')")
        return value

    def _items(self, element: AbiType, start: str, count: str) -> str:
        """Write how to read items listed one after the other; return their list's name."""
        result, first = self._name(), self._name()
        step = element.head_size
        self._write(f"{first} = {start}")
        self._write(f"if {first} + {count} * {step} > n: raise Err('the data end within an array')")
        self._write(f"{result} = []; {result}a = {result}.append")
        at = self._name()
        self._write(f"for {at} in range({first}, {first} + {count} * {step}, {step}):")
        self._indent += 1
        self._loops += 1
        if element.dynamic:
            zeros, offset, inner = self._name(), self._name(), self._name()
            self._write(f"{zeros}, {offset} = word_at(b, {at})")
            self._write(f"{inner} = {first} + {offset}")
            refusals = [f"{zeros} != Z24"]
            if self._is_strict:
                refusals.append(f"{offset} < {count} * {WORD}")
            value = self._pointed(element, inner, refusals)
        else:
            (value,) = self._head([element], "b", at)
        self._write(f"{result}a({value})")
        self._indent -= 1
        self._loops -= 1
        return result

    def _charge(self, words: str) -> None:
        """Write what stops offsets that lead to the same data over and over."""
        self._write(f"w -= {words}")
        self._write("if w < 0: raise Err('more values than the data can hold')")


class _Head:
    """What is read of a head at once: formats, names, what becomes of them, what must not be."""

    def __init__(
        self,
        codes: list[str],
        targets: list[str],
        later: list[Callable[[], str]],
        checks: list[str],
    ) -> None:
        self.codes = codes
        self.targets = targets
        self.later = later
        self.checks = checks
