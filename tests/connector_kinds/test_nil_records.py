"""What SOAP services write for nobody (a nil record, nil or empty on the way to it, a record of nothing); faults."""

from typing import Any

import pytest

from gateway.connector_runtime.contract import (
    Absent,
    Found,
    OutboundReply,
    Outcome,
    Refused,
    SourceTrouble,
    Unavailable,
)
from gateway.connector_runtime.kinds.build import make_speech
from gateway.vocabulary.clock import SystemClock
from tests.connector_kinds.conftest import ask_about, manifest_of

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
NIL = f'{XSI} xsi:nil="true"'
WHOLE = "<CitizenId>999175000003</CitizenId><Card><No>TV-000003</No><Issued>20240305</Issued><Branch>02</Branch></Card>"
NOBODY = Absent("no_match")
MALFORMED = Unavailable(reason="malformed")


def read(inner: str, **record: Any) -> dict[str, Outcome] | Outcome:
    """Return what the sample's manifest makes of an answer, or of the whole of it."""
    speech = make_speech(manifest_of("soap", lambda tree: tree["record"].update(record)))
    envelope = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{inner}</s:Body></s:Envelope>'
    reply = OutboundReply(200, {"content-type": "text/xml"}, envelope.encode())
    try:
        speech.signs.judge(reply, lambda: speech.open(reply))
        now = SystemClock().now()
        return dict(speech.record.read(speech.open(reply), ask_about(3), source="x", now=now))
    except SourceTrouble as trouble:
        return trouble.outcome


def answer(readers: str) -> str:
    return f'<l:FindReaderResponse xmlns:l="urn:library">{readers}</l:FindReaderResponse>'


@pytest.mark.parametrize("missing", ["malformed", "not_found"])
@pytest.mark.parametrize(
    "inner",
    [
        answer(f"<Readers><Reader {NIL}/></Readers>"),
        answer(f'<Readers><Reader {NIL} Updated="2026-11-20"></Reader></Readers>'),
        answer(f'<Readers><Reader {XSI} xsi:nil=" 1 "> </Reader></Readers>'),
        answer(f"<Readers {NIL}/>"),
        f'<l:FindReaderResponse xmlns:l="urn:library" {NIL}/>',
        answer("<Readers/>"),
        answer(f'<Readers {XSI} xsi:type="List"> </Readers>'),
    ],
)
def test_what_says_of_itself_that_it_is_nothing_is_nobody(inner: str, missing: str) -> None:
    assert read(inner, missing=missing) == NOBODY


@pytest.mark.parametrize(
    "inner",
    [
        answer(""),
        answer('<Readers loi=""/>'),
        answer('<Readers SoCongDan="0"/>'),  # so does the population database say it
        answer("<Readers><Reader/></Readers>"),
        answer('<Readers><Reader Updated=""/></Readers>'),
        answer(f"<Readers><Reader><CitizenId/><Card><No {NIL}/></Card></Reader></Readers>"),
    ],
)
def test_what_merely_is_empty_is_nobody_where_the_manifest_says_so(inner: str) -> None:
    assert read(inner, missing="not_found") == NOBODY
    assert read(inner, missing="malformed") == MALFORMED


@pytest.mark.parametrize("missing", ["malformed", "not_found"])
@pytest.mark.parametrize(
    "inner",
    [
        "",  # an answer without its own element is no answer
        "<Other/>",
        answer("<Error>E500</Error>"),
        answer('<Other code="E500"/>'),
        answer(f"<Readers><Reader {NIL}>{WHOLE}</Reader></Readers>"),  # nothing, and something
        answer(f"<Readers {NIL}><Reader>{WHOLE}</Reader></Readers>"),
        answer("<Readers><Reader><Note>x</Note></Reader></Readers>"),  # a record, and of whom it does not say
        answer('<Readers><Reader Updated="2026-11-20"/></Readers>'),
        answer('<Readers loi="99">ORA-12541: khong ket noi</Readers>'),  # an error where the list would be
        answer("<Readers>ORA-12541</Readers>"),
        answer('<Readers ma="500" thongBao="loi"/>'),
        answer('<Readers ma="0" thongBao="loi"/>'),
        answer("<Readers>0</Readers>"),
        answer("<Readers><Total/>ORA-12541</Readers>"),
        answer('<Readers ma="500"><Total/></Readers>'),
        '<l:FindReaderResponse xmlns:l="urn:library" ma="500"/>',
        '<l:FindReaderResponse xmlns:l="urn:library">ORA-12541</l:FindReaderResponse>',
        # a person whose element stands elsewhere (SOAP 1.1 §5.4.1) is not looked for, and is somebody
        answer('<Readers href="#id0"/>') + f'<multiRef id="id0"><Reader>{WHOLE}</Reader></multiRef>',
    ],
)
def test_what_holds_something_else_is_never_nobody(inner: str, missing: str) -> None:
    assert read(inner, missing=missing) == MALFORMED


