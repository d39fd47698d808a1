"""A sign-in that is refused at the gateway is evidence of its own: what was refused, never whose it was."""

import provider_house as world
import pytest
import staff_journey as staff
from journey import arrive, authorize_url, hidden, obtain_tokens, reach_sign_in
from own_visitor import enter, press, receipts, words

from gateway.identity_providers.contract import AccountLocked, SignInCancelled, UpstreamAnswerInvalid
from gateway.vocabulary.officer import StaffAccount

pytestmark = pytest.mark.anyio


async def refusals(provider: world.Provider) -> list[tuple[object, ...]]:
    events = await world.events_of(provider)
    names = {"SignInRefused", "OAuthRefused"}
    return [(one["event"], one["outcome"], one["portal"]) for one in events if one["event"] in names]


@pytest.mark.parametrize("cause", [SignInCancelled, AccountLocked, UpstreamAnswerInvalid])
async def test_what_the_identity_provider_refuses_is_a_refused_sign_in(provider: world.Provider, cause: type) -> None:
    provider.upstream.answer = cause()
    _, callback = await reach_sign_in(provider)
    failed = await arrive(provider, callback)
    assert cause.code in failed.text
    assert await refusals(provider) == [("SignInRefused", cause.code, "portal")]


async def test_a_block_that_stops_a_sign_in_stands_in_the_persons_history(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    page = await enter(provider, "/me/report?portal=portal")
    sent = {"once": hidden(page.text, "once"), "portal": "portal", "concern": "other", "block": "yes"}
    assert (await press(provider, page, "/me/report", **sent)).status_code == 303
    begun = await provider.get(authorize_url())
    refused = await provider.get(begun.headers["location"])
    assert "GW-1309" in refused.text
    assert ("SignInRefused", "GW-1309", "portal") in await refusals(provider)
    history = await provider.get("/me/usage")
    assert receipts(history, "refused")
    assert "không nhận được kết quả đăng nhập" in words(history)


async def test_a_portals_own_mistake_is_no_refused_sign_in(provider: world.Provider) -> None:
    await provider.get(authorize_url(prompt="none"))
    assert [one[0] for one in await refusals(provider)] == ["OAuthRefused"]


async def test_a_staff_account_that_contradicts_is_a_refused_sign_in_too(provider: world.Provider) -> None:
    await staff.desk_code(provider)
    other = StaffAccount(number="999078000102", agency="H55.01", roles=("security_officer",))
    provider.staff.answer = world.officer(subject="cb-1", staff=other)
    url = authorize_url(client_id="desk", redirect_uri=staff.DESK_CALLBACK, prompt="login")
    await staff.pass_sign_in(provider, (await provider.get(url)).headers["location"])
    assert await refusals(provider) == [("SignInRefused", "GW-2404", "desk")]
    assert "999078000102" not in repr(await world.events_of(provider))
