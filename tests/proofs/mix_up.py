"""Whatever one identity provider says at another one's place signs nobody in and sends the other's code nowhere but to
whoever the browser brought it back for, who refuses it.

`It must show` 6 of the full road, its last part (RFC 9207 §4, RFC 9700 §4.4 and §4.5): four upstreams at one gateway,
npm's `oidc-provider` twice beside both national dialects, every one of them against every other, in every way there
is to mix them up. After each the browser is nobody's, and the right callback still works where nothing spent it.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.journeys.citizen.test_several_upstreams import Visitor, at, code_of, with_query
from tests.journeys.citizen.upstreams import Upstream, running, write_settings
from tests.journeys.stack import Stack
from tests.services import free_port

COVERS = ("gateway/openid_provider", "gateway/identity_providers")
SETTINGS = ("sqlite", "postgresql+redis")
HINTS = {
    "vneid": ("persona:3", "persona:2"),
    "national_portal": ("persona:3", "persona:2"),
    "honest": ("buoi", "son"),
    "greedy": ("buoi", "son"),
}
NPM = ("honest", "greedy")
PAIRS = tuple(itertools.permutations(HINTS, 2))


async def prove(
    folder: Path, *, settings: Sequence[str] = SETTINGS, rounds: int = 1, pairs: Sequence[tuple[str, str]] = PAIRS
) -> dict[str, Any]:
    """Mix every two providers up in every way, `rounds` times. Raises AssertionError."""
    refused = {}
    for setting in settings:
        where = folder / setting
        await asyncio.to_thread(where.mkdir, parents=True)
        refused[setting] = await asyncio.to_thread(_on, where, setting, rounds, pairs)
    return {
        "upstreams": len(HINTS),
        "pairs": len(pairs),
        "refused": refused,
        "signed_in": 0,
    }


def _on(folder: Path, setting: str, rounds: int, pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    upstreams = {alias: Upstream(alias, free_port()) for alias in NPM}
    write_settings(folder / "upstreams.toml", *upstreams.values())
    demo = Stack(folder, setting, arguments=("--config", "upstreams.toml"))
    refused: Counter[str] = Counter()
    with running(demo.issuer, *upstreams.values()), demo:
        for number, (left, arrived) in itertools.product(range(rounds), pairs):
            mixing = Mixing(demo, upstreams, left, arrived, number % 2)
            for way in WAYS:
                refused[way.__name__] += way(mixing)
    return dict(sorted(refused.items()))


class Mixing:
    """Two providers that are taken for each other: the sign-in left for `left`, and something of `arrived` comes."""

    def __init__(self, stack: Stack, upstreams: dict[str, Upstream], left: str, arrived: str, who: int) -> None:
        self.stack, self.upstreams, self.left, self.arrived, self.who = stack, upstreams, left, arrived, who

    def leave(self, visitor: Visitor, alias: str, *, other: bool = False) -> str:
        """Walk from the gateway to the callback of a provider."""
        hint = HINTS[alias][self.who ^ other]
        return visitor.walk_to_callback(visitor.leave(alias, hint))

    def redeemed(self) -> dict[str, int]:
        """Return how many codes each provider was sent."""
        told = {alias: one.calls("POST /token") for alias, one in self.upstreams.items()}
        return told | {"national": self.stack.calls(self.stack.vneid_url)}

    def refuse(self, visitor: Visitor, callback: str, *codes: str) -> int:
        """Open a bent callback, which signs nobody in."""
        said = code_of(visitor.refused(callback))
        assert said in codes, (self.left, self.arrived, said, codes)
        return 1


def at_the_others_address(mixing: Mixing) -> int:
    """The answer of one at the callback of the other: no code leaves for either, and the right one is not spent."""
    visitor = Visitor(mixing.stack)
    callback = mixing.leave(visitor, mixing.left)
    before = mixing.redeemed()
    done = mixing.refuse(visitor, at(callback, mixing.arrived), "GW-1208")
    assert mixing.redeemed() == before
    assert visitor.browser.get(callback, follow_redirects=True).status_code == 200
    assert visitor.signed_in()
    visitor.browser.close()
    return done


def the_others_code(mixing: Mixing) -> int:
    """A code of the other one, injected into this one's callback."""
    visitor, thief = Visitor(mixing.stack), Visitor(mixing.stack)
    stolen = _query(mixing.leave(thief, mixing.arrived, other=True))["code"]
    callback = mixing.leave(visitor, mixing.left)
    before = mixing.redeemed()
    done = mixing.refuse(visitor, with_query(callback, code=stolen), "GW-1208", "GW-1207")
    after = mixing.redeemed()
    if mixing.arrived in NPM:
        assert after[mixing.arrived] == before[mixing.arrived], "the code went back to where it came from"
    for one in (visitor, thief):
        one.browser.close()
    return done


def states_that_change_places(mixing: Mixing) -> int:
    """Two sign-ins under way in one browser, each answered with the state of the other."""
    visitor = Visitor(mixing.stack)
    first, second = mixing.leave(visitor, mixing.left), mixing.leave(visitor, mixing.arrived, other=True)
    before = mixing.redeemed()
    states = [_query(url)["state"] for url in (first, second)]
    done = mixing.refuse(visitor, with_query(first, state=states[1]), "GW-1208")
    done += mixing.refuse(visitor, with_query(second, state=states[0]), "GW-1208")
    assert mixing.redeemed() == before
    visitor.browser.close()
    return done


def an_issuer_that_is_the_others(mixing: Mixing) -> int:
    """An `iss` that names the other one, somebody else, or nobody where one was promised (RFC 9207 §2.4)."""
    if mixing.left not in NPM:
        return 0
    issuers = {alias: one.issuer for alias, one in mixing.upstreams.items()}
    other = issuers.get(mixing.arrived, mixing.stack.vneid_url)
    done = 0
    for iss in (other, "https://evil.test", None):
        visitor = Visitor(mixing.stack)
        callback = mixing.leave(visitor, mixing.left)
        before = mixing.redeemed()
        done += mixing.refuse(visitor, with_query(callback, iss=iss), "GW-1208")
        assert mixing.redeemed() == before
        visitor.browser.close()
    return done


def another_browsers_answer(mixing: Mixing) -> int:
    """Whole and unbent, but of a sign-in that began in another browser, while this one has one under way."""
    visitor, thief = Visitor(mixing.stack), Visitor(mixing.stack)
    mixing.leave(visitor, mixing.left)
    lure = mixing.leave(thief, mixing.arrived, other=True)
    before = mixing.redeemed()
    done = mixing.refuse(visitor, lure, "GW-1210")
    assert mixing.redeemed() == before
    for one in (visitor, thief):
        one.browser.close()
    return done


WAYS: tuple[Callable[[Mixing], int], ...] = (
    at_the_others_address,
    the_others_code,
    states_that_change_places,
    an_issuer_that_is_the_others,
    another_browsers_answer,
)


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
