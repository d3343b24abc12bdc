"""Wasm modules → contents of custom sections, also of modules that lie."""

import time

import pytest

from tocsin.chains.stellar.codec.wasm import MOST_MODULE_BYTES, MOST_SECTIONS, custom_sections

HEADER = b"\0asm\x01\0\0\0"
NAME = b"contractspecv0"


def leb128(number: int) -> bytes:
    digits = bytearray()
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*digits, number))


def a_section(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + leb128(len(body)) + body


def a_custom(name: bytes, content: bytes) -> bytes:
    return a_section(0, leb128(len(name)) + name + content)


def test_sections_of_one_name_are_joined_and_others_left_out() -> None:
    module = HEADER + b"".join(
        (
            a_section(1, b"types"),
            a_custom(NAME, b"one"),
            a_custom(b"contractmetav0", b"meta"),
            a_custom(NAME, b"x" * 300),
            a_section(10, NAME * 40),
        )
    )
    assert custom_sections(module, NAME) == b"one" + b"x" * 300


def test_a_module_without_the_section_gives_nothing() -> None:
    assert custom_sections(HEADER, NAME) == b""


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (b"", "not a Wasm module"),
        (b"\0asm\x02\0\0\0", "not a Wasm module"),
        (HEADER + b"\0", "not an integer"),
        (HEADER + b"\0\x80", "not an integer"),
        (HEADER + b"\0\x80\x80\x80\x80\x80\x01", "not an integer"),
        (HEADER + b"\0\xff\xff\xff\xff\x7f", "not an integer"),
        (HEADER + b"\0\xff\xff\xff\xff\x0f", "beyond the end"),
        (HEADER + b"\x01\x05abc", "beyond the end"),
        (HEADER + a_section(0, b"\x05abc"), "beyond the end"),
        (HEADER + a_section(0, b""), "not an integer"),
        (HEADER + a_section(0, b"\x80") + b"\x01" * 9, "not an integer"),
        (HEADER + b"\0" * 2 * MOST_MODULE_BYTES, "at most"),
        (HEADER + a_section(1, b"") * MOST_SECTIONS, "fewer than"),
    ],
)
def test_a_module_that_lies_is_a_value_error(module: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        custom_sections(module, NAME)


def test_the_largest_module_of_the_smallest_sections_takes_no_time() -> None:
    module = HEADER + a_section(1, b"") * ((MOST_MODULE_BYTES - 8) // 2)
    before = time.process_time()
    with pytest.raises(ValueError, match="fewer than"):
        custom_sections(module, NAME)
    assert time.process_time() - before < 0.5
