"""Keys and certificates made on the spot, as the files an operator would hold."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

RSA = rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True)
class PemFiles:
    """A private key and its self-signed certificate."""

    key: Path
    certificate: Path

    def native_key(self) -> Any:
        return serialization.load_pem_private_key(self.key.read_bytes(), None)

    def native_certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())


def pem_files(
    folder: Path, name: str, key: Any = None, *, days: tuple[float, float] = (-1, 30), now: datetime | None = None
) -> PemFiles:
    """Write a key (a new one on P-256 without `key`) and a certificate that holds over `days` from now on."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = now or datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    made = PemFiles(folder / f"{name}.key", folder / f"{name}.pem")
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    made.key.chmod(0o600)
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return made
