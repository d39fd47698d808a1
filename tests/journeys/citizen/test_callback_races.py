"""Many clients open one callback at the same moment, over real HTTP: one of the right browser goes on, nobody else."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urljoin, urlsplit

import httpx2

from tests.journeys.clerk import Clerk

STRANGERS, TWINS, ROUNDS = 10, 6, 3


def leave(clerk: Clerk) -> tuple[str, str]:
    """Go to VNeID and to the door of the callback; return the cookies of the attempt and the callback."""
    away = clerk.browser.get(clerk.authorize_url(scope="openid profile", idp_hint="vneid"))
    callback = urljoin(clerk.stack.vneid_url, clerk.browser.get(away.headers["location"]).headers["location"])
    assert callback.startswith(f"{clerk.stack.issuer}/upstream/vneid/callback?")
    cookies = "; ".join(f"{one.name}={one.value}" for one in clerk.browser.cookies.jar if one.name.startswith("gw_"))
    return cookies, callback


def test_of_all_who_open_a_callback_at_once_one_signs_in(stack):
    with ThreadPoolExecutor(STRANGERS + TWINS) as pool:
        for _ in range(ROUNDS):
            with httpx2.Client(trust_env=False) as browser:
                cookies, callback = leave(Clerk(stack, browser))
                barrier = Barrier(STRANGERS + TWINS)

                def opened(
                    cookie: str, callback: str = callback, barrier: Barrier = barrier
                ) -> tuple[bool, int, str | None]:
                    barrier.wait(20)
                    sent = {"cookie": cookie} if cookie else {}
                    answer = httpx2.get(callback, headers=sent, trust_env=False)
                    return bool(cookie), answer.status_code, answer.headers.get("set-cookie")

                answers = list(pool.map(opened, [cookies] * TWINS + [""] * STRANGERS))
                assert Counter((own, status) for own, status, _ in answers) == {
                    (True, 303): 1,
                    (True, 409): TWINS - 1,
                    (False, 400): STRANGERS,
                }
                sessions = [header for _, _, header in answers if header is not None]
                assert len(sessions) == 1
                assert sessions[0].startswith("gw_session=")


def test_strangers_first_and_the_person_still_arrives(stack):
    with httpx2.Client(trust_env=False) as browser:
        clerk = Clerk(stack, browser)
        _, callback = leave(clerk)
        for _ in range(3):
            stranger = httpx2.get(callback, trust_env=False)
            assert stranger.status_code == 400
            assert stack.portal_url in stranger.text
        arrived = browser.get(callback)
        assert arrived.status_code == 303
        assert urlsplit(arrived.headers["location"]).path.startswith("/interaction/")
        assert 'id="consent-allow"' in browser.get(arrived.headers["location"]).text
