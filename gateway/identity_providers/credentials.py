"""Reading the secrets that settings name: inline or from a file, once, when the gateway starts."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.failure import IdentityProviderMisconfigured


def client_secret_of(settings: IdentityProviderSettings) -> str:
    """Return the client secret, empty for `private_key_jwt`. Raises IdentityProviderMisconfigured."""
    if settings.client_secret_file is not None:
        secret = _read(settings.alias, "client_secret_file", settings.client_secret_file).strip()
    elif settings.client_secret is not None:
        secret = settings.client_secret.get_secret_value()
    else:
        return ""
    if not secret:
        raise IdentityProviderMisconfigured(f"identity provider `{settings.alias}`: the client secret is empty")
    return secret


def private_key_of(settings: IdentityProviderSettings) -> RSAPrivateKey:
    """Return the RSA key that the upstream encrypts for. Raises IdentityProviderMisconfigured."""
    if settings.private_key_file is not None:
        pem = _read(settings.alias, "private_key_file", settings.private_key_file)
    else:
        pem = settings.private_key.get_secret_value() if settings.private_key else ""
    try:
        key = load_pem_private_key(pem.encode("utf-8"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise IdentityProviderMisconfigured(
            f"identity provider `{settings.alias}`: the private key must be an RSA key in PEM of 2048 bits or more"
        )
    return key


def _read(alias: str, member: str, path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise IdentityProviderMisconfigured(
            f"identity provider `{alias}`: the file of `{member}` cannot be read"
        ) from None
