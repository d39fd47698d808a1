"""The other half of the dialect's encryption, written apart from `envelope` so that one checks the other."""

from base64 import b64encode
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.vocabulary.clock import Randomness


def seal(plain: bytes, public_key: str, randomness: Randomness, *, with_plus: bool = False) -> tuple[str, str]:
    """Return base64 of (AES-ECB of `plain`, its key wrapped for the PEM `public_key`).

    `with_plus` draws keys until the sealed text holds a `+`, so that a form decoder is found out in every sign-in.
    Raises ValueError for anything but an RSA key.
    """
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    for _ in range(1000):
        secret = randomness.octets(32)
        encryptor = Cipher(algorithms.AES(secret), modes.ECB()).encryptor()  # noqa: S305  the dialect demands it
        sealed = b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")
        if "+" in sealed or not with_plus:
            break
    wrapped = _load(public_key).encrypt(secret, PKCS1v15())
    return sealed, b64encode(wrapped).decode("ascii")


@lru_cache(maxsize=16)
def _load(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode("utf-8"))
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the simulator seals for RSA keys only")
    return key
