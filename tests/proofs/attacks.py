"""Every attack on signed tokens at every place that takes one, every kind of token at every other kind's place, and
requests that are bent themselves: all refused, none with a 5xx, none slow, and nobody outside is asked for anything.

`It must show` 4 of the first half of certification. Each place takes a good token before and after: what is refused in
between is refused for the bend. A listener counts who calls the addresses that the tokens name, and the gateway's own
process writes down every connection it opens (`watched_gateway`).
"""

import asyncio
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomlkit

from tests.conformance.moved_clock import MovedTime
from tests.conformance.upstream import Upstream, served_upstream
from tests.proofs import attack_kinds, attack_requests
from tests.proofs.attack_ground import RESOURCE, Answer, Ground, Place, checking, portals
from tests.proofs.attack_places import places
from tests.proofs.attack_tokens import WAYS, Good, Way
from tests.proofs.stack import Stack, Wish, fresh, open_stack
from tests.proofs.walking import walker

COVERS = (
    *("gateway/openid_provider", "gateway/tokens", "gateway/application", "gateway/identity_providers"),
    "gateway/prefill",
    *(f"tests/proofs/attack_{part}.py" for part in ("ground", "kinds", "places", "requests", "tokens")),
)
LIMIT_S = 0.2
_TRIES = 5


@dataclass
class Judge:
    """Sends attacks, one of `every` that are offered, and keeps how long each took at most. `limit_s` None: nothing is
    judged by the clock."""

    limit_s: float | None
    every: int = 1
    offered: int = 0
    slowest: dict[str, float] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    again: int = 0

    async def refuse(
        self, what: str, name: str, send: Callable[[], Awaitable[Answer]], refused: Callable[[Answer], bool]
    ) -> bool:
        """Send one attack; tell whether it was its turn. Raises AssertionError when it was not refused, or slow each
        time."""
        self.offered += 1
        if self.offered % self.every:
            return False
        for _ in range(_TRIES):
            answer = await send()
            told = (what, name, answer.status, answer.members, answer.location[:200], answer.text[:300])
            assert answer.status < 500 or _blames_upstream(answer), told
            assert refused(answer), told
            self.sent[what] += 1
            self.statuses[answer.status] += 1
            if self.limit_s is None or answer.seconds <= self.limit_s:
                break
            self.again += 1
        else:
            raise AssertionError(f"{what}: {name} took {answer.seconds:.3f} s")
        self.slowest[name] = max(self.slowest.get(name, 0.0), round(answer.seconds * 1000, 1))
        return True


def _blames_upstream(answer: Answer) -> bool:
    """The page for a provider that answers wrongly, or with more than is read, says whose fault it is by its status
    (RFC 9110 §15.6.3, §15.6.4) and by its code."""
    codes = {502: ("GW-1208", "GW-1213"), 503: ("GW-1209",)}.get(answer.status, ())
    return any(code in answer.text for code in codes)


async def prove(
    folder: Path, *, settings: Sequence[str] = ("sqlite", "postgresql+redis"), timed: bool = True, every: int = 1
) -> dict[str, Any]:
    """Attack on each setting, with every attack or with one of `every` at each place, others at the next. Raises
    AssertionError."""
    seen = {}
    for setting in settings:
        async with attacked(folder / setting, setting) as scene:
            seen[setting] = await _attack(scene, Judge(LIMIT_S if timed else None, every))
    return {"limit_ms": LIMIT_S * 1000, "settings": seen}


@dataclass
class Scene:
    """A stack under attack, who may be called, and where nobody may call."""

    ground: Ground
    outside: "Outside"
    watched: Path
    known: frozenset[int]


@dataclass
class Outside:
    """A place nobody may call; it counts who does."""

    port: int
    called: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def attacked(folder: Path, setting: str) -> AsyncIterator[Scene]:
    """Start a stack with clients that sign, an upstream of our own and a listener outside."""
    urls, watched = fresh(setting, folder), folder / "connections"
    watched.touch()
    with served_upstream(Upstream) as upstream, attack_requests.published() as keys:
        upstream.time = MovedTime(folder / "clock")
        async with _listening() as outside:
            told = {
                "portal": [*portals(), *keys.clients()],
                "resource": [{"identifier": RESOURCE, "token_format": "jwt", "scopes": ["report:read"]}],
                "identity_provider": [upstream.settings()],
            }
            wish = Wish(
                folder=folder,
                urls=urls,
                toml=tomlkit.dumps(told),
                environment={"GATE06_LIMITS__ENABLED": "false", "WATCHED": str(watched)},
                modules={"gateway": ("tests.proofs.watched_gateway",)},
            )
            async with open_stack(wish) as stack, walker(stack) as browser, checking(stack) as checks:
                keys.outside = outside.url
                ground = Ground(stack, browser, upstream, keys.asked, checks)
                await ground.prepare()
                known = {stack.plan.vneid_port, stack.plan.sources_port, keys.port, _port(upstream.url)}
                yield Scene(ground, outside, watched, frozenset(known | _stores(stack)))


