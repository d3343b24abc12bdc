"""OpenZeppelin Monitor's trigger files → drafts of ours. Webhooks only."""

import base64
import binascii
import re

from tocsin.model.trigger import ChannelKind, TriggerDraft, WebhookConfig
from tocsin.openzeppelin.document import Fields, Parsed, Place, read_document, read_secret
from tocsin.openzeppelin.networks import is_http_url

MAX_NAME_LENGTH = 255
MAX_TRIGGERS = 1000
MAX_HEADERS = 32
MAX_HEADER_LENGTH = 4096

_TYPES = ("slack", "email", "webhook", "telegram", "discord", "script")
_METHODS = ("GET", "POST", "PUT", "DELETE")
_WEBHOOK_KEYS = (
    "url",
    "method",
    "secret",
    "headers",
    "message",
    "payload_mode",
    "retry_policy",
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_CONTENT_TYPE = "content-type"
_SENT_TYPE = "application/json"
# Ours, or the connection's: a copy would contradict what is sent.
_RESERVED_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
    }
)
_KEY_PREFIX = "whsec_"


def parse_trigger(raw: bytes | str, *, slug: str, source: str) -> Parsed[TriggerDraft]:
    """Return the draft of one trigger object; ``slug`` is the name monitors use for it.

    Raises:
        InputError: the document is not such a trigger, or asks for what is not supported yet.
    """
    value, place = read_document(raw, source=source)
    return _parse(slug, value, place)


def parse_triggers_file(raw: bytes | str, *, source: str) -> tuple[Parsed[TriggerDraft], ...]:
    """Return the drafts of a file, which is an object from slug to trigger.

    Raises:
        InputError: as for ``parse_trigger``; the first trigger at fault is named.
    """
    value, place = read_document(raw, source=source)
    members = list(Fields(value, place).members())
    if len(members) > MAX_TRIGGERS:
        place.fail(f"expected at most {MAX_TRIGGERS} triggers, found {len(members)}")
    return tuple(_parse(slug, trigger, at) for slug, trigger, at in members)


def _parse(slug: str, value: object, place: Place) -> Parsed[TriggerDraft]:
    if not slug or len(slug) > MAX_NAME_LENGTH or not slug.isprintable():
        place.fail(f"expected a key of 1 to {MAX_NAME_LENGTH} printable characters")
    fields = Fields(value, place, ("name", "trigger_type", "config"))
    name = fields.text("name", max_length=MAX_NAME_LENGTH)
    kind = fields.choice("trigger_type", _TYPES)
    if kind != ChannelKind.WEBHOOK:
        place.member("trigger_type").fail(f"{kind} triggers are not supported yet, only webhook")
    config = Fields(fields.required("config"), place.member("config"), _WEBHOOK_KEYS)
    draft = TriggerDraft(slug=slug, name=name, config=_parse_webhook(config))
    return Parsed(draft=draft, warnings=_warnings(config, draft))


def _parse_webhook(fields: Fields) -> WebhookConfig:
    _refuse_unsupported(fields)
    if "retry_policy" in fields:
        Fields(fields.optional("retry_policy"), fields.place.member("retry_policy"))
    at = fields.place.member("url")
    url = read_secret(fields.required("url"), at)
    if not is_http_url(url):
        at.fail("expected a URL that starts with http:// or https:// and names a host")
    return WebhookConfig(url=url, secret=_parse_secret(fields), headers=_parse_headers(fields))


def _refuse_unsupported(fields: Fields) -> None:
    if "method" in fields:
        method = fields.text("method").upper()
        at = fields.place.member("method")
        if method not in _METHODS:
            at.expect(f"one of {', '.join(_METHODS)}", method)
        if method != "POST":
            at.fail(f"{method} cannot be signed as a message; only POST is supported")
    for key in ("message", "payload_mode"):
        if key in fields:
            fields.place.member(key).fail(
                "a message of one's own is not supported yet; without this key the whole match "
                "is sent as JSON"
            )


def _parse_secret(fields: Fields) -> str | None:
    if "secret" not in fields:
        return None
    place = fields.place.member("secret")
    secret = read_secret(fields.optional("secret"), place)
    try:
        key = base64.b64decode(secret.removeprefix(_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_KEY_PREFIX) or not 24 <= len(key) <= 64:
        place.fail("expected whsec_ and the base64 of 24 to 64 bytes, as Standard Webhooks has it")
    return secret


def _parse_headers(fields: Fields) -> tuple[tuple[str, str], ...]:
    if "headers" not in fields:
        return ()
    place = fields.place.member("headers")
    members = list(Fields(fields.optional("headers"), place).members())
    if len(members) > MAX_HEADERS:
        place.fail(f"expected at most {MAX_HEADERS} headers, found {len(members)}")
    headers = tuple(_parse_header(name, value, at) for name, value, at in members)
    if len({name.lower() for name, _ in headers}) < len(headers):
        place.fail("a header is given twice; their case does not count")
    # Said and true, but ours to send.
    return tuple(each for each in headers if each[0].lower() != _CONTENT_TYPE)


def _parse_header(name: str, value: object, place: Place) -> tuple[str, str]:
    """Return one header; errors do not show its value, which may be a credential."""
    if _HEADER_NAME.fullmatch(name) is None or len(name) > MAX_NAME_LENGTH:
        place.fail("expected the name of an HTTP header")
    if name.lower() in _RESERVED_HEADERS or name.lower().startswith("proxy-"):
        place.fail("this header is set with every message and cannot be given")
    if not isinstance(value, str) or len(value) > MAX_HEADER_LENGTH:
        place.fail(f"expected text of at most {MAX_HEADER_LENGTH} characters")
    if _HEADER_VALUE.fullmatch(value) is None:
        place.fail("expected printable ASCII without line breaks")
    if name.lower() == _CONTENT_TYPE and not _is_sent_type(value):
        place.fail(f"messages are sent as {_SENT_TYPE}; leave this header out")
    return name, value


def _is_sent_type(value: str) -> bool:
    """Return whether a content type is that of every message, whatever its parameters."""
    return value.partition(";")[0].strip(" \t").lower() == _SENT_TYPE


def _warnings(fields: Fields, draft: TriggerDraft) -> tuple[str, ...]:
    warnings = []
    if "retry_policy" in fields:
        warnings.append("retry_policy: without effect, deliveries are retried over three days")
    if draft.config.url.startswith("http://"):
        warnings.append("url: an http:// message can be read and changed on the way")
    if draft.config.secret is None:
        warnings.append("secret: without one the receiver cannot tell whose message it is")
    return tuple(warnings)
