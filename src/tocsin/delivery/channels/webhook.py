"""Messages to a URL, signed as Standard Webhooks describes."""

import re
from collections.abc import Mapping

from yarl import URL

from tocsin.delivery.channel import Receipt, Submitter
from tocsin.delivery.message import Message
from tocsin.delivery.outcome import require_taken
from tocsin.delivery.signing import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    parse_secret,
    signed_headers,
)
from tocsin.errors import InputError
from tocsin.model.trigger import WebhookConfig

TIMEOUT_SECONDS = 15.0
"""For the whole request. Source: Standard Webhooks specification, 15 to 30 s."""

MOST_HEADERS = 20
LONGEST_HEADER = 4096
"""Characters of a value."""

# Source: RFC 9110 5.1 and 5.6.2 (token), 5.5 (visible characters; we add none but ASCII).
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"([\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?)?")

# They frame the request, say what we say, or prove it: one set by a tenant could smuggle a
# second request or pass for a signature.
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        ID_HEADER,
        SIGNATURE_HEADER,
        TIMESTAMP_HEADER,
    }
)


class WebhookChannel:
    """One webhook: POSTs each message, signed where there is a secret.

    Raises:
        InputError: the secret or a header of the config can never work.
    """

    def __init__(self, config: WebhookConfig, http: Submitter) -> None:
        self._url = config.url
        self._host = _parse_host(config.url)
        self._key = None if config.secret is None else parse_secret(config.secret)
        self._headers = parse_headers(config.headers)
        self._http = http

    async def send(self, message: Message) -> Receipt:
        """Send once and return the receipt; see Channel."""
        answer = await self._http.submit(
            self._url,
            body=message.body,
            headers={
                "content-type": message.content_type,
                **signed_headers(message, self._key),
                **self._headers,
            },
            timeout_seconds=TIMEOUT_SECONDS,
        )
        return require_taken(self._host, answer)


def parse_headers(headers: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """Return a config's headers by lower-case name; the last of one name wins.

    Raises:
        InputError: too many, too long, not of HTTP's shape, or one that is ours to set. Names
            the header by its place, since name and value may be secret.
    """
    if len(headers) > MOST_HEADERS:
        raise InputError(f"at most {MOST_HEADERS} headers", field="headers")
    parsed: dict[str, str] = {}
    for place, (name, value) in enumerate(headers):
        field = f"headers[{place}]"
        key = name.lower()
        if _NAME.fullmatch(name) is None:
            raise InputError("not an HTTP header name", field=field)
        if key in _OURS or key.startswith("proxy-"):
            raise InputError("this header is set by us", field=field)
        if len(value) > LONGEST_HEADER or _VALUE.fullmatch(value) is None:
            raise InputError(
                f"a value is at most {LONGEST_HEADER} printable ASCII characters", field=field
            )
        parsed[key] = value
    return parsed


def _parse_host(url: str) -> str:
    try:
        host = URL(url).raw_host
    except ValueError:
        host = None
    if not host:
        # Without its cause, which quotes the URL.
        raise InputError("this is not a URL with a host", field="url") from None
    return host
