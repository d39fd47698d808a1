"""Whatever stands in a name or a number arrives as that value and as nothing else, in every target."""

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from yarl import URL

from gateway.connector_runtime.contract.document import read_document
from gateway.connector_runtime.kinds.writing import rest_writer, soap_writer
from gateway.connector_runtime.manifest_parts import LookUp
from gateway.connector_runtime.mapping.template import TemplateInvalid, Unaskable, inputs_of, parse_template
from gateway.vocabulary.partial_date import PartialDate
from tests.connector_kinds.conftest import ask_about, manifest_of

KNOWN = frozenset({"personal_number", "old_number", "full_name", "birth_date", "request_id"})
INJECTIONS = [
    "../../admin",
    "..",
    "a/b?c=d&e#f",
    "x\r\nX-Evil: 1",
    '","role":"admin',
    "</Name><Role>admin</Role><Name>",
    "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
    "]]>",
    "'; DROP TABLE reader; --",
    "' OR '1'='1",
    "{full_name}",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "%00%2e%2e%2f",
    "H'Ƀil Niê Kđăm",
    "Nguyễn & Sơn <con>",
]
REST = LookUp(
    method="POST",
    path="/people/{full_name}/card",
    query={"q": "name:{full_name}", "fixed": "1"},
    body={"who": {"name": "{full_name}", "list": ["{full_name}", 1, True]}},
)
SOAP = LookUp(
    body="<q:Ask xmlns:q='urn:q' about='{full_name}'><q:Name>Mr {full_name}.</q:Name><q:End/>{full_name}</q:Ask>"
)


def inputs(name: str) -> dict[str, Any]:
    return {"full_name": name, "personal_number": "999175000003", "birth_date": PartialDate(1975, 5, 12)}


def check_rest(name: str) -> None:
    written = rest_writer(REST, KNOWN)(inputs(name))
    parts = urlsplit("https://source.example.vn" + written.path)
    assert parts.netloc == "source.example.vn"
    assert [unquote(one) for one in parts.path.split("/")] == ["", "people", name, "card"]
    assert parse_qsl(parts.query, keep_blank_values=True) == [("q", f"name:{name}"), ("fixed", "1")]
    assert not parts.fragment
    assert URL("https://source.example.vn" + written.path).raw_parts[1] == "people"  # what the client makes of it
    assert json.loads(written.body or b"") == {"who": {"name": name, "list": [name, 1, True]}}


def check_soap(name: str) -> None:
    body = soap_writer(SOAP, KNOWN)(inputs(name)).body or b""
    root = etree.fromstring(body)
    (asked,) = root.find("{*}Body")
    assert [etree.QName(one).localname for one in asked] == ["Name", "End"]
    assert (asked[0].text, asked[1].tail, asked.get("about")) == (f"Mr {name}.", name, name)
    assert read_document(body).tag == "envelope"  # and it brings no document type


@pytest.mark.parametrize("name", [one for one in INJECTIONS if one != ".."])
def test_an_injection_arrives_as_a_name(name: str) -> None:
    check_rest(name)
    if "\r" not in name:  # XML readers turn a line end into one sign
        check_soap(name)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1).filter(
        lambda t: t not in {".", ".."}
    )
)
def test_any_text_arrives_as_it_is(name: str) -> None:
    check_rest(name)
    check_soap(name)


@pytest.mark.parametrize("name", ["a\r\nb", "a\nb", "Sơn", "a\x00b", "a\x7fb"])
def test_a_header_carries_visible_ascii_only(name: str) -> None:
    write = rest_writer(LookUp(path="/x", headers={"X-Name": "{full_name}"}), KNOWN)
    with pytest.raises(Unaskable, match="`full_name` holds a character no header can carry") as caught:
        write(inputs(name))
    assert name not in str(caught.value)
    assert write(inputs("H'Il"))[2]["X-Name"] == "H'Il"


