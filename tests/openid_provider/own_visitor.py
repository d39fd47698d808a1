"""A citizen at the own pages, step by step."""

import html
import json
import re

import httpx2
import provider_house as world
from journey import agree, authorize_url, hidden, members, obtain_tokens, reach_sign_in, redeem, sign_in

from gateway.vocabulary.store import Kind

FORM = "openid profile procedure:1.004222"
OTHER = {"subject": "person-4", "personal_number": "999050000004", "full_name": "MA VĂN LÙNG", "birth_date": None}


async def enter(provider: world.Provider, path: str = "/me") -> httpx2.Response:
    """Open an own page, signing in when that is asked."""
    page = await provider.get(path)
    if page.status_code != 303:
        return page
    attempt = page.headers["location"]
    choice = await provider.get(attempt)
    chosen = await provider.http.post(attempt, data={"csrf": hidden(choice.text, "csrf"), "provider": "fake"})
    state = members(chosen.headers["location"])["state"]
    returned = await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    entered = await provider.get(returned.headers["location"])
    assert entered.status_code == 303, entered.text
    return await provider.get(entered.headers["location"])


async def press(provider: world.Provider, page: httpx2.Response, path: str, /, **form: str) -> httpx2.Response:
    """Send one of the page's forms."""
    return await provider.http.post(path, data={"csrf": hidden(page.text, "csrf"), **form})


async def obtain_code(provider: world.Provider, **changes: str | None) -> str:
    """Walk to the code, with whatever session and notice there are already."""
    begun = await provider.get(authorize_url(**changes))
    location = begun.headers["location"]
    if location.startswith(world.ISSUER):
        page = await provider.get(location)
        if "consent-allow" in page.text:
            location = (await agree(provider, page)).headers["location"]
        else:
            chosen = await press(provider, page, location, provider="fake")
            state = members(chosen.headers["location"])["state"]
            await provider.get(f"/upstream/fake/callback?code=x&state={state}")
            answered = await provider.get(location)
            answered = answered if answered.status_code == 303 else await agree(provider, answered)
            location = answered.headers["location"]
    return members(location)["code"]


async def tokens_of(provider: world.Provider, **changes: str | None) -> dict[str, str]:
    """Walk to the tokens, with whatever session and notice there are already."""
    answer = await redeem(provider, await obtain_code(provider, **changes))
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


async def citizen_id(provider: world.Provider) -> str:
    """Return the internal id of the one person there is."""
    (record,) = await provider.house.listing.select(Kind.CITIZEN)
    return record.key


async def tell(provider: world.Provider, kind: type, whose: str, **members: object) -> str:
    """Store an event about a person; return its receipt."""
    known = {"outcome": "released", "actor_kind": "citizen", "portal": "portal", "procedure": "1.004222"}
    event = await provider.house.evidence.tell(kind, citizen_id=whose, **{**known, **members})  # type: ignore[arg-type]
    await provider.house.store.commit([], [event], now=provider.clock.now())
    return event.receipt


def receipts(page: httpx2.Response, part: str | None = None) -> list[str]:
    """Return the receipts of the entries a page lists, newest first."""
    found = re.findall(r'data-receipt="([^"]+)" data-part="([^"]+)"', page.text)
    return [receipt for receipt, played in found if part in {None, played}]


def words(page: httpx2.Response) -> str:
    """Return what a page says, without its markup."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page.text)))


async def log_names(provider: world.Provider) -> list[str]:
    await provider.sequence()
    size = await provider.house.log.tree.size()
    return [json.loads(leaf)["event"] for leaf in await provider.journal.entries(0, size)]


async def report(provider: world.Provider, path: str, **form: str) -> httpx2.Response:
    page = await enter(provider, path)
    sent = await press(provider, page, "/me/report", once=hidden(page.text, "once"), **form)
    assert sent.status_code == 303, words(sent)
    return await provider.get(sent.headers["location"])


async def block(provider: world.Provider) -> httpx2.Response:
    await enter(provider)
    return await report(provider, "/me/report?portal=portal", portal="portal", concern="other", block="yes")


__all__ = [
    "FORM",
    "OTHER",
    "agree",
    "authorize_url",
    "block",
    "citizen_id",
    "enter",
    "hidden",
    "log_names",
    "members",
    "obtain_code",
    "obtain_tokens",
    "press",
    "reach_sign_in",
    "receipts",
    "redeem",
    "report",
    "sign_in",
    "tell",
    "tokens_of",
    "words",
]
