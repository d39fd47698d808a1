"""Whatever a source answers, a connector comes to outcomes or says that the call failed; nothing else leaves it."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Absent, Found, OutboundReply, SourceTrouble, Unavailable
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.kinds.carrier import Carried
from gateway.connector_runtime.outbound import ZoneClient
from gateway.vocabulary.clock import SystemClock
from tests.connector_kinds.conftest import SAMPLE, ask_about, manifest_of

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
NAMES = st.sampled_from(["data", "reader", "card", "no", "issued", "branch", "citizen_id", "updated", "error"])
TREES = st.recursive(
    SCALARS | st.sampled_from(["999175000003", "01", "20240305", "1941", "no_reader"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
ABOUT_HER = st.fixed_dictionaries({"citizen_id": st.just("999175000003")}, optional={"card": TREES, "updated": TREES})


def connector(kind: str) -> Any:
    settings = ConnectorSettings(zone="lab", secret_files={"toy-key": SAMPLE / "shared/toy.key"})
    policy = AddressPolicy("lab", EgressSettings())
    ways = Ways(client=ZoneClient("lab", EgressSettings()), policy=policy, clock=SystemClock())
    return build_connector("the_sample", manifest_of(kind), settings, ways)[0]


REST, SOAP = connector("rest"), connector("soap")


def check(asked: Any, reply: OutboundReply) -> None:
    question = ask_about(3)
    try:
        answer = asked.read(Carried(reply), question)
    except SourceTrouble:
        return  # whatever else is raised is a fault of ours
    assert set(answer) == question.attributes
    for outcome in answer.values():
        assert isinstance(outcome, Found | Absent | Unavailable)
        assert not isinstance(outcome, Found) or str(outcome.value).strip()


@given(TREES, st.sampled_from([200, 200, 200, 204, 301, 400, 404, 429, 500]))
def test_any_json_comes_to_outcomes_or_trouble(tree: Any, status: int) -> None:
    check(REST, OutboundReply(status, {"content-type": "application/json"}, json.dumps(tree).encode()))


@given(ABOUT_HER)
def test_any_record_about_the_person_comes_to_outcomes(record: Any) -> None:
    check(REST, OutboundReply(200, {}, json.dumps({"data": {"reader": record}}).encode()))


@given(st.binary(max_size=200))
@example(b"[" * 100_000)
@example(b'{"data":' * 50_000)
@example(b"\xff\xfe")
def test_any_bytes_come_to_outcomes_or_trouble(body: bytes) -> None:
    for asked in (REST, SOAP):
        for status in (200, 404, 500):
            check(asked, OutboundReply(status, {"content-type": "text/xml"}, body))


ELEMENTS = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=6).map(
        lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
    ),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(["Reader", "Card", "No", "CitizenId", "Fault", "faultcode"]), inner), max_size=4
    ).map(lambda rows: "".join(f"<{name}>{text}</{name}>" for name, text in rows)),
    max_leaves=8,
)


@given(ELEMENTS, st.sampled_from([200, 500]))
def test_any_envelope_comes_to_outcomes_or_trouble(inner: str, status: int) -> None:
    body = f"<Envelope><Body><FindReaderResponse><Readers>{inner}</Readers></FindReaderResponse></Body></Envelope>"
    check(SOAP, OutboundReply(status, {"content-type": "text/xml"}, body.encode()))


@pytest.mark.parametrize("value", ["\ud800", "a\x00b"])
def test_a_sign_no_form_carries_harms_its_own_field_at_most(value: str) -> None:
    record = {"citizen_id": "999175000003", "card": {"no": value, "issued": "2009", "branch": "01"}}
    answer = REST.read(Carried(OutboundReply(200, {}, json.dumps({"data": {"reader": record}}).encode())), ask_about(3))
    assert isinstance(answer["the_sample_branch"], Found)
    assert answer["the_sample_card_number"] == Unavailable(reason="malformed")
