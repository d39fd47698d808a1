"""Relying parties of other people, unmodified: each signs somebody in, sees the claims, signs out, and refuses."""

import time
from contextlib import ExitStack

import pytest

from tests.journeys.portal_developer.foreign import FOREIGN, require_npm, running, write_seed
from tests.journeys.portal_developer.person import Person

pytestmark = pytest.mark.npm
EACH = pytest.mark.parametrize("portal", FOREIGN, ids=[portal.name for portal in FOREIGN])


@pytest.fixture(scope="module")
def stack(make_stack, tmp_path_factory):
    """Give a demo that knows the foreign portals, with all of them running."""
    require_npm()
    folder = tmp_path_factory.mktemp("foreign")
    demo = make_stack("sqlite", "--portal", str(write_seed(folder, FOREIGN)))
    with ExitStack() as leaving:
        for portal in FOREIGN:
            leaving.enter_context(running(portal, demo.issuer, folder))
        yield demo


def home_of(person, portal):
    """Return what the portal's first page says, without going anywhere else."""
    return person.browser.get(f"{portal.base}{portal.home}").json()


def logout_of(portal):
    return f"{portal.base}{portal.logout}" + (f"{portal.base}/signed-out" if portal.logout.endswith("=") else "")


@EACH
def test_a_person_comes_in_and_goes_out(stack, portal):
    with Person() as person:
        assert home_of(person, portal) == {"signed_in": False}
        assert person.go(f"{portal.base}{portal.login}", portal.base).status_code == 200
        seen = home_of(person, portal)
        assert seen["signed_in"] is True
        assert (seen["claims"]["iss"], seen["claims"]["acr"]) == (stack.issuer, "urn:gate06:vneid:2")
        assert (seen["person"]["sub"], seen["person"]["name"]) == (seen["claims"]["sub"], "Trần Thị Bưởi")
        left = person.go(logout_of(portal), portal.base)
        assert (left.url.path, left.json()) == ("/signed-out", {"signed_in": False})
        assert home_of(person, portal) == {"signed_in": False}
        person.go(f"{portal.base}{portal.login}", portal.base)
        assert any(stack.vneid_url in url for url in person.seen), "the gateway's session is over too: signed in anew"


@EACH
def test_who_stops_at_the_provider_is_not_signed_in(stack, portal):
    with Person(choice="cancel") as person:
        person.go(f"{portal.base}{portal.login}", portal.base)
        assert any("error=access_denied" in url for url in person.seen), "the portal hears it"
        assert home_of(person, portal) == {"signed_in": False}


@EACH
def test_an_answer_to_somebody_elses_sign_in_is_refused(stack, portal):
    """The attacker's own code, planted into the victim's browser."""
    with Person("persona-7") as attacker, Person() as victim:
        attacker.go(f"{portal.base}{portal.login}", portal.base)
        callback = next(url for url in attacker.seen if "code=" in url)
        victim.go(f"{portal.base}{portal.login}", f"{stack.issuer}")
        answer = victim.browser.get(callback)
        assert answer.status_code != 200
        assert home_of(victim, portal) == {"signed_in": False}


def test_who_signs_out_at_one_portal_is_signed_out_at_the_other(stack):
    """Debian's mod_auth_openidc takes our logout token as it comes, when the browser leaves another portal."""
    portals = {portal.name: portal for portal in FOREIGN}
    apache, express = portals["apache"], portals["express"]
    with Person() as person:
        for portal in (apache, express):
            person.go(f"{portal.base}{portal.login}", portal.base)
            assert home_of(person, portal)["signed_in"] is True
        person.go(logout_of(express), express.base)
        while home_of(person, apache)["signed_in"]:  # told within a second, on an idle machine
            time.sleep(0.1)
