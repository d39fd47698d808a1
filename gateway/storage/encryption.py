"""Sealing: AES-256-GCM under keys derived (HKDF-SHA-256, RFC 5869) from one 32-byte master key.

A sealed text is `format (1) | algorithm (1) | key id (4) | nonce | ciphertext and tag`; its associated data names
the row it belongs to, so that a row copied over another one does not open.
Algorithm 1: the key as it is, 12-byte nonce; for data keys of citizens and for wrapping, which seal few texts.
Algorithm 2: 24-byte nonce whose first half derives a key of its own (HMAC-SHA-256), as all workers share the house
key and 96 random bits alone would wear out after 2^32 texts (NIST SP 800-38D §8.3).
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from gateway.storage.failure import SealBroken
from gateway.vocabulary.clock import Randomness

FORMAT = 1
PLAIN, DERIVED = 1, 2
SCHEMA = 1
HEADER_SIZE = 6
DATA_KEY_SIZE = 32

_PLAIN_HEAD = bytes((FORMAT, PLAIN))
_DERIVED_HEAD = bytes((FORMAT, DERIVED))


def extract(secret: bytes) -> bytes:
    """Return the pseudorandom key of a secret (RFC 5869 §2.2, no salt)."""
    return hmac.digest(b"\0" * 32, secret, "sha256")


def expand(pseudorandom_key: bytes, purpose: str) -> bytes:
    """Return 32 bytes for a purpose (RFC 5869 §2.3, one block)."""
    return hmac.digest(pseudorandom_key, purpose.encode() + b"\x01", "sha256")


def keyed(key: bytes) -> HMAC:
    """Return HMAC-SHA-256 with the schedule of a key that is used again and again; `tag` takes it from there."""
    return HMAC(key, SHA256())


def tag(schedule: HMAC, message: bytes) -> bytes:
    """Return the 32 bytes of a message under a key: a quarter of what hashing the key anew for each costs."""
    copy = schedule.copy()
    copy.update(message)
    return copy.finalize()


def row_context(kind: str, key: str, subject: str | None, group: str | None) -> bytes:
    """Return the associated data of a row; two rows never share it."""
    return f"{SCHEMA}\0{kind}\0{key}\0{subject or ''}\0{group or ''}".encode()


@dataclass(frozen=True, slots=True)
class DataKey:
    """A citizen's data key, ready for use: `root` derives, `cipher` seals; neither is ever printed."""

    key_id: bytes
    root: HMAC
    cipher: AESGCM

    def __repr__(self) -> str:
        """Print as stars."""
        return "DataKey(***)"

    @classmethod
    def of(cls, secret: bytes) -> "DataKey":
        """Return the key made of 32 random bytes."""
        root = keyed(extract(secret))
        return cls(_derived(root, "gate06 data key id")[:4], root, AESGCM(_derived(root, "gate06 records")))

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for a purpose, as `expand` does."""
        return _derived(self.root, purpose)


class MasterKey:
    """The keys of one master key: house, wrapping and blind index."""

    def __init__(self, secret: bytes) -> None:
        """Derive them. Raises ValueError when the master key is not 32 bytes."""
        if len(secret) != 32:
            raise ValueError("a master key has 32 bytes")
        root = extract(secret)
        self.key_id = expand(root, "gate06 master key id")[:4]
        self.house = keyed(expand(root, "gate06 house key"))
        self.wrapping = AESGCM(expand(root, "gate06 key encryption key"))
        self.blind_index = expand(root, "gate06 blind index key")

    def __repr__(self) -> str:
        """Print as stars."""
        return "MasterKey(***)"


class Sealer:
    """Seals with the first master key; opens with it and with retired ones. Raises SealBroken."""

    def __init__(self, secrets: Sequence[bytes], randomness: Randomness) -> None:
        self._masters = [MasterKey(secret) for secret in secrets]
        self._by_id = {master.key_id: master for master in self._masters}
        self._randomness = randomness
        self._house_header = _DERIVED_HEAD + self.current.key_id

    @property
    def current(self) -> MasterKey:
        """The master key that seals."""
        return self._masters[0]

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether a text under the house or the wrapping key is sealed with the current master key."""
        return sealed[2:HEADER_SIZE] == self.current.key_id

    def new_secret(self) -> bytes:
        """Return a new random data key."""
        return self._randomness.octets(DATA_KEY_SIZE)

    def seal_for_house(self, body: bytes, context: bytes) -> bytes:
        """Seal under the house key."""
        nonce = self._randomness.octets(24)
        cipher = AESGCM(tag(self._masters[0].house, nonce[:12]))
        return self._house_header + nonce + cipher.encrypt(nonce[12:], body, context)

    def open_for_house(self, sealed: bytes, context: bytes) -> bytes:
        """Open a text sealed under the house key."""
        master = self._master_of(sealed, _DERIVED_HEAD)
        try:
            cipher = AESGCM(tag(master.house, sealed[6:18]))
            return cipher.decrypt(sealed[18:30], sealed[30:], context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a stored record does not open") from error

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Wrap a data key under the current key encryption key."""
        nonce = self._randomness.octets(12)
        header = _PLAIN_HEAD + self.current.key_id
        return header + nonce + self.current.wrapping.encrypt(nonce, secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Return a wrapped data key."""
        master = self._master_of(wrapped, _PLAIN_HEAD)
        try:
            return master.wrapping.decrypt(wrapped[6:18], wrapped[18:], context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a wrapped key does not open") from error

    def seal_for_citizen(self, key: DataKey, body: bytes, context: bytes) -> bytes:
        """Seal under a citizen's data key."""
        nonce = self._randomness.octets(12)
        return _PLAIN_HEAD + key.key_id + nonce + key.cipher.encrypt(nonce, body, context)

    def open_for_citizen(self, key: DataKey, sealed: bytes, context: bytes) -> bytes:
        """Open a text sealed under a citizen's data key."""
        if sealed[:2] != _PLAIN_HEAD or sealed[2:HEADER_SIZE] != key.key_id:
            raise SealBroken("a stored record names another key")
        try:
            return key.cipher.decrypt(sealed[6:18], sealed[18:], context)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("a stored record does not open") from error

    def _master_of(self, sealed: bytes, head: bytes) -> MasterKey:
        master = self._by_id.get(sealed[2:HEADER_SIZE])
        if master is None or sealed[:2] != head:
            raise SealBroken("a stored record names an unknown key or format")
        return master


class KeyedIndex:
    """Look-up keys for personal values: HMAC-SHA-256 under a key per purpose, 128 bits, versioned."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._by_purpose: dict[str, HMAC] = {}

    def blind(self, purpose: str, value: str) -> str:
        """Return `b1_` and 32 hexadecimal digits for a value; two purposes never match."""
        key = self._by_purpose.get(purpose)
        if key is None:
            key = self._by_purpose[purpose] = keyed(expand(self._key, f"gate06 blind index: {purpose}"))
        return "b1_" + tag(key, value.encode())[:16].hex()


def _derived(root: HMAC, purpose: str) -> bytes:
    return tag(root, purpose.encode() + b"\x01")
