"""The device grant of RFC 8628 at the provider: what is asked, confirmed, refused, guessed, raced and outlived."""

import asyncio
import re
from collections import Counter
from datetime import timedelta

import journey
import provider_house as world
import pytest
import staff_journey as staff

from gateway.openid_provider.staff_realm.device import LETTERS, make_user_code, read_code
from gateway.openid_provider.staff_realm.grant import find_staff_access
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.officer import StaffAccount
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio


async def test_the_endpoint_answers_what_the_standard_asks_and_metadata_leads_there(provider: world.Provider) -> None:
    metadata = (await provider.get("/.well-known/oauth-authorization-server")).json()
    assert staff.DEVICE_GRANT in metadata["grant_types_supported"]
    address = metadata["device_authorization_endpoint"]
    answer = await provider.http.post(address, data={"client_id": "gate06-cli"})
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert re.fullmatch(f"[{LETTERS}]{{4}}-[{LETTERS}]{{4}}", told["user_code"])
    assert told["verification_uri"] == f"{world.ISSUER}/device"
    assert told["verification_uri_complete"] == f"{world.ISSUER}/device?user_code={told['user_code']}"
    assert (told["expires_in"], told["interval"]) == (600, 5)


async def test_without_a_staff_realm_there_is_neither_endpoint_nor_page(provider: world.Provider) -> None:
    del provider.house.identity_providers["staff"]  # type: ignore[attr-defined]
    metadata = (await provider.get("/.well-known/oauth-authorization-server")).json()
    assert "device_authorization_endpoint" not in metadata
    assert staff.DEVICE_GRANT not in metadata["grant_types_supported"]
    assert (await provider.http.post("/device_authorization", data={"client_id": "gate06-cli"})).status_code == 404
    assert (await provider.get("/device")).status_code == 404


async def test_only_a_registered_client_may_ask_and_only_for_its_scopes(provider: world.Provider) -> None:
    for client, more, error in (
        ("gate06-cli", {"scope": "openid"}, "invalid_scope"),
        ("app", {}, "unauthorized_client"),
        ("nobody", {}, "invalid_client"),
    ):
        answer = await provider.http.post("/device_authorization", data={"client_id": client, **more})
        assert answer.json()["error"] == error
    device = await staff.ask_device(provider)
    for client in ("app", "gate06-cli"):
        form = {"grant_type": "authorization_code", "client_id": client, "code": device["device_code"]}
        answer = await provider.http.post("/token", data=form | {"redirect_uri": "x", "code_verifier": "v" * 43})
        assert answer.json()["error"] == ("invalid_grant" if client == "app" else "unauthorized_client")
    form = {"grant_type": staff.DEVICE_GRANT, "client_id": "app", "device_code": device["device_code"]}
    assert (await provider.http.post("/token", data=form)).json()["error"] == "unauthorized_client"


async def test_a_command_waits_is_confirmed_and_gets_one_short_token(provider: world.Provider) -> None:
    device = await staff.ask_device(provider, machine="an@may-chu")
    assert (await staff.poll(provider, device["device_code"])).json()["error"] == "authorization_pending"
    page = await staff.confirm_page(provider, device["user_code"])
    for told in (device["user_code"], "an@may-chu", "127.0.0.1", "Đinh Thị Hoà", "Lệnh gate06", "30"):
        assert told in page.text
    assert "device-deny" in page.text
    assert (await staff.poll(provider, device["device_code"])).json()["error"] == "slow_down"
    done = await staff.decide(provider, page, "allow")
    assert 'id="allowed"' in done.text
    provider.clock.move(timedelta(seconds=10))
    answer = await staff.poll(provider, device["device_code"])
    assert answer.status_code == 200
    told = answer.json()
    assert told["scope"] == "operate"
    assert 0 < told["expires_in"] <= 1800
    assert told["access_token"].startswith("sa_")
    assert {"refresh_token", "id_token"}.isdisjoint(told)


async def test_asking_too_fast_slows_down_for_good(provider: world.Provider) -> None:
    device = (await staff.ask_device(provider))["device_code"]
    errors = []
    for wait in (0, 5, 4, 9, 10, 20):
        provider.clock.move(timedelta(seconds=wait))
        errors.append((await staff.poll(provider, device)).json()["error"])
    pending, slow = "authorization_pending", "slow_down"
    assert errors == [pending, pending, slow, slow, slow, pending]
    events = [event for event in await provider_events(provider) if event["event"] == "OAuthRefused"]
    assert events == [], "waiting is no refusal and leaves no receipt"


