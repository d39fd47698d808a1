"""Intake over HTTP on the whole application: who may send, in which forms, what is answered, what leaves a receipt."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from gateway.application.assembly import assemble, make_pages
from gateway.openid_provider.clients import Portal
from gateway.settings import read_settings
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.dossiers.told import CODE, NOW, NUMBER, START, event, vietnam, whole

pytestmark = pytest.mark.anyio

ISSUER = "http://127.0.0.1:8000"
SECRET = "s" * 43
EVENTS, SYNC = "/v1/dossiers/events", "/v1/dossiers/sync"
STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


def client(client_id: str, **members: Any) -> Portal:
    return Portal.model_validate(
        {
            "client_id": client_id,
            "client_secret": SECRET,
            "redirect_uris": ["http://127.0.0.1:8003/callback"],
            "grant_types": ["authorization_code", "client_credentials"],
            "scope": "openid profile dossier:write",
            **members,
        }
    )


PORTALS = (
    client("mot-cua", dossier_units=["H99.40"]),
    client("truc", dossier_units=["H99"]),
    client("khong-don-vi"),
    client("khong-quyen", scope="openid profile", dossier_units=["H99"]),
)


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The application on a store of its own, at an hour that stands still."""
    environ = {
        "GATE06_PROFILE": "dev",
        "GATE06_ISSUER": ISSUER,
        "GATE06_STORE__URL": f"sqlite:///{tmp_path}/store.db",
        "GATE06_STORE__MASTER_KEY": "11" * 32,
    }
    chosen = read_settings(files=[], environ=environ).model_copy(update={"portal": PORTALS})
    running = await assemble(chosen, make_pages(chosen), SettableClock(NOW), SystemRandomness())
    transport = httpx2.ASGITransport(app=running.application)
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as browser:
        yield browser
    await running.close()


async def token(http: httpx2.AsyncClient, client_id: str = "mot-cua") -> str:
    basic = base64.b64encode(f"{client_id}:{SECRET}".encode()).decode()
    form = {"grant_type": "client_credentials"}
    answer = await http.post("/token", data=form, headers={"authorization": f"Basic {basic}"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def post(
    http: httpx2.AsyncClient, path: str, body: Any, media_type: str, *, as_client: str = "mot-cua", **headers: str
) -> httpx2.Response:
    octets = body if isinstance(body, bytes) else orjson.dumps(body)
    bearer = {"authorization": f"Bearer {await token(http, as_client)}", "content-type": media_type}
    return await http.post(path, content=octets, headers=bearer | headers)


async def test_events_are_taken_in_all_three_forms_and_once(http: httpx2.AsyncClient) -> None:
    one = event("received", identity="e1")
    structured = await post(http, EVENTS, one, STRUCTURED)
    assert (structured.status_code, structured.headers["cache-control"]) == (202, "no-store")
    assert structured.json() == {"accepted": 1, "duplicate": 0, "rejected": [], "receipt": structured.json()["receipt"]}
    batched = await post(http, EVENTS, [one, event("accepted", identity="e2")], f"{BATCH}; charset=utf-8")
    assert (batched.status_code, batched.json()["accepted"], batched.json()["duplicate"]) == (202, 1, 1)
    attributes = {name: one[name] for name in ("specversion", "id", "source", "type", "time")}
    binary = await post(
        http, EVENTS, one["data"], "application/json", **{f"ce-{name}": value for name, value in attributes.items()}
    )
    assert (binary.status_code, binary.json()["duplicate"], binary.json()["receipt"]) == (202, 1, None)


async def test_what_the_sdk_sends_is_read_and_it_reads_what_we_describe(http: httpx2.AsyncClient) -> None:
    attributes = {"type": "gate06.dossier.accepted", "source": "mot-cua/ü", "id": "sdk 1%", "time": START}
    made = CloudEvent({**attributes, "datacontenttype": "application/json"}, {"MaHoSo": CODE})
    for number, message in enumerate((to_structured_event(made), to_binary_event(made))):
        names = {name.lower(): value for name, value in message.headers.items()}
        kind = names.pop("content-type")
        answer = await post(http, EVENTS, bytes(message.body), kind, **names)
        assert (answer.status_code, answer.json()["accepted"], answer.json()["duplicate"]) == (202, 1 - number, number)
    read = from_structured_event(HTTPMessage({"content-type": STRUCTURED}, orjson.dumps(event("accepted"))))
    assert (read.get_type(), read.get_time()) == ("gate06.dossier.accepted", START)


async def test_what_is_not_taken_is_named_beside_what_is(http: httpx2.AsyncClient) -> None:
    wrong = event("finished", identity="e2", NgayKetThucXuLy=NUMBER)
    answer = await post(http, EVENTS, [event("received", identity="e1"), wrong], BATCH)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    (rejected,) = answer.json()["rejected"]
    assert (rejected["id"], rejected["code"]) == ("e2", "DS-104")
    assert NUMBER not in answer.text


async def test_units_are_the_clients_own(http: httpx2.AsyncClient) -> None:
    for who, codes in (("khong-don-vi", ["DS-106"]), ("truc", []), ("mot-cua", [])):
        answer = await post(http, EVENTS, event("paid", source=who), STRUCTURED, as_client=who)
        assert [one["code"] for one in answer.json()["rejected"]] == codes, who
    other = event("paid", MaHoSo="H99.4-261105-0001")
    assert (await post(http, EVENTS, other, STRUCTURED)).json()["rejected"][0]["code"] == "DS-106"


async def test_who_may_not_send_is_refused_with_a_receipt(http: httpx2.AsyncClient) -> None:
    refused = await post(http, EVENTS, event("paid"), STRUCTURED, as_client="khong-quyen")
    assert (refused.status_code, refused.json()["code"]) == (403, "DS-123")
    bearer = {"authorization": f"Bearer {await token(http, 'khong-quyen')}"}
    kept = await http.get(f"/v1/receipts/{refused.json()['receipt']}", headers=bearer)
    assert (kept.status_code, kept.json()["code"]) == (200, "DS-123")
    for headers in ({}, {"authorization": "Bearer ga_nothing"}):
        stranger = await http.post(EVENTS, content=b"{", headers=headers)
        assert stranger.status_code == 401
        assert "www-authenticate" in stranger.headers


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"{", STRUCTURED, 400, "DS-120"),
        (b'{"id":"a","id":"b"}', STRUCTURED, 400, "DS-120"),
        (b"{}", BATCH, 400, "DS-120"),
        (b"{}", "application/json", 415, "DS-122"),
        (b"{}", "text/plain", 415, "DS-122"),
        (b"[" + b"1," * 500 + b"1]", BATCH, 413, "DS-121"),
        (b" " * 4_194_305, STRUCTURED, 413, "DS-121"),
    ],
)
async def test_a_body_that_is_none_is_refused_as_a_whole(
    http: httpx2.AsyncClient, body: bytes, media_type: str, status: int, code: str
) -> None:
    answer = await post(http, EVENTS, body, media_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_national_message_is_answered_as_the_hub_answers(http: httpx2.AsyncClient) -> None:
    message = {"session": "x", "madonvi": "H99", "service": "DongBoHoSoMC", "isUpdating": "False", "data": [whole()]}
    first = await post(http, SYNC, message, "application/json")
    assert (first.status_code, first.json()["error_code"], first.json()["accepted"]) == (200, "0", 1)
    again = await post(http, SYNC, message | {"isUpdating": "True"}, "application/json")
    assert (again.json()["error_code"], again.json()["duplicate"]) == ("0", 1)
    changed = await post(http, SYNC, message | {"data": [whole(TrangThaiHoSo="5")]}, "application/json")
    assert (changed.json()["error_code"], changed.json()["accepted"]) == ("0", 1)
    rows = [{"MaHoSo": CODE, "ThoiDiemXuLy": vietnam(START), "TrangThai": "2", "NguoiXuLy": "Cán bộ Một"}]
    trace = await post(http, SYNC, {"service": "CapNhatTienDoHoSoMC", "data": rows}, "application/json")
    assert (trace.json()["error_code"], trace.json()["accepted"]) == ("0", 1)
    wrong = await post(http, SYNC, message | {"data": [whole(), whole(NgayHenTra="mai")]}, "application/json")
    assert (wrong.status_code, wrong.json()["error_code"]) == (200, "-1")
    assert wrong.json()["rejected"][0]["id"] == CODE


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"data": {}}', b'{"service": "TraCuuHoSo", "data": []}'])
async def test_a_message_that_is_none_is_refused_as_a_whole(http: httpx2.AsyncClient, body: bytes) -> None:
    answer = await post(http, SYNC, body, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "DS-120")


