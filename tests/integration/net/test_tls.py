"""TLS is verified against the host's name, though the connection goes to a vetted address."""

import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.receiver import Receiver
from tocsin.clock import SystemClock
from tocsin.errors import ChannelUnavailableError
from tocsin.net.egress import EgressGuard, EgressPolicy
from tocsin.net.http import HttpClient

NAME = "hooks.example.com"


def write_certificate(folder: Path) -> Path:
    """Write a certificate for NAME that signs itself, and its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def receiver(certificate: Path) -> AsyncIterator[Receiver]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with Receiver(tls=tls) as receiver:
        yield receiver


async def status_of(receiver: Receiver, host: str) -> int:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return [receiver.address]

    policy = EgressPolicy(allow=(f"{receiver.address}:{receiver.port}",))
    http = HttpClient(EgressGuard(policy, resolve), SystemClock())
    try:
        answer = await http.submit(
            f"https://{host}:{receiver.port}/", body=b"{}", headers={}, timeout_seconds=30.0
        )
    finally:
        await http.close()
    return answer.status


async def test_a_trusted_certificate_of_the_name_is_accepted(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert await status_of(receiver, NAME) == 200


async def test_a_trusted_certificate_of_another_name_is_not(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(ChannelUnavailableError, match="no valid TLS certificate"):
        await status_of(receiver, "other.example.com")


async def test_a_certificate_nobody_trusts_is_not_accepted(receiver: Receiver) -> None:
    with pytest.raises(ChannelUnavailableError, match="no valid TLS certificate"):
        await status_of(receiver, NAME)


async def test_nothing_is_sent_before_the_certificate_is_trusted(receiver: Receiver) -> None:
    with pytest.raises(ChannelUnavailableError):
        await status_of(receiver, NAME)
    assert receiver.received == []
