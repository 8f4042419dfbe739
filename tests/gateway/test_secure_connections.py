"""Upstreams that are asked over TLS."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from gateway.providers.pools import Origin, Pool
from tests.gateway.connecting import Run, read
from tests.gateway.scripted_server import serving, whole


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Return what a server at `localhost` proves itself with; whoever connects in this test believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    day = datetime.timedelta(days=1)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, timezone.now() - day, timezone.now() + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


def test_a_secure_upstream_is_asked_securely(run: Run, certificate: ssl.SSLContext) -> None:
    async def story() -> None:
        async with serving([whole(b"x" * 100_000), whole(b"two")], tls=certificate) as server:
            pool = Pool(allows_private=True)
            assert await read(pool, server) == b"x" * 100_000
            assert await read(pool, server) == b"two"
            assert server.connections == [0, 0]
            await pool.close()

    run(story())


def test_an_upstream_of_another_name_hears_nothing(run: Run, certificate: ssl.SSLContext) -> None:
    async def story() -> None:
        async with serving([whole(b"one")], tls=certificate) as server:
            pool = Pool(allows_private=True)
            with pytest.raises(ssl.SSLCertVerificationError):
                await pool.fresh(Origin(is_secure=True, host="127.0.0.1", port=server.port))
            assert not server.heard
            await pool.close()

    run(story())


def test_an_upstream_that_nobody_vouches_for_hears_nothing(
    run: Run, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    async def story() -> None:
        async with serving([whole(b"one")], tls=certificate) as server:
            pool = Pool(allows_private=True)
            with pytest.raises(ssl.SSLCertVerificationError):
                await pool.fresh(server.origin)
            assert not server.heard
            await pool.close()

    run(story())
