"""A marriage at a real Chromium without scripts: asked first, agreed to in part, read again, withdrawn."""

import json
from urllib.parse import urlencode

import pytest

from gateway.cli.demo_files import SAMPLE_CLIENT
from tests.journeys.citizen.road import NARROW, picture
from tests.pages.browser import axe_source, barriers, overflows, press

pytestmark = pytest.mark.browser

DETAILS = json.dumps([{"type": "prefill", "procedure": "1.000894", "dossier": "H00-2026-000001"}])


def ask(stack, **more: str) -> str:
    """Return the address a portal sends the browser to."""
    wanted = {
        "client_id": SAMPLE_CLIENT,
        "redirect_uri": f"{stack.portal_url}/callback",
        "response_type": "code",
        "scope": "openid",
        "state": "s",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "authorization_details": DETAILS,
    }
    return f"{stack.issuer}/authorize?{urlencode(wanted | more)}"


def reach_question(tab, stack):
    """Go as far as the consent page."""
    tab.page.goto(ask(stack, prompt="consent"))
    tab.choose_vneid()
    tab.be(3)
    tab.page.locator("#consent-allow").wait_for()


def test_asked_first_agreed_to_in_part_read_again_and_withdrawn(visitor, stack):
    someone = visitor()
    tab, page = someone.tab, someone.page
    calls = stack.calls(stack.sources_url)
    reach_question(tab, stack)
    assert stack.calls(stack.sources_url) == calls, "nobody was asked for the page"
    assert page.locator("#optional-fields input:checked").count() == 0
    picture(page, "consent-vi")
    allow, deny = page.locator("#consent-allow").bounding_box(), page.locator("#consent-deny").bounding_box()
    assert (allow["width"], allow["height"]) == (deny["width"], deny["height"])
    box = page.locator('#optional-fields [data-field="party_a.ethnic_group"] input')
    box.focus()
    page.keyboard.press("Space")
    assert box.is_checked()
    press(page, "#consent-allow")
    page.wait_for_url(f"{stack.portal_url}/callback?code=*")
    given = stack.events_after(0, "ConsentGiven")[-1]
    page.goto(f"{stack.issuer}/consents/{given['consent_id']}")
    picture(page, "consent-record-vi")
    assert page.locator("#state").get_attribute("data-state") == given["outcome"]
    with page.expect_download() as loading:
        page.locator('a[href*="receipt.pdf"]').click()
    assert loading.value.path().read_bytes().startswith(b"%PDF-")
    press(page, "#consent-withdraw")
    assert page.locator("#state").get_attribute("data-state") == "withdrawn"
    assert stack.events_after(0, "ConsentWithdrawn")
    assert stack.calls(stack.sources_url) == calls


def test_the_link_of_a_receipt_works_months_later(visitor, stack):
    someone = visitor()
    reach_question(someone.tab, stack)
    press(someone.page, "#consent-allow")
    someone.page.wait_for_url(f"{stack.portal_url}/callback?code=*")
    consent = stack.events_after(0, "ConsentGiven")[-1]["consent_id"]
    link = f"{stack.issuer}/consents/{consent}"
    for person, found in ((3, True), (8, False)):
        later = visitor()
        later.page.goto(link)
        later.tab.choose_vneid()
        later.tab.be(person)
        assert later.page.url == link
        assert bool(later.page.locator("#consent-withdraw").count()) is found
        assert bool(later.page.locator("#error").count()) is not found
    assert later.tab.code == "PF-137"


def test_a_no_is_one_press_and_sends_the_person_back(visitor, stack):
    someone = visitor()
    reach_question(someone.tab, stack)
    press(someone.page, "#consent-deny")
    someone.page.wait_for_url(f"{stack.portal_url}/callback?error=access_denied*")


@pytest.mark.parametrize("language", ["vi-VN", "en-GB"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_pages_are_for_everybody(visitor, stack, language, scheme):
    wanted = {"viewport": NARROW, "locale": language, "color_scheme": scheme}
    someone = visitor(**wanted, bypass_csp=True, java_script_enabled=True)  # axe is a script
    page, axe = someone.page, axe_source()
    reach_question(someone.tab, stack)
    assert overflows(page) <= 0
    assert barriers(page, axe) == []
    picture(page, f"consent-320-{language[:2]}")
    press(page, "#consent-allow")
    page.wait_for_url(f"{stack.portal_url}/callback?code=*")
    consent = stack.events_after(0, "ConsentGiven")[-1]["consent_id"]
    page.goto(f"{stack.issuer}/consents/{consent}")
    assert overflows(page) <= 0
    assert barriers(page, axe) == []


def test_ticks_last_over_more_time_another_language_and_back(visitor, stack):
    someone = visitor()
    page = someone.page
    reach_question(someone.tab, stack)
    own, shared = page.locator("#trust"), page.locator('#optional-fields [data-field="party_a.ethnic_group"] input')
    assert (own.is_checked(), shared.is_checked()) == (False, False)
    shared.check()
    press(page, "#more-time")
    assert (own.is_checked(), shared.is_checked()) == (False, True)
    own.check()
    press(page, "#language")
    page.wait_for_selector('html[lang="en"]')
    assert (own.is_checked(), shared.is_checked()) == (True, True)
    assert "share" not in page.url
    shared.uncheck()
    press(page, "#language", "Enter")
    page.wait_for_selector('html[lang="vi"]')
    assert (own.is_checked(), shared.is_checked()) == (True, False)
    # Enter on a box never answers the question: the first button of the form is the language
    press(page, shared, "Enter")
    page.wait_for_selector("#consent-allow")
    shared.check()
    press(page, "#consent-allow")
    page.wait_for_url(f"{stack.portal_url}/callback?code=*")
    given = stack.events_after(0, "ConsentGiven")[-1]
    assert given["outcome"] == "given"
    assert stack.events_after(0, "BrowserTrusted")[-1]["outcome"] == "trusted"
    # the next sign-in in this browser offers no box, and another person's neither
    page.goto(f"{stack.issuer}/me/notices")
    assert page.locator("#trust").count() == 0
