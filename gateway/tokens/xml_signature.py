"""Signatures over parts of an XML message (XML Signature 1.1) in one narrow profile, written and verified.

Exclusive canonical form without comments, SHA-256 or SHA-512 digests, RSA or ECDSA with SHA-256 or SHA-512. The caller
says which elements are signed and the digests are taken of those very elements: an identifier is never looked up, so
there is nothing that a copy elsewhere in the message could stand in for (signature wrapping).
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, Hash, HashAlgorithm
from lxml import etree

from gateway.tokens.pem import PrivateKey, PublicKey

DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"
_DIGESTS: Mapping[str, type[HashAlgorithm]] = {f"{_ENC}sha256": SHA256, f"{_ENC}sha512": SHA512}
_METHODS: Mapping[str, tuple[type[PublicKey], type[HashAlgorithm]]] = {
    f"{_MORE}rsa-sha256": (rsa.RSAPublicKey, SHA256),
    f"{_MORE}rsa-sha512": (rsa.RSAPublicKey, SHA512),
    f"{_MORE}ecdsa-sha256": (ec.EllipticCurvePublicKey, SHA256),
    f"{_MORE}ecdsa-sha512": (ec.EllipticCurvePublicKey, SHA512),
}
_PREFIXES = re.compile(r"[A-Za-z_#][\w.-]*")


class XmlSignatureRefused(Exception):
    """A signature that is not accepted. `rule` is the stable word of what failed: `form`, `algorithm`, `reference`,
    `digest`, `signature`; nothing of the message is in it."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"signature refused by rule `{rule}`")
        self.rule = rule


def sign_elements(signed: Mapping[str, etree._Element], key: PrivateKey, key_name: etree._Element) -> etree._Element:
    """Return the Signature over elements by their identifiers; `key_name` is what stands in its KeyInfo.

    The elements must stand in the tree they will be sent in.
    """
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    signature = etree.Element(_ds("Signature"), nsmap={"ds": DS})
    told = etree.SubElement(signature, _ds("SignedInfo"))
    etree.SubElement(told, _ds("CanonicalizationMethod"), Algorithm=EXCLUSIVE)
    etree.SubElement(told, _ds("SignatureMethod"), Algorithm=f"{_MORE}{'rsa' if is_rsa else 'ecdsa'}-sha256")
    for identifier, element in signed.items():
        reference = etree.SubElement(told, _ds("Reference"), URI=f"#{identifier}")
        etree.SubElement(etree.SubElement(reference, _ds("Transforms")), _ds("Transform"), Algorithm=EXCLUSIVE)
        etree.SubElement(reference, _ds("DigestMethod"), Algorithm=f"{_ENC}sha256")
        digest = _digest(_canonical(element, ()), SHA256())
        etree.SubElement(reference, _ds("DigestValue")).text = b64encode(digest).decode("ascii")
    value = _sign(_canonical(told, ()), key)
    etree.SubElement(signature, _ds("SignatureValue")).text = b64encode(value).decode("ascii")
    etree.SubElement(signature, _ds("KeyInfo")).append(key_name)
    return signature


def verify_elements(signature: etree._Element, signed: Mapping[str, etree._Element], keys: Sequence[PublicKey]) -> None:
    """Let a Signature pass that covers exactly these elements, each by its identifier, and was made with one of `keys`.

    Raises XmlSignatureRefused.
    """
    told, value = _child(signature, "SignedInfo"), _octets(_child(signature, "SignatureValue"))
    method = _METHODS.get(_algorithm(_child(told, "SignatureMethod")))
    if method is None:
        raise XmlSignatureRefused("algorithm")
    octets = _canonical(told, _prefixes(_child(told, "CanonicalizationMethod")))
    # who signed comes first: digests of what a stranger chose are none of our work
    if not any(_verifies(octets, value, key, method) for key in keys):
        raise XmlSignatureRefused("signature")
    references = told.findall(_ds("Reference"))
    if sorted(one.get("URI", "") for one in references) != sorted(f"#{name}" for name in signed):
        raise XmlSignatureRefused("reference")
    for one in references:
        _check_digest(one, signed[one.get("URI", "")[1:]])


def _check_digest(reference: etree._Element, element: etree._Element) -> None:
    transforms = _child(reference, "Transforms").findall(_ds("Transform"))
    if len(transforms) != 1:
        raise XmlSignatureRefused("algorithm")
    digest = _DIGESTS.get(_algorithm(_child(reference, "DigestMethod")))
    if digest is None:
        raise XmlSignatureRefused("algorithm")
    made = _digest(_canonical(element, _prefixes(transforms[0])), digest())
    if not compare_digest(made, _octets(_child(reference, "DigestValue"))):
        raise XmlSignatureRefused("digest")


def _prefixes(method: etree._Element) -> tuple[str, ...]:
    """Return the prefixes that the form keeps though nothing uses them (Exclusive XML Canonicalization §4)."""
    if _algorithm(method) != EXCLUSIVE or len(method) > 1:
        raise XmlSignatureRefused("algorithm")
    if not len(method):
        return ()
    if method[0].tag != f"{{{EXCLUSIVE}}}InclusiveNamespaces":
        raise XmlSignatureRefused("algorithm")
    found = tuple(method[0].get("PrefixList", "").split())
    if len(found) > 20 or not all(_PREFIXES.fullmatch(one) for one in found):
        raise XmlSignatureRefused("form")
    return found


def _canonical(element: etree._Element, prefixes: Sequence[str]) -> bytes:
    made: bytes = etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        with_tail=False,
        inclusive_ns_prefixes=list(prefixes) or None,
    )
    return made


def _sign(octets: bytes, key: PrivateKey) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(octets, padding.PKCS1v15(), SHA256())
    # XML Signature 1.1 §6.4.3: the two numbers side by side, not the DER of them
    size = (key.curve.key_size + 7) // 8
    return b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(key.sign(octets, ec.ECDSA(SHA256()))))


def _verifies(octets: bytes, value: bytes, key: PublicKey, method: tuple[type[PublicKey], type[HashAlgorithm]]) -> bool:
    kind, digest = method
    if not isinstance(key, kind):
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(value, octets, padding.PKCS1v15(), digest())
        else:
            size = (key.curve.key_size + 7) // 8
            if len(value) != 2 * size:
                return False
            pair = int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
            key.verify(encode_dss_signature(*pair), octets, ec.ECDSA(digest()))
    except InvalidSignature:
        return False
    return True


def _digest(octets: bytes, algorithm: HashAlgorithm) -> bytes:
    made = Hash(algorithm)
    made.update(octets)
    return made.finalize()


def _child(element: etree._Element, name: str) -> etree._Element:
    found = element.findall(_ds(name))
    if len(found) != 1:
        raise XmlSignatureRefused("form")
    return found[0]


def _algorithm(element: etree._Element) -> str:
    return element.get("Algorithm", "")


def _octets(element: etree._Element) -> bytes:
    text: Any = element.text or ""
    try:
        return b64decode("".join(text.split()), validate=True)
    except (NotBase64, ValueError):
        raise XmlSignatureRefused("form") from None


def _ds(name: str) -> str:
    return f"{{{DS}}}{name}"
