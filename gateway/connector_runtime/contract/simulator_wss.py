"""How a played SOAP register checks WS-Security, and how it signs its own answers.

A UsernameToken is refused for a wrong password, an old or future time and a nonce seen before; a signed message for a
stranger's certificate, for anything but Body and Timestamp under the signature, for a change and for a repetition.
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from hmac import compare_digest

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate
from lxml import etree
from starlette.requests import Request

from gateway.connector_runtime.contract.document import Malformed
from gateway.connector_runtime.transports.wss_envelope import (
    DIGEST,
    TEXT,
    Envelope,
    Held,
    identifier,
    is_fresh,
    sign_envelope,
    wsse,
    wsu,
)
from gateway.tokens.pem import PrivateKey, public_key_of
from gateway.tokens.xml_signature import XmlSignatureRefused, verify_elements
from gateway.vocabulary.clock import Clock, Randomness


@dataclass(slots=True)
class PasswordDoor:
    """Wants a UsernameToken; `text` takes the password as text as well."""

    user: str
    password: str
    clock: Clock
    text: bool = False
    _seen: set[bytes] = field(default_factory=set)

    def refusal(self, request: Request, body: bytes) -> str | None:
        """Return the rule by which a message is refused."""
        try:
            security = Envelope.of(body).security()
        except Malformed:
            return "form"
        token = None if security is None else security.find(wsse("UsernameToken"))
        return "missing" if token is None else self._judge(token)

    def _judge(self, token: etree._Element) -> str | None:
        name, told = token.findtext(wsse("Username")), token.find(wsse("Password"))
        try:
            nonce = b64decode(token.findtext(wsse("Nonce"), ""), validate=True)
        except NotBase64:
            return "form"
        if name != self.user or told is None or not self._fits(told, nonce, token.findtext(wsu("Created"), "")):
            return "password"
        if not is_fresh(token, self.clock.now()):
            return "time"
        if len(nonce) < 16 or nonce in self._seen:
            return "replay"
        self._seen.add(nonce)
        return None

    def _fits(self, told: etree._Element, nonce: bytes, created: str) -> bool:
        if told.get("Type") == TEXT:
            return self.text and compare_digest((told.text or "").encode(), self.password.encode())
        made = sha1(nonce + created.encode() + self.password.encode(), usedforsecurity=False).digest()
        return told.get("Type") == DIGEST and compare_digest(told.text or "", b64encode(made).decode("ascii"))


@dataclass(slots=True)
class SignatureDoor:
    """Wants a message signed with the key of a certificate it knows; each is taken once."""

    certificates: Sequence[Certificate]
    clock: Clock
    _seen: set[str] = field(default_factory=set)

    def refusal(self, request: Request, body: bytes) -> str | None:
        """Return the rule by which a message is refused."""
        try:
            envelope = Envelope.of(body)
            held = envelope.signed()
        except Malformed:
            return "form"
        security = envelope.security()
        if held is None or security is None:
            return "missing"
        return self._judge(held, security.findtext(wsse("BinarySecurityToken"), ""))

    def _judge(self, held: Held, shown: str) -> str | None:
        known = [one for one in self.certificates if b64encode(one.public_bytes(Encoding.DER)).decode() == shown]
        if not known:
            return "certificate"
        names = {identifier(held.body): held.body, identifier(held.stamp): held.stamp}
        try:
            verify_elements(held.signature, names, [public_key_of(known[0])])
        except XmlSignatureRefused as refused:
            return refused.rule
        if not is_fresh(held.stamp, self.clock.now()):
            return "time"
        mark = "".join(str(text) for text in held.signature.itertext())
        if mark in self._seen:
            return "replay"
        self._seen.add(mark)
        return None


@dataclass(frozen=True, slots=True)
class AnswerSigner:
    """Signs the answers of a SOAP register: Body and Timestamp, with its own key."""

    key: PrivateKey
    certificate: Certificate
    clock: Clock
    chance: Randomness

    def sign(self, body: bytes) -> bytes:
        """Return a signed message."""
        envelope = Envelope.of(body)
        sign_envelope(envelope, self.key, self.certificate, self.clock.now(), self.chance)
        return envelope.octets()
