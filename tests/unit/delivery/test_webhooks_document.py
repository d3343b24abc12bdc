"""The code in docs/webhooks.md does what the page says."""

import re
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from tocsin.clock import SystemClock
from tocsin.delivery.message import Message
from tocsin.delivery.signing import parse_secret, signed_headers

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

Verify = Callable[[str, dict[str, str], bytes], bool]


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    script = tmp_path / "receiver.py"
    script.write_text(code, "utf-8")
    return cast("Verify", runpy.run_path(str(script))["is_from_tocsin"])


@pytest.fixture
def message() -> Message:
    return Message(
        id="m1", timestamp=SystemClock().now(), body=b"{}", content_type="application/json"
    )


def test_the_page_s_receiver_accepts_what_we_sign(verify: Verify, message: Message) -> None:
    assert verify(SECRET, signed_headers(message, parse_secret(SECRET)), message.body)


def test_the_page_s_receiver_refuses_what_was_changed(verify: Verify, message: Message) -> None:
    headers = signed_headers(message, parse_secret(SECRET))
    assert not verify(SECRET, headers, replace(message, body=b"[]").body)
