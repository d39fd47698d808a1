"""What a portal still has after the person stopped it, blocked it or said “not me”: nothing, over HTTP and prefill."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import provider_house as world
import pytest
from consent_house import MARRIAGE, OTHER, PORTAL, answer, asked, desk_of
from journey import authorize_url, hidden, members, redeem, sign_in
from own_visitor import enter, press
from provider_house import Provider, events_of, open_provider

from gateway.application.joints import TokenBearers
from gateway.consent.record import consent_of
from gateway.prefill.endpoints import prefill_routes
from gateway.prefill.house import Figures, Prefill
from gateway.vocabulary.store import Insert, Kind, Record
from tests.prefill.lab import FakeSources

pytestmark = pytest.mark.anyio

Act = Callable[[Provider], Awaitable[None]]


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """A provider with prefill behind it, whose sources know the personas."""
    async with open_provider(tmp_path, portals=(PORTAL,)) as opened:
        house = opened.house
        forms = Prefill(
            house.policy,
            FakeSources(opened.clock),  # type: ignore[arg-type]
            desk_of(house),
            house.keys,
            Figures(issuer=house.issuer),
        )
        object.__setattr__(house, "forms", forms)
        opened.application.router.routes.extend(prefill_routes(forms, TokenBearers(house)))
        yield opened


async def obtain_token(browser: Provider) -> str:
    """Sign in, tick every box, and return the access token."""
    page = await sign_in(browser, **asked())
    ticked = re.findall(r'name="share\.([^"]+)"', page.text)
    answered = await answer(browser, page, *ticked)
    tokens = (await redeem(browser, members(answered.headers["location"])["code"])).json()
    return str(tokens["access_token"])


async def fill(browser: Provider, token: str) -> httpx2.Response:
    """Ask for the form."""
    headers = {"authorization": f"Bearer {token}"}
    return await browser.http.post("/v1/prefill", json={"procedure": MARRIAGE}, headers=headers)


def told_of_second(form: httpx2.Response) -> tuple[str, str | None]:
    """Return status and reason of the second party's name."""
    name = form.json()["fields"]["party_b.full_name"]
    return name["status"], (name.get("why") or {}).get("code")


async def stop(browser: Provider) -> None:
    """Press “Stop this connection”."""
    page = await enter(browser, "/me/connections")
    done = await press(browser, page, "/me/connections/withdraw", portal="portal")
    assert done.status_code == 303


async def block(browser: Provider) -> None:
    """Report the portal, with a block."""
    page = await enter(browser, "/me/report?portal=portal")
    form = {"once": hidden(page.text, "once"), "portal": "portal", "concern": "other", "block": "yes"}
    assert (await press(browser, page, "/me/report", **form)).status_code == 303


async def disown(browser: Provider) -> None:
    """Press “Not me”."""
    page = await enter(browser, "/me/notices")
    key = re.findall(r'data-notice="([^"]+)"', page.text)[-1]
    assert (await press(browser, page, "/me/notices/not-me", notice=key)).status_code == 200


@pytest.mark.parametrize("act", [stop, block, disown])
async def test_the_second_partys_part_and_tokens_end_with_the_portal(provider: Provider, act: Act) -> None:
    first = await obtain_token(provider)
    async with provider.another_browser() as second:
        second.upstream.answer = OTHER
        theirs = await obtain_token(second)
        assert told_of_second(await fill(provider, first)) == ("verified", None)
        assert (await fill(second, theirs)).status_code == 200
        await act(second)
        assert (await fill(second, theirs)).status_code == 401
        assert told_of_second(await fill(provider, first)) == ("withheld", "PF-126")
    states = {}
    for record in await provider.house.listing.select(Kind.CONSENT):
        consent = consent_of(record)
        assert consent is not None
        states[consent.citizen.full_name] = consent.happenings[-1].state
    assert states == {"TRẦN THỊ BƯỞI": "given", "SƠN": "withdrawn"}
    names = [event["event"] for event in await events_of(provider)]
    assert (names.count("ConsentWithdrawn"), names.count("GrantRevoked")) == (1, 1)


