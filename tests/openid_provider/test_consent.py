"""Consent through HTTP: the page, yes, in part and no, what is remembered, the receipt, and the withdrawal."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import provider_house as world
import pytest
from consent_house import (
    MARRIAGE,
    OTHER,
    THIRD,
    answer,
    asked,
    change_person,
    consents,
    events,
    open_consent_house,
    own_page,
)
from journey import agree, authorize_url, hidden, members, obtain_code, redeem, sign_in
from provider_house import Provider

from gateway.consent.page_content import content_hash
from gateway.consent.parties import SEATS_A_DAY
from gateway.consent.record import consent_record
from gateway.vocabulary.store import Kind, RecordKey, Replace

pytestmark = pytest.mark.anyio


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    async with open_consent_house(tmp_path) as opened:
        yield opened


async def test_the_page_asks_before_any_source_and_ticks_nothing(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    assert page.status_code == 200
    assert "Bên nhận:" in page.text
    assert "Ủy ban nhân dân xã Trà Hồ" in page.text
    boxes = re.findall(r'<input type="checkbox"[^>]*>', page.text)
    assert boxes
    assert not any("checked" in box for box in boxes)
    names = [event["event"] for event in await events(provider)]
    assert "FormAsked" not in names
    assert "ConsentGiven" not in names


async def test_agreement_in_part_is_stored_with_the_answer_to_the_portal(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    answered = await answer(provider, page)
    code = members(answered.headers["location"])["code"]
    (consent,) = await consents(provider)
    assert consent.state_at(provider.clock.now()) == "partly"
    assert consent.agreed == {offer.field for offer in consent.offers if offer.required}
    assert (consent.client_id, consent.procedure, consent.dossier) == ("portal", MARRIAGE, "D-1")
    assert consent.content["recipient"]["vi"] == "Ủy ban nhân dân xã Trà Hồ"
    assert consent.method["control"] == "consent-allow"
    told = {event["event"]: event for event in await events(provider)}
    assert told["PortalAnswered"]["consent_id"] == told["ConsentGiven"]["consent_id"] == consent.id
    tokens = (await redeem(provider, code)).json()
    (grant,) = await provider.house.store.load(RecordKey(Kind.GRANT, consent.grants[0]))
    assert grant is not None
    assert grant.body["consent_id"] == consent.id
    assert tokens["access_token"].split("_")[1] in consent.grants[0]


async def test_a_ticked_box_counts_and_an_invented_one_does_not(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    await answer(provider, page, "party_a.ethnic_group", "party_b.ethnic_group", "head.full_name")
    (consent,) = await consents(provider)
    assert "party_a.ethnic_group" in consent.agreed
    assert all(name.startswith("party_a.") for name in consent.agreed)


async def test_a_refusal_is_stored_and_the_portal_gets_access_denied(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    answered = await answer(provider, page, decision="deny")
    assert members(answered.headers["location"])["error"] == "access_denied"
    (consent,) = await consents(provider)
    assert consent.state_at(provider.clock.now()) == "refused"
    assert consent.agreed == frozenset()
    names = [event["event"] for event in await events(provider)]
    assert "ConsentRefused" in names
    assert "ConsentGiven" not in names


async def test_another_page_than_the_one_shown_is_not_agreed_to(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    form = {"csrf": hidden(page.text, "csrf"), "decision": "allow"}
    for notice in ({}, {"notice": "0" * 64}):
        again = await provider.http.post(str(page.url), data={**form, **notice})
        assert again.headers["location"] == str(page.url)
    assert await consents(provider) == []


async def test_whoever_was_not_shown_the_page_neither_agrees_nor_refuses(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    form = {"csrf": hidden(page.text, "csrf").partition(".")[0] + ".0", "notice": hidden(page.text, "notice")}
    again = await provider.http.post(str(page.url), data={**form, "decision": "allow"})
    assert again.headers["location"] == str(page.url)
    await provider.http.post(str(page.url), data={**form, "decision": "deny"})
    assert await consents(provider) == []


async def test_the_same_page_is_not_shown_twice_and_prompt_consent_shows_it(provider: Provider) -> None:
    await answer(provider, await sign_in(provider, **asked()))
    silent = await provider.get(authorize_url(**asked(prompt="none")))
    assert "code" in members(silent.headers["location"])
    direct = await provider.get(authorize_url(**asked()))
    assert "code" in members(direct.headers["location"])
    (consent,) = await consents(provider)
    assert len(consent.grants) == 3
    for another in (asked(prompt="consent"), asked("D-2")):
        begun = await provider.get(authorize_url(**another))
        assert "/interaction/" in begun.headers["location"]
        assert "share." in (await provider.get(begun.headers["location"])).text
    refused = await provider.get(authorize_url(**asked("D-2", prompt="none")))
    assert members(refused.headers["location"])["error"] == "consent_required"


def claims_shown(page: httpx2.Response) -> list[str]:
    """Return what the page says that the sign-in itself tells, in Vietnamese."""
    (block,) = re.findall(r'<ul id="claims">(.*?)</ul>', page.text, re.DOTALL)
    return re.findall(r"<li>(.*?)</li>", block)


async def test_the_page_says_what_the_sign_in_itself_tells(provider: Provider) -> None:
    pseudonym = "Mã riêng của ông/bà tại dịch vụ này"
    page = await sign_in(provider, **asked())
    assert claims_shown(page) == [pseudonym]
    begun = await provider.get(authorize_url(**asked(scope="openid profile offline_access", prompt="consent")))
    page = await provider.get(begun.headers["location"])
    told = [pseudonym, "Họ, chữ đệm và tên", "Ngày, tháng, năm sinh", "Giới tính"]
    assert claims_shown(page) == [*told, "Truy cập sau khi ông/bà đăng xuất"]
    await answer(provider, page)
    (consent,) = await consents(provider)
    assert [label["vi"] for label in consent.content["claims"]] == claims_shown(page)


async def test_a_remembered_consent_covers_no_scope_that_its_page_did_not_tell(provider: Provider) -> None:
    await answer(provider, await sign_in(provider, **asked()))
    same = await provider.get(authorize_url(**asked(prompt="none")))
    assert "code" in members(same.headers["location"])
    refused = await provider.get(authorize_url(**asked(scope="openid profile", prompt="none")))
    assert members(refused.headers["location"])["error"] == "consent_required"
    begun = await provider.get(authorize_url(**asked(scope="openid profile")))
    await answer(provider, await provider.get(begun.headers["location"]))
    for covered in ("openid profile", "openid"):
        silent = await provider.get(authorize_url(**asked(scope=covered, prompt="none")))
        assert "code" in members(silent.headers["location"])


async def test_a_remembered_consent_does_not_cover_what_was_unknown_then(provider: Provider) -> None:
    provider.upstream.answer = world.person(sex=None)  # type: ignore[assignment]
    await answer(provider, await sign_in(provider, **asked(scope="openid profile")))
    await change_person(provider, world.person())
    page = await sign_in(provider, **asked(scope="openid profile"))
    assert "Giới tính" in claims_shown(page)


async def test_a_consent_of_an_earlier_version_named_no_claims_and_is_asked_for_anew(provider: Provider) -> None:
    await answer(provider, await sign_in(provider, **asked()))
    (consent,) = await consents(provider)
    content = {name: told for name, told in consent.content.items() if name != "claims"}
    former = replace(consent, content=content, content_hash=content_hash(content), version=consent.version + 1)
    assert (await provider.house.store.commit([Replace(consent_record(former))], now=provider.clock.now())).done
    refused = await provider.get(authorize_url(**asked(prompt="none")))
    assert members(refused.headers["location"])["error"] == "consent_required"


async def test_the_hash_of_a_page_with_fewer_scopes_agrees_to_no_more(provider: Provider) -> None:
    fewer = await sign_in(provider, **asked())
    begun = await provider.get(authorize_url(**asked(scope="openid profile")))
    more = await provider.get(begun.headers["location"])
    form = {"csrf": hidden(more.text, "csrf"), "notice": hidden(fewer.text, "notice"), "decision": "allow"}
    again = await provider.http.post(str(more.url), data=form)
    assert again.headers["location"] == str(more.url)
    assert await consents(provider) == []


@pytest.mark.parametrize("unknown", [{"sex": None}, {"sex": "other"}, {"birth_date": None}, {}])
@pytest.mark.parametrize("consent", [True, False])
async def test_a_page_names_what_userinfo_will_hold_and_nothing_else(
    provider: Provider, unknown: dict[str, None], consent: bool
) -> None:
    provider.upstream.answer = world.person(**unknown)  # type: ignore[assignment]
    page = await sign_in(provider, **(asked(scope="openid profile") if consent else {"scope": "openid profile"}))
    shown = claims_shown(page)
    answered = await answer(provider, page) if consent else await agree(provider, page)
    tokens = (await redeem(provider, members(answered.headers["location"])["code"])).json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    told = (await provider.get("/userinfo", headers=bearer)).json()
    assert ("Giới tính" in shown) == ("gender" in told) == ("sex" not in unknown)
    assert ("Ngày, tháng, năm sinh" in shown) == ("birthdate" in told) == ("birth_date" not in unknown)
    assert "Họ, chữ đệm và tên" in shown
    assert "name" in told


async def test_a_new_answer_supersedes_the_former_one(provider: Provider) -> None:
    await answer(provider, await sign_in(provider, **asked()))
    begun = await provider.get(authorize_url(**asked(prompt="consent")))
    await answer(provider, await provider.get(begun.headers["location"]), "party_a.ethnic_group")
    now = provider.clock.now()
    by_state = {one.state_at(now): one for one in await consents(provider)}
    assert "party_a.ethnic_group" not in by_state["superseded"].agreed
    assert "party_a.ethnic_group" in (by_state.get("given") or by_state["partly"]).agreed
    assert [e["event"] for e in await events(provider) if e["event"].startswith("Consent")] == [
        *("ConsentGiven", "ConsentSuperseded", "ConsentGiven")
    ]


async def test_a_second_press_of_the_button_answers_once(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    assert (await answer(provider, page)).status_code == 303
    assert (await answer(provider, page)).status_code == 409 or len(await consents(provider)) == 1
    assert len(await consents(provider)) == 1


async def test_three_persons_on_one_dossier(provider: Provider) -> None:
    await answer(provider, await sign_in(provider, **asked()))
    await change_person(provider, OTHER)
    page = await sign_in(provider, **asked())
    assert "T••• T•• B•••" in page.text
    assert "BƯỞI" not in page.text
    await answer(provider, page)
    await change_person(provider, THIRD)
    refused = await sign_in(provider, **asked())
    assert refused.status_code == 403
    assert "PF-136" in refused.text
    assert "error=access_denied" in refused.text
    assert {one.party: one.citizen.full_name for one in await consents(provider)} == {1: "TRẦN THỊ BƯỞI", 2: "SƠN"}


async def test_nobody_takes_a_place_in_one_dossier_after_another(provider: Provider) -> None:
    await answer(provider, await sign_in(provider, **asked("D-0")))
    for number in range(1, SEATS_A_DAY + 1):
        begun = await provider.get(authorize_url(**asked(f"D-{number}")))
        page = await provider.get(begun.headers["location"])
        answered = await answer(provider, page)
    told = await provider.get(answered.headers["location"])
    assert told.status_code == 429
    assert "PF-139" in told.text
    assert len(await consents(provider)) == SEATS_A_DAY
    again = await provider.get(authorize_url(**asked("D-0", prompt="consent")))
    assert (await answer(provider, await provider.get(again.headers["location"]))).status_code == 303, (
        "one joined before"
    )
    provider.clock.move(timedelta(days=1))
    await answer(provider, await sign_in(provider, **asked("D-9")))
    assert len(await consents(provider)) == SEATS_A_DAY + 2


async def test_the_laws_notice_is_no_consent(provider: Provider) -> None:
    provider.house.forms.sources.ask = None  # type: ignore[attr-defined]  the notice page does ask; not here
    object.__setattr__(provider.house, "forms", world.EmptyForms())
    page = await sign_in(provider, scope="openid procedure:1.004222")
    assert "Không đồng ý" not in page.text
    assert "Tiếp tục" in page.text
    await agree(provider, page)
    assert await consents(provider) == []


async def test_a_person_reads_and_withdraws_their_own_consent(provider: Provider) -> None:
    consent, page = await own_page(provider)
    assert page.status_code == 200
    assert 'data-state="partly"' in page.text
    away = f"{world.ISSUER}/consents/{consent.id}/withdraw"
    for forged in ({"csrf": "0" * 64}, {}):
        undone = await provider.http.post(away, data=forged)
        assert undone.headers["location"].endswith("?undone=on")
        assert 'id="undone"' in (await provider.get(undone.headers["location"])).text
    assert (await consents(provider))[0].opens(provider.clock.now())
    done = await provider.http.post(away, data={"csrf": hidden(page.text, "csrf")})
    assert (done.status_code, done.headers["location"]) == (303, f"{world.ISSUER}/consents/{consent.id}")
    after = await provider.get(done.headers["location"])
    assert 'data-state="withdrawn"' in after.text
    assert "consent-withdraw" not in after.text
    again = await provider.get(authorize_url(**asked(prompt="none")))
    assert members(again.headers["location"])["error"] == "consent_required"


async def test_the_own_pages_list_what_was_agreed_to_and_refused(provider: Provider) -> None:
    await answer(provider, await sign_in(provider, **asked()))
    begun = await provider.get(authorize_url(**asked("D-2")))
    await answer(provider, await provider.get(begun.headers["location"]), decision="deny")
    page = (await provider.get("/me/connections")).text
    assert re.findall(r'data-consent="(\w+)"', page) == ["refused", "partly"]
    addresses = re.findall(r'href="[^"]*(/consents/cs_[\w-]{22})"', page)
    assert len(addresses) == 2
    assert (await provider.get(addresses[0])).status_code == 200
    await change_person(provider, OTHER)
    await sign_in(provider, **asked("D-3"))
    assert "data-consent" not in (await provider.get("/me/connections")).text


async def test_a_withdrawal_ends_access_and_refresh_tokens(provider: Provider) -> None:
    code = await obtain_code(provider, scope="openid")
    assert (await redeem(provider, code)).status_code == 200
    wanted = asked(prompt="consent", scope="openid offline_access")
    begun = await provider.get(authorize_url(**wanted))
    answered = await answer(provider, await provider.get(begun.headers["location"]))
    tokens = (await redeem(provider, members(answered.headers["location"])["code"])).json()
    (consent,) = await consents(provider)
    page = await provider.get(f"{world.ISSUER}/consents/{consent.id}")
    away = f"{world.ISSUER}/consents/{consent.id}/withdraw"
    assert (await provider.http.post(away, data={"csrf": hidden(page.text, "csrf")})).status_code == 303
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await provider.http.get("/userinfo", headers=bearer)).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    refused = await redeem(provider, None, **form, redirect_uri=None, code_verifier=None)
    assert refused.json()["error"] == "invalid_grant"


async def test_nobody_else_finds_a_consent(provider: Provider) -> None:
    consent, page = await own_page(provider)
    proof = hidden(page.text, "csrf")
    places = [f"/consents/{consent.id}{rest}" for rest in ("", "/receipt.pdf", "/receipt.jws")]
    await change_person(provider, OTHER)
    await sign_in(provider, scope="openid")
    for place in [*places, "/consents/cs_" + "A" * 22, "/consents/..", "/consents/cs_%00"]:
        assert (await provider.get(world.ISSUER + place)).status_code == 404, place
    away = f"{world.ISSUER}/consents/{consent.id}/withdraw"
    assert (await provider.http.post(away, data={"csrf": proof})).status_code == 404
    assert (await consents(provider))[0].opens(provider.clock.now())
