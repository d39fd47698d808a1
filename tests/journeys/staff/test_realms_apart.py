"""Two realms over HTTP on the running stack: a citizen who is also an officer, and neither opens the other's door."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import orjson
import pytest

from tests.docs.walk import redeem, sign_in
from tests.journeys.stack import Stack
from tests.journeys.staff.desk import Desk, log_in, run

SEED = """
[[portal]]
client_id = "desk"
client_secret = "%s"
redirect_uris = ["http://127.0.0.1:9/desk"]
procedures = ["1.004222"]
realm = "staff"
""" % ("d" * 43)
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def stack(make_stack, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A demo with the software of a desk."""
    seed = tmp_path_factory.mktemp("seed") / "desk.toml"
    seed.write_text(SEED)
    return make_stack("sqlite", "--portal", str(seed))


def desk_request(stack: Stack, **more: str) -> str:
    known = {
        "client_id": "desk",
        "redirect_uri": "http://127.0.0.1:9/desk",
        "response_type": "code",
        "scope": "openid profile",
        "state": "s",
        "nonce": "n",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{stack.issuer}/authorize?{urlencode(known | more)}"


def officer_token(stack: Stack, desk: Desk, **more: str) -> dict[str, str]:
    """Sign the officer in at the desk's software; return its tokens."""
    page = desk.go("GET", desk_request(stack, **more))
    answer = desk.sign_in(page) if 'id="login"' in page.text else page
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://127.0.0.1:9/desk",
        "code_verifier": VERIFIER,
    }
    answer = httpx2.post(f"{stack.issuer}/token", data=form, auth=("desk", "d" * 43))
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_an_officer_s_sign_in_opens_no_page_and_no_form_of_a_citizen(stack: Stack) -> None:
    desk = Desk(stack, "tran.buoi")
    tokens = officer_token(stack, desk)
    told = httpx2.get(f"{stack.issuer}/userinfo", headers=bearer(tokens["access_token"])).json()
    assert (told["name"], told["agency_code"], told["roles"]) == ("Trần Thị Bưởi", "H55.10.02", ["desk_officer"])
    asked = httpx2.post(
        f"{stack.issuer}/v1/prefill", json={"procedure": "1.004222"}, headers=bearer(tokens["access_token"])
    )
    assert asked.status_code in {401, 403}
    receipt, form = "/v1/receipts/rf_aaaaaaaaaaaaaaaaaaaaaa", "/v1/prefill/pf_aaaaaaaaaaaaaaaaaaaaaa"
    assert httpx2.get(f"{stack.issuer}{receipt}", headers=bearer(tokens["access_token"])).status_code == 401
    assert httpx2.get(f"{stack.issuer}{form}", headers=bearer(tokens["access_token"])).status_code == 404
    # the officer's browser, at a citizen's portal: nobody is signed in, as a citizen
    silent = {"client_id": "sample-portal", "redirect_uri": f"{stack.portal_url}/callback", "prompt": "none"}
    answer = desk.go("GET", desk_request(stack, **silent))
    assert "error=login_required" in answer.headers["location"]
    hinted = desk.go("GET", desk_request(stack, **silent | {"prompt": "login", "idp_hint": "staff"}))
    assert urlsplit(str(hinted.url)).path.startswith("/interaction/")
    assert "Tài khoản cán bộ" not in hinted.text


def test_a_citizen_s_token_and_cookie_open_no_staff_verb(stack: Stack, tmp_path: Path) -> None:
    citizen = redeem(stack, sign_in(stack, "persona:3")["code"])["access_token"]
    log_in(stack, tmp_path, "truong.quan")
    kept = tmp_path / ".config/gate06/login.json"
    login = orjson.loads(kept.read_bytes())
    command = login[stack.issuer]["token"]
    portals = run(stack, tmp_path, "portal", "list").stdout
    desk = officer_token(stack, Desk(stack, "truong.quan"))["access_token"]
    for stolen in (citizen, citizen.replace("ga_", "sa_"), desk):
        login[stack.issuer]["token"] = stolen
        kept.write_bytes(orjson.dumps(login))
        who = orjson.loads(run(stack, tmp_path, "whoami", "--json").stdout)
        assert who["reference"].startswith("local:"), "in development the machine's user answers, never the token's"
    assert run(stack, tmp_path, "portal", "list").stdout == portals
    assert httpx2.get(f"{stack.issuer}/userinfo", headers=bearer(command)).status_code == 403
    prefill = httpx2.post(f"{stack.issuer}/v1/prefill", json={"procedure": "1.004222"}, headers=bearer(command))
    assert (prefill.status_code, prefill.json()["code"]) == (403, "PF-103")


def test_swapped_cookies_are_nobody_s(stack: Stack) -> None:
    desk = Desk(stack, "tran.buoi")
    officer_token(stack, desk)
    officer = desk.http.cookies["gw_staff_session"]
    citizen = {"client_id": "sample-portal", "redirect_uri": f"{stack.portal_url}/callback"}
    for request in (desk_request(stack, prompt="none", **citizen), desk_request(stack, prompt="none")):
        stranger = Desk(stack, "tran.buoi")
        stranger.http.cookies.set("gw_session", officer)
        assert "error=login_required" in stranger.go("GET", request).headers["location"]
    stranger = Desk(stack, "tran.buoi")
    stranger.http.cookies.set("gw_staff_session", officer)
    answer = stranger.go("GET", desk_request(stack, prompt="none"))
    assert "code=" in answer.headers["location"], "the cookie itself is good, under its own name"


