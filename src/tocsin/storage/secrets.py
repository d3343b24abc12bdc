"""Secrets as rows: AES-256-GCM, bound to their tenant, purpose and id.

A row copied to another tenant, or another purpose, does not decrypt.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.errors import NotFoundError, SettingsError, StorageError
from tocsin.model.ids import SecretId, TenantId, TriggerId
from tocsin.storage.pool import Row, Session

ENDPOINTS = "network.endpoints"
TRIGGER_CONFIG = "trigger.config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted secret: which key, the 12-byte nonce, ciphertext with its 16-byte tag."""

    key_id: str
    nonce: bytes
    ciphertext: bytes


class SecretBox:
    """The keys that seal and open secrets. ``keys`` are 32 bytes each, by id.

    Raises:
        SettingsError: no key, a key of another size, or no current key among them.
    """

    def __init__(
        self, keys: Mapping[str, bytes], current: str, random_bytes: Callable[[int], bytes]
    ) -> None:
        if current not in keys or any(len(key) != 32 for key in keys.values()):
            raise SettingsError("encryption keys are 32 bytes each, and the current one is given")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current
        self._random_bytes = random_bytes

    def seal(
        self, clear: bytes, *, tenant_id: TenantId | None, purpose: str, secret_id: SecretId
    ) -> Sealed:
        """Return the secret encrypted with the current key."""
        nonce = self._random_bytes(12)
        bound_to = _associated_data(tenant_id, purpose, secret_id)
        ciphertext = self._ciphers[self._current].encrypt(nonce, clear, bound_to)
        return Sealed(key_id=self._current, nonce=nonce, ciphertext=ciphertext)

    def open(
        self, sealed: Sealed, *, tenant_id: TenantId | None, purpose: str, secret_id: SecretId
    ) -> bytes:
        """Return the clear bytes.

        Raises:
            StorageError: the key is not here, or the row is not what was sealed.
        """
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise StorageError(f"secret {secret_id} needs encryption key {sealed.key_id}")
        bound_to = _associated_data(tenant_id, purpose, secret_id)
        try:
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, bound_to)
        except InvalidTag as cause:
            raise StorageError(f"secret {secret_id} does not decrypt") from cause


def _associated_data(tenant_id: TenantId | None, purpose: str, secret_id: SecretId) -> bytes:
    return f"{tenant_id or 'platform'}/{purpose}/{secret_id}".encode()


async def add_secret(
    session: Session, box: SecretBox, clear: bytes, *, tenant_id: TenantId | None, purpose: str
) -> SecretId:
    """Store a secret and return its id. ``tenant_id`` None: the platform's."""
    secret_id = SecretId(uuid4())
    sealed = box.seal(clear, tenant_id=tenant_id, purpose=purpose, secret_id=secret_id)
    await session.execute(
        """INSERT INTO tenant_secrets (id, tenant_id, purpose, key_id, nonce, ciphertext)
           VALUES (%(id)s, %(tenant)s, %(purpose)s, %(key)s, %(nonce)s, %(ciphertext)s)""",
        id=secret_id,
        tenant=tenant_id,
        purpose=purpose,
        key=sealed.key_id,
        nonce=sealed.nonce,
        ciphertext=sealed.ciphertext,
    )
    return secret_id


async def read_secret(session: Session, box: SecretBox, secret_id: SecretId) -> bytes:
    """Return a secret's clear bytes.

    Raises:
        NotFoundError: there is none that this session may see.
        StorageError: it does not decrypt.
    """
    row = await session.one_or_none(
        """SELECT id, tenant_id, purpose, key_id, nonce, ciphertext
           FROM tenant_secrets WHERE id = %(id)s""",
        id=secret_id,
    )
    return _open_row(box, row, secret_id)


async def read_trigger_config(session: Session, box: SecretBox, trigger_id: TriggerId) -> bytes:
    """Return a trigger's config as it is now, in clear.

    Raises:
        NotFoundError: the trigger is gone.
        StorageError: the config does not decrypt.
    """
    row = await session.one_or_none(
        """SELECT s.id, s.tenant_id, s.purpose, s.key_id, s.nonce, s.ciphertext
           FROM tenant_triggers t JOIN tenant_secrets s
             ON s.tenant_id = t.tenant_id AND s.id = t.config_secret_id
           WHERE t.id = %(id)s AND t.deleted_at IS NULL""",
        id=trigger_id,
    )
    return _open_row(box, row, trigger_id)


def _open_row(box: SecretBox, row: Row | None, asked_for: object) -> bytes:
    if row is None:
        raise NotFoundError("secret", asked_for)
    sealed = Sealed(key_id=row["key_id"], nonce=row["nonce"], ciphertext=row["ciphertext"])
    return box.open(sealed, tenant_id=row["tenant_id"], purpose=row["purpose"], secret_id=row["id"])


async def delete_secret(session: Session, secret_id: SecretId) -> None:
    """Forget a secret; nothing if it is gone."""
    await session.execute("DELETE FROM tenant_secrets WHERE id = %(id)s", id=secret_id)
