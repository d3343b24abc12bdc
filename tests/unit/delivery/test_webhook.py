from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from tocsin.delivery.channels.webhook import WebhookChannel
from tocsin.delivery.message import Message
from tocsin.errors import InputError
from tocsin.model.trigger import WebhookConfig
from tocsin.net.http import HttpAnswer

URL = "https://hooks.example.com/hunter2?key=hunter2"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = Message(
    id="m1",
    timestamp=datetime.fromtimestamp(1614265330, UTC),
    body=b"{}",
    content_type="application/json",
)


class Recorder:
    """Takes every message and remembers the last."""

    def __init__(self) -> None:
        self.url = ""
        self.body = b""
        self.headers: Mapping[str, str] = {}

    async def submit(
        self, url: str, *, body: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> HttpAnswer:
        self.url, self.body, self.headers = url, body, headers
        return HttpAnswer(status=200)


def a_config(
    *headers: tuple[str, str], url: str = URL, secret: str | None = SECRET
) -> WebhookConfig:
    return WebhookConfig(url=url, secret=secret, headers=headers)


async def sent_by(config: WebhookConfig) -> Recorder:
    recorder = Recorder()
    await WebhookChannel(config, recorder).send(MESSAGE)
    return recorder


async def test_the_body_goes_to_the_url_as_it_is() -> None:
    recorder = await sent_by(a_config())
    assert (recorder.url, recorder.body) == (URL, b"{}")


async def test_a_message_goes_with_its_kind_and_signature() -> None:
    recorder = await sent_by(a_config())
    assert recorder.headers.keys() == {
        "content-type",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }


async def test_without_a_secret_there_is_no_signature() -> None:
    recorder = await sent_by(a_config(secret=None))
    assert "webhook-signature" not in recorder.headers


async def test_configured_headers_go_too() -> None:
    recorder = await sent_by(a_config(("X-Api-Key", "a b"), ("Authorization", "Bearer x")))
    assert recorder.headers["x-api-key"] == "a b"
    assert recorder.headers["authorization"] == "Bearer x"


async def test_the_last_header_of_one_name_wins() -> None:
    recorder = await sent_by(a_config(("X-Key", "1"), ("x-key", "2")))
    assert recorder.headers["x-key"] == "2"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "a:b",
        "a\r\nb",
        "ü",
        "x" * 101,
        "Host",
        "content-length",
        "Transfer-Encoding",
        "Content-Type",
        "Connection",
        "Expect",
        "Webhook-Id",
        "webhook-signature",
        "webhook-timestamp",
        "Proxy-Authorization",
    ],
)
def test_a_header_that_is_ours_or_no_header_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"^headers\[1\]: "):
        WebhookChannel(a_config(("x", "y"), (name, "value")), Recorder())


@pytest.mark.parametrize("value", ["a\r\nwebhook-id: b", "a\n", "\x00", "ü", " padded", "x" * 4097])
def test_a_header_value_that_could_carry_more_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=r"^headers\[0\]: "):
        WebhookChannel(a_config(("x-key", value)), Recorder())


def test_more_headers_than_a_request_needs_are_refused() -> None:
    with pytest.raises(InputError, match=r"^headers: "):
        WebhookChannel(a_config(*((f"x-{n}", "") for n in range(21))), Recorder())


def test_a_bad_secret_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InputError, match=r"^secret: "):
        WebhookChannel(a_config(secret="hunter2"), Recorder())


@pytest.mark.parametrize("url", ["", "/path", "https://", "http://[::1", "https://h:port/"])
def test_a_url_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"^url: "):
        WebhookChannel(a_config(url=url), Recorder())


def test_a_config_does_not_show_its_secrets() -> None:
    shown = repr(a_config(("x-key", "hunter2"), secret="hunter2"))
    assert "hunter2" not in shown
