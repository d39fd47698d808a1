"""Keys and certificates as PEM files hold them (RFC 7468), judged before they are used: kind, strength, days."""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.tokens.key_material import KeyRefused, SigningKey, check_rsa, signing_key_of

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def read_private_key(pem: bytes) -> PrivateKey:
    """Return the one private key of a file: RSA of 2048 bits at least, or P-256.

    Raises KeyRefused: `form`, `encrypted` (a passphrase would have to lie beside it), `kty`, `crv`, `rsa_size`, `roca`.
    """
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise KeyRefused("encrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("form") from None
    if not isinstance(key, PrivateKey):
        raise KeyRefused("kty")
    check_strength(key.public_key())
    return key


def read_signing_key(pem: bytes, alg: str, kid: str = "") -> SigningKey:
    """Return the key of a file for `alg` (ES256, RS256); without `kid` its RFC 7638 thumbprint names it.

    Raises KeyRefused as `read_private_key`, and `alg` for a key that cannot sign so.
    """
    key = read_private_key(pem)
    if isinstance(key, rsa.RSAPrivateKey) != (alg == "RS256"):
        raise KeyRefused("alg")
    return signing_key_of(key, alg, kid)


def read_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return every certificate of a file. Raises KeyRefused: `form`, `kty`, `crv`, `rsa_size`, `roca`."""
    try:
        found = tuple(x509.load_pem_x509_certificates(pem))
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("form") from None
    for one in found:
        public_key_of(one)
    return found


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """Return the key of a certificate. Raises KeyRefused for a kind or strength we do not use."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefused("form") from None
    if not isinstance(key, PublicKey):
        raise KeyRefused("kty")
    check_strength(key)
    return key


def is_current(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether a certificate holds at an instant (RFC 5280 §4.1.2.5)."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def check_strength(key: PublicKey) -> None:
    """Raise KeyRefused for a weak key and for a curve that nothing here uses."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        check_rsa(numbers.n, numbers.e)
    elif not isinstance(key.curve, ec.SECP256R1):
        raise KeyRefused("crv")