def _stores(stack: Stack) -> set[int]:
    return {_port(url) for url in (stack.wish.urls.store, stack.wish.urls.redis) if url}


def _port(url: str) -> int:
    return urlsplit(url).port or 0


@asynccontextmanager
async def _listening() -> AsyncIterator[Outside]:
    outside = Outside(0)

    async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outside.called += 1
        writer.close()

    server = await asyncio.start_server(called, "127.0.0.1", 0, family=socket.AF_INET)
    outside.port = server.sockets[0].getsockname()[1]
    async with server:
        yield outside


async def _attack(scene: Scene, judge: Judge) -> dict[str, Any]:
    begun = time.perf_counter()
    here = places(scene.ground)
    for place in here:
        await _bend_all(place, scene.outside.url, judge)
    confused = await attack_kinds.confuse(scene.ground, here, judge.refuse)
    await attack_requests.attack(scene.ground, judge.refuse)
    slowest = sorted(judge.slowest.items(), key=lambda one: -one[1])
    if judge.limit_s is not None:
        for name, took in slowest:
            sys.stdout.write(f"  {took:6.1f} ms  {name}\n")
    return {
        "places": len(here),
        "attacks": len(judge.slowest),
        "kinds": confused,
        "sent": judge.sent.total(),
        "sent at each": dict(sorted(judge.sent.items())),
        "refused with": {str(status): count for status, count in sorted(judge.statuses.items())},
        "connections outside": _calls_outside(scene),
        "sent again, once too slow": judge.again,
        "largest ms": dict(slowest[:10]),
        "seconds": round(time.perf_counter() - begun, 1),
    }


async def _bend_all(place: Place, outside: str, judge: Judge) -> None:
    """Bend a place's token in every way; a good one is taken before and after."""
    await _is_taken(place)
    for way in WAYS:
        made = dict(way(await _good(place), outside))
        for name, token in made.items():
            if name in place.ignores or not _fits(place, token):
                continue
            send = (
                partial(_send, place, token) if place.ready is None else partial(_send_anew, place, way, name, outside)
            )
            await judge.refuse(place.name, name, send, lambda answer: is_refused(place, answer))
    await _is_taken(place)


async def _send(place: Place, token: str) -> Answer:
    return await place.send(token)


async def _send_anew(place: Place, way: Way, name: str, outside: str) -> Answer:
    """Bend once more: what a good token has to say is new each time."""
    return await place.send(dict(way(await _good(place), outside))[name])


def is_refused(place: Place, answer: Answer) -> bool:
    """Tell whether an answer of a place is one of its refusals."""
    return not place.took(answer) and answer.status in place.refusals


async def _good(place: Place) -> Good:
    if place.ready is not None:
        await place.ready()
    return place.good()


async def _is_taken(place: Place) -> None:
    if place.kind == "opaque token":
        return  # no signed token is good there: that is the point
    answer = await place.send((await _good(place)).signed())
    assert place.took(answer), (place.name, answer)


def _fits(place: Place, token: str) -> bool:
    """What HTTP cannot carry in a header is no attack there."""
    return not place.in_header or (token.isascii() and token.isprintable())


def _calls_outside(scene: Scene) -> int:
    """Nobody called the addresses in the tokens; and the gateway opened no other connection than to whom it knows."""
    lines = [line.split() for line in scene.watched.read_text("ascii").splitlines()]
    opened = {(line[1], int(line[2])) for line in lines if line[0] == "connect"}
    assert any(port == _port(scene.ground.upstream.url) for _, port in opened), "the watch saw not even the upstream"
    strange = {(host, port) for host, port in opened if port not in scene.known}
    names = {line[1] for line in lines if line[0] == "resolve"} - {"127.0.0.1", "localhost", "None"}
    assert scene.outside.called == 0, "somebody asked for a key at an address of a token"
    assert not strange, strange
    assert not any(name.endswith(".example") for name in names), names
    return len(strange)
