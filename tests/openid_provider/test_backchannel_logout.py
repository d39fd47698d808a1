"""Portals are told when a sign-in ends: who, of what, by which token, and when nobody is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import orjson
import provider_house as world
import pytest
from journey import VERIFIER, agree, authorize_url, basic, hidden, members, obtain_tokens, redeem
from own_visitor import OTHER, enter, obtain_code, press, tokens_of
from portals_told import ToldHouse, open_told_house
from pydantic import ValidationError

from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import ID_TOKEN, verify
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio
EVENT = "http://schemas.openid.net/event/backchannel-logout"
APP = {"client_id": "app", "redirect_uri": "http://127.0.0.1:8005/callback"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ToldHouse]:
    """Portals that listen."""
    async with open_told_house(tmp_path) as opened:
        yield opened


def id_claims(house: ToldHouse, tokens: dict[str, str], audience: str = "portal") -> dict[str, object]:
    """Return the claims of an ID token."""
    keys, now = house.provider.house.keys, house.provider.clock.now()
    return verify(tokens["id_token"], ID_TOKEN, keys, now=now, issuer=world.ISSUER, audience=audience)


async def app_tokens(house: ToldHouse) -> dict[str, str]:
    """Sign in at the second portal, in the same session."""
    code = await obtain_code(house.provider, **APP)
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, **APP}
    answer = await house.provider.http.post("/token", data=form)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


async def by_portal(house: ToldHouse, tokens: dict[str, str]) -> None:
    """The portal sends the browser to `/logout`."""
    answer = await house.provider.get("/logout", params={"id_token_hint": tokens["id_token"]})
    assert answer.status_code == 200


async def at_own_page(house: ToldHouse, tokens: dict[str, str]) -> None:
    """The person signs out at `/me`."""
    page = await enter(house.provider)
    assert (await press(house.provider, page, "/me/sign-out")).status_code == 200


async def not_me(house: ToldHouse, tokens: dict[str, str]) -> None:
    """The person says that a sign-in was not theirs."""
    page = await enter(house.provider, "/me/notices")
    notice = page.text.partition('data-notice="')[2].partition('"')[0]
    assert (await press(house.provider, page, "/me/notices/not-me", notice=notice)).status_code == 200


async def somebody_else(house: ToldHouse, tokens: dict[str, str]) -> None:
    """Somebody else signs in in this browser."""
    house.provider.upstream.answer = world.person(**OTHER)
    begun = await house.provider.get(authorize_url(prompt="login"))
    attempt = begun.headers["location"]
    choice = await house.provider.get(attempt)
    chosen = await press(house.provider, choice, attempt, provider="fake")
    state = members(chosen.headers["location"])["state"]
    assert (await house.provider.get(f"/upstream/fake/callback?code=x&state={state}")).status_code == 303


Act = Callable[[ToldHouse, dict[str, str]], Awaitable[None]]


@pytest.mark.parametrize("act", [by_portal, at_own_page, not_me, somebody_else])
async def test_every_portal_of_a_session_is_told_of_its_own_sign_in(house: ToldHouse, act: Act) -> None:
    first = await obtain_tokens(house.provider)
    second = await app_tokens(house)
    claims = {"first": id_claims(house, first), "second": id_claims(house, second, "app")}
    await act(house, first)
    assert house.receiver.seen == [], "nothing is sent while the person waits"
    told = {one.path.strip("/"): one for one in await house.told()}
    assert told.keys() == {"first", "second"}
    assert len(house.receiver.seen) == 2
    for path, audience in (("first", "portal"), ("second", "app")):
        token, signed_in = told[path], claims[path]
        assert token.header["typ"] == "logout+jwt"
        assert token.claims.keys() == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}
        assert token.claims["aud"] == audience
        assert (token.claims["sub"], token.claims["sid"]) == (signed_in["sub"], signed_in["sid"])
        assert token.claims["events"] == {EVENT: {}}
        assert 0 < token.claims["exp"] - token.claims["iat"] <= 120
    assert told["first"].claims["sub"] != told["second"].claims["sub"], "pairwise, here too"
    assert len({one.claims["jti"] for one in told.values()}) == 2


async def outcomes(house: ToldHouse) -> list[tuple[object, object, bool]]:
    """Return portal, outcome and whether a person is named of each `LogoutTold`."""
    leaves = [orjson.loads(event.leaf) for event in await house.provider.journal.pending(1000)]
    told = [leaf for leaf in leaves if leaf["event"] == "LogoutTold"]
    return [(leaf["portal"], leaf["outcome"], leaf["subject_ref"] is not None) for leaf in told]


async def test_the_log_says_who_was_told(house: ToldHouse) -> None:
    await by_portal(house, await obtain_tokens(house.provider))
    await house.told()
    assert await outcomes(house) == [("portal", "delivered", True)]
    await enter(house.provider)
    page = await house.provider.get("/me/usage")
    assert "được gửi thông báo ông/bà đã kết thúc phiên đăng nhập" in page.text


@pytest.mark.parametrize("block", [False, True], ids=["withdrawn", "blocked"])
async def test_a_portal_that_is_stopped_is_told_and_no_other(house: ToldHouse, block: bool) -> None:
    tokens = await obtain_tokens(house.provider)
    await app_tokens(house)
    if block:
        page = await enter(house.provider, "/me/report?portal=portal")
        form = {"once": hidden(page.text, "once"), "portal": "portal", "concern": "other", "block": "yes"}
        assert (await press(house.provider, page, "/me/report", **form)).status_code == 303
    else:
        page = await enter(house.provider, "/me/connections")
        await press(house.provider, page, "/me/connections/withdraw", portal="portal")
    (told,) = await house.told()
    assert (told.path, told.claims["sid"]) == ("/first", id_claims(house, tokens)["sid"])


async def test_each_sign_in_of_one_browser_is_named(house: ToldHouse) -> None:
    first = await obtain_tokens(house.provider)
    begun = await house.provider.get(authorize_url(prompt="login"))
    attempt = begun.headers["location"]
    chosen = await press(house.provider, await house.provider.get(attempt), attempt, provider="fake")
    state = members(chosen.headers["location"])["state"]
    await house.provider.get(f"/upstream/fake/callback?code=x&state={state}")
    answered = await house.provider.get(attempt)
    answered = answered if answered.status_code == 303 else await agree(house.provider, answered)
    second = (await redeem(house.provider, members(answered.headers["location"])["code"])).json()
    sids = {str(id_claims(house, one)["sid"]) for one in (first, second)}
    assert len(sids) == 2
    await by_portal(house, second)
    assert {one.claims["sid"] for one in await house.told()} == sids


async def test_offline_access_outlives_the_session_and_is_told_of_it(house: ToldHouse) -> None:
    tokens = await obtain_tokens(house.provider, scope="openid offline_access", prompt="consent")
    await by_portal(house, tokens)
    assert len(await house.told()) == 1
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await house.provider.http.post("/token", data=form, headers=basic())).status_code == 200


async def test_a_session_that_runs_out_tells_nobody(house: ToldHouse) -> None:
    await obtain_tokens(house.provider)
    house.provider.clock.move(timedelta(hours=25))
    assert await house.told() == []


async def test_a_request_without_openid_has_no_sign_in_to_end(house: ToldHouse) -> None:
    await tokens_of(house.provider, scope="profile")
    await at_own_page(house, {})
    assert await house.told() == []


async def test_a_portal_that_was_down_gets_a_token_of_the_hour(house: ToldHouse) -> None:
    house.receiver.answers["/first"] = [(503, {}), (200, {})]
    await by_portal(house, await obtain_tokens(house.provider))
    (early,) = await house.told()
    house.provider.clock.move(timedelta(minutes=10))
    house.receiver.seen.clear()
    (late,) = await house.told()
    assert late.claims["iat"] - early.claims["iat"] == 600
    assert late.claims["jti"] != early.claims["jti"]
    assert late.claims["sid"] == early.claims["sid"]


async def test_a_corrected_address_counts_for_the_next_try_and_a_removed_one_ends_it(house: ToldHouse) -> None:
    house.receiver.answers["/first"] = [(404, {})]
    await by_portal(house, await obtain_tokens(house.provider))
    await house.courier.work()
    portal = house.provider.house.clients.get("portal")
    assert portal is not None
    moved = portal.model_copy(update={"backchannel_logout_uri": f"{house.receiver.address}/moved"})
    house.provider.house.clients.replace_seeds([moved])
    house.receiver.answers["/moved"] = [(404, {})]
    house.provider.clock.move(timedelta(seconds=10))
    await house.courier.work()
    assert [path for path, _ in house.receiver.seen] == ["/first", "/moved"]
    house.provider.house.clients.replace_seeds([moved.model_copy(update={"backchannel_logout_uri": None})])
    house.provider.clock.move(timedelta(seconds=30))
    await house.courier.work()
    assert await outcomes(house) == [("portal", "dropped", True)]


async def test_somebody_who_was_erased_is_signed_out_all_the_same(house: ToldHouse, tmp_path: Path) -> None:
    await by_portal(house, await obtain_tokens(house.provider))
    (citizen,) = await house.provider.house.listing.select(Kind.CITIZEN)
    await house.provider.house.evidence._keys.erase(citizen.key)
    assert len(await house.told()) == 1
    assert await outcomes(house) == [("portal", "delivered", False)]


async def test_the_token_is_signed_as_the_portals_id_tokens_are(house: ToldHouse) -> None:
    portal = house.provider.house.clients.get("portal")
    assert portal is not None
    house.provider.house.clients.replace_seeds([portal.model_copy(update={"id_token_signed_response_alg": "RS256"})])
    await by_portal(house, await obtain_tokens(house.provider))
    (told,) = await house.told()
    assert told.header["alg"] == "RS256"


async def test_metadata_announces_it(house: ToldHouse) -> None:
    document = (await house.provider.get("/.well-known/openid-configuration")).json()
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
    assert "sid" in document["claims_supported"]


def test_an_officers_software_cannot_ask_for_it() -> None:
    members_of = {"client_id": "desk", "client_secret": "s" * 43, "redirect_uris": ["https://desk.example/back"]}
    with pytest.raises(ValidationError, match="citizens only"):
        Portal.model_validate({**members_of, "realm": "staff", "backchannel_logout_uri": "https://desk.example/out"})
