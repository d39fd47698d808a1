"""A signed answer belongs to its question: what was signed for another one, or yesterday, is refused and named."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.sample.simulator import create_application
from gateway.connector_runtime.contract import Absent, Found, Refused, SourceTrouble, Unavailable
from gateway.connector_runtime.contract.simulator_wss import AnswerSigner, BindingSigner, SignatureDoor
from gateway.connector_runtime.failure import SourceReplayed, why
from gateway.connector_runtime.kinds.envelope_seal import EnvelopeSeal
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.manifest_parts import EnvelopeSignatureRow
from gateway.connector_runtime.transports.wss_binding import Mark, add_message_id
from gateway.connector_runtime.transports.wss_envelope import WSA, Envelope, wsa, wsse11
from gateway.vocabulary.clock import SettableClock, SystemClock, SystemRandomness
from tests.connector_kinds.conftest import Toy, ask_about, manifest_of, outcome_of, serving
from tests.connector_kinds.pem_files import PemFiles, pem_files
from tests.connector_kinds.test_wss import BODY, reply

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
REPLAYED = Unavailable(reason="replayed")
CHANCE = SystemRandomness()
BINDINGS = pytest.mark.parametrize("binding", ["relates_to", "signature_confirmation"])


class Recorder:
    """A register that signs truly, and plays back what it signed before when it is told to."""

    def __init__(self, signer: BindingSigner) -> None:
        self.signer = signer
        self.kept: list[bytes] = []
        self.plays: bytes | None = None

    def sign(self, body: bytes, question: bytes) -> bytes:
        made = self.signer.sign(body, question)
        self.kept.append(made)
        return made if self.plays is None else self.plays


def bound(by: str, **members: Any) -> Callable[[dict[str, Any]], None]:
    def change(tree: dict[str, Any]) -> None:
        tree["auth"] = {"kind": "wss_certificate", "secret_ref": "own", "certificate_ref": "own-cert"}
        tree["envelope_signature"] = {"certificates_ref": "theirs", "bound_by": by} | members

    return change


def signer(of: PemFiles, binding: Any, clock: Any = None) -> BindingSigner:
    own = AnswerSigner(of.native_key(), of.native_certificate(), clock or SystemClock(), CHANCE)
    return BindingSigner(own, binding)


@pytest.fixture
def pems(tmp_path: Path) -> tuple[PemFiles, PemFiles]:
    return pem_files(tmp_path, "own"), pem_files(tmp_path, "theirs")


def asking(toy: Toy, pems: tuple[PemFiles, PemFiles], by: str, **members: Any) -> Any:
    own, theirs = pems
    files = {"own": own.key, "own-cert": own.certificate, "theirs": theirs.certificate}
    return toy.connector("soap", bound(by, **members), secret_files=files)


@BINDINGS
async def test_an_answer_to_another_question_is_refused_by_name(pems, binding: str) -> None:
    own, theirs = pems
    recorder = Recorder(signer(theirs, binding))
    door = SignatureDoor([own.native_certificate()], SystemClock())
    async with serving(create_application(door=door, seal=recorder.sign)) as toy:
        connector = asking(toy, pems, binding)
        for _ in range(2):
            answer = await outcome_of(connector, ask_about(3))
            assert isinstance(answer["the_sample_card_number"], Found)
        assert await outcome_of(connector, ask_about(9)) == Absent("no_match")
        hers, _, nobody = recorder.kept
        for played in (hers, nobody):  # her own answer a moment ago, and a “nobody” about somebody else
            recorder.plays = played
            assert await outcome_of(connector, ask_about(3)) == REPLAYED
        assert await outcome_of(connector, ask_about(6)) == REPLAYED
        recorder.plays = None
        assert isinstance(await outcome_of(connector, ask_about(6)), dict)
    assert why(REPLAYED) is SourceReplayed


@BINDINGS
async def test_a_service_that_binds_nothing_is_refused_where_the_manifest_says_it_does(pems, binding: str) -> None:
    own, theirs = pems
    door = SignatureDoor([own.native_certificate()], SystemClock())
    async with serving(create_application(door=door, seal=signer(theirs, "subject").sign)) as toy:
        assert await outcome_of(asking(toy, pems, binding), ask_about(3)) == REPLAYED


async def test_by_the_subject_alone_another_persons_answer_is_refused_and_an_old_one(pems) -> None:
    own, theirs = pems
    recorder = Recorder(signer(theirs, "subject"))
    door = SignatureDoor([own.native_certificate()], SystemClock())
    async with serving(create_application(door=door, seal=recorder.sign)) as toy:
        connector = asking(toy, pems, "subject")
        assert isinstance(await outcome_of(connector, ask_about(3)), dict)
        recorder.plays = recorder.kept[0]
        assert await outcome_of(connector, ask_about(6)) == Refused("other_person")
        recorder.signer = signer(theirs, "subject", SettableClock(SystemClock().now() - timedelta(days=1)))
        recorder.plays = None
        assert await outcome_of(connector, ask_about(3)) == REPLAYED  # yesterday's


def required(signed: bytes, by: Any, theirs: PemFiles, *, sent: bytes | None, now: datetime = NOW, **row: Any) -> str:
    """Return why an answer is refused, empty when it passes."""
    made = EnvelopeSignatureRow.model_validate({"certificates_ref": "theirs", "bound_by": by} | row)
    try:
        EnvelopeSeal(made, [theirs.native_certificate()]).require(reply(signed), now=now, sent=sent)
    except SourceTrouble as trouble:
        return f"{getattr(trouble.outcome, 'reason', '')}: {trouble.operator_detail}"
    return ""


@pytest.fixture
def theirs(tmp_path: Path) -> PemFiles:
    return pem_files(tmp_path, "theirs", now=NOW)


def test_a_relation_outside_the_signature_binds_nothing_and_a_wrong_one_refuses_all_the_same(theirs) -> None:
    sent = add_message_id(BODY, "urn:find", CHANCE)
    name = Mark.of(sent).message_id
    assert name.startswith("urn:uuid:")
    good = signer(theirs, "relates_to", SettableClock(NOW)).sign(BODY, sent)
    assert required(good, "relates_to", theirs, sent=sent) == ""
    loose = Envelope.of(signer(theirs, "subject", SettableClock(NOW)).sign(BODY, b""))
    related = etree.SubElement(loose.open_header(), wsa("RelatesTo"))
    related.text = name
    assert "under its signature" in required(loose.octets(), "relates_to", theirs, sent=sent)
    assert required(loose.octets(), "subject", theirs, sent=sent) == ""
    related.text = "urn:uuid:other"
    assert required(loose.octets(), "subject", theirs, sent=sent).startswith("replayed: RelatesTo")
    # a second one, and one of another relationship, say nothing of this question
    doubled = Envelope.of(good)
    etree.SubElement(doubled.open_header(), wsa("RelatesTo")).text = name
    assert "under its signature" in required(doubled.octets(), "relates_to", theirs, sent=sent)
    other = Envelope.of(BODY)
    etree.SubElement(other.open_header(), wsa("RelatesTo"), RelationshipType="urn:x").text = name
    signed = signer(theirs, "subject", SettableClock(NOW)).sign(other.octets(), b"")
    assert "under its signature" in required(signed, "relates_to", theirs, sent=sent)


def test_a_question_without_a_name_takes_no_answer_to_a_named_one(theirs) -> None:
    sent = add_message_id(BODY, "urn:find", CHANCE)
    named = signer(theirs, "relates_to", SettableClock(NOW)).sign(BODY, sent)
    assert required(named, "subject", theirs, sent=BODY).startswith("replayed")
    unspecified = Envelope.of(BODY)
    etree.SubElement(unspecified.open_header(), wsa("RelatesTo")).text = f"{WSA}/unspecified"
    signed = signer(theirs, "subject", SettableClock(NOW)).sign(unspecified.octets(), b"")
    assert required(signed, "subject", theirs, sent=BODY) == ""


def test_a_confirmation_of_another_signature_refuses_whatever_binds(theirs) -> None:
    sent = signer(theirs, "subject", SettableClock(NOW)).sign(BODY, b"")  # any signed message will do for a question
    good = signer(theirs, "signature_confirmation", SettableClock(NOW)).sign(BODY, sent)
    assert required(good, "signature_confirmation", theirs, sent=sent) == ""
    assert required(good, "subject", theirs, sent=BODY).startswith("replayed: SignatureConfirmation")
    bent = Envelope.of(good)
    security = bent.security()
    assert security is not None
    confirmation = security.find(wsse11("SignatureConfirmation"))
    assert confirmation is not None
    confirmation.set("Value", Mark.of(good).signature)
    assert required(bent.octets(), "signature_confirmation", theirs, sent=good).startswith("malformed")  # digest


@pytest.mark.parametrize(
    ("fresh_for", "after", "passes"), [(300, 299, True), (300, 301, False), (30, 31, False), (900, 299, True)]
)
def test_how_old_an_answer_may_be_is_the_manifests(theirs, fresh_for: int, after: int, passes: bool) -> None:
    signed = signer(theirs, "subject", SettableClock(NOW)).sign(BODY, b"")
    now = NOW + timedelta(seconds=after)
    told = required(signed, "subject", theirs, sent=BODY, now=now, fresh_for=fresh_for)
    assert (told == "") is passes
    assert passes or told.startswith("replayed: the Timestamp")


@pytest.mark.parametrize(
    ("change", "key", "said"),
    [
        (bound("signature_confirmation"), None, ""),
        (bound("relates_to"), None, ""),
        (bound("relates_to", policy="when_present"), "bound_by", "unsigned ones pass"),
        (
            lambda tree: tree.update(
                envelope_signature={"certificates_ref": "theirs", "bound_by": "signature_confirmation"}
            ),
            "bound_by",
            "only a signed question",
        ),
        (
            lambda tree: (bound("subject")(tree), tree["record"].update(about={"full_name": "Name"})),
            "bound_by",
            "there is none",
        ),
        (
            lambda tree: (
                bound("relates_to")(tree),
                tree["operations"]["lookup"].update(header='<a:MessageID xmlns:a="urn:a">1</a:MessageID>'),
            ),
            "header",
            "take the one in `header` away",
        ),
        (
            lambda tree: (bound("relates_to")(tree), tree["operations"]["lookup"].update(action="")),
            "action",
            "never empty",
        ),
        (
            lambda tree: (
                bound("relates_to")(tree),
                tree["operations"]["lookup"].update(action="", header='<a:Action xmlns:a="urn:a">urn:f</a:Action>'),
            ),
            None,
            "",
        ),
    ],
)
def test_a_manifest_that_would_bind_nothing_is_told(change: Any, key: str | None, said: str) -> None:
    found = list(lint(manifest_of("soap", change)))
    assert [one.key[-1] for one in found] == ([] if key is None else [key])
    assert all(said in one.text for one in found)
