"""Prefill over HTTP: shapes, refusals with receipts, and bodies that are not what was asked for."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import orjson
import pytest
from starlette.applications import Starlette

from gateway.prefill.bearer import Bearer
from gateway.prefill.endpoints import PREFILL_LIMIT, prefill_routes
from gateway.prefill.openapi import prefill_operations
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.operation import PROBLEM
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.provenance import Unavailable
from gateway.vocabulary.representation import DeskOfficer
from gateway.vocabulary.store import Kind, RecordKey
from tests.prefill.broken_store import break_store
from tests.prefill.lab import CODE, ISSUER, Lab, open_lab, values_of

pytestmark = pytest.mark.anyio

PORTAL = {"authorization": "Bearer portal"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class NoToken(Failure):
    """What a bearer reader raises."""

    code = "GW-9999"
    title = "no token"
    http_status = 401
    vi = "không"
    en = "no"
    fix = "send one"


class Bearers:
    """Knows tokens by their text."""

    def __init__(self) -> None:
        self.known: dict[str, Bearer] = {}
        self.urls: list[str] = []

    async def read(self, presented: Presented, *, beside: Any = None) -> Bearer:
        self.urls.append(f"{presented.method} {presented.url}")
        for value in presented.authorization:
            if value.removeprefix("Bearer ") in self.known:
                return self.known[value.removeprefix("Bearer ")]
        raise NoToken(headers={"WWW-Authenticate": "Bearer"})


class Wire:
    """A client of the routes, and the lab behind them."""

    def __init__(self, lab: Lab, client: httpx2.AsyncClient, bearers: Bearers) -> None:
        self.lab, self.client, self.bearers = lab, client, bearers

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        sent = {"authorization": "Bearer one", "content-type": "application/json", **headers}
        reply = await self.client.request(method, path, content=content, headers=sent)
        hold_to_promise(method, path, reply)
        return reply


def hold_to_promise(method: str, path: str, reply: httpx2.Response) -> None:
    """Every answer has a status, a media type and a shape that the operation promises."""
    operations = prefill_operations()
    item = operations.get(path) or operations["/v1/prefill/{form_id}"]
    promised = item[method.lower()]["responses"][str(reply.status_code)]["content"]
    schema = promised[reply.headers["content-type"]]["schema"]
    known = {"components": {"schemas": {"Problem": dict(PROBLEM)}}}
    jsonschema_rs.validator_for(schema | known).validate(reply.json())


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with open_lab(tmp_path) as lab:
        bearers = Bearers()
        bearers.known["one"] = await lab.sign_in(1)
        bearers.known["portal"] = lab.bearer(1, citizen=None, grant_id=None, subject=None)
        application = Starlette(routes=prefill_routes(lab.house, bearers))
        transport = httpx2.ASGITransport(app=application)
        async with httpx2.AsyncClient(transport=transport, base_url="http://elsewhere.example") as client:
            yield Wire(lab, client, bearers)


async def test_a_form_its_check_and_its_id(wire: Wire) -> None:
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE})
    form = reply.json()
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")
    assert {
        "id",
        "procedure",
        "form_version",
        "subject",
        "dossier",
        "issued_at",
        "expires_at",
        "complete",
    } <= form.keys()
    assert {"fields", "manifest", "receipt", "late"} <= form.keys()
    check = await wire.send(
        "POST", "/v1/prefill/verify", {"manifest": form["manifest"], "values": values_of(form)}, **PORTAL
    )
    assert set(check.json()["fields"].values()) == {"intact"}
    again = await wire.send("GET", f"/v1/prefill/{form['id']}")
    assert again.json()["fields"] == form["fields"]
    assert wire.bearers.urls[0] == f"POST {ISSUER}/v1/prefill"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "`body`: is not JSON"),
        (b'{"procedure": "1.00', "`body`: is not JSON"),
        (b'["Tr\xe1\xba\xa7n Th\xe1\xbb\x8b"]', "`body`"),
        ({}, "`procedure`: field required"),
        ({"procedure": "Trần Thị Bưởi"}, "`procedure`"),
        ({"procedure": CODE, "Bưởi": 1}, "`unknown member`"),
        ({"procedure": CODE, "fields": []}, "`fields`"),
        ({"procedure": CODE, "fields": ["ok", 999175000003]}, "`fields[1]`"),
        ({"procedure": CODE, "dossier": 5}, "`dossier`"),
        ({"procedure": CODE, "conditions": {"same_household": "yes"}}, "`conditions`"),
        ({"procedure": CODE, "conditions": {"same_household": None}}, "`conditions`"),
        ({"procedure": CODE, "conditions": {"Bưởi": True}}, "`conditions`"),
        ({"procedure": CODE, "conditions": ["same_household"]}, "`conditions`"),
        (
            {"procedure": CODE, "conditions": {"bends": True}},
            "`conditions`: names one that this procedure does not have",
        ),
        (b'{"procedure": "1.004222", "procedure": "1.001193"}', "`body`: a member stands twice"),
        (b'{"procedure": "1.004222", "fields": [NaN]}', "`body`: is not JSON"),
    ],
)
async def test_a_malformed_body_is_refused_by_member_without_its_value(wire: Wire, body: Any, said: str) -> None:
    reply = await wire.send("POST", "/v1/prefill", body)
    refusal = reply.json()
    assert (reply.status_code, refusal["code"], refusal["refused_by"]) == (400, "PF-102", "portal")
    assert reply.headers["content-type"] == "application/problem+json"
    assert said in refusal["reason"]
    for value in ("Trần", "Bưởi", "999175000003"):
        assert value not in reply.text


async def test_a_condition_is_answered_over_the_wire(wire: Wire) -> None:
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE, "conditions": {"same_household": True}})
    assert reply.json()["conditions"]["same_household"]["answer"] is True
    again = await wire.send("GET", f"/v1/prefill/{reply.json()['id']}")
    assert again.json()["conditions"] == reply.json()["conditions"]


async def test_missing_members_are_listed(wire: Wire) -> None:
    refusal = (await wire.send("POST", "/v1/prefill/verify", {}, **PORTAL)).json()
    assert refusal["missing"] == ["manifest", "values"]


async def test_a_value_sent_twice_is_not_vouched_for(wire: Wire) -> None:
    """The portal's own reader may have kept the other one."""
    form = (await wire.send("POST", "/v1/prefill", {"procedure": CODE})).json()
    true = orjson.dumps(form["fields"]["applicant.full_name"]["value"]).decode()
    twice = f'{{"applicant.full_name": "KẺ GIẢ MẠO", "applicant.full_name": {true}}}'
    body = f'{{"manifest": "{form["manifest"]}", "values": {twice}}}'.encode()
    refusal = await wire.send("POST", "/v1/prefill/verify", body, **PORTAL)
    assert (refusal.status_code, refusal.json()["code"]) == (400, "PF-102")
    assert "stands twice" in refusal.json()["reason"]


