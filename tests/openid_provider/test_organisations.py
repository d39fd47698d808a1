"""Organisation accounts: the human signs in, the organisation stands beside them, and the two accounts never mix."""

import httpx2
import provider_house as world
import pytest
from journey import (
    agree,
    authorize_url,
    basic,
    hidden,
    members,
    obtain_tokens,
    reach_sign_in,
    redeem,
    shown_by,
    sign_in,
)

from gateway.application.joints import TokenBearers
from gateway.identity_providers.contract import Authentication
from gateway.tokens.jose import ID_TOKEN, verify
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio
COMPANY = Organisation(kind="business", name="Công ty Chè Giả Định", tax_code="9900000101", business_code="9900000101")
TOLD = {
    "type": "represented_organisation",
    "kind": "business",
    "name": "Công ty Chè Giả Định",
    "tax_code": "9900000101",
    "business_code": "9900000101",
}


def company(**changes: object) -> Authentication:
    """Return the sign-in of a company's account by the person that most tests are about."""
    members = {"account_type": "organisation", "account_level": None, "acr": None, "organisation": COMPANY}
    return world.person(**{**members, "subject": "company-1", **changes})


async def introspected(provider: world.Provider, token: str) -> dict[str, object]:
    told: dict[str, object] = (await provider.http.post("/introspect", data={"token": token}, headers=basic())).json()
    return told


async def kept(provider: world.Provider) -> list[dict[str, object]]:
    return [record.body for record in await provider.house.listing.select(Kind.CITIZEN)]


async def alive(provider: world.Provider, tokens: dict[str, str]) -> bool:
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    return (await provider.get("/userinfo", headers=bearer)).status_code == 200


async def sign_in_as(provider: world.Provider, seen: Authentication, **asked: str) -> dict[str, str]:
    provider.upstream.answer = seen
    return await obtain_tokens(provider, **asked)


async def test_the_organisation_stands_in_the_details_and_nowhere_else(provider: world.Provider) -> None:
    tokens = await sign_in_as(provider, company(), scope="openid profile offline_access", prompt="consent")
    assert tokens["authorization_details"] == [TOLD]
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = (await provider.http.post("/token", data=form, headers=basic())).json()
    assert again["authorization_details"] == [TOLD]
    for token in (tokens["access_token"], tokens["refresh_token"], again["access_token"]):
        assert (await introspected(provider, token))["authorization_details"] == [TOLD]
    claims = verify(
        tokens["id_token"], ID_TOKEN, provider.house.keys, now=world.START, issuer=world.ISSUER, audience="portal"
    )
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    person = (await provider.get("/userinfo", headers=bearer)).json()
    assert person["name"] == "TRẦN THỊ BƯỞI"
    assert "acr" not in claims
    assert not any("9900000101" in str(one) or "Chè" in str(one) for one in (claims, person))


async def test_the_subject_is_the_human_being_whoever_is_acted_for(provider: world.Provider) -> None:
    own = await sign_in_as(provider, world.person())
    acting = await sign_in_as(provider, company(), prompt="login")
    told = [await introspected(provider, tokens["access_token"]) for tokens in (acting,)]
    provider.http.cookies.clear()
    again = await sign_in_as(provider, world.person())
    assert told[0]["sub"] == (await introspected(provider, again["access_token"]))["sub"]
    assert "authorization_details" not in own
    assert "authorization_details" not in again


async def test_the_two_accounts_never_mix(provider: world.Provider) -> None:
    """One human being, two accounts: neither takes the other's session, level, notice or number of an account."""
    own = await sign_in_as(provider, world.person())
    assert await alive(provider, own)
    provider.upstream.answer = company()
    attempt, callback = await reach_sign_in(provider, prompt="login")
    await provider.get(callback)
    assert not await alive(provider, own), "the other account's session ends with its grants"
    page = await provider.get(attempt)
    assert page.status_code == 200, "the notice that was read for the own account says nothing about this one"
    assert COMPANY.name in page.text
    assert COMPANY.tax_code in page.text
    told = page.text.partition("Sẽ gửi đi")[2].partition("</ul>")[0]
    assert "Thay mặt tổ chức" in told
    assert "Mã số thuế của tổ chức" in told
    (citizen,) = await kept(provider)
    assert (citizen["account_type"], citizen["account_level"], citizen["organisation"]) == ("citizen", 2, None)
    assert len(await provider.house.listing.select(Kind.ACCOUNT)) == 2


