"""A source that wants the caller's certificate, and one whose own certificate nobody vouches for."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import SourceTrouble
from gateway.connector_runtime.failure import SecretUnreadable
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import SystemClock

pytestmark = pytest.mark.anyio


@dataclass
class Files:
    """A certificate and its key as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Makes certificates."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = self.make("ca", None).certificate

    def make(self, name: str, address: str | None) -> Files:
        own = name == "ca"
        key = self.key if own else ec.generate_private_key(ec.SECP256R1())
        subject = self.subject if own else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
        )
        if address is not None:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        made = Files(self.folder / f"{self.name}-{name}.pem", self.folder / f"{self.name}-{name}.key")
        made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made


@dataclass
class Bus:
    """A running server that asks for a certificate, the authority behind both, and a stranger's."""

    url: str
    authority: Authority
    stranger: Authority


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    authority, stranger = Authority(tmp_path, "bus"), Authority(tmp_path, "stranger")
    own = authority.make("server", "127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.file)
    context.load_cert_chain(own.certificate, own.key)
    context.verify_mode = ssl.CERT_REQUIRED

    async def greet(request: web.Request) -> web.Response:
        assert request.transport is not None
        shown = request.transport.get_extra_info("peercert")
        return web.Response(text=dict(part[0] for part in shown["subject"])["commonName"])

    app = web.Application()
    app.router.add_get("/", greet)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield Bus(f"https://127.0.0.1:{runner.addresses[0][1]}/", authority, stranger)
    await runner.cleanup()


def settings(bus: Bus, files: Files | None, authorities: Path | None) -> ConnectorSettings:
    return ConnectorSettings(
        url=bus.url,
        zone="lab",
        certificate_file=files and files.certificate,
        certificate_key_file=files and files.key,
        authorities_file=authorities,
    )


async def greeting(one: ConnectorSettings) -> str:
    client = ZoneClient(one.zone, EgressSettings(), tls=one.read_tls())
    try:
        return (await client.send("GET", one.url, timeout_for=5)).body.decode()
    finally:
        await client.close()


async def test_the_certificate_is_shown_and_believed(bus: Bus) -> None:
    files = bus.authority.make("gate06", None)
    assert await greeting(settings(bus, files, bus.authority.file)) == "gate06"


async def test_who_shows_none_or_a_strangers_is_not_let_in(bus: Bus) -> None:
    for files in (None, bus.stranger.make("gate06", None)):
        with pytest.raises(SourceTrouble):
            await greeting(settings(bus, files, bus.authority.file))


async def test_a_source_nobody_vouches_for_gets_nothing(bus: Bus) -> None:
    files = bus.authority.make("gate06", None)
    for authorities in (None, bus.stranger.file):
        with pytest.raises(SourceTrouble) as caught:
            await greeting(settings(bus, files, authorities))
        assert "Certificate" in caught.value.operator_detail


async def test_the_gateway_does_not_start_with_half_a_certificate(bus: Bus, tmp_path: Path) -> None:
    files = bus.authority.make("gate06", None)
    with pytest.raises(ValueError, match="go together"):
        ConnectorSettings(url=bus.url, zone="lab", certificate_file=files.certificate)
    garbled = Files(files.certificate, tmp_path / "garbled.key")
    garbled.key.write_text("no key")
    for broken in (garbled, Files(tmp_path / "missing.pem", files.key)):
        with pytest.raises(SecretUnreadable) as caught:
            ConnectorRegistry.load(
                {"population": settings(bus, broken, None)}, egress=EgressSettings(), clock=SystemClock()
            )
        assert str(tmp_path) not in str(caught.value)
