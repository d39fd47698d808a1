"""Two registers behind one form: where they differ people choose, where one fails the other stays, and whom civil
status records as dead gets no form."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.journeys.citizen.road import NARROW
from tests.pages.browser import overflows, press

pytestmark = pytest.mark.browser

POPULATION, CIVIL_STATUS = "CSDL quốc gia về dân cư", "CSDL hộ tịch điện tử"


@pytest.fixture(autouse=True)
def _in_order(stack):
    yield
    stack.clear_faults()


def reach_form(tab, persona):
    """Go to the form; who saw the notice today does not see it again."""
    tab.reach_vneid()
    tab.be(persona)
    if tab.page.locator("#consent-allow").count():
        tab.agree()
    tab.page.wait_for_url(f"{tab.stack.portal_url}/form")


def test_a_conflict_names_both_sources_on_the_page_and_in_the_form(visitor):
    someone = visitor(viewport=NARROW)
    tab, page = someone.tab, someone.page
    tab.reach_notice(8)
    row = tab.field("applicant.sex")
    assert row.get_attribute("data-status") == "conflict"
    said = row.inner_text()
    assert POPULATION in said
    assert CIVIL_STATUS in said
    assert [one.inner_text().split()[0] for one in row.locator(".rivals li").all()] == ["Nam", "Nữ"]
    assert not overflows(page)
    tab.agree()
    field = tab.field("applicant.sex")
    assert (field.get_attribute("data-status"), field.get_attribute("data-lock")) == ("conflict", "confirm")
    choices = field.locator(".tick").all()
    assert [one.inner_text().split(" – ")[0] for one in choices] == ["Nam", "Nữ"]
    assert POPULATION in choices[0].inner_text()
    assert CIVIL_STATUS in choices[1].inner_text()
    assert not overflows(page)
    tab.complete_form()
    field.locator("#confirm-applicant\\.sex-2").check()
    tab.submit()
    sent = page.locator('tr[data-field="applicant.sex"]')
    assert sent.get_attribute("data-outcome") == "intact"
    assert "Nữ" in sent.inner_text()


def test_whoever_chooses_nothing_is_asked_to(visitor):
    someone = visitor()
    reach_form(someone.tab, 8)
    someone.tab.complete_form()
    press(someone.page, "#save")
    assert someone.tab.field("applicant.sex").locator("#confirm-applicant\\.sex-1").is_checked()


@pytest.mark.parametrize("fault", ["down", "malformed", "denied_procedure", "no_match"])
def test_trouble_of_one_register_touches_nothing_of_the_other(visitor, stack, fault):
    stack.put_fault(stack.civil_status_url, target=11, fault=fault)
    someone = visitor()
    reach_form(someone.tab, 11)
    for name in ("applicant.full_name", "applicant.sex", "applicant.personal_number"):
        assert someone.tab.field(name).get_attribute("data-status") == "verified"
    assert someone.page.locator("#late").count() == 0


def test_population_down_leaves_what_civil_status_says(visitor, stack):
    stack.put_fault(stack.sources_url, target=12, fault="down")
    someone = visitor()
    reach_form(someone.tab, 12)
    assert someone.tab.field("applicant.full_name").get_attribute("data-status") == "unavailable"
    sex = someone.tab.field("applicant.sex")
    assert (sex.get_attribute("data-status"), sex.get_attribute("data-lock")) == ("verified", "locked")
    assert CIVIL_STATUS in sex.locator(".chip").inner_text()


def test_whom_civil_status_records_as_dead_gets_no_form_though_the_account_is_open(visitor, stack):
    stack.put_fault(stack.civil_status_url, target=6, fault="deceased")
    before = len(stack.events())
    someone = visitor()
    tab, page = someone.tab, someone.page
    tab.reach_vneid()
    tab.be(6)
    page.locator("#error").wait_for()
    assert tab.code == "PF-118"
    said = page.locator("main").inner_text().casefold()
    for word in ("chết", "mất ngày", "qua đời", "2026", "khai tử", "tử vong"):
        assert word not in said
    back = page.locator("#return, a[href*='error=']").first.get_attribute("href")
    told = parse_qs(urlsplit(back).query)
    assert told["error"] == ["access_denied"]
    assert "/errors/PF-118" in told["error_uri"][0]
    (asked,) = stack.events_after(before, "FormAsked")
    assert "death_date" in asked["attributes"]
    (refused,) = stack.events_after(before, "FormRefused")
    assert (refused["outcome"], refused["asked"]) == ("PF-118", asked["receipt"])
    (left,) = stack.events_after(before, "SignInRefused")
    assert left["outcome"] == "PF-118"
    told = stack.events()[before:]  # as the sequencer takes all in their order, nothing is still to come
    assert [event for event in told if event["event"] == "FormReleased"] == []
    assert "2026-11-20" not in str(told)


def test_every_register_counts_its_own_calls(stack):
    population, civil = stack.calls(stack.sources_url), stack.calls(stack.civil_status_url)
    assert population == stack.calls(f"{stack.sources_url}/population")
    assert civil > 0
    assert httpx2.put(f"{stack.sources_url}/_faults", json={"target": 3, "fault": "deceased"}).status_code == 422
