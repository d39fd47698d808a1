"""Checkpoints: C2SP tlog-checkpoint bodies in C2SP signed notes, signed with Ed25519.

A note is text: origin, size, base64 root, an empty line, and one signature line per signer
(`— name base64(key hash || signature)`). Saved by anybody at any time, it later convicts a log that was rewritten.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.audit.merkle import HASH_LENGTH

_ED25519 = b"\x01"
_DASH = "— "
_LONGEST_NOTE = 16_384
_MOST_SIGNATURES = 32


class InvalidNote(ValueError):
    """A note is malformed or not signed by the log's key; `rule` names what failed."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log says of itself: its name, the number of its entries, the root over them (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def origin_of(issuer: str) -> str:
    """Return the log's name: the issuer without its scheme, and `/log`."""
    return f"{issuer.partition('://')[2].rstrip('/')}/log"


def key_hash(name: str, public_key: bytes) -> bytes:
    """Return the four bytes that name a key in a signature line (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:4]


def verifier_key(name: str, public_key: bytes) -> str:
    """Return the key as operators of witnesses and monitors exchange it: `name+hash+base64`."""
    return f"{name}+{key_hash(name, public_key).hex()}+{b64encode(_ED25519 + public_key).decode()}"


def parse_verifier_key(text: str) -> tuple[str, bytes]:
    """Return name and raw public key of a verifier key. Raises InvalidNote."""
    name, _, rest = text.strip().partition("+")
    digest, _, encoded = rest.partition("+")
    key = _decode(encoded, "verifier_key")
    if not name or key[:1] != _ED25519 or len(key) != 33 or key_hash(name, key[1:]).hex() != digest:
        raise InvalidNote("verifier_key")
    return name, key[1:]


class NoteSigner:
    """Signs checkpoints with the log's own key, made from raw Ed25519 private key bytes (32)."""

    def __init__(self, origin: str, private_key: bytes) -> None:
        self.origin = origin
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)
        self.public_key = self._key.public_key().public_bytes_raw()
        self._key_hash = key_hash(origin, self.public_key)

    def sign(self, size: int, root: bytes) -> str:
        """Return the signed note of a checkpoint."""
        body = Checkpoint(self.origin, size, root).body()
        signature = b64encode(self._key_hash + self._key.sign(body.encode())).decode()
        return f"{body}\n{_DASH}{self.origin} {signature}\n"

    def verifier(self) -> "NoteVerifier":
        """Return the verifier of what this signer signs."""
        return NoteVerifier(self.origin, [self.public_key])


class NoteVerifier:
    """Believes notes of one origin that one of its keys (raw public bytes, current and retired) signed."""

    def __init__(self, origin: str, public_keys: Sequence[bytes]) -> None:
        self.origin = origin
        self.public_keys = tuple(public_keys)
        self._keys = {key_hash(origin, key): Ed25519PublicKey.from_public_bytes(key) for key in public_keys}

    def open(self, note: str) -> Checkpoint:
        """Return the checkpoint in a note. Raises InvalidNote (malformed, another log's, or not signed by it)."""
        checkpoint, signed, signatures = parse_note(note)
        if checkpoint.origin != self.origin:
            raise InvalidNote("origin")
        believed = False
        for name, signature in signatures:
            key = self._keys.get(signature[:4]) if name == self.origin else None
            if key is None:
                continue  # a witness's line, or a key this log never had: it neither helps nor harms
            try:
                key.verify(signature[4:], signed)
            except InvalidSignature:
                raise InvalidNote("signature") from None
            believed = True
        if not believed:
            raise InvalidNote("unknown_key")
        return checkpoint


def parse_note(note: str) -> tuple[Checkpoint, bytes, list[tuple[str, bytes]]]:
    """Return checkpoint, signed bytes and (name, key hash || signature) lines, believing nobody. Raises InvalidNote."""
    if len(note) > _LONGEST_NOTE or any(ord(letter) < 32 and letter != "\n" for letter in note):
        raise InvalidNote("form")
    body, found, trailer = note.rpartition("\n\n")
    if not found or not trailer.endswith("\n"):
        raise InvalidNote("form")
    lines = trailer[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise InvalidNote("form")
    return _parse_body(body), f"{body}\n".encode(), [_parse_signature(line) for line in lines]


def _parse_body(body: str) -> Checkpoint:
    lines = body.split("\n")
    if len(lines) < 3 or not all(lines):
        raise InvalidNote("form")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdigit()) or (size != "0" and size.startswith("0")) or len(size) > 18:
        raise InvalidNote("size")
    decoded = _decode(root, "root")
    if len(decoded) != HASH_LENGTH:
        raise InvalidNote("root")
    return Checkpoint(origin, int(size), decoded)


def _parse_signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    signature = _decode(encoded, "signature_line")
    if not line.startswith(_DASH) or not name or "+" in name or len(signature) < 5:
        raise InvalidNote("signature_line")
    return name, signature


def _decode(text: str, rule: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (BadBase64, ValueError):
        raise InvalidNote(rule) from None
