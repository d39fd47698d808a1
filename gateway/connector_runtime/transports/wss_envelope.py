"""The parts of a SOAP 1.1 envelope under WS-Security 1.1, written and found by place, never by identifier.

A message that could be read in two ways (two bodies, two Security headers, one identifier twice) is refused: what is
verified and what is read must be one and the same element.
"""

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate
from lxml import etree

from gateway.connector_runtime.contract.document import Malformed, parse_document
from gateway.tokens.pem import PrivateKey
from gateway.tokens.xml_signature import sign_elements
from gateway.vocabulary.clock import Randomness

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{_OASIS}wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}wssecurity-utility-1.0.xsd"
DIGEST = f"{_OASIS}username-token-profile-1.0#PasswordDigest"
TEXT = f"{_OASIS}username-token-profile-1.0#PasswordText"
X509 = f"{_OASIS}x509-token-profile-1.0#X509v3"
BASE64 = f"{_OASIS}soap-message-security-1.0#Base64Binary"
WSA = "http://www.w3.org/2005/08/addressing"
_WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_SIGNATURE = f"{_DS}Signature"
_HELD_FOR = timedelta(minutes=5)
_AHEAD_FOR = timedelta(seconds=60)
_IDENTIFIERS = frozenset({"Id", "ID", "id"})


class Held(NamedTuple):
    """The parts of a Security header that a signature binds: the Timestamp, the Signature, and the Body it is over."""

    stamp: etree._Element
    signature: etree._Element
    body: etree._Element
    security: etree._Element

    @property
    def value(self) -> str:
        """The signature's own value, as WS-Security confirms it: base64 without breaks."""
        return "".join(self.signature.findtext(f"{_DS}SignatureValue", "").split())


class Envelope:
    """A SOAP envelope with exactly one Body and at most one Header. Raises Malformed for anything else."""

    def __init__(self, root: etree._Element) -> None:
        bodies = [one for one in root if one.tag == soap("Body")]
        # the reader of answers goes by local names: whatever is called so in another namespace would be a second one
        alike = [one for one in root if etree.QName(one).localname.lower() in {"body", "header"}]
        headers = [one for one in root if one.tag == soap("Header")]
        if root.tag != soap("Envelope") or len(bodies) != 1 or len(headers) > 1 or len(alike) != 1 + len(headers):
            raise Malformed("no SOAP envelope with one body")
        self.root, self.body = root, bodies[0]
        self._header = headers[0] if headers else None

    @classmethod
    def of(cls, octets: bytes) -> "Envelope":
        """Read an envelope. Raises Malformed."""
        return cls(parse_document(octets))

    def octets(self) -> bytes:
        """Return the message as it goes out."""
        written: bytes = etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")
        return written

    def open_header(self) -> etree._Element:
        """Return the Header, a new one where there is none."""
        if self._header is None:
            self._header = etree.Element(soap("Header"))
            self.root.insert(0, self._header)
        return self._header

    def header_parts(self) -> list[etree._Element]:
        """Return what stands in the Header itself."""
        return [] if self._header is None else list(self._header)

    def open_security(self) -> etree._Element:
        """Return a new Security header that the receiver must understand."""
        made = etree.SubElement(self.open_header(), wsse("Security"), nsmap={"wsse": WSSE, "wsu": WSU})
        made.set(soap("mustUnderstand"), "1")
        return made

    def security(self) -> etree._Element | None:
        """Return the one Security header, None without one. Raises Malformed for several."""
        found = [] if self._header is None else self._header.findall(wsse("Security"))
        if len(found) > 1:
            raise Malformed("several Security headers")
        return found[0] if found else None

    def signed(self) -> Held | None:
        """Return what a signature binds here, None where the message is not signed at all. Raises Malformed."""
        security = self.security()
        if security is None or security.find(_SIGNATURE) is None:
            return None
        stamps, signatures = security.findall(wsu("Timestamp")), security.findall(_SIGNATURE)
        if len(stamps) != 1 or len(signatures) != 1:
            raise Malformed("a signed message has one Timestamp and one Signature")
        names = list(_names(self.root))
        if len(names) != len(set(names)):
            raise Malformed("an identifier stands twice")
        return Held(stamps[0], signatures[0], self.body, security)

    def covered(self, held: Held) -> dict[str, etree._Element]:
        """Return what a signature has to be over: Body and Timestamp always, and of the parts of the Header and of the
        Security header those that it refers to, each by its identifier. Raises Malformed."""
        parts = {identifier(one): one for one in (*self.header_parts(), *held.security)}
        told = {one.get("URI", "")[1:] for one in held.signature.iterfind(f"{_DS}SignedInfo/{_DS}Reference")}
        found = {name: one for name, one in parts.items() if name and name in told}
        found |= {identifier(held.body): held.body, identifier(held.stamp): held.stamp}
        if "" in found or identifier(held.body) == identifier(held.stamp):
            raise Malformed("Body and Timestamp cannot be told apart")
        return found