async def test_nothing_of_a_person_is_stored_in_clear(http: httpx2.AsyncClient, tmp_path: Path) -> None:
    await post(http, SYNC, {"data": [whole(), whole("H98.1-261105-0001")]}, "application/json")
    await post(http, EVENTS, event("lost", **whole()), STRUCTURED)
    octets = octets_of(tmp_path)
    assert CODE.encode() in octets
    for value in (NUMBER, "TRẦN THỊ BƯỞI", "0999175003", "buoi@example.vn"):
        assert value.encode() not in octets


def octets_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("store.db*"))


async def test_progress_is_shown_to_whoever_knows_number_and_digits(http: httpx2.AsyncClient) -> None:
    await post(http, SYNC, {"data": [whole()]}, "application/json")
    shown = await http.post("/v1/tracking", json={"code": CODE, "check": NUMBER[-4:]})
    assert (shown.status_code, shown.json()["status"]["status"]) == (200, 4)
    answers = [
        await http.post("/v1/tracking", json={"code": code, "check": "0000"}) for code in (CODE, "H99.40-261105-0777")
    ]
    told = [(one.status_code, dict(one.headers), one.json() | {"trace_id": None}) for one in answers]
    assert told[0] == told[1]
    assert (told[0][0], told[0][2]["code"]) == (404, "DS-130")


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"{", "application/json", 400, "DS-120"),
        (b"[]", "application/json", 400, "DS-120"),
        (b'{"code":"H99.40-261105-0001","check":1234}', "application/json", 400, "DS-120"),
        (b'{"code":"H99.40-261105-0001","check":"12"}', "application/json", 400, "DS-131"),
        (b"{}", "text/plain", 415, "DS-122"),
        (b" " * 1025, "application/json", 413, "DS-121"),
    ],
)
async def test_a_question_that_is_none_is_refused(
    http: httpx2.AsyncClient, body: bytes, media_type: str, status: int, code: str
) -> None:
    answer = await http.post("/v1/tracking", content=body, headers={"content-type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
