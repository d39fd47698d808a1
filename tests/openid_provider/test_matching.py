"""Sign-ins compared with the population register: unvouched numbers, and portals with `match = "required"`."""

import json
from datetime import date
from urllib.parse import urlencode, urlsplit

import provider_house as world
import pytest
from journey import CHALLENGE, agree, members, obtain_tokens, sign_in

from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused, Unavailable
from gateway.vocabulary.store import Kind

FROM = Provenance(source="population", as_of=date(2026, 11, 22), retrieved_at=world.START)
KNOWN = {"full_name": Found("TRẦN THỊ BƯỞI", FROM), "sex": Found("female", FROM)}
CONTRADICTED = {"full_name": Found("TRẦN THỊ BƯỚI", FROM), "sex": Found("female", FROM)}
NOBODY = {"full_name": Absent("no_match"), "sex": Absent("no_match")}
SEVERAL = {"full_name": Absent("ambiguous"), "sex": Absent("ambiguous")}
SILENT = {"full_name": Unavailable(reason="timeout"), "sex": Unavailable(reason="timeout")}
DENIED = {"full_name": Refused("officer_denied"), "sex": Refused("officer_denied")}
STRICT = {"client_id": "strict", "redirect_uri": "http://127.0.0.1:8007/callback"}


async def citizens(provider):
    return {record.key: record.body for record in await provider.house.listing.select(Kind.CITIZEN)}


async def events(provider):
    """Return (event, outcome, about somebody) of every stored event, oldest first."""
    stored = await provider.journal.pending(1000)
    leaves = [json.loads(one.leaf) for one in stored]
    return [(leaf["event"], leaf["outcome"], leaf["subject_ref"] is not None) for leaf in leaves]


def unvouched(**changes):
    return world.person(
        **{"vouches_for_number": False, "subject": "unvouched", "issuer": "https://other.example"} | changes
    )


async def test_a_confirmed_number_leads_to_the_citizen_it_belongs_to(provider):
    mine = await obtain_tokens(provider)
    provider.http.cookies.clear()
    provider.upstream.answer, provider.register.answer = unvouched(), KNOWN
    again = await obtain_tokens(provider)
    assert len(await citizens(provider)) == 1
    told = [
        await provider.http.get("/userinfo", headers={"authorization": f"Bearer {t['access_token']}"})
        for t in (mine, again)
    ]
    assert told[0].json()["sub"] == told[1].json()["sub"]
    assert [one[:2] for one in await events(provider) if one[0].startswith("Person")] == [
        ("PersonSignedIn", "signed_in"),
        ("PersonAsked", "asked"),
        ("PersonMatched", "matched"),
        ("PersonSignedIn", "signed_in"),
    ]


async def test_a_confirmed_account_is_not_asked_about_again(provider):
    provider.upstream.answer, provider.register.answer = unvouched(), KNOWN
    await obtain_tokens(provider)
    provider.http.cookies.clear()
    await obtain_tokens(provider)
    assert len(provider.register.asked) == 1
    ((_, body),) = (await citizens(provider)).items()
    assert body["personal_number"] == "999175000003"


@pytest.mark.parametrize("answer", [CONTRADICTED, NOBODY, SEVERAL, SILENT, DENIED])
async def test_a_number_the_register_does_not_confirm_stays_a_saying(provider, answer):
    await obtain_tokens(provider)
    provider.http.cookies.clear()
    provider.upstream.answer, provider.register.answer = unvouched(), answer
    await obtain_tokens(provider)
    numbers = sorted(str(body["personal_number"]) for body in (await citizens(provider)).values())
    assert numbers == ["999175000003", "None"], "never merged silently, and the sign-in goes on"


async def test_another_name_under_a_linked_account_is_reviewed_whatever_the_register_says(provider):
    provider.upstream.answer, provider.register.answer = unvouched(), KNOWN
    await obtain_tokens(provider)
    provider.http.cookies.clear()
    provider.upstream.answer = unvouched(full_name="NGUYỄN VĂN BÁCH", sex="male")
    page = await sign_in(provider)
    assert (page.status_code, "GW-1304" in page.text) == (403, True)


