"""The text of API keys."""

from hashlib import sha256
from random import Random

import pytest

from tocsin.control.api_keys import generate_key, parse_key
from tocsin.errors import NotAuthenticatedError


def test_a_generated_key_is_read_back() -> None:
    key = generate_key(Random(1).randbytes)
    assert parse_key(key.text) == (key.id, key.secret_hash)


def test_a_key_has_the_documented_shape() -> None:
    key = generate_key(Random(1).randbytes)
    kind, key_id, rest = key.text.split("_")
    assert (kind, key_id, len(rest)) == ("tsn", key.id, 72)


def test_only_the_hash_of_the_secret_is_kept() -> None:
    key = generate_key(Random(1).randbytes)
    assert key.secret_hash == sha256(key.text.split("_")[2][:64].encode()).digest()


@pytest.mark.parametrize("place", range(4, 93))
def test_a_slip_in_any_letter_is_noticed(place: int) -> None:
    letters = list(generate_key(Random(1).randbytes).text)
    letters[place] = "0" if letters[place] != "0" else "1"
    with pytest.raises(NotAuthenticatedError):
        parse_key("".join(letters))


@pytest.mark.parametrize(
    "text", ["", "tsn_", "tsn_" + "0" * 90, "Tsn_0_0", "tsn_\ud800", "x" * 100_000]
)
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(NotAuthenticatedError) as refusal:
        parse_key(text)
    assert not text or text not in str(refusal.value)


def test_a_line_break_behind_a_key_is_no_part_of_it() -> None:
    with pytest.raises(NotAuthenticatedError):
        parse_key(generate_key(Random(1).randbytes).text + "\n")