async def test_the_same_upstream_subject_of_another_type_is_another_account(provider: world.Provider) -> None:
    await sign_in_as(provider, world.person())
    provider.http.cookies.clear()
    await sign_in_as(provider, company(subject="person-3"))
    assert len(await provider.house.listing.select(Kind.ACCOUNT)) == 2


async def test_a_notice_shown_to_the_person_is_not_answered_for_the_organisation(provider: world.Provider) -> None:
    provider.upstream.answer = world.person()
    page = await sign_in(provider)
    attempt = str(page.url)
    shown = hidden(page.text, "csrf")
    provider.upstream.answer = company()
    _, callback = await reach_sign_in(provider, prompt="login")
    await provider.get(callback)
    answered = await provider.http.post(attempt, data={"csrf": shown, "decision": "allow"})
    assert answered.headers["location"] == attempt, "asked again, not answered"


async def test_an_organisation_first_does_not_give_the_person_its_level(provider: world.Provider) -> None:
    await sign_in_as(provider, company())
    (citizen,) = await kept(provider)
    assert (citizen["account_type"], citizen["account_level"], citizen["organisation"]) == ("citizen", None, None)


async def test_a_representative_who_contradicts_the_person_is_reviewed(provider: world.Provider) -> None:
    await sign_in_as(provider, world.person())
    provider.http.cookies.clear()
    provider.upstream.answer = company(full_name="Ma Văn Lùng")
    page = await sign_in(provider)
    assert (page.status_code, "GW-1304" in page.text) == (403, True)


async def refused_form(provider: world.Provider, **asked: str) -> httpx2.Response:
    provider.upstream.answer = company()
    return await sign_in(provider, **{"scope": "openid procedure:1.004222", **asked})


async def test_a_procedure_for_persons_refuses_an_organisation(provider: world.Provider) -> None:
    page = await refused_form(provider)
    assert (page.status_code, "PF-009" in page.text) == (403, True)
    assert "tài khoản cá nhân" in page.text
    back = members(page.text.partition('id="return" href="')[2].partition('"')[0].replace("&amp;", "&"))
    assert (back["error"], back["state"]) == ("access_denied", "st-1")
    assert back["error_uri"].startswith(f"{world.ISSUER}/errors/PF-009?receipt=rf_")


async def test_named_by_details_it_is_refused_as_well(provider: world.Provider) -> None:
    detail = '[{"type":"prefill","procedure":"1.004222"}]'
    page = await refused_form(provider, scope="openid", authorization_details=detail)
    assert "PF-009" in page.text


async def test_who_signed_in_for_an_organisation_is_asked_for_the_own_account(provider: world.Provider) -> None:
    await sign_in_as(provider, company(), scope="openid")
    url = authorize_url(scope="openid procedure:1.004222", prompt="none")
    told = members((await provider.get(url)).headers["location"])
    assert (told["error"], "PF-009" in told["error_uri"]) == ("access_denied", True)
    provider.upstream.answer = world.person()
    page = await sign_in(provider, scope="openid procedure:1.004222")
    assert provider.upstream.begun[-1].prompt_login
    tokens = (await redeem(provider, members((await agree(provider, page)).headers["location"])["code"])).json()
    bearer = await TokenBearers(provider.house).read(shown_by(tokens["access_token"]))
    assert bearer.citizen is not None
    assert bearer.citizen.organisation is None
    assert bearer.procedures == {"1.004222"}


async def test_an_account_without_a_representatives_number_is_its_own_subject(provider: world.Provider) -> None:
    own = await sign_in_as(provider, world.person())
    subject = (await introspected(provider, own["access_token"]))["sub"]
    provider.http.cookies.clear()
    nameless = await sign_in_as(provider, company(personal_number=None))
    assert (await introspected(provider, nameless["access_token"]))["sub"] != subject