async def test_a_refusal_is_told_once_and_again(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    page = await staff.confirm_page(provider, device["user_code"])
    done = await staff.decide(provider, page, "deny")
    assert 'id="denied"' in done.text
    for _ in range(2):
        answer = await staff.poll(provider, device["device_code"])
        assert (answer.status_code, answer.json()["error"]) == (400, "access_denied")
    names = [event["event"] for event in await provider_events(provider)]
    assert "CommandDenied" in names
    assert "CommandSignedIn" not in names


async def test_a_code_ends_after_ten_minutes_wherever_it_is(provider: world.Provider) -> None:
    asked, allowed = await staff.ask_device(provider), await staff.ask_device(provider)
    page = await staff.confirm_page(provider, allowed["user_code"])
    await staff.decide(provider, page, "allow")
    shown = await staff.follow(provider, await provider.get(await staff.type_code(provider, asked["user_code"])))
    assert "device-allow" in shown.text
    provider.clock.move(timedelta(minutes=10))
    for device in (asked, allowed):
        assert (await staff.poll(provider, device["device_code"])).json()["error"] == "expired_token"
    late = await staff.follow(provider, await staff.decide(provider, shown, "allow"))
    assert 'data-code="GW-1413"' in late.text
    again = await staff.follow(provider, await provider.get(await staff.type_code(provider, asked["user_code"])))
    assert 'id="wrong"' in again.text


async def test_a_code_from_the_address_is_filled_in_and_decides_nothing(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    page = await provider.get(f"/device?user_code={device['user_code'].lower().replace('-', ' ')}")
    assert page.status_code == 200
    assert f'value="{device["user_code"]}"' in page.text
    assert "<script" not in page.text
    assert (await staff.poll(provider, device["device_code"])).json()["error"] == "authorization_pending"
    confirm = await staff.confirm_page(provider, device["user_code"])
    assert 'id="code">' + device["user_code"] in confirm.text.replace("\n", "")
    provider.clock.move(timedelta(seconds=6))
    assert (await staff.poll(provider, device["device_code"])).json()["error"] == "authorization_pending"


@pytest.mark.parametrize("typed", ["", "BCDF", "BCDF-GHJA", "0000-0000", "BCDF-GHJK-L", "<b>", "B" * 5000])
async def test_what_cannot_be_a_code_is_asked_for_again_without_a_look(provider: world.Provider, typed: str) -> None:
    answer = await provider.http.post("/device", data={"user_code": typed})
    assert answer.status_code == 400
    assert "aria-invalid" in answer.text
    assert "<b>" not in answer.text
    assert await provider.house.listing.select(Kind.ATTEMPT) == []


async def test_nobody_guesses_before_a_sign_in_and_nobody_for_long_after(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    wrong = "ZZZZ-ZZZZ"
    attempt = await staff.type_code(provider, wrong)
    assert 'id="login"' in (await provider.get(attempt)).text, "a wrong code looks like a right one until the sign-in"
    page = await staff.pass_sign_in(provider, attempt)
    for _ in range(9):
        assert (page.status_code, 'id="wrong"' in page.text) == (400, True)
        form = {"csrf": journey.hidden(page.text, "csrf"), "user_code": wrong}
        page = await staff.follow(provider, await provider.http.post(attempt, data=form))
    form = {"csrf": journey.hidden(page.text, "csrf"), "user_code": device["user_code"]}
    refused = await staff.follow(provider, await provider.http.post(attempt, data=form))
    assert (refused.status_code, 'data-code="GW-1415"' in refused.text) == (429, True)
    other_tab = await staff.follow(provider, await provider.get(await staff.type_code(provider, device["user_code"])))
    assert other_tab.status_code == 429, "the count is the person's, not the page's"
    provider.clock.move(timedelta(minutes=16))
    device = await staff.ask_device(provider)
    assert "device-allow" in (await staff.confirm_page(provider, device["user_code"])).text


async def test_a_code_is_decided_once_in_whatever_tab(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    first = await staff.confirm_page(provider, device["user_code"])
    second = await staff.follow(provider, await provider.get(await staff.type_code(provider, device["user_code"])))
    assert "device-allow" in second.text
    verdicts = await asyncio.gather(staff.decide(provider, first, "deny"), staff.decide(provider, second, "allow"))
    done = [answer for answer in verdicts if 'id="allowed"' in answer.text or 'id="denied"' in answer.text]
    assert len(done) == 1
    assert {answer.status_code for answer in verdicts if answer not in done} <= {409, 400}
    told = [event for event in await provider_events(provider) if event["event"].startswith("Command")]
    assert len(told) == 1
    back = await staff.decide(provider, first, "allow")
    assert back.status_code == 409


async def test_a_confirmation_counts_only_from_whom_it_was_shown(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    page = await staff.confirm_page(provider, device["user_code"])
    forged = await provider.http.post(str(page.url), data={"csrf": "x", "decision": "allow"})
    assert 'data-code="GW-1210"' in forged.text
    proof = journey.hidden(page.text, "csrf")
    # somebody else signs in in this browser; the first one's page is still open in another tab
    provider.staff.answer = world.officer(subject="cb-2", full_name="Lò Văn Pằn", staff=other_staff())
    provider.clock.move(timedelta(minutes=16))
    fresh = await staff.ask_device(provider)
    await staff.confirm_page(provider, fresh["user_code"])
    kept = await provider.http.post(str(page.url), data={"csrf": proof, "decision": "allow"})
    assert kept.status_code == 303
    assert not [event for event in await provider_events(provider) if event["event"] == "CommandAllowed"]


async def test_an_old_session_confirms_nothing(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    await staff.confirm_page(provider, device["user_code"])
    provider.clock.move(timedelta(minutes=16))
    device = await staff.ask_device(provider)
    page = await provider.get(await staff.type_code(provider, device["user_code"]))
    assert 'id="login"' in page.text


async def test_another_browser_cannot_take_the_attempt_over(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    page = await staff.confirm_page(provider, device["user_code"])
    provider.http.cookies.clear()
    taken = await provider.get(str(page.url))
    assert 'data-code="GW-1210"' in taken.text
    assert (await staff.decide(provider, page, "allow")).status_code == 400


async def test_forty_polls_at_once_get_one_token_and_a_replay_ends_it(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    page = await staff.confirm_page(provider, device["user_code"])
    await staff.decide(provider, page, "allow")
    answers = await asyncio.gather(*(staff.poll(provider, device["device_code"]) for _ in range(40)))
    counted = Counter(answer.status_code for answer in answers)
    assert counted == {200: 1, 400: 39}
    token = next(answer.json()["access_token"] for answer in answers if answer.status_code == 200)
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    assert (await provider.http.get("/userinfo", headers={"authorization": f"Bearer {token}"})).status_code == 401
    told = Counter(event["event"] for event in await provider_events(provider))
    assert told["CommandSignedIn"] == 1
    assert told["GrantRevoked"] >= 1


async def test_a_stranger_can_neither_spend_nor_end_a_code(provider: world.Provider) -> None:
    device = await staff.ask_device(provider)
    page = await staff.confirm_page(provider, device["user_code"])
    await staff.decide(provider, page, "allow")
    right = device["device_code"]
    for code in (right[:-2] + "_-", right.replace("sd_", "sc_"), "x", device["user_code"]):
        assert code != right
        assert (await staff.poll(provider, code)).json()["error"] == "invalid_grant"
    assert (await staff.poll(provider, device["device_code"])).status_code == 200


async def test_revocation_ends_the_token_at_once(provider: world.Provider) -> None:
    token = await staff.obtain_staff_token(provider)
    stranger = await provider.http.post("/revoke", data={"client_id": "app", "token": token})
    assert stranger.status_code == 200
    assert await alive(provider, token)
    assert (await provider.http.post("/revoke", data={"client_id": "gate06-cli", "token": token})).status_code == 200
    assert not await alive(provider, token)
    assert "StaffSignedOut" in [event["event"] for event in await provider_events(provider)]


async def test_a_token_lives_half_an_hour(provider: world.Provider) -> None:
    token = await staff.obtain_staff_token(provider)
    provider.clock.move(timedelta(minutes=29))
    assert await alive(provider, token)
    provider.clock.move(timedelta(minutes=1))
    assert not await alive(provider, token)


def test_user_codes_are_even_and_read_as_people_write_them() -> None:
    drawn = Counter("".join(make_user_code(SystemRandomness()) for _ in range(2000)))
    assert set(drawn) == set(LETTERS)
    assert min(drawn.values()) > 0.7 * 16000 / 20
    assert {read_code(one) for one in ("bcdf-ghjk", " BCDF GHJK ", "bcdfghjk", "BCDF–GHJK")} == {"BCDFGHJK"}
    assert read_code("BCDF-GHJI") is None


async def alive(provider: world.Provider, token: str) -> bool:
    return await find_staff_access(provider.house.store, token, provider.clock.now()) is not None


def other_staff() -> StaffAccount:
    return StaffAccount(number="999078000102", agency="H55.01", roles=("security_officer",))


async def provider_events(provider: world.Provider) -> list[dict[str, object]]:
    """Return every event, oldest first."""
    return await world.events_of(provider)
