"""The portals to read, `examples/portal_node` and `examples/portal_django`: the filled form, and every no shown."""

import re
from contextlib import ExitStack

import pytest

from gateway.cli.citizen import PageReader
from tests.journeys.portal_developer.foreign import EXAMPLES, ROOT, require_npm, running, write_seed
from tests.journeys.portal_developer.person import Person

pytestmark = pytest.mark.npm
EACH = pytest.mark.parametrize("portal", EXAMPLES, ids=[portal.name for portal in EXAMPLES])
ONE_SITTING = 150


@pytest.fixture(scope="module")
def stack(make_stack, tmp_path_factory):
    """Give a demo that knows both portals, with both running."""
    require_npm()
    folder = tmp_path_factory.mktemp("examples")
    demo = make_stack("sqlite", "--portal", str(write_seed(folder, EXAMPLES)))
    with ExitStack() as leaving:
        for portal in EXAMPLES:
            leaving.enter_context(running(portal, demo.issuer, folder))
        yield demo


def sign_in(person, portal):
    """Press the portal's own link; return the page the way ends at."""
    links = PageReader(person.browser.get(portal.base).text).links
    return person.go(f"{portal.base}{links['sign-in']}", portal.base)


def fields_of(page):
    return dict(re.findall(r'data-field="([^"]+)" data-status="([^"]+)"', page))


@EACH
def test_the_form_comes_filled_and_the_person_can_leave(stack, portal):
    with Person() as person:
        page = sign_in(person, portal).text
        assert "Trần Thị Bưởi" in page
        assert re.search(r'data-sub="[a-z2-7]{20,}"', page)
        fields = fields_of(page)
        assert fields["applicant.full_name"] == "verified"
        assert "12/05/1975" in page
        (form,) = PageReader(page).forms
        left = person.go(f"{portal.base}{form.action}", portal.base, form.fields)
        assert left.url.path == "/signed-out"
        assert 'id="signed-out"' in person.browser.get(portal.base).text
        sign_in(person, portal)
        assert any(stack.vneid_url in url for url in person.seen), "the gateway's session is over too"


@EACH
def test_an_empty_field_says_why(stack, portal):
    with Person("persona-14") as person:
        page = sign_in(person, portal).text
    fields = fields_of(page)
    assert fields["applicant.full_name"] == "not_applicable"
    assert not re.search(r"<td>\s*</td>\s*<td>\s*</td>", page)


@EACH
@pytest.mark.parametrize("choice", ["cancel", "persona-10"], ids=["cancelled", "level-too-low"])
def test_a_refused_sign_in_ends_on_the_portals_own_page(stack, portal, choice):
    with Person(choice) as person:
        page = sign_in(person, portal)
        assert any("error=" in url for url in person.seen)
        assert page.url.port == portal.port
        assert "data-field" not in page.text
        assert 'id="signed-out"' in person.browser.get(portal.base).text


@EACH
def test_an_answer_to_somebody_elses_sign_in_is_refused(stack, portal):
    with Person("persona-7") as attacker, Person() as victim:
        sign_in(attacker, portal)
        callback = next(url for url in attacker.seen if "code=" in url)
        victim.go(f"{portal.base}{PageReader(victim.browser.get(portal.base).text).links['sign-in']}", stack.issuer)
        assert victim.browser.get(callback).status_code != 200
        assert 'id="signed-out"' in victim.browser.get(portal.base).text


@EACH
def test_a_portal_in_one_file_is_read_in_one_sitting(portal):
    (file,) = (ROOT / f"examples/portal_{portal.name}").glob("portal.*")
    assert len(file.read_text("utf-8").splitlines()) <= ONE_SITTING