def identifier(element: etree._Element) -> str:
    """Return the wsu:Id of a part, empty without one."""
    return str(element.get(wsu("Id"), ""))


def name_part(element: etree._Element, what: str, chance: Randomness) -> str:
    """Give a part an identifier nobody else has, and return it."""
    made = f"{what}-{chance.octets(8).hex()}"
    element.set(wsu("Id"), made)
    return made


def add_timestamp(security: etree._Element, now: datetime, chance: Randomness) -> etree._Element:
    """Add a Timestamp of five minutes (WS-Security 1.1 §10)."""
    made = etree.SubElement(security, wsu("Timestamp"))
    name_part(made, "Timestamp", chance)
    etree.SubElement(made, wsu("Created")).text = iso_time(now)
    etree.SubElement(made, wsu("Expires")).text = iso_time(now + _HELD_FOR)
    return made


def _reference_to(name: str) -> etree._Element:
    made = etree.Element(wsse("SecurityTokenReference"), nsmap={"wsse": WSSE})
    etree.SubElement(made, wsse("Reference"), URI=f"#{name}", ValueType=X509)
    return made


def sign_envelope(
    envelope: Envelope, proof: tuple[PrivateKey, Certificate], now: datetime, chance: Randomness, *, confirms: str = ""
) -> None:
    """Put a Security header into an envelope: the certificate, a Timestamp, and the Signature over it, the Body and
    every header of WS-Addressing. `confirms` is the value of the signature that an answer confirms (§8.5)."""
    key, certificate = proof
    addressing = [one for one in envelope.header_parts() if etree.QName(one).namespace == WSA]
    security = envelope.open_security()
    token = etree.SubElement(security, wsse("BinarySecurityToken"), EncodingType=BASE64, ValueType=X509)
    token.text = b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")
    reference = _reference_to(name_part(token, "X509", chance))
    stamp = add_timestamp(security, now, chance)
    signed = {name_part(envelope.body, "Body", chance): envelope.body, identifier(stamp): stamp}
    signed |= {name_part(one, "Addressing", chance): one for one in addressing}
    if confirms:
        confirmation = etree.SubElement(security, wsse11("SignatureConfirmation"), Value=confirms)
        signed[name_part(confirmation, "Confirmation", chance)] = confirmation
    security.append(sign_elements(signed, key, reference))


def is_fresh(stamp: etree._Element, now: datetime, held_for: timedelta = _HELD_FOR) -> bool:
    """Tell whether a Timestamp or a UsernameToken was made within a window, five minutes long, and has not ended."""
    created = read_time(_text(stamp, "Created"))
    ended = stamp.find(wsu("Expires"))
    if created is None or not now - held_for <= created <= now + _AHEAD_FOR:
        return False
    if ended is None:
        return True
    until = read_time(_text(stamp, "Expires"))
    return until is not None and now < until


def iso_time(now: datetime) -> str:
    """Return an instant as the profile writes it: UTC, whole milliseconds."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"


def read_time(text: str) -> datetime | None:
    """Return an instant that says its offset; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def soap(name: str) -> str:
    """Return a name of SOAP 1.1."""
    return f"{{{SOAP}}}{name}"


def wsse(name: str) -> str:
    """Return a name of WS-Security."""
    return f"{{{WSSE}}}{name}"


def wsu(name: str) -> str:
    """Return a name of WS-Security's utilities."""
    return f"{{{WSU}}}{name}"


def wsse11(name: str) -> str:
    """Return a name that WS-Security 1.1 added."""
    return f"{{{_WSSE11}}}{name}"


def wsa(name: str) -> str:
    """Return a name of WS-Addressing 1.0."""
    return f"{{{WSA}}}{name}"


def _text(element: etree._Element, name: str) -> str:
    found = element.findall(wsu(name))
    return (found[0].text or "").strip() if len(found) == 1 else ""


def _names(root: etree._Element) -> Iterator[str]:
    for element in root.iter():
        for key, value in element.attrib.items():
            told: Any = key
            if etree.QName(told).localname in _IDENTIFIERS:
                yield str(value)
