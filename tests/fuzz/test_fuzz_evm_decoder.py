"""Random types with random, then spoilt data: the generated decoders against eth-abi.

Every case follows from its number alone, and a failure names it: ``check_case(number)``.
"""

from random import Random
from time import monotonic, process_time
from typing import Any, cast

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from tests.support.abi import read_values
from tocsin.chains.evm.abi import MAX_DEPTH, AbiType
from tocsin.chains.evm.access import access_to
from tocsin.chains.evm.layout import CALL, Decoder, decoder_of, to_parameter
from tocsin.chains.evm.types import LogRecord, TransactionRecord
from tocsin.model.activity import Record
from tocsin.model.interface import Layout, Parameter, Value, simple_value

CASES = 600
DEEP_SECONDS = 300
TOPIC = "0x" + "12" * 32
SLOWEST = 2.0  # CPU seconds for one value of a few KiB

Shape = tuple[str, list[Any]]
"""An ABI type's text and the shapes of its components."""


def a_shape(rng: Random, depth: int) -> Shape:
    """Return a type; arrays and tuples nest up to ``depth``."""
    form = rng.randrange(10) if depth else 9
    if form < 3:
        kind, fields = a_shape(rng, depth - 1)
        return kind + rng.choice(["[]", "[]", f"[{rng.choice([1, 1, 2, 3, 17])}]"]), fields
    if form < 5:
        return "tuple", [a_shape(rng, depth - 1) for _ in range(rng.randint(1, 4))]
    size = rng.randint(1, 32)
    plain = ["address", "bool", "string", "bytes", f"bytes{size}", f"uint{8 * size}"]
    return rng.choice([*plain, f"int{8 * size}", "uint256"]), []


def a_value(rng: Random, shape: Shape) -> Any:
    """Return a value that eth-abi can encode."""
    kind, fields = shape
    if kind.endswith("]"):
        element, _, size = kind[:-1].rpartition("[")
        count = int(size) if size else rng.choice([0, 1, 1, 2, 3])
        return [a_value(rng, (element, fields)) for _ in range(count)]
    if kind == "tuple":
        return tuple(a_value(rng, each) for each in fields)
    if kind.startswith(("uint", "int")):
        bits = int(kind.removeprefix("u").removeprefix("int"))
        value = rng.choice([0, 1, (1 << bits) - 1, 1 << bits - 1, rng.getrandbits(bits)])
        return value if kind[0] == "u" else value - (1 << bits if value >> bits - 1 else 0)
    return _a_text(rng, kind)


def _a_text(rng: Random, kind: str) -> Any:
    match kind:
        case "bool":
            return rng.random() < 0.5
        case "string":
            return "".join(rng.choice('aé"\0\U0001f980') for _ in range(rng.choice([0, 1, 31, 70])))
        case "bytes":
            return rng.randbytes(rng.choice([0, 1, 31, 32, 33]))
        case "address":
            return "0x" + rng.randbytes(20).hex()
        case _:
            return rng.randbytes(int(kind.removeprefix("bytes")))


def spoilt(rng: Random, raw: bytes) -> bytes:
    """Return data with a few things wrong, or nothing at all."""
    found = bytearray(raw)
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        _spoil(rng, found)
    return bytes(found)


