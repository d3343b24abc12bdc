"""Specs as the SDK writes them, then spoilt: read as they were, or refused with a ValueError.

Every case follows from its number alone, and a failure names it: ``check_case(number)``.
"""

from collections.abc import Callable
from contextlib import suppress
from random import Random
from time import monotonic, process_time
from typing import Any

import pytest

from tests.support.stellar_specs import a_module, encode_spec
from tocsin.chains.stellar.codec.contract_spec import read_spec
from tocsin.chains.stellar.codec.wasm import custom_sections

CASES = 300
DEEP_SECONDS = 300
SLOWEST = 2.0  # CPU seconds for one stream of a few KiB
SECTION = b"contractspecv0"
PRIMITIVES = ("bool", "u32", "i128", "u256", "bytes", "symbol", "address", "muxed_address", "val")


def a_type(rng: Random, depth: int) -> Any:
    """Return a type; compound ones nest up to ``depth``."""
    form = rng.randrange(9) if depth else 8
    if form < 2:
        return {"option": {"value_type": a_type(rng, depth - 1)}}
    if form < 4:
        return {"vec": {"element_type": a_type(rng, depth - 1)}}
    if form == 4:
        key, value = a_type(rng, depth - 1), a_type(rng, depth - 1)
        return {"map": {"key_type": key, "value_type": value}}
    if form == 5:
        return {"tuple": {"value_types": [a_type(rng, depth - 1) for _ in range(rng.randrange(4))]}}
    if form == 6:
        return {"udt": {"name": a_name(rng, 60)}}
    return {"bytes_n": {"n": rng.randrange(1, 99)}} if form == 7 else rng.choice(PRIMITIVES)


def a_name(rng: Random, longest: int) -> str:
    return "".join(rng.choice("abcXYZ_09") for _ in range(rng.randint(1, longest)))


def parameters(rng: Random, **more: Callable[[], str]) -> list[dict[str, Any]]:
    return [
        {"doc": "", "name": a_name(rng, 30), "type_": a_type(rng, 4)}
        | {key: make() for key, make in more.items()}
        for _ in range(rng.randrange(5))
    ]


def an_entry(rng: Random) -> dict[str, Any]:
    """Return a function, an event or a struct."""
    body: dict[str, Any] = {"doc": ""}
    match rng.randrange(3):
        case 0:
            outputs = [a_type(rng, 3)] * rng.randrange(2)
            body |= {"name": a_name(rng, 32), "inputs": parameters(rng), "outputs": outputs}
            return {"function_v0": body}
        case 1:
            body |= {"lib": "", "name": a_name(rng, 60), "fields": parameters(rng)}
            return {"udt_struct_v0": body}
        case _:
            place = parameters(rng, location=lambda: rng.choice(("data", "topic_list")))
            body |= {"lib": "", "name": a_name(rng, 32), "prefix_topics": [a_name(rng, 32)]}
            body |= {"params": place, "data_format": rng.choice(("single_value", "vec", "map"))}
            return {"event_v0": body}


def spoil(rng: Random, raw: bytes) -> bytes:
    """Return bytes with some changed, cut out, repeated or cut off."""
    spoilt = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(spoilt) + 1)
        match rng.randrange(4):
            case 0:
                spoilt[place : place + 1] = bytes((rng.choice((0, 1, 127, 128, 255)),))
            case 1:
                spoilt[place : place + 4] = rng.choice((0, 5, 1000, 1005, 2**32 - 1)).to_bytes(4)
            case 2:
                del spoilt[place : place + rng.randrange(9)]
            case _:
                spoilt[place:place] = spoilt[place : place + 64] * rng.randrange(9)
    return bytes(spoilt)


def check_case(number: int) -> None:
    """Check one case: what was written is read, what was spoilt is read or refused in time."""
    rng = Random(number)
    spec = [an_entry(rng) for _ in range(rng.randint(1, 4))]
    stream = encode_spec(spec)
    module = a_module(stream)
    assert custom_sections(module, SECTION) == stream, number
    assert read_spec(stream) == spec, number
    for _ in range(20):
        before = process_time()
        with suppress(ValueError):
            read_spec(spoil(rng, stream))
        with suppress(ValueError):
            custom_sections(spoil(rng, module), SECTION)
        assert process_time() - before < SLOWEST, number


def test_spoilt_specs_are_read_or_refused() -> None:
    for number in range(CASES):
        check_case(number)


@pytest.mark.deep
def test_spoilt_specs_are_read_or_refused_for_five_minutes() -> None:
    number, until = CASES, monotonic() + DEEP_SECONDS
    while monotonic() < until:
        check_case(number)
        number += 1
