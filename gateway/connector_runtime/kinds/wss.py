"""WS-Security 1.1 of a SOAP message: who asks, and that nobody changed what was asked.

`UsernameToken` proves a password (UsernameToken Profile 1.1 §3.1), `SignedEnvelope` signs Body and Timestamp with the
key of a certificate (X.509 Token Profile 1.1 §3). `wss_envelope` of the transports writes and finds the parts that both
ends need.
"""

from base64 import b64encode
from hashlib import sha1
from typing import Literal

from cryptography.x509 import Certificate
from lxml import etree

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import OfficerClass
from gateway.connector_runtime.kinds.secret_files import certificates_of, octets_of, unfit
from gateway.connector_runtime.kinds.writing import Written
from gateway.connector_runtime.manifest_parts import Auth
from gateway.connector_runtime.transports.wss_envelope import (
    BASE64,
    DIGEST,
    TEXT,
    Envelope,
    add_timestamp,
    iso_time,
    name_part,
    sign_envelope,
    wsse,
    wsu,
)
from gateway.tokens.key_material import KeyRefused
from gateway.tokens.pem import PrivateKey, public_key_of, read_private_key
from gateway.vocabulary.clock import Clock, Randomness

_NONCE = 16


class UsernameToken:
    """A name and a password, which goes as a digest over a nonce and the time, or as text. It is not shown."""

    def __init__(
        self, name: str, password: str, form: Literal["digest", "text"], clock: Clock, chance: Randomness
    ) -> None:
        self._name, self._password, self._form = name, password, form
        self._clock, self._chance = clock, chance

    async def prove(self, written: Written, officer_class: OfficerClass, *, wait_for: float) -> Written:
        """Return the message with a token of its own; a probe without a message stays as it is."""
        if written.body is None:
            return written
        envelope, now = Envelope.of(written.body), self._clock.now()
        security = envelope.open_security()
        add_timestamp(security, now, self._chance)
        token = etree.SubElement(security, wsse("UsernameToken"))
        name_part(token, "UsernameToken", self._chance)
        etree.SubElement(token, wsse("Username")).text = self._name
        nonce, created = self._chance.octets(_NONCE), iso_time(now)
        digest = self._form == "digest"
        password = etree.SubElement(token, wsse("Password"), Type=DIGEST if digest else TEXT)
        password.text = password_digest(nonce, created, self._password) if digest else self._password
        told = etree.SubElement(token, wsse("Nonce"), EncodingType=BASE64)
        told.text = b64encode(nonce).decode("ascii")
        etree.SubElement(token, wsu("Created")).text = created
        return written._replace(body=envelope.octets())


class SignedEnvelope:
    """Signs Body and Timestamp, and sends the certificate along. The key is not shown."""

    def __init__(self, key: PrivateKey, certificate: Certificate, clock: Clock, chance: Randomness) -> None:
        self._key, self._certificate = key, certificate
        self._clock, self._chance = clock, chance

    @classmethod
    def of(cls, auth: Auth, settings: ConnectorSettings, clock: Clock, chance: Randomness) -> "SignedEnvelope":
        """Read key and certificate of a manifest. Raises SecretUnnamed, CredentialUnfit, OSError."""
        pem = octets_of(auth.secret_ref or "", "auth.secret_ref", settings)
        try:
            key = read_private_key(pem)
        except KeyRefused as refused:
            raise unfit(auth.secret_ref or "", refused.rule) from None
        reference = auth.certificate_ref or ""
        certificate = certificates_of(reference, "auth.certificate_ref", settings)[0]
        if public_key_of(certificate) != key.public_key():
            raise unfit(reference, "pair")
        return cls(key, certificate, clock, chance)

    async def prove(self, written: Written, officer_class: OfficerClass, *, wait_for: float) -> Written:
        """Return the message signed; a probe without a message stays as it is."""
        if written.body is None:
            return written
        envelope = Envelope.of(written.body)
        sign_envelope(envelope, (self._key, self._certificate), self._clock.now(), self._chance)
        return written._replace(body=envelope.octets())


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """Return Base64(SHA-1(nonce + created + password)), as UsernameToken Profile 1.1 §3.1 has it."""
    # SHA-1 is the profile's own; what protects the password is that it is long and random, and TLS around it
    made = sha1(nonce + created.encode() + password.encode(), usedforsecurity=False)
    return b64encode(made.digest()).decode("ascii")
