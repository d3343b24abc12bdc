"""A secret and a message → signed headers, and the check that a receiver makes. Pure.

Source: Standard Webhooks specification 1.0, "Webhook Headers" and "Signature scheme"
(symmetric, HMAC-SHA256, version ``v1``).
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from tocsin.delivery.message import Message
from tocsin.errors import InputError

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

PREFIX = "whsec_"
SHORTEST_SECRET = 24
LONGEST_SECRET = 64
"""Bytes, after base64."""

TOLERANCE = timedelta(minutes=5)
_VERSION = "v1,"
_UNIX_SECONDS = re.compile(r"[0-9]{1,11}")


def parse_secret(text: str, *, field: str = "secret") -> bytes:
    """Return the key inside ``whsec_`` and base64.

    Raises:
        InputError: another form, or fewer than 24 or more than 64 bytes. Never quotes the text.
    """
    if not text.startswith(PREFIX):
        raise _not_a_secret(field)
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise _not_a_secret(field) from None
    if not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
        raise _not_a_secret(field)
    return key


def render_secret(key: bytes) -> str:
    """Return a key as text; give it 24 to 64 bytes from a secure source of randomness.

    Raises:
        ValueError: fewer or more bytes.
    """
    if not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
        raise ValueError(f"a key has {SHORTEST_SECRET} to {LONGEST_SECRET} bytes, not {len(key)}")
    return PREFIX + base64.b64encode(key).decode()


def signed_headers(message: Message, key: bytes | None) -> dict[str, str]:
    """Return the three headers of a message, or the first two where there is no key."""
    seconds = str(int(message.timestamp.timestamp()))
    headers = {ID_HEADER: message.id, TIMESTAMP_HEADER: seconds}
    if key is not None:
        headers[SIGNATURE_HEADER] = _sign(key, message.id, seconds, message.body)
    return headers


def is_signed(
    key: bytes,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> bool:
    """Return whether the headers of a received request sign its body with this key, just now.

    A timestamp further from ``now`` than the tolerance is refused in both directions, so an
    old request cannot be played again. Any one of several signatures is enough, so that keys
    can be changed.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get(ID_HEADER, "")
    seconds = given.get(TIMESTAMP_HEADER, "")
    if not message_id or _UNIX_SECONDS.fullmatch(seconds) is None:
        return False
    if abs(now.timestamp() - int(seconds)) > tolerance.total_seconds():
        return False
    expected = _sign(key, message_id, seconds, body).encode()
    return any(
        hmac.compare_digest(expected, signature.encode())
        for signature in given.get(SIGNATURE_HEADER, "").split(" ")
    )


def _sign(key: bytes, message_id: str, seconds: str, body: bytes) -> str:
    content = f"{message_id}.{seconds}.".encode() + body
    return _VERSION + base64.b64encode(hmac.digest(key, content, sha256)).decode()


def _not_a_secret(field: str) -> InputError:
    return InputError(
        f"expected `{PREFIX}` and base64 of {SHORTEST_SECRET} to {LONGEST_SECRET} bytes",
        field=field,
    )