def test_one_woman_in_both_realms_is_two_people(stack: Stack) -> None:
    citizen = redeem(stack, sign_in(stack, "persona:3")["code"])
    officer = officer_token(stack, Desk(stack, "tran.buoi"))
    subjects = [
        httpx2.get(f"{stack.issuer}/userinfo", headers=bearer(one["access_token"])).json()["sub"]
        for one in (citizen, officer)
    ]
    assert subjects[1].startswith("officer-")
    assert subjects[0] not in subjects[1]
    events = stack.events()
    own = {event["subject_ref"] for event in events if event["event"] == "PersonSignedIn"}
    staff = [event for event in events if event["event"] == "StaffSignedIn"]
    assert None not in own
    assert {event["subject_ref"] for event in staff} == {None}
    assert "999175000003" not in orjson.dumps(events).decode()
    assert "999175000003" not in stack.log()


CHILD = {"personal_number": "999315000005", "full_name": "Nông Bảo An", "birth_date": "2015-09-09"}


def ask_at_desk(stack: Stack, token: str, **body: object) -> httpx2.Response:
    return httpx2.post(f"{stack.issuer}/v1/prefill", json={"procedure": "1.004222"} | body, headers=bearer(token))


def test_an_officer_fills_the_form_of_whoever_stands_at_the_desk(stack: Stack) -> None:
    token = officer_token(stack, Desk(stack, "giang.sung"), scope="openid procedure:1.004222")["access_token"]
    before = len(stack.events())
    answer = ask_at_desk(stack, token, dossier="H55.10.07-261127-0001", represented=CHILD)
    assert answer.status_code == 200, answer.text
    form = answer.json()
    assert (form["relation"], form["dossier"]) == ("officer", "H55.10.07-261127-0001")
    assert form["fields"]["applicant.full_name"]["value"] == "NÔNG BẢO AN", form["fields"]
    assert form["subject"].startswith("officer-")
    released = stack.events_after(before, "FormReleased")[-1]
    assert released["actor"]["kind"] == "officer"
    assert released["actor"]["ref"].startswith("staff:")
    assert released["basis"] == "law"
    assert "999315000005" not in str(stack.events())


def test_an_old_card_at_the_desk_opens_the_form_and_shows_the_new_number(stack: Stack) -> None:
    token = officer_token(stack, Desk(stack, "giang.sung"), scope="openid procedure:1.004222")["access_token"]
    person = {"personal_number": "099 999-003", "full_name": "Trần Thị Bưởi", "birth_date": "1975-05-12"}
    answer = ask_at_desk(stack, token, dossier="H55.10.07-261127-0002", represented=person)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fields"]["applicant.personal_number"]["value"] == "999175000003"
    other = ask_at_desk(
        stack, token, dossier="H55.10.07-261127-0002", represented=person | {"full_name": "Trần Thị Mận"}
    )
    assert (other.status_code, other.json()["code"]) == (403, "PF-127")
    assert "099999003" not in str(stack.events())


def test_what_an_old_card_opens_stands_in_the_person_s_history_though_no_number_is_shown(stack: Stack) -> None:
    token = officer_token(stack, Desk(stack, "giang.sung"), scope="openid procedure:1.004222")["access_token"]
    named = {"full_name": "Trần Thị Bưởi", "birth_date": "1975-05-12"}
    fields = ["applicant.full_name", "applicant.birth_date", "applicant.permanent_residence"]
    told = []
    for number, dossier in (("999175000003", "H55.10.07-261127-0003"), ("099 999 003", "H55.10.07-261127-0004")):
        person = {"personal_number": number, **named}
        answer = ask_at_desk(stack, token, dossier=dossier, represented=person, fields=fields)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()["fields"]) == set(fields)
        told += [event for event in stack.events() if event.get("receipt") == answer.json()["receipt"]]
    by_twelve, by_old = told
    assert by_old["subject_ref"] == by_twelve["subject_ref"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"represented": CHILD}, 400, "PF-102"),
        ({"dossier": "H55.10.07-261127-0001"}, 400, "PF-102"),
        ({"dossier": "H55.10.07-261127-0001", "represented": CHILD, "procedure": "1.004873"}, 403, "PF-105"),
    ],
)
def test_an_officer_names_person_and_dossier_and_stays_with_the_form_signed_in_for(
    stack: Stack, body: dict[str, object], status: int, code: str
) -> None:
    token = officer_token(stack, Desk(stack, "giang.sung"), scope="openid procedure:1.004222")["access_token"]
    asked = stack.calls(stack.sources_url)
    answer = ask_at_desk(stack, token, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert stack.calls(stack.sources_url) == asked


def test_staff_without_the_desk_s_role_fill_no_form(stack: Stack) -> None:
    token = officer_token(stack, Desk(stack, "truong.quan"), scope="openid procedure:1.004222")["access_token"]
    answer = ask_at_desk(stack, token, dossier="H55.10.07-261127-0001", represented=CHILD)
    assert (answer.status_code, answer.json()["code"]) == (403, "PF-103")
