"""The keys that seal secrets, as text: ``id:base64key,…``. Pure."""

import base64
import re

KEY_BYTES = 32  # AES-256
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def parse_encryption_keys(text: str) -> dict[str, bytes]:
    """Return the keys by id, in order; the first is the one to seal with.

    Shape: ``id:key`` parts joined by commas, each key 32 bytes in base64. An id is stored
    beside what its key sealed, so it must not be given to another key later.

    Raises:
        ValueError: another shape, a key of another size, or an id twice; never with a key.
    """
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        name, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:  # binascii.Error, or letters outside ASCII
            key = b""
        if _KEY_ID.fullmatch(name) is None or name in keys or len(key) != KEY_BYTES:
            raise ValueError("expected id:key,… with each id once and each key 32 bytes in base64")
        keys[name] = key
    return keys


def render_encryption_key(key_id: str, key: bytes) -> str:
    """Return one key as ``id:base64key``."""
    return f"{key_id}:{base64.b64encode(key).decode()}"
