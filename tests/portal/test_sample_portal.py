"""The sample portal against a stand-in gateway over real HTTP."""

import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from examples.portal.form import show_value
from examples.portal.portal import create_application
from examples.portal.settings import PortalSettings, read_settings
from tests.portal.stand_in import ADDRESS, FIELDS, verified


def fields_of(page: str) -> dict[str, str]:
    """Return what a browser would post from the first form of a page (boxes not ticked, no button)."""
    form = re.search(r'<form method="post" action="/form".*?</form>', page, re.S)[0]
    posted = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in attributes and attributes.get("type") != "checkbox":
            posted[attributes["name"]] = html.unescape(attributes.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        posted[name] = html.unescape(text)
    return posted


def csrf_of(page: str) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', page)[1]


def callback_of(portal: TestClient, **form: str) -> str:
    """Begin a sign-in, let the stand-in answer, and return the callback's address."""
    begun = portal.post("/login", data={"csrf": csrf_of(portal.get("/").text)} | form)
    assert begun.status_code == 303
    answered = httpx2.get(begun.headers["location"], trust_env=False)
    return answered.headers["location"]


def sign_in(portal: TestClient) -> str:
    answer = portal.get(callback_of(portal))
    assert answer.status_code == 303, answer.text
    return portal.get("/form").text


def complete(page: str, **more: str) -> dict[str, str]:
    typed = {
        "own.request.content": "Đăng ký thường trú tại phường Hồ Chè",
        "confirm.applicant.sex": "1",
        "do": "submit",
    }
    return fields_of(page) | typed | more


def test_the_first_form_signs_in(portal):
    page = portal.get("/").text
    assert re.search(r"<form[^>]*>", page)[0] == '<form method="post" action="/login" class="actions">'
    assert "Đăng nhập bằng tài khoản định danh điện tử" in page
    assert 'id="login"' in page
    assert "<script" not in page


def test_signing_in_asks_with_pkce_state_and_nonce(portal, stand_in):
    callback_of(portal, login_hint="persona:3")
    asked = stand_in.calls[-1][1]
    assert asked["scope"] == "openid profile procedure:1.004222"
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert asked["redirect_uri"] == "http://portal.test/callback"
    assert asked["login_hint"] == "persona:3"
    assert asked["ui_locales"] == "vi"
    assert len(asked["state"]) > 20
    assert len(asked["nonce"]) > 10


def test_a_filled_form_shows_value_source_and_lock(portal, stand_in):
    page = sign_in(portal)
    assert "Đã xác thực · CSDL quốc gia về dân cư · 22/11/2026" in page
    assert "H&#39;Ƀil &lt;b&gt;Niê&lt;/b&gt; Kđăm" in page
    assert "<b>Niê" not in page
    assert 'data-field="applicant.full_name" data-status="verified" data-lock="locked"' in page
    assert 'id="confirm-applicant.sex"' in page
    assert "Hai nguồn khác nhau." in page
    assert "Nguồn chưa trả lời." in page
    assert "Không có." in page
    posted = fields_of(page)
    assert json.loads(posted["value.applicant.full_name"]) == "H'ƀIL <b>NIÊ</b> KĐĂM"
    assert json.loads(posted["value.applicant.birth_date"]) == "1941"
    assert json.loads(posted["value.applicant.permanent_residence"]) == ADDRESS
    assert posted["own.applicant.phone"] == "0900000001"
    assert "01/01" not in page
    assert sum(1 for name, _ in stand_in.calls if name == "prefill") == 1
    portal.get("/form")
    assert sum(1 for name, _ in stand_in.calls if name == "prefill") == 1


def test_each_question_stands_once(portal):
    names = re.findall(r'data-field="([^"]+)"', sign_in(portal))
    assert len(names) == len(set(names)) == 17


def test_late_fields_come_with_a_refresh_and_keep_what_was_typed(portal, stand_in):
    page = sign_in(portal)
    assert "Đang lấy" in page
    posted = fields_of(page) | {"own.request.content": "nháp của tôi", "do": "refresh"}
    assert portal.post("/form", data=posted).headers["location"] == "/form"
    assert ("refresh", {"id": "pf_1"}) in stand_in.calls
    page = portal.get("/form").text
    assert "Đang lấy" not in page
    assert "Trần Văn Chủ" in page
    assert "nháp của tôi" in page


def test_the_other_language_keeps_what_was_typed_and_picked(portal):
    page = sign_in(portal)
    assert 'href="/form?ui_locales' not in page
    posted = complete(page) | {"own.request.content": "nháp của tôi", "do": "language-en"}
    assert portal.post("/form", data=posted).headers["location"] == "/form"
    page = portal.get("/form").text
    assert ('<html lang="en">' in page, "nháp của tôi" in page) == (True, True)
    assert re.search(r'id="confirm-applicant\.sex"[^>]* checked', page)
    back = fields_of(page) | {"own.request.content": "nháp của tôi", "do": "language-vi"}
    portal.post("/form", data=back)
    assert '<html lang="vi">' in portal.get("/form").text
    odd = fields_of(page) | {"do": "language-de", "own.request.content": ""}
    assert portal.post("/form", data=odd).status_code == 422, "no button of ours: the form is sent"


def test_a_value_left_in_its_box_speaks_the_language_of_the_page_and_stays_the_source_s(portal, stand_in, monkeypatch):
    told = {"vi": "Kinh", "en": "Kinh (majority)"}
    monkeypatch.setitem(FIELDS, "applicant.phone", verified("01", "Kinh", "editable", display=told))
    page = sign_in(portal)
    assert 'value="Kinh"' in page
    portal.post("/form", data=fields_of(page) | {"own.applicant.phone": "Kinh", "do": "language-en"})
    page = portal.get("/form").text
    assert 'value="Kinh (majority)"' in page
    portal.post("/form", data=complete(page, **{"own.applicant.phone": "Kinh (majority)"}))
    verified_values = next(values for name, values in reversed(stand_in.calls) if name == "verify")["values"]
    assert verified_values["applicant.phone"] == "01"


def test_refresh_is_a_plain_link_too(portal, stand_in):
    sign_in(portal)
    assert portal.get("/form/refresh").headers["location"] == "/form"
    assert stand_in.calls[-1] == ("refresh", {"id": "pf_1"})


def test_submitting_verifies_what_comes_from_a_source_and_gives_a_receipt(portal, stand_in):
    answer = portal.post("/form", data=complete(sign_in(portal)))
    assert (answer.status_code, answer.headers["location"]) == (303, "/receipt")
    sent = stand_in.calls[-1][1]
    assert sent["manifest"] == "manifest-True"
    assert sent["values"] == {
        "applicant.full_name": "H'ƀIL <b>NIÊ</b> KĐĂM",
        "applicant.birth_date": "1941",
        "applicant.sex": "female",
        "applicant.personal_number": "999041000001",
        "applicant.phone": "0900000001",
        "applicant.permanent_residence": ADDRESS,
    }
    page = portal.get("/receipt").text
    assert re.search(r'id="reference">\d{8}-[A-Z2-9]{3}-[A-Z2-9]{3}<', page)
    assert 'id="receipt-id">rc_0001<' in page
    assert 'data-manifest="valid"' in page
    outcomes = dict(re.findall(r'data-field="([^"]+)" data-outcome="([^"]+)"', page))
    assert outcomes["applicant.full_name"] == "intact"
    assert outcomes["request.content"] == "self_declared"


def test_sending_twice_counts_once(portal):
    posted = complete(sign_in(portal))
    portal.post("/form", data=posted)
    first = portal.get("/receipt").text
    assert portal.post("/form", data=posted).headers["location"] == "/receipt"
    again = portal.get("/receipt").text
    assert re.findall(r'id="reference">([^<]+)', again) == re.findall(r'id="reference">([^<]+)', first)


@pytest.mark.parametrize(
    "changed",
    [
        {"value.applicant.birth_date": '"1941-01-01"'},
        {"value.applicant.full_name": '"Kẻ khác"'},
        {"value.applicant.full_name": "{"},
    ],
)
def test_a_locked_item_that_was_changed_is_not_accepted(portal, changed):
    answer = portal.post("/form", data=complete(sign_in(portal), **changed))
    assert answer.status_code == 409
    assert f'data-field="{next(iter(changed)).removeprefix("value.")}" data-outcome="changed"' in answer.text
    assert portal.get("/receipt").headers["location"] == "/"


def test_a_value_the_citizen_replaces_is_self_declared(portal, stand_in):
    posted = complete(sign_in(portal)) | {"own.applicant.sex": "Nam", "own.applicant.phone": "0911111111"}
    del posted["confirm.applicant.sex"]
    portal.post("/form", data=posted)
    assert {"applicant.sex", "applicant.phone"}.isdisjoint(stand_in.calls[-1][1]["values"])
    outcomes = dict(re.findall(r'data-field="([^"]+)" data-outcome="([^"]+)"', portal.get("/receipt").text))
    assert outcomes["applicant.sex"] == outcomes["applicant.phone"] == "self_declared"


def test_missing_items_are_named_and_the_rest_stays(portal):
    posted = complete(sign_in(portal)) | {"own.request.content": " ", "own.applicant.email": "a@b.example"}
    del posted["confirm.applicant.sex"]
    answer = portal.post("/form", data=posted)
    assert answer.status_code == 422
    assert 'href="#own-request.content"' in answer.text
    assert 'href="#own-applicant.sex"' in answer.text
    assert "a@b.example" in answer.text


def test_verify_out_of_order_still_takes_the_form(portal, stand_in):
    page = sign_in(portal)
    stand_in.verify_status = 503
    assert portal.post("/form", data=complete(page)).headers["location"] == "/receipt"
    page = portal.get("/receipt").text
    assert 'data-manifest="none"' in page
    assert 'data-outcome="unchecked"' in page


@pytest.mark.parametrize("manifest", ["expired", "foreign", "invalid"])
def test_a_manifest_that_is_not_valid_is_said(portal, stand_in, manifest):
    page = sign_in(portal)
    stand_in.manifest = manifest
    portal.post("/form", data=complete(page))
    assert f'data-manifest="{manifest}"' in portal.get("/receipt").text


def test_an_oauth_error_is_explained_and_the_draft_stays(portal, stand_in):
    page = portal.get("/form").text
    portal.post("/form", data=fields_of(page) | {"own.request.content": "bản nháp", "do": "save"})
    stand_in.error = "unmet_authentication_requirements"
    answer = portal.get(callback_of(portal))
    assert answer.status_code == 400
    assert 'data-error="unmet_authentication_requirements"' in answer.text
    assert "tài khoản định danh điện tử mức độ 2" in answer.text
    assert f'id="error-uri" href="{stand_in.issuer}/errors/GW-1203?receipt=rf_1"' in answer.text
    assert "said &lt;so&gt;" in answer.text
    assert 'id="draft"' in answer.text
    assert "bản nháp" in portal.get("/form").text


def test_an_answer_of_another_issuer_is_refused(portal, stand_in):
    stand_in.iss = "https://evil.example"
    answer = portal.get(callback_of(portal))
    assert answer.status_code == 400
    assert 'data-error="iss_mismatch"' in answer.text
    assert not any(name == "token" for name, _ in stand_in.calls)


def test_an_answer_without_iss_is_refused(portal):
    target = urlsplit(callback_of(portal))
    query = {name: values[0] for name, values in parse_qs(target.query).items() if name != "iss"}
    assert 'data-error="iss_mismatch"' in portal.get("/callback", params=query).text


def test_a_state_counts_once_and_in_its_own_browser_only(portal, settings, stand_in):
    callback = callback_of(portal)
    with TestClient(create_application(settings), base_url="http://portal.test", follow_redirects=False) as stranger:
        assert 'data-error="state_mismatch"' in stranger.get(callback).text
    assert portal.get(callback).status_code == 303
    assert 'data-error="state_mismatch"' in portal.get(callback).text
    stand_in.error = "access_denied"
    forged = portal.get("/callback", params={"error": "access_denied", "state": "x", "iss": stand_in.issuer})
    assert 'data-error="state_mismatch"' in forged.text


def test_a_foreign_nonce_is_refused(portal, stand_in):
    stand_in.nonce = "of somebody else"
    answer = portal.get(callback_of(portal))
    assert answer.status_code == 400
    assert 'data-error="id_token_refused"' in answer.text
    assert "Chưa đăng nhập" in portal.get("/form").text


def test_the_name_is_believed_of_the_same_subject_only(portal, stand_in):
    assert "Đang đăng nhập: H&#39;Ƀil" in sign_in(portal)
    portal.get("/form")
    portal.cookies.clear()
    stand_in.subject = "somebody else"
    assert "Đang đăng nhập" not in sign_in(portal)


def test_two_tabs_do_not_break_each_other(portal):
    first, second = callback_of(portal), callback_of(portal)
    assert portal.get(first).status_code == 303
    assert portal.get(second).status_code == 303


def test_a_refused_prefill_is_said_and_the_form_can_be_filled_by_hand(portal, stand_in):
    stand_in.prefill_refusal = (
        403,
        {
            "code": "GW-1203",
            "messages": {"vi": "Cần mức 2.", "en": "Level 2."},
            "fix": f"{stand_in.issuer}/errors/GW-1203",
        },
    )
    page = sign_in(portal)
    assert 'id="refusal" data-code="GW-1203"' in page
    assert "Cần mức 2." in page
    assert 'id="own-applicant.full_name"' in page


def test_without_the_gateway_the_form_still_works():
    settings = PortalSettings(
        issuer="http://127.0.0.1:9", client_id="a", client_secret="b", base_url="http://portal.test"
    )
    with TestClient(create_application(settings), base_url="http://portal.test", follow_redirects=False) as portal:
        answer = portal.post("/login", data={"csrf": csrf_of(portal.get("/").text)})
        assert answer.status_code == 502
        assert 'data-error="gateway_unreachable"' in answer.text
        names = ("applicant.full_name", "applicant.birth_date", "applicant.personal_number", "applicant.phone")
        typed = {f"own.{name}": "x" for name in (*names, "request.content")}
        posted = fields_of(portal.get("/form").text) | typed | {"do": "submit"}
        assert portal.post("/form", data=posted).headers["location"] == "/receipt"


def test_values_in_the_address_are_refused(portal):
    for path in ("/form?own.request.content=x", "/?applicant.full_name=x", "/form?value.applicant.sex=male"):
        answer = portal.get(path)
        assert answer.status_code == 400
        assert 'data-error="values_in_address"' in answer.text


@pytest.mark.parametrize("path", ["/login", "/form", "/logout"])
def test_a_post_without_the_pages_own_token_is_refused(portal, path):
    portal.get("/")
    for data in ({}, {"csrf": "guess"}, {"csrf": "ố"}):
        assert portal.post(path, data=data).status_code == 403


def test_signing_out_tells_the_gateway_and_forgets(portal, stand_in):
    page = sign_in(portal)
    answer = portal.post("/logout", data={"csrf": csrf_of(page)})
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert urlsplit(answer.headers["location"]).path == "/logout"
    assert query["id_token_hint"][0].count(".") == 2
    assert query["client_id"] == ["portal-sample"]
    back = httpx2.get(answer.headers["location"], trust_env=False).headers["location"]
    assert back.startswith("http://portal.test/logged-out?state=")
    assert "Đã đăng xuất" in portal.get(back).text
    assert "Chưa đăng nhập" in portal.get("/form").text


def test_the_cookie_is_random_changes_with_the_sign_in_and_says_nothing(portal):
    portal.get("/")
    before = portal.cookies["portal_session"]
    answer = portal.get(callback_of(portal))
    cookie = answer.headers["set-cookie"]
    assert portal.cookies["portal_session"] != before
    assert re.fullmatch(r"portal_session=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax", cookie)


def test_pages_close_their_doors(portal):
    headers = portal.get("/form").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/form", "/nothing"])
def test_both_languages(portal, path):
    assert '<html lang="vi">' in portal.get(path).text
    assert '<html lang="en">' in portal.get(path, headers={"accept-language": "en-GB"}).text


def test_the_language_link_is_remembered(portal):
    assert '<html lang="en">' in portal.get("/?ui_locales=en").text
    assert '<html lang="en">' in portal.get("/form").text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1975-05-12", "12/05/1975"),
        ("1941", "1941"),
        ("1941-03", "03/1941"),
        (None, ""),
        (ADDRESS, "Tổ 7, Phường Hồ Chè, Tỉnh Trà Hồ"),
    ],
)
def test_values_without_a_display_read_well(value, shown):
    assert show_value(value) == shown


def test_settings_come_from_the_environment(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    settings = read_settings(
        {
            "GATE06_ISSUER": "https://gate.example",
            "PORTAL_CLIENT_ID": "p",
            "PORTAL_CLIENT_SECRET_FILE": str(secret),
            "GATE06_PORTAL_PORT": "9003",
        }
    )
    assert (settings.issuer, settings.client_secret, settings.base_url) == (
        "https://gate.example",
        "s3cret",
        "http://127.0.0.1:9003",
    )
    assert "s3cret" not in repr(settings)
    with pytest.raises(SystemExit) as stopped:
        read_settings({})
    assert stopped.value.code == 3