async def test_a_stopped_portal_gets_no_silent_answer_and_the_page_is_shown(provider: Provider) -> None:
    await obtain_token(provider)
    assert "code" in members((await provider.get(authorize_url(**asked(prompt="none")))).headers["location"])
    await stop(provider)
    silent = await provider.get(authorize_url(**asked(prompt="none")))
    assert members(silent.headers["location"])["error"] == "consent_required"
    begun = await provider.get(authorize_url(**asked()))
    assert "share." in (await provider.get(begun.headers["location"])).text


async def test_a_blocked_portal_starts_from_nothing_when_it_is_opened_again(provider: Provider) -> None:
    await obtain_token(provider)
    await block(provider)
    silent = await provider.get(authorize_url(**asked(prompt="none")))
    assert members(silent.headers["location"])["error"] == "access_denied"
    await press(provider, await provider.get("/me/connections"), "/me/connections/unblock", portal="portal")
    silent = await provider.get(authorize_url(**asked(prompt="none")))
    assert members(silent.headers["location"])["error"] == "consent_required"


async def test_what_an_intruder_agreed_to_is_asked_anew_after_not_me(provider: Provider) -> None:
    async with provider.another_browser() as intruder:
        await obtain_token(intruder)
    await enter(provider)
    await disown(provider)
    page = await sign_in(provider, **asked())
    assert "share." in page.text
    assert all("checked" not in box for box in re.findall(r'<input type="checkbox"[^>]*>', page.text))


@pytest.mark.parametrize("act", [stop, disown])
async def test_a_remembered_notice_is_forgotten_in_every_browser(provider: Provider, act: Act) -> None:
    object.__setattr__(provider.house, "forms", world.EmptyForms())
    wanted = {"scope": "openid procedure:1.004222"}
    page = await sign_in(provider, **wanted)
    form = {"csrf": hidden(page.text, "csrf"), "decision": "allow"}
    assert "code" in members((await provider.http.post(str(page.url), data=form)).headers["location"])
    async with provider.another_browser() as elsewhere:
        answered = await sign_in(elsewhere, **wanted)
        assert "code" in members(answered.headers["location"]), "it is remembered for the person, not for the browser"
        await act(provider)
        silent = members((await elsewhere.get(authorize_url(prompt="none", **wanted))).headers["location"])
        assert silent["error"] == ("consent_required" if act is stop else "login_required")
    assert await provider.house.listing.select(Kind.NOTICE_MEMORY) == []
    async with provider.another_browser() as anew:
        assert "consent-allow" in (await sign_in(anew, **wanted)).text


async def test_only_the_stopped_portals_notices_are_forgotten_and_those_that_name_none(provider: Provider) -> None:
    await sign_in(provider, scope="openid")
    (citizen,) = await provider.house.listing.select(Kind.CITIZEN)
    for key, body in (("a", {"client_id": "portal"}), ("b", {"client_id": "app"}), ("c", {})):
        memory = Record(kind=Kind.NOTICE_MEMORY, key=key, subject=citizen.key, body=body)
        await provider.house.store.commit([Insert(memory)], now=provider.clock.now())
    await stop(provider)
    assert [one.key for one in await provider.house.listing.select(Kind.NOTICE_MEMORY)] == ["b"]


class ListingBehind:
    """The real listing, behind which another tab signs in once, just after everything was looked up."""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.listing, self.codes = provider, provider.house.listing, [""]

    async def select(self, kind: Kind, **about: Any) -> list[Record]:
        """Return what there is, and let the other tab go on."""
        found = await self.listing.select(kind, **about)
        if kind is Kind.NOTICE_MEMORY and self.codes == [""]:
            silent = await self.provider.get(authorize_url(**asked(prompt="none")))
            self.codes = [members(silent.headers["location"])["code"]]
        return found


@pytest.mark.parametrize("act", [stop, block, disown])
async def test_a_sign_in_of_another_tab_in_between_ends_too(provider: Provider, act: Act) -> None:
    await obtain_token(provider)
    behind = ListingBehind(provider)
    object.__setattr__(provider.house, "listing", behind)
    await act(provider)
    assert behind.codes != [""]
    assert (await redeem(provider, behind.codes[0])).json()["error"] == "invalid_grant"
    (record,) = await behind.listing.select(Kind.CONSENT)
    consent = consent_of(record)
    assert consent is not None
    assert (len(consent.grants), consent.happenings[-1].state) == (2, "withdrawn")
    names = [event["event"] for event in await events_of(provider)]
    assert names.count("ConsentWithdrawn") == 1
    assert names.count("MisuseReported") == (act is not stop)
