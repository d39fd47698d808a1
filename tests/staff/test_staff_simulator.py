"""The province's staff sign-in as it is played: strict where the gateway has to be right; and its eight people."""

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from gateway.cli.simulate import create_faces
from gateway.staff.people import require_invented, staff_personas
from gateway.staff.simulator import StaffClient, create_application
from gateway.tokens.jose import FixedKeys
from gateway.vocabulary.clock import SettableClock
from gateway.vocabulary.collation import person_key
from gateway.vocabulary.officer import STAFF_ROLES
from gateway.vocabulary.persona import persona

pytestmark = pytest.mark.anyio

ISSUER = "http://127.0.0.1:8001/staff"
CALLBACK = "http://127.0.0.1:8000/upstream/staff/callback"
CLIENT = StaffClient(client_id="gate06", client_secret="s:e%t", redirect_uris=(CALLBACK,))
VERIFIER = "v" * 43
BASIC = {"authorization": "Basic " + b64encode(b"gate06:s%3Ae%25t").decode()}


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(datetime(2026, 11, 23, 3, 0, tzinfo=UTC))


@pytest.fixture
async def http(clock: SettableClock) -> AsyncIterator[httpx2.AsyncClient]:
    application = create_application(issuer=ISSUER, clients=[CLIENT], clock=clock)
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


def authorize(**changes: str) -> str:
    known = {
        "client_id": "gate06",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid profile",
        "state": "st",
        "nonce": "no",
        "code_challenge": urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{ISSUER}/authorize?{urlencode(known | changes)}"


async def code_of(http: httpx2.AsyncClient, hint: str = "staff:1", **changes: str) -> str:
    answer = await http.get(authorize(login_hint=hint, **changes))
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (query["state"], query["iss"]) == (["st"], [ISSUER])
    return query["code"][0]


async def redeem(http: httpx2.AsyncClient, code: str, **changes: str) -> httpx2.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return await http.post(f"{ISSUER}/token", data=form | changes, headers=BASIC)


async def test_the_page_lists_by_given_name_and_finds_without_marks(http: httpx2.AsyncClient) -> None:
    page = await http.get(authorize())
    names = re.findall(r"<strong>([^<]+)</strong> <span>", page.text)
    assert names == sorted(names, key=person_key)
    assert len(names) == sum(len(one.accounts) for one in staff_personas())

    async def look(page: httpx2.Response, words: str) -> httpx2.Response:
        attempt = page.text.partition('name="attempt" value="')[2].partition('"')[0]
        return await http.post(f"{ISSUER}/authorize/choice", data={"attempt": attempt, "find": "1", "words": words})

    found = await look(page, "dinh hoa")
    assert re.findall(r'id="account-([^"]+)"', found.text) == ["dinh.hoa"]
    assert 'value="dinh hoa"' in found.text
    nobody = await look(found, '"><script>')
    assert 'id="nobody"' in nobody.text
    assert "<script>" not in nobody.text
    every = await look(nobody, "")
    attempt = every.text.partition('name="attempt" value="')[2].partition('"')[0]
    sent = await http.post(f"{ISSUER}/authorize/choice", data={"attempt": attempt, "account": "ha.nhung"})
    assert sent.status_code == 303


async def test_a_sign_in_tells_name_number_agency_and_roles(http: httpx2.AsyncClient) -> None:
    page = await http.get(authorize())
    assert all(f'id="account-{name}"' in page.text for one in staff_personas() for name in one.accounts)
    attempt = page.text.partition('name="attempt" value="')[2].partition('"')[0]
    sent = await http.post(f"{ISSUER}/authorize/choice", data={"attempt": attempt, "account": "ha.nhung"})
    again = await http.post(f"{ISSUER}/authorize/choice", data={"attempt": attempt, "account": "ha.nhung"})
    assert (sent.status_code, again.status_code) == (303, 400)
    tokens = (await redeem(http, parse_qs(urlsplit(sent.headers["location"]).query)["code"][0])).json()
    told = await http.get(f"{ISSUER}/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert told.json()["name"] == "Hà Thị Nhung"
    assert told.json()["staff_number"] == "999191000104"
    assert told.json()["roles"] == ["registration_officer"]
    assert len(FixedKeys.of_jwks((await http.get(f"{ISSUER}/jwks")).json(), strict=True)) == 1


async def test_a_code_is_for_its_client_its_verifier_and_one_time(
    http: httpx2.AsyncClient, clock: SettableClock
) -> None:
    code = await code_of(http)
    assert (await redeem(http, code)).status_code == 200
    assert (await redeem(http, code)).status_code == 400
    for wrong in ({"code_verifier": "w" * 43}, {"redirect_uri": "http://x.example"}):
        assert (await redeem(http, await code_of(http), **wrong)).status_code == 400
    for header in ({}, {"authorization": "Basic x"}, {"authorization": "Basic " + b64encode(b"gate06:no").decode()}):
        assert (await http.post(f"{ISSUER}/token", data={"code": code}, headers=header)).status_code == 401
    late = await code_of(http)
    clock.move(timedelta(minutes=3))
    assert (await redeem(http, late)).status_code == 400


async def test_what_the_gateway_must_send_is_demanded(http: httpx2.AsyncClient) -> None:
    for changes in ({"nonce": ""}, {"code_challenge_method": "plain"}, {"response_type": "token"}):
        answer = await http.get(authorize(**changes))
        assert "error=invalid_request" in answer.headers["location"]
    for changes in ({"redirect_uri": "http://x.example"}, {"client_id": "x"}, {"login_hint": "staff:9"}):
        assert (await http.get(authorize(**changes))).status_code == 400
    assert (await http.get(authorize(login_hint="persona:3"))).status_code == 400


async def test_two_accounts_of_one_person_are_two_subjects_with_one_number(http: httpx2.AsyncClient) -> None:
    told = []
    for hint in ("staff:2", "staff:2/lo.pan.phong"):
        token = (await redeem(http, await code_of(http, hint))).json()["access_token"]
        answer = await http.get(f"{ISSUER}/userinfo", headers={"authorization": f"Bearer {token}"})
        told.append(answer.json())
    assert told[0]["sub"] != told[1]["sub"]
    assert told[0]["staff_number"] == told[1]["staff_number"]


async def test_faces_of_one_program_are_told_apart_by_path() -> None:
    client = {"client_id": "c", "client_secret": "s", "redirect_uris": []}
    options = {
        "population": {"user": "u", "secret": "s"},
        "staff": {"issuer": "http://127.0.0.1:1/staff", "clients": [client]},
    }
    transport = httpx2.ASGITransport(app=create_faces(["population", "staff"], options))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as http:
        assert (await http.get("/staff/.well-known/openid-configuration")).status_code == 200
        assert (await http.get("/_calls")).status_code == 200
        assert (await http.get("/staffed")).status_code == 404


def test_the_eight_hold_every_role_twice_where_two_are_needed() -> None:
    people = staff_personas()
    assert [one.index for one in people] == list(range(1, 9))
    held = [role for one in people for role in one.roles]
    assert set(held) == set(STAFF_ROLES)
    assert all(held.count(role) >= 2 for role in ("security_officer", "registration_officer"))
    assert people[6].number == persona(3).personal_number
    assert people[6].full_name == persona(3).full_name


@pytest.mark.parametrize(
    "wrong", [{"number": "001180000101"}, {"roles": ("root",)}, {"accounts": ("dinh.hoa", "dinh.hoa")}]
)
def test_real_numbers_unknown_roles_and_shared_accounts_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"999|real|role|twice"):
        require_invented([replace(staff_personas()[0], **wrong)])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="empty"):
        require_invented([])