async def test_without_a_birth_date_nobody_is_asked(provider):
    provider.upstream.answer = unvouched(birth_date=None)
    await obtain_tokens(provider)
    assert provider.register.asked == []


async def test_a_strict_portal_is_told_of_who_is_known(provider):
    provider.register.answer = KNOWN
    page = await sign_in(provider, **STRICT)
    answered = await agree(provider, page)
    assert "code" in members(answered.headers["location"])
    assert len(provider.register.asked) == 1, "once for a session, not for every page"
    kinds = [one[0] for one in await events(provider)]
    assert kinds.index("PersonAsked") < kinds.index("PersonMatched") < kinds.index("PortalAnswered")
    assert all(about for kind, _, about in await events(provider) if kind.startswith("Person"))


@pytest.mark.parametrize(
    ("answer", "status", "code", "error"),
    [
        (SILENT, 503, "GW-1305", "temporarily_unavailable"),
        (DENIED, 503, "GW-1305", "temporarily_unavailable"),
        ({}, 503, "GW-1305", "temporarily_unavailable"),
        (NOBODY, 403, "GW-1306", "access_denied"),
        (CONTRADICTED, 403, "GW-1307", "access_denied"),
        (SEVERAL, 403, "GW-1308", "access_denied"),
    ],
)
async def test_a_strict_portal_is_told_of_nobody_else(provider, answer, status, code, error):
    provider.register.answer = answer
    page = await sign_in(provider, **STRICT)
    assert (page.status_code, code in page.text) == (status, True)
    assert f'data-error="{error}"' in page.text
    assert not [one for one in await events(provider) if one[0] == "PortalAnswered"]
    for value in ("BƯỞI", "BƯỚI", "999175000003"):
        assert value not in page.text


async def test_a_register_that_comes_back_lets_the_same_attempt_go_on(provider):
    provider.register.answer = SILENT
    page = await sign_in(provider, **STRICT)
    assert 'id="retry"' in page.text
    provider.register.answer = KNOWN
    shown = await provider.get(str(page.url).partition("?")[0])
    assert shown.status_code == 200
    assert "code" in members((await agree(provider, shown)).headers["location"])


async def test_who_has_no_number_is_in_no_register_and_no_call_is_made(provider):
    provider.upstream.answer = world.person(personal_number=None, passport_number="N00000014", account_type="foreigner")
    page = await sign_in(provider, **STRICT)
    assert (page.status_code, "GW-1306" in page.text) == (403, True)
    assert provider.register.asked == []


async def test_a_session_of_another_portal_does_not_go_round_the_register(provider):
    await obtain_tokens(provider)
    provider.register.answer = NOBODY
    request = {"response_type": "code", "scope": "openid", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    silent = await provider.get("/authorize?" + urlencode(request | STRICT | {"prompt": "none"}))
    refused = members(silent.headers["location"])
    assert refused["error"] in {"consent_required", "access_denied"}
    page = await provider.get("/authorize?" + urlencode(request | STRICT))
    shown = await provider.get(page.headers["location"])
    assert (shown.status_code, "GW-1306" in shown.text) == (403, True)
    posted = await provider.http.post(page.headers["location"], data={"csrf": "x", "decision": "allow"})
    assert "code=" not in posted.headers.get("location", "")


async def test_a_remembered_notice_does_not_go_round_it_either(provider):
    provider.register.answer = KNOWN
    await agree(provider, await sign_in(provider, **STRICT))
    provider.http.cookies.clear()
    provider.register.answer = NOBODY
    page = await sign_in(provider, **STRICT)
    assert (page.status_code, "GW-1306" in page.text) == (403, True)


async def test_a_silent_request_asks_the_register_too(provider):
    provider.register.answer = KNOWN
    await agree(provider, await sign_in(provider, **STRICT))
    record = (await provider.house.listing.select(Kind.SESSION))[0]
    assert record.body["match"] == "matched"
    request = {"response_type": "code", "scope": "openid profile", "prompt": "none"}
    request |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    silent = await provider.get("/authorize?" + urlencode(request | STRICT))
    assert "code" in members(silent.headers["location"])
    assert urlsplit(silent.headers["location"]).netloc == "127.0.0.1:8007"
