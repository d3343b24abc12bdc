import base64
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.delivery.message import Message
from tocsin.delivery.signing import is_signed, parse_secret, render_secret, signed_headers
from tocsin.errors import InputError

# The worked example of the Standard Webhooks specification and its libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENT_AT = datetime.fromtimestamp(1614265330, UTC)
EXAMPLE = Message(
    id="msg_p5jXN8AQM9LWM0D4loKWxJek",
    timestamp=SENT_AT,
    body=b'{"test": 2432232314}',
    content_type="application/json",
)
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
KEY = parse_secret(SECRET)


def test_the_specification_s_example_gives_its_signature() -> None:
    assert signed_headers(EXAMPLE, KEY) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_without_a_key_a_message_still_has_its_id_and_time() -> None:
    assert signed_headers(EXAMPLE, None).keys() == {"webhook-id", "webhook-timestamp"}


def test_a_signed_request_is_accepted() -> None:
    assert is_signed(KEY, signed_headers(EXAMPLE, KEY), EXAMPLE.body, now=SENT_AT)


def test_header_names_are_compared_without_case() -> None:
    headers = {name.title(): value for name, value in signed_headers(EXAMPLE, KEY).items()}
    assert is_signed(KEY, headers, EXAMPLE.body, now=SENT_AT)


def test_one_good_signature_of_several_is_enough() -> None:
    headers = signed_headers(EXAMPLE, KEY)
    headers["webhook-signature"] = f"v1,AAAA v1a,{'A' * 88} {SIGNATURE}"
    assert is_signed(KEY, headers, EXAMPLE.body, now=SENT_AT)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_other"),
        ("webhook-id", ""),
        ("webhook-timestamp", "1614265331"),
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", "-1614265330"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-signature", ""),
        ("webhook-signature", SIGNATURE.removeprefix("v1,")),
        ("webhook-signature", SIGNATURE.replace("v1,", "v2,")),
        ("webhook-signature", "v1,ü"),
    ],
)
def test_a_changed_header_is_refused(name: str, value: str) -> None:
    headers = {**signed_headers(EXAMPLE, KEY), name: value}
    assert not is_signed(KEY, headers, EXAMPLE.body, now=SENT_AT)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(name: str) -> None:
    headers = signed_headers(EXAMPLE, KEY)
    del headers[name]
    assert not is_signed(KEY, headers, EXAMPLE.body, now=SENT_AT)


def test_a_changed_body_is_refused() -> None:
    assert not is_signed(KEY, signed_headers(EXAMPLE, KEY), EXAMPLE.body + b" ", now=SENT_AT)


def test_another_key_is_refused() -> None:
    assert not is_signed(bytes(24), signed_headers(EXAMPLE, KEY), EXAMPLE.body, now=SENT_AT)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_of_difference_are_tolerated(seconds: int) -> None:
    now = SENT_AT + timedelta(seconds=seconds)
    assert is_signed(KEY, signed_headers(EXAMPLE, KEY), EXAMPLE.body, now=now)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_request_played_again_later_is_refused(seconds: int) -> None:
    now = SENT_AT + timedelta(seconds=seconds)
    assert not is_signed(KEY, signed_headers(EXAMPLE, KEY), EXAMPLE.body, now=now)


@pytest.mark.parametrize("length", [24, 32, 64])
def test_a_key_survives_being_written_and_read(length: int) -> None:
    key = bytes(range(length))
    assert parse_secret(render_secret(key)) == key


@pytest.mark.parametrize("length", [0, 23, 65])
def test_a_key_of_another_length_is_not_written(length: int) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        render_secret(bytes(length))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        SECRET.removeprefix("whsec_"),
        SECRET.upper(),
        SECRET[:-1],
        SECRET + "\n",
        "whsec_" + "?" * 32,
        "whsec_" + "ü" * 32,
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
    ],
)
def test_a_secret_of_another_form_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_secret(text, field="config.secret")
    assert str(refusal.value) == "config.secret: expected `whsec_` and base64 of 24 to 64 bytes"