@pytest.mark.parametrize("name", [".", "..", ""])
def test_a_path_part_is_never_a_step_up(name: str) -> None:
    with pytest.raises(Unaskable):
        rest_writer(LookUp(path="/people/{full_name}"), KNOWN)(inputs(name))


@pytest.mark.parametrize("name", ["a\x00b", "a\x0bb", "a\ud800b", "a￾b"])
def test_what_no_message_carries_is_refused(name: str) -> None:
    for write in (
        rest_writer(LookUp(method="POST", path="/x", body={"n": "{full_name}"}), KNOWN),
        soap_writer(SOAP, KNOWN),
    ):
        with pytest.raises(Unaskable):
            write(inputs(name))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{birth_date}", "1975-05-12"),
        ("{birth_date:yyyymmdd}", "19750512"),
        ("{birth_date:dd/mm/yyyy}", "12/05/1975"),
        ("{birth_date:yyyy}", "1975"),
        ("{full_name:capitals_no_space}", "TRANTHIBUOI"),
        ("{full_name:capitals_with_space}", "TRAN THI BUOI"),
        ("{old_number|personal_number}", "999175000003"),
        ("{{x}} {personal_number}", "{x} 999175000003"),
    ],
)
def test_slots_and_their_forms(text: str, said: str) -> None:
    known = inputs("Trần Thị Bưởi") | {"old_number": None}
    assert parse_template(text, KNOWN).render(known, "json") == said


def test_a_year_stays_a_year_in_a_question() -> None:
    known = inputs("x") | {"birth_date": PartialDate(1941)}
    for form in ("yyyy-mm-dd", "yyyymmdd", "dd/mm/yyyy", "yyyy"):
        assert parse_template(f"{{birth_date:{form}}}", KNOWN).render(known, "json") == "1941"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{salary}", "not a declared input; declared: `birth_date`"),
        ("{full_name.__class__}", "is no slot"),
        ("{full_name!r}", "is no slot"),
        ("{birth_date:%Y}", "is no slot"),
        ("{birth_date:mm/yyyy}", "no form `mm/yyyy`; its forms: `yyyy-mm-dd`"),
        ("{full_name:lower}", "no form"),
        ("{personal_number:yyyy}", "no form `yyyy`; its forms: none"),
        ("{", "a brace stands alone"),
        ("}", "a brace stands alone"),
        ("{}", "is no slot"),
    ],
)
def test_a_template_nobody_can_fill_says_so(text: str, why: str) -> None:
    with pytest.raises(TemplateInvalid, match=why):
        parse_template(text, KNOWN)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<a>{full_name}</b>", "well-formed"),
        ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>{full_name}</a>", "document type"),
        ("<a/><b/>", "well-formed"),
        ("<a>{salary}</a>", "declared input"),
    ],
)
def test_a_soap_body_that_is_none_is_refused(body: str, why: str) -> None:
    with pytest.raises(TemplateInvalid, match=why):
        soap_writer(LookUp(body=body), KNOWN)


def test_an_input_that_is_not_known_is_named_and_its_value_never_told() -> None:
    question = ask_about(3, birth_date=None)
    made = inputs_of(question, officer="", agency_code="")
    with pytest.raises(Unaskable, match="`birth_date` is not known"):
        parse_template("{birth_date}", KNOWN).render(made, "json")
    with pytest.raises(Unaskable, match="`officer` is not known"):
        parse_template("{officer}", KNOWN | {"officer"}).render(made, "json")


def test_the_sample_writes_what_the_manifest_says() -> None:
    look_up = manifest_of("rest").operations.lookup  # type: ignore[union-attr]
    made = inputs_of(ask_about(1), officer="o", agency_code="")
    written = rest_writer(look_up, KNOWN)(made)
    assert written.path == "/readers/999041000001?birth=1941"
    assert written.headers["X-Request-Id"] == "01JABCDEFGHJKMNPQRSTVWXYZ0"
