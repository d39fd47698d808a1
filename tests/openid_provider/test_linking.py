"""A second upstream account of the same person leads to the same citizen; a contradiction never merges."""

import asyncio

import httpx2
import provider_house as world
import pytest
from journey import basic, obtain_code, obtain_tokens, reach_sign_in, redeem, sign_in

from gateway.identity_providers.contract import Authentication
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio
FOREIGNER = {
    "account_type": "foreigner",
    "personal_number": None,
    "passport_number": "N00000014",
    "full_name": "Maximiliana Alexandrina Featherstonehaugh",
    "birth_date": PartialDate(1987, 4, 9),
    "sex": None,
}


def at_the_portal(**changes: object) -> Authentication:
    """Return the same person's account at another provider, as that one writes it."""
    members = {"provider": "other", "issuer": "https://portal.example", "subject": "t-77", "full_name": "Trần Thị Bưởi"}
    return world.person(**{**members, "sex": None, **changes})


async def subject_of(provider: world.Provider, seen: Authentication) -> str:
    """Sign somebody in with a browser of their own; return the pairwise subject."""
    provider.http.cookies.clear()
    provider.upstream.answer = seen
    tokens = await obtain_tokens(provider)
    told = await provider.http.post("/introspect", data={"token": tokens["access_token"]}, headers=basic())
    subject: str = told.json()["sub"]
    return subject


async def refused(provider: world.Provider, seen: Authentication) -> httpx2.Response:
    provider.http.cookies.clear()
    provider.upstream.answer = seen
    page = await sign_in(provider)
    assert (page.status_code, "GW-1304" in page.text) == (403, True)
    return page


async def count(provider: world.Provider, kind: Kind) -> int:
    return len(await provider.house.listing.select(kind))


async def test_two_vouching_providers_lead_to_one_citizen(provider: world.Provider) -> None:
    first = await subject_of(provider, world.person())
    assert await subject_of(provider, at_the_portal()) == first
    assert await subject_of(provider, world.person()) == first
    assert (await count(provider, Kind.CITIZEN), await count(provider, Kind.ACCOUNT)) == (1, 2)


async def test_the_order_of_the_two_does_not_matter(provider: world.Provider) -> None:
    first = await subject_of(provider, at_the_portal())
    assert await subject_of(provider, world.person()) == first


async def test_a_year_agrees_with_a_whole_date(provider: world.Provider) -> None:
    first = await subject_of(provider, world.person())
    assert await subject_of(provider, at_the_portal(birth_date=PartialDate(1975))) == first


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": "Trần Thị Bưới"},
        {"full_name": "Ma Văn Lùng"},
        {"birth_date": PartialDate(1975, 5, 13)},
        {"birth_date": PartialDate(1976)},
    ],
)
async def test_a_contradiction_goes_to_review_and_merges_nothing(
    provider: world.Provider, changes: dict[str, object]
) -> None:
    first = await subject_of(provider, world.person())
    page = await refused(provider, at_the_portal(**changes))
    assert not any(word in page.text for word in ("999175000003", "Bưởi", "Bưới", "Lùng"))
    assert await count(provider, Kind.REVIEW) == 1
    assert (await count(provider, Kind.CITIZEN), await count(provider, Kind.ACCOUNT)) == (1, 1)
    await refused(provider, at_the_portal(**changes))
    assert await subject_of(provider, world.person()) == first


async def test_an_account_that_turns_up_with_anothers_number_is_reviewed(provider: world.Provider) -> None:
    mine, theirs = {"subject": "a"}, {"subject": "b", "personal_number": "999275000099"}
    first = await subject_of(provider, at_the_portal(**mine))
    assert await subject_of(provider, at_the_portal(**theirs)) != first
    await refused(provider, at_the_portal(subject="a", personal_number="999275000099"))
    assert await count(provider, Kind.CITIZEN) == 2


async def test_a_number_that_is_only_said_links_nobody(provider: world.Provider) -> None:
    first = await subject_of(provider, world.person())
    said = at_the_portal(vouches_for_number=False)
    assert await subject_of(provider, said) != first
    assert await count(provider, Kind.CITIZEN) == 2


async def test_a_foreigner_is_linked_by_passport_name_and_birth_date_together(provider: world.Provider) -> None:
    first = await subject_of(provider, world.person(subject="f-1", **FOREIGNER))
    written = {**FOREIGNER, "passport_number": "n00000014", "full_name": "MAXIMILIANA  ALEXANDRINA FEATHERSTONEHAUGH"}
    assert await subject_of(provider, at_the_portal(subject="f-2", **written)) == first
    others = (
        {"full_name": "Maximilian Featherstonehaugh"},
        {"birth_date": PartialDate(1987, 4, 10)},
        {"birth_date": PartialDate(1987)},
        {"birth_date": None},
        {"passport_number": "N00000015"},
        {"vouches_for_number": False},
    )
    for number, change in enumerate(others):
        other = at_the_portal(**{**FOREIGNER, "subject": f"g-{number}", **change})
        assert await subject_of(provider, other) != first, change
    assert await count(provider, Kind.CITIZEN) == 1 + len(others)
    assert await count(provider, Kind.REVIEW) == 0


async def test_two_first_sign_ins_at_the_same_moment_make_one_citizen(provider: world.Provider) -> None:
    _, one = await reach_sign_in(provider)
    _, two = await reach_sign_in(provider)
    answers = iter((world.person(), at_the_portal()))

    async def complete(callback: object) -> Authentication:
        return next(answers)

    provider.upstream.complete = complete  # type: ignore[method-assign]
    returned = await asyncio.gather(provider.get(one), provider.get(two))
    assert [reply.status_code for reply in returned] == [303, 303]
    assert (await count(provider, Kind.CITIZEN), await count(provider, Kind.ACCOUNT)) == (1, 2)


async def test_the_same_account_name_at_another_issuer_is_another_account(provider: world.Provider) -> None:
    first = await subject_of(provider, world.person())
    foreign = at_the_portal(
        subject="person-3", personal_number="999050000004", full_name="Ma Văn Lùng", birth_date=None
    )
    assert await subject_of(provider, foreign) != first


async def test_linking_survives_the_portals_view(provider: world.Provider) -> None:
    """Pairwise subjects come of the citizen, not of the account: every portal sees one person, each another code."""
    first = await subject_of(provider, world.person())
    provider.http.cookies.clear()
    provider.upstream.answer = at_the_portal()
    old = {"client_id": "old", "redirect_uri": "http://127.0.0.1:8006/callback", "code_challenge": None}
    code = await obtain_code(provider, **old, code_challenge_method=None)
    form = {**old, "client_secret": "old-secret", "code_verifier": None, "authorization": None}
    form.pop("code_challenge")
    answer = await redeem(provider, code, **form)
    bearer = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await provider.get("/userinfo", headers=bearer)).json()["sub"] != first
    assert await count(provider, Kind.CITIZEN) == 1
