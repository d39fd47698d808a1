"""A remembered notice of the law covers what it showed and nothing beyond: by property, and through HTTP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import provider_house as world
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journey import agree, authorize_url, hidden, members, sign_in
from provider_house import Provider

from gateway.openid_provider.claims import profile_claims
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.notice import notice_of
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.partial_date import PartialDate

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
BOOK = world.POLICY
ORGANISATION = Organisation(kind="enterprise", name="Công ty thử", tax_code="0100000001")
CONSTANT = {"zoneinfo", "locale", "updated_at"}
"""Claims that say nothing of a person."""

citizens = st.builds(
    Citizen,
    id=st.just("citizen-1"),
    full_name=st.sampled_from(["SƠN", "TRẦN BƯỞI", "TRẦN THỊ BƯỞI"]),
    birth_date=st.sampled_from([None, PartialDate(1975, None, None), PartialDate(1975, 5, 12)]),
    sex=st.sampled_from([None, "female", "other"]),
    organisation=st.sampled_from([None, ORGANISATION]),
)
scopes = st.sets(st.sampled_from(["profile", "offline_access", "claim:name", "claim:gender"])).map(
    lambda more: ("openid", *sorted(more))
)
limits = st.sampled_from([None, (), ("full_name",), ("full_name", "sex")])


def notice(citizen: Citizen, scopes: tuple[str, ...], limit: tuple[str, ...] | None, book=BOOK, procedures=()):
    named = tuple(one for one in scopes if one.startswith("claim:"))
    plain = tuple(one for one in scopes if one not in named)
    request = SimpleNamespace(
        client_id="portal", scopes=plain, asked=scopes, procedures=procedures, dossier="D-1", resources=()
    )
    return notice_of(request, citizen, Portal.model_construct(attributes=limit), book)


def claims_for(person: Citizen, asked: tuple[str, ...]) -> set[str]:
    """The claims a portal gets of somebody, by the scope or by name."""
    told = set(profile_claims(person, 0))
    return told if "profile" in asked else {name for name in told if f"claim:{name}" in asked}


@given(citizens, citizens, scopes, scopes)
def test_nothing_is_told_of_a_person_beyond_what_the_remembered_page_showed(then, now, asked_then, asked_now):
    shown, told = notice(then, asked_then, None), notice(now, asked_now, None)
    covered = told.is_covered_by(shown.record(AT), AT + timedelta(days=1))
    assert covered == (told.told <= shown.told)
    if covered:
        assert claims_for(now, asked_now) - CONSTANT <= claims_for(then, asked_then)
        assert now.organisation is None or then.organisation is not None
        assert "offline_access" not in asked_now or "offline_access" in asked_then


@given(st.sampled_from(sorted(BOOK.procedures)), limits, limits)
def test_no_attribute_of_a_form_is_told_beyond_those_the_page_listed(code, then, now):
    person = Citizen(id="citizen-1", full_name="SƠN")
    shown = notice(person, ("openid",), then, procedures=(code,))
    told = notice(person, ("openid",), now, procedures=(code,))
    all_of_it = BOOK.procedure(code).attributes_for("self")
    listed, wanted = (all_of_it if limit is None else all_of_it & set(limit) for limit in (then, now))
    assert told.is_covered_by(shown.record(AT), AT) == (wanted <= listed)


def test_another_policy_book_shows_the_forms_notice_again_and_no_other():
    person = Citizen(id="citizen-1", full_name="SƠN")
    other = SimpleNamespace(procedures=BOOK.procedures, bundle_id="another")
    for procedures, covered in ((("1.004222",), False), ((), True)):
        shown = notice(person, ("openid",), None, procedures=procedures)
        told = notice(person, ("openid",), None, book=other, procedures=procedures)
        assert told.is_covered_by(shown.record(AT), AT) is covered


def test_a_memory_that_does_not_say_what_it_showed_covers_nothing():
    told = notice(Citizen(id="citizen-1", full_name="SƠN"), ("openid",), None)
    record = told.record(AT)
    assert told.is_covered_by(record, AT)
    assert not told.is_covered_by(replace(record, body={"client_id": "portal"}), AT)
    assert not told.is_covered_by(None, AT)
    assert not told.is_covered_by(record, AT + timedelta(days=366))


UNKNOWN = world.person(sex=None)
KNOWN = world.person()


async def come_as(provider: Provider, person: object) -> None:
    """Let the next sign-in be of this person, in a browser without a session."""
    provider.http.cookies.clear()
    provider.upstream.answer = person  # type: ignore[assignment]


@pytest.mark.anyio
async def test_what_became_known_since_shows_the_notice_again(provider: Provider) -> None:
    await come_as(provider, UNKNOWN)
    page = await sign_in(provider, scope="openid profile")
    assert "Giới tính" not in page.text
    assert "code" in members((await agree(provider, page)).headers["location"])
    silent = await provider.get(authorize_url(scope="openid profile", prompt="none"))
    assert "code" in members(silent.headers["location"])
    await come_as(provider, KNOWN)
    page = await sign_in(provider, scope="openid profile")
    assert page.status_code == 200
    assert "Giới tính" in page.text
    refused = await provider.get(authorize_url(scope="openid profile", prompt="none"))
    assert members(refused.headers["location"])["error"] == "consent_required"
    await agree(provider, page)
    await come_as(provider, UNKNOWN)
    again = await sign_in(provider, scope="openid profile")
    assert "code" in members(again.headers["location"]), "what knows less is covered"


@pytest.mark.anyio
async def test_what_became_known_while_the_page_stood_open_is_read_before_it_is_told(provider: Provider) -> None:
    await come_as(provider, UNKNOWN)
    page = await sign_in(provider, scope="openid profile")
    before = hidden(page.text, "csrf")
    other_tab = await provider.get(authorize_url(scope="openid", prompt="login"))
    form = await provider.get(other_tab.headers["location"])
    provider.upstream.answer = KNOWN  # type: ignore[assignment]
    chosen = await provider.http.post(
        other_tab.headers["location"], data={"csrf": hidden(form.text, "csrf"), "provider": "fake"}
    )
    state = members(chosen.headers["location"])["state"]
    await provider.get(f"/upstream/fake/callback?state={state}&code=x")
    answered = await provider.http.post(str(page.url), data={"csrf": before, "decision": "allow"})
    assert answered.headers["location"] == str(page.url)
    shown = await provider.get(str(page.url))
    assert "Giới tính" in shown.text
    assert "code" in members((await agree(provider, shown)).headers["location"])