@pytest.mark.parametrize("missing", ["malformed", "not_found"])
@pytest.mark.parametrize("inner", ["", "ORA-12541", "<Error>E500</Error>"])
def test_the_envelopes_body_is_nobodys_list(inner: str, missing: str) -> None:
    assert read(inner, at="FindReaderResponse", missing=missing) == MALFORMED


def test_a_nil_beside_a_record_chooses_none() -> None:
    inner = answer(f"<Readers><Reader {NIL}/><Reader>{WHOLE}</Reader></Readers>")
    assert read(inner) == Absent("ambiguous")


def test_a_nil_leaf_is_absent_and_one_that_holds_something_is_garbled() -> None:
    whole = answer(f"<Readers><Reader>{WHOLE}</Reader></Readers>")
    for old, new in (
        ("<Issued>20240305</Issued>", f"<Issued {NIL}/>"),
        ("<Branch>02</Branch>", f"<Branch {NIL}> </Branch>"),
    ):
        told = read(whole.replace(old, new))
        assert isinstance(told, dict)
        assert sorted(type(one).__name__ for one in told.values()) == ["Absent", "Found", "Found"]
        assert Absent("empty") in told.values()
    told = read(whole.replace("<No>", f"<No {NIL}>").replace("<Issued>", f'<Issued {XSI} xsi:nil="false">'))
    assert isinstance(told, dict)
    assert told["the_sample_card_number"] == MALFORMED
    assert isinstance(told["the_sample_card_issued"], Found)


def test_a_text_where_a_field_has_its_elements_is_garbled() -> None:
    whole = answer(f"<Readers><Reader>{WHOLE}</Reader></Readers>")
    for card in ("<Card>LOI KET NOI</Card>", '<Card ma="500">LOI KET NOI</Card>'):
        told = read(whole.replace(whole[whole.index("<Card>") : whole.index("</Reader>")], card))
        assert isinstance(told, dict)
        assert set(told.values()) == {MALFORMED}
    told = read(whole.replace(whole[whole.index("<Card>") : whole.index("</Reader>")], "<Card> </Card>"))
    assert isinstance(told, dict)
    assert set(told.values()) == {Absent("empty")}


def test_a_sign_that_is_nil_is_no_sign() -> None:
    rows = [{"path": "FindReaderResponse/Error", "is": "denied"}]
    speech = make_speech(manifest_of("soap", lambda tree: tree.update(outcomes=rows)))
    for inner, is_denied in ((f"<Error {NIL}/>", False), ("<Error>E1</Error>", True)):
        body = f'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>{answer(inner)}</Body></Envelope>'
        reply = OutboundReply(200, {"content-type": "text/xml"}, body.encode())
        if not is_denied:
            speech.signs.judge(reply, lambda reply=reply: speech.open(reply))
            continue
        with pytest.raises(SourceTrouble, match="denied"):
            speech.signs.judge(reply, lambda reply=reply: speech.open(reply))


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("soapenv:Client.NoRight", Refused("purpose_denied")),
        ("Client.NoRight", Refused("purpose_denied")),
        ("soapenv:Client.Other", Unavailable(reason="fault")),
        ("Client.NoRight:Other", Unavailable(reason="fault")),
    ],
)
def test_a_faults_code_is_known_by_its_name_whatever_the_prefix(code: str, outcome: Outcome) -> None:
    assert read(f"<s:Fault><faultcode>{code}</faultcode><faultstring>x</faultstring></s:Fault>") == outcome
