"""A page says until when it works and gives more time, at least ten times (WCAG 2.2.1), and not for ever."""

from datetime import timedelta

import provider_house as world
from journey import agree, authorize_url, hidden, members, reach_sign_in, sign_in


async def ask_for_time(provider, page):
    return await provider.http.post(str(page.url), data={"csrf": hidden(page.text, "csrf"), "more_time": "1"})


async def test_each_page_of_a_sign_in_says_until_when_it_works(provider):
    begun = await provider.get(authorize_url())
    page = await provider.get(begun.headers["location"])
    assert "đến 10:30 (giờ Việt Nam)" in page.text
    notice = await sign_in(provider)
    assert "đến 10:30 (giờ Việt Nam)" in notice.text


async def test_more_time_is_given_ten_times_and_the_journey_goes_on(provider):
    page = await sign_in(provider)
    for _ in range(11):
        provider.clock.move(timedelta(minutes=29))
        answer = await ask_for_time(provider, page)
        assert answer.headers["location"] in str(page.url)
        page = await provider.get(answer.headers["location"])
        assert page.status_code == 200
    assert "code" in members((await agree(provider, page)).headers["location"])


async def test_time_ends_all_the_same(provider):
    page = await sign_in(provider)
    for _ in range(12):
        provider.clock.move(timedelta(minutes=29))
        await ask_for_time(provider, page)
    provider.clock.move(timedelta(minutes=29))
    assert "GW-1212" in (await provider.get(str(page.url))).text


async def test_without_asking_the_page_ends_when_it_said(provider):
    page = await sign_in(provider)
    provider.clock.move(timedelta(minutes=30))
    assert "GW-1212" in (await provider.get(str(page.url))).text


async def test_only_the_page_itself_can_ask(provider):
    attempt, _ = await reach_sign_in(provider)
    provider.clock.move(timedelta(minutes=29))
    refused = await provider.http.post(attempt, data={"csrf": "x", "more_time": "1"})
    assert refused.status_code == 400
    provider.clock.move(timedelta(minutes=2))
    assert "GW-1212" in (await provider.get(attempt)).text


async def test_more_time_makes_no_old_sign_in_fresh(provider):
    """`max_age` is measured from when the portal asked, whatever time was given since."""
    provider.upstream.answer = world.person(auth_time=world.START - timedelta(minutes=10))
    attempt, callback = await reach_sign_in(provider, max_age="60")
    provider.clock.move(timedelta(minutes=10))
    page = await provider.get(attempt)
    await ask_for_time(provider, page)
    await provider.get(callback)
    assert "login_required" in (await provider.get(attempt)).text