def _spoil(rng: Random, found: bytearray) -> None:
    place = rng.randrange(len(found) // 32 + 1) * 32
    words = [0, 1, 2, 31, 32, 33, 64, 96, len(found), 10**6, 2**32, 2**63, 2**64 - 1, 2**64]
    match rng.randrange(6):
        case 0:
            word = rng.choice([*words, 2**255, 2**256 - 1, 32 * rng.randrange(40)])
            found[place : place + 32] = word.to_bytes(32)
        case 1:
            if found:
                found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        case 2:
            del found[rng.randrange(len(found) + 1) :]
        case 3:
            found[place:place] = found[place : place + 32]
        case 4:
            del found[place : place + 32]
        case _:
            found += rng.randbytes(rng.choice([1, 31, 32, 64]))


def oracle_text(shape: Shape) -> str:
    """Return the type as eth-abi writes it, tuples expanded."""
    kind, fields = shape
    return kind.replace("tuple", "(" + ",".join(map(oracle_text, fields)) + ")")


def parameter_of(name: str, shape: Shape, *, indexed: bool = False) -> Parameter:
    """Return our parameter for a shape."""
    kind, fields = shape
    components = [parameter_of("", each) for each in fields]
    return to_parameter(name, kind, indexed=indexed, components=components)


def as_ours(shape: Shape, value: Any) -> Value:
    """Return a value of eth-abi's as our decoders give it."""
    kind, fields = shape
    if kind.endswith("]"):
        element = (kind[:-1].rpartition("[")[0], fields)
        return [as_ours(element, each) for each in value]
    if kind == "tuple":
        return [as_ours(each, part) for each, part in zip(fields, value, strict=True)]
    found: Value = "0x" + value.hex() if isinstance(value, bytes) else value
    return found


def as_theirs(shape: Shape, value: Any) -> Any:
    """Return a value of ours as eth-abi encodes it."""
    kind, fields = shape
    if kind.endswith("]"):
        return [as_theirs((kind[:-1].rpartition("[")[0], fields), each) for each in value]
    if kind == "tuple":
        return tuple(as_theirs(each, part) for each, part in zip(fields, value, strict=True))
    return bytes.fromhex(value[2:]) if kind.startswith("bytes") else value


def oracle(shapes: list[Shape], raw: bytes) -> list[Value] | None:
    """Return what eth-abi reads, or None where it refuses the data."""
    try:
        found = decode([oracle_text(each) for each in shapes], raw)
    except (DecodingError, UnicodeDecodeError, OverflowError):
        return None
    return [as_ours(shape, value) for shape, value in zip(shapes, found, strict=True)]


def attempt(decoder: Decoder, topics: list[str], raw: bytes) -> list[Value] | str:
    """Return the values, or why they do not fit; anything but a ValueError is a bug."""
    start = process_time()
    try:
        return decoder.values(topics, "0x" + raw.hex())
    except ValueError as refusal:
        return str(refusal)
    finally:
        assert process_time() - start < SLOWEST


def a_layout(shapes: list[Shape], *details: str, indexed: int = 0) -> Layout:
    """Return a layout of shapes, of which the first few are indexed."""
    return Layout(
        family="EVM",
        parameters=tuple(
            parameter_of(f"p{place}", each, indexed=place < indexed)
            for place, each in enumerate(shapes)
        ),
        details=details,
    )


def ready(layout: Layout) -> Decoder:
    """Return the decoder of a layout."""
    decoder = decoder_of(layout)
    assert decoder is not None
    return decoder


def check_case(number: int) -> None:
    """Assert the laws of decoding for the types and data that follow from a number."""
    rng = Random(number)
    depth = rng.choice([1, 2, 3, 4, 6])
    shapes = [a_shape(rng, depth) for _ in range(rng.randint(1, 4))]
    whole = encode([oracle_text(each) for each in shapes], [a_value(rng, each) for each in shapes])
    raw = spoilt(rng, whole)
    strict, lenient = ready(a_layout(shapes)), ready(a_layout(shapes, CALL))
    found, call = attempt(strict, [], raw), attempt(lenient, [], raw)
    expected = oracle(shapes, raw)
    if isinstance(found, str):
        assert expected is None or "astray" in found or "more values" in found
    else:
        # dirty bits and the like are refused by both; padding that the end cuts off only by one
        assert found == oracle(shapes, raw + bytes(-len(raw) % 32))
        assert call == found
    if isinstance(call, str):
        assert expected is None or "more values" in call
    else:
        # contracts may read the input so: as values that have an encoding
        theirs = [as_theirs(*pair) for pair in zip(shapes, call, strict=True)]
        again = encode([oracle_text(each) for each in shapes], theirs)
        assert attempt(strict, [], again) == call
    _check_fields(a_layout(shapes), _log([TOPIC], raw), found)
    record = TransactionRecord(hash="0x", input="0x12345678" + raw.hex())
    _check_fields(a_layout(shapes, CALL), record, call)
    _check_topics(rng, shapes, raw)


def _check_fields(layout: Layout, record: Record, values: list[Value] | str) -> None:
    """Assert that what is read of a record without decoding it is what it decodes to."""
    fits, found = _look(layout, record)
    assert fits == (not isinstance(values, str))
    if isinstance(values, str):
        return
    access = access_to(layout)
    for place, value in enumerate(values):
        expected = simple_value(value, layout.parameters[place].type)
        assert access.reader(place)(record) == expected
        assert found.get(place, expected) == expected
    for place, comparing in access.comparing.items():
        topics = cast("LogRecord", record).topics
        constant = simple_value(values[place], layout.parameters[place].type)
        seen = eval(comparing.source, {"topics": topics})  # noqa: S307 - as a probe does
        assert seen == comparing.write(constant)


def _look(layout: Layout, record: Record) -> tuple[bool, dict[int, Any]]:
    """Return whether a record fits, and its fields as the spelled sources read them."""
    access = access_to(layout)
    body = [
        *access.opening,
        f"found = [{', '.join(access.sources.values())}]",
        f"return bool({access.fits}), found",
    ]
    space: dict[str, Any] = dict(access.constants)
    exec("def look(record):\n " + "\n ".join(body), space)  # noqa: S102 - as a probe does
    seen = space["look"](record)
    if seen is None:
        return False, {}
    fits, found = seen
    return fits, dict(zip(access.sources, found, strict=True))


def _log(topics: list[str], raw: bytes) -> LogRecord:
    return LogRecord(address="0x", topics=topics, data="0x" + raw.hex())


def _check_topics(rng: Random, shapes: list[Shape], raw: bytes) -> None:
    count = rng.randint(0, min(3, len(shapes)))
    layout = a_layout(shapes, indexed=count)
    words = [raw[32 * place : 32 * place + 32] for place in range(count)]
    topics = ["0x" + spoilt(rng, word).hex() for word in words]
    found = attempt(ready(layout), topics, raw)
    if all(len(each) == 66 for each in topics):
        # a node's answer with any other topic is refused as a whole
        _check_fields(layout, _log([TOPIC, *topics], raw), found)
    if isinstance(found, str):
        return
    types: tuple[AbiType, ...] = ready(layout).types
    for each, topic, value in zip(types, topics, found, strict=False):
        assert len(topic) == 66
        assert list(read_values([each], bytes.fromhex(topic[2:]))) == [value]
    assert attempt(ready(a_layout(shapes[count:])), [], raw) == found[count:]


def test_spoilt_data_give_what_eth_abi_gives_or_do_not_fit() -> None:
    for number in range(CASES):
        try:
            check_case(number)
        except BaseException as cause:
            cause.add_note(f"check_case({number})")
            raise


@pytest.mark.deep
def test_spoilt_data_give_what_eth_abi_gives_or_do_not_fit_for_minutes() -> None:
    end = monotonic() + DEEP_SECONDS
    number = CASES
    while monotonic() < end:
        try:
            check_case(number)
        except BaseException as cause:
            cause.add_note(f"check_case({number})")
            raise
        number += 1
    print(f"{number - CASES} cases")


@pytest.mark.parametrize("suffix", ["[1][1]", "[2][3]", "[1][]", "[1][1][]", "[][1]", "[1]" * 15])
def test_arrays_of_arrays_decode_however_they_nest(suffix: str) -> None:
    shape: Shape = (f"uint8{suffix}", [])
    rng = Random(1)
    for _ in range(20):
        value = a_value(rng, shape)
        raw = encode([oracle_text(shape)], [value])
        assert attempt(ready(a_layout([shape])), [], raw) == [as_ours(shape, value)]


def test_the_deepest_nesting_decodes_and_one_more_is_refused() -> None:
    def nested(depth: int) -> Shape:
        shape: Shape = ("uint8", [])
        for _ in range(depth // 2):
            shape = ("tuple", [(shape[0] + "[]", shape[1])])
        return shape

    deepest = ready(a_layout([nested(MAX_DEPTH)]))
    for size in range(0, 2_000, 32):
        attempt(deepest, [], (32).to_bytes(32) * (size // 32))
    with pytest.raises(ValueError, match="deeper"):
        parameter_of("p", nested(MAX_DEPTH + 2))


def bomb(shapes: list[Shape], words: list[int], zeros: int) -> list[Value] | str:
    """Return what becomes of hostile data: words, and zeros behind them."""
    raw = b"".join(each.to_bytes(32) for each in words) + bytes(zeros)
    return attempt(ready(a_layout(shapes, CALL)), [], raw)


def test_offsets_that_all_lead_to_one_wide_tuple_are_refused() -> None:
    wide: Shape = ("tuple", [("uint256", [])] * 200 + [("bytes", [])])
    count = 3_000
    head = [32, count, *[32 * count] * count]
    found = bomb([(f"{wide[0]}[]", wide[1])], [*head, *[1] * 200, 32 * 201, 0], 0)
    assert found == "more values than the data can hold"


def test_offsets_that_all_lead_to_the_same_bytes_are_refused() -> None:
    size = 200_000
    found = bomb([("bytes", [])] * 500, [*[32 * 500] * 500, size], size)
    assert found == "more values than the data can hold"


@pytest.mark.parametrize("kind", ["uint256[]", "bytes[]", "string", "uint8[][]", "uint8[1][1][]"])
@pytest.mark.parametrize("claim", [10**6, 2**32, 2**64 - 1, 2**64, 2**256 - 1])
def test_a_length_beyond_the_data_is_refused_at_once(kind: str, claim: int) -> None:
    assert isinstance(bomb([(kind, [])], [32, claim], 320), str)
