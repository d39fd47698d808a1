"""VNeID directly or through the national portal: the same citizen, the same values; and organisations through both."""

from collections.abc import Iterator

import httpx2
import pytest

from gateway.vocabulary.organisation_persona import organisation_personas
from tests.journeys.clerk import Clerk
from tests.journeys.stack import Stack

WAYS = ("vneid", "national_portal")
ASKED = {"scope": "openid profile procedure:1.004222"}
SLOW = 13
ABLE = (1, 2, 3, 6, 7, 8, 11, 12, SLOW, 14)
UNABLE = {4: "GW-1302", 5: "GW-1206", 9: "GW-1301", 10: "GW-1203"}
COMPARED = ("status", "value", "precision", "lock", "source", "display", "as_of", "why")


@pytest.fixture
def clerks(stack: Stack) -> Iterator[dict[str, Clerk]]:
    """The portal twice, each time with a browser of its own."""
    browsers = {way: httpx2.Client(trust_env=False) for way in WAYS}
    yield {way: Clerk(stack, browser) for way, browser in browsers.items()}
    for browser in browsers.values():
        browser.close()


def values_of(form: dict[str, object]) -> dict[str, object]:
    """Return what a form says, without when it was asked."""
    fields = form["fields"].items()
    return {name: {part: told.get(part) for part in COMPARED} for name, told in fields}


@pytest.mark.parametrize("persona", ABLE)
def test_subject_and_values_are_the_same_through_both(clerks, persona):
    people, forms = [], []
    for way, clerk in clerks.items():
        tokens = clerk.sign_in(**ASKED, idp_hint=way, login_hint=f"persona:{persona}")
        people.append(clerk.userinfo(tokens))
        status, form = clerk.prefill(tokens)
        assert status == 200
        forms.append(form)
    for person in people:
        person.pop("updated_at")  # when the person signed in
    assert people[0] == people[1]
    assert forms[0]["subject"] == forms[1]["subject"] == people[0]["sub"]
    assert values_of(forms[0]) == values_of(forms[1])
    assert [bool(form["late"]) for form in forms] == [persona == SLOW] * 2


def test_everybody_is_somebody_else(stack, clerks):
    clerk = clerks["national_portal"]
    subjects = set()
    for persona in ABLE:
        clerk.browser.cookies.clear()
        tokens = clerk.sign_in(scope="openid", idp_hint="national_portal", login_hint=f"persona:{persona}")
        subjects.add(clerk.introspect(tokens)["sub"])
    assert len(subjects) == len(ABLE)


@pytest.mark.parametrize(("persona", "code"), UNABLE.items())
@pytest.mark.parametrize("way", WAYS)
def test_who_cannot_sign_in_is_refused_alike(clerks, way, persona, code):
    back = clerks[way].come_back(**ASKED, idp_hint=way, login_hint=f"persona:{persona}")
    assert f"/errors/{code}?receipt=rf_" in back["error_uri"]


@pytest.mark.parametrize(("fault", "code"), [("silent", "GW-1204"), ("cancelled", "GW-1101")])
@pytest.mark.parametrize("way", WAYS)
def test_an_app_that_nobody_confirms_in_is_no_outage_and_no_refusal(clerks, way, fault, code):
    back = clerks[way].come_back(**ASKED, idp_hint=way, login_hint=f"persona:3;{fault}")
    assert back["error"] == "access_denied"
    assert f"/errors/{code}?receipt=rf_" in back["error_uri"]


@pytest.mark.parametrize("account", organisation_personas(), ids=lambda one: str(one.index))
def test_a_representative_signs_in_and_the_organisation_stands_beside(clerks, account):
    told = {"type": "represented_organisation", **account.organisation.body()}
    subjects = set()
    for way, clerk in clerks.items():
        tokens = clerk.sign_in(scope="openid profile", idp_hint=way, login_hint=f"persona:{account.index}")
        assert tokens["authorization_details"] == [told]
        assert clerk.introspect(tokens)["authorization_details"] == [told]
        person = clerk.userinfo(tokens)
        assert person["name"] == account.representative.full_name
        assert account.organisation.tax_code not in str(person)
        subjects.add(person["sub"])
        clerk.browser.cookies.clear()
        own = clerk.sign_in(scope="openid profile", idp_hint=way, login_hint=f"persona:{account.representative.index}")
        assert "authorization_details" not in own
        subjects.add(clerk.userinfo(own)["sub"])
    assert len(subjects) == 1, "the human being, whichever account and whichever dialect"


@pytest.mark.parametrize("way", WAYS)
def test_a_procedure_for_persons_refuses_an_organisation_and_asks_no_register(stack, clerks, way):
    asked = stack.calls(stack.sources_url)
    before = len(stack.events())
    back = clerks[way].come_back(**ASKED, idp_hint=way, login_hint="persona:101")
    assert back["error"] == "access_denied"
    assert "/errors/PF-009?receipt=rf_" in back["error_uri"]
    receipt = back["error_uri"].partition("receipt=")[2]
    own = clerks[way].ask_token(grant_type="client_credentials")
    bearer = {"Authorization": f"Bearer {own['access_token']}"}
    problem = httpx2.get(f"{stack.issuer}/v1/receipts/{receipt}", headers=bearer).json()
    assert (problem["code"], problem["refused_by"]) == ("PF-009", "policy")
    assert stack.calls(stack.sources_url) == asked
    (event,) = stack.events_after(before, "SignInRefused")
    assert event["procedure"] == "1.004222"
    assert not any(word in str(event) for word in ("9900000101", "Bàu Trăn"))


def test_signing_out_ends_the_session_at_the_national_portal_too(stack, clerks):
    clerk = clerks["national_portal"]
    stack.put_fault(f"{stack.vneid_url}/cong", target=3, fault="sso")
    tokens = clerk.sign_in(scope="openid", idp_hint="national_portal")
    assert "portal_session" in clerk.browser.cookies
    clerk.sign_out(tokens)
    assert "portal_session" not in clerk.browser.cookies
    httpx2.delete(f"{stack.vneid_url}/cong/_faults")
    assert "gw_session" not in clerk.browser.cookies or clerk.come_back(scope="openid", prompt="none")["error"]
