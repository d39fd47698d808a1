"""A portal that asks by consent, and what a person does with its page: for the tests of consent and of its papers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import orjson
import provider_house as world
from journey import hidden, sign_in
from provider_house import Provider, open_provider

from gateway.consent.record import Consent, consent_of
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.prefill.house import Desk, Figures, Prefill
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.store import Kind

MARRIAGE = "1.000894"
PORTAL = Portal.model_validate(
    {
        "client_id": "portal",
        "client_secret": world.SECRET,
        "redirect_uris": [world.CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile offline_access",
        "procedures": [MARRIAGE, "1.004222"],
        "client_name": "Cổng thử",
        "agency": "Ủy ban nhân dân xã Trà Hồ",
    }
)
OTHER = world.person(
    subject="person-2", full_name="SƠN", personal_number="999090000002", birth_date=PartialDate(1990, 2, 3), sex="male"
)
THIRD = world.person(
    subject="person-6",
    full_name="H'ƁIL NIÊ KĐĂM",
    personal_number="999188000006",
    birth_date=PartialDate(1988, 4, 5),
)


class NoSources:
    """Sources that must not be asked."""

    async def ask(self, questions: object, *, on_late: object = None, portal: str = "") -> dict[str, object]:
        raise AssertionError("a source was asked")


def desk_of(house: House) -> Desk:
    """Return the desk of prefill in the provider's own house."""
    return Desk(
        store=house.store,
        keys=house.evidence._keys,
        index=house.index,
        evidence=house.evidence,
        clock=house.clock,
        randomness=house.randomness,
    )


@asynccontextmanager
async def open_consent_house(folder: Path) -> AsyncIterator[Provider]:
    """Yield a provider whose forms are the policy book's, and whose sources must not be asked."""
    async with open_provider(folder, portals=(PORTAL,)) as opened:
        house = opened.house
        forms = Prefill(house.policy, NoSources(), desk_of(house), house.keys, Figures(issuer=house.issuer))  # type: ignore[arg-type]
        object.__setattr__(house, "forms", forms)
        yield opened


def asked(dossier: str | None = "D-1", **changes: str | None) -> dict[str, str | None]:
    detail = {"type": "prefill", "procedure": MARRIAGE} | ({} if dossier is None else {"dossier": dossier})
    return {"scope": "openid", "authorization_details": orjson.dumps([detail]).decode(), **changes}


async def answer(provider: Provider, page: httpx2.Response, *ticked: str, decision: str = "allow") -> httpx2.Response:
    form = {"csrf": hidden(page.text, "csrf"), "notice": hidden(page.text, "notice"), "decision": decision}
    form["language"] = hidden(page.text, "language")
    return await provider.http.post(str(page.url), data={**form, **{f"share.{name}": "yes" for name in ticked}})


async def consents(provider: Provider) -> list[Consent]:
    found = [consent_of(record) for record in await provider.house.listing.select(Kind.CONSENT)]
    return [one for one in reversed(found) if one is not None]


async def events(provider: Provider) -> list[dict]:
    return [orjson.loads(one.leaf) for one in await provider.journal.pending(1000)]


async def change_person(provider: Provider, person: object) -> None:
    provider.http.cookies.clear()
    provider.upstream.answer = person  # type: ignore[assignment]


async def said(*command: str) -> str:
    """Return what a program prints."""
    running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await running.communicate()
    assert running.returncode == 0
    return printed.decode()


async def own_page(provider: Provider, decision: str = "allow") -> tuple[Consent, httpx2.Response]:
    await answer(provider, await sign_in(provider, **asked()), decision=decision)
    (consent,) = await consents(provider)
    return consent, await provider.get(f"{world.ISSUER}/consents/{consent.id}")