async def test_a_citizens_token_compares_nothing(wire: Wire) -> None:
    form = (await wire.send("POST", "/v1/prefill", {"procedure": CODE})).json()
    body = {"manifest": form["manifest"], "values": values_of(form)}
    refusal = await wire.send("POST", "/v1/prefill/verify", body)
    assert (refusal.status_code, refusal.json()["code"]) == (403, "PF-119")
    assert refusal.json()["receipt"].startswith("rf_")


@pytest.mark.parametrize(
    "declared",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
        "*/*",
    ],
)
@pytest.mark.parametrize(("path", "token"), [("/v1/prefill", "one"), ("/v1/prefill/verify", "portal")])
async def test_a_body_that_is_not_declared_as_json_is_refused_with_what_to_send(
    wire: Wire, path: str, token: str, declared: str
) -> None:
    reply = await wire.send(
        "POST", path, {"procedure": CODE}, authorization=f"Bearer {token}", **{"content-type": declared}
    )
    refusal = reply.json()
    assert (reply.status_code, refusal["code"], refusal["refused_by"]) == (415, "PF-115", "portal")
    assert reply.headers["accept"] == "application/json"
    assert refusal["receipt"].startswith("rf_")
    assert wire.lab.sources.asked == []


async def test_a_charset_beside_json_is_no_other_type(wire: Wire) -> None:
    declared = {"content-type": "Application/JSON; charset=utf-8"}
    assert (await wire.send("POST", "/v1/prefill", {"procedure": CODE}, **declared)).status_code == 200


