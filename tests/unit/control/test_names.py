"""Names that people choose."""

import pytest

from tocsin.control.names import require_name, require_slug, require_trigger_slug
from tocsin.errors import InputError


@pytest.mark.parametrize("name", ["a", "Großbank №1", "警報", "x" * 200])
def test_a_name_of_any_alphabet_is_kept(name: str) -> None:
    assert require_name(name, field="name") == name


@pytest.mark.parametrize(
    "name", ["", " \t", "x" * 201, "a\0", "a\nb", "a\x1b[2J", "\u202eabc", "\ud800"]
)
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^name: "):
        require_name(name, field="name")


@pytest.mark.parametrize("slug", ["a", "0", "ethereum_mainnet", "a-b", "x" * 63])
def test_a_slug_is_kept(slug: str) -> None:
    assert require_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "_a", "-a", "A", "a b", "a\n", "ä", "x" * 64, "a/b", "a\0"])
def test_what_cannot_stand_in_a_path_is_no_slug(slug: str) -> None:
    with pytest.raises(InputError):
        require_slug(slug)


@pytest.mark.parametrize("slug", ["On.Call-1", "a", "x" * 128])
def test_a_triggers_slug_may_be_an_openzeppelin_key(slug: str) -> None:
    assert require_trigger_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", ".a", "a b", "a\n", "x" * 129])
def test_a_triggers_slug_has_bounds(slug: str) -> None:
    with pytest.raises(InputError):
        require_trigger_slug(slug)
