"""Signatures over parts of an XML message: made by another implementation, made by us, and bent.

`signed_elsewhere_*.xml` were signed by signxml 5.2 with keys that were thrown away, the RSA one with prefixes that the
exclusive form is told to keep.
"""

from base64 import b64encode
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from gateway.tokens.key_material import KeyRefused
from gateway.tokens.pem import public_key_of, read_certificates, read_private_key, read_signing_key
from gateway.tokens.xml_signature import XmlSignatureRefused, sign_elements, verify_elements
from tests.connector_kinds.pem_files import RSA, pem_files

HERE = Path(__file__).parent
KINDS = pytest.mark.parametrize("kind", ["rsa", "ecdsa"])


def message(kind: str, old: str = "", new: str = "") -> tuple[etree._Element, dict[str, etree._Element], list]:
    """Return Signature, what it covers and the keys, after a replacement in the text."""
    text = (HERE / f"signed_elsewhere_{kind}.xml").read_text("utf-8")
    assert old in text
    root = etree.fromstring(text.replace(old, new, 1).encode())
    certificates = read_certificates((HERE / f"signed_elsewhere_{kind}.pem").read_bytes())
    signed = {"TS-1": root[0][0][0], "id-7": root[1]}
    return root[0][0][1], signed, [public_key_of(one) for one in certificates]


@KINDS
def test_what_another_implementation_signed_verifies(kind: str) -> None:
    verify_elements(*message(kind))


@KINDS
@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("TRẦN", "TRAN", "digest"),
        ("2026-11-27T08:05", "2026-11-28T08:05", "digest"),
        ('wsu:Id="id-7"', 'wsu:Id="id-8"', "digest"),
        ('URI="#id-7"', 'URI="#id-8"', "signature"),
        ('URI="#id-7"', 'URI=""', "signature"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>AA", "form"),
        ("-sha256", "-sha1", "algorithm"),
        ("<ds:KeyInfo>", "<ds:SignatureValue/><ds:KeyInfo>", "form"),
    ],
)
def test_a_changed_message_is_refused_by_its_rule(kind: str, old: str, new: str, rule: str) -> None:
    with pytest.raises(XmlSignatureRefused) as caught:
        verify_elements(*message(kind, old, new))
    assert caught.value.rule in ({rule, "signature"} if rule == "form" else {rule})


@KINDS
def test_another_key_and_no_key_verify_nothing(kind: str) -> None:
    signature, signed, _ = message(kind)
    other = [RSA.public_key(), ec.generate_private_key(ec.SECP256R1()).public_key()]
    for keys in ([], other):
        with pytest.raises(XmlSignatureRefused, match="signature"):
            verify_elements(signature, signed, keys)


@KINDS
def test_a_signature_over_less_or_more_than_asked_is_refused(kind: str) -> None:
    signature, signed, keys = message(kind)
    body = {"id-7": signed["id-7"]}
    for covered in (body, signed | {"more": signed["id-7"]}, {}):
        with pytest.raises(XmlSignatureRefused, match="reference"):
            verify_elements(signature, covered, keys)
    with pytest.raises(XmlSignatureRefused, match="digest"):  # another element under the name of the signed one
        verify_elements(signature, signed | {"id-7": etree.fromstring("<Body/>")}, keys)


def test_more_than_the_one_transform_is_refused_though_it_was_signed_so() -> None:
    root = etree.fromstring("<a><b/></a>")
    signature = sign_elements({"x": root[0]}, RSA, etree.Element("k"))
    told = signature[0]
    told[2][0].append(etree.fromstring(etree.tostring(told[2][0][0])))
    octets = etree.tostring(told, method="c14n", exclusive=True)
    signature[1].text = b64encode(RSA.sign(octets, padding.PKCS1v15(), SHA256())).decode()
    with pytest.raises(XmlSignatureRefused, match="algorithm"):
        verify_elements(signature, {"x": root[0]}, [RSA.public_key()])


@pytest.mark.parametrize("key", [RSA, ec.generate_private_key(ec.SECP256R1())], ids=["RSA", "P-256"])
def test_what_we_sign_verifies_after_it_was_sent(key) -> None:
    root = etree.fromstring("<a xmlns:n='urn:n'><b Id='x'><n:c>Ƀ &amp; Đ</n:c></b><d/></a>".encode())
    root[1].append(sign_elements({"x": root[0]}, key, etree.Element("k")))
    again = etree.fromstring(etree.tostring(root))
    verify_elements(again[1][0], {"x": again[0]}, [key.public_key()])


def test_keys_and_certificates_are_judged_when_they_are_read(tmp_path: Path) -> None:
    good = pem_files(tmp_path, "good")
    assert read_signing_key(good.key.read_bytes(), "ES256").kid  # its thumbprint
    assert read_signing_key(good.key.read_bytes(), "ES256", "k1").kid == "k1"
    weak = rsa.generate_private_key(65537, 1024)
    for made, rule in ((weak, "rsa_size"), (ec.generate_private_key(ec.SECP384R1()), "crv")):
        files = pem_files(tmp_path, rule, made)
        with pytest.raises(KeyRefused, match=rule):
            read_private_key(files.key.read_bytes())
        with pytest.raises(KeyRefused, match=rule):
            read_certificates(files.certificate.read_bytes())
    with pytest.raises(KeyRefused, match="form"):
        read_private_key(good.certificate.read_bytes())
    with pytest.raises(KeyRefused, match="form"):
        read_certificates(good.key.read_bytes())
    with pytest.raises(KeyRefused, match="alg"):
        read_signing_key(good.key.read_bytes(), "RS256")
    locked = RSA.private_bytes(*_locked())
    with pytest.raises(KeyRefused, match="encrypted"):
        read_private_key(locked)
    assert isinstance(good.native_certificate(), x509.Certificate)


def _locked():
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    return Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim")