async def test_an_address_with_a_member_that_nobody_told_is_changed(wire: Wire) -> None:
    form = (await wire.send("POST", "/v1/prefill", {"procedure": CODE})).json()
    told = form["fields"]["applicant.permanent_residence"]["value"]
    for address, state in [
        (told, "intact"),
        ({**told, "hamlet": "another"}, "changed"),
        ({**told, "province": {**told["province"], "old_code": "06"}}, "changed"),
    ]:
        body = {"manifest": form["manifest"], "values": {"applicant.permanent_residence": address}}
        answer = (await wire.send("POST", "/v1/prefill/verify", body, **PORTAL)).json()
        assert answer["fields"] == {"applicant.permanent_residence": state}


async def test_a_body_beyond_any_form_is_not_read(wire: Wire) -> None:
    reply = await wire.send("POST", "/v1/prefill", b" " * (PREFILL_LIMIT + 1))
    assert (reply.status_code, reply.json()["code"]) == (413, "PF-111")


async def test_a_refusal_leaves_a_receipt_with_one_trace(wire: Wire) -> None:
    wire.bearers.known["machine"] = wire.lab.bearer(1, citizen=None, grant_id=None, subject=None)
    reply = await wire.send(
        "POST",
        "/v1/prefill",
        {"procedure": CODE},
        authorization="Bearer machine",
        traceparent=f"00-{TRACE}-00f067aa0ba902b7-01",
        **{"accept-language": "en"},
    )
    refusal = reply.json()
    assert (reply.status_code, refusal["code"], refusal["trace_id"]) == (403, "PF-103", TRACE)
    assert refusal["detail"] == refusal["messages"]["en"]
    assert refusal["receipt"].startswith("rf_")
    assert refusal["fix"] == f"{ISSUER}/errors/PF-103?receipt={refusal['receipt']}"
    (record,) = await wire.lab.storage.store.load(RecordKey(Kind.RECEIPT, refusal["receipt"]))
    assert record is not None
    assert record.body["client_id"] == "portal-a"
    event = (await wire.lab.events())[-1]
    assert (event["event"], event["outcome"], event["trace_id"]) == ("FormRefused", "PF-103", TRACE)
    assert wire.lab.sources.asked == []


async def test_a_level_too_low_is_403_and_never_a_challenge(wire: Wire) -> None:
    wire.bearers.known["low"] = await wire.lab.sign_in(10)
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE}, authorization="Bearer low")
    assert (reply.status_code, reply.json()["code"]) == (403, "GW-1203")
    assert "www-authenticate" not in reply.headers


async def test_without_a_token_it_is_401_with_a_challenge(wire: Wire) -> None:
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE}, authorization="Bearer nobody")
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert reply.json()["receipt"] is None


async def test_evidence_that_cannot_be_stored_is_503_and_asks_nobody(wire: Wire) -> None:
    break_store(wire.lab, healthy=0)
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE})
    refusal = reply.json()
    assert (reply.status_code, refusal["code"], refusal["receipt"]) == (503, "PF-107", None)
    assert "bằng chứng" in refusal["detail"]
    assert wire.lab.sources.asked == []


async def test_too_many_changed_values_are_429_with_a_time(wire: Wire) -> None:
    form = (await wire.send("POST", "/v1/prefill", {"procedure": CODE})).json()
    body = {"manifest": form["manifest"], "values": {"applicant.full_name": "Ai Đó"}}
    for _ in range(20):
        assert (await wire.send("POST", "/v1/prefill/verify", body, **PORTAL)).status_code == 200
    reply = await wire.send("POST", "/v1/prefill/verify", body, **PORTAL)
    assert (reply.status_code, reply.json()["code"]) == (429, "PF-110")
    assert int(reply.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", ["/v1/prefill/pf_unknown", "/v1/prefill/pf_AAAAAAAAAAAAAAAAAAAAAA", "/v1/prefill/x"])
async def test_an_unknown_form_is_404(wire: Wire, path: str) -> None:
    reply = await wire.send("GET", path)
    assert (reply.status_code, reply.json()["code"]) == (404, "PF-108")


PERSON = {"personal_number": "999315000005", "full_name": "Nông Bảo An", "birth_date": "2015-09-09"}


async def test_a_form_of_somebody_else_goes_over_the_wire(wire: Wire) -> None:
    wire.bearers.known["one"] = await wire.lab.sign_in(3)
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE, "represented": PERSON})
    assert reply.status_code == 200
    assert reply.json()["relation"] == "guardian"
    again = await wire.send("GET", f"/v1/prefill/{reply.json()['id']}")
    assert again.json()["relation"] == "guardian"


