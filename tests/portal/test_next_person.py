"""What was typed is kept for whoever typed it, and for nobody else: drafts, receipts and pages left open."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.portal.stand_in import SESSION_OVER
from tests.portal.test_sample_portal import callback_of, complete, csrf_of, fields_of, sign_in

TYPED = "nháp chỉ của một người"


def draft_by(portal, page: str, do: str = "save"):
    """Type into the page and press a button of it."""
    return portal.post("/form", data=fields_of(page) | {"own.request.content": TYPED, "do": do})


def test_the_sign_in_button_of_the_form_keeps_what_was_typed(portal, stand_in):
    page = portal.get("/form").text
    assert "Những gì đã điền vẫn còn khi đăng nhập sau." in page
    left = draft_by(portal, page, "login")
    assert (left.status_code, left.headers["location"].partition("?")[0]) == (303, f"{stand_in.issuer}/authorize")
    assert TYPED in portal.get("/form").text, "the person went back"
    assert TYPED in sign_in(portal)


def test_signing_in_from_a_form_sent_already_starts_no_draft(portal, stand_in):
    page = portal.get("/form").text
    named = {name: "đủ" for name in fields_of(page) if name.startswith("own.")}
    sent = complete(page) | named
    assert portal.post("/form", data=sent).headers["location"] == "/receipt"
    left = portal.post("/form", data=sent | {"do": "login"})
    assert left.headers["location"].startswith(f"{stand_in.issuer}/authorize")
    assert 'value="đủ"' not in portal.get("/form").text


def test_the_sign_in_button_wants_the_pages_own_token(portal):
    stolen = fields_of(portal.get("/form").text) | {"csrf": "guessed", "own.request.content": TYPED, "do": "login"}
    assert portal.post("/form", data=stolen).status_code == 403
    assert TYPED not in portal.get("/form").text


def test_the_draft_waits_for_the_person_who_left_it(portal):
    draft_by(portal, sign_in(portal))
    assert TYPED in sign_in(portal)


def test_the_next_person_finds_no_draft_of_the_one_before(portal, stand_in):
    draft_by(portal, sign_in(portal))
    stand_in.be("the next")
    page = sign_in(portal)
    assert TYPED not in page
    assert 'data-status="verified"' in page


def test_a_draft_taken_over_at_a_sign_in_is_the_persons_from_then_on(portal, stand_in):
    draft_by(portal, portal.get("/form").text)
    assert TYPED in sign_in(portal)
    stand_in.be("the next")
    assert TYPED not in sign_in(portal)


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_next_person_finds_no_receipt_of_the_one_before(portal, stand_in, signed_in):
    page = sign_in(portal) if signed_in else portal.get("/form").text
    named = {name: "đủ" for name in fields_of(page) if name.startswith("own.")}
    portal.post("/form", data=complete(page) | ({} if signed_in else named))
    assert portal.get("/receipt").status_code == 200
    stand_in.be("the next")
    sign_in(portal)
    assert portal.get("/receipt").headers["location"] == "/"


def test_a_page_left_open_by_the_one_before_sends_nothing_as_the_next(portal, stand_in):
    left_open = sign_in(portal)
    stand_in.be("the next")
    sign_in(portal)
    for do in ("save", "refresh", "login", "submit"):
        refused = draft_by(portal, left_open, do)
        assert refused.status_code == 403
        assert "người khác đã đăng nhập trên máy này" in refused.text
    assert TYPED not in portal.get("/form").text


def test_another_tab_of_the_same_person_still_sends(portal):
    left_open = sign_in(portal)
    sign_in(portal)
    assert draft_by(portal, left_open).headers["location"] == "/form"
    assert TYPED in portal.get("/form").text


@pytest.mark.parametrize("answer", [SESSION_OVER, (403, SESSION_OVER[1] | {"code": "PF-104"})], ids=["401", "403"])
def test_when_the_session_is_over_the_form_stays_and_offers_the_sign_in(portal, stand_in, answer):
    draft_by(portal, sign_in(portal))
    stand_in.over = answer
    portal.get("/form/refresh")
    page = portal.get("/form").text
    assert 'id="login" name="do" value="login" formnovalidate>Đăng nhập lại<' in page
    assert 'id="logout"' in page
    assert "Phiên làm việc đã hết." in page
    assert "Chưa lấy thêm được thông tin." in page
    assert "Không điền sẵn được" not in page, "what came before is there"
    assert 'data-field="applicant.full_name" data-status="verified"' in page
    assert 'id="refresh"' not in page, "nothing is on its way any more"
    assert "Đang lấy" not in page
    asked = len(stand_in.calls)
    portal.get("/form/refresh")
    portal.get("/form")
    assert len(stand_in.calls) == asked, "a token that is not good any more is not sent again"
    assert 'id="login"' in portal.get("/").text
    draft_by(portal, page, "login")
    stand_in.be("pairwise")
    page = sign_in(portal)
    assert TYPED in page
    assert 'id="login"' not in page
    assert 'id="refresh"' in page


def test_a_form_that_never_came_says_so_once(portal, stand_in):
    stand_in.over = SESSION_OVER
    page = sign_in(portal)
    assert page.count("Không điền sẵn được.") == 1
    assert 'id="login"' in page


def test_a_refusal_that_a_sign_in_does_not_mend_offers_none(portal, stand_in):
    stand_in.prefill_refusal = (403, {"code": "PF-007", "messages": {"vi": "Chưa được phép.", "en": "Not allowed."}})
    page = sign_in(portal)
    assert page.count("Không điền sẵn được.") == 1
    assert 'id="login"' not in page


def test_a_form_filled_before_the_session_ended_is_still_sent(portal, stand_in):
    page = sign_in(portal)
    stand_in.over = SESSION_OVER
    portal.get("/form/refresh")
    page = portal.get("/form").text
    assert portal.post("/form", data=complete(page)).headers["location"] == "/receipt"
    receipt = portal.get("/receipt").text
    assert 'data-manifest="valid"' in receipt
    assert "Phiên đăng nhập của" in receipt


def test_after_the_session_ended_the_next_person_finds_nothing(portal, stand_in):
    draft_by(portal, sign_in(portal))
    stand_in.over = SESSION_OVER
    portal.get("/form/refresh")
    token = csrf_of(portal.get("/").text)
    stand_in.be("the next")
    assert portal.get(callback_of(portal, csrf=token)).headers["location"] == "/form"
    assert TYPED not in portal.get("/form").text


STALE_SIGN_IN = (
    401,
    {"code": "GW-1606", "messages": {"vi": "Cần vừa đăng nhập.", "en": "A recent sign-in is wanted."}},
)
CHALLENGE = 'Bearer realm="x", error="insufficient_user_authentication", error_description="old, by far", max_age="300"'


def test_a_sign_in_that_is_too_old_is_done_again_as_the_challenge_says(portal, stand_in):
    """RFC 9470 §4: `max_age` of the challenge goes with the next sign-in, what was typed stays."""
    draft_by(portal, sign_in(portal))
    stand_in.over, stand_in.challenge = STALE_SIGN_IN, CHALLENGE
    portal.get("/form/refresh")
    page = portal.get("/form").text
    assert 'id="login" name="do" value="login" formnovalidate>Đăng nhập lại<' in page
    assert "Cần vừa đăng nhập." in page
    away = draft_by(portal, page, "login").headers["location"]
    assert parse_qs(urlsplit(away).query)["max_age"] == ["300"]
    stand_in.be("pairwise")
    assert portal.get(httpx2.get(away, trust_env=False).headers["location"]).status_code == 303
    page = portal.get("/form").text
    assert TYPED in page
    assert 'data-field="applicant.full_name" data-status="verified"' in page
    callback_of(portal)
    assert "max_age" not in stand_in.calls[-1][1], "the next sign-in is an ordinary one"


@pytest.mark.parametrize(
    "challenge", [None, 'Bearer error="invalid_token", max_age="300"', CHALLENGE.replace("300", "soon"), "Basic"]
)
def test_no_max_age_is_made_up(portal, stand_in, challenge):
    sign_in(portal)
    stand_in.over, stand_in.challenge = STALE_SIGN_IN, challenge
    portal.get("/form/refresh")
    callback_of(portal)
    assert "max_age" not in stand_in.calls[-1][1]
