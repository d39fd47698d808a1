"""Two realms in one provider: an officer signs in at a desk, and nothing of one realm opens anything of the other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import journey
import provider_house as world
import pytest
import staff_journey as staff

from gateway.application.joints import TokenBearers
from gateway.openid_provider.bearer import read_caller
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidToken
from gateway.openid_provider.grant import grant_of
from gateway.openid_provider.staff_realm.failure import NotForStaff
from gateway.openid_provider.staff_realm.grant import read_officer, staff_grant_of
from gateway.tokens.issue import parse
from gateway.tokens.jose import ID_TOKEN_HINT, verify
from gateway.vocabulary.officer import StaffAccount
from gateway.vocabulary.store import Insert, Kind

pytestmark = pytest.mark.anyio

CITIZENS = (Kind.CITIZEN, Kind.ACCOUNT, Kind.CITIZEN_NUMBER, Kind.SESSION, Kind.ACCESS_TOKEN)
STAFF = (Kind.STAFF_SUBJECT, Kind.STAFF_ACCOUNT, Kind.STAFF_NUMBER, Kind.STAFF_SESSION, Kind.STAFF_TOKEN)


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[world.Provider]:
    """A provider where one person is a citizen and an officer: same name, same digits, at both sign-ins."""
    async with world.open_provider(tmp_path) as opened:
        same = StaffAccount(number="999175000003", agency="H55.10.02", roles=("desk_officer",))
        opened.staff.answer = world.officer(subject="person-3", full_name="TRẦN THỊ BƯỞI", staff=same)
        yield opened


async def count(provider: world.Provider, kinds: tuple[Kind, ...]) -> dict[Kind, int]:
    return {kind: len(await provider.house.listing.select(kind)) for kind in kinds}


async def test_an_officer_signs_in_at_a_desk(provider: world.Provider) -> None:
    answer = await staff.redeem_desk(provider, await staff.desk_code(provider))
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert "refresh_token" not in tokens
    claims = await verified(provider, tokens["id_token"])
    assert claims["sub"].startswith("officer-")
    assert (claims["agency_code"], claims["nonce"], "name" in claims) == ("H55.01", "no-1", False)
    header = {"authorization": f"Bearer {tokens['access_token']}"}
    told = (await provider.http.get("/userinfo", headers=header)).json()
    assert told == {
        "sub": claims["sub"],
        "name": "Đinh Thị Hoà",
        "agency_code": "H55.01",
        "roles": ["security_officer"],
    }
    access = await read_officer(provider.house, [header["authorization"]])
    assert access.grant.officer.reference.startswith("staff:")
    names = [event["event"] for event in await world.events_of(provider)]
    assert names == ["StaffSignedIn", "PortalAnswered", "CodeRedeemed"]
    # a second time there is a session: no page at all
    assert await staff.desk_code(provider, prompt="none")


@pytest.mark.parametrize(
    ("told", "code"),
    [({"register_code": "H55.01-CB1"}, "H55.01-CB1"), ({}, None), ({"code_by_reference": True}, "reference")],
)
async def test_registers_know_an_officer_by_the_code_of_the_sign_in_or_where_set_so_by_our_reference(
    provider: world.Provider, told: dict[str, Any], code: str | None
) -> None:
    account = StaffAccount(number="999180000101", agency="H55.01", roles=("desk_officer",), **told)
    provider.staff.answer = world.officer(staff=account)
    tokens = (await staff.redeem_desk(provider, await staff.desk_code(provider))).json()
    bearer = journey.shown_by(tokens["access_token"])
    officer = (await TokenBearers(provider.house).read(bearer)).officer
    assert officer is not None
    wanted = officer.reference.removeprefix("staff:")[:20] if code == "reference" else code
    assert officer.register_code == wanted
    header = {"authorization": bearer.authorization[0]}
    assert "register_code" not in (await provider.http.get("/userinfo", headers=header)).json()
    events = str(await world.events_of(provider))
    assert "H55.01-CB1" not in events


async def introspected(provider: world.Provider, token: str, *, client: str = "desk") -> dict[str, Any]:
    answer = await provider.http.post("/introspect", data={"token": token}, headers=journey.basic(client))
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_the_server_behind_a_desk_is_told_of_its_own_officers_token(provider: world.Provider) -> None:
    code = await staff.desk_code(provider, scope="openid profile procedure:1.004222")
    tokens = (await staff.redeem_desk(provider, code)).json()
    told = await introspected(provider, tokens["access_token"])
    assert told["active"] is True
    assert told["sub"].startswith("officer-")
    assert (told["client_id"], told["aud"], told["iss"]) == ("desk", world.ISSUER, world.ISSUER)
    assert (told["roles"], told["agency_code"]) == (["security_officer"], "H55.01")
    assert told["scope"].split() == ["openid", "profile", "procedure:1.004222"]
    assert told["exp"] > told["iat"]
    assert "acr" not in told
    assert "register_code" not in told
    # another client, of whichever realm, learns nothing; nor does the desk of a citizen's token
    assert await introspected(provider, tokens["access_token"], client="portal") == {"active": False}
    citizen = await journey.obtain_tokens(provider)
    assert await introspected(provider, citizen["access_token"]) == {"active": False}
    assert await introspected(provider, citizen["access_token"].replace("ga_", "sa_")) == {"active": False}
    await provider.http.post("/revoke", data={"token": tokens["access_token"]}, headers=journey.basic("desk"))
    assert await introspected(provider, tokens["access_token"]) == {"active": False}


async def test_without_the_scope_for_it_introspection_tells_no_name_and_no_role(provider: world.Provider) -> None:
    tokens = (await staff.redeem_desk(provider, await staff.desk_code(provider, scope="openid"))).json()
    told = await introspected(provider, tokens["access_token"])
    assert told["active"] is True
    assert not told.keys() & {"name", "roles", "agency_code"}


async def test_a_desk_is_answered_as_the_protocol_says(provider: world.Provider) -> None:
    url = journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK, prompt="none")
    assert journey.members((await provider.get(url)).headers["location"])["error"] == "login_required"
    begun = await provider.get(journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK))
    page = await provider.get(begun.headers["location"])
    form = {"csrf": journey.hidden(page.text, "csrf"), "cancel": "1"}
    left = await provider.http.post(begun.headers["location"], data=form)
    assert journey.members(left.headers["location"])["error"] == "access_denied"
    posted = await provider.http.post(
        "/authorize",
        data=dict(
            pair.split("=")
            for pair in [
                "client_id=desk",
                f"redirect_uri={staff.DESK_CALLBACK}",
                "response_type=code",
                "scope=openid",
                f"code_challenge={journey.CHALLENGE}",
                "code_challenge_method=S256",
                "state=st-2",
            ]
        ),
    )
    assert posted.headers["location"].startswith(f"{world.ISSUER}/staff/interaction/")
    details = '[{"type":"prefill","procedure":"1.004222"}]'
    url = journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK, authorization_details=details)
    refused = journey.members((await provider.get(url)).headers["location"])
    assert refused["error"] == "invalid_authorization_details"
    code = await staff.desk_code(provider, prompt="login")
    assert (await staff.redeem_desk(provider, code, code_verifier="w" * 43)).json()["error"] == "invalid_grant"
    assert (await journey.redeem(provider, code, redirect_uri=staff.DESK_CALLBACK)).json()["error"] == "invalid_grant"
    first, second = await asyncio.gather(staff.redeem_desk(provider, code), staff.redeem_desk(provider, code))
    assert sorted((first.status_code, second.status_code)) == [200, 400]
    token = (first if first.status_code == 200 else second).json()["access_token"]
    with pytest.raises(NotForStaff):
        await read_officer(provider.house, [f"Bearer {token}"])  # the replay ended the grant


async def test_one_person_in_both_realms_is_two_subjects_without_one_record_in_common(both: world.Provider) -> None:
    await journey.obtain_tokens(both)
    before = await count(both, CITIZENS)
    assert await count(both, STAFF) == dict.fromkeys(STAFF, 0)
    tokens = (await staff.redeem_desk(both, await staff.desk_code(both))).json()
    assert await count(both, CITIZENS) == before
    assert all((await count(both, STAFF)).values())
    (citizen,) = await both.house.listing.select(Kind.CITIZEN)
    (subject,) = await both.house.listing.select(Kind.STAFF_SUBJECT)
    keys = {record.key for kind in CITIZENS for record in await both.house.listing.select(kind)}
    other = {record.key for kind in STAFF for record in await both.house.listing.select(kind)}
    assert citizen.key != subject.key
    assert keys.isdisjoint(other)
    assert "999175000003" not in str(subject.body)
    claims = await verified(both, tokens["id_token"])
    assert len(claims["sub"]) == 60  # a citizen's has 52 letters and no dash


async def test_sessions_do_not_cross_and_swapped_cookies_open_nothing(both: world.Provider) -> None:
    await journey.obtain_tokens(both)
    await staff.desk_code(both)
    citizen, officer = both.http.cookies["gw_session"], both.http.cookies["gw_staff_session"]
    both.http.cookies.clear()
    both.http.cookies.set("gw_session", officer)
    both.http.cookies.set("gw_staff_session", citizen)
    for client, address in (("portal", world.CALLBACK), ("desk", staff.DESK_CALLBACK)):
        answer = await both.get(journey.authorize_url(client_id=client, redirect_uri=address, prompt="none"))
        assert journey.members(answer.headers["location"])["error"] == "login_required"
    both.http.cookies.clear()
    both.http.cookies.set("gw_staff_session", officer)
    answer = await both.get(journey.authorize_url(prompt="none"))
    assert journey.members(answer.headers["location"])["error"] == "login_required", "an officer is no citizen"
    both.http.cookies.clear()
    both.http.cookies.set("gw_session", citizen)
    url = journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK, prompt="none")
    assert journey.members((await both.get(url)).headers["location"])["error"] == "login_required"


async def test_tokens_do_not_cross(both: world.Provider) -> None:
    citizen = (await journey.obtain_tokens(both))["access_token"]
    officer = (await staff.redeem_desk(both, await staff.desk_code(both))).json()["access_token"]
    command = await staff.obtain_staff_token(both)
    own = await both.http.post("/token", data={"grant_type": "client_credentials"}, headers=journey.basic())
    for token in (officer, command):
        with pytest.raises(InvalidToken):
            await read_caller(both.house, journey.shown_by(token))
    for token in (citizen, own.json()["access_token"], "ga_x", officer.replace("sa_", "ga_")):
        with pytest.raises(NotForStaff):
            await read_officer(both.house, [f"Bearer {token}"])
    for token in (citizen, own.json()["access_token"]):
        renamed = token.replace("ga_", "sa_")
        with pytest.raises(NotForStaff):
            await read_officer(both.house, [f"Bearer {renamed}"])
    asked = await both.http.post("/introspect", data={"token": officer}, headers=journey.basic())
    assert asked.json() == {"active": False}


async def test_grants_and_codes_do_not_cross(both: world.Provider) -> None:
    code, desk = await journey.obtain_code(both), await staff.desk_code(both)
    grants = {record.key: record for record in await both.house.listing.select(Kind.GRANT)}
    now = both.clock.now()
    citizen, officer = (grants[named[1]] for named in map(parse, (code, desk)) if named)
    assert (grant_of(officer, now), staff_grant_of(citizen, now)) == (None, None)
    assert grant_of(citizen, now)
    assert staff_grant_of(officer, now)
    for wrong in (desk, desk.replace("sc_", "gc_")):
        assert (await journey.redeem(both, wrong)).json()["error"] == "invalid_grant"
    for wrong in (code, code.replace("gc_", "sc_")):
        assert (await staff.redeem_desk(both, wrong)).json()["error"] == "invalid_grant"
    assert (await journey.redeem(both, code)).status_code == 200, "nobody's try spent it"
    assert (await staff.redeem_desk(both, desk)).status_code == 200


async def test_a_callback_of_one_realm_with_a_state_of_the_other_is_forged(both: world.Provider) -> None:
    _, callback = await journey.reach_sign_in(both)
    crossed = await both.get(callback.replace("/upstream/fake/", "/upstream/staff/"))
    assert (crossed.status_code, "gw_staff_session" in both.http.cookies) == (400, False)
    begun = await both.get(journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK))
    attempt = begun.headers["location"]
    page = await both.get(attempt)
    form = {"csrf": journey.hidden(page.text, "csrf"), "provider": "staff"}
    chosen = await both.http.post(attempt, data=form)
    state = journey.members(chosen.headers["location"])["state"]
    crossed = await both.get(f"/upstream/fake/callback?code=x&state={state}")
    assert (crossed.status_code, "gw_session" in both.http.cookies) == (400, False)
    assert (await both.get(f"/upstream/staff/callback?code=x&state={state}")).status_code == 303, "and spends nothing"


async def test_a_provider_of_the_other_realm_is_neither_hinted_nor_chosen(both: world.Provider) -> None:
    for client, address, alias, path in (
        ("portal", world.CALLBACK, "staff", "/interaction/"),
        ("desk", staff.DESK_CALLBACK, "fake", "/staff/interaction/"),
    ):
        begun = await both.get(journey.authorize_url(client_id=client, redirect_uri=address, idp_hint=alias))
        attempt = begun.headers["location"]
        assert attempt.startswith(f"{world.ISSUER}{path}")
        page = await both.get(attempt)
        assert f'value="{alias}"' not in page.text
        form = {"csrf": journey.hidden(page.text, "csrf"), "provider": alias}
        assert (await both.http.post(attempt, data=form)).status_code == 400
    assert (both.upstream.begun, both.staff.begun) == ([], [])


async def test_an_attempt_of_one_realm_is_none_at_the_other_s_address(both: world.Provider) -> None:
    citizen = (await both.get(journey.authorize_url())).headers["location"]
    officer = (await both.get(journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK))).headers[
        "location"
    ]
    for address in (citizen.replace("/interaction/", "/staff/interaction/"), officer.replace("/staff/", "/")):
        page = await both.get(address)
        assert 'data-code="GW-1215"' in page.text
        assert (await both.http.post(address, data={"csrf": "x", "provider": "staff"})).status_code == 400


async def test_two_accounts_of_one_number_are_one_subject_and_a_changed_number_is_refused(
    provider: world.Provider,
) -> None:
    await staff.desk_code(provider)
    provider.staff.answer = world.officer(subject="cb-1-second")
    await staff.desk_code(provider, prompt="login")
    assert len(await provider.house.listing.select(Kind.STAFF_SUBJECT)) == 1
    assert len(await provider.house.listing.select(Kind.STAFF_ACCOUNT)) == 2
    other = StaffAccount(number="999078000102", agency="H55.01", roles=("security_officer",))
    provider.staff.answer = world.officer(subject="cb-1", staff=other)
    url = journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK, prompt="login")
    refused = await staff.pass_sign_in(provider, (await provider.get(url)).headers["location"])
    assert 'data-code="GW-2404"' in refused.text
    assert len(await provider.house.listing.select(Kind.STAFF_SUBJECT)) == 1


async def test_a_sign_in_without_a_staff_account_is_none(provider: world.Provider) -> None:
    provider.staff.answer = world.officer(staff=None)
    url = journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK)
    refused = await staff.pass_sign_in(provider, (await provider.get(url)).headers["location"])
    assert 'data-code="GW-1208"' in refused.text
    assert "gw_staff_session" not in provider.http.cookies


async def test_parallel_first_sign_ins_make_one_subject(tmp_path: Path) -> None:
    async with world.open_provider(tmp_path) as provider:

        async def sign_in() -> str:
            async with httpx2.AsyncClient(transport=provider.http._transport, base_url=world.ISSUER) as http:
                mine = replace(provider, http=http)
                return await staff.desk_code(mine)

        codes = await asyncio.gather(*(sign_in() for _ in range(5)))
        assert len(set(codes)) == 5
        assert len(await provider.house.listing.select(Kind.STAFF_SUBJECT)) == 1


async def test_signing_out_ends_the_officer_s_session_and_no_citizen_s(both: world.Provider) -> None:
    await journey.obtain_tokens(both)
    await staff.desk_code(both)
    bye = "http://127.0.0.1:8009/bye"
    asked = await both.get(f"/logout?client_id=desk&post_logout_redirect_uri={bye}&state=s1")
    assert asked.headers["location"].startswith(f"{world.ISSUER}/staff/sign-out?")
    page = await both.get(asked.headers["location"])
    assert (await both.http.post(str(page.url), data={"csrf": "x", "logout": "yes"})).status_code == 400
    form = {"csrf": journey.hidden(page.text, "csrf"), "logout": "yes"}
    left = await both.http.post(str(page.url), data=form)
    assert left.headers["location"] == f"{bye}?state=s1"
    url = journey.authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK, prompt="none")
    assert journey.members((await both.get(url)).headers["location"])["error"] == "login_required"
    assert "code" in journey.members((await both.get(journey.authorize_url(prompt="none"))).headers["location"])
    assert "StaffSignedOut" in [event["event"] for event in await world.events_of(both)]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"realm": "staff", "grant_types": ["authorization_code", "refresh_token"]}, "refresh_token"),
        ({"grant_types": ["authorization_code", staff.DEVICE_GRANT]}, "staff"),
    ],
)
def test_a_registration_stays_in_its_realm(members: dict[str, object], said: str) -> None:
    known = {"client_id": "x", "client_secret": "s" * 40, "redirect_uris": ["https://x.example/cb"]}
    with pytest.raises(ValueError, match=said):
        Portal.model_validate(known | members)


async def test_nobody_takes_the_command_s_name(provider: world.Provider) -> None:
    impostor = Portal.model_validate(
        {"client_id": "gate06-cli", "client_secret": "s" * 40, "redirect_uris": ["https://x.example/cb"]}
    )
    provider.house.clients.replace_seeds([impostor])
    known = provider.house.clients.get("gate06-cli")
    assert known is not None
    assert known.redirect_uris == ()
    await provider.house.store.commit([Insert(impostor.record())], now=provider.clock.now())
    await provider.house.clients.refresh(provider.house.listing)
    assert provider.house.clients.get("gate06-cli") == known


async def verified(provider: world.Provider, id_token: str) -> dict[str, Any]:
    return dict(verify(id_token, ID_TOKEN_HINT, provider.house.keys, now=provider.clock.now(), issuer=world.ISSUER))
