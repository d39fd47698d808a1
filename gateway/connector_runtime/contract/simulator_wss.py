"""How a played SOAP register checks WS-Security, and how it signs its own answers.

A UsernameToken is refused for a wrong password, an old or future time and a nonce seen before; a signed message for a
stranger's certificate, for a Body or Timestamp outside the signature, for a change and for a repetition.
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
from gateway.connector_runtime.manifest_parts import AnswerBinding
from gateway.connector_runtime.transports.wss_binding import Mark, add_relation
from gateway.connector_runtime.transports.wss_envelope import (
    DIGEST,
    TEXT,
    Envelope,
    Held,
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
        return self._judge(envelope, held, security.findtext(wsse("BinarySecurityToken"), ""))

    def _judge(self, envelope: Envelope, held: Held, shown: str) -> str | None:
        known = [one for one in self.certificates if b64encode(one.public_bytes(Encoding.DER)).decode() == shown]
        if not known:
            return "certificate"
        try:
            verify_elements(held.signature, envelope.covered(held), [public_key_of(known[0])])
        except Malformed:
            return "form"
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
    """Signs the answers of a SOAP register: Body and Timestamp, with its own key. Nothing in them says to which
    question they belong."""

    key: PrivateKey
    certificate: Certificate
    clock: Clock
    chance: Randomness

    def sign(self, body: bytes, question: bytes = b"") -> bytes:
        """Return a signed message; the question is not looked at."""
        return _signed(self, Envelope.of(body))


@dataclass(frozen=True, slots=True)
class BindingSigner:
    """Signs as another one does, and says in the answer to which question it belongs, as `binding` has it."""

    signer: AnswerSigner
    binding: AnswerBinding

    def sign(self, body: bytes, question: bytes) -> bytes:
        """Return a signed message that answers a question."""
        envelope, mark = Envelope.of(body), Mark.of(question)
        if self.binding == "relates_to":
            add_relation(envelope, mark)
        return _signed(self.signer, envelope, mark.signature if self.binding == "signature_confirmation" else "")


def _signed(signer: AnswerSigner, envelope: Envelope, confirms: str = "") -> bytes:
    proof = signer.key, signer.certificate
    sign_envelope(envelope, proof, signer.clock.now(), signer.chance, confirms=confirms)
    return envelope.octets()
