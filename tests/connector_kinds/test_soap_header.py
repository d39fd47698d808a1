"""What a manifest puts into an envelope's header, and behind its address."""

from typing import Any

import pytest
from lxml import etree

from gateway.connector_runtime.failure import InvalidManifest
from gateway.connector_runtime.kinds.build import make_speech
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.kinds.secret_slots import secret_names
from gateway.connector_runtime.kinds.writing import Written
from gateway.connector_runtime.manifest_failure import InlineSecret, TemplateWrong
from gateway.connector_runtime.mapping.body import SOAP
from gateway.connector_runtime.mapping.template import inputs_of
from tests.connector_kinds.conftest import ask_about, manifest_of

HEADER = (
    '<h:Auth xmlns:h="urn:h" unit="{agency_code}"><h:User>gate06</h:User><h:Password>{secret:soap-word}</h:Password>'
    '</h:Auth>\n<m:Message xmlns:m="urn:m">{request_id}</m:Message>'
)


def written(**look_up: Any) -> Written:
    manifest = manifest_of("soap", lambda tree: tree["operations"]["lookup"].update(look_up))
    assert list(lint(manifest)) == []
    inputs = inputs_of(ask_about(3), officer="999080000200", agency_code='a"<&')
    return make_speech(manifest).write(inputs | {"secret:soap-word": "một & hai"})


def test_the_elements_of_a_header_stand_in_the_envelopes_header_escaped() -> None:
    sent = written(header=HEADER)
    assert sent.body is not None
    header = etree.fromstring(sent.body).find(f"{{{SOAP}}}Header")
    assert header is not None
    assert [one.tag for one in header] == ["{urn:h}Auth", "{urn:m}Message"]
    assert (header[0].get("unit"), header[0][1].text) == ('a"<&', "một & hai")
    assert header[1].text == "01JABCDEFGHJKMNPQRSTVWXYZ0"
    assert secret_names(manifest_of("soap", lambda tree: tree["operations"]["lookup"].update(header=HEADER))) == (
        "soap-word",
    )


def test_a_question_without_one_has_an_empty_header() -> None:
    sent = written()
    assert sent.body is not None
    header = etree.fromstring(sent.body).find(f"{{{SOAP}}}Header")
    assert header is not None
    assert len(header) == 0


def test_a_query_is_sent_and_every_slot_is_escaped_for_its_place() -> None:
    sent = written(path="/ws/{request_id}", query={"tên": "{full_name}", "v": "2"})
    assert sent.path.startswith("/ws/01JABCDEFGHJKMNPQRSTVWXYZ0?t%C3%AAn=Tr%E1%BA%A7n%20")
    assert sent.path.endswith("&v=2")


@pytest.mark.parametrize(
    ("kind", "header", "failure", "said"),
    [
        ("soap", "<a><b></a>", TemplateWrong, "not well-formed"),
        ("soap", "<a/> and more", TemplateWrong, "stands beside"),
        ("soap", "<a>{nobody}</a>", TemplateWrong, "nobody"),
        ("soap", '<x:Security xmlns:x="urn:x"/>', TemplateWrong, "told by `auth`"),
        ("soap", "</header><header>", TemplateWrong, "not well-formed"),
        ("soap", "<Password>hunter2</Password>", InlineSecret, "means a secret"),
        ("rest", "<a/>", InvalidManifest, "kind `rest` has none"),
    ],
)
def test_a_header_that_cannot_be_sent_is_told_at_its_key(kind: str, header: str, failure: Any, said: str) -> None:
    found = list(lint(manifest_of(kind, lambda tree: tree["operations"]["lookup"].update(header=header))))
    assert [(one.failure, one.key) for one in found] == [(failure, ("operations", "lookup", "header"))]
    assert said in found[0].text


@pytest.mark.parametrize(
    ("kind", "headers", "said"),
    [
        ("soap", {"soapaction": "urn:x"}, "`operations.lookup.action` is sent as"),
        ("soap", {"SOAPAction": "urn:x"}, "`operations.lookup.action` is sent as"),
        ("soap", {"content-type": "text/plain"}, "says what it sends"),
        ("rest", {"CONTENT-TYPE": "text/plain"}, "says what it sends"),
        ("rest", {"X-A": "1", "x-a": "2"}, "stands twice"),
    ],
)
def test_a_header_that_the_kind_sets_itself_or_that_stands_twice_is_refused(
    kind: str, headers: dict[str, str], said: str
) -> None:
    found = list(lint(manifest_of(kind, lambda tree: tree["operations"]["lookup"].update(headers=headers))))
    assert [(one.failure, one.key) for one in found] == [
        (InvalidManifest, ("operations", "lookup", "headers", name)) for name in headers
    ]
    assert said in found[0].text


def test_capitals_make_no_second_header() -> None:
    manifest = manifest_of("rest", lambda tree: tree["operations"]["lookup"].update(headers={"accept": "text/json"}))
    assert list(lint(manifest)) == []
    sent = make_speech(manifest).write(inputs_of(ask_about(3), officer="", agency_code=""))
    assert [(name, text) for name, text in sent.headers.items() if name.lower() == "accept"] == [
        ("accept", "text/json")
    ]