async def test_a_refused_guardian_gets_one_receipt_that_is_their_portals(wire: Wire) -> None:
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE, "represented": PERSON})
    problem = reply.json()
    assert (reply.status_code, problem["code"]) == (403, "PF-112")
    (record,) = await wire.lab.storage.store.load(RecordKey(Kind.RECEIPT, problem["receipt"]))
    assert record is not None
    assert record.body["client_id"] == "portal-a"
    assert len([event for event in await wire.lab.events() if event["event"] == "FormRefused"]) == 1
    assert "999315000005" not in reply.text
    assert "Bảo An" not in reply.text


async def test_a_source_that_does_not_answer_is_a_503_with_a_time_to_wait(wire: Wire) -> None:
    wire.bearers.known["one"] = await wire.lab.sign_in(3)
    wire.lab.sources.trouble["population"] = Unavailable(reason="timeout")
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE, "represented": PERSON})
    assert (reply.status_code, reply.json()["code"]) == (503, "PF-113")
    assert int(reply.headers["retry-after"]) > 0
    assert reply.json()["receipt"].startswith("rf_")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"personal_number": "9" * 61}, "represented.personal_number"),
        ({"personal_number": "99931500000", "full_name": " "}, "represented.full_name"),
        ({"personal_number": 999315000005}, "represented.personal_number"),
        ({"full_name": " "}, "represented.full_name"),
        ({"full_name": "N" * 201}, "represented.full_name"),
        ({"full_name": "Nông\u0000Bảo"}, "represented.full_name"),
        ({"birth_date": "09/09/2015"}, "represented.birth_date"),
        ({"birth_date": "2015-02-30"}, "represented.birth_date"),
        ({"birth_date": "2015-13"}, "represented.birth_date"),
        ({"secret-999315000005": "x"}, "represented.unknown member"),
        ({"birth_date": None}, "represented.birth_date"),
    ],
)
async def test_a_person_named_wrongly_is_refused_and_not_repeated(
    wire: Wire, change: dict[str, Any], where: str
) -> None:
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE, "represented": {**PERSON, **change}})
    assert (reply.status_code, reply.json()["code"]) == (400, "PF-102")
    assert f"`{where}`" in reply.json()["reason"]
    for value in ("999315", "９９９", "Nông", "2015"):
        assert value not in reply.text
    assert wire.lab.sources.asked == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("99931500000", "zeros in front"),
        ("9993150000055", "has 12 digits"),
        ("99931500000X", "has digits only"),
        ("", "no number given"),
        ("099 999 003", "officer's desk only"),
    ],
)
async def test_a_number_that_is_none_says_what_it_looks_like(wire: Wire, written: str, said: str) -> None:
    reply = await wire.send(
        "POST", "/v1/prefill", {"procedure": CODE, "represented": {**PERSON, "personal_number": written}}
    )
    problem = reply.json()
    assert (reply.status_code, problem["code"]) == (400, "PF-117")
    assert "`represented.personal_number`" in problem["reason"]
    assert said in problem["reason"]
    assert problem["fix"].endswith(f"/errors/PF-117?receipt={problem['receipt']}")
    assert not written or written not in reply.text
    assert wire.lab.sources.asked == []


@pytest.mark.parametrize("written", ["999 315 000 005", "999.315-000–005", "９９９315000005", "999315000005\n"])
async def test_a_number_is_read_as_people_group_it(wire: Wire, written: str) -> None:
    wire.bearers.known["one"] = await wire.lab.sign_in(3)
    person = {**PERSON, "personal_number": written}
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE, "represented": person})
    assert (reply.status_code, reply.json()["relation"]) == (200, "guardian")
    assert {question.personal_number for _, question in wire.lab.sources.asked} == {"999315000005"}


async def test_an_officer_is_named_in_a_refusal_too(wire: Wire) -> None:
    officer = DeskOfficer(reference="st_7", agency="H55.19", level=2, register_code="H55.19-CB7")
    wire.bearers.known["one"] = await wire.lab.sign_in(1, citizen=None, officer=officer)
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE, "represented": PERSON})
    assert (reply.status_code, reply.json()["code"], reply.json()["missing"]) == (400, "PF-102", ["dossier"])
    (event,) = await wire.lab.events()
    assert event["actor"] == {"kind": "officer", "ref": "st_7"}
    reply = await wire.send("POST", "/v1/prefill", {"procedure": CODE, "represented": PERSON, "dossier": "H55-1"})
    assert (reply.status_code, reply.json()["relation"]) == (200, "officer")
