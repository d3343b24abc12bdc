"""Trigger files: webhooks become drafts, everything else is refused with its reason."""

import json
from typing import Any

import pytest

from tests.support.openzeppelin import KEY, URL, a_trigger
from tocsin.errors import InputError
from tocsin.model.trigger import TriggerDraft, WebhookConfig
from tocsin.openzeppelin.document import Parsed
from tocsin.openzeppelin.triggers import parse_trigger, parse_triggers_file


def parse(trigger: object) -> Parsed[TriggerDraft]:
    return parse_trigger(json.dumps(trigger), slug="ops", source="t.json")


def test_a_webhook_becomes_a_draft() -> None:
    headers = {"Authorization": "Bearer x", "X-Team": "ops"}
    parsed = parse(a_trigger(headers=headers, method="post"))
    assert parsed.warnings == ()
    assert parsed.draft == TriggerDraft(
        slug="ops",
        name="Operations",
        config=WebhookConfig(url=URL["value"], secret=KEY, headers=tuple(headers.items())),
    )


def test_a_file_holds_triggers_by_slug() -> None:
    file = json.dumps({"one": a_trigger(), "two": a_trigger(secret=...)})
    one, two = parse_triggers_file(file, source="t.json")
    assert (one.draft.slug, two.draft.slug) == ("one", "two")
    assert two.draft.config.secret is None


def test_an_error_in_a_file_names_the_trigger() -> None:
    file = json.dumps({"one": a_trigger(), "two": a_trigger(method="GET")})
    with pytest.raises(InputError) as caught:
        parse_triggers_file(file, source="t.json")
    assert caught.value.field == "two.config.method"


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"secret": ...}, "secret"), ({"retry_policy": {"max_retries": 3}}, "retry_policy")],
)
def test_what_a_sender_should_know_is_a_warning(changes: dict[str, Any], word: str) -> None:
    (warning,) = parse(a_trigger(**changes)).warnings
    assert warning.startswith(word)


@pytest.mark.parametrize("kind", ["slack", "email", "telegram", "discord", "script"])
def test_other_channels_are_not_supported_yet(kind: str) -> None:
    with pytest.raises(InputError, match=f"{kind} triggers are not supported yet") as caught:
        parse(a_trigger() | {"trigger_type": kind})
    assert caught.value.field == "trigger_type"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": ...}, "config.url"),
        ({"url": {"type": "plain", "value": "ftp://x"}}, "config.url"),
        ({"method": "GET"}, "config.method"),
        ({"method": "INVALID"}, "config.method"),
        ({"message": {"title": "t", "body": "b"}}, "config.message"),
        ({"payload_mode": "raw"}, "config.payload_mode"),
        ({"secret": {"type": "plain", "value": "some-secret"}}, "config.secret"),
        ({"secret": {"type": "plain", "value": "whsec_AAAA"}}, "config.secret"),
        ({"secret": {"type": "environment", "value": "X"}}, "config.secret.type"),
        ({"headers": []}, "config.headers"),
        ({"headers": {"Bad Name": "x"}}, "config.headers.Bad Name"),
        ({"headers": {"X-A": "a\r\nb"}}, "config.headers.X-A"),
        ({"headers": {"X-A": 1}}, "config.headers.X-A"),
        ({"headers": {"Webhook-Id": "x"}}, "config.headers.Webhook-Id"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "config.headers"),
        ({"headers": {"Content-Type": "text/plain"}}, "config.headers.Content-Type"),
        ({"headers": {"content-type": "application/json5"}}, "config.headers.content-type"),
        ({"headers": {"Content-Type": ""}}, "config.headers.Content-Type"),
        ({"retry_policy": 3}, "config.retry_policy"),
        ({"slack_url": URL}, "config.slack_url"),
    ],
)
def test_an_error_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(a_trigger(**changes))
    assert caught.value.field == field


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json ;",
    ],
)
def test_the_content_type_that_is_sent_may_be_said(value: str) -> None:
    given = {"content-Type": value, "X-Team": "ops"}
    assert parse(a_trigger(headers=given)).draft.config.headers == (("X-Team", "ops"),)


def test_another_content_type_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match="sent as application/json; leave this header out"):
        parse(a_trigger(headers={"Content-Type": "application/xml"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://hooks.example/s3cr3t"},
        {"url": {"type": "plain", "value": "s3cr3t"}},
        {"secret": {"type": "plain", "value": "s3cr3t"}},
        {"headers": {"Authorization": "s3cr3t\n"}},
    ],
)
def test_an_error_never_shows_a_secret(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        parse(a_trigger(**changes))
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("slug", ["", "a\nb", "x" * 300])
def test_a_slug_is_printable_and_short(slug: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_triggers_file(json.dumps({slug: a_trigger()}), source="t.json")
    assert len(str(caught.value)) < 200
