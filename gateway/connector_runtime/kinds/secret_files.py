"""Secrets that a manifest names and the operator's settings hold as files: texts, keys, certificates."""

from cryptography.x509 import Certificate

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.manifest_failure import CredentialUnfit, SecretUnnamed
from gateway.connector_runtime.manifest_parts import Auth
from gateway.tokens.key_material import KeyRefused, SigningKey
from gateway.tokens.pem import read_certificates, read_signing_key

REASONS = {
    "form": "holds no PEM of the kind that is wanted",
    "encrypted": "is encrypted; write it without a passphrase and let the permissions of the file keep it",
    "kty": "is neither an RSA nor an elliptic curve key",
    "crv": "lies on another curve than P-256",
    "rsa_size": "is RSA of less than 2048 or more than 8192 bits",
    "rsa_exponent": "has an RSA exponent that is too small or too large",
    "roca": "comes from a generator that makes guessable keys (CVE-2017-15361)",
    "alg": "does not fit `auth.algorithm`: ES256 wants a key on P-256, RS256 an RSA key",
    "pair": "does not belong to the key of `auth.secret_ref`",
}
"""What is wrong with a file, by the rule that it failed."""


def octets_of(name: str, member: str, settings: ConnectorSettings) -> bytes:
    """Return the file of a secret; `member` is the manifest's key that names it. Raises SecretUnnamed, OSError."""
    if name not in settings.secret_files:
        known = ", ".join(f"`{one}`" for one in sorted(settings.secret_files)) or "none"
        raise SecretUnnamed(f"`{member}` names `{name}`, and the settings' `secret_files` hold {known}")
    return settings.secret_files[name].read_bytes()


def read_secret(auth: Auth, settings: ConnectorSettings) -> str:
    """Return the secret that a manifest names. Raises SecretUnnamed, CredentialUnfit, OSError."""
    try:
        return octets_of(auth.secret_ref or "", "auth.secret_ref", settings).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise CredentialUnfit(f"the file of `{auth.secret_ref}` is no text") from None


def signing_key(auth: Auth, settings: ConnectorSettings) -> SigningKey:
    """Return the private key that a manifest names. Raises SecretUnnamed, CredentialUnfit, OSError."""
    pem = octets_of(auth.secret_ref or "", "auth.secret_ref", settings)
    try:
        return read_signing_key(pem, auth.algorithm, auth.key_id)
    except KeyRefused as refused:
        raise unfit(auth.secret_ref or "", refused.rule) from None


def certificates_of(name: str, member: str, settings: ConnectorSettings) -> tuple[Certificate, ...]:
    """Return the certificates of a file, one at least. Raises SecretUnnamed, CredentialUnfit, OSError."""
    pem = octets_of(name, member, settings)
    try:
        return read_certificates(pem)
    except KeyRefused as refused:
        raise unfit(name, refused.rule) from None


def unfit(name: str, rule: str) -> CredentialUnfit:
    """Return the failure of a file that cannot be used; nothing of its content is told."""
    return CredentialUnfit(f"the file of `{name}` {REASONS[rule]}")
