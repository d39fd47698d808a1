"""The dialect's encryption, fenced in: AES-ECB under a key wrapped with RSA PKCS#1 v1.5 (domain.md §4.1, path 2).

Neither is fit for anything new: ECB shows equal blocks and authenticates nothing, PKCS#1 v1.5 unwrapping invites
Bleichenbacher's oracle. The dialect leaves no choice, so it ends in this file. Whoever sends us broken envelopes
learns one bit, that they were broken: every opening decodes, unwraps, decrypts and unpads, with stand-ins for
what failed before, and one constant refusal comes at the very end. The library's own unwrapping answers bad RSA
padding with a made-up key (implicit rejection), so that not even we know.
"""

import binascii
from base64 import b64decode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

_BLOCK = 16
_KEY_SIZES = frozenset({16, 24, 32})


class EnvelopeRefused(Exception):
    """An envelope that does not open; it never says why."""

    def __init__(self) -> None:
        super().__init__("encrypted answer refused")


class Envelope:
    """Opens what was sealed for our RSA key."""

    def __init__(self, private_key: RSAPrivateKey) -> None:
        self._private_key = private_key
        self._width = (private_key.key_size + 7) // 8
        self._modulus = private_key.private_numbers().public_numbers.n

    def open(self, data: str, key: str) -> bytes:
        """Return the plain octets of base64 `data` under the wrapped base64 `key`. Raises EnvelopeRefused."""
        sealed, sealed_ok = self._decode_blocks(data)
        wrapped, wrapped_ok = self._decode_wrapped(key)
        secret, secret_ok = self._unwrap(wrapped)
        plain, plain_ok = _decrypt(sealed, secret)
        if not (sealed_ok & wrapped_ok & secret_ok & plain_ok):
            raise EnvelopeRefused
        return plain

    def _decode_blocks(self, data: str) -> tuple[bytes, bool]:
        octets, good = _decode(data)
        good &= bool(octets) and len(octets) % _BLOCK == 0
        return (octets if good else bytes(_BLOCK)), good

    def _decode_wrapped(self, key: str) -> tuple[bytes, bool]:
        octets, good = _decode(key)
        good &= len(octets) == self._width and 1 < int.from_bytes(octets) < self._modulus - 1
        return (octets if good else (2).to_bytes(self._width)), good

    def _unwrap(self, wrapped: bytes) -> tuple[bytes, bool]:
        try:
            secret = self._private_key.decrypt(wrapped, PKCS1v15())
        except ValueError:
            secret = b""
        good = len(secret) in _KEY_SIZES
        return (secret if good else bytes(32)), good


def _decode(text: str) -> tuple[bytes, bool]:
    """Decode standard base64; padding may be missing and a space is a `+` that something on the way decoded."""
    mended = text.replace(" ", "+").rstrip("=")
    try:
        return b64decode(mended + "=" * (-len(mended) % 4), validate=True), True
    except (binascii.Error, ValueError):
        return b"", False


def _decrypt(sealed: bytes, secret: bytes) -> tuple[bytes, bool]:
    decryptor = Cipher(algorithms.AES(secret), modes.ECB()).decryptor()  # noqa: S305  the dialect demands it
    padded = decryptor.update(sealed) + decryptor.finalize()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize(), True
    except ValueError:
        return b"", False
