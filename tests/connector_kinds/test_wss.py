"""WS-Security on the way out and back: a register that checks what it gets, and answers that are verified first."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.sample.simulator import create_application
from gateway.connector_runtime.contract import Absent, Found, OutboundReply, SourceTrouble, Unavailable
from gateway.connector_runtime.contract.document import read_document
from gateway.connector_runtime.contract.simulator_wss import AnswerSigner, PasswordDoor, SignatureDoor
from gateway.connector_runtime.failure import TransportUnset
from gateway.connector_runtime.kinds.envelope_seal import EnvelopeSeal
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.kinds.writing import Written
from gateway.connector_runtime.kinds.wss import SignedEnvelope, UsernameToken
from gateway.connector_runtime.manifest_failure import CredentialUnfit
from gateway.connector_runtime.manifest_parts import EnvelopeSignatureRow
from gateway.connector_runtime.transports.wss_envelope import WSU
from gateway.vocabulary.clock import SettableClock, SystemClock, SystemRandomness
from tests.connector_kinds.conftest import Toy, ask_about, manifest_of, outcome_of, serving
from tests.connector_kinds.pem_files import RSA, PemFiles, pem_files

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 27, 8, 0, 0, 250_000, tzinfo=UTC)
CHANCE = SystemRandomness()
BODY = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body>'
    b'<l:Find xmlns:l="urn:library"><l:Name>\xc4\x90\xe1\xbb\x97 Minh Ho\xc3\xa0</l:Name></l:Find>'
    b"</s:Body></s:Envelope>"
)
REQUEST: Any = None
ROW = EnvelopeSignatureRow(certificates_ref="theirs")
LOOSE = ROW.model_copy(update={"policy": "when_present"})


def by_password(**members: Any) -> Callable[[dict[str, Any]], None]:
    def change(tree: dict[str, Any]) -> None:
        tree["auth"] = {"kind": "wss_password", "user": "gate06", "secret_ref": "own"} | members

    return change


def by_certificate(policy: str | None = None) -> Callable[[dict[str, Any]], None]:
    def change(tree: dict[str, Any]) -> None:
        tree["auth"] = {"kind": "wss_certificate", "secret_ref": "own", "certificate_ref": "own-cert"}
        if policy is not None:
            tree["envelope_signature"] = {"certificates_ref": "theirs", "policy": policy}

    return change


def files(own: PemFiles, theirs: PemFiles | None = None) -> dict[str, Path]:
    known = {"own": own.key, "own-cert": own.certificate}
    return known if theirs is None else known | {"theirs": theirs.certificate}


def signer(of: PemFiles, clock: Any = None) -> AnswerSigner:
    return AnswerSigner(of.native_key(), of.native_certificate(), clock or SystemClock(), CHANCE)


@pytest.fixture
def password(tmp_path: Path) -> Path:
    made = tmp_path / "password"
    made.write_text("mật khẩu giả định 1\n", "utf-8")
    return made


def word(file: Path) -> str:
    return file.read_text("utf-8").strip()


async def test_a_register_takes_a_digest_and_every_nonce_is_new(password: Path) -> None:
    door = PasswordDoor("gate06", word(password), SystemClock())
    async with serving(create_application(door=door)) as toy:
        connector = toy.connector("soap", by_password(), secret_files={"own": password})
        answers = await asyncio.gather(*(outcome_of(connector, ask_about(3)) for _ in range(3)))
        assert all(isinstance(one["the_sample_card_number"], Found) for one in answers)
        assert (await connector.check()).state == "up"


@pytest.mark.parametrize(("user", "known"), [("other", None), ("gate06", "another password")])
async def test_a_wrong_name_or_password_is_refused(password: Path, user: str, known: str | None) -> None:
    door = PasswordDoor(user, known or word(password), SystemClock())
    async with serving(create_application(door=door)) as toy:
        connector = toy.connector("soap", by_password(), secret_files={"own": password})
        assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="fault")


async def test_a_password_goes_as_text_over_tls_and_never_without(tmp_path: Path, password: Path) -> None:
    tls = pem_files(tmp_path, "server")
    as_text = by_password(sent_as="text")
    door = PasswordDoor("gate06", word(password), SystemClock(), text=True)
    async with serving(create_application(door=door), tls) as toy:
        known = {"secret_files": {"own": password}, "authorities_file": tls.certificate}
        answer = await outcome_of(toy.connector("soap", as_text, **known), ask_about(3))
        assert isinstance(answer["the_sample_card_number"], Found)

    def redirected(tree: dict[str, Any]) -> None:
        as_text(tree)
        tree["endpoint"]["url"] = "https://127.0.0.1:9"

    with pytest.raises(TransportUnset, match="over TLS only"):  # the operator's address decides, not the manifest's
        Toy("").connector("soap", redirected, secret_files={"own": password}, url="http://127.0.0.1:9")


async def test_what_the_register_refuses_of_a_username_token() -> None:
    clock = SettableClock(NOW)
    door = PasswordDoor("gate06", "one", clock)

    async def sent(form: Any = "digest", at: datetime = NOW, **known: str) -> bytes:
        told = {"name": "gate06", "password": "one"} | known
        token = UsernameToken(told["name"], told["password"], form, SettableClock(at), CHANCE)
        proven = await token.prove(Written("POST", "/soap", {}, BODY), "system", wait_for=1)
        assert proven.body is not None
        return proven.body

    good = await sent()
    assert door.refusal(REQUEST, good) is None
    assert door.refusal(REQUEST, good) == "replay"
    assert door.refusal(REQUEST, await sent(at=NOW - timedelta(minutes=6))) == "time"
    assert door.refusal(REQUEST, await sent(at=NOW + timedelta(minutes=2))) == "time"
    assert door.refusal(REQUEST, await sent(password="two")) == "password"
    assert door.refusal(REQUEST, await sent("text")) == "password"  # no text where a digest was agreed
    later = re.sub(rb"2026-11-27T08:00", b"2026-11-27T08:01", await sent())
    assert door.refusal(REQUEST, later) == "password"  # the time is under the digest
    assert door.refusal(REQUEST, BODY) == "missing"
    assert door.refusal(REQUEST, b"<a/>") == "form"


@pytest.mark.parametrize("made", [None, RSA], ids=["P-256", "RSA"])
async def test_a_register_takes_a_signed_message_and_its_signed_answer_is_believed(tmp_path: Path, made) -> None:
    own, theirs = pem_files(tmp_path, "own", made), pem_files(tmp_path, "theirs", made)
    door = SignatureDoor([own.native_certificate()], SystemClock())
    async with serving(create_application(door=door, seal=signer(theirs).sign)) as toy:
        connector = toy.connector("soap", by_certificate("required"), secret_files=files(own, theirs))
        for _ in range(2):
            answer = await outcome_of(connector, ask_about(3))
            assert isinstance(answer["the_sample_card_number"], Found)
        assert await outcome_of(connector, ask_about(9)) == Absent("no_match")
        await toy.order(target="*", fault="denied_procedure")
        assert "purpose_denied" in repr(await outcome_of(connector, ask_about(3)))


async def test_what_the_register_refuses_of_a_signed_message(tmp_path: Path) -> None:
    own, stranger = pem_files(tmp_path, "own"), pem_files(tmp_path, "stranger")
    door = SignatureDoor([own.native_certificate()], SettableClock(NOW))

    async def sent(of: PemFiles = own, at: datetime = NOW) -> bytes:
        signing = SignedEnvelope(of.native_key(), of.native_certificate(), SettableClock(at), CHANCE)
        proven = await signing.prove(Written("POST", "/soap", {}, BODY), "system", wait_for=1)
        assert proven.body is not None
        return proven.body

    good = await sent()
    assert door.refusal(REQUEST, good) is None
    assert door.refusal(REQUEST, good) == "replay"
    assert door.refusal(REQUEST, await sent(stranger)) == "certificate"
    assert door.refusal(REQUEST, await sent(at=NOW - timedelta(minutes=6))) == "time"
    assert door.refusal(REQUEST, (await sent()).replace("Hoà".encode(), "Hòa".encode())) == "digest"
    assert door.refusal(REQUEST, re.sub(rb"2026-11-27T08:05", b"2026-11-28T08:05", await sent())) == "digest"
    assert door.refusal(REQUEST, BODY) == "missing"
    assert door.refusal(REQUEST, (await sent()).replace(b"xmldsig-more#ecdsa-sha256", b"xmldsig-more#hmac")) == (
        "algorithm"
    )


@pytest.mark.parametrize("policy", ["required", "when_present"])
async def test_an_answer_a_stranger_signed_never_passes(tmp_path: Path, policy: str) -> None:
    own, theirs, stranger = (pem_files(tmp_path, name) for name in ("own", "theirs", "stranger"))
    door = SignatureDoor([own.native_certificate()], SystemClock())
    async with serving(create_application(door=door, seal=signer(stranger).sign)) as toy:
        connector = toy.connector("soap", by_certificate(policy), secret_files=files(own, theirs))
        assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="malformed")


@pytest.mark.parametrize(("policy", "passes"), [("required", False), ("when_present", True)])
async def test_an_unsigned_answer_passes_only_where_the_manifest_says_so(tmp_path: Path, policy, passes) -> None:
    own, theirs = pem_files(tmp_path, "own"), pem_files(tmp_path, "theirs")
    door = SignatureDoor([own.native_certificate()], SystemClock())
    async with serving(create_application(door=door)) as toy:
        connector = toy.connector("soap", by_certificate(policy), secret_files=files(own, theirs))
        came = await outcome_of(connector, ask_about(3))
        assert isinstance(came, dict) is passes
        await toy.order(target="*", fault="denied_procedure")
        told = await outcome_of(connector, ask_about(3))  # an unsigned fault decides nothing either
        assert (told == Unavailable(reason="fault") or told == Unavailable(reason="unreachable")) is not passes


async def test_a_source_in_trouble_is_told_as_such_though_nothing_is_signed(tmp_path: Path) -> None:
    own, theirs = pem_files(tmp_path, "own"), pem_files(tmp_path, "theirs")
    door = SignatureDoor([own.native_certificate()], SystemClock())
    async with serving(create_application(door=door, seal=signer(theirs).sign)) as toy:
        connector = toy.connector("soap", by_certificate("required"), secret_files=files(own, theirs))
        await toy.order(target="*", fault="down", times=1)
        assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="unreachable", retry_after=30)
        for fault, reason in (("html200", "malformed"), ("malformed", "malformed"), ("document_type", "malformed")):
            await toy.order(target="*", fault=fault, times=1)
            assert await outcome_of(connector, ask_about(3)) == Unavailable(reason=reason)
        await toy.order(target="*", fault="oversize", times=1)
        assert await outcome_of(connector, ask_about(3)) == Unavailable(reason="oversize")


def wrapped_in_header(root: etree._Element) -> None:
    """The signed body moves into the header, and another takes its place."""
    body = root[1]
    forged = etree.fromstring(etree.tostring(body))
    forged.attrib.clear()
    forged[0][0].text = "kẻ khác"
    root[0].append(body)
    root.append(forged)


def second_body(root: etree._Element) -> None:
    forged = etree.fromstring(etree.tostring(root[1]))
    forged[0][0].text = "kẻ khác"
    root.insert(1, forged)


def body_of_another_namespace(root: etree._Element) -> None:
    root.append(etree.fromstring(b'<Body xmlns="urn:x"><Find><Name>x</Name></Find></Body>'))


def same_identifier(root: etree._Element) -> None:
    """A copy with the identifier of the body stands in the header and may be found first."""
    root[0].append(etree.fromstring(etree.tostring(root[1][0])))
    root[0][-1].set("Id", str(root[1].get(f"{{{WSU}}}Id")))


def two_securities(root: etree._Element) -> None:
    """A second header may be the one somebody else reads; it holds nothing that could be told apart by identifiers."""
    etree.SubElement(root[0], root[0][0].tag)


def two_signatures(root: etree._Element) -> None:
    root[0][0].append(etree.fromstring(etree.tostring(root[0][0][-1])))


def two_timestamps(root: etree._Element) -> None:
    root[0][0].append(etree.fromstring(etree.tostring(root[0][0].find(f"{{{WSU}}}Timestamp"))))


def no_timestamp(root: etree._Element) -> None:
    root[0][0].remove(root[0][0].find(f"{{{WSU}}}Timestamp"))


def only_the_timestamp(root: etree._Element) -> None:
    told = root[0][0][-1][0]
    told.remove(told[2])


def renamed_body(root: etree._Element) -> None:
    root[1].set(f"{{{WSU}}}Id", "Body-other")


def changed_content(root: etree._Element) -> None:
    root[1][0][0].text = "kẻ khác"


def another_transform(root: etree._Element) -> None:
    root[0][0][-1][0][2][0][0].set("Algorithm", "http://www.w3.org/2000/09/xmldsig#enveloped-signature")


def weak_digest(root: etree._Element) -> None:
    root[0][0][-1][0][2][1].set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


BENT = [
    wrapped_in_header,
    second_body,
    body_of_another_namespace,
    same_identifier,
    two_securities,
    two_signatures,
    two_timestamps,
    no_timestamp,
    only_the_timestamp,
    renamed_body,
    changed_content,
    another_transform,
    weak_digest,
]


@pytest.mark.parametrize("bend", BENT, ids=lambda bend: bend.__name__)
@pytest.mark.parametrize("row", [ROW, LOOSE], ids=["required", "when_present"])
def test_a_bent_answer_never_passes(tmp_path: Path, row: EnvelopeSignatureRow, bend: Any) -> None:
    theirs = pem_files(tmp_path, "theirs", now=NOW)
    seal = EnvelopeSeal(row, [theirs.native_certificate()])
    signed = signer(theirs, SettableClock(NOW)).sign(BODY)
    seal.require(reply(signed), now=NOW)
    root = etree.fromstring(signed)
    bend(root)
    with pytest.raises(SourceTrouble) as caught:
        seal.require(reply(etree.tostring(root)), now=NOW)
    assert caught.value.outcome == Unavailable(reason="malformed")
    assert "Hoà" not in caught.value.operator_detail


def test_comments_inside_a_signed_value_change_nothing_of_it(tmp_path: Path) -> None:
    theirs = pem_files(tmp_path, "theirs", now=NOW)
    seal = EnvelopeSeal(ROW, [theirs.native_certificate()])
    signed = signer(theirs, SettableClock(NOW)).sign(BODY).replace(b" Minh", b" Mi<!-- cut -->nh")
    seal.require(reply(signed), now=NOW)
    assert read_document(signed).findtext(".//name") == "Đỗ Minh Hoà"


def test_old_answers_and_certificates_that_ended_do_not_pass(tmp_path: Path) -> None:
    theirs = pem_files(tmp_path, "theirs", now=NOW)
    ended = pem_files(tmp_path, "ended", now=NOW, days=(-30, -1))
    signed = signer(theirs, SettableClock(NOW)).sign(BODY)
    seal = EnvelopeSeal(ROW, [ended.native_certificate(), theirs.native_certificate()])
    seal.require(reply(signed), now=NOW)  # a file holds the old and the next certificate while they change
    for now in (NOW + timedelta(minutes=6), NOW - timedelta(minutes=2)):
        with pytest.raises(SourceTrouble, match="Timestamp"):
            seal.require(reply(signed), now=now)
    with pytest.raises(SourceTrouble, match="no certificate of the source holds"):
        EnvelopeSeal(ROW, [ended.native_certificate()]).require(
            reply(signer(ended, SettableClock(NOW)).sign(BODY)), now=NOW
        )


def test_a_certificate_of_another_key_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    own, other = pem_files(tmp_path, "own"), pem_files(tmp_path, "other")
    with pytest.raises(CredentialUnfit, match="does not belong to the key"):
        Toy("http://127.0.0.1:9").connector(
            "soap", by_certificate(), secret_files={"own": own.key, "own-cert": other.certificate}
        )


def test_only_a_soap_source_signs_envelopes() -> None:
    manifest = manifest_of("rest", lambda tree: tree.update(envelope_signature={"certificates_ref": "theirs"}))
    assert any("has `[signature]`" in one.text for one in lint(manifest))


def reply(body: bytes) -> OutboundReply:
    return OutboundReply(200, {"content-type": "text/xml"}, body)
