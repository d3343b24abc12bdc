import base64

import pytest

from tocsin.model.encryption_keys import parse_encryption_keys, render_encryption_key

KEY = b"k" * 32
TEXT = base64.b64encode(KEY).decode()


def test_keys_keep_their_order() -> None:
    assert list(parse_encryption_keys(f"new:{TEXT}, old:{TEXT}")) == ["new", "old"]


def test_what_is_rendered_parses_as_the_same_key() -> None:
    assert parse_encryption_keys(render_encryption_key("a", KEY)) == {"a": KEY}


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT,
        f":{TEXT}",
        "a:",
        "a:c2hvcnQ=",
        f"a:{TEXT}=",
        f"a:{TEXT},",
        f"a:{TEXT},a:{TEXT}",
        f"a b:{TEXT}",
        f"{'a' * 65}:{TEXT}",
        f"a:{TEXT[:-2]}é=",
    ],
)
def test_another_shape_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="expected id:key") as raised:
        parse_encryption_keys(text)
    assert TEXT not in str(raised.value)
